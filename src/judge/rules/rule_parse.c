/* The grammar of rules: METRIC OP VALUE, and refusals that name the column. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge/rules/rules.h"
#include "options/options.h"

/* One rule being read. */
struct rule_parser {
    const struct option_written_rule *written;
    const char *at;
    struct refuse_buffer to;
};

/* One line: where, the rule, the column of `at`, and what is wrong there. */
__attribute__((format(printf, 3, 4))) static bool
refuse_at(const struct rule_parser *reading, const char *at, const char *format, ...) {
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return refuse(reading->to, "%s: \"%s\": column %zu: %s", reading->written->where,
                  refuse_quote(reading->written->text).text,
                  (size_t)(at - reading->written->text) + 1, what);
}

static void skip_blanks(struct rule_parser *reading) {
    while (*reading->at == ' ')
        reading->at++;
}

/* --- the metric --- */

bool rule_metric_resembles(struct rule_metric *best, const char *name) {
    size_t length = strlen(name), best_distance = 3;
    struct rule_metric metric;
    bool found = false;
    if (length < 3 || length >= RULE_METRIC_NAME_MAX)
        return false;
    for (size_t i = 0; rule_metric_at(&metric, i); i++) {
        size_t away = text_distance(name, metric.name);
        if (away < best_distance && away < length / 2 + 1) {
            *best = metric;
            best_distance = away;
            found = true;
        }
    }
    return found;
}

static bool unknown_metric(const struct rule_parser *reading, const char *at, const char *name) {
    struct rule_metric near;
    if (strncmp(name, "status", 6) == 0)
        return refuse_at(reading, at,
                         "unknown metric \"%s\": a status is status_404, a class status_5xx",
                         refuse_quote(name).text);
    if (rule_metric_resembles(&near, name))
        return refuse_at(reading, at, "unknown metric \"%s\" (did you mean \"%s\"?)",
                         refuse_quote(name).text, near.name);
    return refuse_at(reading, at,
                     "unknown metric \"%s\": accepted are opened, live, closed, errored, lost, "
                     "p50, p99, ramp, rate, status_5xx, every outcome by name, and all of "
                     "docs/rules.md",
                     refuse_quote(name).text);
}

static bool read_metric(struct rule_parser *reading, struct rule_metric *metric) {
    const char *start = reading->at;
    size_t length = strcspn(start, " <>=!");
    char name[RULE_TEXT_MAX + 1];
    snprintf(name, sizeof name, "%.*s", (int)length, start);
    if (length == 0)
        return refuse_at(reading, start,
                         "the metric is missing: METRIC OP VALUE is accepted, such as "
                         "live>=99.9%%");
    reading->at += length;
    return rule_metric_find(metric, name) || unknown_metric(reading, start, name);
}

/* --- the operator --- */

static bool read_op(struct rule_parser *reading, enum rule_op *op) {
    static const struct {
        const char *sign;
        enum rule_op op;
    } signs[] = {{">=", RULE_AT_LEAST},
                 {"<=", RULE_AT_MOST},
                 {"==", RULE_EQUAL},
                 {">", RULE_ABOVE},
                 {"<", RULE_BELOW}};
    size_t length = strspn(reading->at, "<>=!");
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (length != strlen(signs[i].sign) || strncmp(reading->at, signs[i].sign, length) != 0)
            continue;
        *op = signs[i].op;
        reading->at += length;
        return true;
    }
    if (length == 0)
        return refuse_at(reading, reading->at,
                         "an operator is missing: one of >= <= > < == is "
                         "accepted");
    return refuse_at(reading, reading->at, "\"%s\" is no operator: one of >= <= > < == is accepted",
                     refuse_quote_bytes(reading->at, length).text);
}

/* --- the value --- */

enum { DIGITS_MAX = 18 };

/* Digits with a point or without; what follows them is in *rest. */
static bool read_number(const char *text, double *value, const char **rest) {
    size_t whole = strspn(text, "0123456789"), length = whole;
    if (text[whole] == '.') {
        size_t decimals = strspn(text + whole + 1, "0123456789");
        length = decimals > 0 ? whole + 1 + decimals : 0;
    }
    if (whole == 0 || length == 0 || length > DIGITS_MAX)
        return false;
    char digits[DIGITS_MAX + 1];
    memcpy(digits, text, length);
    digits[length] = '\0';
    *value = strtod(digits, NULL);
    *rest = text + length;
    return true;
}

/* A number and the unit it is in. */
static bool read_scaled(const char *text, bool bytes, double *value) {
    static const struct {
        const char *name;
        double scale;
        bool bytes; /* of bytes only */
    } units[] = {{"", 1, false},         {"k", 1e3, false},      {"M", 1e6, false},
                 {"G", 1e9, false},      {"B", 1, true},         {"KiB", 1024, true},
                 {"MiB", 1 << 20, true}, {"GiB", 1 << 30, true}, {"kB", 1e3, true},
                 {"MB", 1e6, true},      {"GB", 1e9, true}};
    const char *unit;
    if (!read_number(text, value, &unit))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(units[i].name, unit) != 0 || (units[i].bytes && !bytes))
            continue;
        *value *= units[i].scale;
        return true;
    }
    return false;
}

static bool read_percent(const char *text, double *value) {
    const char *rest;
    return read_number(text, value, &rest) && strcmp(rest, "%") == 0;
}

static bool read_count(const char *text, double *value) {
    uint64_t count;
    if (!units_parse_count(text, &count))
        return false;
    *value = (double)count;
    return true;
}

static bool read_seconds(const char *text, double *value) {
    duration length;
    if (!units_parse_duration(text, &length))
        return false;
    *value = duration_seconds(length);
    return true;
}

static bool read_rate(const char *text, double *value) {
    struct units_rate rate;
    if (read_scaled(text, false, value))
        return true;
    if (!units_parse_rate(text, &rate))
        return false;
    *value = (double)rate.count / duration_seconds(rate.per);
    return true;
}

bool rule_read_value(struct rule *rule, const char *text) {
    const char *rest;
    rule->percent = text[0] != '\0' && text[strlen(text) - 1] == '%';
    switch (rule->metric.unit) {
    case RULE_UNIT_COUNT:
        if (rule->percent)
            return rule->metric.base != RULE_BASE_NONE && read_percent(text, &rule->value);
        return read_count(text, &rule->value);
    case RULE_UNIT_DURATION: return read_seconds(text, &rule->value);
    case RULE_UNIT_RATE: return read_rate(text, &rule->value);
    case RULE_UNIT_BYTES: return read_scaled(text, true, &rule->value);
    case RULE_UNIT_RATIO:
        return rule->percent ? read_percent(text, &rule->value)
                             : read_number(text, &rule->value, &rest) && *rest == '\0';
    case RULE_UNIT_SHARE: return read_percent(text, &rule->value);
    }
    return false;
}

const char *rule_value_accepted(const struct rule_metric *metric) {
    switch (metric->unit) {
    case RULE_UNIT_COUNT: break;
    case RULE_UNIT_DURATION: return "a duration is accepted, such as 50ms or 12s";
    case RULE_UNIT_RATE: return "a rate a second is accepted, such as 640, 1.5k or 10/10ms";
    case RULE_UNIT_BYTES: return "a number of bytes is accepted, such as 20MiB or 1M";
    case RULE_UNIT_RATIO: return "a number or a percentage is accepted, such as 0.99 or 99%";
    case RULE_UNIT_SHARE: return "a percentage of one core is accepted, such as 50%";
    }
    switch (metric->base) {
    case RULE_BASE_TARGET:
        return "a count or a percentage of --connections is accepted, such as 10k or 99.9%";
    case RULE_BASE_ATTEMPTED:
        return "a count or a percentage of attempted is accepted, such as 0, 10 or 0.1%";
    case RULE_BASE_SENT:
    case RULE_BASE_SERVER:
        return "a count or a percentage of sent is accepted, such as 0, 10k or 99.9%";
    case RULE_BASE_NONE: break;
    }
    return "a count is accepted, such as 100 or 10k";
}

bool rule_value_lacks_unit(const struct rule_metric *metric, const char *text) {
    double value;
    const char *rest;
    return metric->unit == RULE_UNIT_DURATION && read_number(text, &value, &rest) &&
           *rest == '\0' && value > 0;
}

static bool refuse_bare(const struct rule_parser *reading, const char *value) {
    const char *text = reading->written->text;
    int length = (int)(reading->at - text + (ptrdiff_t)strlen(value));
    return refuse_at(reading, reading->at,
                     "\"%s\" has no unit: a time needs one, \"%.*sms\" is accepted, or \"%.*ss\" "
                     "for seconds",
                     value, length, text, length, text);
}

/* The rest of the text, less the blanks behind it. */
static bool read_value(const struct rule_parser *reading, struct rule *rule) {
    char value[RULE_TEXT_MAX + 1];
    snprintf(value, sizeof value, "%s", reading->at);
    size_t length = strlen(value);
    while (length > 0 && value[length - 1] == ' ')
        value[--length] = '\0';
    if (length == 0)
        return refuse_at(reading, reading->at, "the value of %s is missing: %s", rule->metric.name,
                         rule_value_accepted(&rule->metric));
    if (!reading->written->bare_seconds && rule_value_lacks_unit(&rule->metric, value))
        return refuse_bare(reading, value);
    return rule_read_value(rule, value) ||
           refuse_at(reading, reading->at, "\"%s\" is no value of %s: %s", refuse_quote(value).text,
                     rule->metric.name, rule_value_accepted(&rule->metric));
}

bool rule_parse(struct rule *rule, const struct option_written_rule *written,
                struct refuse_buffer to) {
    struct rule_parser reading = {written, written->text, to};
    *rule = (struct rule){0};
    skip_blanks(&reading);
    if (!read_metric(&reading, &rule->metric))
        return false;
    skip_blanks(&reading);
    if (!read_op(&reading, &rule->op))
        return false;
    skip_blanks(&reading);
    if (!read_value(&reading, rule))
        return false;
    snprintf(rule->expression, sizeof rule->expression, "%s", written->text);
    return true;
}
