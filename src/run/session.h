/* One run, from the first fork to the last reaped worker: the parent's loop. */
#ifndef RUN_SESSION_H
#define RUN_SESSION_H

#include "plan/plan.h"
#include "plan/setup.h"
#include "report/export/timeline_file.h"
#include "run/scrape.h"
#include "stats/record.h"

/* Of the parent's own ring. */
enum { SESSION_RING_ENTRIES = 256 };

/* The timeline file of a run, with its notes of the preflight. */
struct session_timeline {
    struct timeline_file file;
    const struct judgement *judgement;
};

/* Carries the plan out and fills *record (zero-filled by the caller, freed with
 * session_free_record()). Addresses must be resolved; signals_fd is from signals_open(). timeline:
 * gets its beginning and a line a second; NULL for none. scrape: answers while the run goes on, and
 * keeps the last values; NULL for none. 0 or -errno when no worker could be
 * started (no load was sent then). */
int session_run(struct record *record, const struct plan *plan, const struct setup *setup,
                int signals_fd, struct session_timeline *timeline, struct scrape *scrape);
/* Prints that the timeline file could not be written, or not all of it. */
void session_complain(const struct timeline_file *file, int error);
void session_free_record(struct record *record);

#endif
