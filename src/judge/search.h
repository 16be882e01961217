/* The search for the largest number that holds: from the steps so far to the next one; pure. */
#ifndef JUDGE_SEARCH_H
#define JUDGE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

/* Numbers from `first` up: by `step`, or doubled where that is 0, until one gives or the ceiling
 * holds. After doubling the gap between what held and what gave is halved until it is no more than
 * the precision. */
struct search {
    uint64_t first, step, ceiling; /* 1 <= first <= ceiling */
    uint64_t precision;            /* at least 1; 0: half a percent of what held, at least 1 */
    uint64_t held;                 /* the largest that held; 0: none yet */
    uint64_t gave;                 /* the smallest that gave; 0: none yet */
};

/* The next number to try; 0: the search is over. */
uint64_t search_next(const struct search *search);

/* What became of it. */
void search_take(struct search *search, uint64_t number, bool held);

/* How many steps the search may take at most; for `step` above 0. */
uint64_t search_steps_max(const struct search *search);

#endif
