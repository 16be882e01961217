/* A connection: its states, what can befall it, and the pure step from one to the next. */
#ifndef ENGINE_CONN_H
#define ENGINE_CONN_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/wheel.h"
#include "stats/outcome.h"
#include "stats/tally.h"

enum conn_state {
    CONN_VACANT,
    CONN_CONNECTING,
    CONN_IDLE,     /* live, no request outstanding */
    CONN_AWAITING, /* live, a request outstanding */
    CONN_CLOSING,  /* its outcome is counted; the kernel may still own something of it */
    CONN_STATES
};

enum {
    CONN_ARMED = 1,     /* a readiness event is outstanding */
    CONN_DIALLING = 2,  /* the connect's completion is outstanding */
    CONN_FIXED = 4,     /* fixed by the freeze: what befalls it now counts in the drain only */
    CONN_LINGERING = 8, /* closing, not yet shut: waits for the peer's FIN after an announced end */
    CONN_ASK_NOW = 16,  /* ask as soon as what was read is used up, and what is sent has gone out */
    CONN_BY_RESET = 32, /* to be ended by RST, which leaves no TIME_WAIT */
    CONN_OPENED = 64,   /* this slot was live before; kept when it is freed */
    CONN_SENDING = 256, /* the completion of its send is outstanding */
    CONN_IN_LINE = 128, /* idle without a think time: asks when there is a request to send */
};

/* An idle connection owns no parser and no buffer: this, its timer and nothing else. */
struct conn {
    int64_t asked_ns; /* the due moment of the outstanding request, or of the one to be asked now;
                       * while connecting, the attempt */
    int64_t sent_ns;  /* when that request was handed over; from its end on until the slot is live
                       * again, since when it is not */
    int32_t fd;
    uint32_t generation;    /* 24 bits */
    uint32_t answers;       /* on this connection */
    uint32_t lease;         /* its reader while an answer is in pieces, else SLOT_NONE */
    uint32_t opened_tick;   /* of 1 ms: when it was up; the lower half, see opened_epoch */
    uint32_t answered_tick; /* when its last answer came; before the first: opened_tick. Wraps after
                             * 49 days, which no think time is */
    uint16_t error;         /* the first errno it met; the first decides the class */
    uint16_t flags;
    uint8_t state;   /* enum conn_state; written by conn_enter() alone */
    uint8_t unasked; /* progress of response_unasked() */
    uint8_t retries; /* dials again since the slot's last answer, 255 at most; 0 in a first journey;
                      * kept when the slot is freed */
    uint8_t opened_epoch; /* what stands above opened_tick: together they wrap after 34 years */
};
static_assert(sizeof(struct conn) + WHEEL_BYTES_PER_TIMER <= 64, "an idle connection's budget");

/* What can befall a connection. */
enum stimulus {
    STIMULUS_DIAL,        /* the ramp opens it */
    STIMULUS_UP,          /* TCP is up */
    STIMULUS_OPEN_FAILED, /* socket, bind or connect gave conn.error */
    STIMULUS_SELF,        /* connected to itself: nobody listens there */
    STIMULUS_DUE,         /* the think time is over */
    STIMULUS_ANSWER,      /* a complete answer; the connection stays */
    STIMULUS_LAST_ANSWER, /* a complete answer that announced the end */
    STIMULUS_EOF_ANSWER,  /* a complete answer that the peer's FIN ended */
    STIMULUS_BAD_BYTES,   /* not HTTP/1.x as asked */
    STIMULUS_UNASKED,     /* bytes no request asked for */
    STIMULUS_UNASKED_408, /* 408 Request Timeout that no request asked for */
    STIMULUS_FIN,
    STIMULUS_RESET,
    STIMULUS_ERROR,    /* conn.error, neither FIN nor RST */
    STIMULUS_UNSENT,   /* the request could not be handed over: as if never asked */
    STIMULUS_DEADLINE, /* the deadline of its state has passed */
    STIMULUS_SILENCE,  /* the same, and the peer's TCP has not acknowledged the request */
    STIMULUS_FREEZE,
    STIMULUS_DRAIN,
    STIMULUS_QUIET, /* the kernel owns nothing of it any more */
    STIMULI
};

/* What is to be done after a step, in this order. */
enum {
    DO_ASK = 1,     /* hand over a request; arm the answer's deadline */
    DO_THINK = 2,   /* draw a think time; arm it */
    DO_FIX = 4,     /* no timer any more */
    DO_LINGER = 8,  /* wait for the peer's FIN, 1 s at most */
    DO_END = 16,    /* shut down; close when the kernel owns nothing of it */
    DO_RELEASE = 32 /* close the descriptor, free the slot */
};

struct step {
    enum conn_state next;
    enum outcome outcome; /* OUTCOME_COUNT: none */
    unsigned todo;
    bool legal; /* false: this stimulus cannot befall this state; a bug of ours */
};

/* Pure. mid: a byte of the outstanding answer has come. */
struct step conn_step(const struct conn *conn, enum stimulus stimulus, bool mid);

/* Pure: whether a connection may go from one state to another. */
bool conn_edge(enum conn_state from, enum conn_state to);

/* The only writer of conn->state: asserts that the edge is legal and moves the counts, so that each
 * ending has exactly one outcome. outcome: OUTCOME_COUNT unless it ends here. */
void conn_enter(struct conn *conn, struct counts *counts, enum conn_state next,
                enum outcome outcome);

/* AWAITING back to IDLE without an answer: the request was never handed over. */
void conn_unsend(struct conn *conn, struct counts *counts);

#endif
