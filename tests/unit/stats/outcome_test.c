/* The outcome table and the errno that lead to it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/outcome.h"

static void open_errno_has_the_contracts_outcome(void **state) {
    (void)state;
    static const struct {
        int error;
        const char *outcome, *side;
    } cases[] = {
        {EMFILE, "fd_limit", "tester"},
        {ENFILE, "fd_limit_system", "tester"},
        {EADDRNOTAVAIL, "ports_exhausted", "tester"},
        {EADDRINUSE, "ports_exhausted", "tester"},
        {ENOMEM, "no_memory", "tester"},
        {ENOBUFS, "no_memory", "tester"},
        {EPERM, "denied", "tester"},
        {EACCES, "denied", "tester"},
        {ENOSYS, "denied", "tester"},
        {ECONNREFUSED, "refused", "server"},
        {EHOSTUNREACH, "unreachable", "network"},
        {ENETUNREACH, "unreachable", "network"},
        {ETIMEDOUT, "connect_timeout", "network"},
        {ECONNRESET, "connect_reset", "server"},
        {EPROTO, "connect_error", "network"},
        {9999, "connect_error", "network"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum outcome outcome = outcome_of_open_errno(cases[i].error);
        assert_string_equal(outcome_name(outcome), cases[i].outcome);
        assert_string_equal(outcome_side_name(outcome_side(outcome)), cases[i].side);
    }
}

static void live_errno_is_ours_only_for_memory(void **state) {
    (void)state;
    assert_int_equal(outcome_of_live_errno(ENOMEM), OUTCOME_no_memory);
    assert_int_equal(outcome_of_live_errno(ENOBUFS), OUTCOME_no_memory);
    assert_int_equal(outcome_of_live_errno(EMFILE), OUTCOME_io_error);
    assert_int_equal(outcome_of_live_errno(EHOSTUNREACH), OUTCOME_io_error);
}

static void only_two_outcomes_are_closed_and_two_are_of_the_drain(void **state) {
    (void)state;
    int closed = 0, drain = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        closed += outcome_is_closed((enum outcome)i);
        drain += outcome_is_drain((enum outcome)i);
        assert_int_equal(outcome_is_drain((enum outcome)i),
                         outcome_side((enum outcome)i) == SIDE_US);
    }
    assert_int_equal(closed, 2);
    assert_int_equal(drain, 2);
    assert_true(outcome_is_closed(OUTCOME_closed_idle));
    assert_true(outcome_is_closed(OUTCOME_closed_announced));
    assert_true(outcome_is_drain(OUTCOME_drained));
    assert_true(outcome_is_drain(OUTCOME_abandoned));
}

static void names_are_distinct_and_texts_are_there(void **state) {
    (void)state;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        assert_true(strlen(outcome_text((enum outcome)i)) > 0);
        assert_int_equal(strlen(outcome_advice((enum outcome)i)) == 0,
                         outcome_is_drain((enum outcome)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(outcome_name((enum outcome)i), outcome_name((enum outcome)j));
    }
}

static void stage_is_the_tables(void **state) {
    (void)state;
    assert_int_equal(outcome_stage(OUTCOME_refused), STAGE_OPEN);
    assert_int_equal(outcome_stage(OUTCOME_silent), STAGE_LIVE);
    assert_int_equal(outcome_stage(OUTCOME_no_memory), STAGE_ANY);
    assert_int_equal(outcome_stage(OUTCOME_drained), STAGE_DRAIN);
}

static void errno_has_a_name_or_says_its_number(void **state) {
    (void)state;
    assert_string_equal(outcome_errno_name(ECONNRESET), "ECONNRESET");
    assert_string_equal(outcome_errno_name(EHWPOISON), "EHWPOISON");
    assert_string_equal(outcome_errno_name(999), "errno 999");
    assert_string_equal(outcome_errno_name(41), "errno 41");
    assert_string_equal(outcome_errno_name(0), "errno 0");
    assert_string_equal(outcome_errno_name(-5), "errno -5");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_errno_has_the_contracts_outcome),
        cmocka_unit_test(live_errno_is_ours_only_for_memory),
        cmocka_unit_test(only_two_outcomes_are_closed_and_two_are_of_the_drain),
        cmocka_unit_test(names_are_distinct_and_texts_are_there),
        cmocka_unit_test(stage_is_the_tables),
        cmocka_unit_test(errno_has_a_name_or_says_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
