/* The live block: a run as it stands, drawn in a few lines for a terminal of any width. */
#ifndef REPORT_BLOCK_H
#define REPORT_BLOCK_H

#include "base/histogram.h"
#include "base/units.h"
#include "judge/headroom.h"
#include "report/report.h"

enum { BLOCK_SECONDS = 60 };

/* One second of the sparklines; NAN: not measured. */
struct block_second {
    double live, per_second, p99_seconds;
};

/* What is drawn. NAN, or below zero where it is an int64_t: not measured. Texts may come from
 * outside. */
struct block_view {
    const char *method, *url;
    struct span think;    /* 0..0: closed loop */
    duration think_mean;  /* of exponential think times; 0: uniform */
    frequency rate;       /* of an open loop; 0: none */
    const char *phase;    /* "ramp", "hold", "freeze", "drain", "done" */
    duration elapsed;     /* in the phase */
    duration length;      /* of the phase; 0: it has no set end */
    bool until_interrupt; /* the hold has none */
    uint64_t requests;    /* to be sent in all; 0: no bound */
    uint64_t sent;
    uint64_t target;     /* connections */
    double ramp_seconds; /* how long it took; NAN: it is under way, or was cut short */
    uint64_t attempted, live, connecting, closed, errored, peak;
    int64_t drained;     /* of live and connecting; below zero: the drain has not begun */
    int64_t reconnected; /* below zero: lost connections are not refilled, and nothing is shown */
    double client_per_second, server_per_second, planned_per_second;
    const char *server_source; /* "stub_status"; NULL: the server is not asked */
    uint64_t answers;          /* how many the quantiles are of */
    duration p50, p90, p99, p999, max;
    uint64_t timed_out;
    int64_t files_used, files_limit, ports_used, ports_have;
    double cpu_percent, lag_seconds;
    int64_t rss_bytes;
    struct headroom headroom;
    uint32_t workers;
    size_t second_count; /* latest last */
    struct block_second seconds[BLOCK_SECONDS];
};

enum { BLOCK_LINES_MAX = 8, BLOCK_LINE_BYTES = 1024 };

struct block_line {
    char text[BLOCK_LINE_BYTES]; /* without a line's end */
    size_t length;               /* bytes */
    int columns;                 /* that it takes on the terminal */
};

struct block {
    size_t count;
    struct block_line lines[BLOCK_LINES_MAX];
};

/* Draws for a terminal of that width (of very wide ones only a part is used): eight lines, or one
 * where there is no room for eight. Nothing wraps, and of a text from outside only
 * printable ASCII reaches the terminal. */
void block_draw(struct block *block, const struct block_view *view, int width, struct style style);
/* In one line, whatever the width. */
void block_draw_line(struct block *block, const struct block_view *view, int width,
                     struct style style);

#endif
