/* Tolerances: METRIC=VALUE, read as rules read their values. */
#include <stdio.h>
#include <string.h>

#include "judge/verdict/compare.h"

/* No metrics of rules: they are of the judgement. */
static const struct rule_metric judged[] = {{.name = "survival", .unit = RULE_UNIT_SHARE},
                                            {.name = "rules_broken", .unit = RULE_UNIT_COUNT}};

bool compare_metric_find(struct rule_metric *metric, const char *name) {
    for (size_t i = 0; i < sizeof judged / sizeof judged[0]; i++) {
        if (strcmp(name, judged[i].name) != 0)
            continue;
        *metric = judged[i];
        return true;
    }
    return rule_metric_find(metric, name);
}

/* Percent of something that the metric is a share of, rather than of A's value. */
static bool is_share(const struct rule_metric *metric) {
    return metric->base != RULE_BASE_NONE || metric->unit == RULE_UNIT_SHARE;
}

static bool read_part(struct compare_tolerance *tolerance, const char *text) {
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

/* Behind a comma, or all of it. */
static const char *value_of(const char *text) {
    const char *comma = strchr(text, ',');
    return comma != NULL ? comma + 1 : text;
}

/* One part, or a percentage and a value with a comma between them. */
static bool read_value(struct compare_tolerance *tolerance, const char *text) {
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

static bool refuse_metric(const char *name, struct refuse_buffer to) {
    struct rule_metric near;
    if (rule_metric_resembles(&near, name))
        return refuse(to, "--tolerance: unknown metric \"%s\" (did you mean \"%s\"?)",
                      refuse_quote(name).text, near.name);
    return refuse(to,
                  "--tolerance: unknown metric \"%s\": those of docs/rules.md, survival and "
                  "rules_broken are accepted",
                  refuse_quote(name).text);
}

bool compare_tolerance_parse(struct compare_tolerances *tolerances, const char *text,
                             struct refuse_buffer to) {
    const char *equals = strchr(text, '=');
    char name[RULE_TEXT_MAX + 1];
    if (equals == NULL || strlen(text) > RULE_TEXT_MAX)
        return refuse(to, "--tolerance: \"%s\": METRIC=VALUE is accepted, such as p99=20%%",
                      refuse_quote(text).text);
    if (tolerances->count == TOLERANCES_MAX)
        return refuse(to, "--tolerance: more than %d: at most %d are accepted", TOLERANCES_MAX,
                      TOLERANCES_MAX);
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    struct compare_tolerance *tolerance = &tolerances->items[tolerances->count];
    *tolerance = (struct compare_tolerance){.asked = true};
    if (!compare_metric_find(&tolerance->metric, name))
        return refuse_metric(name, to);
    for (size_t i = 0; i < tolerances->count; i++)
        if (strcmp(tolerances->items[i].metric.name, name) == 0)
            return refuse(to, "--tolerance: %s: given twice: once is accepted", name);
    tolerances->count++;
    if (rule_value_lacks_unit(&tolerance->metric, value_of(equals + 1)))
        return refuse(to,
                      "--tolerance: \"%s\" has no unit: a time needs one, \"%sms\" is accepted, or "
                      "\"%ss\" for seconds",
                      value_of(equals + 1), text, text);
    return read_value(tolerance, equals + 1) ||
           refuse(to, "--tolerance: \"%s\" is no tolerance of %s: %s%s, or any",
                  refuse_quote(equals + 1).text, name,
                  is_share(&tolerance->metric) ? "" : "percent of A's value, such as 20%, or ",
                  rule_value_accepted(&tolerance->metric));
}
