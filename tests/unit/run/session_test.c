/* The phases of a run: what ends each, what an interrupt does in it, and what the record says then.
 */
#include "options/options.h"
#include "run/session.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crew.h"

static struct options options;
static struct plan plan;
static struct setup setup;
static struct record *record;
static int signals_fd;

static void make_plan(const char *hold) {
    char *arguments[] = {
        "holdfast", "-c", "10", "-r", "10/1s", "-q", "-d", NULL, "http://127.0.0.1:8080/"};
    char error[PLAN_ERROR_MAX];
    struct host host = {.nofile_hard = 1000, .nr_open = 1000, .port_low = -1, .cpus = 1};
    arguments[7] = (char *)(uintptr_t)hold;
    assert_int_equal(options_parse(&options, COMMAND_RUN, 9, arguments, error), OPTIONS_OK);
    assert_true(plan_make(&plan, &options, &host, error));
}

static int set_up(void **state) {
    (void)state;
    door_reset();
    crew_reset();
    make_plan("5s");
    record = calloc(1, sizeof *record);
    return record == NULL;
}

static int tear_down(void **state) {
    (void)state;
    session_free_record(record);
    free(record);
    while (signals_next(signals_fd) != 0)
        continue;
    assert_false(door.exists);
    return 0;
}

static void run(void) {
    assert_int_equal(session_run(record, &plan, &setup, signals_fd, NULL, NULL), 0);
    assert_true(record->balanced);
    assert_true(crew.freed);
}

/* Each time another signal: the same again so soon would be the same interrupt. */
static void interrupt_at(duration after) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGALRM};
    static unsigned interrupts;
    door_raise_at(after, signals_fd, numbers[interrupts++ % 3]);
}

static void assert_seconds(double seconds, double expected) {
    assert_true(fabs(seconds - expected) < 1e-6);
}

/* --- undisturbed --- */

static void a_run_ramps_holds_freezes_and_drains(void **state) {
    (void)state;
    run();
    assert_string_equal(crew.orders, "run freeze drain ");
    assert_seconds(record->ramp_seconds, 1);
    assert_seconds(record->hold_seconds, 5);
    assert_seconds(record->drain_seconds, 0.02);
    assert_false(record->stopped || record->interrupted || record->ramp_cut || record->cut);
    assert_int_equal(record->total.counts.drain[OUTCOME_drained], 10);
    assert_int_equal(record->live_min, 10);
    assert_int_equal(record->live_peak, 10);
    assert_int_equal(record->worker_count, 1);
}

static void the_timeline_has_a_sample_a_second(void **state) {
    (void)state;
    run();
    assert_int_equal(record->timeline.count, 6);
}

static void assert_no_end_is_measured(void) {
    assert_int_equal(record->ended_at.tv_sec, 0);
    assert_false(record->balanced);
    assert_string_equal(record->engine, "");
}

static void whoever_reads_a_run_that_goes_on_leaves_its_record_alone(void **state) {
    (void)state;
    options.abort_on_fail = true;
    crew.look = assert_no_end_is_measured;
    run();
    assert_true(record->ended_at.tv_sec > 0);
    assert_string_not_equal(record->engine, "");
}

static void the_hold_lasts_until_the_requests_are_sent(void **state) {
    (void)state;
    plan.hold = 0;
    plan.requests = 10;
    crew.pool_is_over = true;
    run();
    assert_string_equal(crew.orders, "run freeze drain ");
    assert_seconds(record->hold_seconds, 0);
    assert_false(record->interrupted);
}

static void a_hold_without_connections_ends_early(void **state) {
    (void)state;
    crew.member.share = 0;
    run();
    assert_true(record->ended_empty);
    assert_seconds(record->hold_seconds, 0);
    assert_string_equal(crew.orders, "run freeze drain ");
}

static void a_capacity_step_drains_by_reset(void **state) {
    (void)state;
    options.command = COMMAND_CAPACITY;
    run();
    assert_true(record->drain_by_reset);
    assert_string_equal(crew.orders, "run freeze reset ");
}

static void the_schedule_of_a_rate_starts_with_the_hold(void **state) {
    (void)state;
    plan.rate = FREQUENCY_ONE;
    run();
    assert_string_equal(crew.orders, "run hold freeze drain ");
}

/* --- interrupted --- */

static void an_interrupt_before_the_ramp_sends_no_load(void **state) {
    (void)state;
    interrupt_at(0);
    run();
    assert_true(record->interrupted && record->stopped && record->ramp_cut);
    assert_int_equal(record->total.counts.attempted, 0);
}

static void an_interrupt_in_the_ramp_cuts_it(void **state) {
    (void)state;
    interrupt_at(SECOND / 2);
    run();
    assert_true(record->interrupted && record->stopped && record->ramp_cut);
    assert_true(isnan(record->ramp_seconds));
    assert_seconds(record->hold_seconds, 0);
    assert_string_equal(crew.orders, "run freeze drain ");
}

static void an_interrupt_in_the_hold_ends_it(void **state) {
    (void)state;
    interrupt_at(3 * SECOND);
    run();
    assert_true(record->interrupted && record->stopped);
    assert_false(record->ramp_cut || record->cut);
    assert_seconds(record->hold_seconds, 2);
    assert_true(record->per_second_mean >= 0);
}

static void a_mean_over_next_to_no_hold_is_not_measured(void **state) {
    (void)state;
    plan.hold = 50 * MICROSECOND;
    run();
    assert_true(record->hold_seconds < 0.1);
    assert_true(isnan(record->per_second_mean));
}

static void an_interrupt_is_the_planned_end_of_a_hold_without_one(void **state) {
    (void)state;
    plan.hold = 0;
    interrupt_at(4 * SECOND);
    run();
    assert_true(record->stopped);
    assert_false(record->interrupted);
    assert_seconds(record->hold_seconds, 3);
}

static void an_interrupt_in_freeze_or_drain_changes_no_figure(void **state) {
    (void)state;
    interrupt_at(6 * SECOND + 5 * MILLISECOND);
    run();
    assert_true(record->stopped);
    assert_false(record->interrupted || record->cut);
    assert_seconds(record->hold_seconds, 5);
    assert_int_equal(record->total.counts.drain[OUTCOME_drained], 10);
}

static void cut_at(duration first, duration second) {
    interrupt_at(first);
    interrupt_at(second);
    run();
    assert_true(record->cut && crew.killed && crew.member.gone);
    assert_true(tally_drain_balances(&record->total.counts));
    assert_int_equal(record->workers_lost_early, 0);
}

static void a_second_interrupt_in_the_freeze_cuts_it(void **state) {
    (void)state;
    crew.freeze_takes = MINUTE;
    cut_at(3 * SECOND, 4 * SECOND);
    assert_string_equal(crew.orders, "run freeze ");
    assert_seconds(record->hold_seconds, 2);
    assert_int_equal(record->total.counts.drain[OUTCOME_drained], 10);
}

static void a_second_interrupt_in_the_drain_cuts_it(void **state) {
    (void)state;
    crew.drain_takes = MINUTE;
    cut_at(3 * SECOND, 4 * SECOND);
    assert_string_equal(crew.orders, "run freeze drain ");
    assert_seconds(record->drain_seconds, 0.99);
}

static void two_interrupts_at_once_cut_the_ramp(void **state) {
    (void)state;
    cut_at(SECOND / 2, SECOND / 2);
    assert_string_equal(crew.orders, "run freeze ");
    assert_true(record->ramp_cut);
}

/* --- marks --- */

static void a_mark_is_set_by_a_signal_once_the_run_has_begun(void **state) {
    (void)state;
    crew.ramp_takes = 2 * SECOND;
    door_raise_at(3 * SECOND, signals_fd, SIGUSR2);
    run();
    assert_int_equal(record->marks.count, 1);
    assert_seconds(record->marks.items[0].t, 3);
}

/* --- what fails --- */

static void a_crew_that_cannot_start_is_an_error(void **state) {
    (void)state;
    crew.start_error = -EAGAIN;
    assert_int_equal(session_run(record, &plan, &setup, signals_fd, NULL, NULL), -EAGAIN);
    assert_string_equal(crew.orders, "");
}

static void a_ring_that_cannot_be_made_is_an_error(void **state) {
    (void)state;
    door.create_error = -ENOMEM;
    assert_int_equal(session_run(record, &plan, &setup, signals_fd, NULL, NULL), -ENOMEM);
    assert_true(crew.freed);
}

static void a_broken_ring_ends_the_run_with_its_error(void **state) {
    (void)state;
    door.wait_error = -EBADR;
    assert_int_equal(session_run(record, &plan, &setup, signals_fd, NULL, NULL), -EBADR);
    assert_true(crew.freed);
}

static void a_worker_without_a_ring_sends_no_load(void **state) {
    (void)state;
    crew.failure = -EPERM;
    run();
    assert_int_equal(record->ring_error, -EPERM);
    assert_int_equal(record->total.counts.attempted, 0);
}

static void a_worker_that_dies_takes_its_connections_and_the_hold_with_it(void **state) {
    (void)state;
    crew.ramp_takes = MINUTE;
    crew_lose_at(2 * SECOND);
    run();
    assert_int_equal(record->workers_lost_early, 1);
    assert_true(record->workers[0].lost);
    assert_int_equal(record->total.counts.outcomes[OUTCOME_worker_lost], 10);
}

int main(void) {
    signals_fd = signals_open();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_run_ramps_holds_freezes_and_drains),
        TEST(the_timeline_has_a_sample_a_second),
        TEST(whoever_reads_a_run_that_goes_on_leaves_its_record_alone),
        TEST(the_hold_lasts_until_the_requests_are_sent),
        TEST(a_hold_without_connections_ends_early),
        TEST(a_capacity_step_drains_by_reset),
        TEST(the_schedule_of_a_rate_starts_with_the_hold),
        TEST(an_interrupt_before_the_ramp_sends_no_load),
        TEST(an_interrupt_in_the_ramp_cuts_it),
        TEST(an_interrupt_in_the_hold_ends_it),
        TEST(a_mean_over_next_to_no_hold_is_not_measured),
        TEST(an_interrupt_is_the_planned_end_of_a_hold_without_one),
        TEST(an_interrupt_in_freeze_or_drain_changes_no_figure),
        TEST(a_second_interrupt_in_the_freeze_cuts_it),
        TEST(a_second_interrupt_in_the_drain_cuts_it),
        TEST(two_interrupts_at_once_cut_the_ramp),
        TEST(a_mark_is_set_by_a_signal_once_the_run_has_begun),
        TEST(a_crew_that_cannot_start_is_an_error),
        TEST(a_ring_that_cannot_be_made_is_an_error),
        TEST(a_broken_ring_ends_the_run_with_its_error),
        TEST(a_worker_without_a_ring_sends_no_load),
        TEST(a_worker_that_dies_takes_its_connections_and_the_hold_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
