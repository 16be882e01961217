/* Saved runs that were one load, from several shards or hosts, made one run. */
#ifndef REPORT_SAVED_SAVED_MERGE_H
#define REPORT_SAVED_SAVED_MERGE_H

#include "report/saved/saved.h"

/* The identity of a run, and what it held. */
struct saved_merged_run {
    int64_t started_ms; /* wall clock */
    pid_t pid;          /* of its first worker; 0: not known */
    uint32_t part;      /* of the plan's parts, from 0 */
    uint64_t seed;
    double held_from, held_until; /* wall clock, in seconds: the hold with its freeze */
    uint64_t live;                /* at the end of that */
};

/* The parts so far. Zero-filled is none. */
struct saved_merge {
    struct saved *whole; /* of the first part, with the others added; NULL: none yet */
    size_t parts;
    struct saved_merged_run *runs; /* so many */
    uint64_t id;                   /* of all of them */
    double last_start, first_end;  /* wall clock, in seconds */
    uint32_t of;                   /* as many parts had the plan; 0: not all are added up yet */
};

/* Adds a part; it is consumed, whatever comes of it. Counts are summed, histograms added without
 * loss, the greatest of peaks and times taken. What is not known of the whole is not measured:
 * live_min, the highest second, the server's own account (each part holds it against its own
 * requests alone), why connections ended, survival, and marks (each part counts what it lost after
 * one). false and one line, and the parts so far stay as they are, when the plans differ (-c, -n,
 * --rate are summed), when a part sent no load, is there already, or kept percentiles without their
 * histograms, or when a sum is more than a report holds. name stands in messages. */
bool saved_merge_add(struct saved_merge *merge, struct saved *part, const char *name,
                     char error[static SAVED_ERROR_MAX]);

/* After the last, of one or more: the figures of the whole, not judged yet. Whoever measured some
 * of them beside the parts adds these; it stays the merge's. */
struct saved *saved_merge_sum(struct saved_merge *merge);

/* After the last, of one or more: the figures of the whole, judged by its rules, and a finding that
 * states how far the parts ran at the same time. Rates are those of runs that all did for nine
 * tenths of it, live_peak is the most that were held at one moment, and where all were never held
 * together, by the clocks of their hosts, what held is inconclusive. The caller frees it with
 * saved_free(); of the merge nothing is left. */
struct saved *saved_merge_end(struct saved_merge *merge);

/* Without an end. */
void saved_merge_free(struct saved_merge *merge);

#endif
