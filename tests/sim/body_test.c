/* Requests with bodies: answers may come before they are out, and connections end in between; each
 * byte and each request is still accounted for. */
#include "play.h"

static struct play_config config_of(uint64_t seed) {
    return (struct play_config){
        .world = {.seed = seed,
                  .sent_after = 3 * MILLISECOND, /* answers come after 0.2 to 2 ms */
                  .pieces_max = 3,
                  .idle_after = 20 * MILLISECOND},
        .connections = 20,
        .ramp = {20, 10 * MILLISECOND},
        .think = {5 * MILLISECOND, 20 * MILLISECOND},
        .timeout = 100 * MILLISECOND,
        .connect_timeout = 100 * MILLISECOND,
        .body = 4000,
        .audit_every = 4,
    };
}

static void an_answer_may_come_before_the_request_is_out(void **state) {
    (void)state;
    static const struct units_span thinks[] = {{0, 0}, {1 * MILLISECOND, 2 * MILLISECOND}};
    for (int i = 0; i < 2; i++) {
        struct play_config config = config_of(1);
        config.connections = 5;
        config.think = thinks[i];
        struct play play;
        play_start(&play, &config);
        play_until(&play, 2 * SECOND);
        assert_int_equal(sim_truth(play.net)->cut, 0);
        play_end(&play);
        const struct tally_counts *counts = play_counts(&play);
        play_expect_outcomes(counts->outcomes, NULL);
        assert_true(counts->answered > 2000);
        /* But for what was still on its way at the freeze. */
        assert_in_range(counts->bytes_out, (counts->sent - 20) * 4000, counts->sent * 4300);
        play_free(&play);
    }
}

static void faults_are_told_apart_as_ever(void **state) {
    (void)state;
    uint64_t cut = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct play_config config = config_of(seed);
        config.world.bad_connects = config.world.bad_requests = 100000;
        config.reconnect = (struct units_span){5 * MILLISECOND, 100 * MILLISECOND};
        struct play play;
        play_start(&play, &config);
        play_until(&play, 2 * SECOND);
        play_end(&play); /* compares outcomes, answers and requests with the truth */
        cut += sim_truth(play.net)->cut;
        assert_in_range(play_counts(&play)->bytes_out, 1, sim_truth(play.net)->bytes);
        play_free(&play);
    }
    assert_true(cut > 100);
}

/* 413 and a close before the body is out: an answer, and an announced end. */
static void an_early_refusal_is_an_answer(void **state) {
    (void)state;
    static const struct script scripts[] = {{.deed = DEED_ANSWER_CLOSE, .latency = 1},
                                            {.deed = DEED_ANSWER_LINGER, .latency = 1}};
    struct play_config config = config_of(1);
    config.world.scripts = scripts;
    config.world.script_count = 2;
    config.world.sent_after = 50 * MILLISECOND;
    config.connections = 2;
    config.requests = 2;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 2 * SECOND);
    play_expect_outcomes(play_counts(&play)->outcomes, "closed_announced", 2, NULL);
    assert_int_equal(play_counts(&play)->answered, 2);
    assert_int_equal(play_counts(&play)->descriptors, 0);
    play_end(&play);
    play_free(&play);
}

static void a_pool_is_sent_exactly_with_bodies_too(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct play_config config = config_of(seed);
        config.world.bad_connects = config.world.bad_requests = 100000;
        config.reconnect = (struct units_span){5 * MILLISECOND, 100 * MILLISECOND};
        config.think = (struct units_span){0, 0};
        config.requests = 1000;
        struct play play;
        play_start(&play, &config);
        play_spend(&play);
        assert_int_equal(play_counts(&play)->sent, 1000);
        play_end(&play);
        play_free(&play);
    }
}

/* Any operation of a short run fails, once or from then on. */
static void any_operation_may_fail(void **state) {
    (void)state;
    uint64_t operations = 1;
    for (int onward = 0; onward <= 1; onward++) {
        for (uint64_t n = 0; n <= operations; n++) {
            struct play_config config = config_of(4);
            config.connections = 4;
            config.world.timeout = config.world.connect_timeout = 100 * MILLISECOND;
            config.world.latency.low = 200 * MICROSECOND;
            config.world.latency.high = 2 * MILLISECOND;
            struct net *net = sim_create(&config.world);
            sim_fail(net, n, (uint32_t)(n / 7), onward == 1);
            struct play play;
            play_start_in(&play, &config, net);
            play_until(&play, 100 * MILLISECOND);
            play_end(&play);
            if (n == 0)
                operations = sim_truth(net)->operations;
            play_free(&play);
        }
    }
    assert_true(operations > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_may_come_before_the_request_is_out),
        cmocka_unit_test(faults_are_told_apart_as_ever),
        cmocka_unit_test(an_early_refusal_is_an_answer),
        cmocka_unit_test(a_pool_is_sent_exactly_with_bodies_too),
        cmocka_unit_test(any_operation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
