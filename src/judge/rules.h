/* Rules: METRIC OP VALUE over everything a report says, read, measured and judged. */
#ifndef JUDGE_RULES_H
#define JUDGE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "plan/plan.h"
#include "plan/refuse.h"
#include "stats/record.h"

/* What a metric is measured in, and so what its rule's VALUE may be. */
enum rule_unit {
    RULE_UNIT_COUNT,    /* a count, or a percentage of its base */
    RULE_UNIT_DURATION, /* seconds */
    RULE_UNIT_RATE,     /* a second */
    RULE_UNIT_BYTES,
    RULE_UNIT_RATIO, /* a number, or a percentage */
    RULE_UNIT_SHARE  /* a percentage */
};

/* What a percentage of a count or ratio is of. */
enum rule_base {
    RULE_BASE_NONE,
    RULE_BASE_TARGET, /* -c */
    RULE_BASE_ATTEMPTED,
    RULE_BASE_SENT,
    RULE_BASE_SERVER /* requests sent while the server's count was watched */
};

/* How our own lateness may explain that a rule on the metric is broken. */
enum rule_excuse {
    RULE_EXCUSE_NEVER,
    RULE_EXCUSE_OPENED,
    RULE_EXCUSE_LIVE,
    RULE_EXCUSE_ERRORED,
    RULE_EXCUSE_LOST,
    RULE_EXCUSE_ANSWERED,
    RULE_EXCUSE_DIALS,   /* it counts connects that were late */
    RULE_EXCUSE_ANSWERS, /* it counts answers that were late */
    RULE_EXCUSE_LATENCY
};

enum { RULE_METRIC_NAME_MAX = 32 };

struct rule_metric {
    char name[RULE_METRIC_NAME_MAX];
    enum rule_unit unit;
    enum rule_base base;
    bool of_ramp; /* not judged when the ramp was cut short */
    enum rule_excuse excuse;
    const char *help;
    /* Where it is found: a row of rule_metrics.def; an outcome; a figure of a distribution; the
     * statuses low..high. */
    enum { RULE_OF_ROW, RULE_OF_OUTCOME, RULE_OF_FIGURE, RULE_OF_STATUS } kind;
    int which, figure, low, high;
};

/* The metric of that name; false when there is none. */
bool rule_metric_find(struct rule_metric *metric, const char *name);
/* The metrics one after another, statuses left out, of which there are too many; false after the
 * last. */
bool rule_metric_at(struct rule_metric *metric, size_t index);
/* "--connections", "attempted"...; NULL for RULE_BASE_NONE. */
const char *rule_base_name(enum rule_base base);

enum rule_op { RULE_AT_LEAST, RULE_AT_MOST, RULE_ABOVE, RULE_BELOW, RULE_EQUAL };

struct rule {
    char expression[RULE_TEXT_MAX + 1]; /* as it was written */
    struct rule_metric metric;
    enum rule_op op;
    double value; /* seconds, bytes, a second, a count; percent when that is so */
    bool percent;
};

/* Reads METRIC OP VALUE; blanks may stand between them. false and one line that names the column
 * when it is none. */
bool rule_parse(struct rule *rule, const struct written_rule *written, struct refusal to);

/* A VALUE of rule->metric into rule->value and rule->percent; false when it is none. */
bool rule_read_value(struct rule *rule, const char *text);
/* What would be read, in words: "a duration is accepted, such as 50ms or 12s". */
const char *rule_value_accepted(const struct rule_metric *metric);
/* The metric whose name a mistyped one resembles; false when none does. */
bool rule_metric_resembles(struct rule_metric *metric, const char *name);

struct rules {
    size_t count;
    struct rule items[RULES_MAX];
};

/* The rules of a plan: those asked for; without, the contract's own. false and one line when one
 * does not parse. */
bool rules_read(struct rules *rules, const struct plan *plan, struct refusal to);

/* What stands behind a value of it: " %", " s", " /s", " B", or "". */
const char *rule_unit_sign(const struct rule *rule);

/* What was measured. part and whole: what a percentage is made of. NAN: not measured. */
struct rule_measure {
    double actual; /* in the rule's unit */
    double part, whole;
};
struct rule_measure rule_measure(const struct rule *rule, const struct plan *plan,
                                 const struct record *record);

enum rule_result { RULE_OK, RULE_BROKEN, RULE_NOT_JUDGED };

struct requirement {
    struct rule rule;
    double actual; /* in the rule's unit; NAN: not measured, which breaks it */
    double part, whole;
    enum rule_result result;
};

/* One rule over a run that is over. */
void requirement_judge(struct requirement *requirement, const struct rule *rule,
                       const struct plan *plan, const struct record *record);

/* In the middle of a run, of which record is so far: false when nothing that may still happen can
 * make the rule hold at the end. Percentiles, means and whatever else may recover always can. */
bool rule_can_hold(const struct rule *rule, const struct plan *plan, const struct record *record);

/* Whether a broken rule rests on deadlines or latencies alone, and we ourselves were late by more
 * than a tenth of them. */
bool requirement_rests_on_our_lateness(const struct requirement *requirement,
                                       const struct plan *plan, const struct record *record);

/* docs/rules.md. */
void rules_print_markdown(FILE *out);

#endif
