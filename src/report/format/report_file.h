/* A report file: written in memory and put in its place whole, so that a kill leaves no part of it.
 */
#ifndef REPORT_FORMAT_REPORT_FILE_H
#define REPORT_FORMAT_REPORT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/memory_stream.h"
#include "base/units.h"
#include "report/format/file_write.h"

struct report_file {
    const char *path; /* "-": standard output */
    struct memory_stream text;
    bool whole;                    /* the text is complete */
    int out;                       /* what a reader takes from, or shares with us; -1: none */
    int existing;                  /* a regular file that is there already; -1: none */
    struct file_location location; /* where the path led when it was opened */
};

/* Opened before the load: 0 or -errno; "-" gives a stream on standard output. */
int report_file_open(struct report_file *file, const char *path);
/* Writes it: 0 or -errno. A reader that takes nothing for as long as timeout: -ETIMEDOUT. */
int report_file_commit(struct report_file *file, duration timeout);
/* After a commit that failed: leaves the report elsewhere (where: its path), near its own place if
 * it can be. False: nowhere. */
bool report_file_keep(const struct report_file *file, const char *extension,
                      char where[static PATH_MAX]);
/* At the end of each. */
void report_file_discard(struct report_file *file);

/* The end of each writer of a report: flushes; 0 or -errno of whatever failed before. */
int report_file_flush(FILE *out);

#endif
