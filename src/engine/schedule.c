/* Exponential think times by the inverse of the distribution; the schedule of --rate in whole
 * numbers: a day later it has not drifted by a nanosecond. */
#include "engine/schedule.h"

#include <math.h>

static const uint64_t units_a_second = UINT64_C(1000000000) * FREQUENCY_ONE; /* ns by fractions */

uint64_t schedule_exponential(uint64_t draw, duration mean) {
    double uniform = ((double)(draw >> 11) + 1) * 0x1p-53; /* in (0, 1] */
    double means = -log(uniform);
    if (means > EXPONENTIAL_CUT)
        means = EXPONENTIAL_CUT;
    return (uint64_t)llround(means * (double)mean / (double)MILLISECOND);
}

uint64_t schedule_due(const struct schedule *schedule, instant now) {
    if (schedule->rate == 0 || instant_before(now, schedule->start))
        return 0;
    uint64_t elapsed = (uint64_t)instant_since(now, schedule->start);
    uint64_t all = (uint64_t)((unsigned __int128)elapsed * schedule->rate / units_a_second) + 1;
    return all > schedule->worker ? (all - schedule->worker - 1) / schedule->workers + 1 : 0;
}

/* Rounded up, so that it is due then by schedule_due() too. */
instant schedule_next(const struct schedule *schedule) {
    if (schedule->rate == 0 || schedule->start.ns == INSTANT_NEVER.ns)
        return INSTANT_NEVER;
    unsigned __int128 k = (unsigned __int128)schedule->taken * schedule->workers + schedule->worker;
    unsigned __int128 after = (k * units_a_second + schedule->rate - 1) / schedule->rate;
    int64_t room = INSTANT_NEVER.ns - schedule->start.ns;
    return after < (unsigned __int128)room ? instant_after(schedule->start, (duration)after)
                                           : INSTANT_NEVER;
}
