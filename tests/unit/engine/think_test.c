/* Exponential think times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "engine/think.h"

static void the_ends_are_none_at_all_and_ten_means(void **state) {
    (void)state;
    assert_int_equal(think_exponential(UINT64_MAX, 15 * SECOND), 0);
    assert_int_equal(think_exponential(0, 15 * SECOND), 150000);
    assert_int_equal(think_exponential(0, 24 * HOUR), 864000000); /* a wheel's reach is 2^31 */
}

static void mean_deviation_and_median_are_those_of_the_distribution(void **state) {
    (void)state;
    enum { DRAWS = 200000 };
    struct random random;
    random_seed(&random, 3, 0);
    double sum = 0, squares = 0;
    int below_median = 0;
    for (int i = 0; i < DRAWS; i++) {
        double ticks = (double)think_exponential(random_next(&random), 15 * SECOND);
        sum += ticks;
        squares += ticks * ticks;
        below_median += ticks < 15000 * log(2);
    }
    double mean = sum / DRAWS, deviation = sqrt(squares / DRAWS - mean * mean);
    assert_true(fabs(mean - 15000) < 150);
    assert_true(fabs(deviation - 15000) < 300);
    assert_true(abs(below_median - DRAWS / 2) < DRAWS / 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ends_are_none_at_all_and_ten_means),
        cmocka_unit_test(mean_deviation_and_median_are_those_of_the_distribution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
