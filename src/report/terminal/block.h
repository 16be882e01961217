/* The live block: a run as it stands, drawn in a few lines for a terminal of any width. */
#ifndef REPORT_TERMINAL_BLOCK_H
#define REPORT_TERMINAL_BLOCK_H

#include "base/histogram.h"
#include "base/units.h"
#include "judge/fit/headroom.h"
#include "report/format/style.h"
#include "stats/outcome.h"
#include "stats/statuses.h"

enum { BLOCK_SECONDS = 60, BLOCK_RULE_MAX = 160 };

/* One second of the sparklines; NAN: not measured. */
struct block_second {
    double live, per_second, p99_seconds;
};

/* All of a run in as many cells as the minute has, each of as many seconds; the latest is the one
 * that fills. Once there is no room, neighbours become one. */
struct block_history {
    size_t count;
    uint32_t span;   /* seconds of a cell */
    uint32_t filled; /* of the latest */
    struct block_second cells[BLOCK_SECONDS];
};
void block_history_add(struct block_history *history, const struct block_second *second);

/* The figures of the block. NAN, or below zero where it is an int64_t: not measured. Texts may come
 * from outside. */
struct block_view {
    const char *method, *url;
    struct units_span think; /* 0..0: closed loop */
    duration think_mean;     /* of exponential think times; 0: uniform */
    frequency rate;          /* of an open loop; 0: none */
    const char *phase;       /* "ramp", "hold", "freeze", "drain", "done" */
    duration elapsed;        /* in the phase */
    duration length;         /* of the phase; 0: it has no set end */
    char ends_at[24];        /* by the clock, "17:44:03"; "": not known */
    bool until_interrupt;    /* the hold has none */
    uint64_t requests;       /* to be sent in all; 0: no bound */
    uint64_t sent;
    uint64_t target;     /* connections */
    duration hold;       /* planned; 0: it has no set length */
    double hold_seconds; /* how long it took, once it is over; 0: it did not begin */
    double ramp_seconds; /* how long it took; NAN: it is under way, or was cut short */
    uint64_t attempted, live, connecting, closed, errored, peak;
    int64_t drained;     /* of live and connecting; below zero: the drain has not begun */
    int64_t reconnected; /* below zero: lost connections are not refilled, and nothing is shown */
    double client_per_second, server_per_second, planned_per_second;
    const char *server_source; /* "stub_status"; NULL: the server is not asked */
    uint64_t answers;          /* how many the quantiles are of */
    duration p50, p90, p99, p999, max;
    uint64_t timed_out;
    struct statuses statuses;     /* of the answers so far */
    uint64_t outstanding;         /* requests */
    double worst_p99_seconds;     /* the greatest of a second; NAN: none yet */
    duration worst_at;            /* into the run */
    uint64_t ends[OUTCOME_COUNT]; /* why connections ended so far */
    size_t rules;                 /* how many are judged; 0: not yet */
    size_t rules_open;            /* of those how many do not hold now, but still may */
    size_t rules_broken;          /* and how many can no longer hold */
    char rule[BLOCK_RULE_MAX];    /* the first of the broken, else of the open: "lost<=0 (12)" */
    char verdict[200];            /* of a run that is over; "": none yet */
    enum style_tint verdict_tint;
    int64_t files_used, files_limit, ports_used, ports_have;
    double cpu_percent, lag_seconds;
    int64_t rss_bytes;
    struct headroom headroom;
    uint32_t workers;
    size_t second_count; /* latest last */
    struct block_second seconds[BLOCK_SECONDS];
    struct block_history history;
};

enum { BLOCK_LINES_MAX = 13, BLOCK_LINE_BYTES = 1024 };

struct block_line {
    char text[BLOCK_LINE_BYTES]; /* without a line's end */
    size_t length;               /* bytes */
    int columns;                 /* that it takes on the terminal */
};

struct block {
    size_t count;
    struct block_line lines[BLOCK_LINES_MAX];
};

/* Draws for a terminal of that width (of very wide ones only a part is used): twelve lines,
 * thirteen once the run is longer than a minute, or one where that is too narrow. Nothing wraps,
 * and of a text from outside only printable ASCII reaches the terminal. */
void block_draw(struct block *block, const struct block_view *view, int width, struct style style);
/* In one line, whatever the width. */
void block_draw_line(struct block *block, const struct block_view *view, int width,
                     struct style style);

#endif
