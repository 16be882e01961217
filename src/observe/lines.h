/* Lines out of the bytes of a file, whatever way the bytes were cut. */
#ifndef OBSERVE_LINES_H
#define OBSERVE_LINES_H

#include <stddef.h>

/* One line without its end; valid during the call. */
typedef void (*lines_handler)(void *owner, const char *line, size_t length);

/* Gives each line that ends in these bytes to the handler. kept: `room` bytes, the caller's, for
 * the beginning of a line whose end has not come yet; *length of them are taken, 0 at a line's
 * beginning. A line longer than room is cut there. */
void lines_take(char *kept, size_t room, size_t *length, const char *bytes, size_t count,
                lines_handler handle, void *owner);

#endif
