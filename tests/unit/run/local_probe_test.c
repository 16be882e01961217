/* Tests of choosing the engine once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "net/net.h"
#include "options/options.h"
#include "run/engine_probe.h"
#include "run/local_probe.h"

static int tried;
static const struct net_object objects[NET_OBJECTS_MAX] = {{"no such slab", 300}, {"nor this", 21}};

void __wrap_engine_probe(struct engine_choice *choice, enum engine_kind asked,
                         const struct host *host, uint32_t workers);
void __wrap_engine_probe(struct engine_choice *choice, enum engine_kind asked,
                         const struct host *host, uint32_t workers) {
    (void)host;
    tried++;
    *choice = (struct engine_choice){
        .asked = asked, .engine = ENGINE_URING, .rings_tried = workers, .refusal.error = -ENOSYS};
}

struct net_needs net_needs(const struct net_config *config) {
    (void)config;
    return (struct net_needs){.objects = objects};
}

static void an_engine_is_tried_where_none_was_chosen(void **state) {
    (void)state;
    static struct options options = {.engine = ENGINE_URING};
    static struct plan plan = {.options = &options, .workers = 7};
    static struct setup setup;
    static struct preflight_facts facts;
    local_probe_engine(&facts, &plan, &setup, true);
    assert_int_equal(tried, 1);
    assert_int_equal(setup.choice.asked, ENGINE_URING);
    assert_int_equal(setup.choice.rings_tried, 7);
    assert_int_equal(setup.engine_bytes, 321);
    assert_int_equal(facts.door_error, -ENOSYS);
    facts.door_error = 0;
    local_probe_engine(&facts, &plan, &setup, true); /* the next step of a search */
    assert_int_equal(tried, 1);
    assert_int_equal(facts.door_error, -ENOSYS);
    setup.choice.engine = ENGINE_EPOLL;
    local_probe_engine(&facts, &plan, &setup, true);
    assert_int_equal(tried, 1);
    assert_int_equal(facts.door_error, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_is_tried_where_none_was_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
