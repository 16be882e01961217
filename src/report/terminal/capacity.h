/* The search for the capacity on a terminal: a line for each step, and the summary. */
#ifndef REPORT_TERMINAL_CAPACITY_H
#define REPORT_TERMINAL_CAPACITY_H

#include <stdio.h>

#include "judge/verdict/capacity.h"
#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "report/format/status_text.h"
#include "report/format/style.h"

/* What the search came to: "CAPACITY", "AT LEAST" or "NONE HELD", and what it is of: "3 830
 * connections". */
struct capacity_title {
    const char *word;
    enum style_tint tint;
    char count[64];
};
struct capacity_title capacity_title(const struct capacity *capacity);
/* The statuses of the step that the answer is of, where they are news; "" otherwise. */
struct status_words capacity_answers(const struct capacity *capacity);

/* All that there is to say of it beside its steps, one after the other, under labels of one word or
 * two. */
typedef void capacity_fact(void *with, const char *label, const char *text);
void capacity_facts(const struct plan *plan, const struct judgement *judgement, capacity_fact *take,
                    void *with);
/* The statuses of a step: "2xx" where every answer was one; "-" without an answer. */
struct status_words capacity_step_answers(const struct capacity_step *step);

/* The summary of the search: judgement->capacity. */
void report_capacity(FILE *out, struct style style, const struct plan *plan,
                     const struct judgement *judgement);
void report_capacity_step(FILE *out, const struct capacity_step *step);
/* What comes next, and about how long that and the rest of the search take. */
void report_capacity_next(FILE *out, const struct capacity *capacity, const struct plan *plan,
                          uint64_t next);

#endif
