/* Kaplan and Meier's product, count by count of the ages. */
#include "judge/diagnose/survival.h"

#include <string.h>

/* In the middle of what shares a count. */
static uint32_t age_at(uint32_t index) {
    uint32_t lowest = ages_lowest_at(index);
    return lowest + (ages_highest_at(index) - lowest) / 2;
}

void survival_estimate(struct survival *survival, const struct ages *ages, uint64_t opened) {
    uint64_t at_risk = ages->total[AGES_ENDED] + ages->total[AGES_CENSORED];
    double surviving = 1;
    memset(survival, 0, sizeof *survival);
    if (at_risk != opened || opened == 0)
        return;
    survival->measured = true;
    survival->connections = opened;
    survival->censored = ages->total[AGES_CENSORED];
    for (uint32_t i = 0; i < AGES_COUNTS && at_risk > 0; i++) {
        uint64_t ended = ages->counts[AGES_ENDED][i], censored = ages->counts[AGES_CENSORED][i];
        if (ended > 0) {
            surviving *= (double)(at_risk - ended) / (double)at_risk;
            survival->points[survival->count++] =
                (struct survival_point){age_at(i), surviving, at_risk, ended};
        }
        if (ended + censored > 0)
            survival->oldest_ms = age_at(i);
        at_risk -= ended + censored;
    }
}
