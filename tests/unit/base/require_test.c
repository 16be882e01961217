/* A bug of ours leaves with EXIT_BUG and names what reproduces it. */
#include "base/expect_bug.h"

static uint64_t turn = 6;

static void fail_plainly(void) {
    require(1 + 1 == 3);
}

static void fail_in_a_run(void) {
    require_context(UINT64_MAX, &turn);
    turn++;
    require(turn == 0);
}

static void fail_without_turns(void) {
    require_context(0, NULL);
    require(turn == 0);
}

static void a_failure_names_the_expression_and_the_place(void **state) {
    (void)state;
    char said[256];
    expect_bug(fail_plainly, said, sizeof said);
    assert_non_null(strstr(said, "holdfast: bug: 1 + 1 == 3 ("));
    assert_non_null(strstr(said, "require_test.c:7)\n"));
}

static void a_failure_in_a_run_names_its_seed_and_the_turn_it_is_in(void **state) {
    (void)state;
    char said[256];
    expect_bug(fail_in_a_run, said, sizeof said);
    assert_non_null(strstr(said, ", seed 18446744073709551615, turn 7)\n"));
    expect_bug(fail_without_turns, said, sizeof said);
    assert_non_null(strstr(said, ", seed 0)\n"));
}

static void what_holds_goes_on(void **state) {
    (void)state;
    int evaluated = 0;
    require(++evaluated == 1);
    assert_int_equal(evaluated, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_names_the_expression_and_the_place),
        cmocka_unit_test(a_failure_in_a_run_names_its_seed_and_the_turn_it_is_in),
        cmocka_unit_test(what_holds_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
