/* A day of a thousand connections among servers that misbehave now and then: `--hours N` plays a
 * shorter one, `--seed N` another. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "play.h"

static uint64_t hours = 24, seed = 2024;

static double cpu_seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

/* What is lost is not refilled: the rates are such that a good part lives to the end. The clock
 * starts so that the 32-bit count of milliseconds wraps in the middle. */
static void a_day_of_a_thousand_connections_balances_at_every_turn(void **state) {
    (void)state;
    duration length = (duration)hours * HOUR;
    struct play_config config = {
        .world = {.seed = seed,
                  .start = {(INT64_C(1) << 32) * MILLISECOND - length / 2},
                  .latency = {100 * MICROSECOND, 40 * MILLISECOND},
                  .idle_after = 15 * SECOND,
                  .pieces_max = 5,
                  .bad_connects = 100000,
                  .bad_requests = 350},
        .connections = 1000,
        .ramp = {1000, length / 4},
        .think = {20 * SECOND, 100 * SECOND},
        .audit_every = 64,
    };
    struct play play;
    play_start(&play, &config);
    play_until(&play, length);
    play_freeze(&play);
    const struct tally_counts *counts = play_counts(&play);
    printf("%" PRIu64 " h: %" PRIu64 " turns, %" PRIu64 " requests, %" PRIu64 " of %" PRIu64
           " live, %" PRIu64 " lost, %.1f CPU s\n",
           hours, play.turns, counts->sent, counts->live, counts->attempted, counts->lost,
           cpu_seconds());
    assert_int_equal(counts->attempted, 1000);
    assert_true(counts->live > 300 && counts->lost > 10 && counts->attempted > counts->opened);
    assert_true(counts->sent > 30000 * hours);
    play_drain(&play, false);
    play_free(&play);
}

/* Faults as often, but for the last twelfth of the day; what they take is refilled. */
static void a_day_with_reconnecting_ends_with_a_whole_fleet(void **state) {
    (void)state;
    duration length = (duration)hours * HOUR;
    struct play_config config = {
        .world = {.seed = seed,
                  .start = {(INT64_C(1) << 32) * MILLISECOND - length / 2},
                  .latency = {100 * MICROSECOND, 40 * MILLISECOND},
                  .faults_until = length - length / 12,
                  .idle_after = 15 * SECOND,
                  .pieces_max = 5,
                  .bad_connects = 100000,
                  .bad_requests = 3500},
        .connections = 1000,
        .ramp = {10, 1 * SECOND},
        .think = {20 * SECOND, 100 * SECOND},
        .reconnect = {1 * SECOND, 30 * SECOND},
        .audit_every = 64,
    };
    struct play play;
    play_start(&play, &config);
    play_until(&play, length);
    play_freeze(&play);
    const struct tally_counts *counts = play_counts(&play);
    printf("%" PRIu64 " h: %" PRIu64 " turns, %" PRIu64 " requests, %" PRIu64 " live, %" PRIu64
           " lost, %" PRIu64 " reconnected in %" PRIu64 " attempts, %.1f CPU s\n",
           hours, play.turns, counts->sent, counts->live, counts->lost, counts->reconnected,
           counts->attempted, cpu_seconds());
    assert_int_equal(counts->live, 1000);
    assert_int_equal(counts->refilling, 0);
    assert_int_equal(counts->lost, counts->reconnected);
    assert_true(counts->lost > 100 * hours && counts->attempted > counts->opened);
    play_drain(&play, false);
    play_expect_outcomes(counts->drain, "drained", 1000, NULL);
    play_free(&play);
}

int main(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--hours") == 0)
            hours = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_of_a_thousand_connections_balances_at_every_turn),
        cmocka_unit_test(a_day_with_reconnecting_ends_with_a_whole_fleet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
