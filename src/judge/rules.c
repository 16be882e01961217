/* The rules of a run: which they are, and whether each holds. */
#include "judge/rules.h"

#include <math.h>

/* Without --require. */
static const struct rule_list default_rules = {
    .count = 2, .items = {{"opened>=100%", "default"}, {"lost<=0", "default"}}};

/* With --reconnect an ending is no breach: a fleet that is not whole, or a fault, is. */
static const struct rule_list refilled_rules = {
    .count = 2, .items = {{"live>=100%", "default"}, {"errored<=0", "default"}}};

bool rules_read(struct rules *rules, const struct plan *plan, struct refusal to) {
    const struct rule_list *list = &plan->options->require;
    if (list->count == 0)
        list = plan_reconnects(plan) ? &refilled_rules : &default_rules;
    rules->count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!rule_parse(&rules->items[rules->count++], &list->items[i], to))
            return false;
    return true;
}

/* What was not measured breaks every rule. */
static bool holds(const struct rule *rule, double actual) {
    if (isnan(actual))
        return false;
    switch (rule->op) {
    case RULE_AT_LEAST: return actual >= rule->value;
    case RULE_AT_MOST: return actual <= rule->value;
    case RULE_ABOVE: return actual > rule->value;
    case RULE_BELOW: return actual < rule->value;
    case RULE_EQUAL: return !(actual < rule->value) && !(actual > rule->value);
    }
    return false;
}

/* A rule on a ramp that was cut short; of one that was ended because of it, it is broken. */
static bool is_left_open(const struct rule *rule, const struct plan *plan,
                         const struct record *record) {
    return record->ramp_cut && rule->metric.of_ramp &&
           !(record->ended_by[0] != '\0' && !rule_can_hold(rule, plan, record));
}

void requirement_judge(struct requirement *requirement, const struct rule *rule,
                       const struct plan *plan, const struct record *record) {
    struct rule_measure measure = rule_measure(rule, plan, record);
    *requirement = (struct requirement){
        .rule = *rule,
        .actual = measure.actual,
        .part = measure.part,
        .whole = measure.whole,
        .result = is_left_open(rule, plan, record) ? RULE_NOT_JUDGED
                  : holds(rule, measure.actual)    ? RULE_OK
                                                   : RULE_BROKEN,
    };
}
