/* A run is its seed: the same one gives the same log of operations and completions, to the
 * nanosecond. */
#include "play.h"

static uint64_t hash_of(uint64_t seed, struct counts *counts) {
    struct play_config config = {
        .world = {.seed = seed, .idle_after = 500 * MILLISECOND, .pieces_max = 4,
                  .bad_dials = 50000, .bad_requests = 20000},
        .connections = 100,
        .ramp = {10, 100 * MILLISECOND},
        .think = {500 * MILLISECOND, 2 * SECOND},
        .audit_every = 32,
    };
    struct play play;
    play_start(&play, &config);
    play_until(&play, 20 * SECOND);
    play_end(&play);
    uint64_t hash = sim_truth(play.net)->hash;
    *counts = play.seen->counts;
    play_free(&play);
    return hash;
}

static void the_same_seed_gives_the_same_log(void **state) {
    (void)state;
    struct counts first, second;
    assert_true(hash_of(1, &first) == hash_of(1, &second));
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(hash_of(987654321, &first) == hash_of(987654321, &second));
    assert_memory_equal(&first, &second, sizeof first);
}

static void another_seed_gives_another_log(void **state) {
    (void)state;
    struct counts first, second;
    assert_true(hash_of(1, &first) != hash_of(2, &second));
    assert_memory_not_equal(&first, &second, sizeof first);
}

/* Short plays of many seeds: each meets the checks of play.c. */
static void a_hundred_seeds_balance(void **state) {
    (void)state;
    struct counts counts;
    for (uint64_t seed = 100; seed < 200; seed++)
        hash_of(seed, &counts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_log),
        cmocka_unit_test(another_seed_gives_another_log),
        cmocka_unit_test(a_hundred_seeds_balance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
