/* Lateness weighed by time, as HdrHistogram corrects for coordinated omission. */
#include "stats/lag.h"

enum { STEPS_MAX = 256 }; /* of a long one: each stands for as many milliseconds as it takes */

void lag_add_without_omission(struct histogram *histogram, duration lag, duration usual,
                              duration since) {
    uint64_t late = lag > 0 ? (uint64_t)(lag / MILLISECOND) : 0;
    uint64_t all = since > 0 ? (uint64_t)(since / MILLISECOND) : 0;
    uint64_t steps = late < STEPS_MAX ? late : STEPS_MAX;
    histogram_add(histogram, lag);
    for (uint64_t i = 1; i < steps; i++)
        histogram_add_at(histogram, histogram_index(lag - lag / (duration)steps * (duration)i),
                         late * (i + 1) / steps - late * i / steps);
    if (all > late + 1)
        histogram_add_at(histogram, histogram_index(lag < usual ? lag : usual), all - late - 1);
}
