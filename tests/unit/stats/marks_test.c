/* Marks: what was lost after each, and when it was refilled. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/marks.h"

static struct marks marks;

static size_t add(enum mark_kind kind, const char *text, double t, uint64_t lost,
                  uint64_t missing) {
    return marks_add(&marks, kind, text, &(struct mark_look){t, lost, missing});
}

static void see(double t, uint64_t lost, uint64_t missing) {
    marks_see(&marks, &(struct mark_look){t, lost, missing});
}

static void losses_of_its_window_are_its_own(void **state) {
    (void)state;
    assert_int_equal(add(MARK_EXEC, "nginx -s reload", 60, 5, 1), 0);
    see(61, 45, 40);
    see(63, 105, 1);
    see(69.5, 106, 1);
    see(80, 500, 90);
    const struct mark *mark = &marks.items[0];
    assert_int_equal(mark->lost_within, 101);
    assert_true(mark->window_seconds == 9.5); /* nobody looked at its end */
    assert_true(mark->refill_seconds == 3);
    assert_true(mark->t == 60 && mark->kind == MARK_EXEC && !mark->killed);
    assert_string_equal(mark->text, "nginx -s reload");
}

static void a_look_at_its_end_closes_the_window(void **state) {
    (void)state;
    add(MARK_SIGNAL, "SIGUSR2", 60, 0, 0);
    see(69.5, 1, 1);
    assert_true(marks_due(&marks) == 70);
    see(70.05, 3, 3); /* it was asked for, and came a moment late */
    assert_int_equal(marks.items[0].lost_within, 3);
    assert_true(marks.items[0].window_seconds == 10);
    assert_true(isinf(marks_due(&marks)));
    see(70.06, 4, 4);
    assert_int_equal(marks.items[0].lost_within, 3);
}

static void the_window_that_ends_first_is_due(void **state) {
    (void)state;
    assert_true(isinf(marks_due(&marks)));
    add(MARK_SIGNAL, "SIGUSR2", 60, 0, 0);
    add(MARK_SIGNAL, "SIGUSR2", 65, 0, 0);
    assert_true(marks_due(&marks) == 70);
    see(70, 0, 0);
    assert_true(marks_due(&marks) == 75);
    see(99, 7, 7); /* long after: of the second window nothing is known but what was */
    assert_true(isinf(marks_due(&marks)));
    assert_int_equal(marks.items[1].lost_within, 0);
    assert_true(marks.items[1].window_seconds == 5);
}

static void what_falls_into_two_windows_is_counted_in_both(void **state) {
    (void)state;
    add(MARK_SIGNAL, "SIGUSR2", 60, 0, 0);
    add(MARK_EXEC, "true", 62, 2, 2);
    see(63, 9, 9);
    assert_int_equal(marks.items[0].lost_within, 9);
    assert_int_equal(marks.items[1].lost_within, 7);
}

static void whole_for_a_moment_is_not_made_good(void **state) {
    (void)state;
    add(MARK_SIGNAL, "SIGUSR2", 10, 0, 0);
    see(11, 50, 0);
    assert_true(marks.items[0].refill_seconds == 1);
    see(12, 90, 40);
    assert_true(isnan(marks.items[0].refill_seconds));
    see(25, 90, 0);
    assert_true(marks.items[0].refill_seconds == 15);
    see(26, 95, 5); /* after its window: of somebody else */
    assert_true(marks.items[0].refill_seconds == 15);
}

static void who_was_missing_before_need_not_come_back(void **state) {
    (void)state;
    add(MARK_SIGNAL, "SIGUSR2", 10, 30, 30);
    see(12, 40, 40);
    assert_true(isnan(marks.items[0].refill_seconds));
    see(13, 40, 31);
    assert_true(isnan(marks.items[0].refill_seconds));
    see(14, 40, 30);
    assert_true(marks.items[0].refill_seconds == 4);
}

static void nothing_lost_is_nothing_to_refill(void **state) {
    (void)state;
    add(MARK_SIGNAL, "SIGUSR2", 10, 7, 0);
    see(10, 7, 0);
    see(14, 7, 0);
    assert_int_equal(marks.items[0].lost_within, 0);
    assert_true(marks.items[0].window_seconds == 4);
    assert_true(isnan(marks.items[0].refill_seconds));
    assert_int_equal(marks.items[0].exit_code, -1);
}

static void each_change_is_told_of_and_nothing_else(void **state) {
    (void)state;
    size_t index = add(MARK_EXEC, "true", 1, 0, 0);
    uint64_t before = marks.changes;
    assert_int_equal(before, 1);
    marks_exited(&marks, index, 3);
    assert_int_equal(marks.changes, ++before);
    assert_int_equal(marks.items[0].exit_code, 3);
    see(2, 1, 1); /* the window grows, one is lost */
    assert_int_equal(marks.changes, ++before);
    see(3, 1, 0); /* refilled */
    assert_int_equal(marks.changes, ++before);
    see(3, 1, 0);
    assert_int_equal(marks.changes, before);
    see(11, 1, 0);
    assert_int_equal(marks.changes, ++before);
    see(21, 3, 2);
    assert_int_equal(marks.changes, before);
    index = add(MARK_EXEC, "true", 30, 3, 2);
    see(31, 3, 2);
    before = marks.changes;
    see(31, 4, 3); /* one more is lost, in no time */
    assert_int_equal(marks.changes, ++before);
    see(40, 4, 3);
    assert_int_equal(marks.changes, ++before);
    see(41, 4, 3);
    assert_int_equal(marks.changes, before);
    see(42, 4, 2); /* refilled after the window */
    assert_int_equal(marks.changes, ++before);
    marks_killed(&marks, index);
    assert_int_equal(marks.changes, ++before);
    assert_true(marks.items[1].killed);
}

static void there_is_room_for_so_many(void **state) {
    (void)state;
    for (int i = 0; i < MARKS_MAX; i++)
        assert_int_equal(add(MARK_SIGNAL, "SIGUSR2", i, 0, 0), i);
    uint64_t before = marks.changes;
    assert_int_equal(add(MARK_EXEC, "true", 99, 0, 0), MARKS_MAX);
    marks_exited(&marks, MARKS_MAX, 1);
    marks_killed(&marks, MARKS_MAX);
    assert_int_equal(marks.count, MARKS_MAX);
    assert_int_equal(marks.left_out, 1);
    assert_int_equal(marks.changes, before);
}

static int none(void **state) {
    (void)state;
    memset(&marks, 0, sizeof marks);
    return 0;
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup(name, none)
    const struct CMUnitTest tests[] = {
        EACH(losses_of_its_window_are_its_own),
        EACH(a_look_at_its_end_closes_the_window),
        EACH(the_window_that_ends_first_is_due),
        EACH(what_falls_into_two_windows_is_counted_in_both),
        EACH(whole_for_a_moment_is_not_made_good),
        EACH(who_was_missing_before_need_not_come_back),
        EACH(nothing_lost_is_nothing_to_refill),
        EACH(each_change_is_told_of_and_nothing_else),
        EACH(there_is_room_for_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
