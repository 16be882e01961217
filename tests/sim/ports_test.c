/* Source addresses and their ports: pairs fill evenly and to the last port, and a full one is not
 * asked again and again. */
#include <errno.h>

#include "play.h"

static struct play_config hundred(void) {
    return (struct play_config){
        .world = {.seed = 1},
        .connections = 100,
        .ramp = {100, SECOND},
        .think = {SECOND, 2 * SECOND},
        .sources = "127.0.1.254-127.0.2.1",
        .targets = 3,
    };
}

/* Least and most ports held over all pairs. */
static void held(const struct play *play, uint64_t *least, uint64_t *most) {
    const struct setup *setup = &play->setup;
    *least = UINT64_MAX;
    *most = 0;
    for (uint32_t i = 0; i < setup_pairs(setup); i++) {
        struct address source;
        setup_source(setup, i, &source);
        uint64_t ports = sim_ports_held(play->net, &source, setup_address(setup, i));
        *least = ports < *least ? ports : *least;
        *most = ports > *most ? ports : *most;
    }
}

static void pairs_fill_evenly_at_every_moment(void **state) {
    (void)state;
    struct play_config config = hundred();
    struct play play;
    uint64_t least, most;
    play_start(&play, &config);
    for (duration at = 0; at < 1500 * MILLISECOND; at += 10 * MILLISECOND) {
        play_until(&play, at);
        held(&play, &least, &most);
        assert_in_range(most - least, 0, 1);
    }
    assert_int_equal(least, 100 / 12);
    assert_int_equal(most, 100 / 12 + 1);
    play_end(&play);
    play_free(&play);
}

static void pairs_fill_to_the_last_port_and_the_rest_is_ports_exhausted(void **state) {
    (void)state;
    for (uint32_t each = 1; each <= 9; each += 2) {
        struct play_config config = hundred();
        config.world.ports_each = each;
        struct play play;
        uint64_t least, most;
        play_start(&play, &config);
        play_until(&play, 2 * SECOND);
        unsigned open = each < 9 ? 12 * each : 100;
        held(&play, &least, &most);
        assert_int_equal(play_counts(&play)->live, open);
        assert_true(most <= each);
        assert_true(least == each || each == 9);
        if (open < 100)
            play_expect_outcomes(play_counts(&play)->outcomes, "ports_exhausted", 100 - open, NULL);
        play_end(&play);
        play_free(&play);
    }
}

static void a_full_pair_is_asked_once_a_second(void **state) {
    (void)state;
    struct play_config config = hundred();
    config.sources = NULL;
    config.targets = 1;
    config.ramp = (struct units_rate){20, SECOND};
    config.world.ports_each = 10; /* full after half a second; the ramp takes five */
    struct play play;
    play_start(&play, &config);
    play_until(&play, 6 * SECOND);
    const struct tally_counts *counts = play_counts(&play);
    play_expect_outcomes(counts->outcomes, "ports_exhausted", 90, NULL);
    assert_int_equal(counts->attempted, 100);
    assert_int_equal(counts->errnos[EADDRNOTAVAIL], 90);
    uint64_t asked = sim_truth(play.net)->attempted - 10;
    assert_in_range(asked, 4, 6);
    assert_int_equal(counts->ports_unasked, 90 - asked);
    play_end(&play);
    play_free(&play);
}

static void one_full_pair_does_not_stop_the_others(void **state) {
    (void)state;
    static const struct script scripts[] = {
        {.connect = CONNECT_FAILS, .connect_error = EADDRNOTAVAIL}};
    struct play_config config = hundred();
    config.world.scripts = scripts;
    config.world.script_count = 1;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 3 * SECOND);
    /* Connection 0 met it; 12, 24, ... 96 are of its pair and come within a second. */
    play_expect_outcomes(play_counts(&play)->outcomes, "ports_exhausted", 9, NULL);
    assert_int_equal(play_counts(&play)->live, 91);
    play_end(&play);
    play_free(&play);
}

static void ports_given_back_are_taken_again(void **state) {
    (void)state;
    struct play_config config = hundred();
    config.world.ports_each = 5; /* 60 of 100 */
    config.world.bad_requests = 200000;
    config.world.faults_until = 20 * SECOND;
    config.reconnect = (struct units_span){100 * MILLISECOND, SECOND};
    config.timeout = SECOND;
    struct play play;
    play_start(&play, &config);
    play_until(&play, 20 * SECOND);
    assert_true(play_counts(&play)->lost > 60);
    play_until(&play, 60 * SECOND);
    assert_int_equal(play_counts(&play)->live, 60);
    play_end(&play);
    play_free(&play);
}

/* Asked for itself every connection here would say yes; from another address it is not asked. */
static void only_from_the_targets_address_may_a_connection_meet_itself(void **state) {
    (void)state;
    static const struct {
        const char *sources;
        uint64_t refused;
    } cases[] = {{"127.0.1.254-127.0.2.1", 0}, {"127.0.0.1", 100}, {NULL, 100}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play_config config = hundred();
        config.sources = cases[i].sources;
        config.targets = 1;
        struct play play;
        play_start(&play, &config);
        sim_deny(play.net, OPERATION_SELF, 1);
        play_until(&play, 2 * SECOND);
        assert_int_equal(play_counts(&play)->outcomes[OUTCOME_refused], cases[i].refused);
        assert_int_equal(play_counts(&play)->opened, 100 - cases[i].refused);
        play_end(&play);
        play_free(&play);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_fill_evenly_at_every_moment),
        cmocka_unit_test(pairs_fill_to_the_last_port_and_the_rest_is_ports_exhausted),
        cmocka_unit_test(a_full_pair_is_asked_once_a_second),
        cmocka_unit_test(one_full_pair_does_not_stop_the_others),
        cmocka_unit_test(ports_given_back_are_taken_again),
        cmocka_unit_test(only_from_the_targets_address_may_a_connection_meet_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
