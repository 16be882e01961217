/* Outside text is shown without steering the terminal, and cut without tearing anything. */
#include "base/expect_bug.h"

#include "base/text.h"

static void check(const char *text, const char *shown) {
    char buffer[128];
    assert_ptr_equal(text_escape(buffer, sizeof buffer, text), buffer);
    assert_string_equal(buffer, shown);
}

static void plain_text_and_utf8_stay_as_they_are(void **state) {
    (void)state;
    check("", "");
    check("nginx/1.22.1 (Debian) \\ ~", "nginx/1.22.1 (Debian) \\ ~");
    check("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    check("\xc2\xa0", "\xc2\xa0");
}

static void control_characters_of_both_sets_are_spelled_out(void **state) {
    (void)state;
    check("a\tb\r\n", "a\\x09b\\x0D\\x0A");
    check("\x1b[31mred\x1b[0m", "\\x1B[31mred\\x1B[0m");
    check("\x7f", "\\x7F");
    check("\xc2\x80 \xc2\x9b[2J \xc2\x9f", "\\xC2\\x80 \\xC2\\x9B[2J \\xC2\\x9F");
}

static void marks_of_direction_are_spelled_out(void **state) {
    (void)state;
    check("live\xe2\x80\xae"
          "exe",
          "live\\xE2\\x80\\xAE"
          "exe");
    check("\xe2\x80\xa8 \xe2\x81\xa6 \xd8\x9c", "\\xE2\\x80\\xA8 \\xE2\\x81\\xA6 \\xD8\\x9C");
    check("\xe2\x80\xaf \xe2\x81\xaa", "\xe2\x80\xaf \xe2\x81\xaa");
}

static void bytes_that_are_not_utf8_are_spelled_out_one_by_one(void **state) {
    (void)state;
    check("\x9b\x31m", "\\x9B1m");
    check("\xff\xfe", "\\xFF\\xFE");
    check("\xc0\x9b", "\\xC0\\x9B");
    check("\xe2\x82", "\\xE2\\x82");
    check("\xed\xa0\x80", "\\xED\\xA0\\x80");
}

static void check_cut(size_t size, const char *text, const char *shown) {
    char *buffer = malloc(size > 0 ? size : 1);
    assert_non_null(buffer);
    text_escape(buffer, size, text);
    assert_string_equal(buffer, shown);
    free(buffer);
}

static void what_fits_to_the_last_byte_is_not_cut(void **state) {
    (void)state;
    check_cut(6, "12345", "12345");
    check_cut(5, "\n", "\\x0A");
    check_cut(1, "", "");
}

static void what_does_not_fit_ends_in_dots(void **state) {
    (void)state;
    check_cut(6, "123456", "12...");
    check_cut(8, "0123456789", "0123...");
}

static void a_cut_never_tears_a_character_or_an_escape(void **state) {
    (void)state;
    check_cut(6,
              "1\xe2\x82\xac"
              "56789",
              "1...");
    check_cut(8,
              "1\xe2\x82\xac"
              "56789",
              "1\xe2\x82\xac...");
    check_cut(7, "1\n23456", "1...");
    check_cut(9, "1\n23456", "1\\x0A...");
}

static void a_buffer_too_small_for_dots_gets_what_fits_of_them(void **state) {
    (void)state;
    check_cut(4, "12345", "...");
    check_cut(3, "12345", "..");
    check_cut(2, "12345", ".");
    check_cut(1, "12345", "");
    char untouched = 'x';
    text_escape(&untouched, 0, "12345");
    assert_int_equal(untouched, 'x');
}

static void a_text_is_cut_between_characters(void **state) {
    (void)state;
    static const char text[] = "a\xe2\x82\xac\xf0\x9f\x9a\x80";
    static const struct {
        size_t size;
        const char *cut;
    } table[] = {{1, ""},   {2, "a"},  {4, "a"}, {5, "a\xe2\x82\xac"}, {8, "a\xe2\x82\xac"},
                 {9, text}, {32, text}};
    char buffer[32];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        text_cut(buffer, table[i].size, text);
        assert_string_equal(buffer, table[i].cut);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_and_utf8_stay_as_they_are),
        cmocka_unit_test(control_characters_of_both_sets_are_spelled_out),
        cmocka_unit_test(marks_of_direction_are_spelled_out),
        cmocka_unit_test(bytes_that_are_not_utf8_are_spelled_out_one_by_one),
        cmocka_unit_test(what_fits_to_the_last_byte_is_not_cut),
        cmocka_unit_test(what_does_not_fit_ends_in_dots),
        cmocka_unit_test(a_cut_never_tears_a_character_or_an_escape),
        cmocka_unit_test(a_buffer_too_small_for_dots_gets_what_fits_of_them),
        cmocka_unit_test(a_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
