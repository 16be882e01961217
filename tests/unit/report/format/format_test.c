/* Counts are digits alone unless groups were asked for, and both take the columns they are given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "report/format/format.h"

static void check(uint64_t count, const char *plain, const char *grouped) {
    assert_false(format_group_digits(false));
    assert_string_equal(format_count(count).text, plain);
    assert_false(format_group_digits(true));
    assert_string_equal(format_count(count).text, grouped);
    assert_true(format_group_digits(false));
}

static void digits_stand_alone_or_in_groups_of_three(void **state) {
    (void)state;
    check(0, "0", "0");
    check(999, "999", "999");
    check(1000, "1000", "1\u202f000");
    check(10024, "10024", "10\u202f024");
    check(123456, "123456", "123\u202f456");
    check(UINT64_MAX, "18446744073709551615",
          "18\u202f446\u202f744\u202f073\u202f709\u202f551\u202f615");
}

static void a_rate_and_a_number_are_grouped_as_counts_are(void **state) {
    (void)state;
    assert_string_equal(format_rate(12345).text, "12345 /s");
    assert_string_equal(format_number(12345).text, "12345");
    format_group_digits(true);
    assert_string_equal(format_rate(12345).text, "12\u202f345 /s");
    assert_string_equal(format_number(12345).text, "12\u202f345");
    format_group_digits(false);
}

static void a_cell_takes_its_columns_whatever_its_bytes(void **state) {
    (void)state;
    static const char *const texts[] = {"", "10000", "10\u202f000", "\033[32m✓\033[0m"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char right[64], left[64];
        snprintf(right, sizeof right, "%*s", format_width(9, texts[i]), texts[i]);
        snprintf(left, sizeof left, "%-*s", format_width(9, texts[i]), texts[i]);
        assert_int_equal(format_columns(right, strlen(right)), 9);
        assert_int_equal(format_columns(left, strlen(left)), 9);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_stand_alone_or_in_groups_of_three),
        cmocka_unit_test(a_rate_and_a_number_are_grouped_as_counts_are),
        cmocka_unit_test(a_cell_takes_its_columns_whatever_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
