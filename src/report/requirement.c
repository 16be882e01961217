/* A rule in words. */
#include "report/requirement.h"

#include <stdio.h>

static struct words in_unit(const struct rule *rule, double value) {
    return rule->percent ? words_percent(value) : words_number(value);
}

const char *requirement_metric(const struct requirement *requirement) {
    return requirement->rule.metric;
}

struct words requirement_measured(const struct requirement *requirement) {
    return in_unit(&requirement->rule, requirement->actual);
}

struct words requirement_bound(const struct requirement *requirement) {
    const struct rule *rule = &requirement->rule;
    struct words words;
    snprintf(words.text, sizeof words.text, "%s %.36s",
             rule->op == RULE_AT_LEAST ? "at least" : "at most", in_unit(rule, rule->value).text);
    return words;
}
