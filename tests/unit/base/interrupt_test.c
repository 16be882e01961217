/* Two signals that are one wish are one interrupt. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/interrupt.h"

static instant at(duration since) {
    return (instant){.ns = 1000 * SECOND + since};
}

static void the_first_is_a_wish_of_its_own(void **state) {
    (void)state;
    struct interrupt last = {0};
    assert_false(interrupt_is_same(&last, SIGINT, at(0)));
    assert_int_equal(SIGINT, last.number);
}

static void the_same_number_within_half_a_second_is_the_same(void **state) {
    (void)state;
    struct interrupt last = {0};
    assert_false(interrupt_is_same(&last, SIGINT, at(0)));
    assert_true(interrupt_is_same(&last, SIGINT, at(2 * MILLISECOND)));
    assert_true(interrupt_is_same(&last, SIGINT, at(499 * MILLISECOND)));
    assert_false(interrupt_is_same(&last, SIGINT, at(500 * MILLISECOND)));
}

static void time_counts_from_the_first_however_often_it_came(void **state) {
    (void)state;
    struct interrupt last = {0};
    assert_false(interrupt_is_same(&last, SIGTERM, at(0)));
    assert_true(interrupt_is_same(&last, SIGTERM, at(400 * MILLISECOND)));
    assert_false(interrupt_is_same(&last, SIGTERM, at(800 * MILLISECOND)));
}

static void another_number_is_another_wish(void **state) {
    (void)state;
    struct interrupt last = {0};
    assert_false(interrupt_is_same(&last, SIGTERM, at(0)));
    assert_false(interrupt_is_same(&last, SIGINT, at(MILLISECOND)));
}

static void a_hangup_goes_with_whatever_it_came_with(void **state) {
    (void)state;
    struct interrupt last = {0};
    assert_false(interrupt_is_same(&last, SIGTERM, at(0)));
    assert_true(interrupt_is_same(&last, SIGHUP, at(MILLISECOND)));
    last = (struct interrupt){0};
    assert_false(interrupt_is_same(&last, SIGHUP, at(0)));
    assert_true(interrupt_is_same(&last, SIGTERM, at(MILLISECOND)));
}

static void a_pending_one_is_looked_at_and_only_the_same_again_is_taken(void **state) {
    (void)state;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    assert_false(interrupt_is_pending());
    assert_false(interrupt_is_repeated(SIGINT));
    raise(SIGINT);
    assert_false(interrupt_is_pending());
    sigpending(&set);
    assert_int_equal(0, sigismember(&set, SIGINT));
    raise(SIGTERM);
    assert_true(interrupt_is_pending());
    assert_true(interrupt_is_pending());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_a_wish_of_its_own),
        cmocka_unit_test(the_same_number_within_half_a_second_is_the_same),
        cmocka_unit_test(time_counts_from_the_first_however_often_it_came),
        cmocka_unit_test(another_number_is_another_wish),
        cmocka_unit_test(a_hangup_goes_with_whatever_it_came_with),
        cmocka_unit_test(a_pending_one_is_looked_at_and_only_the_same_again_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
