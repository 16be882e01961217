/* Bytes that wait go in their order, in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/held.h"

static struct held *held_of(const char *first, const char *second, const char *rest) {
    struct held *held = NULL;
    assert_true(held_append(&held, first, strlen(first)));
    assert_true(held_append(&held, second, strlen(second)));
    held->rest = rest;
    held->rest_length = strlen(rest);
    return held;
}

static void bytes_go_in_their_order_in_pieces_of_any_size(void **state) {
    (void)state;
    static const char all[] = "abcdefghij";
    for (size_t most = 1; most <= sizeof all; most++) {
        struct held *held = held_of("ab", "cde", "fghij");
        char gone[sizeof all] = "";
        for (bool last = false; !last;) {
            struct iovec pieces[2];
            size_t bytes = 0;
            int count = held_pieces(held, most, pieces);
            assert_in_range(count, 1, 2);
            for (int i = 0; i < count; i++) {
                strncat(gone, pieces[i].iov_base, pieces[i].iov_len);
                bytes += pieces[i].iov_len;
            }
            assert_in_range(bytes, 1, most);
            last = held_advance(held, bytes);
        }
        assert_string_equal(gone, all);
        free(held);
    }
}

static void bytes_are_put_behind_what_is_left(void **state) {
    (void)state;
    struct iovec pieces[2];
    struct held *held = held_of("ab", "", "");
    assert_false(held_advance(held, 1));
    assert_true(held_append(&held, "cd", 2));
    assert_int_equal(held_pieces(held, SIZE_MAX, pieces), 1);
    assert_int_equal(pieces[0].iov_len, 3);
    assert_memory_equal(pieces[0].iov_base, "bcd", 3);
    assert_true(held_advance(held, 3));
    free(held);
}

static void a_rest_alone_is_one_piece(void **state) {
    (void)state;
    struct iovec pieces[2];
    struct held *held = held_of("", "", "xy");
    assert_int_equal(held_pieces(held, SIZE_MAX, pieces), 1);
    assert_memory_equal(pieces[0].iov_base, "xy", 2);
    assert_false(held_advance(held, 0));
    assert_true(held_advance(held, 2));
    free(held);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_in_their_order_in_pieces_of_any_size),
        cmocka_unit_test(bytes_are_put_behind_what_is_left),
        cmocka_unit_test(a_rest_alone_is_one_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
