/* A rule in words. */
#include "report/requirement.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct words requirement_value(const struct rule *rule, double value) {
    if (!isfinite(value))
        return words_seconds(value); /* "not measured" */
    if (rule->percent)
        return words_percent(value);
    switch (rule->metric.unit) {
    case RULE_UNIT_DURATION: return words_seconds(value);
    case RULE_UNIT_RATE: return words_rate(value);
    case RULE_UNIT_BYTES: return words_bytes(llround(value));
    case RULE_UNIT_COUNT: return words_count((uint64_t)llround(value));
    case RULE_UNIT_RATIO:
    case RULE_UNIT_SHARE: break;
    }
    return words_number(value);
}

/* Where rounding would hide that it is not the bound, all digits. */
struct words requirement_measured(const struct requirement *requirement) {
    const struct rule *rule = &requirement->rule;
    struct words words = requirement_value(rule, requirement->actual);
    bool is_bound = requirement->actual <= rule->value && requirement->actual >= rule->value;
    if (!is_bound && strcmp(words.text, requirement_value(rule, rule->value).text) == 0)
        snprintf(words.text, sizeof words.text, "%.10g%s", requirement->actual,
                 rule_unit_sign(rule));
    return words;
}

struct words requirement_bound(const struct requirement *requirement) {
    static const char *const bounds[] = {"at least", "at most", "above", "below", "exactly"};
    const struct rule *rule = &requirement->rule;
    struct words words;
    snprintf(words.text, sizeof words.text, "%s %.36s", bounds[rule->op],
             requirement_value(rule, rule->value).text);
    return words;
}
