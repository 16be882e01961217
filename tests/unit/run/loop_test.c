/* The event loop: which handler gets an event, what a signal does, when a timer runs. */
#include "run/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/slots.h"
#include "door.h"

enum { SIGNALS, FIRST, SECOND_OPERATION };
enum { FD_A = 100, FD_B = 101 };

static struct loop loop;
static int signals_fd;

/* What the handlers saw, in order: "a3" is slot 3 of the first operation. */
static char seen[128];

static void see(char what, uint32_t slot) {
    size_t length = strlen(seen);
    snprintf(seen + length, sizeof seen - length, "%c%u ", what, slot);
}

static void take_a(void *owner, const struct net_event *event, instant now) {
    assert_ptr_equal(owner, seen);
    assert_int_equal(now.ns, door.now.ns);
    see('a', slot_tag_slot(event->tag));
}

static void take_b(void *owner, const struct net_event *event, instant now) {
    (void)owner, (void)now;
    see('b', slot_tag_slot(event->tag));
}

static void forget_b(void *owner, const struct net_event *event, instant now) {
    take_a(owner, event, now);
    loop_forget(&loop, SECOND_OPERATION);
}

static void take_signal(void *owner, int number) {
    see('s', (uint32_t)number);
    if (owner != NULL)
        loop_forget(&loop, SIGNALS);
}

static int set_up(void **state) {
    (void)state;
    door_reset();
    seen[0] = '\0';
    assert_int_equal(loop_open(&loop, 64, ENGINE_URING), 0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    loop_close(&loop);
    assert_false(door.exists);
    while (signals_next(signals_fd) != 0)
        continue;
    return 0;
}

static instant at(duration after) {
    return (instant){SECOND + after};
}

static void an_event_goes_to_the_handler_of_its_operation(void **state) {
    (void)state;
    loop_handle(&loop, FIRST, take_a, seen);
    loop_handle(&loop, SECOND_OPERATION, take_b, NULL);
    loop_arm(&loop, FD_A, FIRST, 7);
    loop_arm(&loop, FD_B, SECOND_OPERATION, 2);
    door_ready_at(MILLISECOND, FD_A);
    door_ready_at(MILLISECOND, FD_B);
    assert_true(loop_turn(&loop, at(SECOND)));
    assert_string_equal(seen, "a7 b2 ");
    assert_int_equal(door.now.ns, at(MILLISECOND).ns);
}

static void an_event_without_a_handler_is_dropped(void **state) {
    (void)state;
    loop_arm(&loop, FD_A, FIRST, 0);
    door_ready_at(0, FD_A);
    assert_true(loop_turn(&loop, at(SECOND)));
    assert_string_equal(seen, "");
}

static void an_event_that_has_come_is_dropped_when_its_operation_is_forgotten(void **state) {
    (void)state;
    loop_handle(&loop, FIRST, forget_b, seen);
    loop_handle(&loop, SECOND_OPERATION, take_b, NULL);
    loop_arm(&loop, FD_A, FIRST, 0);
    loop_arm(&loop, FD_B, SECOND_OPERATION, 0);
    door_ready_at(0, FD_A);
    door_ready_at(0, FD_B);
    loop_turn(&loop, at(SECOND));
    assert_string_equal(seen, "a0 ");
}

static void an_interrupt_stops_a_loop_that_has_no_handler(void **state) {
    (void)state;
    loop_handle_signals(&loop, signals_fd, SIGNALS, NULL, NULL);
    door_raise_at(MILLISECOND, signals_fd, SIGUSR1);
    assert_true(loop_turn(&loop, at(SECOND)));
    assert_false(loop.stopped);
    door_raise_at(2 * MILLISECOND, signals_fd, SIGTERM);
    assert_false(loop_turn(&loop, at(SECOND)));
    assert_true(loop.stopped);
    assert_int_equal(loop.error, 0);
}

static void each_signal_goes_to_the_handler(void **state) {
    (void)state;
    loop_handle_signals(&loop, signals_fd, SIGNALS, take_signal, NULL);
    door_raise_at(0, signals_fd, SIGUSR1);
    door_raise_at(0, signals_fd, SIGUSR2);
    door_raise_at(MILLISECOND, signals_fd, SIGWINCH);
    assert_true(loop_turn(&loop, at(SECOND)));
    assert_true(loop_turn(&loop, at(SECOND))); /* the descriptor was armed again */
    char expected[32];
    snprintf(expected, sizeof expected, "s%d s%d s%d ", SIGUSR1, SIGUSR2, SIGWINCH);
    assert_string_equal(seen, expected);
}

static void no_signal_is_read_once_signals_are_forgotten(void **state) {
    (void)state;
    loop_handle_signals(&loop, signals_fd, SIGNALS, take_signal, &loop);
    door_raise_at(0, signals_fd, SIGUSR1);
    door_raise_at(0, signals_fd, SIGUSR2);
    loop_turn(&loop, at(SECOND));
    char expected[32];
    snprintf(expected, sizeof expected, "s%d ", SIGUSR1);
    assert_string_equal(seen, expected);
    assert_int_equal(signals_next(signals_fd), SIGUSR2);
}

static void a_broken_ring_ends_the_turn(void **state) {
    (void)state;
    door.wait_error = -EBADR;
    assert_false(loop_turn(&loop, at(SECOND)));
    assert_int_equal(loop.error, -EBADR);
}

static void a_ring_that_cannot_be_made_is_an_error(void **state) {
    (void)state;
    struct loop other;
    door.create_error = -EPERM;
    assert_int_equal(loop_open(&other, 64, ENGINE_URING), -EPERM);
    loop_close(&other);
}

static void a_pause_lasts_as_long_as_asked(void **state) {
    (void)state;
    loop_handle(&loop, FIRST, take_a, seen);
    loop_arm(&loop, FD_A, FIRST, 0);
    door_ready_at(10 * MILLISECOND, FD_A);
    loop_pause(&loop, 50 * MILLISECOND);
    assert_int_equal(door.now.ns, at(50 * MILLISECOND).ns);
    assert_string_equal(seen, "a0 ");
}

static void an_interrupt_ends_a_pause(void **state) {
    (void)state;
    loop_handle_signals(&loop, signals_fd, SIGNALS, NULL, NULL);
    door_raise_at(20 * MILLISECOND, signals_fd, SIGINT);
    loop_pause(&loop, 50 * MILLISECOND);
    assert_int_equal(door.now.ns, at(20 * MILLISECOND).ns);
}

static bool something_was_seen(const void *with) {
    return *(const char *)with != '\0';
}

static void the_loop_turns_until_it_is_done(void **state) {
    (void)state;
    loop_handle(&loop, FIRST, take_a, seen);
    loop_arm(&loop, FD_A, FIRST, 0);
    door_ready_at(10 * MILLISECOND, FD_A);
    loop_turn_until(&loop, at(SECOND), something_was_seen, seen);
    assert_int_equal(door.now.ns, at(10 * MILLISECOND).ns);
    loop_turn_until(&loop, at(SECOND), something_was_seen, seen); /* done: no wait */
    assert_int_equal(door.now.ns, at(10 * MILLISECOND).ns);
}

/* --- timers --- */

struct alarms {
    instant now, first, second;
};

static instant first_due(const void *owner) {
    return ((const struct alarms *)owner)->first;
}

static instant second_due(const void *owner) {
    return ((const struct alarms *)owner)->second;
}

static void run_first(void *owner) {
    ((struct alarms *)owner)->first = INSTANT_NEVER;
    see('f', 0);
}

static void run_second(void *owner) {
    struct alarms *alarms = owner;
    alarms->second = INSTANT_NEVER;
    see('g', 0);
}

static void cancel_second(void *owner) {
    run_first(owner);
    ((struct alarms *)owner)->second = INSTANT_NEVER;
}

static void the_wait_is_for_the_first_timer(void **state) {
    (void)state;
    static const struct loop_timer timers[] = {{first_due, run_first}, {second_due, NULL}};
    struct alarms alarms = {.first = at(2 * SECOND), .second = at(SECOND)};
    assert_int_equal(loop_due(timers, 2, &alarms).ns, at(SECOND).ns);
    assert_int_equal(loop_due(timers, 1, &alarms).ns, at(2 * SECOND).ns);
    assert_int_equal(loop_due(timers, 0, &alarms).ns, INSTANT_NEVER.ns);
}

static void timers_that_are_due_run_in_the_order_of_the_table(void **state) {
    (void)state;
    static const struct loop_timer timers[] = {{second_due, run_second}, {first_due, run_first}};
    struct alarms alarms = {.now = at(SECOND), .first = at(0), .second = at(SECOND)};
    loop_run_due(timers, 2, &alarms, &alarms.now);
    assert_string_equal(seen, "g0 f0 ");
    loop_run_due(timers, 2, &alarms, &alarms.now); /* neither is set any more */
    assert_string_equal(seen, "g0 f0 ");
}

static void a_timer_that_is_not_due_does_not_run(void **state) {
    (void)state;
    static const struct loop_timer timers[] = {{first_due, run_first}, {second_due, NULL}};
    struct alarms alarms = {.now = at(SECOND), .first = at(SECOND + 1), .second = at(0)};
    loop_run_due(timers, 2, &alarms, &alarms.now);
    assert_string_equal(seen, "");
}

static void a_timer_may_cancel_those_behind_it(void **state) {
    (void)state;
    static const struct loop_timer timers[] = {{first_due, cancel_second},
                                               {second_due, run_second}};
    struct alarms alarms = {.now = at(SECOND), .first = at(0), .second = at(0)};
    loop_run_due(timers, 2, &alarms, &alarms.now);
    assert_string_equal(seen, "f0 ");
}

int main(void) {
    signals_fd = signals_open();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_event_goes_to_the_handler_of_its_operation),
        TEST(an_event_without_a_handler_is_dropped),
        TEST(an_event_that_has_come_is_dropped_when_its_operation_is_forgotten),
        TEST(an_interrupt_stops_a_loop_that_has_no_handler),
        TEST(each_signal_goes_to_the_handler),
        TEST(no_signal_is_read_once_signals_are_forgotten),
        TEST(a_broken_ring_ends_the_turn),
        TEST(a_ring_that_cannot_be_made_is_an_error),
        TEST(a_pause_lasts_as_long_as_asked),
        TEST(an_interrupt_ends_a_pause),
        TEST(the_loop_turns_until_it_is_done),
        TEST(the_wait_is_for_the_first_timer),
        TEST(timers_that_are_due_run_in_the_order_of_the_table),
        TEST(a_timer_that_is_not_due_does_not_run),
        TEST(a_timer_may_cancel_those_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
