/* Fault rules: what happens to which share of the connections, decided by seed and order alone. */
#ifndef TARGET_FAULT_H
#define TARGET_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

enum fault_kind {
#define FAULT(name, value, least, most, example, help) FAULT_##name,
#include "target/faults.def"
#undef FAULT
    FAULT_KINDS
};

enum { FAULT_TEXT_MAX = 64, FAULT_SHARE_WHOLE = 1000000 };

struct fault {
    enum fault_kind kind;
    uint32_t share_ppm; /* of the connections, 1..FAULT_SHARE_WHOLE */
    uint64_t count;
    struct units_span span; /* low == high for a single duration */
    struct units_rate rate;
    char text[FAULT_TEXT_MAX]; /* "reset-after=3@10%" */
};

/* Reads WHAT[=VALUE][@SHARE%]: SHARE has at most four decimals, 100 % when it is left out. False,
 * and one line in error, when text is no rule; the line says what would be accepted. */
bool fault_parse(struct fault *fault, const char *text, char *error, size_t error_size);

/* "reset-after": the kind as it is typed; result in buffer. */
const char *fault_name(enum fault_kind kind, char buffer[static FAULT_TEXT_MAX]);

/* It needs TLS. */
bool fault_is_of_tls(enum fault_kind kind);

/* Pure: whether rule `index` holds for the connection of this order (from 0). Of each block of
 * connections in which the share is a whole number (10 for 10 %, 100 for 1 %, at most a million)
 * exactly that number is hit, evenly spread from a place in the block that seed, rule and block
 * decide. */
bool fault_hits(const struct fault *fault, uint32_t index, uint64_t seed, uint64_t order);

#endif
