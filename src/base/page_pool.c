/* Parts of one size: leased, returned, and their pages discarded after a burst. */
#include "base/page_pool.h"

#include <stddef.h>

#include "base/minmax.h"
#include "base/pages.h"
#include "base/require.h"

/* So many leases are a window; a burst is over when in one of them a quarter was enough. */
enum { WINDOW = 1024, SURPLUS = 4 };

static size_t memory_bytes(const struct page_pool *pool) {
    return pool->slots.capacity * pool->stride + 1;
}

static size_t links_bytes(const struct page_pool *pool) {
    return pool->slots.capacity * sizeof *pool->links + 1;
}

bool page_pool_create(struct page_pool *pool, uint32_t count, size_t bytes) {
    *pool = (struct page_pool){.stride = pages_align(bytes + 1, _Alignof(max_align_t)),
                               .slots = {.capacity = count}};
    pool->memory = pages_reserve(memory_bytes(pool));
    pool->links = pages_reserve(links_bytes(pool));
    slots_init(&pool->slots, pool->links, count);
    return pool->memory != NULL && pool->links != NULL;
}

void page_pool_release(struct page_pool *pool) {
    pages_release(pool->memory, memory_bytes(pool));
    pages_release(pool->links, links_bytes(pool));
    *pool = (struct page_pool){0};
}

/* None is leased: the parts begin anew, with those at the front. */
static void end_window(struct page_pool *pool) {
    if (pool->slots.fresh / SURPLUS > pool->peak) {
        pages_discard(pool->memory, pool->slots.fresh * pool->stride);
        slots_init(&pool->slots, pool->links, pool->slots.capacity);
    }
    pool->leases = pool->peak = 0;
}

uint32_t page_pool_lease(struct page_pool *pool) {
    if (pool->slots.taken == 0 && pool->leases >= WINDOW)
        end_window(pool);
    uint32_t index = slots_take(&pool->slots);
    require(index != SLOT_NONE);
    pool->leases++;
    pool->peak = max_u32(pool->peak, pool->slots.taken);
    return index;
}

void page_pool_return(struct page_pool *pool, uint32_t index) {
    slots_return(&pool->slots, index);
}

char *page_pool_at(const struct page_pool *pool, uint32_t index) {
    return pool->memory + index * pool->stride;
}
