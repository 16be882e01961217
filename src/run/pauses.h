/* Pauses: moments in which the parent or workers stood still, noted as they are over. */
#ifndef RUN_PAUSES_H
#define RUN_PAUSES_H

#include "run/notes.h"
#include "stats/marks.h"
#include "stats/tally.h"

struct pauses {
    uint64_t seen;         /* of the workers' */
    bool open;             /* a pause is not noted yet: workers of the same moment may follow */
    bool parent, workers;  /* who stood still in it */
    instant from, to, due; /* run clock; due: when the pause is to be noted */
    duration suspended;    /* of the machine, while the run clock stood still too */
    duration boot_ahead;   /* of CLOCK_BOOTTIME before CLOCK_MONOTONIC, at the latest look */
    struct mark_look before;
    const char *noted; /* whose pause was printed last; NULL: none was */
    instant noted_at;
    double noted_seconds;
};

void pauses_init(struct pauses *pauses);

/* The workers' counts at a look; before: the look before it. */
void pauses_see(struct pauses *pauses, const struct tally_counts *counts, instant now,
                const struct mark_look *before);
/* The parent's wait was to end at `until`: was it late, or the machine suspended? */
void pauses_see_parent(struct pauses *pauses, instant until, instant now,
                       const struct mark_look *before);

/* When a pause is to be noted; INSTANT_NEVER: there is none. */
instant pauses_due(const struct pauses *pauses);
/* Adds a mark of the pause that is due, and a note where none of the last 10 s was of one as long.
 * started: of the run. */
void pauses_report(struct pauses *pauses, instant now, instant started, struct marks *marks,
                   struct notes *notes);

#endif
