/* A peer: one connection of the target, its states, and the pure step from one to the next. */
#ifndef TARGET_PEER_H
#define TARGET_PEER_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/wheel.h"
#include "target/counters.h"

enum {
    PEER_ARMED = 1,        /* a readiness event for input is outstanding */
    PEER_ARMED_OUTPUT = 2, /* one for room to send */
    PEER_KNOWN = 4,        /* its first request came: the rules that hold for it are drawn */
    PEER_HEAD = 8,         /* the request being answered was HEAD */
    PEER_OLD = 16,         /* and of HTTP/1.0 */
    PEER_ANNOUNCES = 32,   /* its answer says Connection: close */
    PEER_CUT = 64,         /* of its answer only half goes out */
    PEER_DELAYED = 128,    /* its answer names a delay */
    PEER_CONTINUED = 256   /* 100 Continue was sent for the request being read */
};

/* What follows the answer that is going out. */
enum peer_after { AFTER_KEEP, AFTER_FINISH, AFTER_RESET };

enum peer_page { PAGE_NONE, PAGE_STATS, PAGE_STATUS, PAGE_REFUSAL };

enum { PEER_NO_FAULT = 255 };

struct held; /* what a socket did not take at once, or sent before its turn: see service.c */

/* An idle connection owns no reader and no buffer: this, its timer, its link and nothing else. */
struct peer {
    struct held *unsent; /* the rest of the answer that is going out */
    struct held *unread; /* pipelined bytes that wait for their turn */
    int32_t fd;
    uint32_t generation;  /* 24 bits */
    uint32_t reader;      /* its reader while a request is in pieces, else SLOT_NONE */
    uint32_t answers;     /* to ordinary requests so far */
    uint32_t faults;      /* a bit for each rule that holds for it */
    uint32_t opened_tick; /* of 1 ms, wrapped */
    uint32_t delay_ms;    /* of the answer, when PEER_DELAYED */
    uint16_t status;      /* of the answer */
    uint16_t flags;
    uint8_t state;  /* enum peer_state; written by peer_enter() alone */
    uint8_t after;  /* enum peer_after */
    uint8_t ending; /* enum ending: how it ends when the answer is out, or the timer fires */
    uint8_t fault;  /* the rule that makes that ending, or PEER_NO_FAULT */
    uint8_t drip;   /* the rule by which the answer drips, or PEER_NO_FAULT */
    uint8_t page;   /* enum peer_page */
};
static_assert(sizeof(struct peer) + WHEEL_BYTES_PER_TIMER + sizeof(uint32_t) <= 96,
              "an idle connection's budget");

enum peer_stimulus {
    PEER_ACCEPTED,
    PEER_REFUSED,    /* accepted, and a rule resets it at once */
    PEER_ASKED,      /* a whole request, or one to refuse: answered now */
    PEER_ASKED_LATE, /* a whole request: its answer waits */
    PEER_ASKED_VAIN, /* a whole request that is never answered */
    PEER_DUE,        /* the delay is over */
    PEER_SENT,       /* all of the answer that is to go out went out */
    PEER_IDLE,       /* no request came in time; peer.ending says by whose rule */
    PEER_FIN,        /* the client's */
    PEER_RST,        /* the client's */
    PEER_ERROR,      /* another errno */
    PEER_NO_MEMORY,
    PEER_PATIENCE, /* the client's FIN did not come in time */
    PEER_STOP,     /* the target ends */
    PEER_QUIET,    /* the kernel owns nothing of it any more */
    PEER_STIMULI
};

/* What is to be done after a step, in this order. */
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
    enum peer_state next;
    enum ending ending; /* ENDINGS: none */
    unsigned todo;
    bool legal; /* false: this stimulus cannot befall this state; a bug of ours */
};

/* Pure. */
struct peer_step peer_step(const struct peer *peer, enum peer_stimulus stimulus);

bool peer_edge(enum peer_state from, enum peer_state to);

/* The only writer of peer->state: asserts that the edge is legal and moves the counters, so that
 * each connection has exactly one ending. ending: ENDINGS unless it is the one. */
void peer_enter(struct peer *peer, struct counters *counters, enum peer_state next,
                enum ending ending);

#endif
