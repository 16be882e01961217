/* Where the name of a plan has moved to: written by the parent, read by each worker when it
 * connects. */
#ifndef ENGINE_MOVED_ADDRESSES_H
#define ENGINE_MOVED_ADDRESSES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

/* Shared memory; zero-filled: the name has not moved. Lists are written in turn, seconds apart, so
 * that the one in use outlives the turn that connects by it. */
struct moved_addresses {
    _Atomic uint32_t version; /* of lists[version % 2]; 0: none */
    uint32_t count[2];
    struct address lists[2][ADDRESSES_MAX];
};

/* 1..ADDRESSES_MAX addresses, no sooner than a second after the last. */
void moved_addresses_set(struct moved_addresses *moved, const struct address *addresses,
                         size_t count);

/* The address of a connection by its place in the plan's order; NULL: as planned. */
const struct address *moved_addresses_at(const struct moved_addresses *moved, uint32_t order);

#endif
