/* After faults stop, the fleet is whole again. Lost connections are not refilled (there is no
 * reconnecting), so this means: nothing that still lives is lost any more and all of it goes on
 * being answered; all that is opened from then on is held to the end; and so is all of a second
 * fleet in the same world. */
#include "play.h"

/* Faults reign in the middle third of a ramp of a minute. */
static struct play_config ramp_with_faults_in_its_middle(uint64_t seed) {
    return (struct play_config){
        .world = {.seed = seed,
                  .faults_from = 20 * SECOND,
                  .faults_until = 40 * SECOND,
                  .idle_after = 400 * MILLISECOND,
                  .pieces_max = 4,
                  .bad_connects = 300000,
                  .bad_requests = 50000},
        .connections = 600,
        .ramp = {10, 1 * SECOND},
        .think = {500 * MILLISECOND, 1500 * MILLISECOND},
        .timeout = 1 * SECOND,
        .connect_timeout = 1 * SECOND,
        .audit_every = 8,
    };
}

static void play_middle_third(struct play *play, uint64_t seed) {
    struct play_config config = ramp_with_faults_in_its_middle(seed);
    play_start(play, &config);
    play_until(play, 19 * SECOND);
    play_expect_outcomes(play_counts(play)->outcomes, NULL);
    play_until(play, 43 * SECOND); /* the last fault's deadline has passed too */
}

static void after_faults_stop_what_lives_and_what_is_opened_then_is_held(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct play play;
        play_middle_third(&play, seed);
        struct tally_counts then = *play_counts(&play);
        assert_true(then.lost > 10 && tally_errored(&then) > then.lost / 2);
        play_until(&play, 65 * SECOND);
        const struct tally_counts *now = play_counts(&play);
        assert_int_equal(now->attempted, 600);
        assert_int_equal(now->lost, then.lost);
        assert_int_equal(tally_errored(now), tally_errored(&then));
        assert_int_equal(tally_closed(now), tally_closed(&then));
        assert_int_equal(now->live, then.live + then.connecting + 600 - then.attempted);
        assert_int_equal(now->timed_out, then.timed_out);
        assert_int_equal(now->descriptors, now->live);
        play_freeze(&play);
        assert_int_equal(sim_stale_since(play.net, instant_after(play.worker.now, -3 * SECOND)), 0);
        play_drain(&play, false);
        play_free(&play);
    }
}

static void after_faults_stop_a_second_fleet_is_held_whole(void **state) {
    (void)state;
    struct play first, second;
    play_middle_third(&first, 9);
    play_end(&first);
    play_leave(&first);
    struct play_config config = first.config;
    config.ramp = (struct units_rate){100, 1 * SECOND};
    play_start_in(&second, &config, first.net);
    play_until(&second, 20 * SECOND);
    assert_int_equal(play_counts(&second)->live, 600);
    play_end(&second);
    play_expect_outcomes(play_counts(&second)->drain, "drained", 600, NULL);
    assert_int_equal(play_counts(&second)->lost, 0);
    play_free(&second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_faults_stop_what_lives_and_what_is_opened_then_is_held),
        cmocka_unit_test(after_faults_stop_a_second_fleet_is_held_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
