/* Pairs of source and destination address: decided, and their ports counted, before the load. */
#ifndef RUN_PAIRS_H
#define RUN_PAIRS_H

#include "judge/fit/preflight_facts.h"
#include "plan/plan.h"
#include "plan/setup.h"

/* The plan's pairs, as their ports are counted; chosen has ADDRESSES_MAX places and must stay
 * with them. */
struct host_pairs pairs_of(const struct setup *setup, struct address *chosen);

/* Decides the plan's sources when its addresses are known; of this machine only the range of ports
 * is read, and for auto its addresses. */
void pairs_decide(const struct plan *plan, struct setup *setup, struct preflight_facts *facts);

/* Counts the ports of each pair into facts->ports (to be freed with ephemeral_ports_free()), and
 * tries whether the sources are there. auto may come to more of them than before. */
void pairs_count(const struct plan *plan, struct setup *setup, struct preflight_facts *facts);

#endif
