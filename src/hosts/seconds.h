/* The seconds of a run on many hosts: what each part held at least in one, and answered, and what
 * all parts did in the same one. */
#ifndef HOSTS_SECONDS_H
#define HOSTS_SECONDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part that is not heard of for so long, or longer, is taken as it was heard of last. */
enum { SECONDS_KEPT = 32 };

/* A second of one part, and all before it that it said nothing of. */
struct part_second {
    int64_t at; /* seconds since the start, at its end */
    bool holds; /* the part's ramp was over */
    uint64_t live_min;
    double per_second; /* answered in that second; NAN: it was not a whole one */
};

/* Zero-filled: nothing was said yet. */
struct part_seconds {
    int64_t latest;
    bool ended, lost; /* nothing more is to come: it ended its hold, or is gone with all it held */
    struct part_second kept[SECONDS_KEPT];
};

/* A line of the part, t seconds since the start: of a whole second, or of what is left of one where
 * a phase ends. */
void part_seconds_take(struct part_seconds *seconds, double t, bool holds, uint64_t live_min,
                       double per_second);

/* Zero-filled: nothing is added up yet. */
struct all_seconds {
    int64_t latest;    /* the last that is added up */
    bool held;         /* in one of them all parts held: the following are known */
    uint64_t live_min; /* the least sum of what each held at least: all together held no less */
    uint64_t live_min_latest;
    double per_second_peak; /* the greatest sum of a whole second that all held; 0: none */
    bool held_before, over; /* in the last one; one of them holds no more */
};

/* Adds up each second that all parts have come to, who are neither lost nor ended. */
void all_seconds_add(struct all_seconds *all, const struct part_seconds *const *parts,
                     size_t count);

#endif
