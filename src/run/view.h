/* The view: what the live block shows, gathered from a run as it goes on. */
#ifndef RUN_VIEW_H
#define RUN_VIEW_H

#include "report/block.h"
#include "run/meter.h"

/* What does not change. */
void view_init(struct block_view *view, const struct plan *plan);

/* What is measured once a second: rates, descriptors, ports, CPU, memory, lag, the last minute. */
void view_tick(struct block_view *view, struct meter *meter, const struct crew *crew,
               const struct plan *plan, const struct tally *total, double server_per_second);

/* What can be told at any moment: ledger and latencies. */
void view_counts(struct block_view *view, const struct plan *plan, const struct record *record,
                 const struct tally *total);

#endif
