/* The verdict of a run: rules, sides and their precedence. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/require.h"
#include "judge/judge.h"
#include "judge/shortage.h"

const char *verdict_name(enum verdict verdict) {
    static const char *const names[] = {
        [VERDICT_HELD] = "held",
        [VERDICT_BROKE] = "broke",
        [VERDICT_INCONCLUSIVE] = "inconclusive",
        [VERDICT_UNFIT] = "unfit",
        [VERDICT_NO_TARGET] = "no_target",
    };
    return names[verdict];
}

/* --- what happened, as findings --- */

struct finding *judge_outcome(struct findings *findings, enum outcome outcome,
                              const struct plan *plan, const struct record *record,
                              const struct counts *counts) {
    enum finding_status status = outcome_is_closed(outcome) ? FINDING_WARN : FINDING_FAIL;
    struct finding *finding =
        findings_add(findings, outcome_name(outcome), outcome_side(outcome), status,
                     "%" PRIu64 " of %" PRIu64 " connections: %s", counts->outcomes[outcome],
                     counts->attempted, outcome_text(outcome));
    finding->have = (int64_t)counts->outcomes[outcome];
    finding_do(finding, "%s", outcome_advice(outcome));
    shortage_explain(finding, outcome, plan, record);
    return finding;
}

static void find_outcomes(struct findings *findings, const struct plan *plan,
                          const struct record *record) {
    const struct counts *counts = &record->total.counts;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (counts->outcomes[i] > 0)
            judge_outcome(findings, (enum outcome)i, plan, record, counts);
}

static void find_keep_alive(struct findings *findings, const struct plan *plan,
                            const struct counts *counts) {
    int64_t timeout = counts->keep_alive_timeout_s;
    if (timeout == 0 || plan->think.high < timeout * SECOND)
        return;
    struct finding *finding = findings_add(findings, "keep_alive_seen", SIDE_SERVER, FINDING_WARN,
                                           "answers said \"Keep-Alive: timeout=%" PRId64
                                           "\"; asking at most %.3g s apart "
                                           "is too late",
                                           timeout, duration_seconds(plan->think.high));
    finding->have = timeout;
    finding_do(finding, "--keepalive %" PRId64, timeout);
}

/* A tick is up to 10 ms long. */
#define LAG_SMALL_SECONDS 0.01

bool judge_was_late(const struct record *record) {
    return record_figures(record, DISTRIBUTION_LAG).p99 >= LAG_SMALL_SECONDS;
}

static void find_lag(struct findings *findings, const struct record *record) {
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    if (lag.count == 0)
        return;
    bool late = lag.max > 0.1 || judge_was_late(record);
    findings_add(findings, "loop_lag", SIDE_TESTER, late ? FINDING_WARN : FINDING_OK,
                 "our own lateness: p99 %.3g ms, worst %.3g ms%s", lag.p99 * 1e3, lag.max * 1e3,
                 late ? "; latencies hold that much of our own" : "");
}

/* --- rules --- */

static bool judge_rules(struct judgement *judgement, const struct plan *plan,
                        const struct record *record) {
    struct rules rules;
    char error[PLAN_ERROR_MAX];
    bool broken = false, read = rules_read(&rules, plan, (struct refusal){error, sizeof error});
    require(read); /* whoever made the plan has seen to it */
    judgement->requirement_count = 0;
    for (size_t i = 0; i < rules.count; i++) {
        struct requirement *requirement = &judgement->requirements[judgement->requirement_count++];
        requirement_judge(requirement, &rules.items[i], plan, record);
        broken |= requirement->result == RULE_BROKEN;
    }
    return broken;
}

static void explain_broken(struct judgement *judgement) {
    for (size_t i = 0; i < judgement->requirement_count; i++) {
        const struct requirement *requirement = &judgement->requirements[i];
        const struct rule *rule = &requirement->rule;
        if (requirement->result != RULE_BROKEN)
            continue;
        if (isnan(requirement->actual))
            judgement_reason(judgement, "rule broken: %s (not measured)", rule->expression);
        else
            judgement_reason(judgement, "rule broken: %s (measured %.10g%s)", rule->expression,
                             requirement->actual, rule_unit_sign(rule));
    }
}

/* --- our own side --- */

static bool all_broken_by_lateness(const struct judgement *judgement, const struct plan *plan,
                                   const struct record *record) {
    for (size_t i = 0; i < judgement->requirement_count; i++)
        if (judgement->requirements[i].result == RULE_BROKEN &&
            !requirement_rests_on_our_lateness(&judgement->requirements[i], plan, record))
            return false;
    return true;
}

static uint64_t tester_outcomes(const struct counts *counts) {
    uint64_t total = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (outcome_side((enum outcome)i) == SIDE_TESTER)
            total += counts->outcomes[i];
    return total;
}

static void explain_tester(struct judgement *judgement, const struct counts *counts) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (outcome_side((enum outcome)i) == SIDE_TESTER && counts->outcomes[i] > 0)
            judgement_reason(judgement, "our own side was the limit: %" PRIu64 " %s (%s)",
                             counts->outcomes[i], outcome_name((enum outcome)i),
                             outcome_text((enum outcome)i));
}

static void explain_lateness(struct judgement *judgement, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    if (counts->closed_overdue > 0)
        judgement_reason(judgement,
                         "%" PRIu64
                         " closed_idle while we were late to ask: the server may have waited as "
                         "long as it promised",
                         counts->closed_overdue);
    if (counts->deadline_lag_ns > 0)
        judgement_reason(judgement, "deadlines passed while we were %.3g ms late ourselves",
                         (double)counts->deadline_lag_ns / 1e6);
    else if (counts->closed_overdue == 0)
        judgement_reason(judgement, "latencies hold our own lateness: p99 %.3g ms, worst %.3g ms",
                         lag.p99 * 1e3, lag.max * 1e3);
}

/* The failure that met most attempts, when none opened. */
static enum outcome foremost(const struct counts *counts) {
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
        judgement_reason(judgement, "interrupted in the %s", record->ramp_cut ? "ramp" : "hold");
}

static void judge_by_precedence(struct judgement *judgement, const struct plan *plan,
                                const struct record *record) {
    const struct counts *counts = &record->total.counts;
    bool broken = judge_rules(judgement, plan, record);
    uint64_t tester = tester_outcomes(counts);
    if (record->ring_error != 0 && counts->attempted == 0) {
        decide(judgement, VERDICT_UNFIT, 3);
        judgement_reason(judgement, "a worker could not make its ring: %s",
                         strerror(-record->ring_error));
    } else if (!record->interrupted && counts->opened == 0 && tester == 0 &&
               record->workers_lost_early == 0 && counts->attempted > 0) {
        decide(judgement, VERDICT_NO_TARGET, 5);
        judgement_reason(judgement, "no connection ever opened: %s",
                         outcome_text(foremost(counts)));
    } else if (tester > 0 || record->workers_lost_early > 0) {
        decide(judgement, VERDICT_INCONCLUSIVE, 4);
        explain_tester(judgement, counts);
        if (record->workers_lost_early > 0)
            judgement_reason(judgement,
                             "%zu of %zu workers died: part of the plan was not carried out",
                             record->workers_lost_early, record->worker_count);
    } else if (broken && all_broken_by_lateness(judgement, plan, record)) {
        decide(judgement, VERDICT_INCONCLUSIVE, 4);
        explain_lateness(judgement, record);
        explain_broken(judgement);
    } else if (broken) {
        decide(judgement, VERDICT_BROKE, 1);
        explain_broken(judgement);
    } else if (record->interrupted) {
        decide(judgement, VERDICT_INCONCLUSIVE, 4);
        explain_interruption(judgement, record);
    } else {
        decide(judgement, VERDICT_HELD, 0);
    }
}

/* A broken rule is the server's doing for certain where it ran out of something. */
static void explain_shortage(struct judgement *judgement) {
    const struct finding *finding = shortage_of_server(&judgement->findings);
    if (judgement->verdict == VERDICT_BROKE && finding != NULL)
        judgement_reason(judgement, "%.*s", (int)sizeof judgement->reasons[0] - 1, finding->text);
}

void judge_run(struct judgement *judgement, const struct plan *plan, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    find_outcomes(&judgement->findings, plan, record);
    find_keep_alive(&judgement->findings, plan, counts);
    judge_closings(judgement, plan, record);
    if (!record->saved)
        survival_estimate(&judgement->survival, &record->total.endings.ages,
                          record->total.counts.opened);
    shortage_find(judgement, plan, record);
    judge_server_side(&judgement->findings, plan, record);
    find_lag(&judgement->findings, record);
    judge_by_precedence(judgement, plan, record);
    explain_shortage(judgement);
    if (record->ended_by[0] != '\0')
        judgement_reason(judgement,
                         "ended after %.1f s by --abort-on-fail: %s could no longer hold",
                         record->ended_seconds, record->ended_by);
    if (record->cut_off)
        judgement_reason(judgement, "the timeline ends at %.1f s: the run was cut off",
                         record->cut_off_seconds);
    if (record->cut) {
        decide(judgement, VERDICT_INCONCLUSIVE, 130);
        judgement_reason(judgement, "a second interrupt cut the end short");
    }
    if (!record->balanced || record->bug_exit != 0) {
        decide(judgement, VERDICT_INCONCLUSIVE, EXIT_BUG);
        judgement_reason(judgement, "a bug of ours: %s",
                         record->balanced ? "a worker said so on standard error"
                                          : record->imbalance);
    }
}
