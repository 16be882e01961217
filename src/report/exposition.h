/* The numbers of a run as a Prometheus scrape reads them: the text format 0.0.4 and OpenMetrics
 * 1.0.0.
 * https://prometheus.io/docs/instrumenting/exposition_formats/ */
#ifndef REPORT_EXPOSITION_H
#define REPORT_EXPOSITION_H

#include <stdio.h>

#include "plan/plan.h"
#include "stats/record.h"

enum exposition_format { EXPOSITION_PROMETHEUS, EXPOSITION_OPENMETRICS, EXPOSITION_FORMATS };

/* The parent's own process, as Prometheus' client libraries tell of theirs. -1 or NAN: not
 * measured. */
struct process_self {
    double cpu_seconds, started_at; /* started_at: seconds since 1970 */
    int64_t resident_bytes, virtual_bytes, open_files, open_files_max;
};

/* What a scrape says, at one moment. */
struct exposition {
    const struct plan *plan;
    const struct record *record; /* of the server's side */
    const struct tally *total;   /* so far, or as it was frozen */
    double loop_lag_seconds;     /* of the latest second, at the 99th percentile; NAN */
    double cpu_seconds;          /* parent and workers; NAN */
    struct process_self self;
};

/* The value of Content-Type. */
const char *exposition_content_type(enum exposition_format format);

/* Writes all of it. Pure: the stream's errors are the caller's to look for. */
void report_exposition(FILE *out, enum exposition_format format, const struct exposition *from);

#endif
