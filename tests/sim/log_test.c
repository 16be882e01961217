/* A run is its seed: the same one gives the same log of operations and completions, to the
 * nanosecond. */
#include <stdlib.h>

#include "base/random.h"
#include "play.h"

static uint64_t first_seed = 1000, seeds = 150;

static uint64_t hash_of(uint64_t seed, struct tally_counts *counts) {
    struct play_config config = {
        .world = {.seed = seed,
                  .idle_after = 500 * MILLISECOND,
                  .pieces_max = 4,
                  .bad_connects = 50000,
                  .bad_requests = 20000},
        .connections = 100,
        .ramp = {10, 100 * MILLISECOND},
        .think = {500 * MILLISECOND, 2 * SECOND},
        .audit_every = 32,
    };
    return play_whole(&config, 20 * SECOND, counts);
}

static void the_same_seed_gives_the_same_log(void **state) {
    (void)state;
    struct tally_counts first, second;
    assert_true(hash_of(1, &first) == hash_of(1, &second));
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(hash_of(987654321, &first) == hash_of(987654321, &second));
    assert_memory_equal(&first, &second, sizeof first);
}

static void another_seed_gives_another_log(void **state) {
    (void)state;
    struct tally_counts first, second;
    assert_true(hash_of(1, &first) != hash_of(2, &second));
    assert_memory_not_equal(&first, &second, sizeof first);
}

static duration drawn(struct random *random, duration low, duration high) {
    return (duration)random_between(random, (uint64_t)low, (uint64_t)high);
}

/* Everything at odds: deadlines as short as answers take, closed loops, think times below a tick,
 * completions seen late, a worker that stands in line, a freeze at any moment. */
static struct play_config any_config(uint64_t seed) {
    struct random random;
    random_seed(&random, seed, 0);
    duration latency = drawn(&random, 10 * MICROSECOND, 30 * MILLISECOND);
    duration backoff = (duration)(1 + seed % 7) * 3 * MILLISECOND / 2;
    duration think = (duration)(seed % 4) * drawn(&random, 0, 40 * MILLISECOND);
    return (struct play_config){
        .world = {.seed = seed,
                  .start = {drawn(&random, 0, 50 * DAY)},
                  .latency = {latency / 4, latency * 2},
                  .idle_after = drawn(&random, 0, 50 * MILLISECOND),
                  .ready_after = drawn(&random, 0, 2 * MILLISECOND),
                  .pieces_max = (uint32_t)drawn(&random, 0, 6),
                  .late_wakes = (uint32_t)drawn(&random, 0, 100000),
                  .late_by = drawn(&random, 0, 30 * MILLISECOND),
                  .bad_connects = (uint32_t)drawn(&random, 0, 300000),
                  .bad_requests = (uint32_t)drawn(&random, 0, 60000)},
        .connections = (uint32_t)drawn(&random, 1, 120),
        .ramp = {(uint64_t)drawn(&random, 1, 20), drawn(&random, MILLISECOND, 50 * MILLISECOND)},
        .think = {think / 3, think},
        .reconnect = {seed % 3 == 0 ? backoff : 0, seed % 3 == 0 ? 8 * backoff : 0},
        .timeout = drawn(&random, latency, latency * 4) + MILLISECOND,
        .connect_timeout = drawn(&random, latency, latency * 4) + MILLISECOND,
        .audit_every = 8,
    };
}

static void any_plan_balances_with_any_seed(void **state) {
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
        struct play_config config = any_config(seed);
        struct play play;
        play_start(&play, &config);
        play_until(&play, (duration)(seed % 700) * MILLISECOND);
        play_freeze(&play);
        play_drain(&play, seed % 2 == 0);
        play_free(&play);
    }
}

/* log_test [FIRST_SEED SEEDS] */
int main(int argc, char **argv) {
    if (argc == 3) {
        first_seed = strtoull(argv[1], NULL, 10);
        seeds = strtoull(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_log),
        cmocka_unit_test(another_seed_gives_another_log),
        cmocka_unit_test(any_plan_balances_with_any_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
