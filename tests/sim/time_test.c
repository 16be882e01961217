/* Deadlines: once each, never early, never for an answer that is there, and never for the time a
 * run stood stopped. */
#include "play.h"

static struct play_config config_of(const struct script *scripts, size_t count,
                                    uint32_t connections) {
    return (struct play_config){
        .world = {.seed = 7, .scripts = scripts, .script_count = count},
        .connections = connections,
        .ramp = {1000, 10 * MILLISECOND},
        .think = {100 * MILLISECOND, 200 * MILLISECOND},
        .timeout = 1 * SECOND,
        .connect_timeout = 1 * SECOND,
    };
}

/* Stopped for an hour at each of many places: between any two readings of the clock, before or
 * behind one. */
static void a_pause_makes_no_deadline_pass(void **state) {
    (void)state;
    for (uint64_t reading = 1; reading <= 60; reading++) {
        struct play_config config = config_of(NULL, 0, 20);
        struct play play;
        play_start(&play, &config);
        play_until(&play, 500 * MILLISECOND);
        sim_pause(play.net, reading, reading % 2 == 0, HOUR, &play.orders.paused_ns);
        play_until(&play, 3 * SECOND);
        assert_int_equal(atomic_load(&play.orders.paused_ns), HOUR);
        play_end(&play);
        play_expect_outcomes(play_counts(&play)->outcomes, NULL);
        assert_int_equal(play_counts(&play)->live, 20);
        assert_true(play_counts(&play)->answered > 300);
        play_free(&play);
    }
}

/* A ramp goes on where it stood. */
static void a_pause_in_the_ramp_opens_nothing_ahead_of_plan(void **state) {
    (void)state;
    struct play_config config = config_of(NULL, 0, 100);
    config.ramp = (struct units_rate){1, 10 * MILLISECOND};
    struct play play;
    play_start(&play, &config);
    play_until(&play, 300 * MILLISECOND);
    sim_pause(play.net, 3, true, HOUR, &play.orders.paused_ns);
    play_until(&play, 400 * MILLISECOND);
    assert_in_range(play_counts(&play)->attempted, 38, 40);
    play_until(&play, 2 * SECOND);
    assert_int_equal(play_counts(&play)->live, 100);
    assert_true(play_counts(&play)->ramp_late_ns < (uint64_t)(20 * MILLISECOND));
    play_end(&play);
    play_free(&play);
}

/* With the pause, a deadline passes when the time run is over, and still once. */
static void a_pause_moves_a_deadline_and_takes_none_away(void **state) {
    (void)state;
    static const struct script scripts[] = {{.deed = DEED_NEVER}, {.connect = CONNECT_NEVER}};
    struct play_config config = config_of(scripts, 2, 5);
    struct play play;
    play_start(&play, &config);
    play_until(&play, 500 * MILLISECOND);
    sim_pause(play.net, 4, true, HOUR, &play.orders.paused_ns);
    play_until(&play, 950 * MILLISECOND);
    play_expect_outcomes(play_counts(&play)->outcomes, NULL);
    play_until(&play, 1100 * MILLISECOND);
    play_expect_outcomes(play_counts(&play)->outcomes, "response_timeout", 1, "connect_timeout", 1,
                         NULL);
    play_end(&play);
    play_free(&play);
}

static void a_timeout_is_counted_when_its_deadline_passes_and_once(void **state) {
    (void)state;
    static const struct script scripts[] = {
        {.deed = DEED_NEVER}, {.deed = DEED_SILENT}, {.deed = DEED_LATE}};
    struct play_config config = config_of(scripts, 3, 6);
    struct play play;
    play_start(&play, &config);
    play_until(&play, 990 * MILLISECOND);
    assert_int_equal(play_counts(&play)->timed_out, 0);
    play_until(&play, 1020 * MILLISECOND);
    assert_int_equal(play_counts(&play)->timed_out, 3);
    play_until(&play, 30 * SECOND);
    assert_int_equal(play_counts(&play)->timed_out, 3);
    assert_int_equal(play_counts(&play)->lost, 3);
    play_expect_outcomes(play_counts(&play)->outcomes, "response_timeout", 2, "silent", 1, NULL);
    play_end(&play);
    play_free(&play);
}

/* The late answers arrive at numbers that other connections have by then. */
static void a_late_answer_matches_no_other_request(void **state) {
    (void)state;
    static const struct script scripts[] = {
        {.deed = DEED_LATE}, {.deed = DEED_LATE}, {.deed = DEED_LATE}, {.deed = DEED_LATE}};
    struct play_config config = config_of(scripts, 4, 400);
    config.ramp = (struct units_rate){1, 5 * MILLISECOND};
    struct play play;
    play_start(&play, &config);
    play_until(&play, 4 * SECOND);
    assert_int_equal(sim_truth(play.net)->late, 4);
    play_expect_outcomes(play_counts(&play)->outcomes, "response_timeout", 4, NULL);
    play_end(&play); /* answered = answers read while their own request was outstanding */
    play_free(&play);
}

/* Completions are seen up to 30 ms late: some answers lie in the socket when their deadline passes,
 * unannounced. */
static void an_answer_that_is_there_at_the_deadline_is_an_answer(void **state) {
    (void)state;
    struct play_config config = config_of(NULL, 0, 50);
    config.timeout = 30 * MILLISECOND;
    config.world.latency.low = 27 * MILLISECOND;
    config.world.latency.high = 29 * MILLISECOND;
    config.world.ready_after = 30 * MILLISECOND;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 10 * SECOND);
    assert_true(play_counts(&play)->answered > 1000);
    play_end(&play);
    play_expect_outcomes(play_counts(&play)->outcomes, NULL);
    play_free(&play);
}

/* The same of answers that are more than is read at once. */
static void a_large_answer_that_is_there_at_the_deadline_is_an_answer(void **state) {
    (void)state;
    struct script scripts[20];
    for (size_t i = 0; i < 20; i++)
        scripts[i] = (struct script){.latency = 29 * MILLISECOND, .large = true};
    struct play_config config = config_of(scripts, 20, 20);
    config.timeout = 30 * MILLISECOND;
    config.world.ready_after = 30 * MILLISECOND;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 3 * SECOND);
    assert_true(play_counts(&play)->answered > 200);
    play_end(&play);
    play_expect_outcomes(play_counts(&play)->outcomes, NULL);
    play_free(&play);
}

/* Stopped from outside for an hour at each of many places, with everything pending and
 * the run clock uncorrected: what was answered meanwhile is answered, what had not left yet gets
 * its time, and how late we were is known. */
static void an_hour_of_ours_is_nobodys_timeout(void **state) {
    (void)state;
    for (uint64_t reading = 1; reading <= 60; reading++) {
        struct play_config config = config_of(NULL, 0, 40);
        config.think = (struct units_span){5 * MILLISECOND, 20 * MILLISECOND};
        config.audit_every = 10;
        struct play play;
        play_start(&play, &config);
        play_until(&play, 200 * MILLISECOND);
        uint64_t answered = play_counts(&play)->answered;
        sim_pause(play.net, reading, reading % 2 == 0, HOUR, NULL);
        play_until(&play, HOUR + 1500 * MILLISECOND);
        play_end(&play);
        play_expect_outcomes(play_counts(&play)->outcomes, NULL);
        assert_int_equal(play_counts(&play)->live, 40);
        assert_true(play_counts(&play)->answered > answered + 40 * 20);
        assert_true(play.seen->lag.max > HOUR - SECOND);
        play_free(&play);
    }
}

/* Shorter than the timeout, so that no timer is due: what lay there when we went on is not all
 * shown in the turn of the pause, and in a closed loop it went out many turns before. */
static void what_a_pause_held_up_is_known_one_turn_later_too(void **state) {
    (void)state;
    static struct histogram without;
    for (uint64_t reading = 1; reading <= 40; reading++) {
        struct play_config config = config_of(NULL, 0, 40);
        config.world.latency.low = 5 * MILLISECOND;
        config.world.latency.high = 50 * MILLISECOND;
        config.timeout = 10 * SECOND;
        config.world.shows_one = true;
        config.think = (struct units_span){0, 0};
        config.audit_every = 10;
        struct play play;
        play_start(&play, &config);
        play_until(&play, 200 * MILLISECOND);
        sim_pause(play.net, reading, reading % 2 == 0, 2 * SECOND, NULL);
        play_until(&play, 3 * SECOND);
        play_end(&play);
        const struct tally_correction *correction = &play.tally->corrections[DISTRIBUTION_LATENCY];
        histogram_copy(&without, &play.tally->latency);
        histogram_exchange(&without, &correction->measured, &correction->without);
        assert_true(play.tally->latency.max > 2 * SECOND);
        assert_true(without.max < 100 * MILLISECOND);
        assert_in_range(correction->measured.count, 40, 80);
        play_free(&play);
    }
}

/* In the ramp, with connects and answers that never come beside it: once each, and late. */
static void an_hour_that_nobody_told_of_makes_no_deadline_pass_twice(void **state) {
    (void)state;
    static const struct script scripts[] = {{.deed = DEED_NEVER}, {.connect = CONNECT_NEVER}};
    for (uint64_t reading = 1; reading <= 40; reading++) {
        struct play_config config = config_of(scripts, 2, 100);
        config.ramp = (struct units_rate){1, 10 * MILLISECOND};
        struct play play;
        play_start(&play, &config);
        play_until(&play, 300 * MILLISECOND);
        sim_pause(play.net, reading, reading % 2 == 0, HOUR, NULL);
        play_until(&play, HOUR + 5 * SECOND);
        play_end(&play);
        play_expect_outcomes(play_counts(&play)->outcomes, "response_timeout", 1, "connect_timeout",
                             1, NULL);
        assert_int_equal(play_counts(&play)->live, 98);
        assert_true(play_counts(&play)->deadline_lag_ns > (uint64_t)(HOUR - SECOND));
        play_free(&play);
    }
}

/* The server waited as long as it does, and closed: that we did not ask in time is known, and no
 * cause is inferred from when we saw it. */
static void what_is_closed_while_we_are_late_to_ask_is_known(void **state) {
    (void)state;
    struct play_config config = config_of(NULL, 0, 40);
    struct play play;
    play_start(&play, &config);
    play_until(&play, 500 * MILLISECOND);
    sim_down(play.net, true);
    sim_pause(play.net, 1, true, HOUR, NULL);
    net_now(play.net);
    play_until(&play, HOUR + 3 * SECOND);
    play_end(&play);
    const struct tally_counts *counts = play_counts(&play);
    const struct ending_group *group = &play.seen->endings.of[OUTCOME_closed_idle];
    assert_true(counts->outcomes[OUTCOME_closed_idle] >= 35);
    assert_int_equal(counts->closed_overdue, counts->outcomes[OUTCOME_closed_idle]);
    assert_int_equal(group->count, counts->closed_overdue);
    assert_int_equal(group->kept, 0);
    play_free(&play);
}

/* Three steps of 20 days, which is more than an age in milliseconds of 32 bits. */
static void an_age_of_two_months_is_49_days_or_more(void **state) {
    (void)state;
    static const struct script scripts[] = {{.deed = DEED_IDLE_FIN, .deed_at = 300}};
    struct play_config config = config_of(scripts, 1, 2);
    struct play play;
    play_start(&play, &config);
    for (int i = 1; i <= 3; i++) {
        play_until(&play, (i - 1) * 20 * 24 * HOUR + 10 * SECOND);
        sim_pause(play.net, 3, true, 20 * 24 * HOUR, NULL);
    }
    play_until(&play, 60 * 24 * HOUR + 90 * SECOND);
    play_end(&play);
    const struct endings *endings = &play.seen->endings;
    assert_int_equal(endings->of[OUTCOME_closed_idle].kept, 1);
    assert_int_equal(endings->of[OUTCOME_closed_idle].sample[0].age_ms, ENDINGS_AGE_MAX);
    assert_int_equal(endings->of[OUTCOME_closed_idle].age_ms_min, ENDINGS_AGE_MAX);
    assert_int_equal(endings->survived.age_ms, ENDINGS_AGE_MAX);
    play_free(&play);
}

/* Every second wait ends up to 20 ms late: what came before its deadline was in time, whenever we
 * look. */
static void our_own_lateness_is_nobodys_timeout_and_is_recorded(void **state) {
    (void)state;
    struct play_config config = config_of(NULL, 0, 200);
    config.ramp = (struct units_rate){1, 5 * MILLISECOND};
    config.timeout = config.connect_timeout = 30 * MILLISECOND;
    config.world.latency.low = 15 * MILLISECOND;
    config.world.latency.high = 29 * MILLISECOND;
    config.world.late_wakes = 500000;
    config.world.late_by = 20 * MILLISECOND;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 5 * SECOND);
    play_end(&play);
    play_expect_outcomes(play_counts(&play)->outcomes, NULL);
    assert_in_range(play.tally->lag.max, 15 * MILLISECOND, 20 * MILLISECOND + MILLISECOND / 10);
    assert_in_range(play_counts(&play)->ramp_late_ns, 10 * MILLISECOND, 50 * MILLISECOND);
    assert_int_equal(play_counts(&play)->deadline_lag_ns, 0); /* no deadline passed */
    play_free(&play);
}

/* The same for the end of a think time: no request goes out into a FIN that is there. */
static void no_request_is_sent_into_a_fin_already_waiting(void **state) {
    (void)state;
    static const struct script script = {.deed = DEED_IDLE_FIN, .deed_at = 1};
    struct script scripts[50];
    for (int i = 0; i < 50; i++)
        scripts[i] = script;
    struct play_config config = config_of(scripts, 50, 50);
    config.think = (struct units_span){20 * MILLISECOND, 20 * MILLISECOND};
    config.world.idle_after = 19 * MILLISECOND;
    config.world.ready_after = 40 * MILLISECOND;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 10 * SECOND);
    play_expect_outcomes(play_counts(&play)->outcomes, "closed_idle", 50, NULL);
    assert_int_equal(play_counts(&play)->sent, 100);
    play_end(&play);
    play_free(&play);
}

static void a_closed_loop_asks_again_at_once(void **state) {
    (void)state;
    struct play_config config = config_of(NULL, 0, 10);
    config.think = (struct units_span){0, 0};
    config.world.latency.low = config.world.latency.high = 1 * MILLISECOND;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 1 * SECOND);
    assert_in_range(play_counts(&play)->answered, 9000, 10000);
    play_end(&play);
    play_free(&play);
}

/* Latency runs from the due moment, which is a tick; service from the send. */
static void latency_is_never_below_service(void **state) {
    (void)state;
    struct play_config config = config_of(NULL, 0, 50);
    struct play play;
    play_start(&play, &config);
    play_until(&play, 5 * SECOND);
    assert_true(play.tally->latency.sum >= play.tally->service.sum);
    assert_in_range(play.tally->service.min, 200 * MICROSECOND, 2 * MILLISECOND);
    assert_in_range(play.tally->latency.max, 200 * MICROSECOND, 5 * MILLISECOND);
    play_end(&play);
    play_free(&play);
}

/* After an announced end we wait a second for the peer's FIN; without readiness there is nothing to
 * wait for, and asking for it again and again eats a processor. */
static void a_linger_that_cannot_be_watched_ends_at_once(void **state) {
    (void)state;
    static const struct script scripts[] = {{.deed = DEED_LINGER_ARM_FAILS, .deed_at = 1}};
    struct play_config config = config_of(scripts, 1, 2);
    struct play play;
    play_start(&play, &config);
    play_until(&play, 400 * MILLISECOND);
    play_expect_outcomes(play_counts(&play)->outcomes, "closed_announced", 1, NULL);
    assert_int_equal(play_counts(&play)->descriptors, 1);
    assert_true(play.turns < 1000);
    play_end(&play);
    play_free(&play);
}

static void an_announced_end_waits_for_the_fin_and_for_a_second_at_most(void **state) {
    (void)state;
    static const struct script scripts[] = {{.deed = DEED_ANSWER_LINGER},
                                            {.deed = DEED_ANSWER_CLOSE}};
    struct play_config config = config_of(scripts, 2, 2);
    struct play play;
    play_start(&play, &config);
    play_until(&play, 900 * MILLISECOND);
    assert_int_equal(play_counts(&play)->live, 0);
    assert_int_equal(play_counts(&play)->descriptors, 1);
    play_until(&play, 1100 * MILLISECOND);
    assert_int_equal(play_counts(&play)->descriptors, 0);
    play_end(&play);
    play_free(&play);
}

/* The clock's 32-bit count of milliseconds wraps after 49 days; the sign bit turns after 24. */
static void ticks_may_wrap(void **state) {
    (void)state;
    static const int64_t bounds_ms[] = {INT64_C(1) << 31, INT64_C(1) << 32};
    static const struct script scripts[] = {{.deed = DEED_NEVER, .deed_at = 3}};
    for (int i = 0; i < 2; i++) {
        struct play_config config = config_of(scripts, 1, 20);
        config.world.start.ns = bounds_ms[i] * MILLISECOND - 2 * SECOND;
        struct play play;
        play_start(&play, &config);
        play_until(&play, 5 * SECOND);
        assert_in_range(play_counts(&play)->answered, 20 * 20, 20 * 55);
        play_expect_outcomes(play_counts(&play)->outcomes, "response_timeout", 1, NULL);
        play_end(&play);
        play_free(&play);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_makes_no_deadline_pass),
        cmocka_unit_test(a_pause_in_the_ramp_opens_nothing_ahead_of_plan),
        cmocka_unit_test(a_pause_moves_a_deadline_and_takes_none_away),
        cmocka_unit_test(a_timeout_is_counted_when_its_deadline_passes_and_once),
        cmocka_unit_test(a_late_answer_matches_no_other_request),
        cmocka_unit_test(an_answer_that_is_there_at_the_deadline_is_an_answer),
        cmocka_unit_test(a_large_answer_that_is_there_at_the_deadline_is_an_answer),
        cmocka_unit_test(an_hour_of_ours_is_nobodys_timeout),
        cmocka_unit_test(what_a_pause_held_up_is_known_one_turn_later_too),
        cmocka_unit_test(an_hour_that_nobody_told_of_makes_no_deadline_pass_twice),
        cmocka_unit_test(what_is_closed_while_we_are_late_to_ask_is_known),
        cmocka_unit_test(an_age_of_two_months_is_49_days_or_more),
        cmocka_unit_test(our_own_lateness_is_nobodys_timeout_and_is_recorded),
        cmocka_unit_test(no_request_is_sent_into_a_fin_already_waiting),
        cmocka_unit_test(a_closed_loop_asks_again_at_once),
        cmocka_unit_test(latency_is_never_below_service),
        cmocka_unit_test(a_linger_that_cannot_be_watched_ends_at_once),
        cmocka_unit_test(an_announced_end_waits_for_the_fin_and_for_a_second_at_most),
        cmocka_unit_test(ticks_may_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
