/* Clocks compared by round trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hosts/clock_offset.h"

static void the_shortest_round_trip_decides(void **state) {
    (void)state;
    struct clock_offset clock = {0};
    clock_offset_take(&clock, (instant){1000}, (instant){3000}, 500000);
    assert_int_equal(clock.round_trip, 2000);
    assert_int_equal(clock.offset, 498000);
    clock_offset_take(&clock, (instant){10000}, (instant){10100}, 508061);
    assert_int_equal(clock.round_trip, 100);
    assert_int_equal(clock.offset, 498011);
    clock_offset_take(&clock, (instant){20000}, (instant){29000}, 1);
    assert_int_equal(clock.offset, 498011);
    assert_int_equal(clock.samples, 3);
}

static void a_moment_is_the_same_there_and_back(void **state) {
    (void)state;
    struct clock_offset clock = {0};
    clock_offset_take(&clock, (instant){5000}, (instant){5200}, 100);
    assert_int_equal(clock_offset_theirs(&clock, (instant){5100}), 100);
    assert_int_equal(clock_offset_ours(&clock, 100).ns, 5100);
    assert_int_equal(clock_offset_ours(&clock, clock_offset_theirs(&clock, (instant){77})).ns, 77);
}

/* Whatever the way there takes of the trip, the error is half of it at most. */
static void the_error_is_half_a_round_trip_at_most(void **state) {
    (void)state;
    for (int64_t there = 0; there <= 1000; there += 50) {
        struct clock_offset clock = {0};
        int64_t ahead = 123456;
        clock_offset_take(&clock, (instant){0}, (instant){1000}, there + ahead);
        assert_in_range(clock.offset, ahead - 500, ahead + 500);
    }
}

static void the_error_grows_while_clocks_run_apart(void **state) {
    (void)state;
    struct clock_offset clock = {0};
    clock_offset_take(&clock, (instant){0}, (instant){2000}, 1000);
    assert_int_equal(clock_offset_error(&clock, (instant){2000}), 1000);
    assert_int_equal(clock_offset_error(&clock, (instant){0}), 1000);
    assert_int_equal(clock_offset_error(&clock, (instant){2000 + 60 * SECOND}),
                     1000 + 30 * MILLISECOND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_round_trip_decides),
        cmocka_unit_test(a_moment_is_the_same_there_and_back),
        cmocka_unit_test(the_error_is_half_a_round_trip_at_most),
        cmocka_unit_test(the_error_grows_while_clocks_run_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
