/* HdrHistogram's arithmetic over fixed arrays, with a bit a block: empty ones cost nothing. */
#include "base/histogram.h"

#include <math.h>
#include <string.h>

/* (lowest discernible 1000, highest trackable 3.6e12, 3 digits): floor(log2(1000)) = 9; the
 * smallest power of two that holds 2 * 10^3 sub-buckets is 2048 = 2 * 2^10. */
enum { UNIT_MAGNITUDE = 9, HALF_MAGNITUDE = 10, HALF_COUNT = 1 << HALF_MAGNITUDE };
enum { LOWER_BITS = 16 };

/* Never written; not const, so that 246 kB of zeros stand in .bss and not in the program's file. */
static struct histogram nothing;

static const uint64_t first_bucket_mask = (uint64_t)(2 * HALF_COUNT - 1) << UNIT_MAGNITUDE;

size_t histogram_index(int64_t value) {
    if (value < 0)
        value = 0;
    int bits = 64 - __builtin_clzll((uint64_t)value | first_bucket_mask);
    int bucket = bits - UNIT_MAGNITUDE - (HALF_MAGNITUDE + 1);
    size_t sub_bucket = (size_t)(value >> (bucket + UNIT_MAGNITUDE));
    size_t index = ((size_t)bucket << HALF_MAGNITUDE) + sub_bucket;
    return index < HISTOGRAM_COUNTS ? index : HISTOGRAM_COUNTS - 1;
}

/* The first bucket's lower half stands where a bucket -1 would: indices below HALF_COUNT. */
static int bucket_at(size_t index) {
    int bucket = (int)(index >> HALF_MAGNITUDE) - 1;
    return bucket < 0 ? 0 : bucket;
}

int64_t histogram_lowest_at(size_t index) {
    int bucket = bucket_at(index);
    return (int64_t)(index - ((size_t)bucket << HALF_MAGNITUDE)) << (bucket + UNIT_MAGNITUDE);
}

int64_t histogram_highest_at(size_t index) {
    return histogram_lowest_at(index) + ((int64_t)1 << (bucket_at(index) + UNIT_MAGNITUDE)) - 1;
}

static bool is_raised(const struct histogram *histogram, size_t index) {
    size_t block = index / HISTOGRAM_BLOCK;
    return (histogram->raised[block / 64] >> block % 64 & 1) != 0;
}

uint64_t histogram_count_at(const struct histogram *histogram, size_t index) {
    uint64_t upper = is_raised(histogram, index) ? histogram->upper[index] : 0;
    return upper << LOWER_BITS | histogram->lower[index];
}

/* Carries from the lower part; a count that became less takes its upper part back likewise. */
static void add_at(struct histogram *histogram, size_t index, uint64_t count) {
    uint64_t sum = histogram_count_at(histogram, index) + count, upper = sum >> LOWER_BITS;
    size_t block = index / HISTOGRAM_BLOCK;
    histogram->lower[index] = (uint16_t)sum;
    if (upper == 0 && !is_raised(histogram, index))
        return;
    histogram->upper[index] = upper;
    histogram->raised[block / 64] |= (uint64_t)1 << block % 64;
}

static void count_at(struct histogram *histogram, size_t index, uint64_t count) {
    size_t block = index / HISTOGRAM_BLOCK;
    uint64_t bit = (uint64_t)1 << block % 64;
    add_at(histogram, index, count);
    histogram->used[block / 64] |= bit;
    histogram->dirty[0][block / 64] |= bit;
    histogram->dirty[1][block / 64] |= bit;
}

static void add_value(struct histogram *histogram, int64_t value, uint64_t count) {
    if (histogram->count == 0 || value < histogram->min)
        histogram->min = value;
    if (value > histogram->max)
        histogram->max = value;
    histogram->count += count;
    histogram->sum += (double)value * (double)count;
    histogram->sum_squares += (double)value * (double)value * (double)count;
}

void histogram_add(struct histogram *histogram, duration value) {
    if (value < 0)
        value = 0;
    count_at(histogram, histogram_index(value), 1);
    add_value(histogram, value, 1);
}

void histogram_add_at(struct histogram *histogram, size_t index, uint64_t count) {
    int64_t lowest = histogram_lowest_at(index);
    count_at(histogram, index, count);
    add_value(histogram, lowest + (histogram_highest_at(index) - lowest + 1) / 2, count);
}

/* Takes the lowest bit out of *bits (which is not 0) and returns the first index of its block. */
static size_t next_block(size_t word, uint64_t *bits) {
    size_t block = word * 64 + (size_t)__builtin_ctzll(*bits);
    *bits &= *bits - 1;
    return block * HISTOGRAM_BLOCK;
}

void histogram_merge(struct histogram *into, const struct histogram *from) {
    if (from->count == 0)
        return;
    for (size_t word = 0; word < HISTOGRAM_WORDS; word++) {
        into->used[word] |= from->used[word];
        into->dirty[0][word] |= from->used[word];
        into->dirty[1][word] |= from->used[word];
        for (uint64_t bits = from->used[word]; bits != 0;) {
            size_t first = next_block(word, &bits);
            for (size_t i = first; i < first + HISTOGRAM_BLOCK; i++) {
                uint64_t count = histogram_count_at(from, i);
                if (count > 0)
                    add_at(into, i, count);
            }
        }
    }
    if (into->count == 0 || from->min < into->min)
        into->min = from->min;
    if (from->max > into->max)
        into->max = from->max;
    into->count += from->count;
    into->sum += from->sum;
    into->sum_squares += from->sum_squares;
}

static void copy_scalars(struct histogram *into, const struct histogram *from) {
    into->count = from->count;
    into->min = from->min;
    into->max = from->max;
    into->sum = from->sum;
    into->sum_squares = from->sum_squares;
}

/* The blocks of the bits; upper: those of which the upper parts are copied too. */
static void copy_blocks(struct histogram *into, const struct histogram *from, size_t word,
                        uint64_t bits, uint64_t upper) {
    for (uint64_t left = bits; left != 0;) {
        size_t first = next_block(word, &left);
        memcpy(&into->lower[first], &from->lower[first], HISTOGRAM_BLOCK * sizeof *into->lower);
    }
    for (uint64_t left = bits & upper; left != 0;) {
        size_t first = next_block(word, &left);
        memcpy(&into->upper[first], &from->upper[first], HISTOGRAM_BLOCK * sizeof *into->upper);
    }
}

static void clear_upper(struct histogram *histogram, size_t word, uint64_t bits) {
    for (uint64_t left = bits & histogram->raised[word]; left != 0;) {
        size_t first = next_block(word, &left);
        memset(&histogram->upper[first], 0, HISTOGRAM_BLOCK * sizeof *histogram->upper);
    }
    histogram->raised[word] &= ~bits;
}

static void clear_blocks(struct histogram *histogram, size_t word, uint64_t bits) {
    clear_upper(histogram, word, bits);
    while (bits != 0) {
        size_t first = next_block(word, &bits);
        memset(&histogram->lower[first], 0, HISTOGRAM_BLOCK * sizeof *histogram->lower);
    }
}

/* Each word of from is read once: from may be a shared buffer that its writer is about to
 * overwrite, and what was copied then is thrown away. */
void histogram_copy(struct histogram *into, const struct histogram *from) {
    copy_scalars(into, from);
    for (size_t word = 0; word < HISTOGRAM_WORDS; word++) {
        uint64_t used = from->used[word], changed = used | into->used[word];
        uint64_t raised = from->raised[word] & used;
        clear_blocks(into, word, into->used[word] & ~used);
        clear_upper(into, word, ~raised);
        copy_blocks(into, from, word, used, raised);
        into->raised[word] = raised;
        into->used[word] = used;
        into->dirty[0][word] |= changed;
        into->dirty[1][word] |= changed;
    }
}

void histogram_publish(struct histogram *buffer, struct histogram *from, int set) {
    copy_scalars(buffer, from);
    for (size_t word = 0; word < HISTOGRAM_WORDS; word++) {
        uint64_t changed = from->dirty[set][word], raised = from->raised[word];
        clear_upper(buffer, word, changed & ~raised);
        copy_blocks(buffer, from, word, changed, raised);
        buffer->used[word] = from->used[word];
        buffer->raised[word] = raised;
        from->dirty[set][word] = 0;
    }
}

void histogram_clear(struct histogram *histogram) {
    copy_scalars(histogram, &nothing);
    for (size_t word = 0; word < HISTOGRAM_WORDS; word++) {
        clear_blocks(histogram, word, histogram->used[word]);
        histogram->dirty[0][word] |= histogram->used[word];
        histogram->dirty[1][word] |= histogram->used[word];
        histogram->used[word] = 0;
    }
}

/* The rank, from 1, of the value asked for. A fraction such as 0.999 is rarely exact in binary: one
 * step down before rounding up keeps 0.999 of 1000 at 999. */
static uint64_t rank(double fraction, uint64_t count) {
    if (fraction >= 1)
        return count;
    double exact = nextafter(fraction, -1) * (double)count;
    uint64_t rounded = exact > 0 ? (uint64_t)ceil(exact) : 0;
    return rounded < 1 ? 1 : rounded > count ? count : rounded;
}

/* The last count also holds all that lies above the range: only max bounds it. */
duration histogram_value_at(const struct histogram *histogram, size_t index) {
    int64_t highest = histogram_highest_at(index);
    return index == HISTOGRAM_COUNTS - 1 || highest > histogram->max ? histogram->max : highest;
}

duration histogram_percentile(const struct histogram *histogram, double fraction) {
    duration value;
    histogram_percentiles(histogram, &fraction, 1, &value);
    return value;
}

static uint64_t block_sum(const struct histogram *histogram, size_t first) {
    uint64_t sum = 0;
    for (size_t i = first; i < first + HISTOGRAM_BLOCK; i++)
        sum += histogram_count_at(histogram, i);
    return sum;
}

/* A block at a time, and its counts one by one only where a value is. */
void histogram_percentiles(const struct histogram *histogram, const double *fractions, size_t count,
                           duration *values) {
    size_t found = 0;
    uint64_t seen = 0, wanted = count > 0 ? rank(fractions[0], histogram->count) : 0;
    for (size_t word = 0; histogram->count > 0 && word < HISTOGRAM_WORDS; word++) {
        for (uint64_t bits = histogram->used[word]; bits != 0 && found < count;) {
            size_t index = next_block(word, &bits);
            uint64_t after = seen + block_sum(histogram, index);
            while (found < count && wanted <= after) {
                while (seen + histogram_count_at(histogram, index) < wanted)
                    seen += histogram_count_at(histogram, index++);
                values[found++] = histogram_value_at(histogram, index);
                wanted = found < count ? rank(fractions[found], histogram->count) : 0;
            }
            seen = after;
        }
    }
    for (; found < count; found++)
        values[found] = histogram->count > 0 ? histogram->max : 0;
}

uint64_t histogram_sum(const struct histogram *histogram, size_t first, size_t end) {
    uint64_t sum = 0;
    for (size_t i = first; i < end;) {
        size_t block = i / HISTOGRAM_BLOCK, behind = (block + 1) * HISTOGRAM_BLOCK;
        bool used = (histogram->used[block / 64] >> block % 64 & 1) != 0;
        for (behind = behind < end ? behind : end; used && i < behind; i++)
            sum += histogram_count_at(histogram, i);
        i = behind;
    }
    return sum;
}

duration histogram_percentile_between(const struct histogram *earlier,
                                      const struct histogram *later, double fraction,
                                      uint64_t *count) {
    uint64_t values = later->count - earlier->count, seen = 0;
    if (count != NULL)
        *count = values;
    if (values == 0)
        return 0;
    uint64_t wanted = rank(fraction, values);
    for (size_t word = 0; word < HISTOGRAM_WORDS; word++) {
        for (uint64_t bits = later->used[word]; bits != 0;) {
            size_t first = next_block(word, &bits);
            for (size_t i = first; i < first + HISTOGRAM_BLOCK; i++) {
                seen += histogram_count_at(later, i) - histogram_count_at(earlier, i);
                if (seen >= wanted)
                    return histogram_value_at(later, i);
            }
        }
    }
    return later->max;
}

double histogram_mean(const struct histogram *histogram) {
    return histogram->count > 0 ? histogram->sum / (double)histogram->count : 0;
}

double histogram_stddev(const struct histogram *histogram) {
    if (histogram->count == 0)
        return 0;
    double mean = histogram_mean(histogram);
    double variance = histogram->sum_squares / (double)histogram->count - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

static void subtract(struct histogram *into, const struct histogram *minus) {
    for (size_t index = 0; index < HISTOGRAM_COUNTS; index++)
        if (histogram_count_at(minus, index) > 0)
            add_at(into, index, 0 - histogram_count_at(minus, index));
    into->count -= minus->count;
    into->sum -= minus->sum;
    into->sum_squares -= minus->sum_squares;
}

static void find_bounds(struct histogram *histogram) {
    size_t first = 0, last = HISTOGRAM_COUNTS - 1;
    while (first < last && histogram_count_at(histogram, first) == 0)
        first++;
    while (last > first && histogram_count_at(histogram, last) == 0)
        last--;
    int64_t lowest = histogram_lowest_at(first), highest = histogram_highest_at(last);
    if (histogram->min < lowest || histogram->min > histogram_highest_at(first))
        histogram->min = lowest;
    if (histogram->max > highest || histogram->max < histogram_lowest_at(last))
        histogram->max = highest;
}

void histogram_exchange(struct histogram *into, const struct histogram *minus,
                        const struct histogram *plus) {
    subtract(into, minus);
    histogram_merge(into, plus);
    find_bounds(into);
}
