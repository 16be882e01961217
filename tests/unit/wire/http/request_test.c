/* The request is baked to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/url.h"
#include "options/options.h"
#include "wire/http/request.h"

#define AGENT "User-Agent: holdfast/" HOLDFAST_VERSION "\r\n"

static const struct url target = {
    .host = "example.org", .port = 8080, .path = "/a?b=c", .authority = "example.org:8080"};

static void assert_request(const char *method, const struct option_text_list *headers,
                           const char *expected) {
    struct request request;
    assert_true(request_bake(&request, method, &target, headers, NULL));
    assert_string_equal(request.bytes, expected);
    assert_int_equal(request.length, strlen(expected));
    assert_int_equal(request.kind & REQUEST_HEAD, strcmp(method, "HEAD") == 0);
    request_free(&request);
    assert_null(request.bytes);
}

static void a_request_is_its_line_and_three_headers(void **state) {
    (void)state;
    assert_request("HEAD", &(struct option_text_list){0},
                   "HEAD /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" AGENT
                   "Accept: */*\r\n\r\n");
}

static void headers_given_follow_ours_in_their_order(void **state) {
    (void)state;
    assert_request("GET", &(struct option_text_list){3, {"B: 2", "A: 1", "B: 3"}},
                   "GET /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" AGENT
                   "Accept: */*\r\nB: 2\r\nA: 1\r\nB: 3\r\n\r\n");
}

static void a_header_given_replaces_ours_whatever_its_case(void **state) {
    (void)state;
    assert_request(
        "GET", &(struct option_text_list){3, {"hOST: other", "ACCEPT: text/*", "user-agent: me"}},
        "GET /a?b=c HTTP/1.1\r\nhOST: other\r\nACCEPT: text/*\r\nuser-agent: me\r\n\r\n");
}

static void a_header_whose_name_only_begins_alike_replaces_nothing(void **state) {
    (void)state;
    assert_request("GET",
                   &(struct option_text_list){3, {"Hosted: x", "Accept-Encoding: gzip", "Hos: y"}},
                   "GET /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" AGENT
                   "Accept: */*\r\nHosted: x\r\nAccept-Encoding: gzip\r\nHos: y\r\n\r\n");
}

static void a_body_follows_with_its_length(void **state) {
    (void)state;
    struct request request;
    const struct options_request_body body = {"a\0b\r\n", 5};
    assert_true(request_bake(&request, "POST", &target, &(struct option_text_list){0}, &body));
    static const char expected[] = "POST /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" AGENT
                                   "Accept: */*\r\nContent-Length: 5\r\n\r\na\0b\r\n";
    assert_int_equal(request.length, sizeof expected - 1);
    assert_int_equal(request.body_length, 5);
    assert_memory_equal(request.bytes, expected, sizeof expected - 1);
    request_free(&request);
    /* Also with a method that seldom has one; and the user's own length stands. */
    const struct option_text_list own = {1, {"content-length: 5"}};
    assert_true(request_bake(&request, "GET", &target, &own, &body));
    assert_null(strstr(request.bytes, "Content-Length"));
    assert_int_equal(request.body_length, 5);
    request_free(&request);
    const struct options_request_body empty = {NULL, 0};
    assert_true(request_bake(&request, "GET", &target, &(struct option_text_list){0}, &empty));
    assert_non_null(strstr(request.bytes, "Content-Length: 0\r\n"));
    request_free(&request);
}

static void a_percent_sign_is_only_itself(void **state) {
    (void)state;
    assert_request("GET", &(struct option_text_list){1, {"X: %s%n%d"}},
                   "GET /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" AGENT
                   "Accept: */*\r\nX: %s%n%d\r\n\r\n");
}

static void a_method_that_takes_a_body_says_that_there_is_none(void **state) {
    (void)state;
    const char *const methods[] = {"POST", "PUT", "PATCH"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        char expected[256];
        snprintf(expected, sizeof expected,
                 "%s /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" AGENT
                 "Accept: */*\r\nContent-Length: 0\r\n\r\n",
                 methods[i]);
        assert_request(methods[i], &(struct option_text_list){0}, expected);
    }
}

static void a_method_has_case_and_another_one_has_no_length(void **state) {
    (void)state;
    assert_request("post", &(struct option_text_list){0},
                   "post /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" AGENT
                   "Accept: */*\r\n\r\n");
    assert_request("DELETE", &(struct option_text_list){0},
                   "DELETE /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" AGENT
                   "Accept: */*\r\n\r\n");
}

static void framing_given_by_the_user_is_the_only_one(void **state) {
    (void)state;
    assert_request("POST", &(struct option_text_list){1, {"content-length: 00"}},
                   "POST /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" AGENT
                   "Accept: */*\r\ncontent-length: 00\r\n\r\n");
    assert_request("PUT", &(struct option_text_list){1, {"Transfer-Encoding: chunked"}},
                   "PUT /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" AGENT
                   "Accept: */*\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void the_longest_request_fits(void **state) {
    (void)state;
    static struct url longest;
    memset(longest.path, 'p', URL_PATH_MAX - 1);
    memset(longest.authority, 'a', sizeof longest.authority - 1);
    static char header[10000] = "X: ";
    memset(header + 3, 'x', sizeof header - 4);
    struct option_text_list headers = {.count = HEADERS_MAX};
    for (size_t i = 0; i < HEADERS_MAX; i++)
        headers.items[i] = header;
    struct request request;
    assert_true(request_bake(&request, "GET", &longest, &headers, NULL));
    size_t ours = strlen("GET  HTTP/1.1\r\nHost: \r\n" AGENT "Accept: */*\r\n\r\n");
    assert_int_equal(request.length, ours + URL_PATH_MAX - 1 + sizeof longest.authority - 1 +
                                         HEADERS_MAX * (sizeof header + 1));
    assert_memory_equal(request.bytes + request.length - 6, "xx\r\n\r\n", 6);
    request_free(&request);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_its_line_and_three_headers),
        cmocka_unit_test(headers_given_follow_ours_in_their_order),
        cmocka_unit_test(a_header_given_replaces_ours_whatever_its_case),
        cmocka_unit_test(a_header_whose_name_only_begins_alike_replaces_nothing),
        cmocka_unit_test(a_body_follows_with_its_length),
        cmocka_unit_test(a_percent_sign_is_only_itself),
        cmocka_unit_test(a_method_that_takes_a_body_says_that_there_is_none),
        cmocka_unit_test(a_method_has_case_and_another_one_has_no_length),
        cmocka_unit_test(framing_given_by_the_user_is_the_only_one),
        cmocka_unit_test(the_longest_request_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
