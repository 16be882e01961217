/* Events of a timeline's line. https://html.spec.whatwg.org/multipage/server-sent-events.html */
#include "serve/events.h"

#include <stdlib.h>
#include <string.h>

static bool begins(const char *line, size_t length, const char *with) {
    return length >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

/* A sample begins with its time, or with the marks where these changed; behind a list that is no
 * text of a mark, in which a quote is escaped. */
static size_t time_at(const char *line, size_t length, bool *marked) {
    static const char plain[] = "{\"t\":", marks[] = "{\"marks\":[", behind[] = "],\"t\":";
    *marked = begins(line, length, marks);
    if (begins(line, length, plain))
        return sizeof plain - 1;
    const char *found = *marked ? memmem(line, length, behind, sizeof behind - 1) : NULL;
    return found != NULL ? (size_t)(found - line) + sizeof behind - 1 : 0;
}

static void read_phase(struct event_line *read, const char *line, size_t length, size_t at) {
    static const char phase[] = ",\"phase\":\"";
    if (!begins(line + at, length - at, phase))
        return;
    read->phase = line + at + sizeof phase - 1;
    const char *quote = memchr(read->phase, '"', length - (size_t)(read->phase - line));
    read->phase_length = quote != NULL ? (size_t)(quote - read->phase) : 0;
}

/* {"t":12.001,"phase":"hold",... as the timeline's writer puts it. */
struct event_line event_line_read(const char *line, size_t length) {
    struct event_line read = {.kind = EVENT_LINE_HEADER, .second = -1};
    char number[32] = "", *end;
    if (begins(line, length, "{\"begin\":true"))
        read.kind = EVENT_LINE_BEGIN;
    else if (begins(line, length, "{\"end\":true"))
        read.kind = EVENT_LINE_END;
    size_t at = time_at(line, length, &read.marked);
    if (at == 0)
        return read;
    memcpy(number, line + at, length - at < sizeof number ? length - at : sizeof number - 1);
    double t = strtod(number, &end);
    if (end == number || !(t >= 0 && t < 1e9))
        return read;
    read.kind = EVENT_LINE_SAMPLE;
    read.second = (int64_t)t;
    read_phase(&read, line, length, at + (size_t)(end - number));
    return read;
}

static void put(FILE *out, const char *event, int64_t second, const char *line, size_t length) {
    fprintf(out, "event: %s\n", event);
    if (second >= 0)
        fprintf(out, "id: %lld\n", (long long)second);
    fputs("data: ", out);
    fwrite(line, 1, length, out);
    fputs("\n\n", out);
}

static bool is_new_phase(struct event_cursor *cursor, const struct event_line *read) {
    if (read->phase_length == 0 || read->phase_length >= sizeof cursor->phase ||
        (strlen(cursor->phase) == read->phase_length &&
         memcmp(cursor->phase, read->phase, read->phase_length) == 0))
        return false;
    memcpy(cursor->phase, read->phase, read->phase_length);
    cursor->phase[read->phase_length] = '\0';
    return true;
}

void events_write(FILE *out, struct event_cursor *cursor, const char *line, size_t length) {
    struct event_line read = event_line_read(line, length);
    switch (read.kind) {
    case EVENT_LINE_HEADER: return;
    case EVENT_LINE_BEGIN:
        if (cursor->from <= 0)
            put(out, "finding", -1, line, length);
        return;
    case EVENT_LINE_END: put(out, "verdict", cursor->second, line, length); return;
    case EVENT_LINE_SAMPLE: break;
    }
    bool new_phase = is_new_phase(cursor, &read);
    cursor->second = read.second;
    if (read.second < cursor->from)
        return;
    if (new_phase)
        put(out, "phase", read.second, line, length);
    if (read.marked)
        put(out, "mark", read.second, line, length);
    put(out, "second", read.second, line, length);
}
