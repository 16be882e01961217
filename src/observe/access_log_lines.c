/* Lines of an access log, counted as their ends come. */
#include "observe/access_log_lines.h"

#include <stdio.h>
#include <string.h>

#include "observe/lines.h"

void access_log_pattern_make(struct access_log_pattern *pattern, const char *method,
                             const char *path) {
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

bool access_log_pattern_equal(const struct access_log_pattern *a,
                              const struct access_log_pattern *b) {
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static bool holds(const char *line, size_t length, const struct access_log_pattern *pattern) {
    return pattern->length > 0 && pattern->length <= length &&
           memmem(line, length, pattern->text, pattern->length) != NULL;
}

struct log_count {
    struct access_log_counts *counts;
    const struct access_log_patterns *patterns;
};

static void count_line(void *owner, const char *line, size_t length) {
    const struct log_count *count = owner;
    count->counts->lines++;
    if (holds(line, length, &count->patterns->polled))
        count->counts->polled++;
    else
        count->counts->asked += holds(line, length, &count->patterns->asked);
}

void access_log_lines_take(struct access_log_counts *counts, struct access_log_partial *partial,
                           const struct access_log_patterns *patterns, const char *bytes,
                           size_t length) {
    struct log_count count = {counts, patterns};
    lines_take(partial->kept, LOG_LINE_KEPT, &partial->length, bytes, length, count_line, &count);
}
