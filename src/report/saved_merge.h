/* Saved runs that were one load, from several shards or hosts, made one run. */
#ifndef REPORT_SAVED_MERGE_H
#define REPORT_SAVED_MERGE_H

#include "report/saved.h"

/* The parts so far. Zero-filled is none. */
struct merge {
    struct saved *whole; /* of the first part, with the others added; NULL: none yet */
    size_t parts;
    double last_start, first_end; /* wall clock, in seconds */
};

/* Adds a part; it is consumed, whatever comes of it: the first one is `whole`, freed by the caller
 * with saved_free(). Counts are summed, histograms added without loss, the greatest of peaks and
 * times taken. What cannot be told of the whole is not measured: live_min, the highest second, the
 * server's own account (each part holds it against its own requests alone), why connections ended,
 * and survival. false and one line when the plans differ (-c, -n and --rate are summed), when a
 * part sent no load, or kept percentiles without their histograms. name stands in messages. */
bool saved_merge_add(struct merge *merge, struct saved *part, const char *name,
                     char error[static SAVED_ERROR_MAX]);

/* After the last: the figures of the whole, judged by its rules, and a finding that says how far
 * the parts ran at the same time. Rates are those of runs that all did for nine tenths of it. */
void saved_merge_end(struct merge *merge);

#endif
