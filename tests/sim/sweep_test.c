/* Every operation of a short run failed in turn, once and from then on, with every error of its
 * kind: the books balance, nothing is left open, and the run comes to its end. `--every N` fails
 * each Nth operation. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"
#include "play.h"

static uint64_t every = 1;

static const struct script scripts[] = {
    {.deed = DEED_ANSWER, .deed_at = 9}, {.deed = DEED_IDLE_FIN, .deed_at = 2},
    {.deed = DEED_NEVER, .deed_at = 1},  {.deed = DEED_ANSWER_LINGER, .deed_at = 1},
    {.connect = CONNECT_NEVER},          {.deed = DEED_ANSWER, .deed_at = 9, .whole = true},
};

static const struct play_config config = {
    .world = {.seed = 5,
              .scripts = scripts,
              .script_count = 6,
              .pieces_max = 3,
              .idle_after = 5 * MILLISECOND},
    .connections = 6,
    .ramp = {6, 12 * MILLISECOND},
    .think = {20 * MILLISECOND, 30 * MILLISECOND},
    .timeout = 30 * MILLISECOND,
    .connect_timeout = 25 * MILLISECOND,
};

static void run(struct play *play, struct units_span reconnect, uint64_t n, uint32_t which,
                bool onward) {
    struct play_config full = config;
    full.reconnect = reconnect;
    struct net *net = sim_create(&(struct sim_config){
        .seed = config.world.seed,
        .scripts = scripts,
        .script_count = 6,
        .pieces_max = config.world.pieces_max,
        .idle_after = config.world.idle_after,
        .timeout = config.timeout,
        .connect_timeout = config.connect_timeout,
        .latency = {200 * MICROSECOND, 2 * MILLISECOND},
    });
    sim_fail(net, n, which, onward);
    play_start_in(play, &full, net);
    play_until(play, 100 * MILLISECOND);
    play_end(play);
}

static uint64_t sweep(struct units_span reconnect, bool onward) {
    struct play play;
    run(&play, reconnect, 0, 0, false);
    uint64_t operations = sim_truth(play.net)->operations, runs = 0;
    struct net *reference = play.net;
    play_leave(&play);
    for (uint64_t n = 1; n <= operations; n += every) {
        uint32_t errors = sim_errors(sim_operation(reference, n));
        for (uint32_t which = 0; which < errors; which++, runs++) {
            run(&play, reconnect, n, which, onward);
            play_free(&play);
        }
    }
    printf("%" PRIu64 " operations, %" PRIu64 " runs\n", operations, runs);
    net_destroy(reference);
    return operations;
}

static const struct units_span never = {0, 0}, backoff = {2 * MILLISECOND, 8 * MILLISECOND};

static void any_operation_may_fail_once(void **state) {
    (void)state;
    assert_true(sweep(never, false) > 100);
}

static void any_operation_may_fail_from_then_on(void **state) {
    (void)state;
    assert_true(sweep(never, true) > 100);
}

static void any_operation_may_fail_once_under_reconnecting(void **state) {
    (void)state;
    assert_true(sweep(backoff, false) > 100);
}

static void any_operation_may_fail_from_then_on_under_reconnecting(void **state) {
    (void)state;
    assert_true(sweep(backoff, true) > 100);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--every") == 0)
        every = strtoull(argv[2], NULL, 10);
    require(every > 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_operation_may_fail_once),
        cmocka_unit_test(any_operation_may_fail_from_then_on),
        cmocka_unit_test(any_operation_may_fail_once_under_reconnecting),
        cmocka_unit_test(any_operation_may_fail_from_then_on_under_reconnecting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
