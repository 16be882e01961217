/* Reconnecting (retry): the backoff of a slot, exponential with full jitter, the queue of slots
 * whose backoff is over, and their pace. */
#ifndef ENGINE_RECONNECT_H
#define ENGINE_RECONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/units.h"

/* Full jitter: the wait before a slot's next attempt is uniform in [0, this]. retries: reconnects
 * since its last answer. backoff.low doubled for each, backoff.high at most. */
duration reconnect_wait_max(struct units_span backoff, uint32_t retries);

/* Slots in the order in which their waits ended; each is in it once at most. */
struct reconnect_queue {
    uint32_t *slots; /* `capacity` of them, the owner's */
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
};

void reconnect_push(struct reconnect_queue *queue, uint32_t slot);
uint32_t reconnect_pop(struct reconnect_queue *queue); /* of a queue that is not empty */

/* An even pace: one connect each `interval`. Time in which none began earns nothing but one tick's
 * worth: in any window there are at most (window + tick) / interval + 1 connects, however late we
 * look. */
struct reconnect_pace {
    duration interval;
    instant next;
};

/* workers share the rate evenly. */
duration reconnect_pace_interval(struct units_rate rate, uint64_t workers);

/* A connection attempt began outside of the pace: the next one is an interval away. */
void reconnect_pace_begin(struct reconnect_pace *cadence, instant now);

/* Takes the next place when it has come. */
bool reconnect_pace_take(struct reconnect_pace *cadence, instant now, duration tick);

#endif
