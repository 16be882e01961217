/* The ramp: how many connections should have been opened by now, a pure function of elapsed time.
 */
#ifndef PLAN_RAMP_H
#define PLAN_RAMP_H

#include <stdint.h>

#include "base/units.h"

/* N connections in each DUR, spread evenly over it, until `target`: connection i (from 0) is due
 * (i + 1) * per / count after the start. */
struct ramp {
    struct units_rate rate;
    uint64_t target;
};

/* The total due after `elapsed`: min(target, floor(count * elapsed / per)), 0 for a negative one.
 */
uint64_t ramp_due(const struct ramp *ramp, duration elapsed);

/* When connection i is due: the least elapsed with ramp_due(elapsed) > i; INT64_MAX when there is
 * none (i >= target), or when it is further than that. */
duration ramp_at(const struct ramp *ramp, uint64_t connection);

/* How long the whole of it takes: when the last connection is due. */
duration ramp_length(const struct ramp *ramp);

#endif
