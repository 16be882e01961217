/* The rules of a run: which they are, and whether each holds. */
#include "judge/rules/rules.h"

#include <math.h>

#include "options/options.h"

/* Without --require. */
static const struct option_rule_list default_rules = {
    .count = 2,
    .items = {{.text = "opened>=100%", .where = "default"},
              {.text = "lost<=0", .where = "default"}}};

/* With --reconnect an ending is no breach: a fleet that is not whole, or a fault, is. */
static const struct option_rule_list refilled_rules = {
    .count = 2,
    .items = {{.text = "live>=100%", .where = "default"},
              {.text = "errored<=0", .where = "default"}}};

bool rules_read(struct rules *rules, const struct plan *plan, struct refuse_buffer to) {
    const struct option_rule_list *list = &plan->options->require;
    if (list->count == 0)
        list = plan_reconnects(plan) ? &refilled_rules : &default_rules;
    rules->count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!rule_parse(&rules->items[rules->count++], &list->items[i], to))
            return false;
    return true;
}

/* A metric that was not measured breaks every rule. */
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
           !(record->ended_by[0] != '\0' && !rule_is_feasible(rule, plan, record));
}

/* Of which only the ends are known: what holds at some of it and not at all of it is left open. */
static enum rule_result result_over(const struct rule *rule, double low, double high) {
    bool at_low = holds(rule, low), at_high = holds(rule, high);
    if (at_low && at_high)
        return RULE_OK;
    bool between = rule->op == RULE_EQUAL && low < rule->value && rule->value < high;
    return at_low || at_high || between ? RULE_NOT_JUDGED : RULE_BROKEN;
}

void rule_requirement_judge(struct rule_requirement *requirement, const struct rule *rule,
                            const struct plan *plan, const struct record *record) {
    struct rule_measure measure = rule_measure(rule, plan, record);
    *requirement = (struct rule_requirement){
        .rule = *rule,
        .actual = measure.actual,
        .part = measure.part,
        .whole = measure.whole,
        .low = measure.low,
        .high = measure.high,
        .result = is_left_open(rule, plan, record) ? RULE_NOT_JUDGED
                                                   : result_over(rule, measure.low, measure.high),
    };
}
