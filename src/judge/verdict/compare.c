/* A run held against a baseline, quantity by quantity. */
#include "judge/verdict/compare.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/exit_code.h"

const char *compare_verdict_name(enum compare_verdict verdict) {
    static const char *const names[] = {"same", "better", "worse", "not_comparable"};
    return names[verdict];
}

/* --- whether the runs can be compared at all --- */

__attribute__((format(printf, 2, 3))) static void refuse_runs(struct compare_result *comparison,
                                                              const char *format, ...) {
    va_list arguments;
    if (comparison->reason_count == COMPARE_REASONS_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(comparison->reasons[comparison->reason_count++], sizeof comparison->reasons[0],
              format, arguments);
    va_end(arguments);
}

static void check_verdict(struct compare_result *comparison, const char *name,
                          const struct compare_side *run) {
    const struct judgement *judgement = run->judgement;
    if (judgement->verdict == VERDICT_HELD || judgement->verdict == VERDICT_BROKE)
        return;
    refuse_runs(comparison, "%s is %s%s%.200s", name, verdict_name(judgement->verdict),
                judgement->reason_count > 0 ? ": " : "",
                judgement->reason_count > 0 ? judgement->reasons[0] : "");
}

/* Of a preflight there is nothing to compare, whatever became of it. */
static void check_load(struct compare_result *comparison, const char *name,
                       const struct compare_side *run) {
    bool decided =
        run->judgement->verdict != VERDICT_HELD && run->judgement->verdict != VERDICT_BROKE;
    if (run->record == NULL && !decided)
        refuse_runs(comparison, "%s sent no load: it is of a preflight alone", name);
}

static void check_plans(struct compare_result *comparison, const struct compare_side *a,
                        const struct compare_side *b) {
    struct plan_difference difference = {0};
    for (size_t at = 0; plan_next_difference(&difference, &at, a->plan, b->plan, OPTIONS_ALL);)
        refuse_runs(comparison, "the plans differ: %s is %s in A and %s in B", difference.name,
                    difference.a, difference.b);
}

/* --- which way is better --- */

enum better { BETTER_LOWER, BETTER_HIGHER, BETTER_NEITHER };

static bool is_among(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Of what is neither, any change is for the worse: it was to be the same load. */
static enum better better_of(const struct rule_metric *metric) {
    static const char *const higher[] = {"opened",       "live",       "live_min", "live_peak",
                                         "rate",         "rate_peak",  "answered", "survival",
                                         "server_ratio", "server_rate"};
    static const char *const neither[] = {"attempted", "connecting",      "sent",
                                          "scheduled", "bytes_in",        "bytes_out",
                                          "hold",      "server_requests", "server_active_peak",
                                          "drained"};
    if (is_among(metric->name, higher, sizeof higher / sizeof higher[0]) ||
        (metric->kind == RULE_OF_STATUS && metric->low < 300))
        return BETTER_HIGHER;
    return is_among(metric->name, neither, sizeof neither / sizeof neither[0]) ? BETTER_NEITHER
                                                                               : BETTER_LOWER;
}

/* --- survival --- */

struct surviving {
    double percent, deviation; /* NAN: not measured */
};

/* Kaplan and Meier's estimate at an age, with Greenwood's standard deviation (1926). */
static struct surviving survival_at(const struct compare_side *run, double age_seconds) {
    const struct survival *survival = &run->judgement->survival;
    const struct tally_counts *counts = &run->record->total.counts;
    double part = 1, sum = 0;
    if (counts->opened > 0 && counts->lost == 0 && age_seconds > 0)
        return (struct surviving){100, 0}; /* there is no curve of no endings */
    if (!survival->measured || !(age_seconds > 0) || survival->oldest_ms < age_seconds * 1e3 * 0.98)
        return (struct surviving){NAN, NAN};
    for (uint32_t i = 0; i < survival->count; i++) {
        const struct survival_point *point = &survival->points[i];
        if (point->age_ms > age_seconds * 1e3)
            break;
        part = point->surviving;
        if (point->at_risk > point->ended)
            sum += (double)point->ended /
                   ((double)point->at_risk * (double)(point->at_risk - point->ended));
    }
    return (struct surviving){100 * part, 100 * part * sqrt(sum)};
}

/* An age that every connection of the ramp could reach. */
static double survival_age(const struct compare_side *a, const struct compare_side *b) {
    return fmin(a->record->hold_seconds, b->record->hold_seconds);
}

/* --- one row --- */

enum { SIGMAS = 3 };
/* A percentile that rests on fewer values beyond it says nothing. */
enum { VALUES_BEYOND = 3 };

/* The spread of a share by chance alone: of a baseline without exception, none. */
static double share_noise(struct rule_measure a, struct rule_measure b) {
    double p = a.part / a.whole;
    if (!(p > 0 && p < 1 && a.whole > 0 && b.whole > 0))
        return 0;
    return SIGMAS * 100 * sqrt(p * (1 - p) * (1 / a.whole + 1 / b.whole));
}

/* Of a rate, over as many answers. */
static double rate_noise(double rate, const struct compare_side *a, const struct compare_side *b) {
    double hold = fmin(a->record->hold_seconds, b->record->hold_seconds), count = rate * hold;
    return count > 0 ? SIGMAS * rate * sqrt(2 / count) : 0;
}

/* --- our own lateness: a latency holds it twice, when its request was due and when its answer came
 * --- */

static double lateness_of(const struct rule_metric *metric, const struct compare_side *run) {
    return rule_lateness(metric, run->record).most;
}

/* By how much the run with the longer latencies was the later one itself. */
static double lateness_noise(const struct rule_metric *metric, double change,
                             const struct compare_side *a, const struct compare_side *b) {
    double excess = lateness_of(metric, b) - lateness_of(metric, a);
    return fmax(0, change > 0 ? excess : -excess);
}

/* Where timers ran that late, the machine was short of CPU, and a server on it too: then what an
 * answer lost on its way is no longer twice our lateness, but more. */
enum { STARVED_TIMES = 6 };

static bool is_starved(const struct compare_side *run, double latency_tolerance) {
    struct figures lag = record_figures(run->record, DISTRIBUTION_LAG);
    return lag.count > 0 && lag.p99 > 2 * latency_tolerance;
}

/* We were late beyond what would be tolerated, and at worst by as much as the change: it may be
 * ours, or not. */
static bool may_be_lateness(const struct compare_row *row, double tolerance,
                            const struct compare_side *a, const struct compare_side *b) {
    const struct rule_metric *metric = &row->rule.metric;
    const struct compare_side *longer = row->change > 0 ? b : a;
    struct figures lag = record_figures(longer->record, DISTRIBUTION_LAG);
    if (metric->unit == RULE_UNIT_RATE) {
        double late = fmax(2e-3, record_figures(a->record, DISTRIBUTION_LATENCY).mean / 10);
        return is_starved(a, late) || is_starved(b, late);
    }
    if (metric->excuse != RULE_EXCUSE_LATENCY)
        return false;
    double change = fabs(row->change);
    return (change <= 2 * lag.max && lateness_of(metric, longer) > tolerance) ||
           (change <= STARVED_TIMES * lag.max &&
            is_starved(longer, rule_is_middling(metric) ? tolerance : tolerance / 2));
}

static double noise_of(const struct rule *rule, struct rule_measure a, struct rule_measure b,
                       const struct compare_side *of_a, const struct compare_side *of_b) {
    if (rule->percent && rule->metric.unit == RULE_UNIT_COUNT)
        return share_noise(a, b);
    if (rule->metric.unit == RULE_UNIT_RATE)
        return rate_noise(a.actual, of_a, of_b);
    return lateness_noise(&rule->metric, b.actual - a.actual, of_a, of_b);
}

static bool rests_on_too_few(const struct rule_metric *metric, const struct compare_side *run) {
    static const struct {
        const char *end;
        double beyond;
    } tails[] = {{"p90", 0.1}, {"p95", 0.05}, {"p99", 0.01}, {"p999", 0.001}};
    const char *end = strrchr(metric->name, 'p');
    if (metric->kind != RULE_OF_FIGURE || end == NULL)
        return false;
    struct figures figures = record_figures(run->record, (enum tally_distribution)metric->which);
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++)
        if (strcmp(end, tails[i].end) == 0)
            return (double)figures.count * tails[i].beyond < VALUES_BEYOND;
    return false;
}

/* Why a row says nothing; "" when it does. */
static const char *unfit_row(const struct compare_row *row, bool runs_comparable,
                             const struct compare_side *a, const struct compare_side *b) {
    if (isnan(row->a) && isnan(row->b))
        return "not measured";
    if (isnan(row->a) || isnan(row->b))
        return isnan(row->a) ? "not measured in A" : "not measured in B";
    if (rests_on_too_few(&row->rule.metric, a) || rests_on_too_few(&row->rule.metric, b))
        return "too few values";
    return runs_comparable ? "" : "the runs are not comparable";
}

static enum compare_verdict judge_change(const struct compare_row *row) {
    double slack = 1e-9 * fmax(fabs(row->a), fabs(row->b)); /* of the last digits */
    if (fabs(row->change) <= row->tolerance + slack)
        return COMPARE_SAME;
    enum better better = better_of(&row->rule.metric);
    return better == (row->change > 0 ? BETTER_HIGHER : BETTER_LOWER) ? COMPARE_BETTER
                                                                      : COMPARE_WORSE;
}

/* Of a run that broke one at least. */
static double rules_broken(const struct judgement *judgement) {
    size_t broken = 0;
    for (size_t i = 0; i < judgement->requirement_count; i++)
        broken += judgement->requirements[i].result == RULE_BROKEN;
    return judgement->verdict != VERDICT_BROKE ? 0 : broken > 0 ? (double)broken : 1;
}

/* Both sides measured; returns what luck or our own lateness alone may do. */
static double measure(struct compare_row *row, double survival_age, const struct compare_side *a,
                      const struct compare_side *b) {
    if (strcmp(row->rule.metric.name, "survival") == 0) {
        struct surviving left = survival_at(a, survival_age);
        row->a = left.percent;
        row->b = survival_at(b, survival_age).percent;
        return SIGMAS * sqrt(2) * left.deviation;
    }
    if (strcmp(row->rule.metric.name, "rules_broken") == 0) {
        row->a = rules_broken(a->judgement);
        row->b = rules_broken(b->judgement);
        return 0;
    }
    struct rule_measure left = rule_measure(&row->rule, a->plan, a->record);
    struct rule_measure right = rule_measure(&row->rule, b->plan, b->record);
    row->a = left.actual;
    row->b = right.actual;
    return noise_of(&row->rule, left, right, a, b);
}

static void add_row(struct compare_result *comparison, const struct compare_tolerance *tolerance,
                    const struct compare_side *a, const struct compare_side *b) {
    struct compare_row row = {.rule = {.metric = tolerance->metric, .percent = tolerance->percent}};
    double noise = measure(&row, comparison->survival_seconds, a, b);
    if (comparison->count == COMPARE_ROWS_MAX ||
        (isnan(row.a) && isnan(row.b) && !tolerance->asked))
        return;
    row.change = row.b - row.a;
    double plain = fmax(tolerance->absolute, tolerance->relative / 100 * fabs(row.a));
    row.tolerance = tolerance->any ? INFINITY : tolerance->asked ? plain : fmax(plain, noise);
    row.why = unfit_row(&row, comparison->reason_count == 0, a, b);
    row.verdict = row.why[0] != '\0' ? COMPARE_NOT : judge_change(&row);
    if ((row.verdict == COMPARE_WORSE || row.verdict == COMPARE_BETTER) && !tolerance->asked &&
        may_be_lateness(&row, plain, a, b)) {
        row.verdict = COMPARE_NOT;
        row.why = "we were late ourselves";
        row.late = true;
    }
    comparison->rows[comparison->count++] = row;
}

/* --- all rows --- */

static const struct {
    const char *name;
    bool percent;
    double relative, absolute;
} defaults[] = {
#define COMPARE(name, percent, relative, absolute) {#name, percent, relative, absolute},
#include "judge/verdict/compare.def"
#undef COMPARE
};

/* Of the share of connections that ended so. */
static const double outcome_relative = 10, outcome_absolute = 0.5;

static const struct compare_tolerance *asked_for(const struct compare_tolerances *tolerances,
                                                 const char *name) {
    for (size_t i = 0; i < tolerances->count; i++)
        if (strcmp(tolerances->items[i].metric.name, name) == 0)
            return &tolerances->items[i];
    return NULL;
}

static bool has_row(const struct compare_result *comparison, const char *name) {
    for (size_t i = 0; i < comparison->count; i++)
        if (strcmp(comparison->rows[i].rule.metric.name, name) == 0)
            return true;
    return false;
}

static void add_named(struct compare_result *comparison, struct compare_tolerance tolerance,
                      const char *name, const struct compare_side *a, const struct compare_side *b,
                      const struct compare_tolerances *tolerances) {
    const struct compare_tolerance *asked = asked_for(tolerances, name);
    if (asked == NULL && !compare_metric_find(&tolerance.metric, name))
        return;
    add_row(comparison, asked != NULL ? asked : &tolerance, a, b);
}

static void add_outcomes(struct compare_result *comparison, const struct compare_side *a,
                         const struct compare_side *b,
                         const struct compare_tolerances *tolerances) {
    const struct compare_tolerance tolerance = {
        .percent = true, .relative = outcome_relative, .absolute = outcome_absolute};
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (a->record->total.counts.outcomes[i] + b->record->total.counts.outcomes[i] > 0)
            add_named(comparison, tolerance, outcome_name((enum outcome)i), a, b, tolerances);
}

static void add_rows(struct compare_result *comparison, const struct compare_side *a,
                     const struct compare_side *b, const struct compare_tolerances *tolerances) {
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        struct compare_tolerance tolerance = {.percent = defaults[i].percent,
                                              .relative = defaults[i].relative,
                                              .absolute = defaults[i].absolute};
        add_named(comparison, tolerance, defaults[i].name, a, b, tolerances);
        if (strcmp(defaults[i].name, "closed") == 0)
            add_outcomes(comparison, a, b, tolerances);
    }
    for (size_t i = 0; i < tolerances->count; i++)
        if (!has_row(comparison, tolerances->items[i].metric.name))
            add_row(comparison, &tolerances->items[i], a, b);
}

static bool any(const struct compare_result *comparison, enum compare_verdict verdict) {
    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->rows[i].verdict == verdict)
            return true;
    return false;
}

/* Where most of what was measured in both may be our own lateness, the rest says little of B. */
static void check_lateness(struct compare_result *comparison) {
    size_t measured = 0, unfit = 0;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        measured += !isnan(row->a) && !isnan(row->b);
        unfit += row->late;
    }
    if (unfit > 0 && unfit >= measured - unfit)
        refuse_runs(comparison,
                    "we were late ourselves: %zu of %zu quantities may be of that alone", unfit,
                    measured);
}

static void conclude(struct compare_result *comparison) {
    comparison->result = comparison->reason_count > 0      ? COMPARE_NOT
                         : any(comparison, COMPARE_WORSE)  ? COMPARE_WORSE
                         : any(comparison, COMPARE_BETTER) ? COMPARE_BETTER
                                                           : COMPARE_SAME;
    comparison->exit_code = comparison->result == COMPARE_NOT     ? EXIT_INCONCLUSIVE
                            : comparison->result == COMPARE_WORSE ? EXIT_BROKE
                                                                  : EXIT_HELD;
}

void judge_compare(struct compare_result *comparison, const struct compare_side *a,
                   const struct compare_side *b, const struct compare_tolerances *tolerances) {
    *comparison = (struct compare_result){.survival_seconds = NAN};
    check_verdict(comparison, "A", a);
    check_verdict(comparison, "B", b);
    check_load(comparison, "A", a);
    check_load(comparison, "B", b);
    check_plans(comparison, a, b);
    if (a->record != NULL && b->record != NULL) {
        comparison->survival_seconds = survival_age(a, b);
        add_rows(comparison, a, b, tolerances);
    }
    comparison->broke =
        a->judgement->verdict == VERDICT_HELD && b->judgement->verdict == VERDICT_BROKE;
    if (comparison->reason_count == 0 && !any(comparison, COMPARE_WORSE))
        check_lateness(comparison);
    conclude(comparison);
}
