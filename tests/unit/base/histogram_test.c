/* The histogram counts as HdrHistogram does, and touches only what it uses. */
#include "base/expect_bug.h"

#include <math.h>
#include <sys/mman.h>

#include "base/histogram.h"
#include "base/random.h"

static struct histogram empty;

static struct histogram *created(void) {
    struct histogram *histogram = calloc(1, sizeof *histogram);
    assert_non_null(histogram);
    return histogram;
}

/* From nanoseconds to days, as evenly over the magnitudes as latencies are not. */
static duration any_duration(struct random *random) {
    return (duration)(random_next(random) >> random_between(random, 17, 63));
}

/* A few of them so often that their count overflows its lower part. */
static void add_some(struct histogram *histogram, struct random *random, int values) {
    for (int i = 0; i < values; i++) {
        histogram_add(histogram, any_duration(random));
        if (random_between(random, 0, 9) == 0)
            histogram_add_at(histogram, histogram_index(any_duration(random)),
                             (uint64_t)1 << random_between(random, 12, 30));
    }
}

static void assert_same(const struct histogram *a, const struct histogram *b) {
    assert_true(a->count == b->count);
    assert_true(a->count == 0 || a->min == b->min);
    assert_true(a->max == b->max);
    assert_true(fabs(a->sum - b->sum) <= a->sum * 1e-12);
    assert_true(fabs(a->sum_squares - b->sum_squares) <= a->sum_squares * 1e-12);
    assert_memory_equal(a->used, b->used, sizeof a->used);
    for (size_t i = 0; i < HISTOGRAM_COUNTS; i++)
        assert_true(histogram_count_at(a, i) == histogram_count_at(b, i));
}

/* Worked out by hand from HdrHistogram's definition, about where the grain doubles. */
static void the_layout_is_hdrhistograms(void **state) {
    (void)state;
    static const struct {
        size_t index;
        int64_t lowest;
    } known[] = {
        {0, 0},
        {1, 512},
        {1023, 1023 * 512},
        {1024, 1024 * 512},
        {2047, 2047 * 512},
        {2048, 2048 * 512},
        {2049, 2048 * 512 + 1024},
        {3072, 2048 * 1024},
        {3073, 2048 * 1024 + 2048},
        {24575, ((int64_t)1 << 42) - ((int64_t)1 << 31)},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(histogram_index(known[i].lowest), known[i].index);
        assert_true(histogram_lowest_at(known[i].index) == known[i].lowest);
    }
    assert_true(histogram_highest_at(HISTOGRAM_COUNTS - 1) == ((int64_t)1 << 42) - 1);
}

static void the_counts_lie_side_by_side_and_share_nothing(void **state) {
    (void)state;
    int64_t expected = 0;
    for (size_t i = 0; i < HISTOGRAM_COUNTS; i++) {
        int64_t lowest = histogram_lowest_at(i), highest = histogram_highest_at(i);
        assert_true(lowest == expected);
        assert_int_equal(histogram_index(lowest), i);
        assert_int_equal(histogram_index(highest), i);
        expected = highest + 1;
    }
}

static void three_digits_are_kept_from_a_millisecond_to_an_hour(void **state) {
    (void)state;
    for (size_t i = histogram_index(MILLISECOND); i < HISTOGRAM_COUNTS; i++) {
        int64_t lowest = histogram_lowest_at(i);
        assert_true((histogram_highest_at(i) - lowest) * 1000 < lowest);
    }
    assert_true(histogram_index(HOUR) < HISTOGRAM_COUNTS - 1);
}

static void values_beyond_the_range_go_to_the_last_count_and_stay_exact_in_max(void **state) {
    (void)state;
    struct histogram *histogram = created();
    assert_int_equal(histogram_index(INT64_MAX), HISTOGRAM_COUNTS - 1);
    assert_int_equal(histogram_index((int64_t)1 << 42), HISTOGRAM_COUNTS - 1);
    histogram_add(histogram, 10 * HOUR);
    assert_true(histogram_count_at(histogram, HISTOGRAM_COUNTS - 1) == 1);
    assert_true(histogram->max == 10 * HOUR);
    assert_true(histogram_percentile(histogram, 0.5) == 10 * HOUR);
    free(histogram);
}

static void a_negative_value_counts_as_zero(void **state) {
    (void)state;
    struct histogram *histogram = created();
    assert_int_equal(histogram_index(-1), 0);
    histogram_add(histogram, -SECOND);
    assert_true(histogram_count_at(histogram, 0) == 1 && histogram->count == 1);
    assert_true(histogram->min == 0 && histogram->max == 0);
    assert_true(histogram->sum == 0);
    free(histogram);
}

static void zeroed_memory_is_an_empty_histogram(void **state) {
    (void)state;
    struct histogram *histogram = created();
    uint64_t count = 77;
    assert_true(histogram_percentile(histogram, 0.5) == 0);
    assert_true(histogram_percentile_between(histogram, histogram, 1, &count) == 0);
    assert_true(count == 0);
    assert_true(histogram_mean(histogram) == 0);
    assert_true(histogram_stddev(histogram) == 0);
    histogram_add(histogram, 5 * SECOND);
    assert_true(histogram->min == 5 * SECOND && histogram->max == 5 * SECOND);
    free(histogram);
}

static void mean_and_deviation_are_those_of_the_exact_values(void **state) {
    (void)state;
    struct histogram *histogram = created();
    static const duration values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    for (size_t i = 0; i < 8; i++)
        histogram_add(histogram, values[i] * MILLISECOND);
    assert_true(fabs(histogram_mean(histogram) - 5e6) < 1);
    assert_true(fabs(histogram_stddev(histogram) - 2e6) < 1);
    free(histogram);
}

/* Rounding may make the variance of equal values negative, whose root is no number. */
static void equal_values_hardly_deviate(void **state) {
    (void)state;
    struct histogram *histogram = created();
    struct random random;
    random_seed(&random, 7, 0);
    for (int i = 0; i < 1000; i++) {
        duration value = (duration)random_between(&random, 1, (uint64_t)HOUR);
        histogram_clear(histogram);
        for (int times = 0; times < 7; times++)
            histogram_add(histogram, value);
        assert_true(histogram_stddev(histogram) <= (double)value * 1e-6);
    }
    free(histogram);
}

static int by_value(const void *a, const void *b) {
    duration left = *(const duration *)a, right = *(const duration *)b;
    return (left > right) - (left < right);
}

/* What the definition says, over all values kept and sorted. */
static duration exact_quantile(const duration *sorted, int values, int permille) {
    int rank = (values * permille + 999) / 1000;
    duration highest = histogram_highest_at(histogram_index(sorted[rank < 1 ? 0 : rank - 1]));
    return highest < sorted[values - 1] ? highest : sorted[values - 1];
}

static void quantiles_agree_with_the_sorted_values(void **state) {
    (void)state;
    enum { VALUES = 1000, PERMILLES = 10 };
    static const int permille[PERMILLES] = {0, 1, 10, 100, 500, 900, 950, 990, 999, 1000};
    static duration sorted[VALUES];
    struct random random;
    random_seed(&random, 1, 0);
    for (int values = 1; values <= VALUES; values += 37) {
        struct histogram *histogram = created();
        for (int i = 0; i < values; i++) {
            sorted[i] = any_duration(&random) >> 5;
            histogram_add(histogram, sorted[i]);
        }
        qsort(sorted, (size_t)values, sizeof *sorted, by_value);
        assert_true(histogram->min == sorted[0] && histogram->max == sorted[values - 1]);
        double fractions[PERMILLES];
        duration together[PERMILLES];
        for (size_t i = 0; i < PERMILLES; i++)
            fractions[i] = permille[i] / 1000.0;
        histogram_percentiles(histogram, fractions, PERMILLES, together);
        for (size_t i = 0; i < PERMILLES; i++) {
            duration exact = exact_quantile(sorted, values, permille[i]);
            assert_true(histogram_percentile(histogram, fractions[i]) == exact);
            assert_true(together[i] == exact);
        }
        free(histogram);
    }
}

static void p999_of_a_thousand_is_the_999th(void **state) {
    (void)state;
    struct histogram *histogram = created();
    for (int i = 0; i < 999; i++)
        histogram_add(histogram, MILLISECOND);
    histogram_add(histogram, SECOND);
    assert_true(histogram_percentile(histogram, 0.999) < 2 * MILLISECOND);
    assert_true(histogram_percentile(histogram, 0.9991) == SECOND);
    free(histogram);
}

static void a_sum_is_that_of_the_counts_from_the_first_to_before_the_last(void **state) {
    (void)state;
    struct histogram *histogram = created();
    struct random random;
    random_seed(&random, 7, 0);
    for (int i = 0; i < 500; i++)
        histogram_add(histogram, any_duration(&random));
    for (int i = 0; i < 500; i++) {
        size_t first = random_between(&random, 0, HISTOGRAM_COUNTS);
        size_t end = random_between(&random, 0, HISTOGRAM_COUNTS);
        uint64_t sum = 0;
        for (size_t index = first; index < end; index++)
            sum += histogram_count_at(histogram, index);
        assert_int_equal(histogram_sum(histogram, first, end), sum);
    }
    assert_int_equal(histogram_sum(histogram, 0, HISTOGRAM_COUNTS), 500);
    free(histogram);
}

static void merging_is_counting_both(void **state) {
    (void)state;
    struct histogram *a = created(), *b = created(), *both = created();
    struct random random;
    random_seed(&random, 2, 0);
    for (int i = 0; i < 2000; i++) {
        duration value = any_duration(&random);
        histogram_add(i % 3 == 0 ? a : b, value);
        histogram_add(both, value);
    }
    histogram_merge(a, b);
    assert_same(a, both);
    histogram_clear(b);
    histogram_merge(a, b);
    assert_same(a, both);
    histogram_merge(b, a);
    assert_same(b, both);
    free(a), free(b), free(both);
}

static void merging_nothing_changes_nothing(void **state) {
    (void)state;
    struct histogram *histogram = created();
    histogram_add(histogram, SECOND);
    histogram_merge(histogram, &empty);
    assert_true(histogram->count == 1);
    assert_true(histogram->min == SECOND && histogram->max == SECOND);
    free(histogram);
}

static void a_copy_is_the_same_and_keeps_nothing_of_what_it_was(void **state) {
    (void)state;
    struct histogram *from = created(), *into = created();
    struct random random;
    random_seed(&random, 3, 0);
    add_some(into, &random, 3000);
    add_some(from, &random, 50);
    histogram_copy(into, from);
    assert_same(into, from);
    histogram_clear(from);
    histogram_copy(into, from);
    assert_same(into, &empty);
    free(from), free(into);
}

static void a_cleared_histogram_is_empty(void **state) {
    (void)state;
    struct histogram *histogram = created();
    struct random random;
    random_seed(&random, 4, 0);
    add_some(histogram, &random, 3000);
    histogram_clear(histogram);
    assert_same(histogram, &empty);
    histogram_add(histogram, SECOND);
    assert_true(histogram->min == SECOND && histogram->max == SECOND);
    free(histogram);
}

/* One step of what an owner does to its histogram between two publications. */
static void change(struct histogram *histogram, struct histogram *other, struct random *random) {
    switch (random_between(random, 0, 9)) {
    case 0: histogram_clear(histogram); break;
    case 1: histogram_merge(histogram, other); break;
    case 2: histogram_copy(histogram, other); break;
    default: add_some(histogram, random, (int)random_between(random, 0, 5));
    }
}

static void a_published_buffer_is_always_up_to_date(void **state) {
    (void)state;
    struct histogram *own = created(), *other = created();
    struct histogram *buffers[2] = {created(), created()};
    struct random random;
    random_seed(&random, 5, 0);
    add_some(other, &random, 20);
    for (int turn = 0; turn < 400; turn++) {
        int set = (int)random_between(&random, 0, 1);
        change(own, other, &random);
        histogram_publish(buffers[set], own, set);
        assert_same(buffers[set], own);
    }
    free(own), free(other), free(buffers[0]), free(buffers[1]);
}

static void publishing_copies_only_what_changed_since_the_last_time_into_that_buffer(void **state) {
    (void)state;
    struct histogram *own = created(), *buffer = created(), *second = created();
    size_t early = histogram_index(MILLISECOND), late = histogram_index(SECOND);
    histogram_add(own, MILLISECOND);
    histogram_publish(buffer, own, 0);
    buffer->lower[early] = 77; /* a mark that only a copy would undo */
    histogram_add(own, SECOND);
    histogram_publish(buffer, own, 0);
    assert_true(histogram_count_at(buffer, early) == 77 && histogram_count_at(buffer, late) == 1);
    histogram_publish(second, own, 1);
    assert_true(histogram_count_at(second, early) == 1 && histogram_count_at(second, late) == 1);
    free(own), free(buffer), free(second);
}

static void a_count_goes_on_beyond_its_lower_part(void **state) {
    (void)state;
    struct histogram *histogram = created(), *buffer = created(), *copy = created();
    size_t index = histogram_index(SECOND);
    histogram_add_at(histogram, index, 65535);
    histogram_add(histogram, SECOND);
    assert_true(histogram_count_at(histogram, index) == 65536);
    histogram_add(histogram, HOUR);
    assert_true(histogram_percentile(histogram, 0.9999) < 2 * SECOND);
    histogram_publish(buffer, histogram, 0);
    histogram_copy(copy, histogram);
    histogram_merge(copy, histogram);
    assert_true(histogram_count_at(copy, index) == 131072);
    histogram_exchange(copy, histogram, &empty);
    assert_same(copy, histogram);
    assert_same(buffer, histogram);
    free(histogram), free(buffer), free(copy);
}

/* What remains of one that was raised is not what the next one has. */
static void a_cleared_count_leaves_no_upper_part_in_a_published_buffer(void **state) {
    (void)state;
    struct histogram *own = created(), *buffer = created(), *copy = created();
    size_t index = histogram_index(SECOND);
    histogram_add_at(own, index, 1000000);
    histogram_publish(buffer, own, 0);
    histogram_copy(copy, own);
    histogram_clear(own);
    histogram_add(own, SECOND);
    histogram_publish(buffer, own, 0);
    histogram_copy(copy, own);
    assert_true(histogram_count_at(buffer, index) == 1 && histogram_count_at(copy, index) == 1);
    histogram_add_at(own, index, 65536);
    histogram_publish(buffer, own, 0);
    histogram_copy(copy, own);
    assert_true(histogram_count_at(buffer, index) == 65537);
    assert_true(histogram_count_at(copy, index) == 65537);
    free(own), free(buffer), free(copy);
}

static void a_quantile_between_two_states_is_that_of_the_values_added_since(void **state) {
    (void)state;
    struct histogram *earlier = created(), *later = created(), *since = created();
    struct random random;
    random_seed(&random, 6, 0);
    add_some(earlier, &random, 1000);
    histogram_copy(later, earlier);
    for (int i = 0; i < 500; i++) {
        duration value = any_duration(&random) >> 10;
        histogram_add(later, value);
        histogram_add(since, value);
    }
    for (int percent = 1; percent < 100; percent++) {
        uint64_t count = 0;
        assert_true(histogram_percentile_between(earlier, later, percent / 100.0, &count) ==
                    histogram_percentile(since, percent / 100.0));
        assert_true(count == 500);
    }
    free(earlier), free(later), free(since);
}

static size_t resident_pages(void *memory, size_t bytes) {
    unsigned char pages[1024];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = (bytes + page - 1) / page, resident = 0;
    assert_true(count <= sizeof pages);
    assert_int_equal(mincore(memory, bytes, pages), 0);
    for (size_t i = 0; i < count; i++)
        resident += pages[i] & 1;
    return resident;
}

static struct histogram *mapped(void) {
    size_t bytes = sizeof(struct histogram);
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(map != MAP_FAILED);
    madvise(map, bytes, MADV_NOHUGEPAGE);
    return map;
}

/* As a run has them: values from a millisecond to a second, thousands at most of each. */
static void ten_octaves_of_few_values_take_seven_pages(void **state) {
    (void)state;
    struct histogram *histogram = mapped();
    for (duration value = MILLISECOND; value < SECOND; value += 100 * MICROSECOND)
        histogram_add(histogram, value);
    assert_in_range(resident_pages(histogram, sizeof *histogram), 5, 7);
    munmap(histogram, sizeof *histogram);
}

static void only_what_is_used_is_ever_touched(void **state) {
    (void)state;
    struct histogram *maps[3];
    size_t bytes = sizeof **maps;
    for (int i = 0; i < 3; i++)
        maps[i] = mapped();
    histogram_add(maps[0], SECOND); /* its count lies pages away from the head */
    histogram_merge(maps[1], maps[0]);
    histogram_copy(maps[1], maps[0]);
    histogram_publish(maps[2], maps[0], 0);
    histogram_percentile(maps[0], 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(resident_pages(maps[i], bytes), 2);
        histogram_clear(maps[i]);
        assert_int_equal(resident_pages(maps[i], bytes), 2);
        munmap(maps[i], bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_hdrhistograms),
        cmocka_unit_test(the_counts_lie_side_by_side_and_share_nothing),
        cmocka_unit_test(three_digits_are_kept_from_a_millisecond_to_an_hour),
        cmocka_unit_test(values_beyond_the_range_go_to_the_last_count_and_stay_exact_in_max),
        cmocka_unit_test(a_negative_value_counts_as_zero),
        cmocka_unit_test(zeroed_memory_is_an_empty_histogram),
        cmocka_unit_test(mean_and_deviation_are_those_of_the_exact_values),
        cmocka_unit_test(equal_values_hardly_deviate),
        cmocka_unit_test(quantiles_agree_with_the_sorted_values),
        cmocka_unit_test(p999_of_a_thousand_is_the_999th),
        cmocka_unit_test(a_sum_is_that_of_the_counts_from_the_first_to_before_the_last),
        cmocka_unit_test(merging_is_counting_both),
        cmocka_unit_test(merging_nothing_changes_nothing),
        cmocka_unit_test(a_copy_is_the_same_and_keeps_nothing_of_what_it_was),
        cmocka_unit_test(a_cleared_histogram_is_empty),
        cmocka_unit_test(a_published_buffer_is_always_up_to_date),
        cmocka_unit_test(publishing_copies_only_what_changed_since_the_last_time_into_that_buffer),
        cmocka_unit_test(a_count_goes_on_beyond_its_lower_part),
        cmocka_unit_test(a_cleared_count_leaves_no_upper_part_in_a_published_buffer),
        cmocka_unit_test(a_quantile_between_two_states_is_that_of_the_values_added_since),
        cmocka_unit_test(ten_octaves_of_few_values_take_seven_pages),
        cmocka_unit_test(only_what_is_used_is_ever_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
