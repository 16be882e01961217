/* Pages of address space, reserved and released. */
#include "base/pages.h"

#include <sys/mman.h>

void *pages_reserve(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void pages_hide(void *memory, size_t bytes) {
    if (memory != NULL)
        (void)madvise(memory, bytes, MADV_DONTDUMP);
}

void pages_discard(void *memory, size_t bytes) {
    (void)madvise(memory, bytes, MADV_DONTNEED);
}

void pages_release(void *memory, size_t bytes) {
    if (memory != NULL)
        munmap(memory, bytes);
}
