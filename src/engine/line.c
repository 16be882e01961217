/* The line: a list linked both ways through an array. */
#include "engine/line.h"

#include "base/require.h"

void line_join(struct line *line, uint32_t index) {
    line->links[index] = (struct line_link){.next = 0, .previous = line->last};
    if (line->last != 0)
        line->links[line->last - 1].next = index + 1;
    else
        line->first = index + 1;
    line->last = index + 1;
    line->count++;
}

void line_leave(struct line *line, uint32_t index) {
    require(line->count > 0);
    struct line_link link = line->links[index];
    if (link.previous != 0)
        line->links[link.previous - 1].next = link.next;
    else
        line->first = link.next;
    if (link.next != 0)
        line->links[link.next - 1].previous = link.previous;
    else
        line->last = link.previous;
    line->count--;
}

uint32_t line_first(const struct line *line) {
    require(line->count > 0);
    return line->first - 1;
}
