/* The search: whatever the threshold, it is found, and in few steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "judge/search.h"

/* Plays it against a server that holds up to `threshold`; gives the steps it took. */
static unsigned play(struct search *search, uint64_t threshold) {
    unsigned steps = 0;
    for (uint64_t next; (next = search_next(search)) != 0; steps++) {
        assert_true(next >= 1 && next <= search->ceiling);
        assert_true(next > search->held && (search->gave == 0 || next < search->gave));
        assert_true(steps < 1000000);
        search_take(search, next, next <= threshold);
    }
    return steps;
}

static unsigned logarithm(uint64_t value) {
    unsigned bits = 0;
    for (; value > 0; value /= 2)
        bits++;
    return bits;
}

static void any_threshold_is_found_within_the_precision(void **state) {
    (void)state;
    struct random random;
    random_seed(&random, 7, 0);
    for (int i = 0; i < 100000; i++) {
        struct search search = {.ceiling = random_between(&random, 1, 10000000)};
        search.first = random_between(&random, 1, search.ceiling);
        search.precision = random_next(&random) % 2 == 0 ? 0 : random_between(&random, 1, 1000);
        uint64_t threshold = random_between(&random, 0, search.ceiling + search.ceiling / 8);
        unsigned steps = play(&search, threshold);
        assert_true(steps <= 2 * logarithm(search.ceiling) + 2);
        assert_true(search.held <= threshold);
        if (threshold >= search.ceiling) {
            assert_int_equal(search.held, search.ceiling);
            assert_int_equal(search.gave, 0);
            continue;
        }
        uint64_t fine = search.precision > 0 ? search.precision : search.held / 200;
        assert_true(search.gave > threshold);
        assert_true(search.gave - search.held <= (fine > 1 ? fine : 1));
    }
}

static void to_the_last_one_where_one_is_asked_for(void **state) {
    (void)state;
    for (uint64_t threshold = 0; threshold <= 300; threshold++) {
        struct search search = {.first = 100, .ceiling = 300, .precision = 1};
        play(&search, threshold);
        assert_int_equal(search.held, threshold);
    }
}

static void a_staircase_ends_at_the_first_step_that_gives(void **state) {
    (void)state;
    for (uint64_t threshold = 0; threshold <= 120; threshold++) {
        struct search search = {.first = 10, .step = 25, .ceiling = 100};
        unsigned steps = play(&search, threshold);
        uint64_t expected = threshold >= 100  ? 100
                            : threshold >= 85 ? 85
                            : threshold >= 60 ? 60
                            : threshold >= 35 ? 35
                            : threshold >= 10 ? 10
                                              : 0;
        assert_int_equal(search.held, expected);
        assert_true(steps <= search_steps_max(&search));
    }
    struct search whole = {.first = 10, .step = 25, .ceiling = 100};
    assert_int_equal(play(&whole, 100), search_steps_max(&whole));
}

static void a_first_step_that_gives_is_searched_below(void **state) {
    (void)state;
    struct search search = {.first = 100, .ceiling = 1000000};
    assert_int_equal(search_next(&search), 100);
    search_take(&search, 100, false);
    assert_int_equal(search_next(&search), 50);
    play(&search, 0);
    assert_int_equal(search.held, 0);
    assert_int_equal(search.gave, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_threshold_is_found_within_the_precision),
        cmocka_unit_test(to_the_last_one_where_one_is_asked_for),
        cmocka_unit_test(a_staircase_ends_at_the_first_step_that_gives),
        cmocka_unit_test(a_first_step_that_gives_is_searched_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
