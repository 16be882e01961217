/* Whether a rule can still hold, in the middle of a run: only what can never come right breaks
 * it. */
#include <math.h>
#include <string.h>

#include "judge/rules/rules.h"

static bool is_named(const struct rule_metric *metric, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(metric->name, names[i]) == 0)
            return true;
    return false;
}

static bool is_figure(const struct rule_metric *metric, const char *figure) {
    const char *last = strrchr(metric->name, '_');
    return metric->kind == RULE_OF_FIGURE &&
           strcmp(last != NULL ? last + 1 : metric->name, figure) == 0;
}

/* Metrics that only grow. */
static bool only_grows(const struct rule_metric *metric) {
    static const char *const rows[] = {
        "opened",       "attempted",     "closed",      "errored",   "lost",
        "reconnected",  "sent",          "answered",    "timed_out", "requests_lost",
        "live_peak",    "bytes_in",      "bytes_out",   "scheduled", "rate_peak",
        "loop_lag_max", "ramp_lateness", "cpu_seconds", "memory",    "server_active_peak"};
    if (metric->kind == RULE_OF_OUTCOME)
        return !outcome_is_drain((enum outcome)metric->which);
    return metric->kind == RULE_OF_STATUS || is_figure(metric, "max") ||
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

/* The ramp so far, while it lasts; when the run was ended in it, up to then. The first attempt may
 * be a moment later than the start. */
static double ramp_at_least(const struct record *record) {
    bool ended = record->ended_by[0] != '\0';
    return (ended ? record->ended_seconds : record_wall_seconds(record)) - 1;
}

/* The least that it can come to be; below zero: nothing is known. */
static double least(const struct rule *rule, const struct plan *plan, const struct record *record,
                    const struct rule_measure *now) {
    if (strcmp(rule->metric.name, "ramp") == 0)
        return isnan(now->part) ? ramp_at_least(record) : now->part;
    if (!only_grows(&rule->metric) || !(now->part > 0))
        return -1;
    if (!rule->percent)
        return now->low;
    double whole = whole_at_most(rule, plan);
    return isfinite(whole) ? now->part * 100 / whole : nextafter(0, 1); /* never nothing again */
}

/* Requests that ended otherwise than the metric counts; below zero: it counts none of that kind. */
static double outcomes_of_others(const struct rule_metric *metric,
                                 const struct tally_counts *counts,
                                 const struct rule_measure *now) {
    double failed = (double)counts->timed_out + (double)counts->requests_lost;
    if (metric->kind == RULE_OF_STATUS)
        return failed + (double)counts->answered - now->part;
    return is_named(metric, (const char *const[]){"answered"}, 1) ? failed : -1;
}

/* Of requests: what a pool has, less what ended otherwise. Without a pool any share can be
 * approached, and all of them is lost with the first. */
static double most_requests(const struct rule *rule, const struct plan *plan,
                            const struct tally_counts *counts, const struct rule_measure *now) {
    double others = outcomes_of_others(&rule->metric, counts, now), pool = (double)plan->requests;
    if (strcmp(rule->metric.name, "sent") == 0)
        others = 0;
    if (others < 0)
        return INFINITY;
    if (plan->requests > 0)
        return rule->percent ? (pool - others) * 100 / pool : pool - others;
    if (rule->percent)
        return others > 0 ? nextafter(100, 0) : 100;
    return INFINITY;
}

/* The most that it can come to be; INFINITY: nothing is known. Slots that reconnect can
 * make good what was lost. */
static double most(const struct rule *rule, const struct plan *plan, const struct record *record,
                   const struct rule_measure *now) {
    const struct tally_counts *counts = &record->total.counts;
    const char *name = rule->metric.name;
    double to_come = (double)counts->connecting + plan->connections - (double)counts->attempted;
    double part = INFINITY;
    if (is_figure(&rule->metric, "min") && !isnan(now->part))
        part = now->part;
    else if (strcmp(name, "live_min") == 0 && record->live_min_measured)
        part = (double)record->live_min;
    else if (strcmp(name, "opened") == 0 && !plan_reconnects(plan))
        part = (double)counts->opened + to_come;
    else if (strcmp(name, "live") == 0 && !plan_reconnects(plan))
        part = (double)counts->live + to_come;
    else if (strcmp(name, "live_peak") == 0 && !plan_reconnects(plan))
        part = fmax((double)record->live_peak, (double)counts->live + to_come);
    else
        return most_requests(rule, plan, counts, now);
    return rule->percent ? part * 100 / plan->connections : part;
}

bool rule_is_feasible(const struct rule *rule, const struct plan *plan,
                      const struct record *record) {
    struct rule_measure now = rule_measure(rule, plan, record);
    double low = least(rule, plan, record, &now), high = most(rule, plan, record, &now);
    switch (rule->op) {
    case RULE_AT_LEAST: return high >= rule->value;
    case RULE_ABOVE: return high > rule->value;
    case RULE_AT_MOST: return low <= rule->value;
    case RULE_BELOW: return low < rule->value;
    case RULE_EQUAL: return low <= rule->value && high >= rule->value;
    }
    return true;
}
