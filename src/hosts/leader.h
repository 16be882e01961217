/* One run on many hosts: a part on each, and here their sum. */
#ifndef HOSTS_LEADER_H
#define HOSTS_LEADER_H

#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "report/saved/saved.h"
#include "run/scrape.h"
#include "run/session.h"

/* Carries the plan out on the hosts of its options, after preflight_observed(). The whole, judged:
 * the caller frees it with saved_free(). NULL: no load was sent, and *judgement says why, with what
 * each host found. signals_fd: from signals_open(). timeline, scrape: NULL for none. */
struct saved *leader_run(struct judgement *judgement, const struct plan *plan, struct setup *setup,
                         int signals_fd, struct session_timeline *timeline, struct scrape *scrape);

#endif
