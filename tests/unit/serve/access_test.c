/* Tests of the checks before routing: every path, every refusal, and their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/access.h"

static const char id[] = "01M8NSXEVFHSV7ZS1DVKN43DX7";
static struct access_rules rules;

static int set_up(void **state) {
    (void)state;
    char error[256];
    strcpy(rules.token, "0123456789abcdef");
    return access_allow_hosts(&rules, "soak.example,proxy.example:8443",
                              (struct refuse_buffer){error, sizeof error})
               ? 0
               : -1;
}

static struct access_header one(const char *value) {
    return (struct access_header){value, 1};
}

static const char *path_of(const struct endpoint *endpoint) {
    static char path[128];
    const char *star = strchr(endpoint->path, '*');
    if (star == NULL)
        return endpoint->path;
    snprintf(path, sizeof path, "%.*s%s%s", (int)(star - endpoint->path), endpoint->path, id,
             star + 1);
    return path;
}

/* As curl asks, with the token. */
static struct access_request plain(const char *method, const char *path) {
    struct access_request request = {.method = method, .path = path, .own = "127.0.0.1:8080"};
    request.host = one("127.0.0.1:8080");
    request.authorization = one("Bearer 0123456789abcdef");
    if (strcmp(method, "POST") == 0)
        request.content_type = one("application/json");
    return request;
}

static unsigned status_of(const struct access_request *request) {
    return access_check(&rules, request).status;
}

/* What is wrong with a request, in the order in which it must be found. */
static void break_host(struct access_request *request) {
    request->host = one("rebound.example:8080");
}
static void break_method(struct access_request *request) {
    request->method = "PUT";
}
static void break_site(struct access_request *request) {
    request->fetch_site = one("cross-site");
}
static void break_origin(struct access_request *request) {
    request->origin = one("http://evil.example");
}
static void break_token(struct access_request *request) {
    request->authorization = one("Bearer 0123456789abcdeF");
}
static void break_type(struct access_request *request) {
    request->content_type = one("text/plain");
}
static void break_size(struct access_request *request) {
    request->body_length = ACCESS_BODY_MAX + 1;
}

static const struct wrong {
    void (*make)(struct access_request *request);
    unsigned status;
    bool post_only, needs_token;
} wrongs[] = {{break_host, 421, false, false}, {break_method, 405, false, false},
              {break_site, 403, false, false}, {break_origin, 403, false, false},
              {break_token, 401, false, true}, {break_type, 415, true, false},
              {break_size, 413, true, false}};
enum { WRONGS = sizeof wrongs / sizeof *wrongs };

static bool applies(const struct wrong *wrong, const struct endpoint *endpoint,
                    const char *method) {
    return (!wrong->post_only || strcmp(method, "POST") == 0) &&
           (!wrong->needs_token || !endpoint->open);
}

static void each_endpoint_refuses_each_wrong_in_the_order_of_the_contract(void **state) {
    (void)state;
    static const char *const methods[] = {"GET", "HEAD", "POST"};
    for (size_t i = 0; i < ENDPOINTS; i++) {
        for (size_t m = 0; m < 3; m++) {
            if ((endpoints[i].methods & endpoint_method_of(methods[m])) == 0)
                continue;
            const char *path = path_of(&endpoints[i]);
            struct access_request good = plain(methods[m], path);
            assert_int_equal(status_of(&good), 0);
            for (size_t from = 0; from < WRONGS; from++) {
                /* that wrong, and all that come later */
                struct access_request bad = good;
                for (size_t w = from; w < WRONGS; w++)
                    wrongs[w].make(&bad);
                size_t first = from;
                while (first < WRONGS && !applies(&wrongs[first], &endpoints[i], methods[m]))
                    first++;
                if (from >= 2)
                    bad.method = methods[m];
                unsigned expected = first < WRONGS ? wrongs[first].status : 0;
                if (status_of(&bad) != expected)
                    fail_msg("%s %s: wrong %zu and all behind it: %u, and not %u", methods[m], path,
                             from, status_of(&bad), expected);
            }
        }
    }
}

static void a_path_that_is_none_is_refused_like_any_other_first(void **state) {
    (void)state;
    struct access_request request = plain("GET", "/api/v1/nothing");
    assert_int_equal(status_of(&request), 0);
    request.authorization.count = 0;
    assert_int_equal(status_of(&request), 401);
    request.method = "OPTIONS";
    assert_int_equal(status_of(&request), 405);
    request.host.count = 0;
    assert_int_equal(status_of(&request), 421);
}

static void a_method_of_another_path_is_refused_with_those_of_this_one(void **state) {
    (void)state;
    struct access_request request = plain("POST", "/healthz");
    struct access_verdict verdict = access_check(&rules, &request);
    assert_int_equal(verdict.status, 405);
    assert_string_equal(verdict.allow, "GET, HEAD");
    request = plain("GET", "/api/v1/checks");
    verdict = access_check(&rules, &request);
    assert_int_equal(verdict.status, 405);
    assert_string_equal(verdict.allow, "POST");
}

static void only_our_own_authority_and_allowed_names_are_ours(void **state) {
    (void)state;
    static const struct {
        const char *host;
        unsigned status;
    } cases[] = {{"127.0.0.1:8080", 0},
                 {"127.0.0.1", 421},
                 {"127.0.0.1:80", 421},
                 {"127.0.0.1:8080 ", 421},
                 {"127.0.0.2:8080", 421},
                 {"localhost:8080", 421},
                 {"", 421},
                 {"soak.example", 0},
                 {"SOAK.example:443", 0},
                 {"soak.example:", 0},
                 {"soak.example:443x", 421},
                 {"soak.example.evil.example", 421},
                 {"xsoak.example", 421},
                 {"proxy.example:8443", 0},
                 {"proxy.example", 421},
                 {"proxy.example:8443:1", 421}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct access_request request = plain("GET", "/healthz");
        request.host = one(cases[i].host);
        if (status_of(&request) != cases[i].status)
            fail_msg("Host: %s: %u", cases[i].host, status_of(&request));
    }
    struct access_request twice = plain("GET", "/healthz");
    twice.host.count = 2;
    assert_int_equal(status_of(&twice), 421);
    struct access_request eighty = plain("GET", "/healthz");
    eighty.own = "127.0.0.1:80";
    eighty.host = one("127.0.0.1");
    assert_int_equal(status_of(&eighty), 0);
}

static void an_origin_is_that_of_the_host_or_none(void **state) {
    (void)state;
    static const struct {
        const char *host, *origin;
        unsigned status;
    } cases[] = {{"127.0.0.1:8080", "http://127.0.0.1:8080", 0},
                 {"127.0.0.1:8080", "https://127.0.0.1:8080", 403},
                 {"127.0.0.1:8080", "http://127.0.0.1:8081", 403},
                 {"127.0.0.1:8080", "http://127.0.0.1:80800", 403},
                 {"127.0.0.1:8080", "null", 403},
                 {"127.0.0.1:8080", "", 403},
                 {"soak.example", "https://soak.example", 0},
                 {"soak.example", "http://soak.example", 0},
                 {"soak.example", "https://127.0.0.1:8080", 403}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct access_request request = plain("GET", "/");
        request.host = one(cases[i].host);
        request.origin = one(cases[i].origin);
        if (status_of(&request) != cases[i].status)
            fail_msg("%s at %s: %u", cases[i].origin, cases[i].host, status_of(&request));
    }
    struct access_request twice = plain("GET", "/");
    twice.origin = (struct access_header){"http://127.0.0.1:8080", 2};
    assert_int_equal(status_of(&twice), 403);
}

static void a_site_that_is_not_ours_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"cross-site", "same-site", "", "SAME-ORIGIN", "none, none"};
    struct access_request request = plain("GET", "/");
    request.fetch_site = one("same-origin");
    assert_int_equal(status_of(&request), 0);
    request.fetch_site = one("none");
    assert_int_equal(status_of(&request), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        request.fetch_site = one(bad[i]);
        assert_int_equal(status_of(&request), 403);
    }
}

static void the_token_is_all_of_it_and_once(void **state) {
    (void)state;
    static const struct {
        const char *value;
        unsigned status;
    } cases[] = {{"Bearer 0123456789abcdef", 0},
                 {"bearer 0123456789abcdef", 0},
                 {"Bearer 0123456789abcde", 401},
                 {"Bearer 0123456789abcdef0", 401},
                 {"Bearer  0123456789abcdef", 401},
                 {"Bearer ", 401},
                 {"", 401},
                 {"Basic 0123456789abcdef", 401},
                 {"0123456789abcdef", 401}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct access_request request = plain("GET", "/metrics");
        request.authorization = one(cases[i].value);
        if (status_of(&request) != cases[i].status)
            fail_msg("%s: %u", cases[i].value, status_of(&request));
    }
    struct access_request twice = plain("GET", "/metrics");
    twice.authorization.count = 2;
    assert_int_equal(status_of(&twice), 401);
}

static void a_post_has_exactly_that_type_and_at_most_64_kib(void **state) {
    (void)state;
    static const char *const bad[] = {"application/json; charset=utf-8", "Application/JSON",
                                      "application/x-www-form-urlencoded", ""};
    struct access_request request = plain("POST", "/api/v1/runs");
    request.body_length = ACCESS_BODY_MAX;
    assert_int_equal(status_of(&request), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        request.content_type = one(bad[i]);
        assert_int_equal(status_of(&request), 415);
    }
    request.content_type.count = 0;
    assert_int_equal(status_of(&request), 415);
}

static void an_id_is_26_of_digits_and_capitals(void **state) {
    (void)state;
    struct run_id found;
    assert_true(run_id_is(id));
    assert_false(run_id_is("01m8nsxevfhsv7zs1dvkn43dx7"));
    assert_false(run_id_is("01M8NSXEVFHSV7ZS1DVKN43DX"));
    assert_false(run_id_is("01M8NSXEVFHSV7ZS1DVKN43DX77"));
    assert_null(endpoint_find("/api/v1/runs/..", &found));
    assert_null(endpoint_find("/api/v1/runs/01M8NSXEVFHSV7ZS1DVKN43DX7/", &found));
    assert_null(endpoint_find("/api/v1/runs/01M8NSXEVFHSV7ZS1DVKN43DX7/report.xml", &found));
    assert_non_null(endpoint_find("/api/v1/runs/01M8NSXEVFHSV7ZS1DVKN43DX7/stop", &found));
    assert_string_equal(found.text, id);
    assert_non_null(endpoint_find("/", &found));
    assert_string_equal(found.text, "");
}

static bool read_token(const char *text, size_t length) {
    char path[] = "/tmp/holdfast-token-XXXXXX", error[512] = "";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), length);
    close(fd);
    struct access_rules read = {{0}, 0, {{0}}};
    bool good = access_read_token(&read, path, (struct refuse_buffer){error, sizeof error});
    unlink(path);
    assert_true(good || (strstr(error, "--token-file") != NULL && strstr(error, text) == NULL));
    return good;
}

static void a_token_file_holds_one_line_of_16_or_more(void **state) {
    (void)state;
    char longest[ACCESS_TOKEN_MAX + 2];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_true(read_token("0123456789abcdef", 16));
    assert_true(read_token("0123456789abcdef\r\n", 18));
    assert_true(read_token(longest, ACCESS_TOKEN_MAX));
    assert_false(read_token(longest, ACCESS_TOKEN_MAX + 1));
    assert_false(read_token("0123456789abcde\n", 16));
    assert_false(read_token("0123456789 abcdef\n", 18));
    assert_false(read_token("0123456789abcdef\nmore\n", 22));
}

static void a_random_token_is_128_bits_and_another_each_time(void **state) {
    (void)state;
    struct access_rules one_of = {{0}, 0, {{0}}}, other = {{0}, 0, {{0}}};
    assert_true(access_random_token(&one_of) && access_random_token(&other));
    assert_int_equal(strlen(one_of.token), 32);
    assert_string_not_equal(one_of.token, other.token);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_endpoint_refuses_each_wrong_in_the_order_of_the_contract),
        cmocka_unit_test(a_path_that_is_none_is_refused_like_any_other_first),
        cmocka_unit_test(a_method_of_another_path_is_refused_with_those_of_this_one),
        cmocka_unit_test(only_our_own_authority_and_allowed_names_are_ours),
        cmocka_unit_test(an_origin_is_that_of_the_host_or_none),
        cmocka_unit_test(a_site_that_is_not_ours_is_refused),
        cmocka_unit_test(the_token_is_all_of_it_and_once),
        cmocka_unit_test(a_post_has_exactly_that_type_and_at_most_64_kib),
        cmocka_unit_test(an_id_is_26_of_digits_and_capitals),
        cmocka_unit_test(a_token_file_holds_one_line_of_16_or_more),
        cmocka_unit_test(a_random_token_is_128_bits_and_another_each_time),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
