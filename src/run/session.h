/* One run, from the first fork to the last reaped worker: the parent's loop. */
#ifndef RUN_SESSION_H
#define RUN_SESSION_H

#include "plan/plan.h"
#include "report/report.h"
#include "stats/record.h"

/* Carries the plan out and fills *record (zero-filled by the caller, freed with
 * session_free_record()). Addresses must be resolved; signals_fd is from signals_open(). 0 or
 * -errno when no worker could be started (no load was sent then). */
int session_run(struct record *record, const struct plan *plan, int signals_fd);
void session_free_record(struct record *record);

#endif
