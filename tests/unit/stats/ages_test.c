/* Ages are counted to 1.6 %, over 49 days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stats/ages.h"

static void every_age_has_its_count_and_none_is_wide(void **state) {
    (void)state;
    for (uint32_t index = 0; index < AGES_COUNTS; index++) {
        uint32_t lowest = ages_lowest_at(index), highest = ages_highest_at(index);
        assert_int_equal(ages_index(lowest), index);
        assert_int_equal(ages_index(highest), index);
        assert_true(highest - lowest <= lowest / 64);
        if (index > 0)
            assert_int_equal(ages_highest_at(index - 1) + 1, lowest);
    }
    assert_int_equal(ages_highest_at(AGES_COUNTS - 1), UINT32_MAX);
}

static void parts_add_up(void **state) {
    (void)state;
    struct ages *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    ages_add(a, AGES_ENDED, 5000);
    ages_add(b, AGES_ENDED, 5000);
    ages_add(b, AGES_CENSORED, 60000);
    ages_merge(a, b);
    assert_int_equal(a->counts[AGES_ENDED][ages_index(5000)], 2);
    assert_int_equal(a->counts[AGES_CENSORED][ages_index(60000)], 1);
    ages_copy(b, a);
    assert_memory_equal(a, b, sizeof *a);
    ages_clear(a);
    ages_copy(b, a);
    assert_memory_equal(a, b, sizeof *a);
    assert_int_equal(b->counts[AGES_ENDED][ages_index(5000)], 0);
    free(a);
    free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_age_has_its_count_and_none_is_wide),
        cmocka_unit_test(parts_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
