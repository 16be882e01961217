/* Lines of an access log, counted as their ends come. */
#include "observe/log_lines.h"

#include <stdio.h>
#include <string.h>

void log_pattern_make(struct log_pattern *pattern, const char *method, const char *path) {
    size_t room = sizeof pattern->text, used = (size_t)snprintf(pattern->text, room, "%s ", method);
    for (; *path != '\0' && used + 16 < room; path++) {
        /* ngx_http_log_escape(): '"', '\' and what is not printable; a path of ours is printable */
        if (*path == '"' || *path == '\\')
            used += (size_t)snprintf(pattern->text + used, room - used, "\\x%02X", (unsigned)*path);
        else
            pattern->text[used++] = *path;
    }
    pattern->length = used + (size_t)snprintf(pattern->text + used, room - used, " HTTP/1.1");
}

bool log_pattern_equal(const struct log_pattern *a, const struct log_pattern *b) {
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static bool holds(const char *line, size_t length, const struct log_pattern *pattern) {
    return pattern->length > 0 && pattern->length <= length &&
           memmem(line, length, pattern->text, pattern->length) != NULL;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static void count_line(struct log_counts *counts, const struct log_patterns *patterns,
                       const char *line, size_t length) {
    length = least(length, LOG_LINE_KEPT);
    counts->lines++;
    if (holds(line, length, &patterns->polled))
        counts->polled++;
    else
        counts->asked += holds(line, length, &patterns->asked);
}

static void keep(struct log_partial *partial, const char *bytes, size_t length) {
    length = least(length, LOG_LINE_KEPT - partial->length);
    memcpy(partial->kept + partial->length, bytes, length);
    partial->length += length;
}

void log_lines_take(struct log_counts *counts, struct log_partial *partial,
                    const struct log_patterns *patterns, const char *bytes, size_t length) {
    for (const char *at = bytes, *stop = bytes + length; at < stop;) {
        const char *end = memchr(at, '\n', (size_t)(stop - at));
        size_t piece = (size_t)((end != NULL ? end : stop) - at);
        if (end == NULL || partial->length > 0)
            keep(partial, at, piece);
        if (end == NULL)
            return;
        if (partial->length > 0)
            count_line(counts, patterns, partial->kept, partial->length);
        else
            count_line(counts, patterns, at, piece);
        partial->length = 0;
        at = end + 1;
    }
}
