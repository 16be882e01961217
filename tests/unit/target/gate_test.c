/* The gate keeps a rate, makes up for little, and waits after a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "target/gate.h"

static instant at(duration ns) {
    return (instant){ns};
}

static void without_a_rate_nothing_waits(void **state) {
    (void)state;
    struct gate gate = {.interval = 0};
    gate_pass(&gate, at(SECOND));
    assert_int_equal(gate.next.ns, 0);
}

static void a_rate_spaces_accepts_out(void **state) {
    (void)state;
    struct gate gate = {.interval = 100 * MILLISECOND, .next = at(SECOND)};
    gate_pass(&gate, at(SECOND));
    assert_int_equal(gate.next.ns, SECOND + 100 * MILLISECOND);
    gate_pass(&gate, gate.next);
    assert_int_equal(gate.next.ns, SECOND + 200 * MILLISECOND);
}

static void ten_milliseconds_are_made_up_for_and_no_more(void **state) {
    (void)state;
    struct gate gate = {.interval = 100 * MILLISECOND, .next = at(SECOND)};
    gate_pass(&gate, at(SECOND + 4 * MILLISECOND));
    assert_int_equal(gate.next.ns, SECOND + 100 * MILLISECOND);
    gate_pass(&gate, at(5 * SECOND));
    assert_int_equal(gate.next.ns, 5 * SECOND + 90 * MILLISECOND);
}

static void a_failure_pauses_it(void **state) {
    (void)state;
    struct gate gate = {.interval = 0};
    gate_fail(&gate, at(SECOND));
    assert_int_equal(gate.next.ns, SECOND + 100 * MILLISECOND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_rate_nothing_waits),
        cmocka_unit_test(a_rate_spaces_accepts_out),
        cmocka_unit_test(ten_milliseconds_are_made_up_for_and_no_more),
        cmocka_unit_test(a_failure_pauses_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
