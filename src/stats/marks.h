/* Marks: moments of a run that somebody pointed at, with what was lost after each, and for how
 * long. */
#ifndef STATS_MARKS_H
#define STATS_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MARKS_MAX = 64, MARK_TEXT_MAX = 128, MARK_WINDOW_SECONDS = 10 };

/* signal: SIGUSR2. exec: a command of --exec-at. pause: we stood still ourselves. */
enum mark_kind { MARK_SIGNAL, MARK_EXEC, MARK_PAUSE, MARK_KINDS };
const char *mark_kind_name(enum mark_kind kind); /* "signal", "exec", "pause" */

struct mark {
    double t; /* seconds since the run's start */
    enum mark_kind kind;
    char text[MARK_TEXT_MAX]; /* the command, cut where it does not fit; "SIGUSR2" */
    int exit_code;            /* as a shell has it: 128 + n of a signal; -1: none (yet) */
    bool killed;              /* it was still running at the end */
    /* Connections lost in the window after it, which is shorter where the run ended first; 0: it
     * was over. Windows of marks that are close overlap, and what falls into both is counted in
     * both. */
    uint64_t lost_within;
    double window_seconds;
    double refill_seconds; /* until no more were missing than before: all lost in the window were
                              refilled; NAN: nothing was lost, or it was not refilled */
    uint64_t lost_before, missing_before;
    uint32_t number; /* that the leader of a run on many hosts gave it, from 1; 0: its own */
    bool window_over;
};

/* A look at the numbers, t seconds since the run's start: connections lost so far, and missing:
 * slots that were live once and are not now, so that a ramp that goes on refills nothing. */
struct mark_look {
    double t;
    uint64_t lost, missing;
};

struct marks {
    size_t count;
    uint64_t left_out; /* beyond MARKS_MAX */
    uint64_t changes;  /* grows with each change of a mark */
    struct mark items[MARKS_MAX];
};

/* A mark now. Its index; MARKS_MAX when there is no room. */
size_t marks_add(struct marks *marks, enum mark_kind kind, const char *text,
                 const struct mark_look *now);

/* A look not before any earlier one. */
void marks_see(struct marks *marks, const struct mark_look *look);

/* When the next window ends, and a look is wanted: seconds since the run's start; INFINITY: all
 * have. */
double marks_due(const struct marks *marks);

/* The command of a mark ended. */
void marks_exited(struct marks *marks, size_t index, int exit_code);
void marks_killed(struct marks *marks, size_t index);

#endif
