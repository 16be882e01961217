/* Rules: METRIC OP VALUE over everything a report says, read, measured and judged. */
#ifndef JUDGE_RULES_RULES_H
#define JUDGE_RULES_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/refuse.h"
#include "plan/plan.h"
#include "stats/record.h"

struct option_written_rule;

/* The unit of a metric, and so of its rule's VALUE. */
enum rule_unit {
    RULE_UNIT_COUNT,    /* a count, or a percentage of its base */
    RULE_UNIT_DURATION, /* seconds */
    RULE_UNIT_RATE,     /* a second */
    RULE_UNIT_BYTES,
    RULE_UNIT_RATIO, /* a number, or a percentage */
    RULE_UNIT_SHARE  /* a percentage */
};

/* The base of a percentage of a count or ratio. */
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
    RULE_EXCUSE_CLOSED,  /* it counts closes that may be for our being late to ask */
    RULE_EXCUSE_RESETS,  /* the same by RST */
    RULE_EXCUSE_RATE,    /* a mean over a hold in which we stood still */
    RULE_EXCUSE_RAMP,
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
bool rule_parse(struct rule *rule, const struct option_written_rule *written,
                struct refuse_buffer to);

/* A VALUE of rule->metric into rule->value and rule->percent; false when it is none. */
bool rule_read_value(struct rule *rule, const char *text);
/* The values that are accepted, in words: "a duration is accepted, such as 50ms or 12s". */
const char *rule_value_accepted(const struct rule_metric *metric);
/* Whether it is a time in numbers alone, which one reads as milliseconds and another as seconds.
 * Zero is the same in both. */
bool rule_value_lacks_unit(const struct rule_metric *metric, const char *text);
/* The metric whose name a mistyped one resembles; false when none does. */
bool rule_metric_resembles(struct rule_metric *metric, const char *name);

struct rules {
    size_t count;
    struct rule items[RULES_MAX];
};

/* The rules of a plan: those asked for; without, the contract's own. false and one line when one
 * does not parse. */
bool rules_read(struct rules *rules, const struct plan *plan, struct refuse_buffer to);

/* A measured value as the texts of a verdict have it: "186 ms", "11.97 %"; all digits where
 * rounding would hide that it is not the bound. 48 bytes are enough. */
const char *rule_measured_text(char *to, size_t size, const struct rule *rule, double value);
/* The sign behind a value: " %", " s", " /s", " B", or "". */
const char *rule_unit_sign(const struct rule *rule);

/* A measured value. part and whole: of which a percentage is made. NAN: not measured. */
struct rule_measure {
    double actual; /* in the rule's unit */
    double part, whole;
    double low, high; /* where only that much is known: actual lies between */
};
struct rule_measure rule_measure(const struct rule *rule, const struct plan *plan,
                                 const struct record *record);

enum rule_result { RULE_OK, RULE_BROKEN, RULE_NOT_JUDGED };

struct rule_requirement {
    struct rule rule;
    double actual; /* in the rule's unit; NAN: not measured, which breaks it */
    double part, whole;
    double low, high; /* actual lies between, where only that much is known */
    enum rule_result result;
};

/* One rule over a run that is over. */
void rule_requirement_judge(struct rule_requirement *requirement, const struct rule *rule,
                            const struct plan *plan, const struct record *record);

/* In the middle of a run, of which record is so far: false when nothing that may still happen can
 * make the rule hold at the end. Percentiles, means and whatever else may recover always can. */
bool rule_is_feasible(const struct rule *rule, const struct plan *plan,
                      const struct record *record);

/* A figure of a distribution, for a metric of RULE_OF_FIGURE. */
double rule_figure(const struct rule_metric *metric, const struct figures *figures);
/* min, mean and p50, rather than the tail. */
bool rule_is_middling(const struct rule_metric *metric);

/* How much of a latency is our own lateness, in seconds: what is known, and what it may be at most;
 * 0 of any other metric. */
struct rule_lateness {
    double known, most;
};
struct rule_lateness rule_lateness(const struct rule_metric *metric, const struct record *record);

/* Whether a broken rule rests on deadlines or latencies alone, and we ourselves were late by more
 * than a tenth of them. */
bool lateness_excuses_requirement(const struct rule_requirement *requirement,
                                  const struct plan *plan, const struct record *record);

/* docs/rules.md. */
void rules_markdown(FILE *out);

#endif
