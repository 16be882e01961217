/* ASCII compared byte by byte, in every locale this machine has. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ascii.h"

static void letters_are_alike_in_both_cases(void **state) {
    (void)state;
    assert_true(ascii_equal("TRANSFER-ENCODING", "Transfer-Encoding"));
    assert_true(ascii_equal("", ""));
    assert_false(ascii_equal("Host", "Hos"));
    assert_false(ascii_equal("Hos", "Host"));
    assert_false(ascii_equal("X@", "X`")); /* what lies beside the letters is not */
    assert_false(ascii_equal("X[", "X{"));
    assert_false(ascii_equal("\xc4\xb0", "i\xcc\x87")); /* U+0130 */
    assert_false(ascii_equal("\xdd", "i"));             /* U+0130 in ISO-8859-9 */
}

static void a_part_of_a_text_is_compared_alone(void **state) {
    (void)state;
    assert_true(ascii_equal_bytes("HTTPS://e", 5, "https"));
    assert_false(ascii_equal_bytes("HTTPS://e", 4, "https"));
    assert_true(ascii_equal_bytes("x", 0, ""));
    assert_true(ascii_begin_alike("HOST: a", "host: b", 5));
    assert_false(ascii_begin_alike("HOST: a", "host: b", 7));
}

static void a_word_is_found_where_it_stands_first(void **state) {
    (void)state;
    const char *text = "text/html, APPLICATION/X, application/x";
    assert_ptr_equal(ascii_find(text, "application/x"), text + 11);
    assert_null(ascii_find(text, "application/y"));
    assert_null(ascii_find("", "a"));
    assert_ptr_equal(ascii_find(text, ""), text);
}

static void a_token_holds_tchar_alone(void **state) {
    (void)state;
    assert_true(ascii_is_token("X-Test"));
    assert_true(ascii_is_token("!#$%&'*+-.^_`|~09azAZ"));
    static const char *const others[] = {"", " ", "a b", "a\t", "a:", "(a)", "a/b", "\x7f", "\xe4"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(ascii_is_token(others[i]));
    assert_false(ascii_is_token_char('\0'));
}

static void a_field_value_holds_no_control_character_but_tab(void **state) {
    (void)state;
    for (int byte = 0; byte < 256; byte++)
        assert_int_equal(ascii_is_control((unsigned char)byte),
                         (byte < 32 && byte != '\t') || byte == 127);
    for (int byte = 0; byte < 256; byte++)
        assert_int_equal(ascii_is_blank((unsigned char)byte), byte == ' ' || byte == '\t');
}

static void every_byte_has_one_class(void **state) {
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        unsigned char c = (unsigned char)byte;
        bool letter = ascii_is_upper(c) || ascii_is_lower(c);
        assert_int_equal(ascii_is_digit(c), byte >= '0' && byte <= '9');
        assert_int_equal(letter, (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z'));
        assert_int_equal(ascii_upper(ascii_lower(c)) == c, !ascii_is_lower(c));
        assert_int_equal(ascii_lower(c) == c, !ascii_is_upper(c));
        assert_int_equal(ascii_is_hex(c), ascii_is_digit(c) || (byte >= 'A' && byte <= 'F') ||
                                              (byte >= 'a' && byte <= 'f'));
    }
}

static void no_locale_changes_that(void **state) {
    (void)state;
    static const char *const names[] = {"tr_TR.UTF-8", "tr_TR.ISO-8859-9", "de_DE.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)setlocale(LC_ALL, names[i]); /* stays what it was where the machine has it not */
        every_byte_has_one_class(NULL);
        letters_are_alike_in_both_cases(NULL);
    }
    setlocale(LC_ALL, "C");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_are_alike_in_both_cases),
        cmocka_unit_test(a_part_of_a_text_is_compared_alone),
        cmocka_unit_test(a_word_is_found_where_it_stands_first),
        cmocka_unit_test(a_token_holds_tchar_alone),
        cmocka_unit_test(a_field_value_holds_no_control_character_but_tab),
        cmocka_unit_test(every_byte_has_one_class),
        cmocka_unit_test(no_locale_changes_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
