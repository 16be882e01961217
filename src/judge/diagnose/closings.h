/* Closings: why connections that were live ended, inferred from when they did; pure. */
#ifndef JUDGE_DIAGNOSE_CLOSINGS_H
#define JUDGE_DIAGNOSE_CLOSINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "judge/diagnose/diagnosed_run.h"
#include "judge/finding.h"
#include "plan/ramp.h"
#include "stats/endings.h"

/* In which of its dimensions an outcome's endings agree. */
enum closing_dimension {
    CLOSING_UNKNOWN,   /* in none, or too few to tell */
    CLOSING_IDLE,      /* so long after the last answer */
    CLOSING_REQUESTS,  /* after so many answers */
    CLOSING_AGE,       /* so long after they were open */
    CLOSING_MOMENT,    /* at once, whatever their own past */
    CLOSING_LEVEL,     /* for each one opened above a level */
    CLOSING_STATUS,    /* with an answer that has an error status */
    CLOSING_FORGOTTEN, /* the first request after so long without one was never answered */
    CLOSING_SILENCE,   /* no request since that moment was answered */
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
    uint32_t value;  /* ms; answers of REQUESTS; connections of LEVEL; the most frequent status of
                        STATUS */
    uint32_t spread; /* ms between the 5th and the 95th percentile; of a limit that is seen at the
                        next answer only: between which ages it lies; 0 of REQUESTS */
    uint32_t limit;  /* the round number that the value stands for, in its unit */
    uint32_t bursts; /* of MOMENT: how many; 0: from that moment on each answer was the last */
    uint32_t rivals; /* 1 << dimension of each other one that would have looked the same */
    bool interval;   /* IDLE: it acts somewhere between low and high */
    uint32_t low, high;      /* ms: of an interval; of FORGOTTEN, the longest that was kept and the
                                shortest that was lost */
    uint32_t answered_until; /* ms, MOMENT: nothing that was asked between this and it was answered;
                                0: not so */
    uint32_t forgets;        /* ms, SILENCE with the rival FORGOTTEN: after so long */
    bool for_some;           /* IDLE or REQUESTS: others behind the name have another, or none */
    bool refused;            /* LEVEL: by refusing those beyond, not by closing others */
    uint32_t share_percent;  /* of the endings, so many agree; 100: all but strays */
    bool race;     /* IDLE: a request met the timeout that closed others while they were idle */
    bool by_timer; /* AGE: ended at that age, and not at the next answer */
    uint32_t status_percent; /* STATUS: of the endings, so many came with it */
    uint32_t errors_percent; /* STATUS: and so many with any error status */
    struct closing_range idle_ms, age_ms, answers;
    char directive[120]; /* "keepalive_timeout 5s"; "" where the dimension is unknown */
    char text[360];      /* the text behind "6 closed_idle, "; "" likewise */
    bool heads;          /* of the words: a HEAD may be why */
    char advice[200];    /* what to do first; "" likewise */
};

struct closings {
    size_t count;
    struct closing items[OUTCOME_COUNT]; /* of live outcomes that happened */
};

/* Other facts of the run. */
struct closing_context {
    const struct endings_survived *survived;
    const struct endings_gaps *gaps;
    const struct endings *endings; /* of all outcomes */
    struct units_span think;
    uint32_t timeout_ms;  /* the idle time at which others were closed; 0: none known */
    int64_t announced_ms; /* the idle timeout that answers announce; 0: none */
    int64_t started_ns;   /* run clock of the first attempt */
    bool moments_wrap;    /* the run is longer than the 49 days that an ending's moment counts */
    const struct ramp *ramp;
    duration ramped;    /* how long the ramp took */
    duration ramp_late; /* the worst lateness of an attempt against it */
    uint32_t lag_ms;    /* our own lateness: but for 0.5 % of the time it was not more */
    uint64_t opened;
    uint64_t stayed;        /* of these, but for those that ended at once or were never answered */
    bool answers_slow;      /* one took half as long as our own deadline, or longer */
    uint64_t error_answers; /* with a status of 400 or above */
    bool short_of_connections; /* as the server itself said: its log, or accepted and not handled */
};

/* Fills all of *closing but its words. */
void closing_infer(struct closing *closing, enum outcome outcome, const struct ending_group *group,
                   const struct closing_context *context);

/* The causes that judge_closings() infers, without their words; a part of the run so far, too.
 * Zero-fills *closings first, so that what is equal has equal bytes. */
void judge_causes(struct closings *closings, const struct plan *plan, const struct record *record);

/* Infers why connections ended, and adds a finding for each cause that was inferred. Of a saved
 * run, whose endings are not kept, *closings says what was inferred, and gets its words. */
void judge_closings(struct closings *closings, struct findings *findings,
                    const struct diagnosed_run *run);

/* This server's name of its limit of connections: "worker_connections", ... */
const char *closings_level_name(const struct record_target *facts);

/* Whether both say the same, their words aside. */
bool closings_same(const struct closings *a, const struct closings *b);

/* The outcome's closing when its cause was inferred, else NULL. */
const struct closing *closings_find(const struct closings *closings, enum outcome outcome);

#endif
