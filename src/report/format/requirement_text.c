/* A rule in words. */
#include "report/format/requirement_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct format_text requirement_text_value(const struct rule *rule, double value) {
    if (!isfinite(value))
        return format_seconds(value); /* "not measured" */
    if (rule->percent)
        return format_percent(value);
    switch (rule->metric.unit) {
    case RULE_UNIT_DURATION: return format_seconds(value);
    case RULE_UNIT_RATE: return format_rate(value);
    case RULE_UNIT_BYTES: return format_bytes(llround(value));
    case RULE_UNIT_COUNT: return format_count((uint64_t)llround(value));
    case RULE_UNIT_RATIO:
    case RULE_UNIT_SHARE: break;
    }
    return format_number(value);
}

/* Where rounding would hide that it is not the bound, all digits. */
struct format_text requirement_text_measured(const struct rule_requirement *requirement) {
    const struct rule *rule = &requirement->rule;
    struct format_text words = requirement_text_value(rule, requirement->actual);
    bool is_bound = requirement->actual <= rule->value && requirement->actual >= rule->value;
    if (!is_bound && strcmp(words.text, requirement_text_value(rule, rule->value).text) == 0)
        snprintf(words.text, sizeof words.text, "%.10g%s", requirement->actual,
                 rule_unit_sign(rule));
    return words;
}

struct format_text requirement_text_bound(const struct rule_requirement *requirement) {
    static const char *const bounds[] = {"at least", "at most", "above", "below", "exactly"};
    const struct rule *rule = &requirement->rule;
    struct format_text words;
    snprintf(words.text, sizeof words.text, "%s %.36s", bounds[rule->op],
             requirement_text_value(rule, rule->value).text);
    return words;
}
