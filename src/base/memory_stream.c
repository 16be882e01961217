/* A stdio stream into memory that reports that memory ran out in between. */
#include "base/memory_stream.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1024 };

static bool grow(struct memory_stream *stream, size_t needed) {
    size_t capacity = stream->capacity > 0 ? stream->capacity : CAPACITY_FIRST;
    while (capacity < needed && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    char *text = capacity >= needed ? realloc(stream->text, capacity) : NULL;
    if (text == NULL)
        return false;
    stream->text = text;
    stream->capacity = capacity;
    return true;
}

/* A write that takes no byte is the error that stdio keeps (fopencookie(3)). */
static ssize_t take(void *cookie, const char *bytes, size_t size) {
    struct memory_stream *stream = cookie;
    if (size >= stream->capacity - stream->length && !grow(stream, stream->length + size + 1))
        return 0;
    memcpy(stream->text + stream->length, bytes, size);
    stream->length += size;
    stream->text[stream->length] = '\0';
    return (ssize_t)size;
}

bool memory_stream_open(struct memory_stream *stream) {
    *stream = (struct memory_stream){0};
    if (!grow(stream, 1))
        return false;
    stream->text[0] = '\0';
    stream->out = fopencookie(stream, "w", (cookie_io_functions_t){.write = take});
    if (stream->out == NULL) {
        free(stream->text);
        stream->text = NULL;
    }
    return stream->out != NULL;
}

bool memory_stream_close(struct memory_stream *stream) {
    bool failed = ferror(stream->out) != 0;
    failed |= fclose(stream->out) != 0;
    stream->out = NULL;
    if (failed) {
        free(stream->text);
        stream->text = NULL;
        stream->length = 0;
    }
    return !failed;
}
