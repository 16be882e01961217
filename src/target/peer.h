/* A peer: one connection of the target, its states, and the pure step from one to the next. */
#ifndef TARGET_PEER_H
#define TARGET_PEER_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/wheel.h"
#include "sock/sock.h"
#include "target/counters.h"

enum {
    PEER_KNOWN = 1,     /* its first request came: the rules that hold for it are drawn */
    PEER_ANNOUNCES = 2, /* its answer says that it is the last */
    PEER_CUT = 4,       /* of its answer only half goes out */
    PEER_DELAYED = 8,   /* its answer names a delay */
    PEER_ALERTS = 16,   /* an alert goes out in place of its answer */
    PEER_GARBAGE = 32,  /* what does not decrypt goes out in place of its answer */
    PEER_REKEYS = 64,   /* its answer comes under a new key */
    PEER_DEAF = 256,    /* what it sends is thrown away: its handshake is never answered */
    PEER_SILENT = 128   /* its end is not announced by close_notify */
};

/* The step behind the answer that is going out. */
enum peer_after { AFTER_KEEP, AFTER_FINISH, AFTER_RESET };

enum peer_page { PAGE_NONE, PAGE_STATS, PAGE_STATUS, PAGE_REFUSAL };

enum { PEER_NO_FAULT = 255 };

struct held;

/* An idle connection owns no reader and no buffer: this, its timer, its link and nothing else. */
struct peer {
    struct held *unsent; /* what the socket did not take at once */
    struct held *unread; /* pipelined bytes that wait for their turn */
    struct sock sock;
    uint32_t answers;     /* to ordinary requests so far */
    uint32_t faults;      /* a bit for each rule that holds for it */
    uint32_t opened_tick; /* of 1 ms, wrapped */
    uint32_t delay_ms;    /* of the answer, when PEER_DELAYED */
    uint16_t status;      /* of the answer */
    uint16_t kind;        /* of the request being answered, the protocol's own */
    uint16_t flags;
    uint8_t state; /* enum counters_peer_state; written by peer_enter() alone */
    uint8_t after; /* enum peer_after */
    uint8_t
        ending; /* enum counters_ending: how it ends when the answer is out, or the timer fires */
    uint8_t fault; /* the rule that makes that ending, or PEER_NO_FAULT */
    uint8_t drip;  /* the rule by which the answer drips, or PEER_NO_FAULT */
    uint8_t page;  /* enum peer_page */
};
static_assert(sizeof(struct peer) + WHEEL_BYTES_PER_TIMER + sizeof(uint32_t) <= 96,
              "an idle connection's budget");

enum peer_event {
    PEER_ACCEPTED,
    PEER_ACCEPTED_TLS, /* its handshake comes first */
    PEER_SECURED,      /* its handshake is done */
    PEER_HANDSHAKE_FAILED,
    PEER_ALERT,           /* the client's */
    PEER_BROKEN,          /* a record that is not as agreed */
    PEER_REFUSED,         /* accepted, and a rule resets it at once */
    PEER_ASKED,           /* a whole request, or one to refuse: answered now */
    PEER_ASKED_LATE,      /* a whole request: its answer waits */
    PEER_REQUEST_STALLED, /* a whole request that is never answered */
    PEER_DUE,             /* the delay is over */
    PEER_SENT,            /* all of the answer that is to go out went out */
    PEER_IDLE,            /* no request came in time; peer.ending says by whose rule */
    PEER_FIN,             /* the client's */
    PEER_RST,             /* the client's */
    PEER_ERROR,           /* another errno */
    PEER_NO_MEMORY,
    PEER_TIMEOUT, /* the client's FIN did not come in time */
    PEER_STOP,    /* the target ends */
    PEER_QUIET,   /* the kernel owns nothing of it any more */
    PEER_STIMULI
};

/* Actions after a step, in this order. */
enum {
    PEER_DO_WAIT = 1,    /* for a request */
    PEER_DO_DELAY = 2,   /* arm the timer */
    PEER_DO_ANSWER = 4,  /* compose it and send */
    PEER_DO_LISTEN = 8,  /* only for the client's end */
    PEER_DO_FINISH = 16, /* FIN; wait for the client's, a second at most */
    PEER_DO_RESET = 32,  /* RST */
    PEER_DO_END = 64,    /* shut down; close when the kernel owns nothing of it */
    PEER_DO_RELEASE = 128
};

struct peer_step {
    enum counters_peer_state next;
    enum counters_ending ending; /* ENDINGS: none */
    unsigned todo;
    bool legal; /* false: this event cannot handle this state; a bug of ours */
};

/* Pure. */
struct peer_step peer_step(const struct peer *peer, enum peer_event event);

bool peer_edge(enum counters_peer_state from, enum counters_peer_state to);

/* The only writer of peer->state: asserts that the edge is legal and moves the counters, so that
 * each connection has exactly one ending. ending: ENDINGS unless it is the one. */
void peer_enter(struct peer *peer, struct counters *counters, enum counters_peer_state next,
                enum counters_ending ending);

#endif
