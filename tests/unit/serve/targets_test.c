/* Tests of --allow-target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "serve/targets.h"

static bool allows(const char *list, const char *host, const char *address, uint16_t port) {
    struct targets *targets = test_calloc(1, sizeof *targets);
    char error[256] = "";
    struct address parsed;
    if (!targets_read(targets, list, (struct refuse_buffer){error, sizeof error}))
        fail_msg("%s: %s", list, error);
    assert_true(address_parse(&parsed, address, port));
    bool allowed = targets_allow(targets, host, &parsed);
    test_free(targets);
    return allowed;
}

static bool is_read(const char *list) {
    struct targets *targets = test_calloc(1, sizeof *targets);
    char error[256] = "";
    bool read = targets_read(targets, list, (struct refuse_buffer){error, sizeof error});
    test_free(targets);
    return read;
}

static void loopback_is_allowed_unless_something_else_is_named(void **state) {
    (void)state;
    assert_true(allows(NULL, "localhost", "127.0.0.1", 80));
    assert_true(allows(NULL, "x", "127.255.0.9", 80));
    assert_true(allows(NULL, "x", "::1", 80));
    assert_true(allows(NULL, "x", "::ffff:127.0.0.1", 80));
    assert_false(allows(NULL, "x", "128.0.0.1", 80));
    assert_false(allows(NULL, "x", "0.0.0.0", 80));
    assert_false(allows(NULL, "x", "::", 80));
    assert_false(allows(NULL, "x", "::ffff:10.0.0.1", 80));
    assert_false(allows("10.0.0.0/8", "localhost", "127.0.0.1", 80));
}

static void a_network_is_compared_bit_by_bit(void **state) {
    (void)state;
    assert_true(allows("10.1.0.0/17", "x", "10.1.127.255", 80));
    assert_false(allows("10.1.0.0/17", "x", "10.1.128.0", 80));
    assert_true(allows("192.0.2.7", "x", "192.0.2.7", 80));
    assert_false(allows("192.0.2.7", "x", "192.0.2.6", 80));
    assert_true(allows("2001:db8::/33", "x", "2001:db8:7fff::1", 80));
    assert_false(allows("2001:db8::/33", "x", "2001:db8:8000::1", 80));
    assert_true(allows("0.0.0.0/0", "x", "203.0.113.9", 80));
    assert_false(allows("0.0.0.0/0", "x", "2001:db8::1", 80));
}

static void a_port_and_a_name_bind(void **state) {
    (void)state;
    assert_true(allows("10.0.0.1:8080", "x", "10.0.0.1", 8080));
    assert_false(allows("10.0.0.1:8080", "x", "10.0.0.1", 8081));
    assert_true(allows("[::1]:443", "x", "::1", 443));
    assert_false(allows("[::1]:443", "x", "::1", 444));
    assert_true(allows("Shop.example", "shop.EXAMPLE", "203.0.113.9", 80));
    assert_true(allows("127.0.0.0/8,shop.example:443", "shop.example", "203.0.113.9", 443));
    assert_false(allows("127.0.0.0/8,shop.example:443", "shop.example", "203.0.113.9", 80));
    assert_false(allows("shop.example", "other.example", "203.0.113.9", 80));
}

static void what_is_neither_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",           ",",     "10.0.0.0/33", "10.0.0.0/",   "10.0.0.0/x", "host:0",
        "host:65536", "host:", "ho st",       "http://host", "::1/129",    "10.0.0.1,"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (is_read(bad[i]))
            fail_msg("\"%s\" is read", bad[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_allowed_unless_something_else_is_named),
        cmocka_unit_test(a_network_is_compared_bit_by_bit),
        cmocka_unit_test(a_port_and_a_name_bind),
        cmocka_unit_test(what_is_neither_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
