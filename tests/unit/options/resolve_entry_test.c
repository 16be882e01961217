/* The addresses of --resolve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options/resolve_entry.h"

static void a_name_a_port_and_addresses_are_read(void **state) {
    (void)state;
    static struct resolve_entry entry;
    char text[ADDRESS_TEXT_MAX];
    assert_true(
        resolve_entry_parse(&entry, "shop.example:443:192.0.2.1,[2001:db8::1],2001:db8::2"));
    assert_string_equal(entry.host, "shop.example");
    assert_int_equal(entry.port, 443);
    assert_int_equal(entry.count, 3);
    assert_string_equal(address_format(&entry.addresses[0], text, sizeof text), "192.0.2.1:443");
    assert_string_equal(address_format(&entry.addresses[1], text, sizeof text),
                        "[2001:db8::1]:443");
    assert_string_equal(address_format(&entry.addresses[2], text, sizeof text),
                        "[2001:db8::2]:443");
    assert_true(resolve_entry_parse(&entry, "e:1:::1"));
    assert_string_equal(address_format(&entry.addresses[0], text, sizeof text), "[::1]:1");
}

static void anything_else_is_refused(void **state) {
    (void)state;
    static struct resolve_entry entry;
    static const char *const cases[] = {
        "",
        "shop.example",
        "shop.example:443",
        "shop.example:443:",
        "shop.example:443:other.example",
        "shop.example:443:192.0.2.1,",
        "shop.example:443:,192.0.2.1",
        "shop.example:443:192.0.2.1 ",
        "shop.example:443:[192.0.2.1]",
        "shop.example:443:[]",
        "shop.example:0:192.0.2.1",
        "shop.example:65536:192.0.2.1",
        "shop.example:x:192.0.2.1",
        ":443:192.0.2.1",
        "-shop.example:443",
        "[::1]:443:192.0.2.1",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (resolve_entry_parse(&entry, cases[i]))
            fail_msg("%s was read", cases[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_a_port_and_addresses_are_read),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
