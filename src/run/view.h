/* The view: what the live block shows, gathered from a run as it goes on. */
#ifndef RUN_VIEW_H
#define RUN_VIEW_H

#include "judge/rules/rules.h"
#include "report/terminal/block.h"
#include "run/meter.h"

/* The constant part. */
void view_init(struct block_view *view, const struct plan *plan, const struct setup *setup);

/* `at`: into the run. Measured once a second: rates, descriptors, ports, CPU, memory, lag, the last
 * minute. */
void view_tick(struct block_view *view, struct meter *meter, const struct crew *crew,
               const struct plan *plan, const struct setup *setup, const struct tally *total,
               double server_per_second, duration at);

/* The measured second, into the last minute and the worst of all. */
void view_take_second(struct block_view *view, const struct block_second *second, duration at);

/* The verdict so far, by the rules over a record as if the run ended now. */
void view_rules(struct block_view *view, const struct rules *rules, const struct plan *plan,
                const struct record *so_far);

/* The verdict of a run that is over. */
void view_verdict(struct block_view *view, const struct plan *plan, const struct setup *setup,
                  const struct record *record);

/* The view at any moment: ledger and latencies. */
void view_counts(struct block_view *view, const struct plan *plan, const struct record *record,
                 const struct tally *total);

#endif
