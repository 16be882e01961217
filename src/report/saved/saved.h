/* A saved run read back: a timeline, whole or cut off anywhere, or a JSON report. */
#ifndef REPORT_SAVED_SAVED_H
#define REPORT_SAVED_SAVED_H

#include <stdbool.h>
#include <stdio.h>

#include "judge/verdict/capacity.h"
#include "judge/verdict/judgement.h"
#include "options/options.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "stats/record.h"

enum saved_kind { SAVED_TIMELINE, SAVED_REPORT };

/* A saved run, read back for reports. The struct points into itself: not to be copied. */
struct saved {
    enum saved_kind kind;
    struct options options;
    struct plan plan;
    struct setup setup;
    struct record *record; /* NULL: no load was sent */
    /* Of a timeline, judged anew (the verdict in the file is compared); of a report, as written
     * there.
     */
    struct judgement judgement;
    struct capacity capacity; /* where judgement.capacity points, of a search */
    bool judged_otherwise;    /* the timeline ends with another verdict than ours */
    size_t torn_line;         /* the number of a last line that is cut, left out; 0: none */
    char imbalance[200];      /* where record->imbalance points */
    char version[48];         /* of the holdfast that wrote it; "": not told */
};

enum {
    SAVED_ERROR_MAX = 1024,
    SAVED_LINE_MAX = 1 << 20,    /* bytes of a line */
    SAVED_REPORT_MAX = 16 << 20, /* bytes of a JSON report */
};

/* Reads a file to its end; memory stays the same however long a timeline is. name stands in
 * messages. NULL and one line in error (FILE:LINE: what is wrong) when the file cannot be
 * read; a last line without its end is left out. The caller frees with saved_free(). */
struct saved *saved_read(FILE *in, const char *name, char error[static SAVED_ERROR_MAX]);
void saved_free(struct saved *saved);

/* A timeline that is followed while it grows, one line after another, each parsed already: what has
 * come so far is a run that goes on. */
struct json_t;
struct saved_follow;
/* name stands in messages. NULL: no memory. */
struct saved_follow *saved_follow_open(const char *name);
void saved_follow_close(struct saved_follow *follow);
/* The header first. False: it is none of a timeline's lines, which saved_follow_error() explains;
 * nothing more is taken then. */
bool saved_follow_line(struct saved_follow *follow, const struct json_t *line);
const char *saved_follow_error(const struct saved_follow *follow);
/* Whether its load has begun, and its end has come; the latest phase ("": none yet). */
bool saved_follow_has_begun(const struct saved_follow *follow);
bool saved_follow_has_ended(const struct saved_follow *follow);
const char *saved_follow_phase(const struct saved_follow *follow);
/* So far; it stays the follower's, or becomes the caller's. */
const struct saved *saved_follow_saved(const struct saved_follow *follow);
struct saved *saved_follow_take(struct saved_follow *follow);

#endif
