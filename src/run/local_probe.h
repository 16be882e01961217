/* The preflight's probes of this machine itself: the engine, descriptors, listeners. */
#ifndef RUN_LOCAL_PROBE_H
#define RUN_LOCAL_PROBE_H

#include "judge/fit/preflight_facts.h"

/* Chooses what carries the run, where the setup has no choice yet; with `all`, for as many workers
 * as the plan has, where RLIMIT_MEMLOCK may not hold their rings together. */
void local_probe_engine(struct preflight_facts *facts, const struct plan *plan, struct setup *setup,
                        bool all);

/* When the addresses are known: whether they are this host's own (fills setup->target_here), and
 * the listener there. */
void local_probe_addresses(struct preflight_facts *facts, const struct plan *plan,
                           struct setup *setup);

#endif
