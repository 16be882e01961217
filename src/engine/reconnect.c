/* Reconnecting (retry): the backoff of a slot, exponential with full jitter, the queue of slots
 * whose backoff is over, and their pace. */
#include "engine/reconnect.h"

#include "base/require.h"

duration reconnect_wait_max(struct units_span backoff, uint32_t retries) {
    duration most = backoff.low;
    for (uint32_t i = 0; i < retries && most < backoff.high; i++)
        most *= 2; /* at most twice the high bound, a day */
    return most < backoff.high ? most : backoff.high;
}

static uint32_t place(const struct reconnect_queue *queue, uint32_t ahead) {
    return (uint32_t)(((uint64_t)queue->first + ahead) % queue->capacity);
}

void reconnect_push(struct reconnect_queue *queue, uint32_t slot) {
    require(queue->count < queue->capacity);
    queue->slots[place(queue, queue->count++)] = slot;
}

uint32_t reconnect_pop(struct reconnect_queue *queue) {
    require(queue->count > 0);
    uint32_t slot = queue->slots[queue->first];
    queue->first = place(queue, 1);
    queue->count--;
    return slot;
}

duration reconnect_pace_interval(struct units_rate rate, uint64_t workers) {
    duration count = (duration)rate.count;
    return (rate.per * (duration)workers + count - 1) / count;
}

void reconnect_pace_begin(struct reconnect_pace *cadence, instant now) {
    cadence->next = instant_after(now, cadence->interval);
}

bool reconnect_pace_take(struct reconnect_pace *cadence, instant now, duration tick) {
    if (instant_before(now, cadence->next))
        return false;
    instant earliest = instant_after(now, -tick);
    if (instant_before(cadence->next, earliest))
        cadence->next = earliest;
    cadence->next = instant_after(cadence->next, cadence->interval);
    return true;
}
