/* The statuses of answers: which came most, and which are news. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/statuses.h"
#include "stats/tally.h"

static void those_that_came_most_stand_first(void **state) {
    (void)state;
    struct tally_counts counts = {0};
    counts.statuses[200] = 50;
    counts.statuses[503] = 70;
    counts.statuses[101] = 1;
    counts.statuses[301] = 2;
    counts.statuses[404] = 3;
    counts.statuses[999] = 4;
    struct statuses statuses = statuses_of(&counts);
    static const int expected[] = {503, 200, 999, 404, 301, 101};
    assert_int_equal(statuses.count, 6);
    assert_false(statuses.more);
    for (size_t i = 0; i < statuses.count; i++)
        assert_int_equal(statuses.items[i].status, expected[i]);
    assert_int_equal(statuses.answered, 130);
    assert_int_equal(statuses.errors, 73);
    assert_int_equal(statuses.others, 80);
    counts.statuses[500] = 5;
    statuses = statuses_of(&counts);
    assert_int_equal(statuses.count, 6);
    assert_true(statuses.more);
    assert_int_equal(statuses.items[2].status, 500);
    assert_int_equal(statuses.items[5].status, 301);
}

static void one_error_in_a_hundred_is_news_and_so_is_half_of_anything_else(void **state) {
    (void)state;
    static const struct {
        uint64_t good, found, unavailable;
        bool news;
    } table[] = {
        {0, 0, 0, false}, {100, 0, 0, false},    {9900, 0, 100, true}, {9902, 0, 98, false},
        {0, 0, 1, true},  {1000, 0, 300, true},  {0, 5, 0, true},      {5, 5, 0, true},
        {6, 5, 0, false}, {9000, 900, 1, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct tally_counts counts = {0};
        counts.statuses[204] = table[i].good;
        counts.statuses[302] = table[i].found;
        counts.statuses[503] = table[i].unavailable;
        struct statuses statuses = statuses_of(&counts);
        if (statuses_are_news(&statuses) != table[i].news)
            fail_msg("row %zu", i);
    }
}

static void every_status_has_its_class(void **state) {
    (void)state;
    struct tally_counts counts = {0};
    double sums[STATUS_CLASS_COUNT];
    for (int i = 100; i < TALLY_STATUS_MAX; i++)
        counts.statuses[i] = 1;
    statuses_by_class(&counts, sums);
    for (int i = STATUS_CLASS_2XX; i <= STATUS_CLASS_5XX; i++)
        assert_true(sums[i] == 100);
    assert_true(sums[STATUS_CLASS_OTHER] == 500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_came_most_stand_first),
        cmocka_unit_test(one_error_in_a_hundred_is_news_and_so_is_half_of_anything_else),
        cmocka_unit_test(every_status_has_its_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
