/* A run that is diagnosed: what was asked, what was measured, and of which server. */
#ifndef JUDGE_DIAGNOSE_DIAGNOSED_RUN_H
#define JUDGE_DIAGNOSE_DIAGNOSED_RUN_H

#include "plan/plan.h"
#include "plan/setup.h"
#include "stats/record.h"

struct diagnosed_run {
    const struct plan *plan;
    const struct setup *setup; /* where its connections went */
    const struct record *record;
    const struct record_target *target; /* as the preflight found it */
};

#endif
