/* The preflight: gathers what judge/ needs to know of this machine and of the target. */
#ifndef RUN_PREFLIGHT_H
#define RUN_PREFLIGHT_H

#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "plan/setup.h"

enum preflight_scope {
    PREFLIGHT_NONE, /* --no-check: what carries the run, and the names */
    PREFLIGHT_ALL,
};

/* Gathers facts, fills setup->addresses (those that accept, after a full preflight) and
 * setup->status_addresses, and judges into *judgement. signals_fd: from signals_open(); an
 * interrupt ends it at once, also one that was met before (setup->interrupted). Prints nothing.
 * True when the run may start. */
bool preflight_make(struct judgement *judgement, const struct plan *plan, struct setup *setup,
                    enum preflight_scope scope, int signals_fd);

/* Of a run on many hosts, in its leader: what is observed beside it (the status page, the server's
 * log and process), which is asked for by this host alone. As preflight_make(); neither this host
 * nor the target is asked to hold anything. */
bool preflight_observed(struct judgement *judgement, const struct plan *plan, struct setup *setup,
                        enum preflight_scope scope, int signals_fd);

/* The local half alone, for a plan whose addresses are known: asks nobody, and decides the plan's
 * sources. */
bool preflight_local(struct judgement *judgement, const struct plan *plan, struct setup *setup,
                     enum preflight_scope scope);

#endif
