/* A cohort: what a connection of a probe does next, by its role and what became of it so far. Pure.
 */
#ifndef PROBER_COHORT_H
#define PROBER_COHORT_H

#include <stdint.h>

#include "judge/probe/probe_trace.h"

struct cohort {
    enum probe_role role;
    uint32_t requests;   /* of IDLE and FAST: before it waits; of STEADY: at most */
    duration wait;       /* of LADDER: the first; of STEADY: the shortest */
    bool once;           /* of LADDER: that one wait alone */
    uint32_t divisor;    /* of STEADY: waits so many times shorter than its age */
    duration not_before; /* since the others began */
};

/* What holds for all of them. */
struct cohort_bounds {
    duration idle; /* how long an idle one is waited for */
    duration wait; /* no longer between requests that are to keep one: the idle timeout as known */
};

enum cohort_step { COHORT_ASK, COHORT_DONE };

/* *wait: until it asks, since its last answer; of a connection without one since it was open. */
enum cohort_step cohort_next(const struct cohort *cohort, const struct probe_trace *trace,
                             const struct cohort_bounds *bounds, duration *wait);

#endif
