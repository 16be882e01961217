/* The figures of a distribution, from its histogram. */
#include "stats/figures.h"

#include <math.h>

static double quantile(const struct histogram *histogram, double fraction) {
    return duration_seconds(histogram_percentile(histogram, fraction));
}

struct figures figures_of(const struct histogram *histogram) {
    if (histogram->count == 0)
        return (struct figures){0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    return (struct figures){
        .count = histogram->count,
        .min = duration_seconds(histogram->min),
        /* Whole nanoseconds, as all that was measured: more digits would only be noise. */
        .mean = round(histogram_mean(histogram)) / 1e9,
        .stddev = round(histogram_stddev(histogram)) / 1e9,
        .p50 = quantile(histogram, 0.5),
        .p90 = quantile(histogram, 0.9),
        .p95 = quantile(histogram, 0.95),
        .p99 = quantile(histogram, 0.99),
        .p999 = quantile(histogram, 0.999),
        .max = duration_seconds(histogram->max),
    };
}
