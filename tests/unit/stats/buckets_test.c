/* Buckets add up from bound to bound, and a value at a bound is not above it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stats/buckets.h"

static void each_bound_counts_all_below_it(void **state) {
    struct histogram *histogram = calloc(1, sizeof *histogram);
    (void)state;
    assert_non_null(histogram);
    for (size_t i = 0; i < BUCKETS; i++)
        histogram_add(histogram, bucket_bounds[i].bound);
    histogram_add(histogram, 1000 * SECOND);
    struct buckets buckets = buckets_of(histogram);
    assert_true(buckets.known);
    for (size_t i = 0; i < BUCKETS; i++) {
        assert_int_equal(buckets.counts[i], i + 1);
        assert_true(i == 0 || bucket_bounds[i].bound > bucket_bounds[i - 1].bound);
    }
    free(histogram);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_bound_counts_all_below_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
