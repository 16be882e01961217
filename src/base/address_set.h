/* Sets of addresses, kept as ranges: a million members take no more than one. */
#ifndef BASE_ADDRESS_SET_H
#define BASE_ADDRESS_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

enum { ADDRESS_SET_MAX = 65536 };

/* Addresses that follow one another, all of one family, without a port. */
struct address_range {
    struct address low;
    uint32_t count; /* 1..ADDRESS_SET_MAX */
    uint32_t first; /* the place of `low` in its set */
};

/* The ranges belong to whoever made the set. */
struct address_set {
    const struct address_range *ranges; /* ascending, with a gap between each two */
    size_t range_count;
    uint32_t count; /* of all addresses; 0: the empty set */
};

/* Reads "ADDR", "ADDR-ADDR" or "ADDR/PREFIX" (all addresses of the prefix) from the first `length`
 * bytes. NULL, or what is wrong with them, as words that follow a quoted text. */
const char *address_range_parse(struct address_range *range, const char *text, size_t length);

/* One address as a range. */
struct address_range address_range_of(const struct address *address);

/* Makes a set of ranges in any order, in their place: sorted, and joined where they touch or
 * overlap. NULL, or what is wrong, as above. */
const char *address_set_make(struct address_set *set, struct address_range *ranges, size_t count);

/* The address at a place below set->count, with port 0. */
struct address address_set_at(const struct address_set *set, uint32_t place);

/* The place of an address, whatever its port; -1 when it is not in the set. */
int64_t address_set_find(const struct address_set *set, const struct address *address);

/* AF_INET or AF_INET6; AF_UNSPEC of the empty set. */
int address_set_family(const struct address_set *set);

/* "127.0.0.2" or "127.0.0.2-127.0.0.9"; buffer of ADDRESS_RANGE_TEXT_MAX. Returns buffer. */
enum { ADDRESS_RANGE_TEXT_MAX = 96 };
char *address_range_format(const struct address_range *range, char *buffer, size_t size);

/* All ranges with commas between them, "and N more" where they do not fit. Returns buffer. */
char *address_set_format(const struct address_set *set, char *buffer, size_t size);

#endif
