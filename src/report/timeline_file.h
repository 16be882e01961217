/* The timeline file: JSON Lines that grow while a run goes on, so that a run cut off by anything
 * leaves all but its last second.
 *
 * The first line is the header (schema "holdfast-timeline/1": what was asked, and where), written
 * when the file is opened; one with "begin": true says when the load began, and what the preflight
 * found; then one line a tick with all that is known so far under the names of the JSON report; in
 * the end one with "end": true and the verdict. */
#ifndef REPORT_TIMELINE_FILE_H
#define REPORT_TIMELINE_FILE_H

#include <stdbool.h>

#include "judge/judge.h"
#include "plan/plan.h"
#include "stats/record.h"

struct timeline_file {
    const char *path; /* "-": standard output */
    int fd;           /* -1: not open */
    bool begun;       /* the line of the beginning is written */
    int error;        /* -errno of the first write that failed: nothing is written after it; 0 */
};

/* Opens it and empties it, before the load: 0 or -errno. */
int timeline_file_open(struct timeline_file *file, const char *path);
void timeline_file_close(struct timeline_file *file);

/* How a line stands beside the record: what only the moment knows. */
struct timeline_moment {
    const char *phase;
    struct sample sample;
};

/* Each writes one whole line in one write(2). 0, or -errno the first time that fails: the caller
 * says so, once. judgement: of the preflight. */
int timeline_file_header(struct timeline_file *file, const struct plan *plan);
int timeline_file_begin(struct timeline_file *file, const struct plan *plan,
                        const struct record *record, const struct judgement *judgement);
/* record: as it would be if the run ended now. */
int timeline_file_sample(struct timeline_file *file, const struct plan *plan,
                         const struct record *record, const struct timeline_moment *moment);
/* record NULL: no load was sent. The beginning too, where it is not written yet. */
int timeline_file_end(struct timeline_file *file, const struct plan *plan,
                      const struct record *record, const struct judgement *judgement);

#endif
