/* The figures of a distribution: what reports say of a histogram, and all that a saved run keeps of
 * one. */
#ifndef STATS_FIGURES_H
#define STATS_FIGURES_H

#include <stdint.h>

#include "base/histogram.h"

/* Seconds; NAN all of them when count is 0. */
struct figures {
    uint64_t count;
    double min, mean, stddev, p50, p90, p95, p99, p999, max;
};

struct figures figures_of(const struct histogram *histogram);

#endif
