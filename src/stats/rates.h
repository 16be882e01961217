/* Rates of a count that only grows: of the latest second, and the highest of the hold. */
#ifndef STATS_RATES_H
#define STATS_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

struct rate_point {
    instant at;
    uint64_t count;
};

/* A count looked at once a second, more or less: a look that comes late is followed by an early
 * one, and the end of a ramp or a hold falls where it falls. A rate over much less than a second
 * says nothing: a few answers in a few milliseconds are thousands a second. */
struct rates {
    double latest;               /* a second, over the latest second or so; NAN: not measured */
    struct rate_point since;     /* where the next one is counted from */
    struct rate_point before;    /* where the latest one was */
    bool started, has_before;    /* they hold */
    bool holding;                /* the hold has begun, and not ended */
    double highest;              /* of the whole seconds of the hold; NAN */
    struct rate_point full;      /* where the next of them is counted from */
    struct rate_point last_full; /* where the latest of them was */
    struct rate_point until;     /* the latest look at the hold */
};

/* A mean over less is not measured: when a hold began and ended is known to some milliseconds. */
static const duration RATES_MEAN_MIN = 100 * MILLISECOND;

/* So many in that time: a second, or NAN. */
double rates_mean(uint64_t count, duration over);

void rates_init(struct rates *rates);

/* A look. The rate of the time since the former one, if that is half a second or more; else of that
 * and the time before it together. NAN at the first look, and after it until there is half a
 * second. */
double rates_look(struct rates *rates, instant now, uint64_t count);

/* The hold begins (a moment ago, perhaps): rates are counted from there. And it ends. */
void rates_begin_hold(struct rates *rates, instant since, uint64_t count);
void rates_end_hold(struct rates *rates, instant now, uint64_t count);

/* The highest of the seconds that the hold, as far as it was looked at, is cut into; what is left
 * of one at its end counts together with the last. So it is not below the mean of the same time.
 * NAN when there was no full second (nine tenths of one are taken for full). */
double rates_peak(const struct rates *rates);

#endif
