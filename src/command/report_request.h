/* The request of `holdfast report`, read from its command line; carried out by a file each. */
#ifndef COMMAND_REPORT_REQUEST_H
#define COMMAND_REPORT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "command/outputs.h"
#include "judge/verdict/compare.h"
#include "options/options.h"
#include "report/saved/saved.h"

enum report_mode { REPORT_DRAW, REPORT_COMPARE, REPORT_MERGE, REPORT_HELP, REPORT_VERSION };

struct report_request {
    enum report_mode mode;
    bool schema; /* of the JSON that this mode writes, and nothing else */
    size_t file_count;
    const char **files; /* of argv; freed with the request's owner's free() */
    struct outputs outputs;
    struct compare_tolerances tolerances;
};

/* false, and a complaint, when the command line will not do. request->files is to be freed in any
 * case. */
bool report_request_read(struct report_request *request, int argc, char **argv);

/* All files added up to one run, or NULL and a complaint. Freed with saved_free(). */
struct saved *report_merge(const struct report_request *request);

/* The first two held against each other: the exit code. */
int report_compare(struct report_request *request);

#endif
