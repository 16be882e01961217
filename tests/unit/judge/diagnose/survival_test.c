/* Kaplan and Meier's estimate. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/diagnose/survival.h"

static struct ages ages;
static struct survival survival;

static void add(enum age_kind kind, int count, uint32_t age_ms) {
    for (int i = 0; i < count; i++)
        ages_add(&ages, kind, age_ms);
}

/* 10 connections: 2 end at 10 ms, 1 is last seen at 20, 2 end at 30, the other 5 are last seen at
 * 100: 1 - 2/10 = 0.8; of the 7 that reach 30 ms 2 end: 0.8 x 5/7. */
static void those_whose_end_was_not_seen_count_up_to_then(void **state) {
    (void)state;
    memset(&ages, 0, sizeof ages);
    add(AGES_ENDED, 2, 10);
    add(AGES_CENSORED, 1, 20);
    add(AGES_ENDED, 2, 30);
    add(AGES_CENSORED, 5, 100);
    survival_estimate(&survival, &ages, 10);
    assert_true(survival.measured);
    assert_int_equal(survival.count, 2);
    assert_int_equal(survival.points[0].age_ms, 10);
    assert_true(fabs(survival.points[0].surviving - 0.8) < 1e-12);
    assert_int_equal(survival.points[1].at_risk, 7);
    assert_true(fabs(survival.points[1].surviving - 0.8 * 5 / 7) < 1e-12);
    assert_int_equal(survival.censored, 6);
    assert_int_equal(survival.oldest_ms, 100);
}

static void ages_that_are_missing_leave_it_unmeasured(void **state) {
    (void)state;
    memset(&ages, 0, sizeof ages);
    add(AGES_ENDED, 2, 10);
    survival_estimate(&survival, &ages, 3);
    assert_false(survival.measured);
    assert_int_equal(survival.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_whose_end_was_not_seen_count_up_to_then),
        cmocka_unit_test(ages_that_are_missing_leave_it_unmeasured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
