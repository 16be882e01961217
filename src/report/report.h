/* Numbers and findings drawn: the preflight sheet, plain live lines, the summary, the JSON report.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "judge/judge.h"
#include "plan/plan.h"
#include "stats/record.h"

/* How to draw on one stream. */
struct style {
    bool color;
    bool utf8; /* else ASCII marks */
};

/* From --color, NO_COLOR, TERM and whether the descriptor is a terminal; and the locale. */
struct style style_for(int fd, enum color color);

/* The preflight sheet; with quiet only warn and FAIL. */
void report_sheet(FILE *out, struct style style, const struct plan *plan,
                  const struct findings *findings, bool quiet);

/* The summary; record may be NULL when no load was sent (then of the preflight's end). */
void report_summary(FILE *out, struct style style, const struct plan *plan,
                    const struct record *record, const struct judgement *judgement);

/* The summary of a search for the capacity: judgement->capacity. And one of its steps, in a line.
 */
void report_capacity(FILE *out, struct style style, const struct plan *plan,
                     const struct judgement *judgement);
struct capacity_step;
void report_capacity_step(FILE *out, const struct capacity_step *step);

/* The ERROR block of a limit that was met, as far as it is known in mid-run: several lines. Only of
 * outcomes of our own side. */
void report_error_short(FILE *out, struct style style, const struct finding *finding,
                        const struct record *record);

/* Reports as files. record may be NULL when no load was sent. 0 or -errno of writing. */
typedef int report_writer(FILE *out, const struct plan *plan, const struct record *record,
                          const struct judgement *judgement);
report_writer report_json;  /* "holdfast/1" */
report_writer report_junit; /* JUnit XML: a case for each rule */
report_writer report_html;  /* a page of its own, without script */
report_writer report_csv;   /* the timeline, a line a sample; "" where nothing was measured */
report_writer report_hgrm;  /* the distribution of latencies, as HdrHistogram prints it, in ms */

/* The end of each of these: flushes; 0 or -errno of whatever failed before. */
int report_end(FILE *out);

/* The JSON Schema of that report. */
void report_schema(FILE *out);

/* One plain live line (contract: plain live lines); values not measured are "-" . */
struct live_line {
    const char *phase; /* "ramp", "hold", "freeze", "drain" */
    double t;          /* seconds since the run's start */
    uint64_t live, connecting, closed, errored;
    int64_t drained; /* below zero, and not shown: the drain has not begun */
    double client_rps, server_rps, p50_ms, p99_ms;           /* NAN: not measured */
    int64_t files_used, files_limit, ports_used, ports_have; /* -1: not measured */
    double cpu_pct, lag_ms;
};
/* Written into buffer, without a line's end; returns it. */
enum { REPORT_LINE_MAX = 512 };
char *report_line_text(char *buffer, size_t size, const struct live_line *line);

/* A report file written aside and renamed into place. */
struct report_file {
    const char *path; /* "-": standard output */
    char *aside;  /* the name it has, or will be linked under, until it is in place; NULL: none */
    bool unnamed; /* it has no name yet: nothing is left of it should we be killed */
    FILE *stream;
    /* Of what a reader takes from, a pipe for one: kept in memory until the commit. */
    int out; /* -1: none */
    char *text;
    size_t length;
};
/* Opened before the load: 0 or -errno; "-" gives a stream on standard output. */
int report_file_open(struct report_file *file, const char *path);
/* Flushes, syncs to the file system's knowledge of errors, renames: 0 or -errno (the aside file is
 * removed then). A reader that takes nothing for as long as patience: -ETIMEDOUT. */
int report_file_commit(struct report_file *file, duration patience);
void report_file_discard(struct report_file *file);

#endif
