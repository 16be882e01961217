/* What a connection of a probe does next. */
#include "prober/cohort.h"

#include "base/minmax.h"

/* Between the first requests of an idle one: ages and idle times of the cohort differ by it. */
static const duration PAUSE = 310 * MILLISECOND;
static const duration STEADY_MAX = 2 * SECOND;

/* Once it has waited for all that is asked for, one more request says whether it lives. */
static enum cohort_step wait_out(const struct probe_trace *trace,
                                 const struct cohort_bounds *bounds, duration *wait) {
    *wait = bounds->idle;
    return trace->gap >= bounds->idle || trace->first_gap >= bounds->idle ? COHORT_DONE
                                                                          : COHORT_ASK;
}

static enum cohort_step next_of_ladder(const struct cohort *cohort, const struct probe_trace *trace,
                                       const struct cohort_bounds *bounds, duration *wait) {
    uint32_t rung = trace->answers - 1;
    if (cohort->once) {
        *wait = cohort->wait;
        return rung == 0 ? COHORT_ASK : COHORT_DONE;
    }
    duration longer = rung < 20 ? cohort->wait << rung : bounds->idle;
    if (longer >= bounds->idle)
        return wait_out(trace, bounds, wait);
    *wait = longer;
    return COHORT_ASK;
}

static enum cohort_step next_of_steady(const struct cohort *cohort, const struct probe_trace *trace,
                                       const struct cohort_bounds *bounds, duration *wait) {
    duration age = instant_since(trace->answered_at, trace->opened_at);
    duration slower = min_i64(age / cohort->divisor, max_i64(STEADY_MAX, bounds->idle / 45));
    *wait = min_i64(max_i64(cohort->wait, slower), bounds->wait);
    return age >= bounds->idle || trace->answers >= cohort->requests ? COHORT_DONE : COHORT_ASK;
}

enum cohort_step cohort_next(const struct cohort *cohort, const struct probe_trace *trace,
                             const struct cohort_bounds *bounds, duration *wait) {
    *wait = 0;
    if (cohort->role == PROBE_SILENT)
        return wait_out(trace, bounds, wait);
    if (trace->answers == 0)
        return COHORT_ASK;
    switch (cohort->role) {
    case PROBE_LADDER: return next_of_ladder(cohort, trace, bounds, wait);
    case PROBE_STEADY: return next_of_steady(cohort, trace, bounds, wait);
    case PROBE_FAST:
        return trace->answers < cohort->requests ? COHORT_ASK : wait_out(trace, bounds, wait);
    default:
        if (trace->answers >= cohort->requests)
            return wait_out(trace, bounds, wait);
        *wait = min_i64(PAUSE, bounds->wait);
        return COHORT_ASK;
    }
}
