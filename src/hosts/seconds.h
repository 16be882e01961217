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
struct seconds_one {
    int64_t at; /* seconds since the start, at its end */
    bool holds; /* the part's ramp was over */
    uint64_t live_min;
    double per_second; /* answered in that second; NAN: it was not a whole one */
};

/* Zero-filled: nothing was said yet. */
struct seconds_part {
    int64_t latest;
    bool ended, lost; /* nothing more is to come: it ended its hold, or is gone with all it held */
    struct seconds_one kept[SECONDS_KEPT];
};

/* A line of the part, t seconds since the start: of a whole second, or of what is left of one where
 * a phase ends. */
void seconds_part_take(struct seconds_part *seconds, double t, bool holds, uint64_t live_min,
                       double per_second);

/* Zero-filled: nothing is added up yet. */
struct seconds_all {
    int64_t latest;    /* the last that is added up */
    bool held;         /* in one of them all parts held: the following are known */
    uint64_t live_min; /* the least sum of what each held at least: all together held no less */
    uint64_t live_min_latest;
    double per_second_peak; /* the greatest sum of a whole second that all held; 0: none */
    bool held_before, over; /* in the last one; one of them holds no more */
};

/* Adds up each second that all parts have come to, who are neither lost nor ended. */
void seconds_all_add(struct seconds_all *all, const struct seconds_part *const *parts,
                     size_t count);

#endif
