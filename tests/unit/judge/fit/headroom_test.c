/* Which limit a growing plan meets first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "judge/fit/headroom.h"
#include "judge/fit/preflight_facts.h"
#include "plan/plan.h"
#include "plan/setup.h"

/* The machine of the preflight's tests: 20 000 descriptors, 28 232 ports, 21 GiB. */
static struct setup known, *const setup = &known;

static struct plan *plan_for(const char *address) {
    struct plan *plan = calloc(1, sizeof *plan);
    assert_non_null(plan);
    plan->workers = 1;
    plan->host = (struct host){
        .nofile_hard = 20000,
        .port_low = 32768,
        .port_high = 60999,
        .file_max = 2466177,
        .file_used = 41200,
        .memory_available_bytes = INT64_C(21) << 30,
        .connection_bytes = 4016, /* and 256 of the engine's, and 128 of ours */
    };
    known = (struct setup){.engine_bytes = 256};
    assert_true(address_parse(&setup->addresses[0], address, 80));
    setup->address_count = 1;
    return plan;
}

static void expect(const struct plan *plan, size_t count, const struct headroom_limit *limits) {
    struct headroom headroom = headroom_of(plan, setup);
    assert_int_equal(headroom.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(headroom.limits[i].kind, limits[i].kind);
        assert_int_equal(headroom.limits[i].connections, limits[i].connections);
    }
}
#define EXPECT(plan, ...)                                                                          \
    expect(plan, sizeof((struct headroom_limit[]){__VA_ARGS__}) / sizeof(struct headroom_limit),   \
           (struct headroom_limit[]){__VA_ARGS__})

static void the_limits_stand_in_the_order_in_which_growth_meets_them(void **state) {
    (void)state;
    struct plan *plan = plan_for("192.0.2.1");
    EXPECT(plan, {HEADROOM_DESCRIPTORS, 19994}, {HEADROOM_PORTS, 28232},
           {HEADROOM_SYSTEM_FILES, 2424971}, {HEADROOM_MEMORY, 5124200});
    plan->workers = 2;
    EXPECT(plan, {HEADROOM_PORTS, 28232}, {HEADROOM_DESCRIPTORS, 39988},
           {HEADROOM_SYSTEM_FILES, 2424965}, {HEADROOM_MEMORY, 5123723});
    plan->host.memory_available_bytes = 2 * (2 << 20) + 44000; /* two workers' */
    assert_int_equal(headroom_of(plan, setup).limits[0].kind, HEADROOM_MEMORY);
    assert_int_equal(headroom_of(plan, setup).limits[0].connections, 10);
    free(plan);
}

static void both_ends_on_this_machine_take_twice_the_files_and_memory(void **state) {
    (void)state;
    struct plan *plan = plan_for("127.0.0.1");
    EXPECT(plan, {HEADROOM_DESCRIPTORS, 19994}, {HEADROOM_PORTS, 28232},
           {HEADROOM_SYSTEM_FILES, 1212485}, {HEADROOM_MEMORY, 2562100});
    free(plan);
}

static void a_control_group_may_hold_less_than_is_free(void **state) {
    (void)state;
    struct plan *plan = plan_for("127.0.0.1");
    plan->host.group_memory = (struct host_share){(100 << 20) + (2 << 20) + 4400 * 7, 100 << 20};
    struct headroom headroom = headroom_of(plan, setup);
    assert_int_equal(headroom.limits[0].kind, HEADROOM_MEMORY);
    assert_int_equal(headroom.limits[0].connections, 7); /* of our end only */
    free(plan);
}

static void what_is_not_known_or_has_no_limit_is_left_out(void **state) {
    (void)state;
    struct plan *plan = plan_for("192.0.2.1");
    plan->host.nofile_hard = INT64_MAX;
    plan->host.file_max = INT64_MAX;
    plan->host.memory_available_bytes = -1;
    EXPECT(plan, {HEADROOM_PORTS, 28232});
    plan->host.nofile_hard = plan->host.file_max = -1;
    plan->host.port_low = plan->host.port_high = -1;
    assert_int_equal(headroom_of(plan, setup).count, 0);
    assert_int_equal(headroom_ports(plan, setup), -1);
    free(plan);
}

static void nothing_fits_where_the_limit_is_below_what_a_worker_needs(void **state) {
    (void)state;
    struct plan *plan = plan_for("192.0.2.1");
    plan->host.nofile_hard = 3;
    plan->host.file_used = plan->host.file_max;
    EXPECT(plan, {HEADROOM_DESCRIPTORS, 0}, {HEADROOM_SYSTEM_FILES, 0}, {HEADROOM_PORTS, 28232},
           {HEADROOM_MEMORY, 5124200});
    free(plan);
}

static void ports_are_those_that_the_preflight_counted(void **state) {
    (void)state;
    struct plan *plan = plan_for("192.0.2.1");
    struct preflight_facts *facts = calloc(1, sizeof *facts);
    assert_non_null(facts);
    assert_int_equal(ports_count_headroom(setup, facts), 0);
    struct host_pair pair = {.in_use = 200, .waiting = 400, .young = 12};
    facts->ports_known = true;
    facts->ports =
        (struct ephemeral_ports){.range = 28232, .each = 28232, .pairs = &pair, .pair_count = 1};
    setup->ports_room = ports_count_headroom(setup, facts);
    assert_int_equal(headroom_ports(plan, setup), 28032); /* TIME_WAIT passes */
    EXPECT(plan, {HEADROOM_DESCRIPTORS, 19994}, {HEADROOM_PORTS, 28032},
           {HEADROOM_SYSTEM_FILES, 2424971}, {HEADROOM_MEMORY, 5124200});
    free(facts);
    free(plan);
}

static void every_limit_has_a_name(void **state) {
    (void)state;
    for (int kind = 0; kind < HEADROOM_KINDS; kind++)
        assert_non_null(headroom_name((enum headroom_kind)kind));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limits_stand_in_the_order_in_which_growth_meets_them),
        cmocka_unit_test(both_ends_on_this_machine_take_twice_the_files_and_memory),
        cmocka_unit_test(a_control_group_may_hold_less_than_is_free),
        cmocka_unit_test(what_is_not_known_or_has_no_limit_is_left_out),
        cmocka_unit_test(nothing_fits_where_the_limit_is_below_what_a_worker_needs),
        cmocka_unit_test(ports_are_those_that_the_preflight_counted),
        cmocka_unit_test(every_limit_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
