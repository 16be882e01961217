/* Lines of an access log, counted as their ends come, whatever way the bytes were cut. */
#ifndef OBSERVE_LOG_LINES_H
#define OBSERVE_LOG_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/target.h"

/* What is looked at of a line: time, addresses and a request line fit well. A longer line counts
 * like any other, however long. */
enum { LOG_LINE_KEPT = 16 * 1024, LOG_PATTERN_MAX = 4 * TARGET_PATH_MAX + 64 };

/* A request line as nginx writes it into a log; length 0 matches nothing. */
struct log_pattern {
    size_t length;
    char text[LOG_PATTERN_MAX];
};

/* "HEAD /path HTTP/1.1", escaped as nginx does by default (log_format, escape=default). */
void log_pattern_make(struct log_pattern *pattern, const char *method, const char *path);
bool log_pattern_equal(const struct log_pattern *a, const struct log_pattern *b);

struct log_patterns {
    struct log_pattern asked;  /* what the load asks */
    struct log_pattern polled; /* what the poller of the status page asks */
};

struct log_counts {
    uint64_t lines;  /* that ended */
    uint64_t asked;  /* of these, with the load's request line */
    uint64_t polled; /* with the poller's */
};

/* The beginning of a line whose end has not come yet. */
struct log_partial {
    size_t length; /* 0: at a line's beginning */
    char kept[LOG_LINE_KEPT];
};

/* Takes the next bytes of one file; `partial` is that file's own. */
void log_lines_take(struct log_counts *counts, struct log_partial *partial,
                    const struct log_patterns *patterns, const char *bytes, size_t length);

#endif
