/* The stub_status page is read as nginx writes it, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "observe/stub_status.h"

/* As ngx_http_stub_status_module.c writes it. */
#define PAGE                                                                                       \
    "Active connections: 291 \n"                                                                   \
    "server accepts handled requests\n"                                                            \
    " 16630948 16630947 31070465 \n"                                                               \
    "Reading: 6 Writing: 179 Waiting: 106 \n"

/* From a heap copy of the exact size, so that a byte read too far is seen. */
static bool parse(struct stub_status *out, const char *text, size_t length) {
    char *exact = malloc(length > 0 ? length : 1);
    assert_non_null(exact);
    memcpy(exact, text, length);
    bool good = stub_status_parse(out, exact, length);
    free(exact);
    return good;
}

static bool accepts(const char *text) {
    struct stub_status page;
    return parse(&page, text, strlen(text));
}

static void a_page_gives_its_seven_numbers(void **state) {
    (void)state;
    struct stub_status page;
    assert_true(parse(&page, PAGE, strlen(PAGE)));
    assert_int_equal(page.active, 291);
    assert_int_equal(page.accepted, 16630948);
    assert_int_equal(page.handled, 16630947);
    assert_int_equal(page.requests, 31070465);
    assert_int_equal(page.reading, 6);
    assert_int_equal(page.writing, 179);
    assert_int_equal(page.waiting, 106);
}

static void white_space_at_the_end_is_let_pass(void **state) {
    (void)state;
    assert_true(accepts(PAGE "\r\n \t\n"));
    char bare[sizeof PAGE];
    memcpy(bare, PAGE, sizeof PAGE);
    bare[strlen(PAGE) - 2] = '\0';
    assert_true(accepts(bare));
}

static void every_page_cut_short_is_refused(void **state) {
    (void)state;
    struct stub_status page;
    size_t last_digit = strlen(PAGE) - 2;
    for (size_t length = 0; length < last_digit - 2; length++)
        assert_false(parse(&page, PAGE, length));
}

static void a_refusal_leaves_the_numbers_alone(void **state) {
    (void)state;
    struct stub_status page = {.requests = 77};
    assert_false(parse(&page, PAGE "x", strlen(PAGE) + 1));
    assert_int_equal(page.requests, 77);
}

static void anything_but_that_page_is_refused(void **state) {
    (void)state;
    static const char *const others[] = {
        "",
        " " PAGE,
        "\xef\xbb\xbf" PAGE,
        PAGE PAGE,
        PAGE "Connections: 5\n",
        "<html>" PAGE "</html>",
        "active connections: 291 \nserver accepts handled requests\n 1 1 1 \n"
        "Reading: 0 Writing: 1 Waiting: 0 \n",
        "Active connections: 291 \r\nserver accepts handled requests\r\n 1 1 1 \r\n"
        "Reading: 0 Writing: 1 Waiting: 0 \r\n",
        "Active connections: -1 \nserver accepts handled requests\n 1 1 1 \n"
        "Reading: 0 Writing: 1 Waiting: 0 \n",
        "Active connections: +1 \nserver accepts handled requests\n 1 1 1 \n"
        "Reading: 0 Writing: 1 Waiting: 0 \n",
        "Active connections: 0x1 \nserver accepts handled requests\n 1 1 1 \n"
        "Reading: 0 Writing: 1 Waiting: 0 \n",
        "Active connections:  \nserver accepts handled requests\n 1 1 1 \n"
        "Reading: 0 Writing: 1 Waiting: 0 \n",
        "Active connections: 1 \nserver accepts handled requests request_time\n 1 1 1 5 \n"
        "Reading: 0 Writing: 1 Waiting: 0 \n",
        "Active connections: 1 \nserver accepts handled requests\n 1 1 \n"
        "Reading: 0 Writing: 1 Waiting: 0 \n",
        "Active connections: 1 \nserver accepts handled requests\n 1 1 1.5 \n"
        "Reading: 0 Writing: 1 Waiting: 0 \n",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(accepts(others[i]));
    struct stub_status page;
    assert_false(parse(&page, PAGE "\0", strlen(PAGE) + 1));
}

static void numbers_fit_in_64_bits_or_are_refused(void **state) {
    (void)state;
#define WITH(number)                                                                               \
    "Active connections: 1 \nserver accepts handled requests\n 1 1 " number " \n"                  \
    "Reading: 0 Writing: 1 Waiting: 0 \n"
    struct stub_status page;
    assert_true(parse(&page, WITH("18446744073709551615"), strlen(WITH("18446744073709551615"))));
    assert_true(page.requests == UINT64_MAX);
    assert_false(accepts(WITH("18446744073709551616")));
    assert_false(accepts(WITH("18446744073709551620")));
    assert_false(accepts(WITH("184467440737095516150")));
    assert_false(accepts(WITH("99999999999999999999999999999999")));
#undef WITH
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_gives_its_seven_numbers),
        cmocka_unit_test(white_space_at_the_end_is_let_pass),
        cmocka_unit_test(every_page_cut_short_is_refused),
        cmocka_unit_test(a_refusal_leaves_the_numbers_alone),
        cmocka_unit_test(anything_but_that_page_is_refused),
        cmocka_unit_test(numbers_fit_in_64_bits_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
