/* Dialling again: how long a slot waits, the queue of slots whose wait is over, and their pace. */
#ifndef ENGINE_REDIAL_H
#define ENGINE_REDIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/units.h"

/* Full jitter: the wait before a slot's next dial is uniform in [0, this]. retries: dials again
 * since its last answer. backoff.low doubled for each, backoff.high at most. */
duration redial_wait_most(struct span backoff, uint32_t retries);

/* Slots in the order in which their waits ended; each is in it once at most. */
struct redial_queue {
    uint32_t *slots; /* `capacity` of them, the owner's */
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
};

void redial_push(struct redial_queue *queue, uint32_t slot);
uint32_t redial_pop(struct redial_queue *queue); /* of a queue that is not empty */

/* An even pace: one dial each `interval`. Time in which nobody dialled earns nothing but one tick's
 * worth: in any window there are at most (window + tick) / interval + 1 dials, however late we
 * look. */
struct cadence {
    duration interval;
    instant next;
};

/* workers share the rate evenly. */
duration cadence_interval(struct rate rate, uint32_t workers);

/* Somebody dialled, outside of the pace: the next one is an interval away. */
void cadence_begin(struct cadence *cadence, instant now);

/* Takes the next place when it has come. */
bool cadence_take(struct cadence *cadence, instant now, duration tick);

#endif
