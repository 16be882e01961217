/* Reasons have the words of their table. */
#include "base/expect_bug.h"

#include "base/reason.h"

static void name_no_reason(void) {
    reason_name(REASON_COUNT);
}

static void describe_no_reason(void) {
    reason_text(REASON_COUNT);
}

static void each_reason_has_its_own_name_and_text(void **state) {
    (void)state;
    assert_string_equal(reason_name(REASON_none), "none");
    assert_string_equal(reason_name(REASON_head_too_large), "head_too_large");
    assert_string_equal(reason_text(REASON_head_too_large), "a head above 64 KiB");
    assert_string_equal(reason_name(REASON_other), "other");
    for (int a = 0; a < REASON_COUNT; a++)
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(reason_name((enum reason)a), reason_name((enum reason)b));
            assert_string_not_equal(reason_text((enum reason)a), reason_text((enum reason)b));
        }
}

static void what_is_no_reason_is_a_bug(void **state) {
    (void)state;
    expect_bug(name_no_reason, NULL, 0);
    expect_bug(describe_no_reason, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason_has_its_own_name_and_text),
        cmocka_unit_test(what_is_no_reason_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
