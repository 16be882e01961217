/* Pauses: when we stood still ourselves becomes one mark a moment, set once all have told of it. */
#include "run/pauses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pauses pauses;
static struct marks marks;
static struct notes notes;
static struct tally_counts counts;
static const struct mark_look before = {.t = 1, .lost = 3};

static int set_up(void **state) {
    (void)state;
    pauses_init(&pauses);
    notes_init(&notes, NULL);
    marks = (struct marks){0};
    counts = (struct tally_counts){0};
    return 0;
}

static instant at(duration after) {
    return (instant){after};
}

static void tell(duration now) {
    pauses_report(&pauses, at(now), at(0), &marks, &notes);
}

static void worker_paused(duration from, duration to) {
    counts.pauses++;
    counts.pause_from_ns = from;
    counts.pause_to_ns = to;
    pauses_see(&pauses, &counts, at(to), &before);
}

static void nothing_is_due_without_a_pause(void **state) {
    (void)state;
    pauses_see(&pauses, &counts, at(SECOND), &before);
    pauses_see_parent(&pauses, at(SECOND), at(SECOND + 10 * MILLISECOND), &before);
    assert_int_equal(pauses_due(&pauses).ns, INSTANT_NEVER.ns);
    tell(MINUTE);
    assert_int_equal(marks.count, 0);
}

static void a_late_wait_of_the_parent_is_a_mark(void **state) {
    (void)state;
    pauses_see_parent(&pauses, at(2 * SECOND), at(3 * SECOND), &before);
    assert_int_equal(pauses_due(&pauses).ns, 3 * SECOND + 200 * MILLISECOND);
    tell(3 * SECOND);
    assert_int_equal(marks.count, 0); /* others of the same moment may come */
    tell(3 * SECOND + 200 * MILLISECOND);
    assert_int_equal(marks.count, 1);
    assert_int_equal(marks.items[0].kind, MARK_PAUSE);
    assert_true(marks.items[0].t == 2);
    assert_int_equal(marks.items[0].lost_before, 3);
    assert_string_equal(marks.items[0].text,
                        "the parent process stood still, the workers went on for 1.00 s");
    assert_int_equal(pauses_due(&pauses).ns, INSTANT_NEVER.ns);
}

static void parent_and_workers_in_one_moment_are_one_mark(void **state) {
    (void)state;
    worker_paused(SECOND, 3 * SECOND);
    pauses_see_parent(&pauses, at(2 * SECOND), at(3 * SECOND), &before);
    tell(4 * SECOND);
    assert_int_equal(marks.count, 1);
    assert_string_equal(marks.items[0].text, "we ourselves stood still for 2.00 s");
}

static void the_same_pause_of_workers_is_seen_once(void **state) {
    (void)state;
    worker_paused(SECOND, 2 * SECOND);
    tell(3 * SECOND);
    pauses_see(&pauses, &counts, at(4 * SECOND), &before);
    tell(5 * SECOND);
    assert_int_equal(marks.count, 1);
    assert_string_equal(marks.items[0].text, "workers of ours stood still for 1.00 s");
}

static void pauses_leave_room_for_the_marks_of_the_user(void **state) {
    (void)state;
    for (int i = 0; i < MARKS_MAX; i++) {
        worker_paused(i * SECOND, i * SECOND + SECOND / 2);
        tell((i + 1) * SECOND);
    }
    assert_int_equal(marks.count, MARKS_MAX / 2);
}

static void a_shorter_pause_of_the_same_10_s_is_a_mark_but_no_line(void **state) {
    (void)state;
    worker_paused(SECOND, 2 * SECOND);
    tell(3 * SECOND);
    assert_int_equal(pauses.noted_at.ns, 3 * SECOND);
    worker_paused(4 * SECOND, 5 * SECOND);
    tell(6 * SECOND);
    assert_int_equal(pauses.noted_at.ns, 3 * SECOND);
    assert_int_equal(marks.count, 2);
    worker_paused(6 * SECOND, 8 * SECOND); /* longer */
    tell(9 * SECOND);
    assert_int_equal(pauses.noted_at.ns, 9 * SECOND);
    pauses_see_parent(&pauses, at(9 * SECOND), at(10 * SECOND), &before); /* another kind */
    tell(11 * SECOND);
    assert_int_equal(pauses.noted_at.ns, 11 * SECOND);
    pauses_see_parent(&pauses, at(21 * SECOND - SECOND / 2), at(21 * SECOND), &before);
    tell(22 * SECOND);
    assert_int_equal(pauses.noted_at.ns, 22 * SECOND);
    assert_int_equal(marks.count, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_due_without_a_pause, set_up),
        cmocka_unit_test_setup(a_late_wait_of_the_parent_is_a_mark, set_up),
        cmocka_unit_test_setup(parent_and_workers_in_one_moment_are_one_mark, set_up),
        cmocka_unit_test_setup(the_same_pause_of_workers_is_seen_once, set_up),
        cmocka_unit_test_setup(a_shorter_pause_of_the_same_10_s_is_a_mark_but_no_line, set_up),
        cmocka_unit_test_setup(pauses_leave_room_for_the_marks_of_the_user, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
