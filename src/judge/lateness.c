/* Our own lateness: which broken rules it may explain. */
#include <math.h>
#include <string.h>

#include "judge/rules.h"

/* So much of a deadline or latency is too much: a tenth. */
enum { TOO_MUCH = 10 };

static bool late_for(duration deadline, const struct counts *counts) {
    return (duration)counts->deadline_lag_ns > deadline / TOO_MUCH;
}

static uint64_t late_answers(const struct counts *counts) {
    return counts->outcomes[OUTCOME_response_timeout] + counts->outcomes[OUTCOME_silent];
}

static bool late_for_dials(const struct plan *plan, const struct counts *counts) {
    return late_for(plan->options->connect_timeout, counts);
}

static bool late_for_answers(const struct plan *plan, const struct counts *counts) {
    return late_for(plan->options->timeout, counts);
}

/* Every connection that errored did so at a deadline that we were late for. */
static bool all_errors_by_lateness(const struct plan *plan, const struct counts *counts) {
    uint64_t dials = counts->outcomes[OUTCOME_connect_timeout], answers = late_answers(counts);
    return tally_errored(counts) == dials + answers &&
           (dials == 0 || late_for_dials(plan, counts)) &&
           (answers == 0 || late_for_answers(plan, counts));
}

/* Less than a tick of our timers is not late. */
static const double ON_TIME_SECONDS = 1e-3;

/* A latency holds what we were late ourselves, when the request was due and when its answer came:
 * with that taken out, the rule might hold. Of our lateness a saved run keeps p50, p99 and the
 * worst. */
static double lateness_like(const struct rule_metric *metric, struct figures lag) {
    static const char *const middling[] = {"min", "mean", "p50"};
    const char *name = metric->name, *figure = strrchr(name, '_');
    figure = figure != NULL ? figure + 1 : name;
    for (size_t i = 0; i < sizeof middling / sizeof middling[0]; i++)
        if (strcmp(figure, middling[i]) == 0)
            return lag.p50;
    return strcmp(figure, "max") == 0 ? lag.max : lag.p99;
}

static bool latency_by_lateness(const struct requirement *requirement,
                                const struct record *record) {
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    double late = lateness_like(&requirement->rule.metric, lag), value = requirement->rule.value;
    return lag.count > 0 && late > ON_TIME_SECONDS && late > value / TOO_MUCH &&
           requirement->actual > value && late <= requirement->actual &&
           requirement->actual - 2 * late <= value;
}

/* Too few; but the rule would hold if as many as `cost` were not missing, up to all there are. One
 * division, as it is measured. */
static bool would_be_enough(const struct requirement *requirement, uint64_t cost, uint64_t all) {
    const struct rule *rule = &requirement->rule;
    double restored = fmin(requirement->part + (double)cost, (double)all);
    if (rule->percent)
        restored = restored * 100 / requirement->whole;
    return requirement->actual < rule->value &&
           (rule->op == RULE_ABOVE ? restored > rule->value : restored >= rule->value);
}

/* What ended may have been missed for some time only, and more of it at once than at the end. */
static uint64_t missing(const struct plan *plan, const struct counts *counts) {
    return tally_closed(counts) + tally_errored(counts) > 0 ? plan->connections : 0;
}

bool requirement_rests_on_our_lateness(const struct requirement *requirement,
                                       const struct plan *plan, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    bool too_many = requirement->actual > requirement->rule.value;
    switch (requirement->rule.metric.excuse) {
    case RULE_EXCUSE_NEVER: break;
    case RULE_EXCUSE_OPENED:
        return would_be_enough(requirement, counts->outcomes[OUTCOME_connect_timeout],
                               plan->connections) &&
               plan->connections - counts->opened <= counts->outcomes[OUTCOME_connect_timeout] &&
               late_for_dials(plan, counts);
    case RULE_EXCUSE_LIVE:
        return would_be_enough(requirement, missing(plan, counts), plan->connections) &&
               tally_closed(counts) == counts->closed_overdue &&
               all_errors_by_lateness(plan, counts);
    case RULE_EXCUSE_ERRORED: return too_many && all_errors_by_lateness(plan, counts);
    case RULE_EXCUSE_LOST:
        return too_many && counts->lost == late_answers(counts) + counts->closed_overdue &&
               (late_answers(counts) == 0 || late_for_answers(plan, counts));
    case RULE_EXCUSE_ANSWERED:
        return would_be_enough(requirement, counts->timed_out, counts->sent) &&
               counts->sent == counts->answered + counts->timed_out &&
               late_for_answers(plan, counts);
    case RULE_EXCUSE_DIALS: return too_many && late_for_dials(plan, counts);
    case RULE_EXCUSE_ANSWERS: return too_many && late_for_answers(plan, counts);
    case RULE_EXCUSE_LATENCY: return latency_by_lateness(requirement, record);
    }
    return false;
}
