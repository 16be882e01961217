/* The mix: exponential think times, and a warm-up that latency leaves out. */
#include "play.h"

static struct play_config config_of(uint32_t connections) {
    return (struct play_config){
        .world = {.seed = 21},
        .connections = connections,
        .ramp = {connections, 100 * MILLISECOND},
        .think = {100 * MILLISECOND, 200 * MILLISECOND},
        .audit_every = 8,
    };
}

static void exponential_think_times_keep_their_mean(void **state) {
    (void)state;
    struct play_config config = config_of(200);
    config.think = (struct units_span){0, EXPONENTIAL_CUT * SECOND};
    config.think_mean = 1 * SECOND;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 60 * SECOND);
    /* 200 each second, and each one's first: 12,200 with a deviation of 110. */
    assert_in_range(play_counts(&play)->sent, 11700, 12700);
    play_end(&play);
    play_free(&play);
}

/* Slow for three seconds, and quick ever after. */
static void what_was_due_before_the_warm_up_was_over_is_in_no_latency(void **state) {
    (void)state;
    static const frequency rates[] = {0, 300 * FREQUENCY_ONE};
    for (int i = 0; i < 2; i++) {
        struct play_config config = config_of(100);
        config.rate = rates[i];
        config.world.stall_from = 1 * SECOND;
        config.world.stall_until = 3 * SECOND;
        config.warmup = 5 * SECOND;
        struct play play;
        play_start(&play, &config);
        play_until(&play, 4 * SECOND);
        assert_int_equal(play.tally->latency.count, 0);
        assert_int_equal(play_counts(&play)->warmup, play_counts(&play)->answered);
        play_until(&play, 15 * SECOND);
        play_end(&play);
        const struct tally_counts *counts = play_counts(&play);
        assert_true(counts->warmup > 1000);
        assert_int_equal(play.tally->latency.count, counts->answered - counts->warmup);
        assert_int_equal(play.tally->service.count, counts->answered - counts->warmup);
        assert_true(play.tally->latency.count > 2000);
        assert_true(play.tally->latency.max < 10 * MILLISECOND);
        play_free(&play);
    }
}

static void a_warm_up_of_nothing_leaves_out_the_ramp(void **state) {
    (void)state;
    struct play_config config = config_of(100);
    config.ramp = (struct units_rate){1, 10 * MILLISECOND};
    config.warmup = -1;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 5 * SECOND);
    play_end(&play);
    assert_in_range(play_counts(&play)->warmup, 100, 1000);
    assert_true(play.tally->latency.count > 1000);
    play_free(&play);
}

/* Answers in step, as from a server that is the limit: they are taken a batch at a time, and none
 * is taken later than that needs. Few connections wait for nothing. */
static void a_closed_loop_takes_together_what_comes_together(void **state) {
    (void)state;
    enum { TOGETHER = 25 * MICROSECOND, ON_THE_WAY = 15 * MICROSECOND };
    static const uint32_t connections[] = {1, 4, 64};
    for (int i = 0; i < 3; i++) {
        bool few = connections[i] < 24;
        struct play_config config = config_of(connections[i]);
        config.think = (struct units_span){0, 0};
        config.world.latency.low = 100 * MICROSECOND;
        config.world.latency.high = 140 * MICROSECOND;
        config.world.ready_after = 1 * MICROSECOND;
        struct play play;
        play_start(&play, &config);
        play_until(&play, 400 * MILLISECOND);
        play_end(&play);
        const struct tally_counts *counts = play_counts(&play);
        duration most = 140 * MICROSECOND + ON_THE_WAY + (few ? 0 : TOGETHER);
        assert_true(counts->answered > 1000 * connections[i]);
        assert_true(play.tally->latency.max <= most);
        if (connections[i] == 1)
            assert_true(counts->turns >= counts->answered);
        else if (!few)
            assert_true(counts->turns * 8 < counts->answered);
        play_free(&play);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponential_think_times_keep_their_mean),
        cmocka_unit_test(what_was_due_before_the_warm_up_was_over_is_in_no_latency),
        cmocka_unit_test(a_warm_up_of_nothing_leaves_out_the_ramp),
        cmocka_unit_test(a_closed_loop_takes_together_what_comes_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
