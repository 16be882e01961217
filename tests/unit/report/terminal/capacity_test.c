/* A search for the capacity as a terminal shows it: what is next, and what the ramp had to do with
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "report/fixture.h"
#include "report/format/format.h"
#include "report/terminal/capacity.h"

static const char *next_of(struct fixture *fixture, const struct capacity *capacity,
                           uint64_t next) {
    FILE *out = fixture_stream(fixture);
    report_capacity_next(out, capacity, &fixture->plan, next);
    fclose(out);
    return fixture->text;
}

/* The fixture's ramp opens 1000 a second. */
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

/* How many columns stand before that item on its line. */
static int columns_before(const char *text, const char *item) {
    const char *at = strstr(text, item), *line = at;
    assert_non_null(at);
    while (line > text && line[-1] != '\n')
        line--;
    return format_columns(line, (size_t)(at - line));
}

static void a_table_of_steps_keeps_its_columns_however_digits_are_grouped(void **state) {
    struct fixture *fixture = *state;
    static struct capacity_step step = {.connections = 12000,
                                        .opened = 12000,
                                        .live = 11999,
                                        .lost = 1234,
                                        .ran = true,
                                        .cause = {.known = true, .code = "fd_limit"}};
    static struct capacity capacity = {
        .hold = 5 * SECOND, .answer = 100, .count = 1, .steps = &step};
    fixture->judgement.capacity = &capacity;
    int columns[2];
    for (int grouped = 0; grouped <= 1; grouped++) {
        FILE *out = fixture_stream(fixture);
        report_capacity(out, (struct style){.group_digits = grouped}, &fixture->plan,
                        &fixture->judgement);
        report_capacity(out, (struct style){.group_digits = grouped, .width = 80}, &fixture->plan,
                        &fixture->judgement);
        fclose(out);
        assert_says(fixture->text,
                    grouped
                        ? "12\u202f000  held     12\u202f000    11\u202f999    1\u202f234        0"
                        : "12000  held      12000     11999     1234        0");
        assert_says(fixture->text, grouped ? " 1\u202f234 " : " 1234 ");
        columns[grouped] = columns_before(fixture->text, "tester: fd_limit");
    }
    assert_int_equal(columns[0], columns[1]);
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
        EACH(a_table_of_steps_keeps_its_columns_however_digits_are_grouped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
