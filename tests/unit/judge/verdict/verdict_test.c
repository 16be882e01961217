/* The verdict of a run: rules, sides and the precedence of the contract. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "base/require.h"
#include "judge/run.h"
#include "judge/verdict/verdict.h"

/* A run of 100 connections that went well; each test spoils something. */
static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    f->options.timeout = 3 * SECOND;
    f->options.connect_timeout = 3 * SECOND;
    f->plan = (struct plan){.options = &f->options,
                            .parts = 1,
                            .connections = 100,
                            .workers = 1,
                            .think = {1 * SECOND, 30 * SECOND}};
    f->record.balanced = true;
    f->record.total.counts = (struct tally_counts){
        .attempted = 100, .opened = 100, .live = 100, .sent = 500, .answered = 500};
    *state = f;
    return 0;
}

static struct tally_counts *counts_of(struct fixture *f) {
    return &f->record.total.counts;
}

static void expect(struct fixture *f, enum verdict verdict, int exit_code) {
    f->judgement.setup = &f->setup;
    judge_run(&f->judgement, &f->plan, &f->record);
    assert_string_equal(verdict_name(f->judgement.verdict), verdict_name(verdict));
    assert_int_equal(f->judgement.exit_code, exit_code);
    assert_int_equal(f->judgement.requirement_count, 2);
    assert_true(exit_code == 0 || f->judgement.reason_count > 0);
}

static void a_plan_carried_out_is_held(void **state) {
    struct fixture *f = *state;
    expect(f, VERDICT_HELD, EXIT_HELD);
    assert_int_equal(f->judgement.requirements[0].result, RULE_OK);
    assert_int_equal(f->judgement.requirements[1].result, RULE_OK);
    assert_int_equal(f->judgement.reason_count, 0);
}

/* Contract: a worked example. */
static void the_worked_example_is_broke(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_refused, 3);
    lose(f, OUTCOME_closed_idle, 2);
    lose(f, OUTCOME_response_timeout, 1);
    expect(f, VERDICT_BROKE, EXIT_BROKE);
    assert_int_equal(f->judgement.requirements[0].result, RULE_BROKEN);
    assert_true(f->judgement.requirements[0].actual > 96.9 &&
                f->judgement.requirements[0].actual < 97.1);
    assert_int_equal(f->judgement.requirements[1].result, RULE_BROKEN);
    assert_true(f->judgement.requirements[1].actual > 2.9);
    assert_non_null(find(f, "refused"));
    assert_int_equal(find(f, "refused")->side, SIDE_SERVER);
    assert_int_equal(find(f, "closed_idle")->status, FINDING_WARN);
}

static void the_worked_example_with_fd_limit_is_inconclusive(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_fd_limit, 3);
    lose(f, OUTCOME_closed_idle, 2);
    lose(f, OUTCOME_response_timeout, 1);
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
    assert_non_null(strstr(f->judgement.reasons[0], "3 fd_limit"));
}

static void every_outcome_of_side_tester_makes_a_run_inconclusive(void **state) {
    struct fixture *f = *state;
    const struct record whole = f->record;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (outcome_side((enum outcome)i) == SIDE_US)
            continue;
        f->record = whole;
        memset(&f->judgement, 0, sizeof f->judgement);
        fail_to_open(f, (enum outcome)i, 1);
        bool ours = outcome_side((enum outcome)i) == SIDE_TESTER;
        expect(f, ours ? VERDICT_INCONCLUSIVE : VERDICT_BROKE, ours ? 4 : 1);
    }
}

static void nothing_that_ever_opened_is_no_target(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_refused, 100);
    expect(f, VERDICT_NO_TARGET, EXIT_NO_TARGET);
}

static void nothing_that_ever_opened_for_our_own_fault_is_inconclusive(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_refused, 99);
    fail_to_open(f, OUTCOME_ports_exhausted, 1);
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
}

static void an_interrupted_run_is_never_no_target(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_refused, 100);
    f->record.interrupted = f->record.ramp_cut = true;
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
    assert_int_equal(f->judgement.requirements[0].result, RULE_NOT_JUDGED);
}

static void a_ramp_cut_short_does_not_break_opened(void **state) {
    struct fixture *f = *state;
    *counts_of(f) = (struct tally_counts){.attempted = 40, .opened = 40, .live = 40};
    f->record.interrupted = f->record.ramp_cut = true;
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
    assert_int_equal(f->judgement.requirements[0].result, RULE_NOT_JUDGED);
    assert_int_equal(f->judgement.requirements[1].result, RULE_OK);
}

static void a_broken_rule_comes_before_an_interruption(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_reset_idle, 1);
    f->record.interrupted = true;
    expect(f, VERDICT_BROKE, EXIT_BROKE);
}

static void timeouts_while_we_were_late_are_inconclusive(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_response_timeout, 2);
    counts_of(f)->timed_out_late = 2;
    counts_of(f)->deadline_lag_ns = (uint64_t)(301 * MILLISECOND);
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
    assert_string_equal(f->judgement.reasons[0],
                        "deadlines passed while we were 301 ms late ourselves");
}

static void timeouts_while_we_were_in_time_are_the_servers(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_response_timeout, 2);
    expect(f, VERDICT_BROKE, EXIT_BROKE);
    counts_of(f)->timed_out_late = 1; /* the other one is the server's */
    expect(f, VERDICT_BROKE, EXIT_BROKE);
}

static void our_lateness_excuses_no_reset(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_response_timeout, 2);
    lose(f, OUTCOME_reset_idle, 1);
    counts_of(f)->timed_out_late = 2;
    expect(f, VERDICT_BROKE, EXIT_BROKE);
    counts_of(f)->reset_overdue = 1; /* but one that came while we were late to ask */
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
}

static void closes_while_we_were_late_to_ask_are_inconclusive(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_closed_idle, 3);
    counts_of(f)->closed_overdue = 3;
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
    assert_string_equal(f->judgement.reasons[0],
                        "3 closed_idle while we were late to ask: the server may have waited as "
                        "long as it promised");
}

static void a_close_while_we_were_in_time_is_the_servers(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_closed_idle, 3);
    counts_of(f)->closed_overdue = 2;
    expect(f, VERDICT_BROKE, EXIT_BROKE);
}

static void connect_timeouts_while_we_were_late_are_inconclusive(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_connect_timeout, 5);
    counts_of(f)->connects_late = 5;
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
}

static void our_lateness_alone_never_spoils_held(void **state) {
    struct fixture *f = *state;
    histogram_add(&f->record.total.lag, 2 * SECOND);
    expect(f, VERDICT_HELD, EXIT_HELD);
    assert_int_equal(find(f, "loop_lag")->status, FINDING_WARN);
}

/* 2.5 s of a run of an hour: no percentile shows it. */
static void one_long_pause_is_a_finding_in_plain_words(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 1000; i++)
        histogram_add(&f->record.total.lag, 100 * MICROSECOND);
    histogram_add(&f->record.total.lag, 4820 * MILLISECOND);
    counts_of(f)->pauses = 1;
    counts_of(f)->pauses_ns = counts_of(f)->pause_max_ns = (uint64_t)(4820 * MILLISECOND);
    expect(f, VERDICT_HELD, EXIT_HELD);
    assert_string_equal(find(f, "loop_lag")->text,
                        "our own lateness: p99 0.1 ms, worst 4.82 s; latencies hold that much of "
                        "our own");
    assert_non_null(strstr(find(f, "paused")->text, "1 time, for 4.82 s in all"));
    assert_true(judge_was_late(&f->record));
}

static void lateness_of_more_than_a_tick_is_warned_of(void **state) {
    struct fixture *f = *state;
    histogram_add(&f->record.total.lag, 9 * MILLISECOND);
    f->judgement.setup = &f->setup;
    judge_run(&f->judgement, &f->plan, &f->record);
    assert_int_equal(find(f, "loop_lag")->status, FINDING_OK);
    histogram_add(&f->record.total.lag, 11 * MILLISECOND);
    f->judgement.findings.count = 0;
    f->judgement.setup = &f->setup;
    judge_run(&f->judgement, &f->plan, &f->record);
    assert_int_equal(find(f, "loop_lag")->status, FINDING_WARN);
}

static void reconnect(struct fixture *f) {
    f->plan.reconnect = (struct units_span){SECOND, 30 * SECOND};
}

/* The slots of connections that the server closed, live again. */
static void refill(struct fixture *f, uint64_t count) {
    lose(f, OUTCOME_closed_idle, count);
    counts_of(f)->attempted += count;
    counts_of(f)->opened += count;
    counts_of(f)->reconnected += count;
    counts_of(f)->live += count;
}

static void with_reconnect_a_whole_fleet_without_a_fault_is_held(void **state) {
    struct fixture *f = *state;
    reconnect(f);
    refill(f, 40);
    expect(f, VERDICT_HELD, EXIT_HELD);
    assert_string_equal(f->judgement.requirements[0].rule.expression, "live>=100%");
    assert_true(f->judgement.requirements[0].actual == 100);
    assert_string_equal(f->judgement.requirements[1].rule.expression, "errored<=0");
    assert_true(f->judgement.requirements[1].actual == 0);
}

static void with_reconnect_a_fleet_that_is_not_whole_is_broke(void **state) {
    struct fixture *f = *state;
    reconnect(f);
    refill(f, 40);
    lose(f, OUTCOME_closed_idle, 1);
    expect(f, VERDICT_BROKE, EXIT_BROKE);
    assert_int_equal(f->judgement.requirements[0].result, RULE_BROKEN);
    assert_int_equal(f->judgement.requirements[1].result, RULE_OK);
}

static void with_reconnect_a_fault_is_broke_though_it_was_made_good(void **state) {
    struct fixture *f = *state;
    reconnect(f);
    counts_of(f)->outcomes[OUTCOME_refused] = 2;
    counts_of(f)->attempted += 2;
    expect(f, VERDICT_BROKE, EXIT_BROKE);
    assert_int_equal(f->judgement.requirements[0].result, RULE_OK);
    assert_true(f->judgement.requirements[1].actual == 2);
}

static void with_reconnect_nothing_that_ever_opened_is_no_target(void **state) {
    struct fixture *f = *state;
    reconnect(f);
    fail_to_open(f, OUTCOME_refused, 100);
    counts_of(f)->outcomes[OUTCOME_refused] += 500;
    counts_of(f)->attempted += 500;
    expect(f, VERDICT_NO_TARGET, EXIT_NO_TARGET);
}

static void with_reconnect_a_ramp_cut_short_does_not_break_live(void **state) {
    struct fixture *f = *state;
    reconnect(f);
    *counts_of(f) = (struct tally_counts){.attempted = 40, .opened = 40, .live = 40};
    f->record.interrupted = f->record.ramp_cut = true;
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
    assert_int_equal(f->judgement.requirements[0].result, RULE_NOT_JUDGED);
    assert_int_equal(f->judgement.requirements[1].result, RULE_OK);
}

static void with_reconnect_our_lateness_excuses_deadlines_alone(void **state) {
    struct fixture *f = *state;
    reconnect(f);
    lose(f, OUTCOME_response_timeout, 2);
    counts_of(f)->timed_out_late = 2;
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
    memset(&f->judgement, 0, sizeof f->judgement);
    counts_of(f)->timed_out_late = 1;
    expect(f, VERDICT_BROKE, EXIT_BROKE);
    memset(&f->judgement, 0, sizeof f->judgement);
    counts_of(f)->timed_out_late = 2;
    lose(f, OUTCOME_closed_idle, 1); /* this one is missing without a deadline */
    expect(f, VERDICT_BROKE, EXIT_BROKE);
}

static void a_worker_that_died_before_its_first_connect_is_our_own_side(void **state) {
    struct fixture *f = *state;
    *counts_of(f) = (struct tally_counts){.attempted = 75, .opened = 75, .live = 75};
    f->record.worker_count = 4;
    f->record.workers_lost_early = 1;
    expect(f, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
    assert_non_null(strstr(f->judgement.reasons[0], "1 of 4 workers died"));
}

static void no_ring_is_unfit(void **state) {
    struct fixture *f = *state;
    memset(counts_of(f), 0, sizeof *counts_of(f));
    f->record.ring_error = -ENOMEM;
    expect(f, VERDICT_UNFIT, EXIT_UNFIT);
}

static void a_second_interrupt_is_130_and_a_bug_is_70(void **state) {
    struct fixture *f = *state;
    f->record.interrupted = f->record.cut = true;
    expect(f, VERDICT_INCONCLUSIVE, EXIT_SECOND_SIGNAL);
    memset(&f->judgement, 0, sizeof f->judgement);
    f->record.bug_exit = EXIT_BUG;
    expect(f, VERDICT_INCONCLUSIVE, EXIT_BUG);
}

static void a_ledger_that_does_not_balance_is_a_bug(void **state) {
    struct fixture *f = *state;
    f->record.balanced = false;
    f->record.imbalance = "attempted = connecting + live + closed + errored";
    expect(f, VERDICT_INCONCLUSIVE, EXIT_BUG);
    assert_non_null(strstr(f->judgement.reasons[0], f->record.imbalance));
}

static void a_gap_to_the_servers_count_is_found_and_named(void **state) {
    struct fixture *f = *state;
    f->record.server = (struct server_view){
        .asked = true, .measured = true, .requests = 500, .client_sent = 500, .final_poll = true};
    expect(f, VERDICT_HELD, EXIT_HELD);
    assert_int_equal(find(f, "server_requests")->status, FINDING_OK);
    memset(&f->judgement, 0, sizeof f->judgement);
    f->record.server.requests = 510;
    expect(f, VERDICT_HELD, EXIT_HELD);
    assert_int_equal(find(f, "server_requests")->status, FINDING_WARN);
    assert_non_null(strstr(find(f, "server_requests")->text, "others ask"));
}

static const struct finding *found(struct fixture *f, const char *code) {
    memset(&f->judgement, 0, sizeof f->judgement);
    expect(f, VERDICT_HELD, EXIT_HELD);
    return find(f, code);
}

/* What nobody can know is no number: a poll that ended without an answer, a restart, a last poll
 * that failed. */
static void where_the_servers_count_is_a_band_nobody_is_blamed_within_it(void **state) {
    struct fixture *f = *state;
    struct server_view *server = &f->record.server;
    *server = (struct server_view){.asked = true,
                                   .measured = true,
                                   .requests = 501,
                                   .requests_unsure = 1,
                                   .client_sent = 500,
                                   .final_poll = true};
    assert_int_equal(found(f, "server_requests")->status, FINDING_OK);
    assert_non_null(strstr(found(f, "server_requests")->text, "may agree"));
    server->requests = 500;
    assert_int_equal(found(f, "server_requests")->status, FINDING_OK);
    server->requests = 502;
    assert_non_null(strstr(found(f, "server_requests")->text, "others ask"));
    server->requests = 499;
    assert_int_equal(found(f, "server_requests")->status, FINDING_WARN);
    server->final_poll = false;
    assert_int_equal(found(f, "server_requests")->status, FINDING_UNKNOWN);
    server->final_poll = true;
    server->restarts = 1;
    assert_int_equal(found(f, "server_requests")->status, FINDING_UNKNOWN);
    assert_non_null(strstr(found(f, "server_requests")->text, "started anew"));
}

static void expect_log(struct fixture *f, enum finding_status status, const char *says) {
    const struct finding *finding = found(f, "server_log_requests");
    assert_non_null(finding);
    assert_int_equal(finding->status, status);
    assert_non_null(strstr(finding->text, says));
}

static void a_gap_to_the_log_is_named_by_its_likeliest_reason(void **state) {
    struct fixture *f = *state;
    struct server_log_view *log = &f->record.server_log;
    *log = (struct server_log_view){.asked = true,
                                    .lines = 501,
                                    .own = 1,
                                    .matching = 501,
                                    .requests = 500,
                                    .client_sent = 500};
    expect_log(f, FINDING_OK, "the log has 500 requests, the client sent 500");
    log->requests = 490;
    expect_log(f, FINDING_WARN, "lines still in its buffer");
    log->truncations = 1;
    expect_log(f, FINDING_UNKNOWN, "could not tell: ");
    log->behind_bytes = 1;
    expect_log(f, FINDING_UNKNOWN, "faster than it was read");
    log->requests = 500; /* cut, and nothing lost by it */
    log->behind_bytes = 0;
    expect_log(f, FINDING_OK, "500");
    log->lines = 601;
    log->requests = 600;
    expect_log(f, FINDING_WARN, "others ask this server");
    log->matching = 0;
    expect_log(f, FINDING_WARN, "is it this server's log?");
    *log = (struct server_log_view){.asked = true, .client_sent = 500};
    expect_log(f, FINDING_WARN, "the log does not grow while 500 requests were answered");
    strcpy(log->trouble, "gone");
    assert_non_null(found(f, "server_log_rotation"));
}

static void connections_of_others_and_those_not_accepted_are_reported(void **state) {
    struct fixture *f = *state;
    struct server_view *server = &f->record.server;
    *server = (struct server_view){.asked = true,
                                   .measured = true,
                                   .requests = 500,
                                   .client_sent = 500,
                                   .accepted = 100,
                                   .handled = 100,
                                   .final_poll = true};
    assert_null(found(f, "server_connections"));
    server->accepted = 130;
    assert_non_null(strstr(found(f, "server_connections")->text, "others connect"));
    assert_non_null(strstr(found(f, "server_dropped")->text, "it ran out of connections"));
    server->accepted = 90;
    assert_non_null(strstr(found(f, "server_connections")->text, "backlog"));
    server->accepted = 102; /* two connections of ours may be among them */
    server->connections_unsure = 2;
    assert_null(found(f, "server_connections"));
    f->setup.address_count = 2; /* the others may hold the rest */
    assert_null(found(f, "server_connections"));
}

static void the_servers_process_is_judged_by_its_limit_and_its_end(void **state) {
    struct fixture *f = *state;
    struct server_process_view *process = &f->record.server_process;
    *process = (struct server_process_view){.asked = true,
                                            .pid = 4711,
                                            .samples = 3,
                                            .memory_before_bytes = 1 << 20,
                                            .memory_hold_bytes = 3 << 20,
                                            .connections = 1024,
                                            .files_process_peak = 899,
                                            .nofile_soft = 1000};
    assert_non_null(strstr(found(f, "server_memory")->text, "2.0 KiB each"));
    assert_null(found(f, "server_files"));
    process->files_process_peak = 900;
    assert_non_null(found(f, "server_files"));
    process->nofile_soft = INT64_MAX;
    assert_null(found(f, "server_files"));
    assert_null(found(f, "server_process"));
    process->ended = true;
    assert_int_equal(found(f, "server_process")->status, FINDING_WARN);
}

static void a_keep_alive_shorter_than_our_pause_is_found_in_the_answers(void **state) {
    struct fixture *f = *state;
    counts_of(f)->keep_alive_timeout_s = 5;
    expect(f, VERDICT_HELD, EXIT_HELD);
    assert_string_equal(find(f, "keep_alive_seen")->todo[0], "--keepalive 5");
    memset(&f->judgement, 0, sizeof f->judgement);
    counts_of(f)->keep_alive_timeout_s = 31;
    expect(f, VERDICT_HELD, EXIT_HELD);
    assert_null(find(f, "keep_alive_seen"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_plan_carried_out_is_held),
        TEST(the_worked_example_is_broke),
        TEST(the_worked_example_with_fd_limit_is_inconclusive),
        TEST(every_outcome_of_side_tester_makes_a_run_inconclusive),
        TEST(nothing_that_ever_opened_is_no_target),
        TEST(nothing_that_ever_opened_for_our_own_fault_is_inconclusive),
        TEST(an_interrupted_run_is_never_no_target),
        TEST(a_ramp_cut_short_does_not_break_opened),
        TEST(a_broken_rule_comes_before_an_interruption),
        TEST(timeouts_while_we_were_late_are_inconclusive),
        TEST(closes_while_we_were_late_to_ask_are_inconclusive),
        TEST(a_close_while_we_were_in_time_is_the_servers),
        TEST(timeouts_while_we_were_in_time_are_the_servers),
        TEST(our_lateness_excuses_no_reset),
        TEST(connect_timeouts_while_we_were_late_are_inconclusive),
        TEST(our_lateness_alone_never_spoils_held),
        TEST(one_long_pause_is_a_finding_in_plain_words),
        TEST(lateness_of_more_than_a_tick_is_warned_of),
        TEST(with_reconnect_a_whole_fleet_without_a_fault_is_held),
        TEST(with_reconnect_a_fleet_that_is_not_whole_is_broke),
        TEST(with_reconnect_a_fault_is_broke_though_it_was_made_good),
        TEST(with_reconnect_nothing_that_ever_opened_is_no_target),
        TEST(with_reconnect_a_ramp_cut_short_does_not_break_live),
        TEST(with_reconnect_our_lateness_excuses_deadlines_alone),
        TEST(a_worker_that_died_before_its_first_connect_is_our_own_side),
        TEST(no_ring_is_unfit),
        TEST(a_second_interrupt_is_130_and_a_bug_is_70),
        TEST(a_ledger_that_does_not_balance_is_a_bug),
        TEST(a_gap_to_the_servers_count_is_found_and_named),
        TEST(a_gap_to_the_log_is_named_by_its_likeliest_reason),
        TEST(where_the_servers_count_is_a_band_nobody_is_blamed_within_it),
        TEST(connections_of_others_and_those_not_accepted_are_reported),
        TEST(the_servers_process_is_judged_by_its_limit_and_its_end),
        TEST(a_keep_alive_shorter_than_our_pause_is_found_in_the_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
