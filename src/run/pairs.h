/* Pairs of source and destination address: decided, and their ports counted, before the load. */
#ifndef RUN_PAIRS_H
#define RUN_PAIRS_H

#include "judge/judge.h"
#include "plan/plan.h"

/* The plan's pairs, as their ports are counted; chosen has HOST_ADDRESSES_MAX places and must stay
 * with them. */
struct host_pairs pairs_of(const struct plan *plan, struct address *chosen);

/* Decides the plan's sources when its addresses are known; of this machine only the range of ports
 * is read, and for auto its addresses. */
void pairs_decide(struct plan *plan, struct preflight_facts *facts);

/* Counts the ports of each pair into facts->ports (to be freed with host_ports_free()), and tries
 * whether the sources are there. auto may come to more of them than before. */
void pairs_count(struct plan *plan, struct preflight_facts *facts);

#endif
