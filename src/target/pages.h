/* The target's own pages: its counters as JSON, and as nginx's stub_status writes them. */
#ifndef TARGET_PAGES_H
#define TARGET_PAGES_H

#include <stddef.h>

#include "target/counters.h"

enum { PAGES_BYTES = 16 * 1024 }; /* holds every page: all rules and some hundred statuses */

/* Each returns the length of the page in buffer (0 when there is no memory to write it). */
size_t pages_stats(char buffer[static PAGES_BYTES], const struct counters_shared *shared,
                   const struct target_settings *settings);
size_t pages_status(char buffer[static PAGES_BYTES], const struct counters_shared *shared,
                    const struct target_settings *settings);

#endif
