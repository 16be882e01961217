/* What a connection takes of the kernel's memory, as its slabs say. */
#ifndef HOST_SLABS_H
#define HOST_SLABS_H

#include <stdint.h>

/* One idle TCP socket, its file and its armed poll, in bytes, each object with its share of the
 * slab it lies in (/proc/slabinfo under root, which wants root's rights); -1 when it cannot be read
 * or lacks one of them. */
int64_t slabs_connection_bytes(const char *root);

#endif
