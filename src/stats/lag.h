/* Our own lateness (scheduling lag) as a distribution over time: how late a thing due at some
 * moment was. */
#ifndef STATS_LAG_H
#define STATS_LAG_H

#include "base/histogram.h"

/* From this lateness on a turn is a pause, and reported as one. */
#define LAG_PAUSE (300 * MILLISECOND)
/* Less than a tick of our timers is not late. */
#define LAG_ON_TIME (1 * MILLISECOND)

/* Corrected for coordinated omission: a turn was late by `lag`, `since` after the one before, which
 * was late by `usual`. Each millisecond counts: of those in which we were late, each as late as
 * what fell due in it was; of the others, as late as usual. A stop of 2.5 s so weighs 2,500 counts
 * and not one turn. */
void lag_add_without_omission(struct histogram *histogram, duration lag, duration usual,
                              duration since);

#endif
