/* What the preflight asks of this machine itself: rings, descriptors, listeners. */
#ifndef RUN_GROUND_H
#define RUN_GROUND_H

#include "judge/judge.h"

/* Makes rings in a child (a seccomp filter may kill instead of returning an error): one; or, with
 * `all`, as many as the plan has workers, where RLIMIT_MEMLOCK may not hold them together. Fills
 * ring_error, rings_tried and rings_made of the facts. */
void ground_try_rings(struct preflight_facts *facts, const struct plan *plan, bool all);

/* When the addresses are known: whether they are this host's own (fills plan->target_here), and the
 * listener there. */
void ground_look(struct preflight_facts *facts, struct plan *plan);

#endif
