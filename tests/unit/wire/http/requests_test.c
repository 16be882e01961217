/* The requests of a run: each of its own method, path and body, and as often in a round as it
 * weighs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/url.h"
#include "options/options.h"
#include "wire/http/request.h"

static const struct url target = {
    .host = "example.org", .port = 80, .path = "/own", .authority = "example.org"};

static void assert_begins(const struct request *request, const char *start) {
    assert_int_equal(strncmp(request->bytes, start, strlen(start)), 0);
}

static void without_lines_there_is_the_one(void **state) {
    (void)state;
    const struct options options = {.method = "HEAD"};
    struct requests requests;
    assert_true(request_bake_all(&requests, &options, &target));
    assert_int_equal(requests.count, 1);
    assert_int_equal(requests_round(&requests), 1);
    assert_int_equal(requests_at(&requests, 0), 0);
    assert_begins(&requests.items[0], "HEAD /own HTTP/1.1\r\n");
    assert_int_equal(requests.items[0].kind, REQUEST_HEAD);
    requests_free(&requests);
}

static void a_body_goes_with_the_methods_that_take_one(void **state) {
    (void)state;
    static const struct option_url_line lines[] = {{NULL, "/a", 1},
                                                   {"GET", "/b", 1},
                                                   {"POST", "/c", 1},
                                                   {"HEAD", "/d", 1},
                                                   {"PATCH", "/e", 1}};
    static const size_t bodies[] = {4, 0, 4, 0, 4};
    struct options options = {.method = "DELETE",
                              .header = {1, {"Content-Length: 4"}},
                              .content = {"body", 4},
                              .listed = {lines, 5}};
    options.given.body = true;
    struct requests requests;
    assert_true(request_bake_all(&requests, &options, &target));
    assert_int_equal(requests.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(requests.items[i].body_length, bodies[i]);
        assert_int_equal(strstr(requests.items[i].bytes, "Content-Length") != NULL, bodies[i] > 0);
        assert_int_equal(requests.items[i].kind, i == 3 ? REQUEST_HEAD : 0);
    }
    assert_begins(&requests.items[0], "DELETE /a HTTP/1.1\r\n");
    assert_begins(&requests.items[3], "HEAD /d HTTP/1.1\r\n");
    requests_free(&requests);
}

static void each_stands_in_a_round_as_often_as_it_weighs(void **state) {
    (void)state;
    static const struct option_url_line lines[] = {
        {NULL, "/a", 3}, {NULL, "/b", 1}, {NULL, "/c", URL_WEIGHT_MAX}, {NULL, "/d", 2}};
    const struct options options = {.method = "GET", .listed = {lines, 4}};
    struct requests requests;
    assert_true(request_bake_all(&requests, &options, &target));
    uint64_t seen[4] = {0}, round = requests_round(&requests);
    assert_int_equal(round, 6 + URL_WEIGHT_MAX);
    for (uint64_t place = 0; place < round; place++)
        seen[requests_at(&requests, place)]++;
    for (int i = 0; i < 4; i++)
        assert_int_equal(seen[i], lines[i].weight);
    assert_int_equal(requests_at(&requests, 2), 0);
    assert_int_equal(requests_at(&requests, 3), 1);
    requests_free(&requests);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_lines_there_is_the_one),
        cmocka_unit_test(a_body_goes_with_the_methods_that_take_one),
        cmocka_unit_test(each_stands_in_a_round_as_often_as_it_weighs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
