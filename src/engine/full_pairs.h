/* Pairs that had no free port a moment ago: the kernel need not scan its whole range again for each
 * connection that would go there (1 ms each). */
#ifndef ENGINE_FULL_PAIRS_H
#define ENGINE_FULL_PAIRS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "plan/plan.h"

/* For so long it is taken for granted. */
static const duration FULL_FOR = 1 * SECOND;

/* One word for each pair that the plan has connections for; memory that is not touched before a
 * pair is full. */
struct full_pairs {
    int64_t *until_ns; /* 0: never was full */
    uint32_t pairs;
};

uint32_t full_pairs_count(const struct plan *plan);

/* The pair of the connection with that place in the plan's order has no free port. */
void full_pairs_note(struct full_pairs *full, uint32_t order, instant now);

/* Whether that was so within the last second. */
bool full_pairs_has(const struct full_pairs *full, uint32_t order, instant now);

#endif
