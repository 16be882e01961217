/* The survival of connections: which part of them was still open at which age; pure. */
#ifndef JUDGE_DIAGNOSE_SURVIVAL_H
#define JUDGE_DIAGNOSE_SURVIVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/ages.h"

/* One step down of the curve. */
struct survival_point {
    uint32_t age_ms;  /* to 1.6 % */
    double surviving; /* the part that lives on beyond it: 0..1 */
    uint64_t at_risk; /* that reached it */
    uint64_t ended;   /* at it */
};

/* Kaplan and Meier's estimate (1958): those whose end was not seen are of those at risk up to the
 * age at which they were last seen. */
struct survival {
    bool measured;
    uint64_t connections, censored;
    uint32_t oldest_ms; /* how far it goes */
    uint32_t count;
    struct survival_point points[AGES_COUNTS];
};

/* opened: how many became live. Not measured when that is not how many ages are known: a worker, or
 * a second interrupt, took the rest along. */
void survival_estimate(struct survival *survival, const struct ages *ages, uint64_t opened);

#endif
