/* Held: the buffers of a connection, of bytes that wait for room in its socket (backpressure) or
 * for their turn to be read. */
#ifndef TARGET_HELD_H
#define TARGET_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* On the heap, freed with free(): rare, and for a short time. */
struct held {
    size_t at, length; /* of bytes: where the first stands that waits, and the end */
    const char *rest;  /* of a body, behind the bytes; the body's owner's */
    size_t rest_length;
    char bytes[];
};

/* Puts a copy of the bytes behind those held, *held may be NULL for none and is replaced; nothing
 * may be held of a rest. False when there is no memory: *held is as it was. */
bool held_append(struct held **held, const void *bytes, size_t length);

/* The first bytes that wait, `most` at most, in at most two pieces; how many pieces there are. */
int held_pieces(struct held *held, size_t most, struct iovec pieces[static 2]);

/* So many of them are gone; true when that was the last. */
bool held_advance(struct held *held, size_t count);

#endif
