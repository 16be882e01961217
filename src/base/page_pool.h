/* A pool of parts of one size, in pages that are touched as parts are leased; what a burst touched
 * goes back to the kernel when far fewer are leased afterwards. */
#ifndef BASE_PAGE_POOL_H
#define BASE_PAGE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slots.h"

struct page_pool {
    char *memory;
    size_t stride;
    uint32_t *links;
    struct slots slots;
    uint32_t leases, peak; /* of the present window */
};

/* So many parts of so many bytes each. False when there is none: release() is due all the same. */
bool page_pool_create(struct page_pool *pool, uint32_t count, size_t bytes);
/* A zero-filled pool is let be. */
void page_pool_release(struct page_pool *pool);

/* One part that is not leased, of which there must be one: whoever sizes the pool knows how many
 * are leased at most. Its bytes are of any value. */
uint32_t page_pool_lease(struct page_pool *pool);
/* Its bytes stay as they are until the next lease. */
void page_pool_return(struct page_pool *pool, uint32_t index);

char *page_pool_at(const struct page_pool *pool, uint32_t index);

#endif
