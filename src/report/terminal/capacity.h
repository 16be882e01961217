/* The search for the capacity on a terminal: a line for each step, and the summary. */
#ifndef REPORT_TERMINAL_CAPACITY_H
#define REPORT_TERMINAL_CAPACITY_H

#include <stdio.h>

#include "judge/verdict/capacity.h"
#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "report/format/style.h"

/* The summary of the search: judgement->capacity. */
void report_capacity(FILE *out, struct style style, const struct plan *plan,
                     const struct judgement *judgement);
void report_capacity_step(FILE *out, const struct capacity_step *step);
/* What comes next, and about how long that and the rest of the search take. */
void report_capacity_next(FILE *out, const struct capacity *capacity, const struct plan *plan,
                          uint64_t next);

#endif
