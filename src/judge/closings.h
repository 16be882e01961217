/* Closings: why connections that were live ended, inferred from when they did; pure. */
#ifndef JUDGE_CLOSINGS_H
#define JUDGE_CLOSINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "plan/ramp.h"
#include "stats/endings.h"

/* In which of its dimensions an outcome's endings agree. */
enum closing_dimension {
    CLOSING_UNKNOWN,  /* in none, or too few to tell */
    CLOSING_IDLE,     /* so long after the last answer */
    CLOSING_REQUESTS, /* after so many answers */
    CLOSING_AGE,      /* so long after they were open */
    CLOSING_MOMENT,   /* at once, whatever their own past */
    CLOSING_LEVEL,    /* for each one opened above a level */
    CLOSING_DIMENSIONS
};
const char *closing_dimension_name(enum closing_dimension dimension); /* NULL for unknown */

/* Fewer say nothing. */
enum { CLOSING_MIN = 5 };

/* The least, the median and the greatest of the sample. */
struct closing_range {
    uint32_t least, middle, greatest;
};

struct closing {
    enum outcome outcome;
    uint64_t count;
    uint32_t sampled; /* endings that are known one by one; of none, the ranges say nothing */
    enum closing_dimension dimension;
    uint32_t value;  /* ms; answers of REQUESTS; connections of LEVEL */
    uint32_t spread; /* ms between the 5th and the 95th percentile; of a limit that is seen at the
                        next answer only: between which ages it lies; 0 of REQUESTS */
    uint32_t limit;  /* the round number that the value stands for, in its unit */
    uint32_t bursts; /* of MOMENT: how many; 0: from that moment on each answer was the last */
    bool either;     /* REQUESTS or AGE, and the other would have looked the same */
    bool race;       /* IDLE: a request met the timeout that closed others while they were idle */
    bool by_timer;   /* AGE: ended at that age, and not at the next answer */
    struct closing_range idle_ms, age_ms, answers;
    char directive[80]; /* "keepalive_timeout 5s"; "" where the dimension is unknown */
    char text[240];     /* what is said after "6 closed_idle, "; "" likewise */
    char advice[200];   /* what to do first; "" likewise */
};

struct closings {
    size_t count;
    struct closing items[OUTCOME_COUNT]; /* of live outcomes that happened */
};

/* What else is known of the run. */
struct closing_context {
    const struct survived *survived;
    struct span think;
    uint32_t timeout_ms; /* the idle time at which others were closed; 0: none known */
    int64_t started_ns;  /* run clock of the first attempt */
    bool moments_wrap;   /* the run is longer than the 49 days that an ending's moment counts */
    const struct ramp *ramp;
    duration ramped; /* how long the ramp took */
    uint64_t opened;
    bool short_of_connections; /* as the server itself said: its log, or accepted and not handled */
};

/* Fills all of *closing but its words. */
void closing_infer(struct closing *closing, enum outcome outcome, const struct ending_group *group,
                   const struct closing_context *context);

/* Whether both say the same, their words aside. */
bool closings_same(const struct closings *a, const struct closings *b);

/* The outcome's closing when its cause could be told, else NULL. */
const struct closing *closings_find(const struct closings *closings, enum outcome outcome);

#endif
