/* The list set last is used in turn by each place in the order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/moved_addresses.h"

static void the_list_set_last_is_used_in_turn(void **state) {
    (void)state;
    static struct moved_addresses moved;
    struct address each[3];
    assert_null(moved_addresses_at(&moved, 0));
    for (size_t count = 1; count <= 3; count++) {
        for (size_t i = 0; i < count; i++)
            assert_true(address_parse(&each[i], "127.0.0.1", (uint16_t)(10 * count + i)));
        moved_addresses_set(&moved, each, count);
        for (uint32_t order = 0; order < 7; order++)
            assert_int_equal(address_port(moved_addresses_at(&moved, order)),
                             10 * count + order % count);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_list_set_last_is_used_in_turn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
