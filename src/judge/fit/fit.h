/* Fit: can this machine run the plan, and is its target what the plan takes it for; pure. */
#ifndef JUDGE_FIT_FIT_H
#define JUDGE_FIT_FIT_H

#include "judge/finding.h"

struct plan;
struct preflight_facts;
struct setup;

/* The local half: io_uring, descriptors, processes, source ports, memory, pace. After it,
 * findings_any(FAIL) means unfit. */
void judge_local(struct findings *findings, const struct plan *plan, const struct setup *setup,
                 const struct preflight_facts *facts);

/* A part of that: the source addresses, where they were asked for. */
void judge_sources(struct findings *findings, const struct plan *plan, const struct setup *setup,
                   const struct preflight_facts *facts);

/* The outside half: name, target, keep-alive (FAIL in check, warn in run), status page. */
void judge_target(struct findings *findings, const struct plan *plan, const struct setup *setup,
                  const struct preflight_facts *facts);

/* A part of that: the status page, where it was asked for. */
void judge_status_page(struct findings *findings, const struct plan *plan,
                       const struct preflight_facts *facts);

/* Sources to be observed beside the run, which have to be there: the server's log, its process.
 * A FAIL is a mistake in what was asked. */
void judge_observed(struct findings *findings, const struct plan *plan, const struct setup *setup,
                    const struct preflight_facts *facts);

#endif
