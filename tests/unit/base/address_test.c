/* Addresses are read, compared and written by value. */
#include "base/expect_bug.h"

#include <arpa/inet.h>
#include <net/if.h>

#include "base/address.h"

static struct address parsed(const char *host, uint16_t port) {
    struct address address;
    assert_true(address_parse(&address, host, port));
    return address;
}

static void check_format(const char *host, uint16_t port, const char *text) {
    char buffer[ADDRESS_TEXT_MAX];
    struct address address = parsed(host, port);
    assert_ptr_equal(address_format(&address, buffer, sizeof buffer), buffer);
    assert_string_equal(buffer, text);
}

static void an_address_is_written_with_its_port_and_ipv6_in_brackets(void **state) {
    (void)state;
    check_format("127.0.0.1", 80, "127.0.0.1:80");
    check_format("255.255.255.255", 65535, "255.255.255.255:65535");
    check_format("::1", 8080, "[::1]:8080");
    check_format("2001:DB8:0:0::1", 0, "[2001:db8::1]:0");
    check_format("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535,
                 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void no_address_is_written_as_a_dash(void **state) {
    (void)state;
    char buffer[ADDRESS_TEXT_MAX];
    assert_string_equal(address_format(&(struct address){0}, buffer, sizeof buffer), "-");
}

static void only_numeric_hosts_are_read(void **state) {
    (void)state;
    static const char *const refused[] = {
        "",         "localhost",  "127.0.0.256", "127.1", "[::1]",   "::1]",    "1.2.3.4 ",
        " 1.2.3.4", "1.2.3.4:80", "0x7f.0.0.1",  ":::",   "1::2::3", "12345::",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct address address = parsed("::1", 1), before = address;
        assert_false(address_parse(&address, refused[i], 80));
        assert_memory_equal(&address, &before, sizeof address);
    }
}

static void a_sockaddr_of_either_family_is_taken_whole(void **state) {
    (void)state;
    struct address v4 = parsed("192.0.2.1", 443), v6 = parsed("2001:db8::1", 443), out;
    assert_true(address_from(&out, &v4.of.any, v4.length));
    assert_true(address_equal(&out, &v4));
    assert_int_equal(out.length, sizeof(struct sockaddr_in));
    assert_true(address_from(&out, &v6.of.any, sizeof(struct sockaddr_storage)));
    assert_true(address_equal(&out, &v6));
    assert_int_equal(out.length, sizeof(struct sockaddr_in6));
}

static void a_foreign_or_cut_sockaddr_is_refused(void **state) {
    (void)state;
    struct address v4 = parsed("192.0.2.1", 443), v6 = parsed("2001:db8::1", 443), out;
    assert_false(address_from(&out, &v4.of.any, v4.length - 1));
    assert_false(address_from(&out, &v6.of.any, sizeof(struct sockaddr_in)));
    assert_false(address_from(&out, &v4.of.any, 0));
    v4.of.any.sa_family = AF_UNIX;
    assert_false(address_from(&out, &v4.of.any, sizeof v4.of));
}

static void the_port_is_in_host_order(void **state) {
    (void)state;
    struct address v4 = parsed("192.0.2.1", 443), v6 = parsed("2001:db8::1", 8080);
    assert_int_equal(address_port(&v4), 443);
    assert_int_equal(address_port(&v6), 8080);
    assert_int_equal(address_port(&(struct address){0}), 0);
}

static void check_equal(struct address a, struct address b, bool equal) {
    assert_true(address_equal(&a, &b) == equal);
    assert_true(address_equal(&b, &a) == equal);
}

static void addresses_are_equal_when_host_and_port_are(void **state) {
    (void)state;
    check_equal(parsed("192.0.2.1", 80), parsed("192.0.2.1", 80), true);
    check_equal(parsed("192.0.2.1", 80), parsed("192.0.2.1", 81), false);
    check_equal(parsed("192.0.2.1", 80), parsed("192.0.2.2", 80), false);
    check_equal(parsed("::1", 80), parsed("0::1", 80), true);
    check_equal(parsed("::1", 80), parsed("::1", 81), false);
    check_equal(parsed("::1", 80), parsed("::2", 80), false);
    check_equal(parsed("0.0.0.0", 80), parsed("::", 80), false);
    check_equal(parsed("0.0.0.0", 0), (struct address){0}, false);
    check_equal((struct address){0}, (struct address){0}, true);
}

static void a_scope_tells_addresses_apart_and_padding_and_flow_do_not(void **state) {
    (void)state;
    struct address a = parsed("fe80::1", 80), b = a, c = parsed("192.0.2.1", 80), d = c;
    b.of.v6.sin6_flowinfo = 7;
    check_equal(a, b, true);
    b.of.v6.sin6_scope_id = 2;
    check_equal(a, b, false);
    memset(d.of.v4.sin_zero, 0xff, sizeof d.of.v4.sin_zero);
    check_equal(c, d, true);
}

static void check_loopback(const char *host, bool loopback) {
    struct address address = parsed(host, 80);
    assert_true(address_is_loopback(&address) == loopback);
}

static void loopback_is_all_of_127_and_its_ipv6_forms(void **state) {
    (void)state;
    check_loopback("127.0.0.1", true);
    check_loopback("127.255.255.254", true);
    check_loopback("::1", true);
    check_loopback("::ffff:127.0.0.2", true);
    check_loopback("126.255.255.255", false);
    check_loopback("1.0.0.127", false);
    check_loopback("0.0.0.0", false);
    check_loopback("::", false);
    check_loopback("::ffff:128.0.0.1", false);
    check_loopback("fe80::1", false);
    assert_false(address_is_loopback(&(struct address){0}));
}

static void a_zone_is_an_interface_by_name_or_number(void **state) {
    (void)state;
    struct address name, number;
    assert_true(address_parse(&name, "fe80::1%lo", 80));
    assert_true(address_parse(&number, "fe80::1%1", 80));
    assert_int_equal(name.of.v6.sin6_scope_id, if_nametoindex("lo"));
    assert_int_equal(number.of.v6.sin6_scope_id, 1);
    assert_false(address_parse(&name, "fe80::1%", 80));
    assert_false(address_parse(&name, "fe80::1%no-such-0", 80));
    assert_false(address_parse(&name, "127.0.0.1%lo", 80));
}

static void a_host_is_the_same_whatever_the_port_and_any_is_none(void **state) {
    (void)state;
    struct address a = parsed("127.0.0.1", 80), b = parsed("127.0.0.1", 81);
    struct address other = parsed("127.0.0.2", 80), v6 = parsed("::1", 80);
    assert_true(address_same_host(&a, &b));
    assert_false(address_same_host(&a, &other));
    assert_false(address_same_host(&a, &v6));
    struct address any = parsed("0.0.0.0", 80), any_v6 = parsed("::", 0);
    assert_true(address_is_any(&any) && address_is_any(&any_v6));
    assert_false(address_is_any(&a) || address_is_any(&v6) || address_is_any(&(struct address){0}));
}

static void a_place_to_listen_at_may_be_a_port_alone(void **state) {
    static const char *const places[][2] = {
        {"0.0.0.0:80", "0.0.0.0:80"}, {"[::1]:0", "[::1]:0"},         {"9090", "127.0.0.1:9090"},
        {":9090", "127.0.0.1:9090"},  {"localhost:1", "127.0.0.1:1"}, {"*:65535", "0.0.0.0:65535"},
        {"0", "127.0.0.1:0"}};
    static const char *const bad[] = {"",           ":",     "x:1", "localhost",
                                      "localhost:", "65536", "9 0", ":9090x",
                                      "::1",        "+9",    ":-1", "127.0.0.1"};
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        assert_true(address_parse_listen(&address, places[i][0]));
        assert_string_equal(address_format(&address, text, sizeof text), places[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (address_parse_listen(&(struct address){0}, bad[i]))
            fail_msg("\"%s\" was read", bad[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_is_an_interface_by_name_or_number),
        cmocka_unit_test(an_address_is_written_with_its_port_and_ipv6_in_brackets),
        cmocka_unit_test(no_address_is_written_as_a_dash),
        cmocka_unit_test(only_numeric_hosts_are_read),
        cmocka_unit_test(a_place_to_listen_at_may_be_a_port_alone),
        cmocka_unit_test(a_sockaddr_of_either_family_is_taken_whole),
        cmocka_unit_test(a_foreign_or_cut_sockaddr_is_refused),
        cmocka_unit_test(the_port_is_in_host_order),
        cmocka_unit_test(addresses_are_equal_when_host_and_port_are),
        cmocka_unit_test(a_scope_tells_addresses_apart_and_padding_and_flow_do_not),
        cmocka_unit_test(a_host_is_the_same_whatever_the_port_and_any_is_none),
        cmocka_unit_test(loopback_is_all_of_127_and_its_ipv6_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
