/* What a connection of a probe does next. */
#include "prober/cohort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct cohort_bounds bounds = {.idle = 20 * SECOND, .wait = INT64_MAX};

static void expect(const struct cohort *cohort, const struct probe_trace *trace,
                   enum cohort_step step, duration expected) {
    duration wait;
    assert_int_equal(cohort_next(cohort, trace, &bounds, &wait), step);
    if (step == COHORT_ASK)
        assert_int_equal(wait, expected);
}

static void an_idle_one_asks_a_few_times_and_waits(void **state) {
    (void)state;
    const struct cohort idle = {.role = PROBE_IDLE, .requests = 2};
    struct probe_trace trace = {.answers = 0};
    expect(&idle, &trace, COHORT_ASK, 0);
    trace.answers = 1;
    expect(&idle, &trace, COHORT_ASK, 310 * MILLISECOND);
    trace.answers = 2;
    expect(&idle, &trace, COHORT_ASK, 20 * SECOND);
    trace.answers = 3;
    trace.gap = 20 * SECOND;
    expect(&idle, &trace, COHORT_DONE, 0);
}

static void a_ladders_waits_double_up_to_the_bound(void **state) {
    (void)state;
    const struct cohort ladder = {.role = PROBE_LADDER, .wait = 3 * SECOND};
    struct probe_trace trace = {.answers = 0};
    expect(&ladder, &trace, COHORT_ASK, 0);
    static const duration waits[] = {3 * SECOND, 6 * SECOND, 12 * SECOND, 20 * SECOND};
    for (size_t i = 0; i < 4; i++) {
        trace.answers = (uint32_t)i + 1;
        expect(&ladder, &trace, COHORT_ASK, waits[i]);
        trace.gap = waits[i];
    }
    trace.answers = 5;
    expect(&ladder, &trace, COHORT_DONE, 0);
}

static void one_rung_is_one_wait(void **state) {
    (void)state;
    const struct cohort once = {.role = PROBE_LADDER, .wait = 7 * SECOND, .once = true};
    struct probe_trace trace = {.answers = 1};
    expect(&once, &trace, COHORT_ASK, 7 * SECOND);
    trace.answers = 2;
    expect(&once, &trace, COHORT_DONE, 0);
}

static void a_fast_one_asks_at_once_and_then_waits(void **state) {
    (void)state;
    const struct cohort fast = {.role = PROBE_FAST, .requests = 100};
    struct probe_trace trace = {.answers = 99};
    expect(&fast, &trace, COHORT_ASK, 0);
    trace.answers = 100;
    expect(&fast, &trace, COHORT_ASK, 20 * SECOND);
}

static void a_steady_one_slows_down_with_its_age(void **state) {
    (void)state;
    const struct cohort steady = {
        .role = PROBE_STEADY, .wait = 250 * MILLISECOND, .divisor = 12, .requests = 170};
    struct probe_trace trace = {.answers = 1};
    expect(&steady, &trace, COHORT_ASK, 250 * MILLISECOND);
    trace.answered_at.ns = 12 * SECOND;
    expect(&steady, &trace, COHORT_ASK, 1 * SECOND);
    trace.answered_at.ns = 20 * SECOND;
    expect(&steady, &trace, COHORT_DONE, 0);
    trace.answered_at.ns = 0;
    trace.answers = 170;
    expect(&steady, &trace, COHORT_DONE, 0);
}

static void a_silent_one_asks_when_its_time_is_over(void **state) {
    (void)state;
    const struct cohort silent = {.role = PROBE_SILENT};
    struct probe_trace trace = {.answers = 0};
    expect(&silent, &trace, COHORT_ASK, 20 * SECOND);
    trace.answers = 1;
    trace.first_gap = 20 * SECOND;
    expect(&silent, &trace, COHORT_DONE, 0);
}

static void no_wait_is_longer_than_the_known_timeout_allows(void **state) {
    (void)state;
    const struct cohort steady = {
        .role = PROBE_STEADY, .wait = 250 * MILLISECOND, .divisor = 12, .requests = 170};
    const struct cohort_bounds known = {.idle = 20 * SECOND, .wait = 100 * MILLISECOND};
    struct probe_trace trace = {.answers = 1};
    duration wait;
    assert_int_equal(cohort_next(&steady, &trace, &known, &wait), COHORT_ASK);
    assert_int_equal(wait, 100 * MILLISECOND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_one_asks_a_few_times_and_waits),
        cmocka_unit_test(a_ladders_waits_double_up_to_the_bound),
        cmocka_unit_test(one_rung_is_one_wait),
        cmocka_unit_test(a_fast_one_asks_at_once_and_then_waits),
        cmocka_unit_test(a_steady_one_slows_down_with_its_age),
        cmocka_unit_test(a_silent_one_asks_when_its_time_is_over),
        cmocka_unit_test(no_wait_is_longer_than_the_known_timeout_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
