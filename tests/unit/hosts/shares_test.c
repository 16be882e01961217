/* Shares of hosts that can hold more, less or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/random.h"
#include "hosts/shares.h"

static void without_bounds_they_are_equal_and_the_first_have_one_more(void **state) {
    (void)state;
    const int64_t rooms[] = {-1, -1, -1, -1};
    uint32_t shares[4];
    assert_true(shares_make(shares, rooms, 4, 10));
    assert_int_equal(shares[0], 3);
    assert_int_equal(shares[1], 3);
    assert_int_equal(shares[2], 2);
    assert_int_equal(shares[3], 2);
}

static void who_is_full_leaves_the_rest_to_the_others(void **state) {
    (void)state;
    const int64_t rooms[] = {10, -1, 40, 100};
    uint32_t shares[4];
    assert_true(shares_make(shares, rooms, 4, 200));
    assert_int_equal(shares[0], 10);
    assert_int_equal(shares[1], 75);
    assert_int_equal(shares[2], 40);
    assert_int_equal(shares[3], 75);
}

static void what_cannot_be_held_together_is_refused(void **state) {
    (void)state;
    const int64_t rooms[] = {10, 20}, none[] = {10, 0}, any[] = {-1, -1};
    uint32_t shares[2];
    assert_true(shares_make(shares, rooms, 2, 30));
    assert_false(shares_make(shares, rooms, 2, 31));
    assert_false(shares_make(shares, none, 2, 5));
    assert_false(shares_make(shares, any, 2, 1));
}

static void any_rooms_that_suffice_are_filled_to_the_sum(void **state) {
    (void)state;
    enum { HOSTS = 9 };
    struct random random;
    random_seed(&random, 17, 1);
    for (int turn = 0; turn < 2000; turn++) {
        int64_t rooms[HOSTS], all = 0;
        uint32_t shares[HOSTS];
        size_t count = 1 + random_next(&random) % HOSTS;
        for (size_t i = 0; i < count; i++)
            all += rooms[i] = (int64_t)(1 + random_next(&random) % 1000);
        uint64_t wanted = count + random_next(&random) % ((uint64_t)all - count + 1);
        assert_true(shares_make(shares, rooms, count, wanted));
        uint64_t sum = 0;
        uint32_t most = 0;
        for (size_t i = 0; i < count; i++) {
            sum += shares[i];
            most = shares[i] > most ? shares[i] : most;
            assert_true(shares[i] >= 1 && shares[i] <= rooms[i]);
        }
        assert_int_equal(sum, wanted);
        for (size_t i = 0; i < count; i++)
            assert_true(shares[i] + 1 >= most || shares[i] == rooms[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_bounds_they_are_equal_and_the_first_have_one_more),
        cmocka_unit_test(who_is_full_leaves_the_rest_to_the_others),
        cmocka_unit_test(what_cannot_be_held_together_is_refused),
        cmocka_unit_test(any_rooms_that_suffice_are_filled_to_the_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
