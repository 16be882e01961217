/* --shard: the parts of a plan are, added up, the plan in one process. */
#include <string.h>

#include "play.h"

enum { PARTS = 3, CONNECTIONS = 100 };

static uint32_t share_of(uint32_t part) {
    return CONNECTIONS / PARTS + (part < CONNECTIONS % PARTS);
}

static struct play_config config_of(uint64_t seed) {
    return (struct play_config){
        .world = {.seed = seed,
                  .bad_connects = 50000,
                  .bad_requests = 20000,
                  .sent_after = MILLISECOND,
                  .idle_after = 20 * MILLISECOND},
        .of_all = CONNECTIONS,
        .ramp = {10, 100 * MILLISECOND},
        .think = {100 * MILLISECOND, 900 * MILLISECOND},
        .reconnect = {50 * MILLISECOND, SECOND},
        .rate = seed % 2 == 0 ? 200 * FREQUENCY_ONE : 0,
    };
}

/* Turn by turn, whatever the servers do: what a worker of one process would have done, a part of
 * one worker does. */
static void a_part_does_what_a_worker_of_the_whole_would(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++)
        for (uint32_t i = 0; i < PARTS; i++) {
            struct play_config worker = config_of(seed), part = worker;
            struct tally_counts of_worker, of_part;
            worker.connections = part.connections = share_of(i);
            worker.workers = part.parts = PARTS;
            worker.worker = part.part = i;
            uint64_t log = play_whole(&worker, 20 * SECOND, &of_worker);
            assert_int_equal(play_whole(&part, 20 * SECOND, &of_part), log);
            assert_memory_equal(&of_part, &of_worker, sizeof of_part);
        }
}

struct sum {
    struct tally_counts counts;
    struct histogram latency;
    duration last_open; /* the longest ramp */
};

static void add(struct sum *sum, struct play_config config) {
    struct play play;
    play_start(&play, &config);
    play_until(&play, 3 * SECOND);
    play_spend(&play);
    play_freeze(&play);
    const struct tally_counts *counts = play_counts(&play);
    sum->counts.opened += counts->opened;
    sum->counts.sent += counts->sent;
    sum->counts.answered += counts->answered;
    duration ramp = counts->ramp_done_ns - play.begun.ns;
    if (ramp > sum->last_open)
        sum->last_open = ramp;
    histogram_merge(&sum->latency, &play.tally->latency);
    play_drain(&play, false);
    play_free(&play);
}

/* As many connections and requests, the ramp as long, and each percentile in the same bucket, or
 * the next: where they begin is drawn for each. */
static void parts_add_up_to_the_whole(void **state) {
    (void)state;
    enum { REQUESTS = 3001 };
    static struct sum whole, parts;
    struct play_config config = config_of(1);
    config.world = (struct sim_config){.seed = 5, .latency = {2 * MILLISECOND, 2 * MILLISECOND}};
    config.reconnect = (struct units_span){0, 0};
    config.connections = CONNECTIONS;
    config.requests = REQUESTS;
    add(&whole, config);
    for (uint32_t i = 0; i < PARTS; i++) {
        config.parts = PARTS;
        config.part = i;
        config.connections = share_of(i);
        config.requests = REQUESTS / PARTS + (i < REQUESTS % PARTS);
        add(&parts, config);
    }
    assert_int_equal(parts.counts.opened, CONNECTIONS);
    assert_int_equal(whole.counts.opened, CONNECTIONS);
    assert_int_equal(parts.counts.sent, REQUESTS);
    assert_int_equal(whole.counts.sent, REQUESTS);
    assert_int_equal(parts.counts.answered, REQUESTS);
    assert_in_range(parts.last_open, whole.last_open - 11 * MILLISECOND,
                    whole.last_open + 11 * MILLISECOND);
    static const double percentiles[] = {0.5, 0.9, 0.99};
    for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++) {
        double of_parts = (double)histogram_percentile(&parts.latency, percentiles[i]);
        double of_whole = (double)histogram_percentile(&whole.latency, percentiles[i]);
        assert_true(of_parts / of_whole < 1.05 && of_whole / of_parts < 1.05);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_does_what_a_worker_of_the_whole_would),
        cmocka_unit_test(parts_add_up_to_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
