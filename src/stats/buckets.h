/* The buckets that Prometheus gets of a histogram: how many values are at or below each of a few
 * bounds. */
#ifndef STATS_BUCKETS_H
#define STATS_BUCKETS_H

#include <stdbool.h>

#include "base/histogram.h"

enum { BUCKETS = 18 };

/* One row is one bound, from the least to the greatest; the label is in seconds, as OpenMetrics
 * writes a number. */
struct bucket_bound {
    const char *label;
    duration bound;
};
extern const struct bucket_bound bucket_bounds[BUCKETS];

struct buckets {
    bool known;
    uint64_t counts[BUCKETS]; /* at or below each bound */
};

/* A value that the histogram cannot tell from a bound (three digits) is counted as not above it. */
struct buckets buckets_of(const struct histogram *histogram);

#endif
