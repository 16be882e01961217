/* How far another host's monotonic clock is from ours, by round trips: nothing rests on what time
 * of day either has. */
#ifndef HOSTS_CLOCK_OFFSET_H
#define HOSTS_CLOCK_OFFSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

/* Zero-filled: nothing is known yet. */
struct clock_offset {
    size_t samples;
    duration offset;     /* theirs less ours */
    duration round_trip; /* the shortest: the offset is wrong by half of it at most, then */
    instant taken;       /* when its answer came */
};

/* A question that left at `sent` and whose answer came at `received`, both by our clock. */
void clock_offset_take(struct clock_offset *clock, instant sent, instant received,
                       int64_t their_ns);

/* How wrong the offset is at most at a moment of ours: a kernel slews its clock by 500 ppm at most
 * (adjtimex(2)). */
duration clock_offset_error(const struct clock_offset *clock, instant ours);

/* A moment of one clock by the other's. */
int64_t clock_offset_theirs(const struct clock_offset *clock, instant ours);
instant clock_offset_ours(const struct clock_offset *clock, int64_t their_ns);

#endif
