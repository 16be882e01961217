/* How many connections each host of a run gets: as equal as what each can hold lets them be. */
#ifndef HOSTS_SHARES_H
#define HOSTS_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* rooms: what each can hold; below zero: no bound is known. Each gets one at least; who is full
 * leaves the rest to the others. false: they cannot hold so many together, or one holds none. */
bool shares_make(uint32_t *shares, const int64_t *rooms, size_t count, uint64_t connections);

#endif
