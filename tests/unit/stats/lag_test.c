/* Our own lateness is weighed by time: a stop of seconds is not one turn among thousands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stats/lag.h"

static struct histogram lag;

/* Eight seconds of turns each 1 ms, one of which comes late by so much. */
static void play(duration late) {
    histogram_clear(&lag);
    for (int i = 0; i < 8000; i++)
        lag_add_without_omission(&lag, 100 * MICROSECOND, 100 * MICROSECOND, MILLISECOND);
    if (late > 0)
        lag_add_without_omission(&lag, late, 100 * MICROSECOND, late + MILLISECOND);
}

static void a_pause_weighs_as_long_as_it_was(void **state) {
    (void)state;
    play(2500 * MILLISECOND);
    assert_in_range(histogram_percentile(&lag, 0.99), 2300 * MILLISECOND, 2500 * MILLISECOND);
    assert_in_range(histogram_percentile(&lag, 0.5), 0, MILLISECOND);
    assert_int_equal(lag.max, 2500 * MILLISECOND);
    assert_in_range(lag.count, 10400, 10600);
}

static void one_short_lateness_of_a_long_run_is_no_percentile(void **state) {
    (void)state;
    play(20 * MILLISECOND);
    assert_in_range(histogram_percentile(&lag, 0.99), 0, MILLISECOND);
    assert_int_equal(lag.max, 20 * MILLISECOND);
}

/* Turns that come once a second count for all of it: the time on time is seen too. */
static void a_quiet_worker_is_not_late_for_its_quiet(void **state) {
    (void)state;
    histogram_clear(&lag);
    for (int i = 0; i < 60; i++)
        lag_add_without_omission(&lag, 50 * MICROSECOND, 50 * MICROSECOND, SECOND);
    lag_add_without_omission(&lag, 400 * MILLISECOND, 50 * MICROSECOND, SECOND);
    assert_in_range(histogram_percentile(&lag, 0.99), 0, MILLISECOND);
    assert_in_range(histogram_percentile(&lag, 0.995), 50 * MILLISECOND, 400 * MILLISECOND);
}

static void an_hour_is_added_in_few_steps(void **state) {
    (void)state;
    histogram_clear(&lag);
    lag_add_without_omission(&lag, HOUR, 0, HOUR);
    assert_in_range(lag.count, 3580000, 3610000);
    assert_in_range(histogram_percentile(&lag, 0.5), HOUR / 2 - HOUR / 100, HOUR / 2 + HOUR / 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_weighs_as_long_as_it_was),
        cmocka_unit_test(one_short_lateness_of_a_long_run_is_no_percentile),
        cmocka_unit_test(a_quiet_worker_is_not_late_for_its_quiet),
        cmocka_unit_test(an_hour_is_added_in_few_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
