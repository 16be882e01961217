/* The search: whatever the threshold, it is found, and in few steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "judge/verdict/bisect.h"

static uint64_t least_of(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* A server that holds up to `room`; each step beyond that makes it larger by `growth`, up to
 * `most`: a pool of processes. */
struct server {
    uint64_t room, growth, most;
};

/* Plays it against a server; gives the steps it took. */
static unsigned play_against(struct bisect *search, struct server *server) {
    unsigned steps = 0;
    for (uint64_t next; (next = bisect_next(search)) != 0; steps++) {
        assert_true(next >= 1 && next <= search->ceiling);
        assert_true(next > search->held && (search->broke == 0 || next <= search->broke));
        assert_true(steps < 1000000);
        bool held = next <= server->room;
        bisect_take(search, next, held ? BISECT_HELD : BISECT_BROKE, least_of(next, server->room));
        if (!held)
            server->room = least_of(server->room + server->growth, server->most);
    }
    return steps;
}

/* The same against one that holds up to `threshold`, whatever comes. */
static unsigned play(struct bisect *search, uint64_t threshold) {
    return play_against(search, &(struct server){.room = threshold, .most = threshold});
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
        uint64_t ceiling = random_between(&random, 1, 10000000);
        uint64_t first = random_between(&random, 1, ceiling);
        uint64_t precision = random_next(&random) % 2 == 0 ? 0 : random_between(&random, 1, 1000);
        struct bisect search = bisect_begin(first, 0, ceiling, precision);
        uint64_t threshold = random_between(&random, 0, search.ceiling + search.ceiling / 8);
        unsigned steps = play(&search, threshold);
        assert_true(steps <= 2 * logarithm(search.ceiling) + 4);
        assert_true(search.held <= threshold);
        if (threshold >= search.ceiling) {
            assert_int_equal(search.held, search.ceiling);
            assert_int_equal(search.broke, 0);
            continue;
        }
        uint64_t fine = search.precision > 0 ? search.precision : search.held / 200;
        assert_true(search.broke > threshold);
        assert_true(search.broke - search.held <= (fine > 1 ? fine : 1));
    }
}

static void to_the_last_one_where_one_is_asked_for(void **state) {
    (void)state;
    for (uint64_t threshold = 0; threshold <= 300; threshold++) {
        struct bisect search = bisect_begin(100, 0, 300, 1);
        play(&search, threshold);
        assert_int_equal(search.held, threshold);
    }
}

static void a_staircase_ends_at_the_first_step_that_gives(void **state) {
    (void)state;
    for (uint64_t threshold = 0; threshold <= 120; threshold++) {
        struct bisect search = bisect_begin(10, 25, 100, 0);
        unsigned steps = play(&search, threshold);
        uint64_t expected = threshold >= 100  ? 100
                            : threshold >= 85 ? 85
                            : threshold >= 60 ? 60
                            : threshold >= 35 ? 35
                            : threshold >= 10 ? 10
                                              : 0;
        assert_int_equal(search.held, expected);
        assert_true(steps <= bisect_steps_max(&search) + 1);
    }
    struct bisect whole = bisect_begin(10, 25, 100, 0);
    assert_int_equal(play(&whole, 100), bisect_steps_max(&whole));
}

static void a_first_step_that_gives_is_searched_below(void **state) {
    (void)state;
    struct bisect search = bisect_begin(100, 0, 1000000, 0);
    assert_int_equal(bisect_next(&search), 100);
    bisect_take(&search, 100, BISECT_BROKE, 0);
    assert_int_equal(bisect_next(&search), 100); /* it may hold by now */
    bisect_take(&search, 100, BISECT_BROKE, 0);
    assert_int_equal(bisect_next(&search), 50);
    play(&search, 0);
    assert_int_equal(search.held, 0);
    assert_int_equal(search.broke, 1);
}

/* Whatever it grows by, and however small it was. */
static void a_server_that_grows_is_followed_to_its_end(void **state) {
    (void)state;
    for (uint64_t growth = 5; growth <= 150; growth += 5)
        for (uint64_t room = 1; room <= 150; room += 7) {
            struct bisect search = bisect_begin(100, 0, 1000000, 0);
            struct server server = {room, growth, 150};
            unsigned steps = play_against(&search, &server);
            assert_true(steps <= 60);
            if (search.held != 150 && (search.repeats < BISECT_REPEATS_MAX || growth > 10))
                fail_msg("grown by %u from %u: %u, after %u repeats", (unsigned)growth,
                         (unsigned)room, (unsigned)search.held, (unsigned)search.repeats);
            assert_true(search.held == 150 || bisect_is_open(&search));
        }
}

/* The pool of Apache's prefork: cold, then as large as was asked of it. */
static void what_gave_when_it_was_cold_is_tried_again(void **state) {
    (void)state;
    struct bisect search = bisect_begin(100, 0, 1000000, 0);
    bisect_take(&search, 100, BISECT_BROKE, 5);
    assert_int_equal(bisect_next(&search), 100);
    bisect_take(&search, 100, BISECT_HELD, 100);
    assert_int_equal(search.regained, 1);
    assert_int_equal(bisect_next(&search), 200);
    play(&search, 150);
    assert_int_equal(search.held, 150);
    assert_int_equal(search.broke, 151);
    assert_false(bisect_is_open(&search));
}

/* Below what broke twice, too: 49 of a server that holds 60 by then. */
static void the_least_that_gave_is_tried_again_before_it_is_the_answer(void **state) {
    (void)state;
    struct bisect search = bisect_begin(100, 0, 100, 1);
    bisect_take(&search, 100, BISECT_BROKE, 5);
    bisect_take(&search, 100, BISECT_BROKE, 5);
    while (bisect_next(&search) != 0 && search.broke != 50)
        bisect_take(&search, bisect_next(&search), BISECT_BROKE, 5);
    while (bisect_next(&search) < 50)
        bisect_take(&search, bisect_next(&search), BISECT_HELD, 0);
    assert_int_equal(search.held, 49);
    assert_int_equal(bisect_next(&search), 50);
    bisect_take(&search, 50, BISECT_HELD, 50);
    assert_int_equal(bisect_next(&search), 75);
    play(&search, 60);
    assert_int_equal(search.held, 60);
}

static void what_cannot_hold_is_not_tried_again(void **state) {
    (void)state;
    struct bisect search = bisect_begin(100, 0, 1000, 1);
    bisect_take(&search, 100, BISECT_BROKE_CERTAINLY, 0);
    assert_int_equal(bisect_next(&search), 50);
    for (uint64_t next; (next = bisect_next(&search)) != 0;)
        bisect_take(&search, next, next <= 30 ? BISECT_HELD : BISECT_BROKE_CERTAINLY, 0);
    assert_int_equal(search.held, 30);
    assert_int_equal(search.repeats, 0);
}

/* nginx ends one for each opened beyond 958: that is seen at 1,600 already. */
static void a_number_that_shows_itself_is_tried_next(void **state) {
    (void)state;
    struct bisect search = bisect_begin(100, 0, 1000000, 0);
    for (uint64_t number = 100; number <= 800; number *= 2)
        bisect_take(&search, number, BISECT_HELD, number);
    bisect_take(&search, 1600, BISECT_BROKE, 958);
    bisect_hint(&search, 958);
    assert_int_equal(bisect_next(&search), 958);
    bisect_take(&search, 958, BISECT_HELD, 958);
    assert_int_equal(bisect_next(&search), 962);
    bisect_take(&search, 962, BISECT_BROKE, 958);
    assert_int_equal(bisect_next(&search), 962);
    bisect_take(&search, 962, BISECT_BROKE, 958);
    assert_int_equal(bisect_next(&search), 0);
    assert_int_equal(search.held, 958);
}

/* And what it shows may be wrong. */
static void a_hint_that_is_wrong_costs_a_step_or_two(void **state) {
    (void)state;
    for (uint64_t hint = 0; hint <= 1000; hint++) {
        struct bisect search = bisect_begin(100, 0, 1000, 1);
        for (uint64_t number = 100; number <= 800; number *= 2)
            bisect_take(&search, number, number <= 400 ? BISECT_HELD : BISECT_BROKE, number);
        bisect_hint(&search, hint);
        assert_true(play(&search, 555) <= 14);
        assert_int_equal(search.held, 555);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_threshold_is_found_within_the_precision),
        cmocka_unit_test(to_the_last_one_where_one_is_asked_for),
        cmocka_unit_test(a_staircase_ends_at_the_first_step_that_gives),
        cmocka_unit_test(a_first_step_that_gives_is_searched_below),
        cmocka_unit_test(a_server_that_grows_is_followed_to_its_end),
        cmocka_unit_test(what_gave_when_it_was_cold_is_tried_again),
        cmocka_unit_test(the_least_that_gave_is_tried_again_before_it_is_the_answer),
        cmocka_unit_test(what_cannot_hold_is_not_tried_again),
        cmocka_unit_test(a_number_that_shows_itself_is_tried_next),
        cmocka_unit_test(a_hint_that_is_wrong_costs_a_step_or_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
