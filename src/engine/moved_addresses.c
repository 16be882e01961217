/* Two lists in turn: the version says which holds. */
#include "engine/moved_addresses.h"

#include <string.h>

void moved_addresses_set(struct moved_addresses *moved, const struct address *addresses,
                         size_t count) {
    uint32_t version = atomic_load(&moved->version) + 1;
    moved->count[version % 2] = (uint32_t)count;
    memcpy(moved->lists[version % 2], addresses, count * sizeof *addresses);
    atomic_store(&moved->version, version);
}

const struct address *moved_addresses_at(const struct moved_addresses *moved, uint32_t order) {
    uint32_t version = atomic_load(&moved->version);
    if (version == 0)
        return NULL;
    return &moved->lists[version % 2][order % moved->count[version % 2]];
}
