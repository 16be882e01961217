/* The freeze fixes every connection at its own moment, and the drain accounts for what was fixed.
 */
#include "play.h"

/* Ten connections: two never come up, two wait for an answer that never comes, two for one that is
 * slow, four are idle at a freeze half a second after the start. */
static const struct script mixed[] = {
    {.connect = CONNECT_NEVER}, {.connect = CONNECT_NEVER},     {.deed = DEED_NEVER},
    {.deed = DEED_NEVER},       {.latency = 700 * MILLISECOND}, {.latency = 700 * MILLISECOND},
};

static struct play_config config_of(const struct script *scripts, size_t count) {
    return (struct play_config){
        .world = {.seed = 3,
                  .scripts = scripts,
                  .script_count = count,
                  .idle_after = 300 * MILLISECOND},
        .connections = 10,
        .ramp = {10, 10 * MILLISECOND},
        .think = {2 * SECOND, 2 * SECOND},
        .timeout = 1 * SECOND,
        .connect_timeout = 1 * SECOND,
    };
}

static void outstanding_requests_are_fixed_when_they_end(void **state) {
    (void)state;
    struct play_config config = config_of(mixed, 6);
    struct play play;
    play_start(&play, &config);
    play_until(&play, 500 * MILLISECOND);
    assert_int_equal(play_counts(&play)->connecting, 2);
    assert_int_equal(play_counts(&play)->outstanding, 4);
    play_order(&play, ORDER_FREEZE);
    play_until(&play, 600 * MILLISECOND);
    assert_int_equal(play.worker.phase, WORKER_FREEZING);
    play_expect_outcomes(play_counts(&play)->drain, "abandoned", 2, NULL);
    assert_int_equal(play_counts(&play)->connecting, 2); /* as the freeze found them */
    play_freeze(&play);
    const struct tally_counts *counts = play_counts(&play);
    assert_int_equal(counts->connecting, 2);
    assert_int_equal(counts->live, 6);
    assert_int_equal(counts->sent, 8); /* no new request since */
    assert_int_equal(counts->answered, 6);
    assert_int_equal(counts->lost, 2);
    play_expect_outcomes(counts->outcomes, "response_timeout", 2, NULL);
    assert_in_range(counts->frozen_ns - play.begun.ns, 1 * SECOND, 1100 * MILLISECOND);
    play_drain(&play, false);
    play_expect_outcomes(counts->drain, "abandoned", 2, "drained", 6, NULL);
    play_expect_outcomes(counts->outcomes, "response_timeout", 2, NULL);
    play_free(&play);
}

static void what_happens_to_a_frozen_connection_counts_in_the_drain_only(void **state) {
    (void)state;
    static const struct script scripts[] = {
        {.deed = DEED_IDLE_FIN}, {.deed = DEED_IDLE_RST}, {.deed = DEED_IDLE_NOISE},
        {.deed = DEED_IDLE_408}, {.deed = DEED_NEVER},
    };
    struct play_config config = config_of(scripts, 5);
    config.world.latency.low = config.world.latency.high = 100 * MILLISECOND;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 230 * MILLISECOND); /* all answered; idle deeds follow within 300 ms */
    struct tally_counts then = *play_counts(&play);
    play_order(&play, ORDER_FREEZE);
    play_until(&play, 900 * MILLISECOND);
    assert_int_equal(play.worker.phase, WORKER_FREEZING);
    const struct tally_counts *now = play_counts(&play);
    assert_int_equal(tally_closed(now), tally_closed(&then));
    assert_int_equal(tally_errored(now), tally_errored(&then));
    assert_int_equal(now->live, then.live);
    assert_int_equal(now->lost, then.lost);
    assert_int_equal(now->bytes_in, then.bytes_in);
    assert_int_equal(tally_drained(now) + tally_closed(now) + tally_errored(now), 4);
    assert_true(tally_drained(now) > 0);
    play_end(&play);
    assert_int_equal(now->outcomes[OUTCOME_response_timeout], 1);
    assert_int_equal(tally_drained(now), now->live);
    play_free(&play);
}

static void a_frozen_fleet_sends_nothing(void **state) {
    (void)state;
    struct play_config config = config_of(NULL, 0);
    config.think = (struct units_span){10 * MILLISECOND, 20 * MILLISECOND};
    struct play play;
    play_start(&play, &config);
    play_until(&play, 1 * SECOND);
    play_freeze(&play);
    uint64_t received = sim_truth(play.net)->received;
    play_until(&play, 60 * SECOND);
    assert_int_equal(sim_truth(play.net)->received, received);
    assert_int_equal(fleet_next_timer(play.worker.fleet).ns, INSTANT_NEVER.ns);
    play_end(&play);
    play_free(&play);
}

static void the_ramp_stops_at_the_freeze(void **state) {
    (void)state;
    struct play_config config = config_of(NULL, 0);
    config.ramp = (struct units_rate){1, 100 * MILLISECOND};
    struct play play;
    play_start(&play, &config);
    play_until(&play, 450 * MILLISECOND);
    play_freeze(&play);
    play_until(&play, 5 * SECOND);
    assert_int_equal(play_counts(&play)->attempted, 4);
    play_end(&play);
    play_free(&play);
}

static void both_ways_to_drain_close_everything(void **state) {
    (void)state;
    for (int by_reset = 0; by_reset <= 1; by_reset++) {
        struct play_config config = config_of(NULL, 0);
        config.connections = 3000; /* more than one turn drains */
        config.ramp = (struct units_rate){3000, 100 * MILLISECOND};
        config.audit_every = 4;
        struct play play;
        play_start(&play, &config);
        play_until(&play, 1 * SECOND);
        play_freeze(&play);
        play_drain(&play, by_reset);
        play_expect_outcomes(play_counts(&play)->drain, "drained", 3000, NULL);
        assert_int_equal(sim_truth(play.net)->resets, by_reset ? 3000 : 0);
        play_free(&play);
    }
}

/* Orders may come so fast that a worker sees only the last. */
static void orders_that_were_missed_are_carried_out_in_order(void **state) {
    (void)state;
    struct play_config config = config_of(NULL, 0);
    struct play play;
    play_start(&play, &config);
    play_drain(&play, false);
    assert_int_equal(play_counts(&play)->attempted, 0);
    play_free(&play);
}

/* A linger that is under way at the freeze holds up neither the freeze nor the drain. */
static void a_lingering_end_does_not_hold_up_the_freeze(void **state) {
    (void)state;
    static const struct script scripts[] = {{.deed = DEED_ANSWER_LINGER}};
    struct play_config config = config_of(scripts, 1);
    struct play play;
    play_start(&play, &config);
    play_until(&play, 100 * MILLISECOND);
    play_freeze(&play);
    assert_in_range(instant_since(play.worker.now, play.begun), 0, 200 * MILLISECOND);
    play_expect_outcomes(play_counts(&play)->outcomes, "closed_announced", 1, NULL);
    assert_int_equal(play_counts(&play)->descriptors, 10);
    play_drain(&play, false);
    play_free(&play);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outstanding_requests_are_fixed_when_they_end),
        cmocka_unit_test(what_happens_to_a_frozen_connection_counts_in_the_drain_only),
        cmocka_unit_test(a_frozen_fleet_sends_nothing),
        cmocka_unit_test(the_ramp_stops_at_the_freeze),
        cmocka_unit_test(both_ways_to_drain_close_everything),
        cmocka_unit_test(orders_that_were_missed_are_carried_out_in_order),
        cmocka_unit_test(a_lingering_end_does_not_hold_up_the_freeze),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
