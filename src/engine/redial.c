/* Dialling again: how long a slot waits, the queue of slots whose wait is over, and their pace. */
#include "engine/redial.h"

#include "base/require.h"

duration redial_wait_most(struct span backoff, uint32_t retries) {
    duration most = backoff.low;
    for (uint32_t i = 0; i < retries && most < backoff.high; i++)
        most *= 2; /* at most twice the high bound, a day */
    return most < backoff.high ? most : backoff.high;
}

static uint32_t place(const struct redial_queue *queue, uint32_t ahead) {
    return (uint32_t)(((uint64_t)queue->first + ahead) % queue->capacity);
}

void redial_push(struct redial_queue *queue, uint32_t slot) {
    require(queue->count < queue->capacity);
    queue->slots[place(queue, queue->count++)] = slot;
}

uint32_t redial_pop(struct redial_queue *queue) {
    require(queue->count > 0);
    uint32_t slot = queue->slots[queue->first];
    queue->first = place(queue, 1);
    queue->count--;
    return slot;
}

duration cadence_interval(struct rate rate, uint32_t workers) {
    duration count = (duration)rate.count;
    return (rate.per * (duration)workers + count - 1) / count;
}

void cadence_begin(struct cadence *cadence, instant now) {
    cadence->next = instant_after(now, cadence->interval);
}

bool cadence_take(struct cadence *cadence, instant now, duration tick) {
    if (instant_before(now, cadence->next))
        return false;
    instant earliest = instant_after(now, -tick);
    if (instant_before(cadence->next, earliest))
        cadence->next = earliest;
    cadence->next = instant_after(cadence->next, cadence->interval);
    return true;
}
