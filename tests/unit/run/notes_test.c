/* Notes: each kind of ending is printed as it grows, at most once in ten seconds. */
#include "run/notes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "captured.h"

static struct notes notes;
static struct screen screen = {.fd = -1}; /* no block: lines go to standard error */
static struct tally_counts counts;
static struct captured err;

static int set_up(void **state) {
    (void)state;
    notes_init(&notes, &screen);
    counts = (struct tally_counts){0};
    return 0;
}

static const char *outcomes_at(duration now) {
    capture(&err, stderr);
    notes_outcomes(&notes, &counts, (instant){now});
    release(&err);
    return err.text;
}

static const char *refill_at(duration now) {
    capture(&err, stderr);
    notes_refill(&notes, &counts, 10, (instant){now});
    release(&err);
    return err.text;
}

static void assert_holds(const char *text, const char *part) {
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void an_outcome_that_grows_is_printed(void **state) {
    (void)state;
    counts.outcomes[OUTCOME_refused] = 3;
    assert_holds(outcomes_at(SECOND), "  note   3 refused: connection refused (side: server)\n");
    assert_string_equal(outcomes_at(2 * SECOND), "");
}

static void growth_within_ten_seconds_waits_and_is_added_up(void **state) {
    (void)state;
    counts.outcomes[OUTCOME_refused] = 1;
    outcomes_at(SECOND);
    counts.outcomes[OUTCOME_refused] = 4;
    assert_string_equal(outcomes_at(10 * SECOND), "");
    counts.outcomes[OUTCOME_refused] = 5;
    assert_holds(outcomes_at(11 * SECOND), "  note   4 more refused");
}

static void a_limit_of_our_own_waits_for_its_explanation(void **state) {
    (void)state;
    counts.outcomes[OUTCOME_fd_limit] = 1;
    assert_string_equal(outcomes_at(SECOND), "");
    notes.explained[OUTCOME_fd_limit] = true;
    assert_holds(outcomes_at(2 * SECOND), "1 fd_limit");
}

static void a_refill_is_followed_until_all_are_live(void **state) {
    (void)state;
    counts.live = 10;
    assert_string_equal(refill_at(SECOND), "");
    counts.live = 7;
    assert_holds(refill_at(2 * SECOND), "7 of 10 live");
    assert_string_equal(refill_at(11 * SECOND), "");
    assert_holds(refill_at(12 * SECOND), "7 of 10 live");
    counts.live = 10;
    counts.reconnected = 3;
    assert_holds(refill_at(13 * SECOND), "all 10 are live again: 3 reconnected so far");
}

static void nothing_is_printed_without_a_screen(void **state) {
    (void)state;
    notes_init(&notes, NULL);
    counts.outcomes[OUTCOME_refused] = 3;
    assert_string_equal(outcomes_at(SECOND), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_outcome_that_grows_is_printed, set_up),
        cmocka_unit_test_setup(growth_within_ten_seconds_waits_and_is_added_up, set_up),
        cmocka_unit_test_setup(a_limit_of_our_own_waits_for_its_explanation, set_up),
        cmocka_unit_test_setup(a_refill_is_followed_until_all_are_live, set_up),
        cmocka_unit_test_setup(nothing_is_printed_without_a_screen, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
