/* Pages: zero-filled address space that costs nothing until it is touched (mmap(2), MAP_NORESERVE).
 */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>

/* NULL when there is none. The caller gives it back with pages_release(). */
void *pages_reserve(size_t bytes);
/* They are left out of a core dump: keys are not to get into one. */
void pages_hide(void *memory, size_t bytes);
/* Their bytes are zero again, and cost nothing until they are touched. From a page's beginning. */
void pages_discard(void *memory, size_t bytes);
/* So many bytes that what lies behind them is aligned to that grain. */
static inline size_t pages_align(size_t bytes, size_t grain) {
    return (bytes + grain - 1) / grain * grain;
}

/* NULL is let be; bytes as they were reserved. */
void pages_release(void *memory, size_t bytes);

#endif
