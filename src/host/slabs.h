/* The kernel's memory of a connection, by the sizes of its slabs. */
#ifndef HOST_SLABS_H
#define HOST_SLABS_H

#include <stdint.h>

/* One idle TCP socket and its file, in bytes, each object with its share of the slab it lies in
 * (/sys/kernel/slab or /proc/slabinfo under root, which want root's rights); -1 when it cannot be
 * read or lacks one of them. */
int64_t slabs_connection_bytes(const char *root);

/* One object of the slab with that name; `otherwise` when it has none of its own. */
int64_t slabs_object_bytes(const char *root, const char *name, int64_t otherwise);

#endif
