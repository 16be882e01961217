/* A rate of a moment is no peak, and no peak is below the mean. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "stats/rates.h"

static instant at(duration since) {
    return (instant){HOUR + since};
}

static void assert_near(double is, double expected) {
    assert_true(fabs(is - expected) <= 1e-9 * expected);
}

static void the_first_look_tells_no_rate(void **state) {
    (void)state;
    struct rates rates;
    rates_init(&rates);
    assert_true(isnan(rates_look(&rates, at(0), 1000)));
    assert_true(isnan(rates_look(&rates, at(3 * MILLISECOND), 1090)));
    assert_near(rates_look(&rates, at(SECOND), 1500), 500);
}

/* As where a ramp ends a moment after a tick. */
static void what_is_much_shorter_than_a_second_is_counted_with_the_one_before(void **state) {
    (void)state;
    struct rates rates;
    rates_init(&rates);
    rates_look(&rates, at(0), 0);
    assert_near(rates_look(&rates, at(SECOND), 1000), 1000);
    assert_near(rates_look(&rates, at(1010 * MILLISECOND), 1091), 1091 / 1.01);
    assert_near(rates_look(&rates, at(2 * SECOND), 2000), 1000);
    rates_begin_hold(&rates, at(2010 * MILLISECOND), 2100);
    assert_true(isnan(rates_look(&rates, at(2020 * MILLISECOND), 2200)));
    assert_near(rates_look(&rates, at(3010 * MILLISECOND), 2600), 500);
}

static void what_a_hold_has_beyond_full_seconds_counts_too(void **state) {
    (void)state;
    struct rates rates;
    rates_init(&rates);
    rates_begin_hold(&rates, at(0), 0);
    rates_look(&rates, at(SECOND), 10);
    assert_near(rates_peak(&rates), 10);
    rates_end_hold(&rates, at(1500 * MILLISECOND), 90); /* the mean is 60 */
    assert_near(rates_peak(&rates), 60);
    rates_look(&rates, at(2500 * MILLISECOND), 1000000); /* after the hold */
    assert_near(rates_peak(&rates), 60);
}

static void a_hold_without_a_full_second_has_no_peak(void **state) {
    (void)state;
    struct rates rates;
    rates_init(&rates);
    assert_true(isnan(rates_peak(&rates)));
    rates_begin_hold(&rates, at(0), 0);
    rates_end_hold(&rates, at(800 * MILLISECOND), 90);
    assert_true(isnan(rates_peak(&rates)));
}

/* The end is looked at in the same instant as the last second, and a little more was counted. */
static void what_is_counted_at_the_same_instant_counts_too(void **state) {
    (void)state;
    struct rates rates;
    rates_init(&rates);
    rates_begin_hold(&rates, at(0), 0);
    rates_look(&rates, at(SECOND), 40);
    rates_end_hold(&rates, at(SECOND), 42);
    assert_float_equal(rates_peak(&rates), 42, 1e-9);
}

/* Looks as late and as early as they like. */
static void no_peak_is_below_the_mean(void **state) {
    (void)state;
    struct random random;
    random_seed(&random, 7, 0);
    for (int run = 0; run < 1000; run++) {
        struct rates rates;
        duration now = 0, looks = 1 + (duration)random_between(&random, 0, 7);
        uint64_t count = 0;
        rates_init(&rates);
        rates_begin_hold(&rates, at(0), 0);
        for (duration i = 0; i < looks; i++) {
            now += (duration)random_between(&random, 0, 1499) * MILLISECOND + 1;
            count += random_between(&random, 0, 999);
            if (i < looks - 1)
                rates_look(&rates, at(now), count);
        }
        rates_end_hold(&rates, at(now), count);
        double peak = rates_peak(&rates), mean = (double)count / duration_seconds(now);
        assert_true(isnan(peak) ? now < SECOND : peak >= mean * (1 - 1e-9));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_look_tells_no_rate),
        cmocka_unit_test(what_is_much_shorter_than_a_second_is_counted_with_the_one_before),
        cmocka_unit_test(what_a_hold_has_beyond_full_seconds_counts_too),
        cmocka_unit_test(a_hold_without_a_full_second_has_no_peak),
        cmocka_unit_test(what_is_counted_at_the_same_instant_counts_too),
        cmocka_unit_test(no_peak_is_below_the_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
