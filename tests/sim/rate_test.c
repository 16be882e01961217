/* The open loop: requests go out when they are due, whatever the server does, and what cannot go
 * out is counted. */
#include "play.h"

static struct play_config config_of(uint64_t per_second, uint32_t connections) {
    return (struct play_config){
        .world = {.seed = 11},
        .connections = connections,
        .ramp = {100, 10 * MILLISECOND},
        .rate = per_second * FREQUENCY_ONE,
        .think = {SECOND, SECOND},
    };
}

static void every_request_of_the_schedule_is_sent(void **state) {
    (void)state;
    static const uint64_t rates[] = {1, 7, 300, 2000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct play_config config = config_of(rates[i], 100);
        config.audit_every = 4;
        struct play play;
        play_start(&play, &config);
        play_until(&play, 10 * SECOND);
        play_freeze(&play);
        const struct tally_counts *counts = play_counts(&play);
        duration held = instant_since(play.worker.now, play.held_since);
        uint64_t due = (uint64_t)(duration_seconds(held) * (double)rates[i]) + 1;
        assert_in_range(counts->scheduled, due - 1 - rates[i] / 100, due);
        assert_int_equal(counts->unsent, 0);
        assert_int_equal(counts->sent, counts->scheduled + 100); /* each one's first */
        assert_true(play.tally->lateness.max <= 2 * MILLISECOND);
        assert_true(play.tally->latency.max <= 2 * MILLISECOND + 2 * MILLISECOND);
        play_drain(&play, false);
        play_free(&play);
    }
}

/* Who waited longest is asked: nobody rests longer than a turn. */
static void connections_take_turns(void **state) {
    (void)state;
    struct play_config config = config_of(100, 50);
    config.audit_every = 1;
    struct play play;
    play_start(&play, &config);
    for (duration at = SECOND; at < 10 * SECOND; at += 100 * MILLISECOND) {
        play_until(&play, at);
        instant turn_ago = instant_after(play.worker.now, -510 * MILLISECOND);
        assert_int_equal(sim_stale_since(play.net, turn_ago), 0);
    }
    play_end(&play);
    play_free(&play);
}

/* Coordinated omission is not ours: a stall of a second shows whole, and in as many requests as
 * were due in it. */
static void a_stall_shows_whole(void **state) {
    (void)state;
    struct play_config config = config_of(1000, 100);
    config.world.stall_from = 3 * SECOND;
    config.world.stall_until = 4 * SECOND;
    config.audit_every = 8;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 20 * SECOND);
    play_freeze(&play);
    const struct tally_counts *counts = play_counts(&play);
    const struct histogram *latency = &play.tally->latency;
    assert_int_equal(counts->unsent, 0); /* all went out in the end */
    assert_int_equal(counts->sent, counts->scheduled + 100);
    assert_in_range(latency->max, 990 * MILLISECOND, 1100 * MILLISECOND);
    assert_true(histogram_percentile(latency, 0.999) >= 950 * MILLISECOND);
    /* The requests of one second in twenty waited, half of them more than half of it. */
    assert_true(histogram_percentile(latency, 0.97) >= 200 * MILLISECOND);
    assert_true(histogram_percentile(latency, 0.94) <= 10 * MILLISECOND);
    /* And it was not our own doing that they were sent late: nobody was free. */
    assert_in_range(play.tally->lateness.max, 850 * MILLISECOND, 1100 * MILLISECOND);
    play_drain(&play, false);
    play_free(&play);
}

/* Ten connections, each busy for 100 ms, cannot carry 200 a second. */
static void what_no_connection_could_take_is_counted(void **state) {
    (void)state;
    struct play_config config = config_of(200, 10);
    config.world.latency.low = config.world.latency.high = 100 * MILLISECOND;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 10 * SECOND);
    play_freeze(&play);
    const struct tally_counts *counts = play_counts(&play);
    assert_int_equal(counts->sent - counts->opened, counts->scheduled - counts->unsent);
    assert_in_range(counts->sent, 900, 1000);
    assert_in_range(counts->unsent, 900, 1100);
    play_drain(&play, false);
    play_free(&play);
}

static void the_books_balance_under_faults(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct play_config config = config_of(500, 20);
        config.world = (struct sim_config){.seed = seed,
                                           .bad_connects = 100000,
                                           .bad_requests = 100000,
                                           .pieces_max = 3,
                                           .sent_after = 3 * MILLISECOND,
                                           .idle_after = 20 * MILLISECOND};
        config.reconnect = (struct units_span){5 * MILLISECOND, 100 * MILLISECOND};
        config.timeout = config.connect_timeout = 100 * MILLISECOND;
        config.body = seed % 3 == 0 ? 4000 : 0;
        config.requests = seed % 2 == 0 ? 700 : 0;
        config.audit_every = 4;
        struct play play;
        play_start(&play, &config);
        play_until(&play, 4 * SECOND);
        if (seed % 2 == 0)
            play_spend(&play);
        play_end(&play);
        if (seed % 2 == 0)
            assert_int_equal(play.seen->counts.sent, 700);
        assert_true(play.seen->counts.scheduled > 500);
        play_free(&play);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_of_the_schedule_is_sent),
        cmocka_unit_test(connections_take_turns),
        cmocka_unit_test(a_stall_shows_whole),
        cmocka_unit_test(what_no_connection_could_take_is_counted),
        cmocka_unit_test(the_books_balance_under_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
