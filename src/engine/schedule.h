/* When requests are due: exponential think times, and in an open loop the schedule of --rate, one
 * worker's share of it. */
#ifndef ENGINE_SCHEDULE_H
#define ENGINE_SCHEDULE_H

#include <stdint.h>

#include "base/instant.h"
#include "base/units.h"

/* Pure: the draw (64 uniform bits) as a time of an exponential distribution about `mean`, cut at
 * EXPONENTIAL_CUT means; in ticks of 1 ms, rounded. */
uint64_t schedule_exponential(uint64_t draw, duration mean);

/* Request k of all (from 0) is due k / rate after the start, exactly; those with k mod workers =
 * worker are this worker's. */
struct schedule {
    frequency rate;           /* 0: there is no schedule */
    uint64_t worker, workers; /* over all parts of the plan */
    instant start;            /* INSTANT_NEVER: not yet */
    uint64_t taken;           /* of this worker's, the earliest first */
};

/* How many of this worker's are due at that moment, those taken included. */
uint64_t schedule_due(const struct schedule *schedule, instant now);
/* When the first of this worker's that is not taken is due; INSTANT_NEVER without a schedule. */
instant schedule_next(const struct schedule *schedule);

#endif
