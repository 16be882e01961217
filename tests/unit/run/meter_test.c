/* The meter: what a second of a crew's counts becomes in the timeline and the live line. */
#include "run/meter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crew.h"

static struct meter meter;
static struct timeline *timeline;
static struct tally *total;
static struct plan plan;

static int set_up(void **state) {
    (void)state;
    door_reset();
    crew_reset();
    crew.member.pid = 0; /* of no process: CPU and memory cannot be read */
    timeline = calloc(1, sizeof *timeline);
    total = calloc(1, sizeof *total);
    plan = (struct plan){.host = {.nofile_hard = 1000, .port_low = -1}};
    timeline_init(timeline, SECOND);
    return !meter_init(&meter);
}

static int tear_down(void **state) {
    (void)state;
    meter_free(&meter);
    free(timeline);
    free(total);
    return 0;
}

static void answer(uint64_t count, duration latency) {
    for (uint64_t i = 0; i < count; i++)
        histogram_add(&total->latency, latency);
    total->counts.answered += count;
}

static struct timeline_sample tick(int second) {
    instant now = {second * SECOND};
    return meter_tick(&meter, timeline, &crew, total, now, now, second, 99.5,
                      (struct level_span){4, 6});
}

static void a_second_counts_its_own_answers_only(void **state) {
    (void)state;
    answer(5, 50 * MILLISECOND);
    tick(1);
    answer(10, 10 * MILLISECOND);
    struct timeline_sample sample = tick(2);
    assert_true(sample.client_per_second == 10);
    assert_true(sample.server_per_second == 99.5);
    assert_true(fabs(sample.p99_seconds - 0.01) < 0.0005);
    assert_true(fabs(sample.max_seconds - 0.01) < 0.0005);
    assert_int_equal(sample.live_min, 4);
    assert_int_equal(sample.live_max, 6);
    assert_int_equal(timeline->count, 2);
}

static void a_second_without_answers_has_no_percentile(void **state) {
    (void)state;
    tick(1);
    struct timeline_sample sample = tick(2);
    assert_true(sample.client_per_second == 0);
    assert_true(isnan(sample.p50_seconds) && isnan(sample.p99_seconds));
    assert_true(isnan(sample.cpu_percent));
}

static void the_server_has_no_rate_where_the_client_has_none(void **state) {
    (void)state;
    assert_true(isnan(tick(1).server_per_second));
}

static void a_tick_is_known_by_its_instant(void **state) {
    (void)state;
    assert_false(meter_ticked(&meter, (instant){SECOND}));
    tick(1);
    assert_true(meter_ticked(&meter, (instant){SECOND}));
    assert_false(meter_ticked(&meter, (instant){SECOND + 1}));
}

static void descriptors_are_those_of_connections_and_workers(void **state) {
    int64_t used, limit;
    (void)state;
    total->counts.descriptors = 40;
    meter_files(&crew, &plan, total, &used, &limit);
    assert_int_equal(used, 40 + PLAN_WORKER_FILES);
    assert_int_equal(limit, 1000);
    plan.host.nofile_hard = INT64_MAX;
    meter_files(&crew, &plan, total, &used, &limit);
    assert_int_equal(limit, -1);
}

static void memory_of_a_process_that_cannot_be_read_is_not_measured(void **state) {
    (void)state;
    meter_memory(&meter, &crew);
    assert_int_equal(meter.pss_max, -1);
    assert_int_equal(meter.rss_max, -1);
    crew.member.gone = true;
    meter_memory(&meter, &crew);
    assert_true(meter.rss_max > 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_second_counts_its_own_answers_only),
        TEST(a_second_without_answers_has_no_percentile),
        TEST(the_server_has_no_rate_where_the_client_has_none),
        TEST(a_tick_is_known_by_its_instant),
        TEST(descriptors_are_those_of_connections_and_workers),
        TEST(memory_of_a_process_that_cannot_be_read_is_not_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
