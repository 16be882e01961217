/* Notes: what befell connections, told as it happens, at most one line a kind in 10 s. */
#ifndef RUN_NOTES_H
#define RUN_NOTES_H

#include <stdbool.h>

#include "base/instant.h"
#include "run/screen.h"
#include "stats/tally.h"

struct notes {
    struct screen *screen; /* NULL: nothing is told */
    uint64_t told[OUTCOME_COUNT];
    instant told_at[OUTCOME_COUNT];
    bool ever[OUTCOME_COUNT];
    bool short_of; /* told that connections are being refilled, not yet that all are back */
    instant refill_told_at;
};

void notes_init(struct notes *notes, struct screen *screen);

/* Tells which outcomes have grown since they were last told. */
void notes_outcomes(struct notes *notes, const struct counts *counts, instant now);

/* With --reconnect, in the hold: tells when the fleet is no longer whole, every 10 s how far it is,
 * and when it is whole again. */
void notes_refill(struct notes *notes, const struct counts *counts, uint64_t target, instant now);

/* One line with the time of day, printf style. */
void notes_say(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
