/* The plain live line: key=value. */
#include "report/terminal/status_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report/format/status_text.h"

enum { PART_MAX = 32 };

static const char *number(char *buffer, double value, int decimals) {
    if (isfinite(value))
        snprintf(buffer, PART_MAX, "%.*f", decimals, value);
    else
        snprintf(buffer, PART_MAX, "-");
    return buffer;
}

static const char *whole(char *buffer, int64_t value) {
    if (value >= 0)
        snprintf(buffer, PART_MAX, "%lld", (long long)value);
    else
        snprintf(buffer, PART_MAX, "-");
    return buffer;
}

char *status_line_text(char *buffer, size_t size, const struct status_line *line) {
    char when[PART_MAX], part[11][PART_MAX];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(buffer, size,
             "time=%s phase=%s t=%s live=%llu connecting=%llu closed=%llu errored=%llu "
             "client_rps=%s server_rps=%s p50_ms=%s p99_ms=%s fds=%s/%s ports=%s/%s "
             "cpu_pct=%s lag_ms=%s",
             when, line->phase, number(part[0], line->t, 1), (unsigned long long)line->live,
             (unsigned long long)line->connecting, (unsigned long long)line->closed,
             (unsigned long long)line->errored, number(part[1], line->client_rps, 1),
             number(part[2], line->server_rps, 1), number(part[3], line->p50_ms, 3),
             number(part[4], line->p99_ms, 3), whole(part[5], line->files_used),
             whole(part[6], line->files_limit), whole(part[7], line->ports_used),
             whole(part[8], line->ports_have), number(part[9], line->cpu_pct, 1),
             number(part[10], line->lag_ms, 3));
    size_t length = strlen(buffer);
    snprintf(buffer + length, size - length, " statuses=%s", status_counts(&line->statuses).text);
    length = strlen(buffer);
    if (line->drained >= 0)
        snprintf(buffer + length, size - length, " drained=%lld/%llu", (long long)line->drained,
                 (unsigned long long)(line->live + line->connecting));
    return buffer;
}
