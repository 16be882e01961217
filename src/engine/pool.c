/* The pool of -n: small batches from one shared counter. */
#include "engine/pool.h"

#include <stddef.h>

enum { BATCH_MAX = 16 };

/* Near the end batches shrink to one, so that the last requests find free connections anywhere. */
static uint32_t batch_of(const struct pool_hand *hand, uint64_t left) {
    uint64_t fair = left / (4 * (uint64_t)hand->workers);
    return fair >= BATCH_MAX ? BATCH_MAX : fair > 1 ? (uint32_t)fair : 1;
}

/* *taken is written first: a worker that dies in between has taken too many, never too few, and the
 * parent does not wait for what nobody will send. */
static bool draw(struct pool_hand *hand) {
    uint64_t before = atomic_load_explicit(hand->taken, memory_order_relaxed);
    uint64_t left = atomic_load(&hand->pool->left);
    while (left > 0) {
        uint32_t batch = batch_of(hand, left);
        atomic_store(hand->taken, before + batch);
        if (atomic_compare_exchange_weak(&hand->pool->left, &left, left - batch)) {
            hand->held = batch;
            return true;
        }
    }
    atomic_store(hand->taken, before);
    return false;
}

bool pool_take(struct pool_hand *hand) {
    if (hand->pool == NULL)
        return true;
    if (hand->held == 0 && !draw(hand))
        return false;
    hand->held--;
    return true;
}

void pool_put_back(struct pool_hand *hand) {
    hand->held += hand->pool != NULL;
}

void pool_release(struct pool_hand *hand) {
    if (hand->held == 0)
        return;
    atomic_fetch_add(&hand->pool->left, hand->held);
    atomic_fetch_sub(hand->taken, hand->held);
    hand->held = 0;
}

bool pool_is_empty(const struct pool_hand *hand) {
    return hand->pool != NULL && hand->held == 0 && atomic_load(&hand->pool->left) == 0;
}
