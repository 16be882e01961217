/* A plain line of the live view, for output that is no terminal. */
#ifndef REPORT_TERMINAL_STATUS_LINE_H
#define REPORT_TERMINAL_STATUS_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "stats/statuses.h"

/* Values that were not measured are "-". */
struct status_line {
    const char *phase; /* "ramp", "hold", "freeze", "drain" */
    double t;          /* seconds since the run's start */
    uint64_t live, connecting, closed, errored;
    int64_t drained; /* below zero, and not shown: the drain has not begun */
    double client_rps, server_rps, p50_ms, p99_ms;           /* NAN: not measured */
    int64_t files_used, files_limit, ports_used, ports_have; /* -1: not measured */
    double cpu_pct, lag_ms;
    struct statuses statuses;
};

/* Written into buffer, without a line's end; returns the buffer. */
enum { STATUS_LINE_MAX = 768 };
char *status_line_text(char *buffer, size_t size, const struct status_line *line);

#endif
