/* A connection: its states, the events it handles, and the pure step from one to the next. */
#ifndef ENGINE_CONN_H
#define ENGINE_CONN_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/wheel.h"
#include "sock/sock.h"
#include "stats/outcome.h"
#include "stats/tally.h"
#include "wire/exchange.h"

enum conn_state {
    CONN_VACANT,
    CONN_CONNECTING,
    CONN_SECURING, /* TCP is up, the transport's handshake is not done */
    CONN_IDLE,     /* live, no request outstanding */
    CONN_AWAITING, /* live, a request outstanding */
    CONN_CLOSING,  /* its outcome is counted; the kernel may still own something of it */
    CONN_STATES
};

enum {
    CONN_FROZEN = 1,    /* what happens from now on counts in the drain only */
    CONN_LINGERING = 2, /* closing, not yet shut: waits for the peer's FIN after an announced end */
    CONN_REQUEST_NOW = 4, /* send as soon as what was read is used up, and the last send is done */
    CONN_BY_RESET = 8,    /* to be ended by RST, which leaves no TIME_WAIT */
    CONN_OPENED = 16,     /* this slot was live before; kept when it is freed */
    CONN_QUEUED = 32,     /* idle without a think time: sends when there is a request */
};

enum { CONN_RETRIES_MAX = 127 };

/* An idle connection owns no parser and no buffer: this, its timer and nothing else. */
struct conn {
    int64_t due_ns;  /* of the outstanding request, or of the one to be sent now; while connecting,
                      * when the attempt began; while securing, when the handshake did */
    int64_t sent_ns; /* when that request was handed over; from its end on until the slot is live
                      * again, since when it is not */
    struct sock sock;
    uint32_t answers;       /* on this connection */
    uint32_t opened_tick;   /* of 1 ms: when it was up; the lower half, see opened_epoch */
    uint32_t answered_tick; /* when its last answer came; before the first: opened_tick. Wraps after
                             * 49 days, which no think time is */
    uint16_t error;         /* the first errno: that one decides the outcome */
    uint8_t flags;
    uint8_t opened_epoch; /* what stands above opened_tick: together they wrap after 34 years */
    uint32_t state : 8;   /* enum conn_state; written by conn_enter() alone */
    uint32_t retries : 7; /* reconnects since the slot's last answer, CONN_RETRIES_MAX at most; 0
                           * in a first attempt; kept when the slot is freed */
    uint32_t word : EXCHANGE_WORD_BITS; /* the exchange's, see struct exchange_conn */
};
static_assert(sizeof(struct conn) + WHEEL_BYTES_PER_TIMER <= 64, "an idle connection's budget");

/* What a connection handles. */
enum conn_event {
    CONN_EVENT_CONNECT,       /* an attempt begins: the ramp's, or a reconnect */
    CONN_EVENT_SECURE,        /* TCP is up, and a handshake begins */
    CONN_EVENT_UP,            /* it is up: TCP, and the handshake where there is one */
    CONN_EVENT_SECURE_FAILED, /* the handshake failed, whatever ended it */
    CONN_EVENT_OPEN_FAILED,   /* socket, bind or connect failed with conn.error */
    CONN_EVENT_NO_SOURCE,     /* the same, and this host has no address to connect from */
    CONN_EVENT_SELF,          /* connected to itself: nobody listens there */
    CONN_EVENT_DUE,           /* the think time is over */
    CONN_EVENT_ANSWER,        /* a complete answer; the connection stays */
    CONN_EVENT_LAST_ANSWER,   /* a complete answer that announced the end */
    CONN_EVENT_EOF_ANSWER,    /* a complete answer that the peer's FIN ended */
    CONN_EVENT_BAD_BYTES,     /* not the protocol as agreed */
    CONN_EVENT_UNSOLICITED,   /* bytes no request asked for */
    CONN_EVENT_IDLE_END,      /* the peer ends an idle connection, and says so (HTTP 408) */
    CONN_EVENT_FIN,
    CONN_EVENT_RESET,
    CONN_EVENT_ERROR,    /* conn.error, neither FIN nor RST */
    CONN_EVENT_ALERT,    /* the peer gives the connection up, and says so by an alert of TLS */
    CONN_EVENT_BROKEN,   /* what came is no record of the transport */
    CONN_EVENT_UNSENT,   /* the request could not be handed over, and counts as never sent */
    CONN_EVENT_DEADLINE, /* the deadline of its state has passed */
    CONN_EVENT_SILENCE,  /* the same, and the peer's TCP has not acknowledged the request */
    CONN_EVENT_FREEZE,
    CONN_EVENT_DRAIN,
    CONN_EVENT_QUIET, /* the kernel owns nothing of the connection any more */
    CONN_EVENTS
};

/* What is to be done after a step, in this order. */
enum {
    DO_SEND = 1,       /* hand over a request; arm the answer's deadline */
    DO_THINK = 2,      /* draw a think time; arm it */
    DO_FREEZE = 4,     /* no timer any more; count in the drain from now on */
    DO_LINGER = 8,     /* wait for the peer's FIN, 1 s at most */
    DO_SHUT_DOWN = 16, /* shut down; close when the kernel owns nothing of the connection */
    DO_RELEASE = 32,   /* close the descriptor, free the slot */
    DO_BACK_OFF = 64   /* with --reconnect: arm the slot's next attempt */
};

struct conn_step_result {
    enum conn_state next;
    enum outcome outcome; /* OUTCOME_COUNT: none */
    unsigned todo;
    bool legal; /* false: this state does not handle this event; a bug of ours */
};

/* What a step depends on besides the connection itself. */
struct conn_view {
    bool mid;    /* a byte of the outstanding answer has come */
    bool frozen; /* the fleet is: nothing connects and no request is sent, and only then are
                  * connections frozen and drained */
    enum exchange_residue residue; /* of what came while no request was outstanding */
};

/* Pure. */
struct conn_step_result conn_step(const struct conn *conn, enum conn_event event,
                                  struct conn_view view);

/* Pure: whether a connection may go from one state to another. */
bool conn_edge(enum conn_state from, enum conn_state to);

/* The only writer of conn->state: asserts that the edge is legal and moves the counts, so that each
 * ending has exactly one outcome. outcome: OUTCOME_COUNT unless it ends here. */
void conn_enter(struct conn *conn, struct tally_counts *counts, enum conn_state next,
                enum outcome outcome);

/* AWAITING back to IDLE without an answer: the request was not handed over. */
void conn_unsend(struct conn *conn, struct tally_counts *counts);

#endif
