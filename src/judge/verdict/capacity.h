/* Capacity: the steps of a search, each a whole run with its judgement, and what they come to. */
#ifndef JUDGE_VERDICT_CAPACITY_H
#define JUDGE_VERDICT_CAPACITY_H

#include "judge/verdict/bisect.h"
#include "judge/verdict/judgement.h"
#include "stats/statuses.h"

/* The cause that broke a run, and the evidence. */
struct capacity_cause {
    bool known;             /* a cause was found */
    enum outcome_side side; /* tester: ours */
    bool by_lateness;       /* it may have been by chance: nothing else is known of it */
    bool explained;         /* by its cause, not by its symptom alone */
    char code[80];          /* "worker_connections", an outcome's name, a finding's code, a rule */
    char text[512];         /* one line */
    char advice[200];       /* "" = none */
    int outcome;            /* the foremost one; -1: none */
    bool by_moment;         /* explained as all at once, whatever came before */
    uint64_t level; /* by_moment in the ramp: how many had been opened then; 0: not in the ramp */
    uint64_t ended; /* how many so */
    bool by_ramp; /* connects came faster than the server took them: a slower ramp may hold more */
    uint64_t limit; /* the number that it shows to be the limit; 0: none */
};

enum capacity_result {
    CAPACITY_HELD,
    CAPACITY_BROKE,
    CAPACITY_GONE, /* the target could not be reached any more: it says nothing of that number */
    CAPACITY_CUT   /* interrupted before its result was known */
};

struct capacity_step {
    uint32_t connections;
    enum capacity_result result;
    bool ran; /* else the preflight ended it: no load was sent, and all counts are 0 */
    uint64_t opened, live, closed, errored, lost;
    double ramp_seconds, p99_seconds; /* NAN: not measured */
    struct statuses statuses;
    struct capacity_cause cause;
};

enum capacity_end {
    CAPACITY_FOUND,       /* the server, or the network, was the limit */
    CAPACITY_OURS,        /* this machine was the limit: at least that many */
    CAPACITY_CEILING,     /* -c was reached, and held */
    CAPACITY_TARGET_GONE, /* the target could not be reached any more: at least that many */
    CAPACITY_INTERRUPTED  /* as far as it went */
};
const char *capacity_end_name(enum capacity_end end); /* "found", "ours"... as in the JSON report */
const char *capacity_result_name(enum capacity_result result); /* "held", "gave"... likewise */

struct capacity {
    struct bisect search;
    duration hold; /* of each step */
    size_t count, room;
    struct capacity_step *steps; /* in the order they were made; freed with capacity_free() */
    enum capacity_end end;
    uint64_t answer;                   /* the largest that held; 0: not even the least */
    bool at_least;                     /* more may hold */
    const struct capacity_step *broke; /* the least above it that broke; NULL: none did */
    uint32_t regained;                 /* the largest that broke first, and held later; 0: none */
    struct capacity_cause cause;       /* of that, as the step that shows it best has it */
};

/* The one place that decides what broke: of a run (record NULL: of its preflight) that did not
 * hold. */
struct capacity_cause capacity_cause(const struct judgement *judgement, const struct plan *plan,
                                     const struct record *record);

/* Notes a step that is over. record NULL: its preflight ended it. false: out of memory. */
bool capacity_add(struct capacity *capacity, const struct plan *plan,
                  const struct judgement *judgement, const struct record *record);

/* The answer, and into *judgement (of the step that stands for it) the verdict of the whole:
 * held (0) when an answer was found, inconclusive (4) when our side was the limit, the target was
 * gone or it was interrupted, broke (1) when not even the least number held. */
void capacity_conclude(struct capacity *capacity, bool interrupted, struct judgement *judgement);

/* The last step, where the target could not be reached any more; else NULL. */
const struct capacity_step *capacity_gone(const struct capacity *capacity);

void capacity_free(struct capacity *capacity);

#endif
