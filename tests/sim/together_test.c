/* Answers to what went out together are taken together where a wake costs something: fewer turns,
 * and what is so read later counts as our lateness. */
#include "play.h"

/* Some seven requests a tick, answered one after the other. */
static struct play_config config_of(bool wakes_cost) {
    return (struct play_config){
        .world = {.seed = 5,
                  .wakes_cost = wakes_cost,
                  .latency = {200 * MICROSECOND, 320 * MICROSECOND}},
        .connections = 1000,
        .ramp = {10, 10 * MILLISECOND},
        .think = {1 * SECOND, 2 * SECOND},
        .audit_every = 16,
    };
}

static void play_for(struct play *play, const struct play_config *config) {
    play_start(play, config);
    play_until(play, 20 * SECOND);
    play_end(play);
    play_expect_outcomes(play_counts(play)->outcomes, NULL);
}

static void answers_to_what_went_out_together_are_taken_together(void **state) {
    (void)state;
    struct play_config plain = config_of(false), together = config_of(true);
    struct play one, all;
    play_for(&one, &plain);
    play_for(&all, &together);
    const struct tally_counts *before = play_counts(&one), *after = play_counts(&all);
    assert_in_range(after->answered, before->answered - 100, before->answered + 100);
    assert_true(after->turns < before->turns * 3 / 4);
    /* At most so much later, and that is known as ours. */
    assert_true(all.tally->latency.max <= one.tally->latency.max + 80 * MICROSECOND);
    assert_true(one.tally->lag.max < 30 * MICROSECOND);
    assert_in_range(all.tally->lag.max, 70 * MICROSECOND, 110 * MICROSECOND);
    play_free(&one);
    play_free(&all);
}

/* All opened in 10 ms: what is asked next falls due in the ticks of the hold, not in those of the
 * ramp. */
static void after_a_quick_ramp_requests_go_out_together_too(void **state) {
    (void)state;
    struct play_config slow = config_of(true), quick = config_of(true);
    quick.ramp = (struct units_rate){1000, 10 * MILLISECOND};
    struct play one, all;
    play_for(&one, &slow);
    play_for(&all, &quick);
    assert_true(play_counts(&all)->turns < play_counts(&one)->turns);
    play_free(&one);
    play_free(&all);
}

/* A server that answers each in its own time: the wait would be a wake more for each. */
static void answers_far_from_each_other_are_seldom_waited_for(void **state) {
    (void)state;
    struct play_config near = config_of(true), far = config_of(true);
    far.world.latency.low = 20 * MILLISECOND;
    far.world.latency.high = 900 * MILLISECOND;
    struct play play;
    play_for(&play, &near);
    assert_true(sim_truth(play.net)->together > 1000);
    play_free(&play);
    play_for(&play, &far);
    assert_true(play_counts(&play)->answered > 8000);
    assert_in_range(sim_truth(play.net)->together, 10, 100);
    play_free(&play);
}

/* Every tenth wait ends late, by less than a tick: unseen where no end of it was planned; but of
 * this wait the end is planned. */
static void where_that_wait_ends_late_the_latency_knows_it(void **state) {
    (void)state;
    struct play_config config = config_of(true);
    config.world.late_wakes = 100000;
    config.world.late_by = 4 * MILLISECOND;
    struct play play;
    play_for(&play, &config);
    const struct tally_correction *correction = &play.tally->corrections[DISTRIBUTION_LATENCY];
    uint64_t known = correction->measured.count;
    play_free(&play);
    config.world.wakes_cost = false;
    play_for(&play, &config);
    assert_true(known > correction->measured.count * 3 / 2);
    play_free(&play);
}

/* An hour, before or after any reading of the clock: no lateness, as it was ordered. */
static void a_pause_of_the_run_is_none_of_it(void **state) {
    (void)state;
    for (uint64_t reading = 1; reading <= 40; reading++) {
        struct play_config config = config_of(true);
        struct play play;
        play_start(&play, &config);
        play_until(&play, 3 * SECOND);
        sim_pause(play.net, reading, reading % 2 == 0, HOUR, &play.orders.paused_ns);
        play_until(&play, 4 * SECOND);
        assert_int_equal(atomic_load(&play.orders.paused_ns), HOUR);
        assert_true(play.tally->lag.max < MILLISECOND);
        play_end(&play);
        play_free(&play);
    }
}

/* The same log of all operations with their times. */
static void same_whatever_a_wake_costs(struct play_config config, duration elapsed) {
    struct tally_counts counts[2];
    config.world.wakes_cost = false;
    uint64_t hash = play_whole(&config, elapsed, &counts[0]);
    config.world.wakes_cost = true;
    assert_true(play_whole(&config, elapsed, &counts[1]) == hash);
    assert_int_equal(counts[0].turns, counts[1].turns);
    assert_true(counts[1].answered > 100);
}

static void a_schedule_is_exact(void **state) {
    (void)state;
    struct play_config config = config_of(true);
    config.rate = 12000 * FREQUENCY_ONE;
    same_whatever_a_wake_costs(config, 3 * SECOND);
}

/* It gathers in its own way, before the first answer: docs/decisions/0049. */
static void a_closed_loop_is_as_it_was(void **state) {
    (void)state;
    struct play_config config = config_of(true);
    config.connections = 30;
    config.world.latency.low = config.world.latency.high = 2 * MILLISECOND;
    config.think = (struct units_span){0, 0};
    same_whatever_a_wake_costs(config, 1 * SECOND);
}

static void what_went_out_alone_waits_for_nothing(void **state) {
    (void)state;
    struct play_config config = config_of(true);
    config.connections = 1;
    config.think = (struct units_span){10 * MILLISECOND, 20 * MILLISECOND};
    same_whatever_a_wake_costs(config, 10 * SECOND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_to_what_went_out_together_are_taken_together),
        cmocka_unit_test(after_a_quick_ramp_requests_go_out_together_too),
        cmocka_unit_test(answers_far_from_each_other_are_seldom_waited_for),
        cmocka_unit_test(where_that_wait_ends_late_the_latency_knows_it),
        cmocka_unit_test(a_pause_of_the_run_is_none_of_it),
        cmocka_unit_test(a_schedule_is_exact),
        cmocka_unit_test(a_closed_loop_is_as_it_was),
        cmocka_unit_test(what_went_out_alone_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
