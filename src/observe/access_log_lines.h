/* Lines of an access log, counted as their ends come, whatever way the bytes were cut. */
#ifndef OBSERVE_ACCESS_LOG_LINES_H
#define OBSERVE_ACCESS_LOG_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/url.h"

/* The part of a line that is looked at: time, addresses and a request line fit well. A longer line
 * counts like any other, however long. */
enum { LOG_LINE_KEPT = 16 * 1024, LOG_PATTERN_MAX = 4 * URL_PATH_MAX + 64 };

/* A request line as nginx writes it into a log; length 0 matches nothing. */
struct access_log_pattern {
    size_t length;
    char text[LOG_PATTERN_MAX];
};

/* "HEAD /path HTTP/1.1", escaped as nginx does by default (log_format, escape=default). */
void access_log_pattern_make(struct access_log_pattern *pattern, const char *method,
                             const char *path);
bool access_log_pattern_equal(const struct access_log_pattern *a,
                              const struct access_log_pattern *b);

struct access_log_patterns {
    struct access_log_pattern asked;  /* what the load asks */
    struct access_log_pattern polled; /* what the poller of the status page asks */
};

struct access_log_counts {
    uint64_t lines;  /* that ended */
    uint64_t asked;  /* of these, with the load's request line */
    uint64_t polled; /* with the poller's */
};

/* The beginning of a line whose end has not come yet. */
struct access_log_partial {
    size_t length; /* 0: at a line's beginning */
    char kept[LOG_LINE_KEPT];
};

/* Takes the next bytes of one file; `partial` is that file's own. */
void access_log_lines_take(struct access_log_counts *counts, struct access_log_partial *partial,
                           const struct access_log_patterns *patterns, const char *bytes,
                           size_t length);

#endif
