/* Marks: what was lost after each, and when it was made good. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats/marks.h"

static void losses_of_its_window_are_its_own(void **state) {
    (void)state;
    static struct marks marks;
    memset(&marks, 0, sizeof marks);
    assert_int_equal(marks_add(&marks, MARK_EXEC, "nginx -s reload", 60, 5, 100), 0);
    marks_see(&marks, 61, 45, 60);
    marks_see(&marks, 63, 105, 100);
    marks_see(&marks, 69.5, 106, 100);
    marks_see(&marks, 80, 500, 10);
    const struct mark *mark = &marks.items[0];
    assert_int_equal(mark->lost_within, 101);
    assert_true(mark->window_seconds == MARK_WINDOW_SECONDS);
    assert_true(mark->refill_seconds == 3);
}

static void whole_for_a_moment_is_not_made_good(void **state) {
    (void)state;
    static struct marks marks;
    memset(&marks, 0, sizeof marks);
    marks_add(&marks, MARK_SIGNAL, "SIGUSR2", 10, 0, 100);
    marks_see(&marks, 11, 50, 100);
    marks_see(&marks, 12, 90, 60);
    assert_true(isnan(marks.items[0].refill_seconds));
    marks_see(&marks, 25, 90, 100);
    assert_true(marks.items[0].refill_seconds == 15);
}

static void nothing_lost_is_nothing_to_refill(void **state) {
    (void)state;
    static struct marks marks;
    memset(&marks, 0, sizeof marks);
    marks_add(&marks, MARK_SIGNAL, "SIGUSR2", 10, 7, 100);
    marks_see(&marks, 10, 7, 100);
    marks_see(&marks, 14, 7, 100);
    assert_int_equal(marks.items[0].lost_within, 0);
    assert_true(marks.items[0].window_seconds == 4);
    assert_true(isnan(marks.items[0].refill_seconds));
    assert_int_equal(marks.items[0].exit_code, -1);
}

static void a_change_is_told_of_and_the_end_of_a_window_ends_it(void **state) {
    (void)state;
    static struct marks marks;
    memset(&marks, 0, sizeof marks);
    size_t index = marks_add(&marks, MARK_EXEC, "true", 1, 0, 10);
    uint64_t before = marks.changes;
    marks_exited(&marks, index, 0);
    assert_int_equal(marks.changes, before + 1);
    marks_see(&marks, 20, 0, 10);
    before = marks.changes;
    marks_see(&marks, 21, 3, 7);
    assert_int_equal(marks.changes, before);
}

static void there_is_room_for_so_many(void **state) {
    (void)state;
    static struct marks marks;
    memset(&marks, 0, sizeof marks);
    for (int i = 0; i < MARKS_MAX; i++)
        marks_add(&marks, MARK_SIGNAL, "SIGUSR2", i, 0, 0);
    assert_int_equal(marks_add(&marks, MARK_EXEC, "true", 99, 0, 0), MARKS_MAX);
    marks_exited(&marks, MARKS_MAX, 1);
    assert_int_equal(marks.count, MARKS_MAX);
    assert_int_equal(marks.left_out, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_of_its_window_are_its_own),
        cmocka_unit_test(whole_for_a_moment_is_not_made_good),
        cmocka_unit_test(nothing_lost_is_nothing_to_refill),
        cmocka_unit_test(a_change_is_told_of_and_the_end_of_a_window_ends_it),
        cmocka_unit_test(there_is_room_for_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
