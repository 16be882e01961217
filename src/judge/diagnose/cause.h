/* The foremost cause of what went wrong in a run: whose it was, and by what it is known; pure. */
#ifndef JUDGE_DIAGNOSE_CAUSE_H
#define JUDGE_DIAGNOSE_CAUSE_H

#include "judge/finding.h"
#include "stats/record.h"

struct cause {
    enum outcome_side side;
    enum finding_code code;              /* of the finding or outcome that says it */
    char evidence[FINDING_EVIDENCE_MAX]; /* one line, escaped */
};

/* In this order: what our own side was short of (of several outcomes the one that met most
 * connections), what the server was short of, what was dropped on the way, why the server ended
 * connections, and at last the outcome that ended most. false, and *cause untouched, when every
 * connection that was attempted was live to the end. After judge_run(). */
bool judge_cause(struct cause *cause, const struct record *record, const struct findings *findings);

#endif
