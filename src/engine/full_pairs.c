/* Pairs that had no free port a moment ago. */
#include "engine/full_pairs.h"

uint32_t full_pairs_count(const struct plan *plan) {
    uint32_t pairs = plan_pairs(plan);
    return pairs < plan->connections ? pairs : plan->connections;
}

void full_pairs_note(struct full_pairs *full, uint32_t order, instant now) {
    full->until_ns[order % full->pairs] = instant_after(now, FULL_FOR).ns;
}

bool full_pairs_has(const struct full_pairs *full, uint32_t order, instant now) {
    return now.ns < full->until_ns[order % full->pairs];
}
