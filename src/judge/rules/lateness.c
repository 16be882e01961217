/* Our own lateness: what of a measure it may be, and which broken rules it explains. Runs, saved
 * and merged runs and comparisons judge by this. */
#include <math.h>
#include <string.h>

#include "judge/rules/rules.h"

/* So much of a deadline or latency is too much: a tenth. */
enum { TOO_MUCH = 10 };

/* Less than a tick of our timers is not late. */
static const double ON_TIME_SECONDS = 1e-3;

/* No value holds more of it unknown: a worker with requests under way wakes so often. */
static const double UNKNOWN_SECONDS = 0.1;

static bool is_figure(const struct rule_metric *metric, const char *of) {
    const char *figure = strrchr(metric->name, '_');
    return strcmp(figure != NULL ? figure + 1 : metric->name, of) == 0;
}

bool rule_is_middling(const struct rule_metric *metric) {
    return is_figure(metric, "min") || is_figure(metric, "mean") || is_figure(metric, "p50");
}

/* A latency holds our lateness when its request went out and when its answer was read. Of each
 * value it is known how much, and so what a figure would be without. What no value is known to hold
 * is how late we always are: as at a moment in the middle (which is one of the pause where that is
 * most of a run), and no more than is left of the figure; at most twice that. Where nothing is
 * known of the values (a report of an older version), twice the like figure of our lateness. */
struct rule_lateness rule_lateness(const struct rule_metric *metric, const struct record *record) {
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    if (metric->excuse != RULE_EXCUSE_LATENCY || lag.count == 0)
        return (struct rule_lateness){0, 0};
    enum tally_distribution distribution = (enum tally_distribution)metric->which;
    struct figures measured = record_figures(record, distribution);
    struct figures without = record_without_lateness(record, distribution);
    double usual = isfinite(lag.p50) ? lag.p50 : 0;
    if (without.count > 0) {
        double left = rule_figure(metric, &without);
        double ours = fmax(0, rule_figure(metric, &measured) - left);
        usual = fmin(usual, UNKNOWN_SECONDS);
        return (struct rule_lateness){ours + fmin(usual, left), ours + 2 * usual};
    }
    double like = rule_is_middling(metric) ? usual : is_figure(metric, "max") ? lag.max : lag.p99;
    like = isfinite(like) ? like : 0;
    return (struct rule_lateness){like, 2 * like};
}

/* With what of it may be ours taken out, the rule might hold. */
static bool latency_by_lateness(const struct rule_requirement *requirement,
                                const struct record *record) {
    struct rule_lateness late = rule_lateness(&requirement->rule.metric, record);
    double value = requirement->rule.value;
    return late.known > ON_TIME_SECONDS && late.known > value / TOO_MUCH &&
           requirement->actual > value && late.known <= requirement->actual + ON_TIME_SECONDS &&
           requirement->actual - late.most <= value;
}

/* One division, as it is measured. */
static double in_unit(const struct rule_requirement *requirement, double part) {
    return requirement->rule.percent ? part * 100 / requirement->whole : part;
}

/* Too few; but the rule would hold if as many as `cost` were not missing, up to all there are. */
static bool would_be_enough(const struct rule_requirement *requirement, uint64_t cost,
                            uint64_t all) {
    const struct rule *rule = &requirement->rule;
    double restored = in_unit(requirement, fmin(requirement->part + (double)cost, (double)all));
    return cost > 0 && requirement->actual < rule->value &&
           (rule->op == RULE_ABOVE ? restored > rule->value : restored >= rule->value);
}

/* Too many; but the rule would hold without the `cost` of them that are ours. */
static bool would_be_few_enough(const struct rule_requirement *requirement, uint64_t cost) {
    const struct rule *rule = &requirement->rule;
    double left = in_unit(requirement, fmax(0, requirement->part - (double)cost));
    return cost > 0 && requirement->actual >= rule->value &&
           (rule->op == RULE_BELOW ? left < rule->value : left <= rule->value);
}

static uint64_t errors_of_ours(const struct tally_counts *counts) {
    return counts->connects_late + counts->timed_out_late + counts->reset_overdue;
}

static uint64_t losses_of_ours(const struct tally_counts *counts) {
    return counts->timed_out_late + counts->closed_overdue + counts->reset_overdue;
}

/* Ended connections are missing for good; with --reconnect for some time only, and more of it at
 * once than at the end: then all that ended has to be ours. */
static bool live_by_lateness(const struct rule_requirement *requirement, const struct plan *plan,
                             const struct tally_counts *counts) {
    uint64_t ours = counts->closed_overdue + errors_of_ours(counts);
    if (ours > 0 && tally_closed(counts) + tally_errored(counts) == ours)
        return would_be_enough(requirement, plan->connections, plan->connections);
    return !plan_reconnects(plan) && would_be_enough(requirement, ours, plan->connections);
}

/* A mean over the hold, as if the time in which workers stood still were not of it. */
static bool rate_by_lateness(const struct rule_requirement *requirement, const struct plan *plan,
                             const struct record *record) {
    double hold = record->hold_seconds, value = requirement->rule.value;
    double paused = (double)record->total.counts.pauses_ns / 1e9 / plan->workers;
    return paused > hold / TOO_MUCH && paused < hold && requirement->actual < value &&
           requirement->actual * hold / (hold - paused) >= value;
}

static bool ramp_by_lateness(const struct rule_requirement *requirement,
                             const struct tally_counts *counts) {
    double late = (double)counts->ramp_late_ns / 1e9, value = requirement->rule.value;
    return late > value / TOO_MUCH && requirement->actual > value &&
           requirement->actual - late <= value;
}

bool lateness_excuses_requirement(const struct rule_requirement *requirement,
                                  const struct plan *plan, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    switch (requirement->rule.metric.excuse) {
    case RULE_EXCUSE_NEVER: break;
    case RULE_EXCUSE_OPENED:
        return would_be_enough(requirement, counts->connects_late, plan->connections);
    case RULE_EXCUSE_LIVE: return live_by_lateness(requirement, plan, counts);
    case RULE_EXCUSE_ERRORED: return would_be_few_enough(requirement, errors_of_ours(counts));
    case RULE_EXCUSE_LOST: return would_be_few_enough(requirement, losses_of_ours(counts));
    case RULE_EXCUSE_ANSWERED:
        return would_be_enough(requirement, counts->timed_out_late, counts->sent);
    case RULE_EXCUSE_DIALS: return would_be_few_enough(requirement, counts->connects_late);
    case RULE_EXCUSE_ANSWERS: return would_be_few_enough(requirement, counts->timed_out_late);
    case RULE_EXCUSE_CLOSED: return would_be_few_enough(requirement, counts->closed_overdue);
    case RULE_EXCUSE_RESETS: return would_be_few_enough(requirement, counts->reset_overdue);
    case RULE_EXCUSE_RATE: return rate_by_lateness(requirement, plan, record);
    case RULE_EXCUSE_RAMP: return ramp_by_lateness(requirement, counts);
    case RULE_EXCUSE_LATENCY: return latency_by_lateness(requirement, record);
    }
    return false;
}
