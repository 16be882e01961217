/* Seconds of parts become seconds of the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "hosts/seconds.h"

static struct seconds_part a, b;
static struct seconds_all all;

static int begin(void **state) {
    (void)state;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    memset(&all, 0, sizeof all);
    return 0;
}

static void add(void) {
    const struct seconds_part *const parts[] = {&a, &b};
    seconds_all_add(&all, parts, 2);
}

static void hold(struct seconds_part *part, double t, uint64_t live_min, double per_second) {
    seconds_part_take(part, t, true, live_min, per_second);
}

static void a_second_waits_for_all_parts(void **state) {
    (void)state;
    hold(&a, 1.01, 10, 5);
    add();
    assert_int_equal(all.latest, 0);
    hold(&b, 1.002, 20, 7);
    add();
    assert_int_equal(all.latest, 1);
    assert_true(all.held);
    assert_int_equal(all.live_min, 30);
}

static void the_least_is_of_the_same_second(void **state) {
    (void)state;
    static const uint64_t of_a[] = {10, 2, 10}, of_b[] = {20, 20, 5};
    for (int i = 0; i < 3; i++) {
        hold(&a, i + 1.01, of_a[i], 1);
        hold(&b, i + 1.02, of_b[i], 1);
    }
    add();
    assert_int_equal(all.live_min, 15); /* neither 7, of two seconds, nor what one of them held */
}

static void a_ramp_is_no_hold(void **state) {
    (void)state;
    seconds_part_take(&a, 1, false, 0, 100);
    hold(&b, 1, 20, 100);
    hold(&a, 2, 10, 50);
    hold(&b, 2, 20, 50);
    add();
    assert_int_equal(all.live_min, 30);
    assert_float_equal(all.per_second_peak, 0, 0); /* all held in none of them from its beginning */
    hold(&a, 3, 10, 3);
    hold(&b, 3, 20, 4);
    add();
    assert_float_equal(all.per_second_peak, 7, 0);
}

static void what_is_left_of_a_second_counts_for_the_least_alone(void **state) {
    (void)state;
    for (int i = 1; i <= 2; i++) {
        hold(&a, i, 10, 5);
        hold(&b, i, 20, 5);
    }
    hold(&a, 2.4, 10, 900);
    hold(&b, 2.4, 3, 900);
    add();
    assert_int_equal(all.live_min, 13);
    assert_float_equal(all.per_second_peak, 10, 0);
}

static void a_part_that_was_silent_speaks_of_all_of_that_time(void **state) {
    (void)state;
    for (int i = 1; i <= 5; i++)
        hold(&a, i, i == 3 ? 4 : 10, 1);
    hold(&b, 1, 20, 1);
    add();
    assert_int_equal(all.latest, 1);
    hold(&b, 5, 15, 1);
    add();
    assert_int_equal(all.latest, 5);
    assert_int_equal(all.live_min, 19);
}

static void silence_that_lasts_is_not_waited_for(void **state) {
    (void)state;
    hold(&b, 1, 20, 1);
    for (int i = 1; i <= SECONDS_KEPT + 9; i++) {
        hold(&a, i, 10, 1);
        add();
    }
    assert_int_equal(all.latest, 10);
    assert_int_equal(all.live_min, 30);
}

static void who_is_lost_holds_nothing_from_then_on(void **state) {
    (void)state;
    hold(&a, 1, 10, 1);
    hold(&b, 1, 20, 1);
    hold(&a, 2, 10, 1);
    b.lost = true;
    add();
    assert_int_equal(all.latest, 2);
    assert_int_equal(all.live_min, 10);
    assert_true(all.held_before);
}

static void the_first_that_ends_ends_the_hold_of_all(void **state) {
    (void)state;
    hold(&a, 1, 10, 1);
    hold(&b, 1, 20, 1);
    a.ended = true;
    hold(&b, 2, 20, 1);
    hold(&b, 3, 0, 900);
    add();
    assert_int_equal(all.live_min, 30);
    assert_float_equal(all.per_second_peak, 0, 0);
}

static void no_number_of_a_line_breaks_it(void **state) {
    (void)state;
    static const double odd[] = {-1, 0, 0.05, NAN, INFINITY, -INFINITY, 1e300};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        hold(&a, odd[i], 1, NAN);
    add();
    assert_int_equal(all.latest, 0);
    assert_int_equal(a.latest, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_second_waits_for_all_parts, begin),
        cmocka_unit_test_setup(the_least_is_of_the_same_second, begin),
        cmocka_unit_test_setup(a_ramp_is_no_hold, begin),
        cmocka_unit_test_setup(what_is_left_of_a_second_counts_for_the_least_alone, begin),
        cmocka_unit_test_setup(a_part_that_was_silent_speaks_of_all_of_that_time, begin),
        cmocka_unit_test_setup(silence_that_lasts_is_not_waited_for, begin),
        cmocka_unit_test_setup(who_is_lost_holds_nothing_from_then_on, begin),
        cmocka_unit_test_setup(the_first_that_ends_ends_the_hold_of_all, begin),
        cmocka_unit_test_setup(no_number_of_a_line_breaks_it, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
