/* The pool of -n: so many requests are sent, not one less and not one more, whatever happens to the
 * connections and however many workers take from it. */

#include "play.h"

/* Faults of every kind, a tenth of the requests and connects; what is lost comes back. */
static struct play_config rude(uint64_t seed, struct units_span think, uint64_t requests) {
    return (struct play_config){
        .world = {.seed = seed,
                  .bad_connects = 100000,
                  .bad_requests = 100000,
                  .pieces_max = 3,
                  .idle_after = 20 * MILLISECOND},
        .connections = 20,
        .ramp = {20, 10 * MILLISECOND},
        .think = think,
        .reconnect = {5 * MILLISECOND, 100 * MILLISECOND},
        .timeout = 100 * MILLISECOND,
        .connect_timeout = 100 * MILLISECOND,
        .requests = requests,
        .audit_every = 8,
    };
}

static const struct units_span at_once = {0, 0}, soon = {5 * MILLISECOND, 20 * MILLISECOND};

static void spend_all(struct units_span think) {
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct play_config config = rude(seed, think, 2000 + seed);
        struct play play;
        play_start(&play, &config);
        play_spend(&play);
        assert_int_equal(play_counts(&play)->sent, 2000 + seed);
        play_until(&play, 20 * SECOND); /* nobody sends any more */
        play_end(&play);
        assert_int_equal(play.seen->counts.sent, 2000 + seed);
        assert_true(sim_truth(play.net)->sends_failed > 0);
        play_free(&play);
    }
}

static void exactly_so_many_are_sent_in_a_closed_loop(void **state) {
    (void)state;
    spend_all(at_once);
}

static void exactly_so_many_are_sent_with_think_times(void **state) {
    (void)state;
    spend_all(soon);
}

/* Each in a world of its own; the one whose clock is behind goes on. */
static void workers_share_one_pool(void **state) {
    (void)state;
    enum { WORKERS = 4, REQUESTS = 5003 };
    for (uint64_t seed = 1; seed <= 25; seed++) {
        static struct play plays[WORKERS];
        struct pool pool = {.left = REQUESTS};
        for (uint64_t i = 0; i < WORKERS; i++) {
            struct play_config config = rude(seed * WORKERS + i, at_once, REQUESTS);
            config.pool = &pool;
            config.world.latency.low = 100 * MICROSECOND;
            config.world.latency.high = (duration)(i + 1) * 4 * MILLISECOND;
            play_start(&plays[i], &config);
        }
        uint64_t sent = 0, ended = 0;
        while (ended < REQUESTS) {
            struct play *behind = &plays[0];
            for (int i = 1; i < WORKERS; i++)
                if (instant_before(plays[i].worker.now, behind->worker.now))
                    behind = &plays[i];
            play_turn(behind);
            sent = ended = 0;
            for (int i = 0; i < WORKERS; i++) {
                sent += play_counts(&plays[i])->sent;
                ended += play_counts(&plays[i])->sent - play_counts(&plays[i])->outstanding;
            }
            assert_true(sent <= REQUESTS);
        }
        assert_int_equal(sent, REQUESTS);
        assert_int_equal(atomic_load(&pool.left), 0);
        for (int i = 0; i < WORKERS; i++) {
            assert_true(play_counts(&plays[i])->sent > REQUESTS / 20);
            play_end(&plays[i]);
            play_free(&plays[i]);
        }
    }
}

static void a_ramp_is_completed_when_the_pool_is_empty(void **state) {
    (void)state;
    struct play_config config = {
        .world = {.seed = 2},
        .connections = 50,
        .ramp = {1, 10 * MILLISECOND},
        .requests = 20,
    };
    struct play play;
    play_start(&play, &config);
    play_until(&play, 2 * SECOND);
    assert_int_equal(play_counts(&play)->live, 50);
    assert_int_equal(play_counts(&play)->sent, 20);
    assert_int_equal(fleet_queued(play.worker.fleet), 50);
    assert_true(play.turns < 1000); /* and waiting costs next to nothing */
    play_end(&play);
    assert_int_equal(play.seen->counts.drain[OUTCOME_drained], 50);
    play_free(&play);
}

/* The freeze may come first. */
static void what_was_not_sent_stays_in_the_pool(void **state) {
    (void)state;
    struct play_config config = rude(3, soon, 1000000);
    struct play play;
    play_start(&play, &config);
    play_until(&play, 2 * SECOND);
    play_end(&play);
    assert_int_equal(atomic_load(&play.pool.left) + play.seen->counts.sent, 1000000);
    play_free(&play);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_so_many_are_sent_in_a_closed_loop),
        cmocka_unit_test(exactly_so_many_are_sent_with_think_times),
        cmocka_unit_test(workers_share_one_pool),
        cmocka_unit_test(a_ramp_is_completed_when_the_pool_is_empty),
        cmocka_unit_test(what_was_not_sent_stays_in_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
