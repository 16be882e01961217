/* Tests of address sets: what is read, joined, counted and found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/address_set.h"

static struct address_range storage[8];

static struct address address(const char *host) {
    struct address read;
    assert_true(address_parse(&read, host, 4711));
    return read;
}

/* A set of up to eight texts; NULL ends them. */
static struct address_set set_of(const char *const *texts) {
    struct address_set set;
    size_t count = 0;
    for (; texts[count] != NULL; count++)
        assert_null(address_range_parse(&storage[count], texts[count], strlen(texts[count])));
    assert_null(address_set_make(&set, storage, count));
    return set;
}
#define SET(...) set_of((const char *const[]){__VA_ARGS__, NULL})

static void assert_text(struct address_set set, const char *text) {
    char buffer[200];
    assert_string_equal(address_set_format(&set, buffer, sizeof buffer), text);
}

static void an_address_a_range_and_a_prefix_are_read(void **state) {
    (void)state;
    const struct {
        const char *text;
        uint32_t count;
        const char *shown;
    } rows[] = {
        {"127.0.0.1", 1, "127.0.0.1"},
        {"127.0.0.2-127.0.0.2", 1, "127.0.0.2"},
        {"127.0.0.2-127.0.1.1", 256, "127.0.0.2-127.0.1.1"},
        {"10.9.0.0/16", 65536, "10.9.0.0-10.9.255.255"},
        {"10.9.8.4/30", 4, "10.9.8.4-10.9.8.7"},
        {"10.9.8.7/32", 1, "10.9.8.7"},
        {"255.255.255.254-255.255.255.255", 2, "255.255.255.254-255.255.255.255"},
        {"::1", 1, "::1"},
        {"fd00::ffff:ffff:ffff:ffff-fd00::1:0:0:0:0", 2, "fd00::ffff:ffff:ffff:ffff-fd00:0:0:1::"},
        {"fd00::/112", 65536, "fd00::-fd00::ffff"},
        {"fd00::8/125", 8, "fd00::8-fd00::f"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address_set set = SET(rows[i].text);
        assert_int_equal(set.count, rows[i].count);
        assert_text(set, rows[i].shown);
    }
}

static void what_is_no_address_is_refused(void **state) {
    (void)state;
    const struct {
        const char *text, *why;
    } rows[] = {
        {"", "is no address"},
        {"x", "is no address"},
        {"127.0.0", "is no address"},
        {"127.0.0.1 ", "is no address"},
        {"127.0.0.1:80", "is no address"},
        {"[::1]", "is no address"},
        {"fe80::1%no-such-0", "is no address"},
        {"127.0.0.1-", "is no address"},
        {"-127.0.0.1", "is no address"},
        {"127.0.0.1-127.0.0.3-127.0.0.5", "is no address"},
        {"127.0.0.1-::1", "is no address"},
        {"127.0.0.1/", "is no address"},
        {"127.0.0.1/33", "is no address"},
        {"127.0.0.1/4294967328", "is no address"},
        {"127.0.0.1/-1", "is no address"},
        {"127.0.0.1/24x", "is no address"},
        {"::1/129", "is no address"},
        {"127.0.0.9-127.0.0.2", "ends before it begins"},
        {"127.0.0.0/15", "holds more than 65536"},
        {"fd00::/64", "holds more than 65536"},
        {"127.0.0.1-127.1.0.1", "holds more than 65536"},
        {"fd00::-fe00::", "holds more than 65536"},
        {"10.0.0.5/24", "has bits beyond its prefix"},
        {"0.0.0.0", "begins with the unspecified"},
        {"::", "begins with the unspecified"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address_range range;
        const char *why = address_range_parse(&range, rows[i].text, strlen(rows[i].text));
        if (why == NULL || strncmp(why, rows[i].why, strlen(rows[i].why)) != 0)
            fail_msg("\"%s\": %s", rows[i].text, why == NULL ? "accepted" : why);
    }
}

static void ranges_are_sorted_and_joined_where_they_touch(void **state) {
    (void)state;
    assert_text(SET("127.0.0.9", "127.0.0.2-127.0.0.4", "127.0.0.5"),
                "127.0.0.2-127.0.0.5,127.0.0.9");
    assert_text(SET("127.0.0.3", "127.0.0.2-127.0.0.8", "127.0.0.3"), "127.0.0.2-127.0.0.8");
    assert_int_equal(SET("10.0.0.0/17", "10.0.128.0/17").count, 65536);
    assert_text(SET("fd00::2", "fd00::1"), "fd00::1-fd00::2");
}

static void a_set_is_of_one_family_and_bounded(void **state) {
    (void)state;
    struct address_set set;
    const char *const mixed[] = {"127.0.0.1", "::1"};
    const char *const many[] = {"10.0.0.0/16", "10.1.0.0"};
    const char *const apart[] = {"10.0.0.0/16", "10.9.0.0"};
    const struct {
        const char *const *texts;
        const char *why;
    } rows[] = {{mixed, "mixes IPv4 and IPv6"}, {many, "holds more than"}, {apart, "holds more"}};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 2; j++)
            assert_null(
                address_range_parse(&storage[j], rows[i].texts[j], strlen(rows[i].texts[j])));
        const char *why = address_set_make(&set, storage, 2);
        assert_non_null(why);
        assert_non_null(strstr(why, rows[i].why));
    }
}

static void each_member_has_one_place_and_is_found_there(void **state) {
    (void)state;
    struct address_set sets[] = {
        SET("127.0.0.250-127.0.1.9", "10.0.0.1", "192.0.2.0/28"),
    };
    for (uint32_t i = 0; i < sets[0].count; i++) {
        struct address member = address_set_at(&sets[0], i);
        assert_int_equal(address_port(&member), 0);
        assert_int_equal(address_set_find(&sets[0], &member), i);
    }
    static const char *const outside[] = {"127.0.0.249", "127.0.1.10",     "10.0.0.0",
                                          "10.0.0.2",    "192.0.2.16",     "0.0.0.0",
                                          "::1",         "255.255.255.255"};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        struct address other = address(outside[i]);
        assert_int_equal(address_set_find(&sets[0], &other), -1);
    }
    struct address last = address("192.0.2.15");
    assert_int_equal(address_set_find(&sets[0], &last), sets[0].count - 1);
    struct address_set empty = {0};
    assert_int_equal(address_set_find(&empty, &last), -1);
    assert_int_equal(address_set_family(&empty), AF_UNSPEC);
}

static void a_carry_goes_through_an_ipv6_address(void **state) {
    (void)state;
    struct address_set set = SET("fd00::ffff:ffff:ffff:fffe-fd00::1:0:0:0:1");
    struct address third = address_set_at(&set, 2), expected = address("fd00:0:0:1::");
    assert_int_equal(set.count, 4);
    assert_int_equal(address_set_find(&set, &expected), 2);
    assert_memory_equal(&third.of.v6.sin6_addr, &expected.of.v6.sin6_addr, 16);
}

static void what_does_not_fit_is_counted(void **state) {
    (void)state;
    struct address_set set = SET("127.0.0.1", "127.0.0.3", "127.0.0.5-127.0.0.9");
    char buffer[50];
    assert_string_equal(address_set_format(&set, buffer, sizeof buffer), "127.0.0.1 and 6 more");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_a_range_and_a_prefix_are_read),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(ranges_are_sorted_and_joined_where_they_touch),
        cmocka_unit_test(a_set_is_of_one_family_and_bounded),
        cmocka_unit_test(each_member_has_one_place_and_is_found_there),
        cmocka_unit_test(a_carry_goes_through_an_ipv6_address),
        cmocka_unit_test(what_does_not_fit_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
