/* Tolerances: METRIC=VALUE, read as rules read their values. */
#include <stdio.h>
#include <string.h>

#include "judge/compare.h"

/* Not a metric of rules: it is of the judgement. */
static const struct rule_metric survival = {.name = "survival", .unit = RULE_UNIT_SHARE};

bool compare_metric_find(struct rule_metric *metric, const char *name) {
    if (strcmp(name, survival.name) != 0)
        return rule_metric_find(metric, name);
    *metric = survival;
    return true;
}

/* Percent of something that the metric is a share of, rather than of A's value. */
static bool is_share(const struct rule_metric *metric) {
    return metric->base != RULE_BASE_NONE || metric->unit == RULE_UNIT_SHARE;
}

static bool read_part(struct tolerance *tolerance, const char *text) {
    struct rule rule = {.metric = tolerance->metric};
    size_t length = strlen(text);
    bool percent = length > 0 && text[length - 1] == '%';
    if (percent && !is_share(&rule.metric)) {
        rule.metric.unit = RULE_UNIT_SHARE;
        if (!rule_read_value(&rule, text))
            return false;
        tolerance->relative = rule.value;
        return true;
    }
    if (!rule_read_value(&rule, text))
        return false;
    tolerance->absolute = rule.value;
    tolerance->percent = rule.percent;
    return true;
}

/* One part, or a percentage and a value with a comma between them. */
static bool read_value(struct tolerance *tolerance, const char *text) {
    char first[RULE_TEXT_MAX + 1];
    const char *comma = strchr(text, ',');
    if (strcmp(text, "any") == 0) {
        tolerance->any = true;
        tolerance->percent = is_share(&tolerance->metric);
        return true;
    }
    if (comma == NULL)
        return read_part(tolerance, text);
    snprintf(first, sizeof first, "%.*s", (int)(comma - text), text);
    return !is_share(&tolerance->metric) && read_part(tolerance, first) &&
           tolerance->relative > 0 && read_part(tolerance, comma + 1);
}

static bool refuse_metric(const char *name, struct refusal to) {
    struct rule_metric near;
    if (rule_metric_resembles(&near, name))
        return refuse(to, "--tolerance: unknown metric \"%s\" (did you mean \"%s\"?)",
                      shown_text(name).text, near.name);
    return refuse(to,
                  "--tolerance: unknown metric \"%s\": those of docs/rules.md, and survival, are "
                  "accepted",
                  shown_text(name).text);
}

bool tolerance_parse(struct tolerances *tolerances, const char *text, struct refusal to) {
    const char *equals = strchr(text, '=');
    char name[RULE_TEXT_MAX + 1];
    if (equals == NULL || strlen(text) > RULE_TEXT_MAX)
        return refuse(to, "--tolerance: \"%s\": METRIC=VALUE is accepted, such as p99=20%%",
                      shown_text(text).text);
    if (tolerances->count == TOLERANCES_MAX)
        return refuse(to, "--tolerance: more than %d: at most %d are accepted", TOLERANCES_MAX,
                      TOLERANCES_MAX);
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    struct tolerance *tolerance = &tolerances->items[tolerances->count];
    *tolerance = (struct tolerance){.asked = true};
    if (!compare_metric_find(&tolerance->metric, name))
        return refuse_metric(name, to);
    for (size_t i = 0; i < tolerances->count; i++)
        if (strcmp(tolerances->items[i].metric.name, name) == 0)
            return refuse(to, "--tolerance: %s: given twice: once is accepted", name);
    tolerances->count++;
    return read_value(tolerance, equals + 1) ||
           refuse(to, "--tolerance: \"%s\" is no tolerance of %s: %s%s, or any",
                  shown_text(equals + 1).text, name,
                  is_share(&tolerance->metric) ? "" : "percent of A's value, such as 20%, or ",
                  rule_value_accepted(&tolerance->metric));
}
