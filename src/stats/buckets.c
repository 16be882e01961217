/* A histogram's counts, added up from bound to bound. */
#include "stats/buckets.h"

const struct bucket_bound bucket_bounds[BUCKETS] = {
    {"0.0001", 100 * MICROSECOND},
    {"0.00025", 250 * MICROSECOND},
    {"0.0005", 500 * MICROSECOND},
    {"0.001", MILLISECOND},
    {"0.0025", 2500 * MICROSECOND},
    {"0.005", 5 * MILLISECOND},
    {"0.01", 10 * MILLISECOND},
    {"0.025", 25 * MILLISECOND},
    {"0.05", 50 * MILLISECOND},
    {"0.1", 100 * MILLISECOND},
    {"0.25", 250 * MILLISECOND},
    {"0.5", 500 * MILLISECOND},
    {"1.0", SECOND},
    {"2.5", 2500 * MILLISECOND},
    {"5.0", 5 * SECOND},
    {"10.0", 10 * SECOND},
    {"30.0", 30 * SECOND},
    {"60.0", 60 * SECOND},
};

struct buckets buckets_of(const struct histogram *histogram) {
    struct buckets buckets = {.known = true};
    size_t next = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        size_t end = histogram_index(bucket_bounds[i].bound) + 1;
        sum += histogram_sum(histogram, next, end);
        buckets.counts[i] = sum;
        next = end;
    }
    return buckets;
}
