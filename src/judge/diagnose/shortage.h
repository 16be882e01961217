/* Shortages: what ran out in mid-run, whose it was, and by which numbers it is known; pure. */
#ifndef JUDGE_DIAGNOSE_SHORTAGE_H
#define JUDGE_DIAGNOSE_SHORTAGE_H

#include "judge/diagnose/closings.h"
#include "judge/diagnose/diagnosed_run.h"
#include "judge/finding.h"

/* To the finding of an outcome of our own side: the limit as it was measured when it was first
 * met, since when, and what to do, with numbers. Other outcomes' findings stay as they are. */
void shortage_explain(struct finding *finding, enum outcome outcome, const struct plan *plan,
                      const struct setup *setup, const struct record *record);

/* Adds a finding for each thing that the server, or the way there, ran out of: "short_of_files",
 * "short_of_connections", "backlog_overflow", "not_accepted", "dropped_syns". After
 * judge_closings(). */
void shortage_find(struct findings *findings, const struct closings *closings,
                   const struct diagnosed_run *run);

/* The first of those that say for certain why the server ended or left connections (an accept
 * queue that was full for a while may have cost nothing but time); NULL: none was found. */
const struct finding *shortage_of_server(const struct findings *findings);

#endif
