/* Tests of pinned names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netdb.h>

#include "host/host.h"
#include "host/pins.h"

static int resolve(const char *name, struct address *addresses, size_t *count) {
    int error = 0, gai = 0;
    size_t named = 0;
    struct host_resolve *asking = host_resolve_start(name, 8080, &error);
    assert_non_null(asking);
    int result = host_resolve_read(asking, addresses, count, &named, &gai);
    host_resolve_end(asking);
    return result != 0 ? gai : 0;
}

static void nothing_is_pinned_at_first(void **state) {
    (void)state;
    struct address addresses[ADDRESSES_MAX];
    assert_false(host_pins_any());
    assert_int_equal(host_pinned("localhost", 80, addresses), 0);
}

/* Before anything is pinned: other names and ports are asked for as ever. */
static void a_name_resolves_to_what_was_given_for_that_port(void **state) {
    (void)state;
    struct address addresses[ADDRESSES_MAX], given;
    size_t count = 0;
    assert_true(address_parse(&given, "127.0.0.9", 8080));
    assert_true(host_resolve_as("Given.example", &given));
    assert_true(address_parse(&given, "127.0.0.8", 81));
    assert_true(host_resolve_as("given.example", &given));
    assert_int_equal(resolve("given.EXAMPLE", addresses, &count), 0);
    assert_int_equal(count, 1);
    assert_true(address_parse(&given, "127.0.0.9", 8080));
    assert_true(address_equal(&addresses[0], &given));
    assert_int_equal(host_pinned("given.example", 82, addresses), 0);
    assert_int_equal(resolve("127.0.0.1", addresses, &count), 0);
    assert_int_equal(count, 1);
    assert_false(host_pins_any());
}

static void a_pinned_name_has_the_addresses_it_was_given_with_the_port_asked_for(void **state) {
    (void)state;
    struct address addresses[ADDRESSES_MAX], first, second;
    size_t count = 0;
    assert_true(address_parse(&first, "127.0.0.7", 1));
    assert_true(address_parse(&second, "::1", 1));
    assert_true(host_pin("Shop.example", &first));
    assert_true(host_pin("shop.example", &second));
    assert_int_equal(resolve("SHOP.example", addresses, &count), 0);
    assert_int_equal(count, 2);
    assert_true(address_parse(&first, "127.0.0.7", 8080));
    assert_true(address_equal(&addresses[0], &first));
    assert_int_equal(address_port(&addresses[1]), 8080);
}

static void another_name_is_not_resolved_nor_is_an_address(void **state) {
    (void)state;
    struct address addresses[ADDRESSES_MAX];
    size_t count = 0;
    assert_int_equal(resolve("localhost", addresses, &count), EAI_NONAME);
    assert_int_equal(resolve("127.0.0.1", addresses, &count), EAI_NONAME);
    assert_int_equal(count, 0);
}

static void there_is_room_for_so_many_names(void **state) {
    (void)state;
    struct address address;
    char name[] = "0.example";
    assert_true(address_parse(&address, "127.0.0.7", 1));
    for (char digit = '1'; digit < '0' + PINS_MAX; digit++) {
        name[0] = digit;
        assert_true(host_pin(name, &address));
    }
    assert_false(host_pin("more.example", &address));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_pinned_at_first),
        cmocka_unit_test(a_name_resolves_to_what_was_given_for_that_port),
        cmocka_unit_test(a_pinned_name_has_the_addresses_it_was_given_with_the_port_asked_for),
        cmocka_unit_test(another_name_is_not_resolved_nor_is_an_address),
        cmocka_unit_test(there_is_room_for_so_many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
