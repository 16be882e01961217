/* Notes: what befell connections, told as it happens, at most one line a kind in 10 s. */
#ifndef RUN_NOTES_H
#define RUN_NOTES_H

#include <stdbool.h>

#include "base/instant.h"
#include "judge/judge.h"
#include "run/screen.h"
#include "stats/record.h"

struct notes {
    struct screen *screen; /* NULL: nothing is told */
    uint64_t told[OUTCOME_COUNT];
    instant told_at[OUTCOME_COUNT];
    bool ever[OUTCOME_COUNT];
    bool explained[OUTCOME_COUNT];
    bool short_of; /* told that connections are being refilled, not yet that all are back */
    instant refill_told_at;
};

void notes_init(struct notes *notes, struct screen *screen);

/* Explains a limit of our own side once, when it has been met: what, whose, and what to do. It is
 * then told of; how often more, notes_outcomes() tells. */
void notes_error(struct notes *notes, enum outcome outcome, const struct plan *plan,
                 const struct record *record, const struct counts *counts, instant now);

/* Tells which outcomes have grown since they were last told; of our own side only those that are
 * explained already. */
void notes_outcomes(struct notes *notes, const struct counts *counts, instant now);

/* With --reconnect, in the hold: tells when the fleet is no longer whole, every 10 s how far it is,
 * and when it is whole again. */
void notes_refill(struct notes *notes, const struct counts *counts, uint64_t target, instant now);

/* One line with the time of day, printf style. */
void notes_say(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
