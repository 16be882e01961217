/* What a probe saw of each connection that it opened: when it was asked and answered, and how it
 * ended. */
#ifndef JUDGE_PROBE_PROBE_TRACE_H
#define JUDGE_PROBE_PROBE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

/* What a connection is there for. */
enum probe_role {
    PROBE_FIRST,  /* whether one is kept at all */
    PROBE_IDLE,   /* asks a few times, then waits for its end */
    PROBE_LADDER, /* asks after longer and longer waits: what nobody ends, but forgets */
    PROBE_FAST,   /* asks again at once: a limit of requests */
    PROBE_STEADY, /* asks all the while: a limit of age, or a restart */
    PROBE_SILENT, /* never asks: the time before a first request */
    PROBE_ROLES
};

enum probe_end {
    PROBE_OPEN,
    PROBE_END_FIN,
    PROBE_END_RST,
    PROBE_END_ANNOUNCED, /* the last answer said so */
    PROBE_END_408,
    PROBE_END_CLOSE_NOTIFY,
    PROBE_END_SILENT, /* a request was never answered */
    PROBE_END_OTHER,  /* bytes nobody asked for, no HTTP, a TLS alert */
    PROBE_END_FAILED, /* it never opened */
    PROBE_END_OURS,
    PROBE_ENDS
};

struct probe_trace {
    enum probe_role role;
    enum probe_end end;
    bool up;             /* it was open (TCP, and TLS) */
    bool outstanding;    /* a request was under way at the end */
    bool swept;          /* a restart ended it: no limit did */
    uint16_t status;     /* of its first answer */
    uint32_t sent;       /* requests */
    uint32_t answers;    /* complete ones */
    instant opened_at;   /* of those that were up */
    instant asked_at;    /* the latest request */
    instant answered_at; /* the latest answer */
    instant before_at;   /* the answer before that; of a first one opened_at */
    instant ended_at;
    duration gap;       /* the longest time since an answer behind which a request was answered */
    duration first_gap; /* the time since it was open behind which its first one was */
    duration late;      /* our own lateness when the end was seen */
    int32_t timeout_s;  /* announced by an answer; -1: not */
    int64_t requests_announced; /* in all, of a connection; -1: not */
};

/* Behind an answer, what ends a connection within this belongs to that answer. */
static const duration PROBE_AT_ONCE = 80 * MILLISECOND;

/* Ended by the server, or the path to it. */
static inline bool probe_trace_ended(const struct probe_trace *trace) {
    return trace->end != PROBE_OPEN && trace->end != PROBE_END_OURS &&
           trace->end != PROBE_END_FAILED;
}

/* Ended by one of the ways in which a timer ends a connection. */
static inline bool probe_trace_closed(const struct probe_trace *trace) {
    return trace->end == PROBE_END_FIN || trace->end == PROBE_END_RST ||
           trace->end == PROBE_END_408 || trace->end == PROBE_END_CLOSE_NOTIFY;
}

/* How long it has lived, or did. */
static inline duration probe_trace_age(const struct probe_trace *trace, instant now) {
    return instant_since(trace->end == PROBE_OPEN ? now : trace->ended_at, trace->opened_at);
}

/* How long it has been without a request, or was when it ended or was asked. */
static inline duration probe_trace_idle(const struct probe_trace *trace, instant now) {
    instant until = trace->outstanding         ? trace->asked_at
                    : trace->end == PROBE_OPEN ? now
                                               : trace->ended_at;
    return instant_since(until, trace->answers > 0 ? trace->answered_at : trace->opened_at);
}

/* Its last answer ended it, announced or not; a request sent right behind that answer met the end.
 */
static inline bool probe_trace_ended_by_answer(const struct probe_trace *trace) {
    if (trace->answers == 0 || trace->end == PROBE_END_ANNOUNCED)
        return trace->answers > 0;
    if (!probe_trace_closed(trace))
        return false;
    instant from = trace->outstanding ? trace->asked_at : trace->answered_at;
    return instant_since(from, trace->answered_at) <= PROBE_AT_ONCE &&
           instant_since(trace->ended_at, from) - trace->late <= PROBE_AT_ONCE;
}

/* Answers that kept it: the last one only if it lived on behind that. */
static inline uint32_t probe_trace_kept(const struct probe_trace *trace, instant now) {
    if (trace->answers == 0)
        return 0;
    bool lives_on = !probe_trace_ended_by_answer(trace) &&
                    (trace->outstanding || probe_trace_idle(trace, now) > PROBE_AT_ONCE);
    return trace->answers - !lives_on;
}

/* Its age at the last answer that kept it. */
static inline duration probe_trace_age_kept(const struct probe_trace *trace, instant now) {
    if (trace->answers == 0)
        return 0;
    bool whole = probe_trace_kept(trace, now) == trace->answers;
    return instant_since(whole ? trace->answered_at : trace->before_at, trace->opened_at);
}

#endif
