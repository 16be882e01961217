/* The level of live connections over all workers, by atomics: one addition a turn that changed it.
 */
#include "engine/level.h"

enum { PERIOD_SHIFT = 48 };
static const uint64_t VALUE = (UINT64_C(1) << PERIOD_SHIFT) - 1;

static uint64_t period_of(uint64_t least) {
    return least & ~VALUE;
}

/* A worker that was held up since `before` lowers nothing of a later period. */
static void lower(struct level *level, uint64_t before, uint64_t live) {
    uint64_t least = atomic_load(&level->least);
    while (period_of(least) == period_of(before) && live < (least & VALUE))
        if (atomic_compare_exchange_weak(&level->least, &least, period_of(before) | live))
            return;
}

static void raise_to(struct level *level, uint64_t live) {
    uint64_t most = atomic_load(&level->most);
    while (live > most)
        if (atomic_compare_exchange_weak(&level->most, &most, live))
            return;
}

void level_set(struct level *level, _Atomic uint64_t *share, uint64_t live) {
    uint64_t former = atomic_load_explicit(share, memory_order_relaxed);
    if (live == former)
        return;
    uint64_t before = atomic_load(&level->least);
    uint64_t now = atomic_fetch_add(&level->live, live - former) + (live - former);
    atomic_store_explicit(share, live, memory_order_relaxed);
    lower(level, before, now);
    raise_to(level, now);
}

/* The next span begins at the level of this moment, which is this one's last. */
static struct level_span take(struct level *level, uint64_t periods) {
    uint64_t period = period_of(atomic_load(&level->least)) + (periods << PERIOD_SHIFT);
    uint64_t least = atomic_exchange(&level->least, period | VALUE) & VALUE;
    uint64_t most = atomic_exchange(&level->most, 0);
    uint64_t live = atomic_load(&level->live);
    lower(level, period, live);
    raise_to(level, live);
    return (struct level_span){least < live ? least : live, most > live ? most : live};
}

struct level_span level_take(struct level *level) {
    return take(level, 0);
}

struct level_span level_restart(struct level *level) {
    return take(level, 1);
}
