/* The judgement: the verdict on a run or its preflight, and everything it rests on. */
#ifndef JUDGE_VERDICT_JUDGEMENT_H
#define JUDGE_VERDICT_JUDGEMENT_H

#include "judge/diagnose/closings.h"
#include "judge/diagnose/survival.h"
#include "judge/finding.h"
#include "judge/rules/rules.h"
#include "stats/record.h"

enum { REASONS_MAX = RULES_MAX + 12 };

enum verdict {
    VERDICT_HELD,
    VERDICT_BROKE,
    VERDICT_INCONCLUSIVE,
    VERDICT_UNFIT,
    VERDICT_NO_TARGET
};
const char *verdict_name(enum verdict verdict); /* "held", ..., as in the JSON report */

struct capacity;
struct setup;

struct judgement {
    enum verdict verdict;
    int exit_code;
    size_t reason_count;
    char reasons[REASONS_MAX][300];
    size_t requirement_count;
    struct rule_requirement requirements[RULES_MAX];
    struct findings findings;
    struct survival survival;        /* of connections: of a run only */
    struct closings closings;        /* how connections ended, and why: of a run only */
    const struct capacity *capacity; /* of the command of that name; else NULL */
    const struct setup *setup;       /* where the load goes; outlives the judgement */
    struct record_target target;     /* as the preflight found it, whether or not a run followed */
};

/* The first rule that broke behind `after` (NULL: the first of all); NULL: no more. */
const struct rule_requirement *judgement_next_broken(const struct judgement *judgement,
                                                     const struct rule_requirement *after);

/* Adds a line to the verdict's reasons (printf style), escaped; when full, it is left out. */
void judgement_reason(struct judgement *judgement, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
