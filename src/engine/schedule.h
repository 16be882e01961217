/* The schedule of --rate: when each request of an open loop is due, one worker's share of it. */
#ifndef ENGINE_SCHEDULE_H
#define ENGINE_SCHEDULE_H

#include <stdint.h>

#include "base/instant.h"
#include "base/units.h"

/* Request k of all (from 0) is due k / rate after the start, exactly; those with k mod workers =
 * worker are this worker's. */
struct schedule {
    frequency rate; /* 0: there is no schedule */
    uint32_t worker, workers;
    instant start;  /* INSTANT_NEVER: not yet */
    uint64_t taken; /* of this worker's, the earliest first */
};

/* How many of this worker's are due at that moment, those taken included. */
uint64_t schedule_due(const struct schedule *schedule, instant now);
/* When the first of this worker's that is not taken is due; INSTANT_NEVER without a schedule. */
instant schedule_next(const struct schedule *schedule);

#endif
