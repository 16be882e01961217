/* Endings: a sample, of bounded size, of how connections that were live ended: what inference rests
 * on. */
#ifndef STATS_ENDINGS_H
#define STATS_ENDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/ages.h"
#include "stats/outcome.h"

enum { ENDINGS_SAMPLE = 256, ENDINGS_GAPS = 256, ENDINGS_LONGEST = 64 };

/* An age that is more than 32 bits of milliseconds hold: 49 days or above. */
#define ENDINGS_AGE_MAX UINT32_MAX

/* One connection's end, in milliseconds. */
struct ending {
    uint32_t sample_key; /* drawn at random: the least sample_rng are kept, so that samples can be
                            merged */
    uint32_t idle_ms;    /* since its last answer; without one, since it was open */
    uint32_t age_ms;     /* since it was open; ENDINGS_AGE_MAX: that or more */
    uint32_t moment_ms;  /* on the run clock, wrapped */
    uint32_t answers;
    uint32_t waited_ms; /* of these its last request had waited for its answer; 0: none had */
    uint16_t status;    /* of the answer that ended it; 0: none did */
    uint16_t late_ms;   /* of its idle time up to so much may be our own lateness: the last answer
                           lay unread, or the end unseen. UINT16_MAX: that or more */
};

/* What came of the request at its end: an answer that kept the connection, its last answer; or
 * there was none yet, and the freeze found it live. */
enum endings_gap_end { ENDINGS_GAP_KEPT, ENDINGS_GAP_LAST, ENDINGS_GAP_LIVE };

/* A time between two requests that a connection came through: the later was answered, or the
 * freeze found it live. In milliseconds, as it stood at the later one. */
struct endings_gap {
    uint32_t sample_key; /* as an ending's */
    uint32_t idle_ms;    /* since the answer before, or since it was open */
    uint32_t age_ms;
    uint32_t moment_ms; /* on the run clock, wrapped */
    uint32_t answers;   /* before it */
    uint16_t end;       /* enum endings_gap_end */
    uint16_t late_ms;   /* as an ending's: it may have been longer by so much */
};

/* Of all gaps a fair sample, and the longest, which rule out most: a maximum alone would let one
 * connection of another kind speak for all. */
struct endings_gaps {
    uint64_t count; /* of all */
    uint32_t kept, longest_kept;
    struct endings_gap sample[ENDINGS_GAPS];     /* by sample_key, the least first */
    struct endings_gap longest[ENDINGS_LONGEST]; /* by idle_ms, the greatest first */
};

/* The endings of one outcome. */
struct ending_group {
    uint64_t count;      /* of all, not of the sample alone */
    uint32_t age_ms_min; /* of all; meaningful when count > 0 */
    uint32_t kept;
    struct ending sample[ENDINGS_SAMPLE]; /* by sample_key, the least first */
};

/* The greatest that a connection came through, which rules out any smaller limit. */
struct endings_survived {
    uint32_t idle_ms;       /* and was answered then, or live at the freeze */
    uint32_t age_ms;        /* likewise */
    uint32_t asked_idle_ms; /* and was answered then */
    uint32_t kept_age_ms;   /* when it asked for an answer that kept it */
    uint32_t kept_answers;  /* when such an answer came, that one included */
    int64_t kept_moment_ns; /* run clock, when the latest such answer was asked for */
    uint32_t past_age_ms;   /* at an answer behind which another was given */
    uint32_t past_answers;  /* likewise */
    int64_t past_moment_ns; /* likewise: run clock */
};

/* Zero-filled memory is empty. */
struct endings {
    struct ending_group of[OUTCOME_COUNT];
    struct endings_survived survived;
    struct endings_gaps gaps;
    struct ages ages;  /* of all: what a survival curve is drawn from */
    uint32_t dirty[2]; /* bit o of set s: of[o] changed since the last publication into buffer s;
                          bit OUTCOME_COUNT: the ages did; the next: the gaps */
};

void endings_add(struct endings *endings, enum outcome outcome, const struct ending *ending);
/* Seen long after it happened, because we were stopped: it counts, and is no evidence of when. */
void endings_add_late(struct endings *endings, enum outcome outcome, const struct ending *ending);

/* An answer came to a request that was sent at asked_ns, when the connection stood as said (but for
 * its answers: this one included); kept: and did not end it. */
void endings_answered(struct endings *endings, const struct ending *as_it_stood, int64_t asked_ns,
                      bool kept);

/* A connection is live at the freeze, at that age: its end is not seen. */
void endings_frozen(struct endings *endings, uint32_t age_ms);

/* A connection was idle at the freeze. */
void endings_outlived(struct endings *endings, const struct ending *as_it_stands);

/* Of all outcomes together. */
uint64_t endings_count(const struct endings *endings);

/* The same whatever the order: the sample of the whole is the least sample_rng of its parts. */
void endings_merge(struct endings *into, const struct endings *from);
/* Moments of a sample by another clock: later by so much. */
void endings_shift(struct endings *endings, int64_t ns);
void endings_copy(struct endings *into, const struct endings *from);
void endings_clear(struct endings *endings);

/* Brings buffer `set` (0 or 1), a copy of an earlier state of from, up to date by what changed. */
void endings_publish(struct endings *buffer, struct endings *from, int set);

#endif
