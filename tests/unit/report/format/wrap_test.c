/* Lines are folded between items and words, under the text of their row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "report/format/wrap.h"

static char printed[4096];

static const char *wrapped(const char *text, int width) {
    struct wrap wrap;
    memset(printed, 0, sizeof printed);
    FILE *out = fmemopen(printed, sizeof printed - 1, "w");
    assert_non_null(out);
    fputs(text, wrap_begin(&wrap, out, (struct style){.width = width}));
    wrap_end(&wrap);
    fclose(out);
    return printed;
}

static void a_line_that_fits_stays_as_it_is(void **state) {
    (void)state;
    assert_string_equal(wrapped("  a   b\n\nc\n", 7), "  a   b\n\nc\n");
    assert_string_equal(wrapped("no end", 6), "no end");
    assert_string_equal(wrapped("", 6), "");
    assert_string_equal(wrapped("however long it may be\n", 0), "however long it may be\n");
}

static void what_follows_stands_under_the_text_of_the_row(void **state) {
    (void)state;
    assert_string_equal(wrapped("  ok    memory             needs about 10.0 MiB for both ends, "
                                "22.7 GiB free\n",
                                60),
                        "  ok    memory             needs about 10.0 MiB for both\n"
                        "                           ends, 22.7 GiB free\n");
    assert_string_equal(
        wrapped("  connections   attempted 50   opened 50   live 50   closed 0   errored 0\n", 40),
        "  connections   attempted 50   opened 50\n"
        "                live 50   closed 0\n"
        "                errored 0\n");
    assert_string_equal(wrapped("HELD   50 connections for 2.00 s on http://127.0.0.1/\n", 30),
                        "HELD   50 connections for\n"
                        "       2.00 s on\n"
                        "       http://127.0.0.1/\n");
}

/* A long item behind a short one would leave most of a line empty. */
static void a_long_item_goes_on_in_the_line_of_a_short_one(void **state) {
    (void)state;
    assert_string_equal(
        wrapped("21:16:12  note   7 reset_idle: reset while no request was out\n", 60),
        "21:16:12  note   7 reset_idle: reset while no request was\n"
        "          out\n");
    assert_string_equal(wrapped("  marks   at 1 s   workers of ours stood still: 0 lost\n", 46),
                        "  marks   at 1 s   workers of ours stood\n"
                        "          still: 0 lost\n");
}

static void a_number_is_not_cut_between_its_digits(void **state) {
    (void)state;
    assert_string_equal(wrapped("it has 2\u202f466\u202f177 of them\n", 12),
                        "it has\n"
                        "  2\u202f466\u202f177\n"
                        "  of them\n");
    assert_string_equal(wrapped("it has used 12 % of it\n", 13), "it has used\n  12 % of it\n");
    assert_string_equal(wrapped("it was late by 0.79 ms: not\n", 20),
                        "it was late by\n  0.79 ms: not\n");
    assert_string_equal(wrapped("it held 10 sockets of us\n", 12),
                        "it held 10\n  sockets of\n  us\n");
}

static void a_word_that_is_too_wide_stays_whole(void **state) {
    (void)state;
    assert_string_equal(wrapped("a http://127.0.0.1:8080/path b\n", 12),
                        "a\n"
                        "  http://127.0.0.1:8080/path\n"
                        "  b\n");
}

static void only_what_is_seen_takes_columns(void **state) {
    (void)state;
    assert_string_equal(wrapped("\033[32m✓\033[0m aa bb\n", 7), "\033[32m✓\033[0m aa bb\n");
    assert_string_equal(wrapped("\033[32m✓\033[0m aa bb cc\n", 7),
                        "\033[32m✓\033[0m aa bb\n  cc\n");
}

static void no_line_is_wider_than_the_terminal_at_any_width(void **state) {
    static const char text[] = "  FAIL  source ports       asked 100000; have 28232 (one source "
                               "address)   or   more\n          do     --source auto   (uses 4)\n";
    (void)state;
    for (int width = 20; width < 120; width++)
        for (const char *at = wrapped(text, width); *at != '\0'; at += strcspn(at, "\n") + 1)
            assert_true((int)strcspn(at, "\n") <= width);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_that_fits_stays_as_it_is),
        cmocka_unit_test(what_follows_stands_under_the_text_of_the_row),
        cmocka_unit_test(a_long_item_goes_on_in_the_line_of_a_short_one),
        cmocka_unit_test(a_number_is_not_cut_between_its_digits),
        cmocka_unit_test(a_word_that_is_too_wide_stays_whole),
        cmocka_unit_test(only_what_is_seen_takes_columns),
        cmocka_unit_test(no_line_is_wider_than_the_terminal_at_any_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
