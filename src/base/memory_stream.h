/* A stdio stream into memory that reports that memory ran out in between: open_memstream(3) of
 * glibc drops what it could not keep, and neither ferror(3) nor fclose(3) reports it. */
#ifndef BASE_MEMORY_STREAM_H
#define BASE_MEMORY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The struct must not move while it is open: the stream points into it. */
struct memory_stream {
    FILE *out; /* written to by the caller; NULL: not open */
    char *text;
    size_t length, capacity;
};

/* False without memory, and nothing to close then. */
bool memory_stream_open(struct memory_stream *stream);

/* True: text is all that was written, length bytes and a NUL, and the caller's to free. False: some
 * of it could not be kept, and text is NULL. */
bool memory_stream_close(struct memory_stream *stream);

#endif
