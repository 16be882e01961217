/* The verdict: of a preflight by its findings, of a run by rules, sides and their precedence; pure.
 */
#ifndef JUDGE_VERDICT_VERDICT_H
#define JUDGE_VERDICT_VERDICT_H

#include "judge/verdict/judgement.h"
#include "plan/setup.h"

struct preflight_facts;

/* The verdict of a preflight that ends the matter: of `check` always, of `run` when it fails;
 * judgement->findings must be filled. */
void judge_preflight(struct judgement *judgement, const struct plan *plan,
                     const struct preflight_facts *facts);
/* True when a run may start after this preflight. */
bool judge_may_run(const struct judgement *judgement, const struct preflight_facts *facts);

/* Whether we ourselves were late enough to be news: at the 99th percentile more than the tick of
 * our timers may take. */
bool judge_was_late(const struct record *record);

/* The verdict of a run that sent load: rules, sides, precedence (contract: exit codes). Adds
 * findings of what happened (one for each outcome of note) to those of the preflight. */
void judge_run(struct judgement *judgement, const struct plan *plan, const struct record *record);

/* A part of that: adds the finding of one outcome that `counts` has, with what is known of a limit
 * of our own side that it stands for. */
struct finding *judge_outcome(struct findings *findings, enum outcome outcome,
                              const struct plan *plan, const struct setup *setup,
                              const struct record *record, const struct tally_counts *counts);

#endif
