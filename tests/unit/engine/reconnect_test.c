/* Waits, the queue and the pace of reconnects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/reconnect.h"

static void the_longest_wait_doubles_with_each_retry_up_to_the_bound(void **state) {
    (void)state;
    static const struct {
        uint32_t retries;
        duration most;
    } rows[] = {{0, 1 * SECOND},  {1, 2 * SECOND},  {2, 4 * SECOND},   {3, 8 * SECOND},
                {4, 16 * SECOND}, {5, 30 * SECOND}, {255, 30 * SECOND}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(
            reconnect_wait_max((struct units_span){1 * SECOND, 30 * SECOND}, rows[i].retries),
            rows[i].most);
    assert_int_equal(reconnect_wait_max((struct units_span){MILLISECOND, 24 * HOUR}, 255),
                     24 * HOUR);
    assert_int_equal(reconnect_wait_max((struct units_span){24 * HOUR, 24 * HOUR}, 255), 24 * HOUR);
    assert_int_equal(reconnect_wait_max((struct units_span){SECOND, SECOND}, 0), SECOND);
}

static void the_first_in_connects_first(void **state) {
    (void)state;
    uint32_t slots[3];
    struct reconnect_queue queue = {.slots = slots, .capacity = 3};
    uint32_t in = 0, out = 0;
    for (int round = 0; round < 100; round++) {
        while (queue.count < 3)
            reconnect_push(&queue, in++);
        for (int i = 0; i <= round % 3; i++)
            assert_int_equal(reconnect_pop(&queue), out++);
    }
}

static void a_share_of_the_rate_is_never_above_it(void **state) {
    (void)state;
    assert_int_equal(reconnect_pace_interval((struct units_rate){10, 10 * MILLISECOND}, 1),
                     MILLISECOND);
    assert_int_equal(reconnect_pace_interval((struct units_rate){10, 10 * MILLISECOND}, 4),
                     4 * MILLISECOND);
    assert_int_equal(reconnect_pace_interval((struct units_rate){3, 10 * MILLISECOND}, 1), 3333334);
    assert_int_equal(reconnect_pace_interval((struct units_rate){1000000, MILLISECOND}, 1), 1);
    assert_int_equal(reconnect_pace_interval((struct units_rate){1, HOUR}, 4096), 4096 * HOUR);
}

/* Takes all that there is at a moment. */
static uint64_t taken(struct reconnect_pace *cadence, duration at) {
    uint64_t count = 0;
    while (reconnect_pace_take(cadence, (instant){at}, 10 * MILLISECOND))
        count++;
    return count;
}

static void places_come_one_an_interval(void **state) {
    (void)state;
    struct reconnect_pace cadence = {.interval = MILLISECOND};
    reconnect_pace_begin(&cadence, (instant){5 * SECOND});
    assert_int_equal(taken(&cadence, 5 * SECOND), 0);
    assert_int_equal(taken(&cadence, 5 * SECOND + MILLISECOND - 1), 0);
    assert_int_equal(taken(&cadence, 5 * SECOND + MILLISECOND), 1);
    assert_int_equal(taken(&cadence, 5 * SECOND + 4 * MILLISECOND), 3);
    assert_int_equal(taken(&cadence, 5 * SECOND + 14 * MILLISECOND), 10);
}

static void time_that_nobody_used_earns_one_ticks_worth(void **state) {
    (void)state;
    struct reconnect_pace cadence = {.interval = MILLISECOND};
    reconnect_pace_begin(&cadence, (instant){0});
    assert_int_equal(taken(&cadence, HOUR), 11);
    assert_int_equal(taken(&cadence, HOUR), 0);
    assert_int_equal(taken(&cadence, HOUR + MILLISECOND), 1);
    cadence.interval = SECOND;
    assert_int_equal(taken(&cadence, 2 * HOUR), 1);
    assert_int_equal(taken(&cadence, 2 * HOUR + SECOND - 11 * MILLISECOND), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_wait_doubles_with_each_retry_up_to_the_bound),
        cmocka_unit_test(the_first_in_connects_first),
        cmocka_unit_test(a_share_of_the_rate_is_never_above_it),
        cmocka_unit_test(places_come_one_an_interval),
        cmocka_unit_test(time_that_nobody_used_earns_one_ticks_worth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
