/* A run's timeline as server-sent events. Pure. */
#ifndef SERVE_EVENTS_H
#define SERVE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a line of the timeline is. */
struct event_line {
    enum { EVENT_LINE_HEADER, EVENT_LINE_BEGIN, EVENT_LINE_SAMPLE, EVENT_LINE_END } kind;
    int64_t second;      /* of a sample: whole seconds since the start; else -1 */
    const char *phase;   /* of a sample, within the line */
    size_t phase_length; /* 0: none */
    bool marked;         /* it has marks */
};
/* The line without its end; what is no line of ours is a header, which is no event. */
struct event_line event_line_read(const char *line, size_t length);

/* One listener's place in it. */
struct event_cursor {
    int64_t from;   /* samples before this second are left out */
    int64_t second; /* of the latest sample */
    char phase[16]; /* of it */
};
/* Writes the events of a line; most lines are one, some none. */
void events_write(FILE *out, struct event_cursor *cursor, const char *line, size_t length);

#endif
