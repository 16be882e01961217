/* What a probe saw, and what that says. */
#include "traces.h"

static const struct probe_value *idle_of(const struct probe_result *result) {
    return &result->values[PROBE_IDLE_TIMEOUT];
}

static void two_ends_that_agree_are_an_idle_timeout(void **state) {
    (void)state;
    struct traces traces = {.now = 20};
    traces_end(traces_add(&traces, PROBE_IDLE, 0, 1, 0), 5.01, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 0.14, 2, 0.5), 5.5, PROBE_END_FIN);
    traces_add(&traces, PROBE_STEADY, 0.3, 60, 19.9)->gap = traces_ns(1.5);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_FOUND, 5.01);
    assert_int_equal(idle_of(&result)->agreeing, 2);
    assert_int_equal(idle_of(&result)->ended_by, PROBE_END_FIN);
    assert_int_equal(result.strays, 0);
}

static void one_end_is_only_a_bound(void **state) {
    (void)state;
    struct traces traces = {.now = 6};
    traces_end(traces_add(&traces, PROBE_IDLE, 0, 1, 0), 5, PROBE_END_FIN);
    traces_add(&traces, PROBE_LADDER, 1, 3, 5)->gap = traces_ns(2);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_UNKNOWN, (double)NAN);
    assert_float_equal(idle_of(&result)->low, 2, 0.001);
    assert_float_equal(idle_of(&result)->high, 5, 0.001);
}

static void one_end_that_others_outlived_is_a_stray(void **state) {
    (void)state;
    struct traces traces = {.now = 91};
    traces_end(traces_add(&traces, PROBE_IDLE, 0, 1, 0), 5, PROBE_END_FIN);
    traces_add(&traces, PROBE_IDLE, 0.1, 2, 90.2)->gap = traces_ns(90);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_AT_LEAST, 90);
    assert_int_equal(result.strays, 1);
}

static void a_survivor_beyond_makes_it_a_range(void **state) {
    (void)state;
    struct traces traces = {.now = 40};
    traces_end(traces_add(&traces, PROBE_IDLE, 0, 1, 0), 5, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 1, 1, 1), 6, PROBE_END_FIN);
    traces_add(&traces, PROBE_IDLE, 2, 1, 2);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_UNKNOWN, (double)NAN); /* two alone may be chance */
    traces_end(traces_add(&traces, PROBE_IDLE, 3, 1, 3), 8, PROBE_END_FIN);
    result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_JITTERED, 5);
    assert_float_equal(idle_of(&result)->high, 38, 0.001);
}

static void ends_of_different_waits_at_one_look_are_a_clocks(void **state) {
    (void)state;
    struct traces traces = {.now = 30};
    traces_end(traces_add(&traces, PROBE_IDLE, 0, 1, 0.05), 6, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 0.3, 1, 0.3), 6.001, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 0.6, 2, 0.9), 6.002, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 1, 2, 1.4), 7.001, PROBE_END_FIN);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_FOUND, 5.102);
    assert_true(idle_of(&result)->by_clock);
    assert_float_equal(idle_of(&result)->period, 1, 0.01);
    traces_end(traces_add(&traces, PROBE_SILENT, 0.4, 0, 0.4), 8.001, PROBE_END_FIN)->sent = 0;
    traces_end(traces_add(&traces, PROBE_SILENT, 0.9, 0, 0.9), 9.002, PROBE_END_FIN)->sent = 0;
    result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_FIRST_REQUEST_TIMEOUT], PROBE_JITTERED, 7.6);
}

static void scattered_ends_are_a_range(void **state) {
    (void)state;
    struct traces traces = {.now = 30};
    traces_end(traces_add(&traces, PROBE_IDLE, 0, 1, 0), 5, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 0.3, 1, 0.3), 6.1, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 0.6, 2, 0.9), 7.4, PROBE_END_FIN);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_JITTERED, 5);
    assert_float_equal(idle_of(&result)->high, 6.5, 0.001);
}

static void add_ends(struct traces *traces, size_t count, double waited) {
    for (size_t i = 0; i < count; i++) {
        double at = 0.2 * (double)traces->count;
        traces_end(traces_add(traces, PROBE_IDLE, at, 1, at), at + waited, PROBE_END_FIN);
    }
}

static void two_limits_behind_one_name_are_a_range(void **state) {
    (void)state;
    struct traces traces = {.now = 30};
    add_ends(&traces, 2, 4);
    add_ends(&traces, 3, 12);
    struct probe_result result = traces_judge(&traces);
    assert_int_not_equal(idle_of(&result)->status, PROBE_FOUND);
    assert_float_equal(idle_of(&result)->low, 4, 0.001);
    assert_float_equal(idle_of(&result)->high, 12, 0.001);
}

static void one_that_ended_before_the_others_agree_is_a_stray(void **state) {
    (void)state;
    struct traces traces = {.now = 30};
    add_ends(&traces, 1, 4);
    add_ends(&traces, 3, 12);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_FOUND, 12);
    assert_int_equal(idle_of(&result)->agreeing, 3);
    assert_int_equal(result.strays, 1);
}

static void one_that_lived_longer_than_the_others_is_none(void **state) {
    (void)state;
    struct traces traces = {.now = 30};
    add_ends(&traces, 3, 4);
    add_ends(&traces, 1, 12);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_JITTERED, 4);
    assert_float_equal(idle_of(&result)->high, 12, 0.001);
}

static void what_a_restart_ended_says_nothing(void **state) {
    (void)state;
    struct traces traces = {.now = 20};
    traces_end(traces_add(&traces, PROBE_IDLE, 0, 1, 0), 3, PROBE_END_FIN)->swept = true;
    traces_end(traces_add(&traces, PROBE_IDLE, 0.1, 1, 0.1), 3, PROBE_END_FIN)->swept = true;
    traces_add(&traces, PROBE_IDLE, 4, 2, 19)->gap = traces_ns(15);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_AT_LEAST, 15);
    assert_int_equal(result.strays, 0);
}

static void an_end_that_we_saw_late_is_left_out_where_two_others_are(void **state) {
    (void)state;
    struct traces traces = {.now = 20};
    traces_end(traces_add(&traces, PROBE_IDLE, 0, 1, 0), 5, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 0.1, 1, 0.1), 5.1, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 0.2, 1, 0.2), 7.5, PROBE_END_FIN)->late =
        traces_ns(2.3);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_FOUND, 5);
    assert_int_equal(idle_of(&result)->agreeing, 2);
}

static void requests_lost_behind_a_wait_are_a_path_that_forgets(void **state) {
    (void)state;
    struct traces traces = {.now = 30};
    traces_add(&traces, PROBE_LADDER, 0, 4, 8)->gap = traces_ns(4);
    for (int i = 0; i < 2; i++) {
        struct probe_trace *trace =
            traces_end(traces_add(&traces, PROBE_LADDER, i, 4, 8 + i), 18 + i, PROBE_END_SILENT);
        trace->gap = traces_ns(4);
        trace->outstanding = true;
        trace->asked_at = traces_at(16 + i);
    }
    traces.items[0].answered_at = traces_at(29);
    struct probe_result result = traces_judge(&traces);
    traces_expect(idle_of(&result), PROBE_FOUND, 6);
    assert_true(idle_of(&result)->forgotten);
    assert_int_equal(idle_of(&result)->ended_by, PROBE_END_SILENT);
}

static void ends_of_one_age_are_no_idle_timeout(void **state) {
    (void)state;
    struct traces traces = {.now = 30};
    traces_end(traces_add(&traces, PROBE_IDLE, 0, 1, 0), 8, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 0.1, 3, 1.1), 8.1, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_STEADY, 0.2, 20, 7.9), 8.2, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_STEADY, 4.5, 20, 12.1), 12.5, PROBE_END_FIN);
    traces_add(&traces, PROBE_LADDER, 25, 2, 29)->gap = traces_ns(4);
    struct probe_result result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_MAX_AGE], PROBE_FOUND, 8);
    traces_expect(idle_of(&result), PROBE_AT_LEAST, 4);
}

static void ages_whose_ends_share_a_moment_are_not_told(void **state) {
    (void)state;
    struct traces traces = {.now = 30};
    struct probe_trace *one =
        traces_end(traces_add(&traces, PROBE_STEADY, 0, 40, 20), 20, PROBE_END_ANNOUNCED);
    struct probe_trace *other =
        traces_end(traces_add(&traces, PROBE_STEADY, 0.5, 30, 20.4), 20.4, PROBE_END_ANNOUNCED);
    one->before_at = traces_at(18.5);
    other->before_at = traces_at(18.9);
    struct probe_result result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_MAX_AGE], PROBE_UNKNOWN, (double)NAN);
    other->opened_at = traces_at(4.5);
    other->answered_at = other->ended_at = traces_at(24.4);
    other->before_at = traces_at(22.9);
    result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_MAX_AGE], PROBE_FOUND, 19.2);
}

static void an_older_one_that_was_kept_refutes_an_age(void **state) {
    (void)state;
    struct traces traces = {.now = 40};
    traces_end(traces_add(&traces, PROBE_STEADY, 0, 40, 20), 20, PROBE_END_ANNOUNCED);
    traces_end(traces_add(&traces, PROBE_STEADY, 4.5, 30, 24.4), 24.4, PROBE_END_ANNOUNCED);
    traces_add(&traces, PROBE_FAST, 1, 50, 39);
    struct probe_result result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_MAX_AGE], PROBE_AT_LEAST, 38);
}

static void one_number_on_two_connections_is_a_limit_of_requests(void **state) {
    (void)state;
    struct traces traces = {.now = 10};
    traces_end(traces_add(&traces, PROBE_FAST, 0, 100, 0.7), 0.7, PROBE_END_ANNOUNCED);
    traces_end(traces_add(&traces, PROBE_FAST, 1, 100, 1.7), 1.701, PROBE_END_FIN);
    struct probe_result result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_REQUESTS], PROBE_AT_LEAST, 99); /* or their age */
    traces_add(&traces, PROBE_STEADY, 0, 5, 2);
    result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_REQUESTS], PROBE_FOUND, 100);
    traces_add(&traces, PROBE_FAST, 2, 120, 2.5);
    result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_REQUESTS], PROBE_AT_LEAST, 120);
}

/* Each connection is given a number of its own: the most that one carried is no "at least". */
static void numbers_that_differ_are_a_range(void **state) {
    (void)state;
    struct traces traces = {.now = 10};
    traces_add(&traces, PROBE_STEADY, 0, 3, 9);
    traces_end(traces_add(&traces, PROBE_FAST, 1, 12, 1.1), 1.101, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_FAST, 2, 6, 2.1), 2.101, PROBE_END_FIN);
    struct probe_result result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_REQUESTS], PROBE_AT_LEAST, 11); /* two are strays */
    assert_int_equal(result.strays, 2);
    traces_end(traces_add(&traces, PROBE_FAST, 3, 9, 3.1), 3.101, PROBE_END_FIN);
    result = traces_judge(&traces);
    const struct probe_value *requests = &result.values[PROBE_REQUESTS];
    traces_expect(requests, PROBE_JITTERED, 6);
    assert_float_equal(requests->high, 12, 0);
    assert_int_equal(requests->agreeing, 3);
    assert_int_equal(requests->ended_by, PROBE_END_FIN);
    assert_int_equal(result.strays, 0);
}

static void one_alone_is_a_limit_where_an_older_one_was_kept_later(void **state) {
    (void)state;
    struct traces traces = {.now = 10};
    traces_end(traces_add(&traces, PROBE_FAST, 1, 1000, 2), 2, PROBE_END_ANNOUNCED);
    struct probe_trace *other = traces_add(&traces, PROBE_STEADY, 0.5, 3, 1.5);
    struct probe_result result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_REQUESTS], PROBE_AT_LEAST, 999);
    other->answered_at = traces_at(4);
    result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_REQUESTS], PROBE_FOUND, 1000);
    other->opened_at = traces_at(2.5); /* a connection that came later: it may have been a moment */
    result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_REQUESTS], PROBE_AT_LEAST, 999);
}

static void a_connection_that_never_asks_has_a_timeout_of_its_own(void **state) {
    (void)state;
    struct traces traces = {.now = 70};
    traces_end(traces_add(&traces, PROBE_SILENT, 0, 0, 0), 20, PROBE_END_408)->sent = 0;
    traces_end(traces_add(&traces, PROBE_SILENT, 1, 0, 1), 21.01, PROBE_END_408)->sent = 0;
    traces_end(traces_add(&traces, PROBE_IDLE, 0, 1, 0), 65, PROBE_END_FIN);
    traces_end(traces_add(&traces, PROBE_IDLE, 0.1, 1, 0.1), 65.1, PROBE_END_FIN);
    struct probe_result result = traces_judge(&traces);
    traces_expect(&result.values[PROBE_FIRST_REQUEST_TIMEOUT], PROBE_FOUND, 20.01);
    assert_int_equal(result.values[PROBE_FIRST_REQUEST_TIMEOUT].ended_by, PROBE_END_408);
    traces_expect(idle_of(&result), PROBE_FOUND, 65);
}

static void what_a_header_announces_stands_beside_it(void **state) {
    (void)state;
    struct traces traces = {.now = 1};
    struct probe_trace *trace = traces_add(&traces, PROBE_IDLE, 0, 1, 0);
    trace->timeout_s = 5;
    trace->requests_announced = 100;
    struct probe_result result = traces_judge(&traces);
    assert_float_equal(idle_of(&result)->announced, 5, 0);
    assert_float_equal(result.values[PROBE_REQUESTS].announced, 100, 0);
}

static void of_nothing_nothing_is_told(void **state) {
    (void)state;
    struct traces traces = {.now = 1};
    struct probe_result result = traces_judge(&traces);
    for (int i = 0; i < PROBE_QUESTIONS; i++)
        assert_int_equal(result.values[i].status, PROBE_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ends_that_agree_are_an_idle_timeout),
        cmocka_unit_test(one_end_is_only_a_bound),
        cmocka_unit_test(one_end_that_others_outlived_is_a_stray),
        cmocka_unit_test(a_survivor_beyond_makes_it_a_range),
        cmocka_unit_test(ends_of_different_waits_at_one_look_are_a_clocks),
        cmocka_unit_test(scattered_ends_are_a_range),
        cmocka_unit_test(two_limits_behind_one_name_are_a_range),
        cmocka_unit_test(one_that_ended_before_the_others_agree_is_a_stray),
        cmocka_unit_test(one_that_lived_longer_than_the_others_is_none),
        cmocka_unit_test(what_a_restart_ended_says_nothing),
        cmocka_unit_test(an_end_that_we_saw_late_is_left_out_where_two_others_are),
        cmocka_unit_test(requests_lost_behind_a_wait_are_a_path_that_forgets),
        cmocka_unit_test(ends_of_one_age_are_no_idle_timeout),
        cmocka_unit_test(ages_whose_ends_share_a_moment_are_not_told),
        cmocka_unit_test(an_older_one_that_was_kept_refutes_an_age),
        cmocka_unit_test(one_number_on_two_connections_is_a_limit_of_requests),
        cmocka_unit_test(numbers_that_differ_are_a_range),
        cmocka_unit_test(one_alone_is_a_limit_where_an_older_one_was_kept_later),
        cmocka_unit_test(a_connection_that_never_asks_has_a_timeout_of_its_own),
        cmocka_unit_test(what_a_header_announces_stands_beside_it),
        cmocka_unit_test(of_nothing_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
