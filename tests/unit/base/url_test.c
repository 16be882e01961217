/* The URL reader: what it takes apart, what it refuses, and that no refusal shows a password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"

struct accepted_url {
    const char *url, *host;
    uint16_t port;
    const char *path, *authority, *shown;
};

static void a_url_is_taken_apart(void **state) {
    (void)state;
    static const struct accepted_url cases[] = {
        {"http://127.0.0.1:8080/", "127.0.0.1", 8080, "/", "127.0.0.1:8080",
         "http://127.0.0.1:8080/"},
        {"example.com", "example.com", 80, "/", "example.com", "http://example.com/"},
        {"example.com:80/a", "example.com", 80, "/a", "example.com", "http://example.com/a"},
        {"HTTP://Example.com", "Example.com", 80, "/", "Example.com", "http://Example.com/"},
        {"https://example.com", "example.com", 443, "/", "example.com", "https://example.com/"},
        {"https://e:80/", "e", 80, "/", "e:80", "https://e:80/"},
        {"http://e:443/", "e", 443, "/", "e:443", "http://e:443/"},
        {"http://[::1]:81/x?y", "::1", 81, "/x?y", "[::1]:81", "http://[::1]:81/x?y"},
        {"http://e:/", "e", 80, "/", "e", "http://e/"},
        {"https://[::1]:", "::1", 443, "/", "[::1]", "https://[::1]/"},
        {"http://[fe80::1%25eth0]/", "fe80::1%eth0", 80, "/", "[fe80::1]",
         "http://[fe80::1%25eth0]/"},
        {"http://[fe80::1%eth0]:81/", "fe80::1%eth0", 81, "/", "[fe80::1]:81",
         "http://[fe80::1%25eth0]:81/"},
        {"[fe80::1%25]", "fe80::1%25", 80, "/", "[fe80::1]", "http://[fe80::1%2525]/"},
        {"[2001:db8::2]", "2001:db8::2", 80, "/", "[2001:db8::2]", "http://[2001:db8::2]/"},
        {"e?q=1", "e", 80, "/?q=1", "e", "http://e/?q=***"},
        {"e/p#f?g", "e", 80, "/p", "e", "http://e/p"},
        {"e#f", "e", 80, "/", "e", "http://e/"},
        {"e/?u=http://x:y@z/", "e", 80, "/?u=http://x:y@z/", "e", "http://e/?u=***"},
        {"e:65535/%20", "e", 65535, "/%20", "e:65535", "http://e:65535/%20"},
        {"a_b-c.d:00081", "a_b-c.d", 81, "/", "a_b-c.d:81", "http://a_b-c.d:81/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url target;
        char error[URL_ERROR_MAX] = "";
        assert_true(url_parse(&target, cases[i].url, error));
        assert_string_equal(target.host, cases[i].host);
        assert_int_equal(target.port, cases[i].port);
        assert_string_equal(target.path, cases[i].path);
        assert_string_equal(target.authority, cases[i].authority);
        assert_string_equal(target.url, cases[i].shown);
        assert_int_equal(target.tls, strncmp(cases[i].shown, "https", 5) == 0);
    }
}

static void a_bad_url_is_refused_in_one_line_that_says_what(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "host is empty"},
        {"http://", "host is empty"},
        {"http:///path", "host is empty"},
        {"//e/", "host is empty"},
        {":80", "host is empty"},
        {"ftp://e/", "scheme \"ftp\""},
        {"httpss://e/", "scheme \"httpss\""},
        {"http://user@e/", "passwords"},
        {"http://user:secret@e/", "passwords"},
        {"user:secret@e", "passwords"},
        {"http://e/a b", "a space (byte 11)"},
        {" http://e/", "a space (byte 1)"},
        {"http://e/\t", "a control character"},
        {"http://e/\r\nX: y", "a control character"},
        {"http://e/\x7f", "a control character"},
        {"http://e/#\n", "a control character"},
        {"http://e/\xc3\xa9", "outside ASCII"},
        {"http://\xe9/", "outside ASCII"},
        {"http://e:0/", "\":0\" after the host is not a port"},
        {"http://e:65536/", "not a port"},
        {"http://e:99999999999999999999/", "not a port"},
        {"http://e:-1/", "not a port"},
        {"http://e:+1/", "not a port"},
        {"http://e:8x/", "not a port"},
        {"http://e:80:81/", "not a port"},
        {"http://::1/", "host is empty"},
        {"http://[::1/", "']'"},
        {"http://[]/", "not an IPv6 address"},
        {"http://[1.2.3.4]/", "not an IPv6 address"},
        {"http://[fe80::1%]/", "not an IPv6 address"},
        {"http://[fe80::1%e/0]/", "']'"},
        {"http://[fe80::1%a-name-of-16-byt]/", "not an IPv6 address"},
        {"http://b\xc3\xbc.de/", "punycode"},
        {"http://a b/", "letters, digits"},
        {"http://host/\xc3", "percent-encoded"},
        {"http://[::1]x/", "not a port"},
        {"http://[::1]x80/", "not a port"},
        {"http://e%41/", "not a name"},
        {"http://e\\f/", "not a name"},
        {"http://e,f/", "not a name"},
        {":8080", "such as 127.0.0.1 or 127.0.0.1:8080"},
        {"8080", "\"8080\" is a port: 127.0.0.1:8080 is accepted"},
        {"http://8080/", "127.0.0.1:8080 is accepted"},
        {"http:/e/", "\"http\" is a scheme: http://host[:port]/path is accepted"},
        {"http//e/", "\"http\" is a scheme"},
        {"http://http://e/", "\"http\" is a scheme"},
        {"HTTPS:e", "\"HTTPS\" is a scheme"},
        {"-", "\"-\" begins with '-'"},
        {"http://e/ ", "a space (byte 10): leave it out"},
        {" http://e/", "a space (byte 1): leave it out"},
        {"'http://e/'", "the URL begins with ': leave it out"},
        {"\"http://e/\"", "the URL begins with \": leave it out"},
        {"<http://e/>", "the URL begins with <: leave it out"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url target;
        char error[URL_ERROR_MAX] = "";
        assert_false(url_parse(&target, cases[i][0], error));
        if (strstr(error, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], error);
        assert_null(strpbrk(error, "\r\n\t"));
        assert_null(strstr(error, "secret"));
    }
}

static char *repeat(char c, size_t count, const char *before, const char *after) {
    char *text = malloc(strlen(before) + count + strlen(after) + 1);
    assert_non_null(text);
    strcpy(text, before);
    memset(text + strlen(before), c, count);
    strcpy(text + strlen(before) + count, after);
    return text;
}

static void the_longest_host_and_path_fit_and_one_byte_more_is_refused(void **state) {
    (void)state;
    static const struct {
        char c;
        size_t count;
        const char *before, *after;
        bool fits;
    } cases[] = {
        {'h', URL_HOST_MAX - 1, "https://", ":65535/", true},
        {'h', URL_HOST_MAX, "http://", "/", false},
        {'p', URL_PATH_MAX - 3, "http://e/", "", true},
        {'p', URL_PATH_MAX - 2, "http://e/", "", false},
        {'q', URL_PATH_MAX - 3, "http://e?", "", true},
        {'q', URL_PATH_MAX - 2, "http://e?", "", false},
        {'f', 100000, "http://e/#", "", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct url target;
        char error[URL_ERROR_MAX];
        char *url = repeat(cases[i].c, cases[i].count, cases[i].before, cases[i].after);
        assert_int_equal(url_parse(&target, url, error), cases[i].fits);
        free(url);
    }
}

static void an_endpoint_is_a_host_and_a_port(void **state) {
    (void)state;
    char host[URL_HOST_MAX], error[URL_ERROR_MAX];
    uint16_t port = 0;
    assert_true(url_parse_endpoint("[::1]:8080", host, &port, error));
    assert_string_equal(host, "::1");
    assert_int_equal(port, 8080);
    assert_true(url_parse_endpoint("e:1", host, &port, error));
    assert_string_equal(host, "e");
    assert_int_equal(port, 1);
    static const char *const bad[] = {"",       "e",     "e:",     ":80",         "e:0",
                                      "e:8/x",  "[::1]", "u@e:80", "http://e:80", "e :80",
                                      "::1:80", "e:80\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(url_parse_endpoint(bad[i], host, &port, error));
        assert_string_equal(host, "e");
        assert_int_equal(port, 1);
        assert_null(strpbrk(error, "\r\n"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(a_bad_url_is_refused_in_one_line_that_says_what),
        cmocka_unit_test(the_longest_host_and_path_fit_and_one_byte_more_is_refused),
        cmocka_unit_test(an_endpoint_is_a_host_and_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
