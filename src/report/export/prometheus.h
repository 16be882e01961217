/* The numbers of a run as a Prometheus scrape reads them: the text format 0.0.4 and OpenMetrics
 * 1.0.0.
 * https://prometheus.io/docs/instrumenting/exposition_formats/ */
#ifndef REPORT_EXPORT_PROMETHEUS_H
#define REPORT_EXPORT_PROMETHEUS_H

#include <stdio.h>

#include "plan/plan.h"
#include "stats/record.h"

enum prometheus_format { EXPOSITION_PROMETHEUS, EXPOSITION_OPENMETRICS, EXPOSITION_FORMATS };

/* The parent's own process, as Prometheus' client libraries report theirs. -1 or NAN: not
 * measured. */
struct prometheus_process {
    double cpu_seconds, started_at; /* started_at: seconds since 1970 */
    int64_t resident_bytes, virtual_bytes, open_files, open_files_max;
};

/* The figures of one scrape, at one moment. */
struct prometheus_scrape {
    const struct plan *plan;
    const struct record *record; /* of the server's side; read back, of buckets too */
    const struct tally *total;   /* so far, or as it was frozen */
    double loop_lag_seconds;     /* of the latest second, at the 99th percentile; NAN */
    double cpu_seconds;          /* parent and workers; NAN */
    int64_t certificate_expiry;  /* of the target, seconds since 1970; 0: not known */
    struct prometheus_process self;
};

/* The value of Content-Type. */
const char *prometheus_content_type(enum prometheus_format format);

/* Writes all of it. Pure: the stream's errors are the caller's to look for. */
void prometheus_write(FILE *out, enum prometheus_format format,
                      const struct prometheus_scrape *from);

/* Of no run: which holdfast, and its process. */
void prometheus_write_self(FILE *out, enum prometheus_format format,
                           const struct prometheus_process *self);

#endif
