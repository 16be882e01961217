/* The line: connections that wait for a request to send, first come, first served; any may leave.
 */
#ifndef ENGINE_LINE_H
#define ENGINE_LINE_H

#include <stdint.h>

/* Links are index + 1, so that memory never touched costs nothing and means "none". */
struct line_link {
    uint32_t next, previous;
};

struct line {
    struct line_link *links; /* one for each index, zero-filled, the owner's */
    uint32_t first, last;    /* index + 1; 0: nobody */
    uint32_t count;
};

/* At its end; who stands in line already must not join again. */
void line_join(struct line *line, uint32_t index);
/* From wherever it stands. */
void line_leave(struct line *line, uint32_t index);
/* Who has waited longest, of a line that is not empty. */
uint32_t line_first(const struct line *line);

#endif
