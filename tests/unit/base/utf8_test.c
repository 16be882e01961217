/* UTF-8 is read as RFC 3629 says, and nothing else is. */
#include "base/expect_bug.h"

#include "base/utf8.h"

static void check(const char *bytes, unsigned length, uint32_t character) {
    uint32_t read = 0xdead;
    assert_int_equal(utf8_read(bytes, &read), length);
    assert_int_equal(read, length > 0 ? character : 0xdead);
}

static void the_first_and_last_character_of_each_length_are_read(void **state) {
    (void)state;
    check("", 1, 0);
    check("\x7f", 1, 0x7f);
    check("\xc2\x80", 2, 0x80);
    check("\xdf\xbf", 2, 0x7ff);
    check("\xe0\xa0\x80", 3, 0x800);
    check("\xed\x9f\xbf", 3, 0xd7ff);
    check("\xee\x80\x80", 3, 0xe000);
    check("\xef\xbf\xbf", 3, 0xffff);
    check("\xf0\x90\x80\x80", 4, 0x10000);
    check("\xf4\x8f\xbf\xbf", 4, 0x10ffff);
}

static void overlong_forms_are_refused(void **state) {
    (void)state;
    check("\xc0\x80", 0, 0);
    check("\xc1\xbf", 0, 0);
    check("\xe0\x9f\xbf", 0, 0);
    check("\xf0\x8f\xbf\xbf", 0, 0);
}

static void surrogates_and_what_lies_above_unicode_are_refused(void **state) {
    (void)state;
    check("\xed\xa0\x80", 0, 0);
    check("\xed\xbf\xbf", 0, 0);
    check("\xf4\x90\x80\x80", 0, 0);
    check("\xf5\x80\x80\x80", 0, 0);
    check("\xff", 0, 0);
}

static void stray_and_wrong_continuations_are_refused(void **state) {
    (void)state;
    check("\x80", 0, 0);
    check("\xbf", 0, 0);
    check("\xc3(", 0, 0);
    check("\xe2\x82\xff", 0, 0);
}

/* In a heap block of the exact size, so that a read beyond the end is seen by AddressSanitizer. */
static void a_cut_sequence_is_refused_without_reading_past_the_end(void **state) {
    (void)state;
    static const char *const cut[] = {"\xc3", "\xe2", "\xe2\x82", "\xf0\x9f", "\xf0\x9f\x98"};
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        char *exact = strdup(cut[i]);
        check(exact, 0, 0);
        free(exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_and_last_character_of_each_length_are_read),
        cmocka_unit_test(overlong_forms_are_refused),
        cmocka_unit_test(surrogates_and_what_lies_above_unicode_are_refused),
        cmocka_unit_test(stray_and_wrong_continuations_are_refused),
        cmocka_unit_test(a_cut_sequence_is_refused_without_reading_past_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
