/* A log-linear histogram of durations, whose percentiles are read off: fixed arrays, merged by
 * addition, HdrHistogram's layout. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

/* Values are integer nanoseconds, 1 us to 1 h, 3 significant digits: HdrHistogram's layout for
 * (lowest 1000, highest 3.6e12, 3 digits): unit magnitude 9, 2048 sub-buckets, 23 buckets. Below
 * and above that a value is counted in the first or the last count; min, max and sum stay exact. */
enum {
    HISTOGRAM_COUNTS = 24 * 1024,
    HISTOGRAM_BLOCK = 64, /* counts in one block, the grain of copying */
    HISTOGRAM_BLOCKS = HISTOGRAM_COUNTS / HISTOGRAM_BLOCK,
    HISTOGRAM_WORDS = HISTOGRAM_BLOCKS / 64,
};

/* 246 kB of address space, of which only the blocks in use are ever touched: zero-filled memory
 * from mmap or calloc is a valid empty histogram. A count is in two parts, because few are large:
 * a page of the lower ones holds two octaves of values, and their upper parts are touched where one
 * overflowed (docs/decisions/0096). histogram_count_at() puts them together. */
struct histogram {
    uint64_t count;
    int64_t min; /* meaningful when count > 0 */
    int64_t max;
    double sum;                         /* ns */
    double sum_squares;                 /* ns^2 */
    uint64_t used[HISTOGRAM_WORDS];     /* bit b: block b holds a count */
    uint64_t dirty[2][HISTOGRAM_WORDS]; /* bit b of set s: block b changed since the last
                                           publication into buffer s */
    uint64_t raised[HISTOGRAM_WORDS];   /* bit b: an upper part of block b may be not 0 */
    uint16_t lower[HISTOGRAM_COUNTS];
    uint64_t upper[HISTOGRAM_COUNTS]; /* in units of 65536; not read where raised has no bit */
};

/* How many values are counted at an index. */
uint64_t histogram_count_at(const struct histogram *histogram, size_t index);

/* Counts one value; a negative one counts as 0. */
void histogram_add(struct histogram *histogram, duration value);

/* Counts so many values (1 or more) of which only the index is known: min, max and sums are then
 * those of the middle of what shares it. */
void histogram_add_at(struct histogram *histogram, size_t index, uint64_t count);

/* into += from, touching only blocks that from uses. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* into = from, whole: clears what from does not use. */
void histogram_copy(struct histogram *into, const struct histogram *from);

/* into -= minus, += plus, of as many values: minus holds none that into does not. Least and
 * greatest are then those of their counts. */
void histogram_exchange(struct histogram *into, const struct histogram *minus,
                        const struct histogram *plus);

/* Brings buffer `set` (0 or 1), a copy of an earlier state of from, up to date by copying only the
 * blocks that changed since the last publication into that buffer. */
void histogram_publish(struct histogram *buffer, struct histogram *from, int set);

void histogram_clear(struct histogram *histogram);

/* The percentile: the value at or below which `fraction` (0..1) of all values lie, as HdrHistogram
 * reports it (the highest value equivalent to the count's bucket, never above max); 0 for an empty
 * histogram. */
duration histogram_percentile(const struct histogram *histogram, double fraction);

/* Several of them in one pass: fractions do not fall, and values has room for each. */
void histogram_percentiles(const struct histogram *histogram, const double *fractions, size_t count,
                           duration *values);

/* One percentile of (later - earlier), where earlier is a former state of later; *count, when not
 * NULL, receives how many values that difference holds. */
duration histogram_percentile_between(const struct histogram *earlier,
                                      const struct histogram *later, double fraction,
                                      uint64_t *count);

/* How many values' counts stand at indices from first up to, without, end. */
uint64_t histogram_sum(const struct histogram *histogram, size_t first, size_t end);

double histogram_mean(const struct histogram *histogram);
double histogram_stddev(const struct histogram *histogram);

/* The index of a value's count, and the lowest and highest value that share it. */
size_t histogram_index(int64_t value);
int64_t histogram_lowest_at(size_t index);
int64_t histogram_highest_at(size_t index);

/* The value that stands for a count: the highest that shares it, never above max. */
duration histogram_value_at(const struct histogram *histogram, size_t index);

#endif
