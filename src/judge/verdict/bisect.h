/* The search for the largest number that holds: from the steps so far to the next one; pure. */
#ifndef JUDGE_VERDICT_BISECT_H
#define JUDGE_VERDICT_BISECT_H

#include <stdbool.h>
#include <stdint.h>

/* So many times in all a number that broke is tried again. */
enum { BISECT_REPEATS_MAX = 24 };

/* Numbers from `first` up: by `step`, or doubled where that is 0, until one breaks or the ceiling
 * holds. After doubling the gap between what held and what broke is halved until it is no more than
 * the precision. A server that grows while it is loaded (a pool of processes) breaks at a number
 * that it holds a moment later: so the first number that broke is tried again before the gap is
 * halved, and the least before it is the answer, for as long as more is kept each time; where it
 * holds after all, the search goes on upwards. */
struct bisect {
    uint64_t first, step, ceiling; /* 1 <= first <= ceiling */
    uint64_t precision;            /* at least 1; 0: half a percent of what held, at least 1 */
    uint64_t held;                 /* the largest that held; 0: none yet */
    uint64_t broke;                /* the smallest above it that broke; 0: none yet */
    bool certain;                  /* it would break again: it was tried again, or need not be */
    uint64_t kept;                 /* most that stayed when it broke */
    bool climbing;                 /* no number that broke is certain yet, above what held */
    uint64_t hint;                 /* the number it is likely to be; 0: none */
    uint64_t above;                /* above `broke`: the least that broke for certain; 0: none */
    uint32_t repeats;              /* times that a number which broke was tried again */
    uint32_t regained;             /* of these, that it held */
};

enum bisect_result {
    BISECT_HELD,
    BISECT_BROKE,
    BISECT_BROKE_CERTAINLY /* it need not be tried again: our own limit, known before */
};

/* A search from the first number on. */
struct bisect bisect_begin(uint64_t first, uint64_t step, uint64_t ceiling, uint64_t precision);

/* The next number to try; 0: the search is over. */
uint64_t bisect_next(const struct bisect *search);

/* The result of that number; kept: how many stayed to the end. */
void bisect_take(struct bisect *search, uint64_t number, enum bisect_result result, uint64_t kept);

/* The limit as a step that broke shows it: tried next, where it lies between. */
void bisect_hint(struct bisect *search, uint64_t number);

/* Whether the search ended with a number that broke once, and may hold by now. */
bool bisect_is_open(const struct bisect *search);

/* How many steps the search may take at most, repeats left out; for `step` above 0. */
uint64_t bisect_steps_max(const struct bisect *search);

#endif
