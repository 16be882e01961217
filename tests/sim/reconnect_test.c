/* Reconnecting: what is lost is refilled, never faster than the ramp (which play.c watches at every
 * turn, in any window of time), and a server that is away is neither hammered nor given up. */
#include <errno.h>

#include "play.h"

static struct play_config five_hundred(void) {
    return (struct play_config){
        .world = {.seed = 11, .pieces_max = 4},
        .connections = 500,
        .ramp = {100, 1 * SECOND},
        .think = {1 * SECOND, 3 * SECOND},
        .reconnect = {1 * SECOND, 30 * SECOND},
    };
}

static void a_server_down_for_a_minute_is_neither_hammered_nor_given_up(void **state) {
    (void)state;
    struct play_config config = five_hundred();
    struct play play;
    play_start(&play, &config);
    play_until(&play, 10 * SECOND);
    assert_int_equal(play_counts(&play)->live, 500);
    sim_down(play.net, true);
    play_until(&play, 11 * SECOND);
    assert_int_equal(play_counts(&play)->live, 0);
    assert_int_equal(play.worker.phase, WORKER_HOLDING);
    struct tally_counts then = *play_counts(&play);
    play_until(&play, 70 * SECOND);
    const struct tally_counts *now = play_counts(&play);
    uint64_t retries = now->attempted - then.attempted;
    /* In 59 s at 100 a second the rate alone would allow 5,900. Waits of 0.5, 1, 2, 4, 8, 15 and
     * 15 s on average make about seven for each. */
    assert_in_range(retries, 500 * 4, 500 * 9);
    assert_int_equal(now->live, 0);
    sim_down(play.net, false);
    play_until(&play, 101 * SECOND); /* the longest wait */
    assert_int_equal(now->live, 500);
    assert_int_equal(now->reconnected, 500);
    assert_int_equal(play.tally->refill.count, 500);
    assert_in_range(play.tally->refill.min, 59 * SECOND, 91 * SECOND);
    assert_in_range(play.tally->refill.max, 59 * SECOND, 91 * SECOND);
    assert_int_equal(now->refilling, 0);
    play_end(&play);
    play_expect_outcomes(now->drain, "drained", 500, NULL);
    assert_int_equal(now->outcomes[OUTCOME_refused], now->attempted - now->opened);
    play_free(&play);
}

static void a_server_that_is_not_there_yet_is_waited_for(void **state) {
    (void)state;
    struct play_config config = five_hundred();
    struct play play;
    play_start(&play, &config);
    sim_down(play.net, true);
    play_until(&play, 20 * SECOND);
    const struct tally_counts *counts = play_counts(&play);
    assert_int_equal(play.worker.phase, WORKER_HOLDING); /* each was attempted once */
    assert_in_range(counts->ramp_done_ns - play.begun.ns, 5 * SECOND, 5100 * MILLISECOND);
    assert_int_equal(counts->opened, 0);
    assert_true(counts->attempted > 500);
    sim_down(play.net, false);
    play_until(&play, 60 * SECOND);
    assert_int_equal(counts->live, 500);
    assert_int_equal(counts->reconnected, 0); /* the first opening of each */
    assert_int_equal(play.tally->refill.count, 500);
    play_end(&play);
    play_free(&play);
}

static void all_lost_at_once_come_back_at_the_ramps_rate(void **state) {
    (void)state;
    struct play_config config = five_hundred();
    config.reconnect = (struct units_span){1 * MILLISECOND, 1 * MILLISECOND};
    struct play play;
    play_start(&play, &config);
    play_until(&play, 10 * SECOND);
    sim_down(play.net, true);
    play_until(&play, 10 * SECOND + 1 * MILLISECOND);
    sim_down(play.net, false);
    play_until(&play, 14900 * MILLISECOND);
    assert_in_range(play_counts(&play)->live, 480, 495);
    play_until(&play, 15200 * MILLISECOND);
    assert_int_equal(play_counts(&play)->live, 500);
    assert_in_range(play.tally->refill.max, 4900 * MILLISECOND, 5100 * MILLISECOND);
    play_end(&play);
    play_free(&play);
}

static void an_answer_makes_the_next_wait_short_again(void **state) {
    (void)state;
    struct play_config config = five_hundred();
    config.ramp = (struct units_rate){1000, 1 * SECOND};
    struct play play;
    play_start(&play, &config);
    play_until(&play, 10 * SECOND);
    sim_down(play.net, true);
    play_until(&play, 70 * SECOND);
    sim_down(play.net, false);
    play_until(&play, 110 * SECOND);
    assert_int_equal(play_counts(&play)->live, 500);
    sim_down(play.net, true);
    play_until(&play, 110 * SECOND + 1 * MILLISECOND);
    sim_down(play.net, false);
    play_until(&play, 111600 * MILLISECOND);
    assert_int_equal(play_counts(&play)->live, 500);
    assert_int_equal(play_counts(&play)->reconnected, 1000);
    play_end(&play);
    play_free(&play);
}

static void a_connection_that_brings_no_answer_makes_the_next_wait_longer(void **state) {
    (void)state;
    struct script scripts[100];
    for (size_t i = 0; i < 100; i++)
        scripts[i] = (struct script){.deed = DEED_RST};
    struct play_config config = five_hundred();
    config.world.scripts = scripts;
    config.world.script_count = 100;
    config.connections = 1;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 200 * SECOND);
    const struct tally_counts *counts = play_counts(&play);
    assert_int_equal(counts->attempted, counts->opened);
    assert_in_range(counts->attempted, 10, 30); /* 17 on average; 400 if it stayed at a second */
    play_end(&play);
    play_free(&play);
}

static void the_ramp_comes_first_and_is_not_made_late(void **state) {
    (void)state;
    struct play_config config = five_hundred();
    config.reconnect = (struct units_span){1 * MILLISECOND, 100 * MILLISECOND};
    struct play play;
    play_start(&play, &config);
    play_until(&play, 2500 * MILLISECOND);
    sim_down(play.net, true);
    play_until(&play, 2600 * MILLISECOND);
    sim_down(play.net, false);
    play_until(&play, 4990 * MILLISECOND);
    const struct tally_counts *counts = play_counts(&play);
    assert_in_range(counts->attempted, 498, 499); /* each of them a first */
    assert_true(counts->refilling >= 250);
    play_until(&play, 9 * SECOND);
    assert_int_equal(counts->live, 500);
    assert_true(counts->ramp_late_ns <= (uint64_t)MILLISECOND);
    play_end(&play);
    play_free(&play);
}

/* A second connect, of a slot whose first connection was answered and closed. */
static void closed_connections_are_refilled_too(void **state) {
    (void)state;
    static const struct script scripts[] = {
        {.deed = DEED_ANSWER_CLOSE},
        {.deed = DEED_IDLE_FIN},
        {.deed = DEED_IDLE_RST},
        {.deed = DEED_NEVER},
        {.connect = CONNECT_FAILS, .connect_error = ECONNREFUSED},
        {.open_error = EMFILE},
        {.connect = CONNECT_NEVER},
        {.connect = CONNECT_SELF},
    };
    struct play_config config = five_hundred();
    config.world.scripts = scripts;
    config.world.script_count = config.connections = sizeof scripts / sizeof *scripts;
    config.world.idle_after = 100 * MILLISECOND;
    config.timeout = config.connect_timeout = 500 * MILLISECOND;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 10 * SECOND);
    const struct tally_counts *counts = play_counts(&play);
    assert_int_equal(counts->live, 8);
    assert_int_equal(counts->attempted, 16);
    assert_int_equal(counts->reconnected, 4);
    assert_int_equal(play.tally->refill.count, 8);
    play_end(&play);
    play_free(&play);
}

static void what_waits_at_the_freeze_is_dropped(void **state) {
    (void)state;
    struct play_config config = five_hundred();
    struct play play;
    play_start(&play, &config);
    play_until(&play, 10 * SECOND);
    sim_down(play.net, true);
    play_until(&play, 15 * SECOND);
    assert_true(play_counts(&play)->refilling > 400);
    play_freeze(&play);
    uint64_t attempted = play_counts(&play)->attempted;
    sim_down(play.net, false);
    play_until(&play, 200 * SECOND);
    assert_int_equal(play_counts(&play)->attempted, attempted);
    assert_int_equal(fleet_next_timer(play.worker.fleet).ns, INSTANT_NEVER.ns);
    play_end(&play);
    play_free(&play);
}

static uint64_t hash_of(uint64_t seed, struct tally_counts *counts) {
    struct play_config config = five_hundred();
    config.world.seed = seed;
    config.world.bad_connects = 50000;
    config.world.bad_requests = 20000;
    config.audit_every = 32;
    return play_whole(&config, 30 * SECOND, counts);
}

static void the_same_seed_gives_the_same_log(void **state) {
    (void)state;
    struct tally_counts first, second;
    assert_true(hash_of(1, &first) == hash_of(1, &second));
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(first.reconnected > 10);
    assert_true(hash_of(1, &first) != hash_of(2, &second));
}

/* In the true sense: all of it, after a third of the time under faults. */
static void after_faults_stop_the_fleet_is_whole_again(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct play_config config = five_hundred();
        config.world.seed = seed;
        config.world.faults_from = 2 * SECOND;
        config.world.faults_until = 60 * SECOND;
        config.world.idle_after = 400 * MILLISECOND;
        config.world.bad_connects = 300000;
        config.world.bad_requests = 50000;
        config.timeout = config.connect_timeout = 1 * SECOND;
        config.audit_every = 8;
        struct play play;
        play_start(&play, &config);
        play_until(&play, 60 * SECOND);
        assert_true(play_counts(&play)->reconnected > 500);
        play_until(&play, 95 * SECOND);
        assert_int_equal(play_counts(&play)->live, 500);
        uint64_t lost = play_counts(&play)->lost;
        play_until(&play, 105 * SECOND);
        assert_int_equal(play_counts(&play)->lost, lost);
        play_freeze(&play);
        assert_int_equal(sim_stale_since(play.net, instant_after(play.worker.now, -6 * SECOND)), 0);
        play_drain(&play, false);
        play_expect_outcomes(play_counts(&play)->drain, "drained", 500, NULL);
        play_free(&play);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_down_for_a_minute_is_neither_hammered_nor_given_up),
        cmocka_unit_test(a_server_that_is_not_there_yet_is_waited_for),
        cmocka_unit_test(all_lost_at_once_come_back_at_the_ramps_rate),
        cmocka_unit_test(an_answer_makes_the_next_wait_short_again),
        cmocka_unit_test(a_connection_that_brings_no_answer_makes_the_next_wait_longer),
        cmocka_unit_test(the_ramp_comes_first_and_is_not_made_late),
        cmocka_unit_test(closed_connections_are_refilled_too),
        cmocka_unit_test(what_waits_at_the_freeze_is_dropped),
        cmocka_unit_test(the_same_seed_gives_the_same_log),
        cmocka_unit_test(after_faults_stop_the_fleet_is_whole_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
