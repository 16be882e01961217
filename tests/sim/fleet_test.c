/* A fleet without its worker, one event at a time: what comes too late for a slot's tenant. */
#include <errno.h>

#include "base/slots.h"
#include "play.h"

/* A fleet of one, in the belly of a worker that takes no turn. */
static struct fleet *fleet_of_one(struct play *play, const struct script *scripts, size_t count) {
    struct play_config config = {
        .world = {.seed = 1, .scripts = scripts, .script_count = count},
        .connections = 1,
        .ramp = {1, HOUR},
        .think = {SECOND, SECOND},
    };
    play_start(play, &config);
    return play->worker.fleet;
}

static void give(struct play *play, uint8_t operation, uint32_t generation, int result) {
    fleet_event(play->worker.fleet,
                &(struct net_event){slot_tag(operation, generation, 0), result});
    assert_null(fleet_audit(play->worker.fleet));
    assert_null(tally_imbalance(play->tally));
}

static void a_completion_for_a_former_tenant_is_dropped_and_counted(void **state) {
    (void)state;
    static const struct script scripts[] = {{.open_error = EMFILE}, {.connect_after = SECOND}};
    struct play play;
    struct fleet *fleet = fleet_of_one(&play, scripts, 2);
    fleet_open(fleet, 0); /* fails: the slot is vacant again, a generation older */
    assert_int_equal(play_counts(&play)->stale, 0);
    give(&play, FLEET_SEND, 0, -EPIPE);
    give(&play, FLEET_READY, 0, 1);
    assert_int_equal(play_counts(&play)->stale, 2);
    fleet_open(fleet, 0); /* the next tenant, connecting */
    give(&play, FLEET_CONNECT, 0, 0);
    give(&play, FLEET_CONNECT, 0, -ECONNREFUSED);
    give(&play, FLEET_SEND, 0, -EPIPE);
    assert_int_equal(play_counts(&play)->stale, 5);
    assert_int_equal(play_counts(&play)->connecting, 1);
    assert_int_equal(play_counts(&play)->opened, 0);
    play_expect_outcomes(play_counts(&play)->outcomes, "fd_limit", 1, NULL);
    play_free(&play);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_completion_for_a_former_tenant_is_dropped_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
