/* The metrics of rules: their names, and how each is measured from a record. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "judge/rules/rules.h"

enum { RULE_RAMP_RAMP = true, RULE_RAMP_ALWAYS = false };

/* --- the rows --- */

enum rule_metric_row {
#define RULE_METRIC(name, unit, base, ramp, excuse, measured, help) ROW_##name,
#include "judge/rules/rule_metrics.def"
#undef RULE_METRIC
    ROW_COUNT
};

static const struct rule_metric rows[ROW_COUNT] = {
#define RULE_METRIC(name_, unit_, base_, ramp_, excuse_, measured_, help_)                         \
    [ROW_##name_] = {.name = #name_,                                                               \
                     .unit = RULE_UNIT_##unit_,                                                    \
                     .base = RULE_BASE_##base_,                                                    \
                     .of_ramp = RULE_RAMP_##ramp_,                                                 \
                     .excuse = RULE_EXCUSE_##excuse_,                                              \
                     .help = help_,                                                                \
                     .kind = RULE_OF_ROW,                                                          \
                     .which = ROW_##name_},
#include "judge/rules/rule_metrics.def"
#undef RULE_METRIC
};

static double cpu_seconds(const struct record *record) {
    return record->cpu_user_seconds + record->cpu_system_seconds;
}

static double cpu_percent(const struct record *record) {
    double wall = record_wall_seconds(record);
    return wall > 0 ? 100 * cpu_seconds(record) / wall : (double)NAN;
}

static double each(double whole, uint64_t count) {
    return count > 0 ? whole / (double)count : (double)NAN;
}

static double measure_row(enum rule_metric_row row, const struct record *record,
                          const struct server_whole *server) {
    const struct tally_counts *counts = &record->total.counts;
    switch (row) {
#define RULE_METRIC(name, unit, base, ramp, excuse, measured, help)                                \
    case ROW_##name:                                                                               \
        return (double)(measured);
#include "judge/rules/rule_metrics.def"
#undef RULE_METRIC
    case ROW_COUNT: break;
    }
    return NAN;
}

/* --- figures: latency, and with a prefix the other distributions --- */

static const struct {
    const char *prefix;
    enum tally_distribution distribution;
    const char *help;
} families[] = {
    {"", DISTRIBUTION_LATENCY, "of the latency: from when a request was due to its answer's end"},
    {"service_", DISTRIBUTION_SERVICE, "of the service time: from its sending on"},
    {"connect_", DISTRIBUTION_CONNECT, "of the time from a connect to its end"},
    {"handshake_", DISTRIBUTION_HANDSHAKE, "of the time from TCP established to TLS done (https)"},
    {"lateness_", DISTRIBUTION_LATENESS, "of the time from due to sent (--rate)"},
    {"refill_", DISTRIBUTION_REFILL,
     "of the time from an ending until the connection is live again (--reconnect)"},
};

static const struct {
    const char *name;
    size_t offset;
} figures[] = {
    {"min", offsetof(struct figures, min)},   {"mean", offsetof(struct figures, mean)},
    {"p50", offsetof(struct figures, p50)},   {"p90", offsetof(struct figures, p90)},
    {"p95", offsetof(struct figures, p95)},   {"p99", offsetof(struct figures, p99)},
    {"p999", offsetof(struct figures, p999)}, {"max", offsetof(struct figures, max)},
};

enum {
    FAMILIES = sizeof families / sizeof families[0],
    FIGURES = sizeof figures / sizeof figures[0]
};

static struct rule_metric metric_of_figure(int family, int figure) {
    struct rule_metric metric = {.unit = RULE_UNIT_DURATION,
                                 .excuse = RULE_EXCUSE_LATENCY,
                                 .help = families[family].help,
                                 .kind = RULE_OF_FIGURE,
                                 .which = (int)families[family].distribution,
                                 .figure = figure};
    snprintf(metric.name, sizeof metric.name, "%s%s", families[family].prefix,
             figures[figure].name);
    return metric;
}

double rule_figure(const struct rule_metric *metric, const struct figures *of) {
    double value;
    memcpy(&value, (const char *)of + figures[metric->figure].offset, sizeof value);
    return of->count > 0 ? value : (double)NAN;
}

static double measure_figure(const struct rule_metric *metric, const struct record *record) {
    struct figures of = record_figures(record, (enum tally_distribution)metric->which);
    return rule_figure(metric, &of);
}

/* --- outcomes --- */

static struct rule_metric metric_of_outcome(enum outcome outcome) {
    bool answers = outcome == OUTCOME_response_timeout || outcome == OUTCOME_silent;
    struct rule_metric metric = {.unit = RULE_UNIT_COUNT,
                                 .base = RULE_BASE_ATTEMPTED,
                                 .excuse = outcome == OUTCOME_connect_timeout ? RULE_EXCUSE_DIALS
                                           : outcome == OUTCOME_closed_idle   ? RULE_EXCUSE_CLOSED
                                           : outcome == OUTCOME_reset_idle    ? RULE_EXCUSE_RESETS
                                           : answers                          ? RULE_EXCUSE_ANSWERS
                                                                              : RULE_EXCUSE_NEVER,
                                 .help = outcome_text(outcome),
                                 .kind = RULE_OF_OUTCOME,
                                 .which = (int)outcome};
    snprintf(metric.name, sizeof metric.name, "%s", outcome_name(outcome));
    return metric;
}

static double measure_outcome(enum outcome outcome, const struct tally_counts *counts) {
    return (double)(outcome_is_drain(outcome) ? counts->drain : counts->outcomes)[outcome];
}

/* --- statuses --- */

/* "status_404", "status_5xx". */
static bool find_status(struct rule_metric *metric, const char *name) {
    static const char prefix[] = "status_";
    const char *digits = name + strlen(prefix);
    if (strncmp(name, prefix, strlen(prefix)) != 0 || strlen(digits) != 3 || digits[0] < '1' ||
        digits[0] > '9')
        return false;
    bool whole_class = strcmp(digits + 1, "xx") == 0;
    if (!whole_class &&
        !(ascii_is_digit((unsigned char)digits[1]) && ascii_is_digit((unsigned char)digits[2])))
        return false;
    int low = 100 * (digits[0] - '0');
    if (!whole_class)
        low += 10 * (digits[1] - '0') + (digits[2] - '0');
    *metric = (struct rule_metric){.unit = RULE_UNIT_COUNT,
                                   .base = RULE_BASE_SENT,
                                   .help = "answers with such a status",
                                   .kind = RULE_OF_STATUS,
                                   .low = low,
                                   .high = whole_class ? low + 99 : low};
    snprintf(metric->name, sizeof metric->name, "%s", name);
    return true;
}

static double measure_status(const struct rule_metric *metric, const struct tally_counts *counts) {
    uint64_t sum = 0;
    for (int i = metric->low; i <= metric->high; i++)
        sum += counts->statuses[i];
    return (double)sum;
}

/* --- all of them --- */

bool rule_metric_at(struct rule_metric *metric, size_t index) {
    if (index < ROW_COUNT) {
        *metric = rows[index];
        return true;
    }
    index -= ROW_COUNT;
    if (index < FAMILIES * FIGURES) {
        *metric = metric_of_figure((int)(index / FIGURES), (int)(index % FIGURES));
        return true;
    }
    index -= FAMILIES * FIGURES;
    if (index < OUTCOME_COUNT)
        *metric = metric_of_outcome((enum outcome)index);
    return index < OUTCOME_COUNT;
}

bool rule_metric_find(struct rule_metric *metric, const char *name) {
    for (size_t i = 0; rule_metric_at(metric, i); i++)
        if (strcmp(metric->name, name) == 0)
            return true;
    return find_status(metric, name);
}

const char *rule_base_name(enum rule_base base) {
    static const char *const names[] = {NULL, "--connections", "attempted", "sent", "sent"};
    return names[base];
}

const char *rule_unit_sign(const struct rule *rule) {
    static const char *const signs[] = {"", " s", " /s", " B", "", " %"};
    return rule->percent ? " %" : signs[rule->metric.unit];
}

static void value_text(char *to, size_t size, const struct rule *rule, double value) {
    if (!rule->percent && rule->metric.unit == RULE_UNIT_DURATION)
        units_human_duration(to, size, llround(value * 1e9));
    else if (!rule->percent && rule->metric.unit == RULE_UNIT_BYTES)
        units_human_bytes(to, size, (uint64_t)llround(value));
    else
        snprintf(to, size, rule->percent ? "%.4g%s" : "%.10g%s", value, rule_unit_sign(rule));
}

const char *rule_measured_text(char *to, size_t size, const struct rule *rule, double value) {
    char bound[64];
    value_text(to, size, rule, value);
    value_text(bound, sizeof bound, rule, rule->value);
    bool is_bound = value <= rule->value && value >= rule->value;
    if (!is_bound && strcmp(to, bound) == 0)
        snprintf(to, size, "%.10g%s", value, rule_unit_sign(rule));
    return to;
}

static double base_of(const struct rule_metric *metric, const struct plan *plan,
                      const struct tally_counts *counts, const struct server_whole *server) {
    switch (metric->base) {
    case RULE_BASE_TARGET: return (double)plan->connections;
    case RULE_BASE_ATTEMPTED: return (double)counts->attempted;
    case RULE_BASE_SENT: return (double)counts->sent;
    case RULE_BASE_SERVER: return (double)server->client_sent;
    case RULE_BASE_NONE: break;
    }
    return NAN;
}

static double part_of(const struct rule_metric *metric, const struct record *record,
                      const struct server_whole *server) {
    const struct tally_counts *counts = &record->total.counts;
    switch (metric->kind) {
    case RULE_OF_OUTCOME: return measure_outcome((enum outcome)metric->which, counts);
    case RULE_OF_FIGURE: return measure_figure(metric, record);
    case RULE_OF_STATUS: return measure_status(metric, counts);
    case RULE_OF_ROW: break;
    }
    return measure_row((enum rule_metric_row)metric->which, record, server);
}

/* In the rule's unit; of a part of nothing NAN. */
static double actual_of(const struct rule *rule, double part, double whole) {
    enum rule_unit unit = rule->metric.unit;
    double actual = part;
    /* One division, and last: 9 990 of 10 000 are the very number that "99.9" stands for. */
    if (unit != RULE_UNIT_SHARE && rule->percent)
        actual = part * 100 / whole;
    else if (unit == RULE_UNIT_RATIO)
        actual = part / whole;
    return isnan(actual) || (isinf(actual) && !isinf(part)) ? NAN : actual;
}

static struct server_whole at_band_end(const struct server_whole *server, bool high) {
    struct server_whole end = *server;
    bool open = server->band.high == UINT64_MAX;
    end.requests = high ? server->band.high : server->band.low;
    end.per_second_mean = high ? server->per_second_mean : server->per_second_mean_min;
    if (high && open && server->counted)
        end.per_second_mean = INFINITY;
    return end;
}

struct rule_measure rule_measure(const struct rule *rule, const struct plan *plan,
                                 const struct record *record) {
    const struct rule_metric *metric = &rule->metric;
    struct server_whole server =
        server_whole(&record->server, &record->server_log, &record->server_process);
    struct server_whole least = at_band_end(&server, false), most = at_band_end(&server, true);
    struct rule_measure measure = {
        .part = part_of(metric, record, &server),
        .whole = base_of(metric, plan, &record->total.counts, &server),
    };
    measure.actual = actual_of(rule, measure.part, measure.whole);
    measure.low = actual_of(rule, part_of(metric, record, &least), measure.whole);
    measure.high = actual_of(rule, part_of(metric, record, &most), measure.whole);
    return measure;
}
