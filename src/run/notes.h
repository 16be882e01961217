/* Notes: lines on standard error while a run goes on, at most one of each outcome in 10 s. */
#ifndef RUN_NOTES_H
#define RUN_NOTES_H

#include <stdbool.h>

#include "base/instant.h"
#include "base/wall_time.h"
#include "report/terminal/screen.h"
#include "stats/record.h"

struct notes {
    struct screen *screen; /* NULL: notes are not printed */
    uint64_t printed[OUTCOME_COUNT];
    instant printed_at[OUTCOME_COUNT];
    bool ever[OUTCOME_COUNT];
    bool explained[OUTCOME_COUNT];
    bool short_of; /* the fleet is known to be refilled, and was not whole at the latest look */
    instant refill_printed_at;
};

void notes_init(struct notes *notes, struct screen *screen);

/* Explains a limit of our own side once, when it has been met: what, whose, and what to do. Later
 * ones of the outcome are counted by notes_outcomes(). */
void notes_error(struct notes *notes, enum outcome outcome, const struct plan *plan,
                 const struct setup *setup, const struct record *record,
                 const struct tally_counts *counts, instant now);

/* Prints which outcomes have grown since they were last printed; of our own side only those that
 * are explained already. */
void notes_outcomes(struct notes *notes, const struct tally_counts *counts, instant now);

/* With --reconnect, in the hold: notes that the fleet is no longer whole, every 10 s how far it is,
 * and that it is whole again. */
void notes_refill(struct notes *notes, const struct tally_counts *counts, uint64_t target,
                  instant now);

/* Before the ramp, with --start-at (0: not asked for): how long until then, or since. */
void notes_start(struct notes *notes, wall_time start_at, duration left);

/* One line with the time of day, printf style. */
void notes_print(struct notes *notes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
