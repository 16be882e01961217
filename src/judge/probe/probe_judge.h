/* A server's keep-alive policy from what a probe saw: four questions, each answered by the
 * connections that ended and by those that lived. Pure. */
#ifndef JUDGE_PROBE_PROBE_JUDGE_H
#define JUDGE_PROBE_PROBE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "judge/probe/probe_trace.h"

enum probe_status {
    PROBE_UNKNOWN,
    PROBE_FOUND,
    PROBE_AT_LEAST, /* nothing ended before */
    PROBE_JITTERED, /* no two ends agree: a range is told */
    PROBE_STATUSES
};

enum probe_question {
    PROBE_IDLE_TIMEOUT,          /* seconds between requests */
    PROBE_FIRST_REQUEST_TIMEOUT, /* seconds before the first */
    PROBE_REQUESTS,              /* of a connection, in all */
    PROBE_MAX_AGE,               /* seconds */
    PROBE_QUESTIONS
};

struct probe_value {
    enum probe_status status;
    double value, low, high; /* NAN: not told */
    uint32_t agreeing;       /* connections */
    double announced;        /* by a header; NAN: not */
    enum probe_end ended_by; /* PROBE_OPEN: nothing ended */
    bool by_clock;           /* looked at now and then: ends of different waits fall together */
    double period;           /* of that clock, at most; NAN */
    bool at_answer;          /* of the age: an answer beyond it is the last, and no timer acts */
    bool one_moment;         /* all ended together, after different waits: nothing tells why */
    bool forgotten;          /* nothing ended: requests behind a longer wait were lost */
};

struct probe_result {
    struct probe_value values[PROBE_QUESTIONS];
    uint32_t strays;        /* connections that ended by none of these */
    duration stray_idle;    /* the longest that one of them was idle */
    uint32_t given_up;      /* by us: a request was never answered, and none of these tells why */
    duration given_up_idle; /* the longest that one of them was idle before that request */
};

struct probe_evidence {
    const struct probe_trace *traces;
    size_t count; /* PROBE_TRACES_MAX at most */
    instant now;
};
enum { PROBE_TRACES_MAX = 64 };

/* What is tried. */
enum probe_scope {
    PROBE_SCOPE_ALL,
    PROBE_SCOPE_GENTLE, /* no limit of requests, and 40 of them in all */
    PROBE_SCOPE_IDLE    /* the idle timeout alone, and no longer than until it is known */
};

/* What else a probe met. */
struct probe_facts {
    uint32_t connections; /* opened so far */
    uint32_t open, open_peak;
    uint32_t requests;     /* sent so far, those that were made already included */
    uint32_t answers;      /* complete ones */
    uint32_t errors;       /* of these, of a status of 400 or above */
    uint16_t error_status; /* the first of those */
    uint32_t restarts;
    uint32_t holds;    /* connections that it kept while one more was not answered; 0: all were */
    bool not_kept;     /* each of the first ended at once */
    bool announced;    /* of these: they said so */
    bool other_kept;   /* the other request was kept where the first was not */
    bool complete;     /* nothing was left to be tried */
    bool begun;        /* one was kept: the others were opened */
    bool gone;         /* nothing could be opened any more; not begun: not one was answered */
    duration late_max; /* our own lateness, at most */
    duration elapsed;  /* since it began */
    duration waited;   /* since the first of the connections that wait */
    duration longest;  /* that one of them has been idle so far */
};

void probe_judge(struct probe_result *result, const struct probe_evidence *evidence);

/* What one limit scatters by: two durations so far apart or nearer are the same. */
duration probe_tolerance(duration length);

const char *probe_status_name(enum probe_status status); /* "found", ..., as the JSON has it */
const char *probe_end_name(enum probe_end end); /* "fin", ...; NULL: the server ended nothing */
/* "idle_timeout", ...; as people read it: "idle timeout". */
const char *probe_question_name(enum probe_question question);
const char *probe_question_label(enum probe_question question);

#endif
