/* The verdict of a run: rules, sides and their precedence. */
#include "judge/verdict/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/require.h"
#include "judge/diagnose/server_side.h"
#include "judge/diagnose/shortage.h"
#include "judge/diagnose/tls_run.h"

/* --- what happened, as findings --- */

struct finding *judge_outcome(struct findings *findings, enum outcome outcome,
                              const struct plan *plan, const struct setup *setup,
                              const struct record *record, const struct tally_counts *counts) {
    enum finding_status status = outcome_is_closed(outcome) ? FINDING_WARN : FINDING_FAIL;
    struct finding *finding =
        findings_add(findings, finding_code_of_outcome(outcome), status,
                     "%" PRIu64 " of %" PRIu64 " connections: %s", counts->outcomes[outcome],
                     counts->attempted, outcome_text(outcome));
    finding->have = (int64_t)counts->outcomes[outcome];
    finding_do(finding, "%s", tally_outcome_advice(counts, outcome));
    shortage_explain(finding, outcome, plan, setup, record);
    return finding;
}

static void find_outcomes(struct findings *findings, const struct plan *plan,
                          const struct setup *setup, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (counts->outcomes[i] > 0)
            judge_outcome(findings, (enum outcome)i, plan, setup, record, counts);
}

static void find_keep_alive(struct findings *findings, const struct plan *plan,
                            const struct tally_counts *counts) {
    int64_t timeout = counts->keep_alive_timeout_s;
    if (timeout == 0 || plan->think.high < timeout * SECOND)
        return;
    struct finding *finding = findings_add(findings, FINDING_keep_alive_seen, FINDING_WARN,
                                           "answers said \"Keep-Alive: timeout=%" PRId64
                                           "\"; asking at most %.3g s apart "
                                           "is too late",
                                           timeout, duration_seconds(plan->think.high));
    finding->have = timeout;
    finding_do(finding, "--keepalive %" PRId64, timeout);
}

/* A tick is up to 10 ms long. */
#define LAG_SMALL_SECONDS 0.01

#define LAG_WORST_SECONDS 0.1

bool judge_was_late(const struct record *record) {
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    return lag.p99 >= LAG_SMALL_SECONDS || lag.max > LAG_WORST_SECONDS;
}

static const char *in_words(char *to, size_t size, double seconds) {
    if (seconds >= 1)
        snprintf(to, size, "%.2f s", seconds);
    else
        snprintf(to, size, "%.3g ms", seconds * 1e3);
    return to;
}

static void find_lag(struct findings *findings, const struct record *record) {
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    if (lag.count == 0)
        return;
    bool late = judge_was_late(record);
    char p99[32], worst[32];
    findings_add(findings, FINDING_loop_lag, late ? FINDING_WARN : FINDING_OK,
                 "our own lateness: p99 %s, worst %s%s", in_words(p99, sizeof p99, lag.p99),
                 in_words(worst, sizeof worst, lag.max),
                 late ? "; latencies hold that much of our own" : "");
}

/* A stop, too little CPU and a paused machine look alike from inside. */
static void find_pauses(struct findings *findings, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    char all[32], longest[32];
    if (counts->pauses == 0)
        return;
    struct finding *finding = findings_add(
        findings, FINDING_paused, FINDING_WARN,
        "our own workers stood still %" PRIu64 " time%s, for %s in all, %s at the longest: stopped "
        "(SIGSTOP), short of CPU, or on a paused machine",
        counts->pauses, counts->pauses == 1 ? "" : "s",
        in_words(all, sizeof all, (double)counts->pauses_ns / 1e9),
        in_words(longest, sizeof longest, (double)counts->pause_max_ns / 1e9));
    finding->have = (int64_t)counts->pauses;
    finding_do(finding, "give the generator a CPU of its own: what fell into a pause says nothing "
                        "of the server");
}

/* --- rules --- */

static bool judge_rules(struct judgement *judgement, const struct plan *plan,
                        const struct record *record) {
    struct rules rules;
    char error[PLAN_ERROR_MAX];
    bool broken = false,
         read = rules_read(&rules, plan, (struct refuse_buffer){error, sizeof error});
    require(read); /* whoever made the plan has seen to it */
    judgement->requirement_count = 0;
    for (size_t i = 0; i < rules.count; i++) {
        struct rule_requirement *requirement =
            &judgement->requirements[judgement->requirement_count++];
        rule_requirement_judge(requirement, &rules.items[i], plan, record);
        broken |= requirement->result == RULE_BROKEN;
    }
    return broken;
}

static void explain_broken(struct judgement *judgement) {
    const struct rule_requirement *requirement = NULL;
    char measured[48];
    while ((requirement = judgement_next_broken(judgement, requirement)) != NULL) {
        const struct rule *rule = &requirement->rule;
        if (isnan(requirement->actual))
            judgement_reason(judgement, "rule broken: %s (not measured)", rule->expression);
        else
            judgement_reason(
                judgement, "rule broken: %s (measured %s)", rule->expression,
                rule_measured_text(measured, sizeof measured, rule, requirement->actual));
    }
}

/* --- our own side --- */

static bool all_broken_by_lateness(const struct judgement *judgement, const struct plan *plan,
                                   const struct record *record) {
    const struct rule_requirement *requirement = NULL;
    while ((requirement = judgement_next_broken(judgement, requirement)) != NULL)
        if (!lateness_excuses_requirement(requirement, plan, record))
            return false;
    return true;
}

static uint64_t tester_outcomes(const struct tally_counts *counts) {
    uint64_t total = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (outcome_side((enum outcome)i) == SIDE_TESTER)
            total += counts->outcomes[i];
    return total;
}

static void explain_tester(struct judgement *judgement, const struct tally_counts *counts) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (outcome_side((enum outcome)i) == SIDE_TESTER && counts->outcomes[i] > 0)
            judgement_reason(judgement, "our own side was the limit: %" PRIu64 " %s (%s)",
                             counts->outcomes[i], outcome_name((enum outcome)i),
                             outcome_text((enum outcome)i));
}

static void explain_lateness(struct judgement *judgement, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    char p99[32], worst[32];
    if (counts->reset_overdue > 0)
        judgement_reason(judgement, "%" PRIu64 " reset_idle while we were late to ask",
                         counts->reset_overdue);
    if (counts->closed_overdue > 0)
        judgement_reason(judgement,
                         "%" PRIu64
                         " closed_idle while we were late to ask: the server may have waited as "
                         "long as it promised",
                         counts->closed_overdue);
    if (counts->deadline_lag_ns > 0)
        judgement_reason(judgement, "deadlines passed while we were %s late ourselves",
                         in_words(worst, sizeof worst, (double)counts->deadline_lag_ns / 1e9));
    else if (counts->closed_overdue + counts->reset_overdue == 0)
        judgement_reason(judgement, "what broke may be our own lateness: p99 %s, worst %s",
                         in_words(p99, sizeof p99, lag.p99),
                         in_words(worst, sizeof worst, lag.max));
}

/* The failure that met most attempts, when none opened. */
static enum outcome foremost(const struct tally_counts *counts) {
    enum outcome most = (enum outcome)0;
    for (int i = 1; i < OUTCOME_COUNT; i++)
        if (counts->outcomes[i] > counts->outcomes[most])
            most = (enum outcome)i;
    return most;
}

/* --- precedence --- */

static void decide(struct judgement *judgement, enum verdict verdict, int exit_code) {
    judgement->verdict = verdict;
    judgement->exit_code = exit_code;
}

static void explain_interruption(struct judgement *judgement, const struct record *record) {
    if (!record->cut_off) /* which says so itself */
        judgement_reason(judgement, "interrupted %s",
                         record->total.counts.attempted == 0 ? "before the ramp"
                         : record->ramp_cut                  ? "in the ramp"
                                                             : "in the hold");
}

static void judge_by_precedence(struct judgement *judgement, const struct plan *plan,
                                const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    bool broken = judge_rules(judgement, plan, record);
    uint64_t tester = tester_outcomes(counts);
    if (record->ring_error != 0 && counts->attempted == 0) {
        decide(judgement, VERDICT_UNFIT, EXIT_UNFIT);
        judgement_reason(judgement, "a worker could not start on %s: %s", record->engine,
                         strerror(-record->ring_error));
    } else if (!record->interrupted && counts->opened == 0 && tester == 0 &&
               record->workers_lost_early == 0 && counts->attempted > 0) {
        decide(judgement, VERDICT_NO_TARGET, EXIT_NO_TARGET);
        judgement_reason(judgement, "no connection ever opened: %s",
                         outcome_text(foremost(counts)));
    } else if (tester > 0 || record->workers_lost_early > 0) {
        decide(judgement, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
        explain_tester(judgement, counts);
        if (record->workers_lost_early > 0)
            judgement_reason(judgement,
                             "%zu of %zu workers died: part of the plan was not carried out",
                             record->workers_lost_early, record->worker_count);
    } else if (broken && all_broken_by_lateness(judgement, plan, record)) {
        decide(judgement, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
        explain_lateness(judgement, record);
        explain_broken(judgement);
    } else if (broken) {
        decide(judgement, VERDICT_BROKE, EXIT_BROKE);
        explain_broken(judgement);
    } else if (record->interrupted) {
        decide(judgement, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
        explain_interruption(judgement, record);
    } else {
        decide(judgement, VERDICT_HELD, EXIT_HELD);
    }
}

/* A broken rule is the server's doing for certain where it ran out of something. */
static void explain_shortage(struct judgement *judgement) {
    const struct finding *finding = shortage_of_server(&judgement->findings);
    if (judgement->verdict == VERDICT_BROKE && finding != NULL)
        judgement_reason(judgement, "%.*s", (int)sizeof judgement->reasons[0] - 1, finding->text);
}

void judge_run(struct judgement *judgement, const struct plan *plan, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    find_outcomes(&judgement->findings, plan, judgement->setup, record);
    find_keep_alive(&judgement->findings, plan, counts);
    struct findings *findings = &judgement->findings;
    struct diagnosed_run run = {plan, judgement->setup, record, &judgement->target};
    judge_closings(&judgement->closings, findings, &run);
    if (record_has_endings(record))
        survival_estimate(&judgement->survival, &record->total.endings.ages,
                          record->total.counts.opened);
    shortage_find(findings, &judgement->closings, &run);
    judge_server_side(findings, &run);
    judge_tls_run(findings, &run);
    find_lag(&judgement->findings, record);
    find_pauses(&judgement->findings, record);
    judge_by_precedence(judgement, plan, record);
    explain_shortage(judgement);
    if (record->ended_by[0] != '\0')
        judgement_reason(judgement,
                         "ended after %.1f s by --abort-on-fail: %s could no longer hold",
                         record->ended_seconds, record->ended_by);
    if (record->ended_empty)
        judgement_reason(judgement, "ended early: " RECORD_ENDED_EMPTY);
    if (record->cut_off)
        judgement_reason(judgement, "the timeline ends at %.1f s: the run was cut off",
                         record->cut_off_seconds);
    if (record->cut) {
        decide(judgement, VERDICT_INCONCLUSIVE, EXIT_SECOND_SIGNAL);
        judgement_reason(judgement, "a second interrupt cut the end short");
    }
    if (!record->balanced || record->bug_exit != 0) {
        decide(judgement, VERDICT_INCONCLUSIVE, EXIT_BUG);
        judgement_reason(judgement, "a bug of ours: %s",
                         record->balanced ? "a worker said so on standard error"
                                          : record->imbalance);
    }
}
