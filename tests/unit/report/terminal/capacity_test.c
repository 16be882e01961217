/* A search for the capacity as a terminal shows it: what is next, and what the ramp had to do with
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/fixture.h"
#include "report/terminal/capacity.h"

static const char *next_of(struct fixture *fixture, const struct capacity *capacity,
                           uint64_t next) {
    FILE *out = fixture_stream(fixture);
    report_capacity_next(out, capacity, &fixture->plan, next);
    fclose(out);
    return fixture->text;
}

/* The fixture's ramp opens 1 000 a second. */
static void what_is_next_is_said_with_about_how_long(void **state) {
    struct fixture *fixture = *state;
    struct capacity capacity = {
        .search = bisect_begin(100, 0, 1000000, 0), .hold = 5 * SECOND, .count = 1};
    bisect_take(&capacity.search, 100, BISECT_HELD, 100);
    assert_says(
        next_of(fixture, &capacity, 200),
        "next    200 connections (step 2): about 6.20 s; 100 held, and more are tried until a "
        "step breaks\n");
    bisect_take(&capacity.search, 200, BISECT_BROKE, 150);
    capacity.count = 2;
    assert_says(next_of(fixture, &capacity, 200),
                "next    200 connections (step 3): about 6.20 s; it broke, and is tried again\n");
    bisect_take(&capacity.search, 200, BISECT_BROKE, 150);
    capacity.count = 3;
    assert_says(
        next_of(fixture, &capacity, 150),
        "next    150 connections (step 4): about 6.15 s; 100 held, 200 broke: at most 8 steps, "
        "about 49.2 s in all\n");
}

static void a_ramp_that_was_the_limit_is_named(void **state) {
    struct fixture *fixture = *state;
    static struct capacity_step step = {.connections = 200, .result = CAPACITY_BROKE};
    static struct capacity capacity = {.hold = 5 * SECOND, .answer = 100, .count = 1};
    capacity.broke = capacity.steps = &step;
    fixture->judgement.capacity = &capacity;
    for (int by_ramp = 0; by_ramp <= 1; by_ramp++) {
        capacity.cause.by_ramp = by_ramp;
        FILE *out = fixture_stream(fixture);
        report_capacity(out, (struct style){.color = false}, &fixture->plan, &fixture->judgement);
        fclose(out);
        assert_says(fixture->text, by_ramp ? "10/10ms was itself the limit: connects came faster"
                                           : "10/10ms: what holds may be more with a slower one");
    }
}

static int begin(void **state) {
    *state = fixture_make_preflight(COMMAND_RUN);
    return 0;
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, begin, fixture_end)
    const struct CMUnitTest tests[] = {
        EACH(what_is_next_is_said_with_about_how_long),
        EACH(a_ramp_that_was_the_limit_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
