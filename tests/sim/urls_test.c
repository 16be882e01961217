/* Several requests: each goes out as often as its weight says, and each byte is of the one that was
 * chosen, whatever happens to the connections. */
#include "options/options.h"
#include "play.h"

static const struct option_url_line lines[] = {
    {"GET", "/short", 3}, {"POST", "/with-a-body", 1}, {"GET", "/a-little-longer", 2}};
enum { ROUND = 6, BODY = 1000 };

static struct play_config config_of(uint64_t seed) {
    return (struct play_config){
        .world = {.seed = seed, .sent_after = 1 * MILLISECOND, .pieces_max = 3},
        .connections = 20,
        .ramp = {20, 10 * MILLISECOND},
        .timeout = 100 * MILLISECOND,
        .connect_timeout = 100 * MILLISECOND,
        .requests = 500 * ROUND,
        .body = BODY,
        .urls = {lines, 3},
        .audit_every = 4,
    };
}

static uint64_t spend(const struct play_config *config) {
    struct play play;
    play_start(&play, config);
    play_spend(&play);
    play_until(&play, 20 * SECOND); /* what went out is published */
    play_end(&play);
    const struct tally_counts *counts = play_counts(&play);
    assert_int_equal(counts->sent, config->requests);
    uint64_t bytes = counts->bytes_out, each[3];
    for (int i = 0; i < 3; i++)
        each[i] = play.requests.items[i].length;
    play_free(&play);
    if (config->urls_order == SEQUENCE_TURN && config->world.bad_requests == 0)
        assert_int_equal(bytes, 500 * (3 * each[0] + each[1] + 2 * each[2]));
    return bytes;
}

static void in_turn_each_goes_out_as_often_as_it_weighs(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct play_config config = config_of(seed);
        spend(&config);
    }
}

static void at_random_the_seed_decides(void **state) {
    (void)state;
    struct play_config config = config_of(1);
    uint64_t in_turn = spend(&config);
    config.urls_order = SEQUENCE_RANDOM;
    uint64_t first = spend(&config);
    assert_int_equal(first, spend(&config));
    assert_true(first != in_turn);
    /* 500 bodies with a deviation of 20 are nearly all of it. */
    assert_in_range(first, in_turn - 120 * BODY, in_turn + 120 * BODY);
    config.world.seed = 2;
    assert_true(first != spend(&config));
}

static void faults_are_told_apart_as_ever(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct play_config config = config_of(seed);
        config.world.bad_connects = config.world.bad_requests = 100000;
        config.world.idle_after = 20 * MILLISECOND;
        config.reconnect = (struct units_span){5 * MILLISECOND, 100 * MILLISECOND};
        config.urls_order = seed % 2 == 0 ? SEQUENCE_RANDOM : SEQUENCE_TURN;
        spend(&config); /* compares outcomes, answers and requests with the truth */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_turn_each_goes_out_as_often_as_it_weighs),
        cmocka_unit_test(at_random_the_seed_decides),
        cmocka_unit_test(faults_are_told_apart_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
