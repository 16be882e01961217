/* Capacity: what broke, whose it was, and what the steps come to. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "base/require.h"
#include "judge/verdict/capacity.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"

struct fixture {
    struct options options;
    struct plan plan;
    struct setup setup;
    struct record record;
    struct judgement judgement;
    struct capacity capacity;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    f->options.timeout = f->options.connect_timeout = 3 * SECOND;
    f->capacity.search = bisect_begin(100, 0, 1000, 0);
    snprintf(f->judgement.target.server, sizeof f->judgement.target.server, "nginx/1.22.1");
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    capacity_free(&f->capacity);
    free(f);
    return 0;
}

/* A run of that size that held; to be spoiled, and then taken. */
static struct tally_counts *run_of(struct fixture *f, uint32_t connections) {
    const struct record_target target = f->judgement.target;
    f->plan = (struct plan){.options = &f->options,
                            .parts = 1,
                            .connections = connections,
                            .workers = 1,
                            .think = {SECOND, 30 * SECOND},
                            .ramp = {{10, 10 * MILLISECOND}, connections}};
    memset(&f->record, 0, sizeof f->record);
    memset(&f->judgement, 0, sizeof f->judgement);
    f->judgement.target = target;
    f->record.balanced = true;
    f->record.ramp_seconds = connections / 1000.0;
    f->record.total.counts = (struct tally_counts){.attempted = connections,
                                                   .opened = connections,
                                                   .live = connections,
                                                   .first_attempt_ns = 1,
                                                   .sent = 500,
                                                   .answered = 500};
    return &f->record.total.counts;
}

static struct capacity_step *take(struct fixture *f) {
    f->judgement.setup = &f->setup;
    judge_run(&f->judgement, &f->plan, &f->record);
    assert_true(capacity_add(&f->capacity, &f->plan, &f->judgement, &f->record));
    return &f->capacity.steps[f->capacity.count - 1];
}

static void lose(struct tally_counts *counts, enum outcome outcome, uint64_t count) {
    counts->outcomes[outcome] += count;
    counts->live -= count;
    counts->lost += count;
}

/* All at once, so long into the run. */
static void lose_in_a_burst(struct fixture *f, uint64_t count, uint32_t moment_ms) {
    lose(&f->record.total.counts, OUTCOME_closed_idle, count);
    for (uint64_t i = 0; i < count; i++)
        endings_add(&f->record.total.endings, OUTCOME_closed_idle,
                    &(struct ending){.sample_key = (uint32_t)(i * 77),
                                     .idle_ms = 5 + (uint32_t)(i * 9),
                                     .age_ms = 5 + (uint32_t)(i * 9),
                                     .moment_ms = moment_ms,
                                     .answers = 1});
}

static void a_server_that_gave_is_an_answer(void **state) {
    struct fixture *f = *state;
    run_of(f, 100);
    take(f);
    lose(run_of(f, 101), OUTCOME_reset_idle, 1);
    const struct capacity_step *step = take(f);
    assert_int_equal(step->result, CAPACITY_BROKE);
    assert_int_equal(step->cause.side, SIDE_SERVER);
    assert_string_equal(step->cause.code, "reset_idle");
    assert_non_null(strstr(step->cause.text, "1 of 101 connections"));
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_int_equal(f->capacity.end, CAPACITY_FOUND);
    assert_int_equal(f->capacity.answer, 100);
    assert_false(f->capacity.at_least);
    assert_int_equal(f->judgement.exit_code, EXIT_HELD);
    assert_int_equal(f->judgement.verdict, VERDICT_HELD);
    assert_int_equal(f->judgement.reason_count, 0);
}

static void our_own_side_makes_it_at_least(void **state) {
    struct fixture *f = *state;
    run_of(f, 100);
    take(f);
    struct tally_counts *counts = run_of(f, 200);
    lose(counts, OUTCOME_reset_idle, 50); /* whatever else happened */
    counts->outcomes[OUTCOME_fd_limit] = 2;
    counts->opened -= 2;
    counts->live -= 2;
    assert_int_equal(take(f)->cause.side, SIDE_TESTER);
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_int_equal(f->capacity.end, CAPACITY_OURS);
    assert_int_equal(f->capacity.answer, 100);
    assert_true(f->capacity.at_least);
    assert_string_equal(f->capacity.cause.code, "fd_limit");
    assert_int_equal(f->judgement.exit_code, EXIT_INCONCLUSIVE);
    assert_non_null(strstr(f->judgement.reasons[0], "our own side was the limit, at 200"));
}

static void a_preflight_that_fails_is_our_own_side(void **state) {
    struct fixture *f = *state;
    run_of(f, 100);
    take(f);
    run_of(f, 200);
    findings_add(&f->judgement.findings, FINDING_descriptors, FINDING_FAIL, "have 194");
    f->judgement.verdict = VERDICT_UNFIT;
    f->judgement.exit_code = EXIT_UNFIT;
    assert_true(capacity_add(&f->capacity, &f->plan, &f->judgement, NULL));
    assert_false(f->capacity.steps[1].ran);
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_int_equal(f->capacity.end, CAPACITY_OURS);
    assert_string_equal(f->capacity.cause.text, "have 194");
    assert_int_equal(f->judgement.exit_code, EXIT_INCONCLUSIVE);
}

static void our_own_lateness_is_our_own_side(void **state) {
    struct fixture *f = *state;
    struct tally_counts *counts = run_of(f, 100);
    lose(counts, OUTCOME_response_timeout, 2);
    counts->timed_out_late = 2;
    const struct capacity_step *step = take(f);
    assert_int_equal(step->cause.side, SIDE_TESTER);
    assert_string_equal(step->cause.code, "lateness");
}

static void a_broken_rule_without_an_ending_is_named_with_its_measure(void **state) {
    struct fixture *f = *state;
    f->options.require =
        (struct option_rule_list){.count = 1, .items = {{"p99<50ms", "--require"}}};
    run_of(f, 100);
    histogram_add(&f->record.total.latency, 400 * MILLISECOND);
    const struct capacity_step *step = take(f);
    assert_int_equal(step->cause.side, SIDE_SERVER);
    assert_string_equal(step->cause.code, "p99<50ms");
    assert_non_null(strstr(step->cause.text, "p99 was 400 ms"));
}

static void a_ceiling_that_held_is_at_least(void **state) {
    struct fixture *f = *state;
    run_of(f, 1000);
    take(f);
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_int_equal(f->capacity.end, CAPACITY_CEILING);
    assert_true(f->capacity.at_least);
    assert_int_equal(f->judgement.exit_code, EXIT_HELD);
}

static void not_even_the_least_is_broke(void **state) {
    struct fixture *f = *state;
    lose(run_of(f, 1), OUTCOME_reset_idle, 1);
    take(f);
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_int_equal(f->capacity.answer, 0);
    assert_int_equal(f->judgement.exit_code, EXIT_BROKE);
    assert_non_null(strstr(f->judgement.reasons[0], "not even 1 connection held"));
}

static void a_target_that_is_gone_gave_at_no_number(void **state) {
    struct fixture *f = *state;
    run_of(f, 400);
    take(f);
    lose(run_of(f, 800), OUTCOME_reset_idle, 800);
    take(f);
    *run_of(f, 600) = (struct tally_counts){.attempted = 600};
    f->record.total.counts.outcomes[OUTCOME_refused] = 600;
    take(f);
    assert_int_equal(f->capacity.search.broke, 800);
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_int_equal(f->capacity.end, CAPACITY_TARGET_GONE);
    assert_int_equal(f->capacity.answer, 400);
    assert_int_equal(f->capacity.broke->connections, 800);
    assert_true(f->capacity.at_least);
    assert_int_equal(f->judgement.exit_code, EXIT_INCONCLUSIVE);
    assert_non_null(strstr(f->judgement.reasons[0], "gone at the step of 600"));
}

static void an_interruption_keeps_what_is_known(void **state) {
    struct fixture *f = *state;
    run_of(f, 100);
    take(f);
    run_of(f, 200);
    f->record.interrupted = f->record.ramp_cut = true;
    assert_int_equal(take(f)->result, CAPACITY_CUT);
    capacity_conclude(&f->capacity, true, &f->judgement);
    assert_int_equal(f->capacity.end, CAPACITY_INTERRUPTED);
    assert_int_equal(f->capacity.answer, 100);
    assert_null(f->capacity.broke);
    assert_int_equal(f->judgement.exit_code, EXIT_INCONCLUSIVE);
}

static void a_bug_and_a_second_interrupt_stay_what_they_are(void **state) {
    struct fixture *f = *state;
    static const int codes[] = {EXIT_BUG, EXIT_SECOND_SIGNAL};
    run_of(f, 100);
    take(f);
    for (size_t i = 0; i < 2; i++) {
        f->judgement.exit_code = codes[i];
        capacity_conclude(&f->capacity, false, &f->judgement);
        assert_int_equal(f->judgement.exit_code, codes[i]);
    }
}

/* Alone, 32 at once look like a reload; beside a run that held as many as were open then, they do
 * not. */
static void a_burst_at_the_number_that_is_known_to_hold_is_a_limit(void **state) {
    struct fixture *f = *state;
    run_of(f, 478);
    take(f);
    run_of(f, 481);
    lose_in_a_burst(f, 32, 480);
    assert_string_equal(take(f)->cause.code, "worker_connections");
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_string_equal(f->capacity.cause.code, "worker_connections");
    assert_int_equal(f->capacity.cause.side, SIDE_SERVER);
    assert_non_null(strstr(f->capacity.cause.text, "32 closed_idle, as soon as 480 had been "
                                                   "opened, and none where no more than 478 were"));
}

/* A level is told by the clock: a little below what holds it contradicts nothing. */
static void a_burst_a_little_below_what_holds_is_not_told_by_its_number(void **state) {
    struct fixture *f = *state;
    run_of(f, 478);
    take(f);
    run_of(f, 481);
    lose_in_a_burst(f, 32, 476);
    assert_string_equal(take(f)->cause.code, "worker_connections");
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_string_equal(f->capacity.cause.text, "32 closed_idle, in the ramp and at about the 478 "
                                                "that held: looks like worker_connections");
}

static void so_it_is_when_that_is_known_only_afterwards(void **state) {
    struct fixture *f = *state;
    run_of(f, 481);
    lose_in_a_burst(f, 32, 480);
    assert_true(take(f)->cause.by_moment);
    run_of(f, 478);
    take(f);
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_string_equal(f->capacity.cause.code, "worker_connections");
}

/* One for each that is opened beyond 479. */
static void lose_beyond_a_level(struct fixture *f, uint64_t count) {
    lose(&f->record.total.counts, OUTCOME_closed_idle, count);
    for (uint32_t i = 0; i < count; i++)
        endings_add(&f->record.total.endings, OUTCOME_closed_idle,
                    &(struct ending){.sample_key = i * 77,
                                     .idle_ms = 479 + i * 3,
                                     .age_ms = 479 + i * 3,
                                     .moment_ms = 479 + i});
}

static void the_servers_own_words_come_before_what_is_inferred(void **state) {
    static const char line[] = "512 worker_connections are not enough, reusing connections";
    struct fixture *f = *state;
    run_of(f, 478);
    take(f);
    for (int in_its_log = 0; in_its_log < 2; in_its_log++) {
        run_of(f, 600);
        lose_beyond_a_level(f, 121);
        struct evidence_error_log *log = &f->record.evidence.error_log;
        log->short_of_connections = (uint64_t)in_its_log;
        snprintf(log->connections_line, sizeof log->connections_line, "%s", line);
        const struct capacity_step *step = take(f);
        assert_string_equal(step->cause.code, "worker_connections");
        assert_non_null(strstr(step->cause.text, "121 closed_idle, about one for each"));
        assert_int_equal(strstr(step->cause.text, line) != NULL, in_its_log);
    }
}

/* However late a busy server is with it. */
static void as_many_closed_as_lie_beyond_what_held_is_a_limit(void **state) {
    struct fixture *f = *state;
    run_of(f, 478);
    take(f);
    lose(run_of(f, 479), OUTCOME_closed_idle, 1);
    take(f);
    lose(run_of(f, 800), OUTCOME_closed_idle, 340);
    assert_false(take(f)->cause.explained);
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_string_equal(f->capacity.cause.code, "worker_connections");
    assert_string_equal(f->capacity.cause.text,
                        "at 800: 340 of 800 were closed idle, and 460 stayed, as many as it "
                        "holds: looks like worker_connections");
}

/* One more than the limit was closed before it asked, and those far beyond it were reset: how a
 * refused connection ends is chance. */
static void refusals_far_beyond_what_held_name_the_limit_however_they_end(void **state) {
    struct fixture *f = *state;
    run_of(f, 100);
    take(f);
    lose(run_of(f, 101), OUTCOME_closed_idle, 1);
    take(f);
    lose(run_of(f, 200), OUTCOME_reset_in_flight, 100);
    for (uint32_t i = 100; i < 200; i++)
        endings_add(
            &f->record.total.endings, OUTCOME_reset_in_flight,
            &(struct ending){.sample_key = i * 77, .idle_ms = 1, .age_ms = 1, .moment_ms = i + 2});
    assert_int_equal(take(f)->cause.limit, 100);
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_int_equal(f->capacity.answer, 100);
    assert_string_equal(f->capacity.cause.code, "worker_connections");
    assert_non_null(strstr(f->capacity.cause.text, "at 200: 100 reset_in_flight"));
}

static void losses_that_grow_with_the_load_are_no_limit(void **state) {
    struct fixture *f = *state;
    run_of(f, 478);
    take(f);
    lose(run_of(f, 479), OUTCOME_closed_idle, 1);
    take(f);
    lose(run_of(f, 800), OUTCOME_closed_idle, 80);
    take(f);
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_string_equal(f->capacity.cause.code, "closed_idle");
}

static void a_burst_in_the_hold_stays_a_moment(void **state) {
    struct fixture *f = *state;
    run_of(f, 478);
    take(f);
    run_of(f, 481);
    lose_in_a_burst(f, 32, 3300);
    take(f);
    capacity_conclude(&f->capacity, false, &f->judgement);
    assert_non_null(strstr(f->capacity.cause.code, "nginx -s reload"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_server_that_gave_is_an_answer),
        TEST(our_own_side_makes_it_at_least),
        TEST(a_preflight_that_fails_is_our_own_side),
        TEST(our_own_lateness_is_our_own_side),
        TEST(a_broken_rule_without_an_ending_is_named_with_its_measure),
        TEST(a_ceiling_that_held_is_at_least),
        TEST(not_even_the_least_is_broke),
        TEST(a_target_that_is_gone_gave_at_no_number),
        TEST(an_interruption_keeps_what_is_known),
        TEST(a_bug_and_a_second_interrupt_stay_what_they_are),
        TEST(a_burst_at_the_number_that_is_known_to_hold_is_a_limit),
        TEST(a_burst_a_little_below_what_holds_is_not_told_by_its_number),
        TEST(so_it_is_when_that_is_known_only_afterwards),
        TEST(the_servers_own_words_come_before_what_is_inferred),
        TEST(as_many_closed_as_lie_beyond_what_held_is_a_limit),
        TEST(refusals_far_beyond_what_held_name_the_limit_however_they_end),
        TEST(losses_that_grow_with_the_load_are_no_limit),
        TEST(a_burst_in_the_hold_stays_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
