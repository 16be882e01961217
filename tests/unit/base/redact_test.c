/* What is hidden of a URL, of a line with URLs and of a command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/redact.h"

struct row {
    const char *given, *shown;
};

static void the_values_of_a_query_are_hidden_and_its_names_stay(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"http://e/?token=s3cret", "http://e/?token=***"},
        {"http://e/a?b=s3cret&c&d=", "http://e/a?b=***&c&d="},
        {"e?a=s3cret;b=s3cret", "e?a=***;b=***"},
        {"http://e/?to%6ben=s3cret", "http://e/?to%6ben=***"},
        {"http://e/?a%3Ds3cret&b%3ds3cret", "http://e/?a%3D***&b%3d***"},
        {"http://e/?=s3cret&&x=s3=cret?s3cret", "http://e/?=***&&x=***"},
        {"http://e/?token", "http://e/?token"},
        {"http://e/?eyJhbGciOiJIUzI1NiJ9s3cret", "http://e/?***"},
        {"http://e/?", "http://e/?"},
        {"http://e/p;v=1/q", "http://e/p;v=1/q"},
        {"http://e/?a=s3cret#id=s3cret", "http://e/?a=***#***"},
        {"http://e/#s3cret?a=b", "http://e/#***"},
        {"http://e/#", "http://e/#"},
        {"http://e/?a=***", "http://e/?a=***"},
    };
    char buffer[200];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(redact_url(buffer, sizeof buffer, rows[i].given), rows[i].shown);
}

static void a_query_that_does_not_fit_is_hidden_whole(void **state) {
    (void)state;
    char buffer[16];
    assert_string_equal(redact_url(buffer, sizeof buffer, "/long?a=b&c=d&e"), "/long?***");
    assert_string_equal(redact_url(buffer, 4, "/long?a=b"), "/lo");
    assert_string_equal(redact_url(buffer, 1, "/long?a=b"), "");
}

static void the_urls_in_a_line_are_found(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"curl -sv -o /dev/null 'http://e/?token=s3cret'",
         "curl -sv -o /dev/null 'http://e/?token=***'"},
        {"request: \"GET /a?k=s3cret&l=s3cret HTTP/1.1\", host: \"e\"",
         "request: \"GET /a?k=***&l=*** HTTP/1.1\", host: \"e\""},
        {"<https://e/x?page=2>; rel=next", "<https://e/x?page=***>; rel=next"},
        {"what? a=b, and why?c=d", "what? a=b, and why?c=d"},
        {"http://e/#s3cret", "http://e/#***"},
        {"*512 of #3 (99 %)", "*512 of #3 (99 %)"},
        {"", ""},
    };
    char buffer[200];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(redact_urls(buffer, sizeof buffer, rows[i].given), rows[i].shown);
    assert_string_equal(redact_urls(buffer, 8, "GET /a?k=s3cret"), "GET /a?");
}

static void of_a_command_the_first_word_is_shown(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"nginx -s reload", "nginx ***"},
        {"/usr/sbin/nginx", "/usr/sbin/nginx"},
        {" \treload.sh \n", "reload.sh"},
        {"TOKEN=s3cret deploy", "TOKEN ***"},
        {"\"/opt/my deploy\" s3cret", "***"},
        {"deploy;export K=s3cret", "deploy ***"},
        {"$(cat s3cret)", "***"},
        {"nginx ***", "nginx ***"},
        {"***", "***"},
    };
    char buffer[64];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(redact_command(buffer, sizeof buffer, rows[i].given), rows[i].shown);
    assert_string_equal(redact_command(buffer, 4, "nginx -s reload"), "ngi");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_values_of_a_query_are_hidden_and_its_names_stay),
        cmocka_unit_test(a_query_that_does_not_fit_is_hidden_whole),
        cmocka_unit_test(the_urls_in_a_line_are_found),
        cmocka_unit_test(of_a_command_the_first_word_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
