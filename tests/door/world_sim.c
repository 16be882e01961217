/* The contract's world, simulated. */
#include "world.h"

#include <errno.h>

#include "sim.h"

static const struct script lives[] = {
    [PEER_REFUSES] = {.connect = CONNECT_FAILS, .connect_error = ECONNREFUSED},
    [PEER_NEVER_ACCEPTS] = {.connect = CONNECT_NEVER},
    [PEER_ENDS] = {.deed = DEED_IDLE_FIN},
    [PEER_ENDS_MIDWAY] = {.deed = DEED_RST_MID},
    [PEER_RESETS] = {.deed = DEED_IDLE_RST},
};

struct net *world_begin(enum peer_life life, struct address *target) {
    assert_true(address_parse(target, "127.0.0.1", 80));
    return sim_create(&(struct sim_config){.seed = 1,
                                           .wakes_cost = true,
                                           .scripts = &lives[life],
                                           .script_count = 1,
                                           .timeout = 1 * SECOND,
                                           .connect_timeout = 1 * SECOND,
                                           .sent_after = 5 * MILLISECOND,
                                           .latency = {MILLISECOND, MILLISECOND}});
}

void world_end(struct net *net) {
    net_destroy(net);
}

/* Its own are in tests/sim. */
static void nothing_is_left_open(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    net_close(net, world_connect(net, &target));
    assert_int_equal(sim_truth(net)->descriptors, 0);
    world_end(net);
}

const struct CMUnitTest world_tests[] = {cmocka_unit_test(nothing_is_left_open)};
const size_t world_test_count = 1;

bool world_choose(int argc, char **argv) {
    (void)argv;
    return argc == 1;
}
