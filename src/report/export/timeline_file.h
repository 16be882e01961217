/* The timeline file: JSON Lines that grow while a run goes on, so that a run cut off by anything
 * leaves all but its last second.
 *
 * The first line is the header (schema "holdfast-timeline/1": what was asked, and where), written
 * when the file is opened; one with "begin": true says when the load began, and what the preflight
 * found; then one line a tick with all that is known so far under the names of the JSON report; in
 * the end one with "end": true and the verdict. */
#ifndef REPORT_EXPORT_TIMELINE_FILE_H
#define REPORT_EXPORT_TIMELINE_FILE_H

#include <limits.h>
#include <stdbool.h>

#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "report/format/line_writer.h"
#include "stats/record.h"

struct timeline_file {
    const char *path; /* "-": standard output */
    struct line_writer out;
    bool begun;        /* the line of the beginning is written */
    int error;         /* -errno of the first write that failed: nothing is written after it; 0 */
    uint64_t left_out; /* lines that its reader was too slow for */
    uint64_t marks_written;           /* changes of the marks in the latest line that has them */
    struct closings closings_written; /* why connections ended, as that line has it */
    bool to_leader; /* of a part of a run on many hosts: each line has its histograms, so that the
                     * percentiles of all hosts are exact */
    int64_t started_ns; /* for a leader: when the load began, by this host's monotonic clock */
};

/* Opens it and empties it, before the load: 0 or -errno, whose text is line_writer_error(). A pipe
 * that is full is waited for by the end alone, and for some seconds. */
int timeline_file_open(struct timeline_file *file, const char *path);
void timeline_file_close(struct timeline_file *file);

/* How a line stands beside the record: what only the moment knows. */
struct timeline_moment {
    const char *phase;
    struct timeline_sample sample;
    const struct closings *closings; /* as judge_causes() has them; written when they changed */
    const struct rules *rules;       /* judged so far; NULL: the figures are frozen */
};

/* Each writes one whole line, to a regular file in one write(2). 0, or -errno the first time that
 * fails, or -EAGAIN the first time that a line was left out, and in the end when any was: the
 * caller prints a message. judgement: of the preflight. */
int timeline_file_header(struct timeline_file *file, const struct plan *plan,
                         const struct setup *setup);
/* To a leader: all is ready for the load. */
int timeline_file_ready(struct timeline_file *file);
/* To a leader: another phase has begun. */
int timeline_file_phase(struct timeline_file *file, const char *phase);
int timeline_file_begin(struct timeline_file *file, const struct plan *plan,
                        const struct record *record, const struct judgement *judgement);
/* record: as it would be if the run ended now. */
int timeline_file_sample(struct timeline_file *file, const struct plan *plan,
                         const struct record *record, const struct timeline_moment *moment);
/* record NULL: no load was sent. The beginning too, where it is not written yet. */
int timeline_file_end(struct timeline_file *file, const struct plan *plan,
                      const struct record *record, const struct judgement *judgement);

/* Where a regular file did not take all, or has no name any more: the lines of the beginning and of
 * the end in a file elsewhere (where: its path). False: not needed, or nowhere. */
bool timeline_file_keep(const struct timeline_file *file, const struct plan *plan,
                        const struct record *record, const struct judgement *judgement,
                        char where[static PATH_MAX]);

#endif
