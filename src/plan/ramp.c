/* The ramp: how many connections should have been opened by now, a pure function of elapsed time.
 */
#include "plan/ramp.h"

#include "base/require.h"

/* A million connections a millisecond for centuries does not fit 64 bits on the way. */
typedef __int128 wide;

uint64_t ramp_due(const struct ramp *ramp, duration elapsed) {
    require(ramp->rate.per > 0);
    if (elapsed <= 0)
        return 0;
    wide due = (wide)ramp->rate.count * elapsed / ramp->rate.per;
    return due < (wide)ramp->target ? (uint64_t)due : ramp->target;
}

duration ramp_at(const struct ramp *ramp, uint64_t connection) {
    if (connection >= ramp->target || ramp->rate.count == 0)
        return INT64_MAX;
    wide count = (wide)ramp->rate.count;
    wide at = (((wide)connection + 1) * ramp->rate.per + count - 1) / count;
    return at < INT64_MAX ? (duration)at : INT64_MAX;
}

duration ramp_length(const struct ramp *ramp) {
    return ramp->target > 0 ? ramp_at(ramp, ramp->target - 1) : 0;
}
