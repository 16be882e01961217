/* Names whose addresses were given to this process: pinned ones, the only ones that it resolves
 * then, and those of --resolve, before all others. */
#ifndef HOST_PINS_H
#define HOST_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

enum { PINS_MAX = 8, PINS_RESOLVED_MAX = 100 }; /* names */

/* Pins a name (compared without case) to a further address, whatever its port. From the first on
 * no other name is resolved in this process, nor in its children. False: no room. */
bool host_pin(const char *name, const struct address *address);
/* Whether there is any. */
bool host_pins_any(void);

/* One more address of a name at that port, which is the address's. False: no room. */
bool host_resolve_as(const char *name, const struct address *address);

/* The addresses of a name with that port, at most ADDRESSES_MAX; 0: none was given. */
size_t host_pinned(const char *name, uint16_t port, struct address addresses[static ADDRESSES_MAX]);

#endif
