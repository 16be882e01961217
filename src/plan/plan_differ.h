/* Which options make one run another: what two saved runs must share to be held against each other.
 */
#ifndef PLAN_PLAN_DIFFER_H
#define PLAN_PLAN_DIFFER_H

#include <stdbool.h>

#include "plan/plan.h"

/* An option whose values differ, as they would be written; "none": not set. */
struct plan_difference {
    char name[32]; /* "--connections"; "URL" for the path that is asked for */
    char a[96], b[96];
};

/* Options summed over the shards of one load may differ between them, but are set in all or none.
 */
enum plan_differ_scope { OPTIONS_ALL, OPTIONS_OF_SHARDS };

/* The differences one after another, *at from 0 on; false after the last. Options that load nothing
 * (reports, observers, rules, the seed, sources and workers) may differ; so may the server, of
 * which only the path is looked at. */
bool plan_next_difference(struct plan_difference *difference, size_t *at, const struct plan *a,
                          const struct plan *b, enum plan_differ_scope scope);

#endif
