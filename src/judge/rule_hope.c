/* Whether a rule can still hold, in the middle of a run: only what can never be made good breaks
 * it. */
#include <math.h>
#include <string.h>

#include "judge/rules.h"

static bool is_named(const struct rule_metric *metric, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(metric->name, names[i]) == 0)
            return true;
    return false;
}

/* Counts that only grow. */
static bool only_grows(const struct rule_metric *metric) {
    static const char *const rows[] = {
        "opened",   "attempted", "closed",        "errored",   "lost",     "reconnected", "sent",
        "answered", "timed_out", "requests_lost", "live_peak", "bytes_in", "bytes_out"};
    if (metric->kind == RULE_OF_OUTCOME)
        return !outcome_is_drain((enum outcome)metric->which);
    return metric->kind == RULE_OF_STATUS ||
           (metric->kind == RULE_OF_ROW && is_named(metric, rows, sizeof rows / sizeof rows[0]));
}

/* The most that its percentage can come to be of; INFINITY: there is no bound. */
static double whole_at_most(const struct rule *rule, const struct plan *plan) {
    switch (rule->metric.base) {
    case RULE_BASE_TARGET: return (double)plan->connections;
    case RULE_BASE_ATTEMPTED:
        return plan_reconnects(plan) ? (double)INFINITY : (double)plan->connections;
    case RULE_BASE_SENT: return plan->requests > 0 ? (double)plan->requests : (double)INFINITY;
    case RULE_BASE_SERVER:
    case RULE_BASE_NONE: break;
    }
    return INFINITY;
}

/* The least that it can come to be; below zero: nothing is known. */
static double least(const struct rule *rule, const struct plan *plan,
                    const struct rule_measure *now) {
    if (!only_grows(&rule->metric) || !(now->part > 0))
        return -1;
    if (!rule->percent)
        return now->part;
    double whole = whole_at_most(rule, plan);
    return isfinite(whole) ? now->part * 100 / whole : nextafter(0, 1); /* never nothing again */
}

/* The most that it can come to be; INFINITY: nothing is known. Slots that are dialled again can
 * make good what was lost. */
static double most(const struct rule *rule, const struct plan *plan, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    static const char *const opened[] = {"opened"}, *const live[] = {"live", "live_peak"};
    double to_come = (double)counts->connecting + plan->connections - (double)counts->attempted;
    double part = INFINITY;
    if (strcmp(rule->metric.name, "live_min") == 0 && record->live_min_measured)
        part = (double)record->live_min;
    else if (is_named(&rule->metric, opened, 1) && !plan_reconnects(plan))
        part = (double)counts->opened + to_come;
    else if (is_named(&rule->metric, live, 1) && !plan_reconnects(plan))
        part = (double)counts->live + to_come;
    return rule->percent ? part * 100 / plan->connections : part;
}

bool rule_can_hold(const struct rule *rule, const struct plan *plan, const struct record *record) {
    struct rule_measure now = rule_measure(rule, plan, record);
    double low = least(rule, plan, &now), high = most(rule, plan, record);
    switch (rule->op) {
    case RULE_AT_LEAST: return high >= rule->value;
    case RULE_ABOVE: return high > rule->value;
    case RULE_AT_MOST: return low <= rule->value;
    case RULE_BELOW: return low < rule->value;
    case RULE_EQUAL: return low <= rule->value && high >= rule->value;
    }
    return true;
}
