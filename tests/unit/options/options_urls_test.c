/* The file of --urls: what its lines mean, and what is refused, with the line's number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "options/options.h"

static struct options options;
static char error[OPTIONS_ERROR_MAX];

static bool read_text(const char *text) {
    options_free(&options);
    options = (struct options){.method = "HEAD"};
    return options_read_urls(&options, "urls", text, strlen(text), error);
}

static void assert_line(uint32_t index, uint32_t weight, const char *method, const char *path) {
    const struct option_url_line *line = &options.listed.items[index];
    assert_int_equal(line->weight, weight);
    assert_string_equal(line->path, path);
    if (method == NULL)
        assert_null(line->method);
    else
        assert_string_equal(line->method, method);
}

static void lines_are_weight_method_and_path(void **state) {
    (void)state;
    assert_true(
        read_text("# a comment\n/a\n\n  3 /b?c=d \nPOST /c\r\n1000000\tGET\t/d%20\n7 8 /e"));
    assert_int_equal(options.listed.count, 5);
    assert_line(0, 1, NULL, "/a");
    assert_line(1, 3, NULL, "/b?c=d");
    assert_line(2, 1, "POST", "/c");
    assert_line(3, 1000000, "GET", "/d%20");
    assert_line(4, 7, "8", "/e");
}

static void what_is_none_of_these_is_refused_with_its_number(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "urls: there is no line"},
        {"# only\n\n", "urls: there is no line"},
        {"/a\nb\n", "urls:2: \"b\" is no path"},
        {"http://h/a", "urls:1: \"http://h/a\" is no path"},
        {"0 /a", "urls:1: \"0\" is not a weight: 1..1M"},
        {"1000001 /a", "urls:1: \"1000001\" is not a weight"},
        {"99999999999999999999 /a", "urls:1: \"99999999999999999999\" is not a weight"},
        {"x GET /a", "urls:1: \"x\" is not a weight"},
        {"1k GET /a", "urls:1: \"1k\" is not a weight"},
        {"G(T /a", "urls:1: \"G(T\" is not a method"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG /a", "is not a method"},
        {"1 GET /a /b", "urls:1: more than three words"},
        {"\n\n/a#b", "urls:3: byte 0x23 in the path"},
        {"/\xc3\xa4", "urls:1: byte 0xc3 in the path"},
        {"/a\x01", "urls:1: byte 0x01 in the path"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(read_text(cases[i].text));
        if (strstr(error, cases[i].words) == NULL)
            fail_msg("\"%s\" was said instead of \"%s\"", error, cases[i].words);
    }
}

static void so_many_lines_and_no_more(void **state) {
    (void)state;
    char *text = malloc(3 * (URLS_MAX + 1) + 1);
    for (int i = 0; i <= URLS_MAX; i++)
        memcpy(text + 3 * i, "/a\n", 4);
    assert_false(read_text(text));
    assert_non_null(strstr(error, "urls:10001: more than 10000 lines"));
    text[3 * URLS_MAX] = '\0';
    assert_true(read_text(text));
    assert_int_equal(options.listed.count, URLS_MAX);
    free(text);
}

static void a_path_may_be_as_long_as_one_of_a_url(void **state) {
    (void)state;
    char text[8193] = "/";
    memset(text + 1, 'a', 8191);
    assert_false(read_text(text));
    assert_non_null(strstr(error, "urls:1: the path has 8192 bytes: at most 8191"));
    text[8191] = '\0';
    assert_true(read_text(text));
}

static int parse(const char *path, const char *more, const char *value) {
    options_free(&options);
    char *argv[] = {"run", "--urls", (char *)path, "http://h/", (char *)more, (char *)value, NULL};
    return (int)options_parse(&options, COMMAND_RUN, more == NULL ? 4 : 6, argv, error);
}

static void bodies_in_all_are_bounded(void **state) {
    (void)state;
    char path[] = "/tmp/holdfast-urls-XXXXXX", body[] = "/tmp/holdfast-body-XXXXXX";
    int fd = mkstemp(path), body_fd = mkstemp(body);
    assert_int_equal(ftruncate(body_fd, BODY_MAX), 0);
    assert_int_equal(write(fd, "POST /\nPUT /\nGET /\nPATCH /\n", 27), 27);
    assert_int_equal(parse(path, "--body", body), OPTIONS_OK);
    assert_int_equal(options.listed.count, 4);
    assert_int_equal(write(fd, "POST /\n", 7), 7);
    assert_int_equal(parse(path, "--body", body), OPTIONS_BAD);
    assert_non_null(
        strstr(error, "--urls: with headers and bodies its requests would take 256 MiB"));
    unlink(path);
    unlink(body);
    close(fd);
    close(body_fd);
    assert_int_equal(parse(path, NULL, NULL), OPTIONS_BAD);
    assert_non_null(strstr(error, "--urls: cannot open"));
}

static void an_order_without_lines_is_refused(void **state) {
    (void)state;
    char *argv[] = {"run", "--urls-order", "random", "http://h/", NULL};
    assert_int_equal(options_parse(&options, COMMAND_RUN, 4, argv, error), OPTIONS_BAD);
    assert_string_equal(error, "--urls-order: has no effect without --urls FILE");
    argv[2] = "sorted";
    assert_int_equal(options_parse(&options, COMMAND_RUN, 4, argv, error), OPTIONS_BAD);
    assert_non_null(strstr(error, "one of turn|random is accepted"));
}

static int free_all(void **state) {
    (void)state;
    options_free(&options);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_weight_method_and_path),
        cmocka_unit_test(what_is_none_of_these_is_refused_with_its_number),
        cmocka_unit_test(so_many_lines_and_no_more),
        cmocka_unit_test(a_path_may_be_as_long_as_one_of_a_url),
        cmocka_unit_test(bodies_in_all_are_bounded),
        cmocka_unit_test(an_order_without_lines_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, free_all);
}
