/* A run held against a baseline: what is worse, better or the same, within tolerances; pure. */
#ifndef JUDGE_VERDICT_COMPARE_H
#define JUDGE_VERDICT_COMPARE_H

#include "judge/verdict/judgement.h"
#include "plan/plan_differ.h"

/* How far one quantity may be off. */
struct compare_tolerance {
    struct rule_metric metric;
    bool percent;    /* measured as a share, and `absolute` is in percentage points */
    bool any;        /* shown, and never judged */
    bool asked;      /* by --tolerance: taken at its word, without an allowance for luck */
    double relative; /* percent of A's value */
    double absolute; /* in the metric's unit */
};

enum { TOLERANCES_MAX = 64, COMPARE_ROWS_MAX = 192, COMPARE_REASONS_MAX = 24 };

struct compare_tolerances {
    size_t count;
    struct compare_tolerance items[TOLERANCES_MAX];
};

/* Reads METRIC=VALUE: VALUE is a percentage (points of a share; of the rest percent of A's value),
 * a value in the metric's unit, both with a comma between them (the larger counts), or "any". The
 * metrics are those of rules, and survival. false and one line when it is none. */
bool compare_tolerance_parse(struct compare_tolerances *tolerances, const char *text,
                             struct refuse_buffer to);

/* A metric of rules, or survival, by its name; false when there is none. */
bool compare_metric_find(struct rule_metric *metric, const char *name);

enum compare_verdict { COMPARE_SAME, COMPARE_BETTER, COMPARE_WORSE, COMPARE_NOT };
const char *compare_verdict_name(enum compare_verdict verdict); /* "same", ..., "not_comparable" */

struct compare_row {
    struct rule rule;         /* its metric and `percent` say what it is measured in */
    double a, b;              /* NAN: not measured */
    double change, tolerance; /* b - a; in the same unit; INFINITY: any change will do */
    enum compare_verdict verdict;
    const char *why; /* of COMPARE_NOT; "" otherwise */
    bool late;       /* it is not comparable because we were late ourselves */
};

/* The result is not comparable where the runs are not, then worse where any row is, then better
 * where any row is. */
struct compare_result {
    enum compare_verdict result;
    int exit_code;           /* 0: no worse, 1: worse, 4: not comparable */
    bool broke;              /* B broke a rule, and A held all of its own */
    double survival_seconds; /* the age at which survival was compared; NAN */
    size_t reason_count;     /* why they are not comparable */
    char reasons[COMPARE_REASONS_MAX][300];
    size_t count;
    struct compare_row rows[COMPARE_ROWS_MAX];
};

/* One of two runs. record NULL: no load was sent. */
struct compare_side {
    const struct plan *plan;
    const struct record *record;
    const struct judgement *judgement;
};

void judge_compare(struct compare_result *comparison, const struct compare_side *a,
                   const struct compare_side *b, const struct compare_tolerances *tolerances);

#endif
