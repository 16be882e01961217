/* Lines out of the bytes of a file; a line that came whole is not copied. */
#include "observe/lines.h"

#include <string.h>

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

void lines_take(char *kept, size_t room, size_t *length, const char *bytes, size_t count,
                lines_handler handle, void *owner) {
    for (const char *at = bytes, *stop = bytes + count; at < stop;) {
        const char *end = memchr(at, '\n', (size_t)(stop - at));
        size_t piece = (size_t)((end != NULL ? end : stop) - at);
        if (end != NULL && *length == 0) {
            handle(owner, at, least(piece, room));
        } else {
            size_t added = least(piece, room - *length);
            memcpy(kept + *length, at, added);
            *length += added;
            if (end == NULL)
                return;
            handle(owner, kept, *length);
            *length = 0;
        }
        at = end + 1;
    }
}
