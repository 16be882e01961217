/* The figures of a distribution, from its histogram. */
#include "stats/figures.h"

#include <math.h>

enum { P50, P90, P95, P99, P999, PERCENTILES };
static const double fractions[PERCENTILES] = {0.5, 0.9, 0.95, 0.99, 0.999};

struct figures figures_of(const struct histogram *histogram) {
    if (histogram->count == 0)
        return (struct figures){0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    duration at[PERCENTILES];
    histogram_percentiles(histogram, fractions, PERCENTILES, at);
    return (struct figures){
        .count = histogram->count,
        .min = duration_seconds(histogram->min),
        /* Whole nanoseconds, as all that was measured: more digits would only be noise. */
        .mean = round(histogram_mean(histogram)) / 1e9,
        .stddev = round(histogram_stddev(histogram)) / 1e9,
        .p50 = duration_seconds(at[P50]),
        .p90 = duration_seconds(at[P90]),
        .p95 = duration_seconds(at[P95]),
        .p99 = duration_seconds(at[P99]),
        .p999 = duration_seconds(at[P999]),
        .max = duration_seconds(histogram->max),
    };
}
