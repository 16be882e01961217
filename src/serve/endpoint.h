/* The paths of the API: which there are, by which methods, and who may ask without a token. */
#ifndef SERVE_ENDPOINT_H
#define SERVE_ENDPOINT_H

#include <stdbool.h>

#include "serve/run_id.h"

/* GET has HEAD with it. */
enum endpoint_method { ENDPOINT_GET = 1, ENDPOINT_POST = 2 };

enum endpoint_name {
#define ENDPOINT(name, path, methods, open) ENDPOINT_##name,
#include "serve/endpoints.def"
#undef ENDPOINT
    ENDPOINTS
};

struct endpoint {
    enum endpoint_name name;
    const char *path;
    unsigned methods;
    bool open;
};

/* The row of a path without its query; id: the run's, where the path names one, else "". NULL:
 * there is none. */
const struct endpoint *endpoint_find(const char *path, struct run_id *id);
extern const struct endpoint endpoints[ENDPOINTS];

/* 0: neither of the two. */
unsigned endpoint_method_of(const char *method);
/* "GET, HEAD, POST". */
const char *endpoint_allow(unsigned methods);

#endif
