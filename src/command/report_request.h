/* What `holdfast report` was asked for, read from its command line; and its complaints. */
#ifndef COMMAND_REPORT_REQUEST_H
#define COMMAND_REPORT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "command/outputs.h"
#include "judge/compare.h"
#include "report/saved.h"

enum { REPORT_USAGE = 2, REPORT_UNWRITTEN = 4 };

enum report_mode { REPORT_DRAW, REPORT_COMPARE, REPORT_MERGE, REPORT_HELP };

struct report_request {
    enum report_mode mode;
    bool schema; /* of the JSON that this mode writes, and nothing else */
    size_t file_count;
    const char **files; /* of argv; freed with the request's owner's free() */
    struct outputs outputs;
    struct tolerances tolerances;
};

/* "holdfast report: " and a line on standard error; false. */
bool report_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* false, and said, when the command line will not do. request->files is to be freed in any case. */
bool report_request_read(struct report_request *request, int argc, char **argv);

/* The file read back, or NULL, and said. Freed with saved_free(). */
struct saved *report_read(const char *name);

/* All files added up to one run, or NULL, and said. Freed with saved_free(). */
struct saved *report_merge(const struct report_request *request);

/* The first two held against each other: the exit code. */
int report_compare(struct report_request *request);

#endif
