/* Who may ask: the checks that come before a request is routed, in their one order. Pure. */
#ifndef SERVE_ACCESS_H
#define SERVE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/refuse.h"
#include "serve/endpoint.h"

enum {
    ACCESS_HOSTS_MAX = 32,
    ACCESS_NAME_MAX = 256,
    ACCESS_TOKEN_MIN = 16,
    ACCESS_TOKEN_MAX = 512,
    ACCESS_BODY_MAX = 64 * 1024
};

/* Set up once, when the server starts. */
struct access_rules {
    char token[ACCESS_TOKEN_MAX + 1];
    size_t host_count; /* of --allow-host */
    char hosts[ACCESS_HOSTS_MAX][ACCESS_NAME_MAX];
};

/* NAME[,NAME...] of --allow-host: with a port it is that authority alone, without one the name with
 * any port. */
bool access_allow_hosts(struct access_rules *rules, const char *list, struct refuse_buffer to);
/* A random one, of 128 bits; false: the kernel gave none. */
bool access_random_token(struct access_rules *rules);
/* The one of a file: printable ASCII, 16 bytes or more; what stands behind its line is refused. */
bool access_read_token(struct access_rules *rules, const char *path, struct refuse_buffer to);

/* A header of which a request has at most one; more than one are as none that is accepted. */
struct access_header {
    const char *value; /* NULL: not there */
    unsigned count;
};

struct access_request {
    const char *method, *path; /* path: without the query */
    const char *own;           /* the authority that it came to: "127.0.0.1:8080" */
    struct access_header host, fetch_site, origin, authorization, content_type;
    uint64_t body_length; /* as announced; 0 where it is not known yet */
};

/* The first check that fails. status 0: none did. */
struct access_verdict {
    unsigned status;
    const char *detail; /* a fixed text, which reflects nothing of the request */
    const char *allow;  /* of a 405: the methods of the path; else NULL */
};
struct access_verdict access_check(const struct access_rules *rules,
                                   const struct access_request *request);

#endif
