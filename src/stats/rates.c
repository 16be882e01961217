/* Rates between looks: short ones are stretched, and the hold is cut into seconds without a rest.
 */
#include "stats/rates.h"

#include <math.h>

static const duration SHORT = SECOND / 2, FULL = SECOND / 10 * 9;

static duration length(struct rate_point from, struct rate_point to) {
    return instant_since(to.at, from.at);
}

static double rate_between(struct rate_point from, struct rate_point to) {
    return (double)(to.count - from.count) / duration_seconds(length(from, to));
}

double rates_mean(uint64_t count, duration over) {
    return over >= RATES_MEAN_MIN ? (double)count / duration_seconds(over) : (double)NAN;
}

void rates_init(struct rates *rates) {
    *rates = (struct rates){.latest = NAN, .highest = NAN};
}

static void cut_second(struct rates *rates, struct rate_point now) {
    rates->until = now;
    if (length(rates->full, now) < FULL)
        return;
    rates->highest = fmax(rates->highest, rate_between(rates->full, now));
    rates->last_full = rates->full;
    rates->full = now;
}

double rates_look(struct rates *rates, instant now, uint64_t count) {
    struct rate_point point = {now, count};
    if (rates->holding)
        cut_second(rates, point);
    if (!rates->started) {
        rates->since = point;
        rates->started = true;
        return rates->latest;
    }
    if (length(rates->since, point) >= SHORT) {
        rates->latest = rate_between(rates->since, point);
        rates->before = rates->since;
        rates->since = point;
        rates->has_before = true;
    } else if (rates->has_before) {
        rates->latest = rate_between(rates->before, point);
    }
    return rates->latest;
}

void rates_begin_hold(struct rates *rates, instant since, uint64_t count) {
    rates->since = rates->full = rates->until = (struct rate_point){since, count};
    rates->started = rates->holding = true;
    rates->has_before = false;
    rates->latest = NAN;
}

void rates_end_hold(struct rates *rates, instant now, uint64_t count) {
    if (rates->holding)
        cut_second(rates, (struct rate_point){now, count});
    rates->holding = false;
}

double rates_peak(const struct rates *rates) {
    if (isnan(rates->highest))
        return rates->highest;
    return fmax(rates->highest, rate_between(rates->last_full, rates->until));
}
