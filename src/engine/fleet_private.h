/* What the files of the fleet share: its struct, and what they do for one another. fleet.c calls
 * fleet_conn.c, which calls fleet_measure.c; no call goes the other way. */
#ifndef ENGINE_FLEET_PRIVATE_H
#define ENGINE_FLEET_PRIVATE_H

#include "engine/fleet.h"

#include "base/random.h"
#include "base/slots.h"
#include "base/wheel.h"
#include "engine/conn.h"
#include "engine/reconnect.h"
#include "engine/request_queue.h"
#include "engine/schedule.h"
#include "sock/sock.h"
#include "stats/lag.h"
#include "wire/exchange.h"

enum { FLEET_SCRATCH = 64 * 1024 };

struct fleet {
    const struct plan *plan;
    const struct setup *setup;
    const struct requests *requests;
    struct net *net;
    struct tally *tally;
    uint32_t worker;
    uint32_t share;
    instant now;
    bool closed_loop;
    bool may_self_connect; /* the target's port is one that the kernel may choose for us */
    bool holding;
    bool frozen;
    bool transport_counted;  /* what the transport counts, for good */
    uint32_t drained;        /* where fleet_drain() goes on */
    uint32_t first_connects; /* connecting for the first time */

    /* Connections. */
    struct conn *conns;
    struct wheel *wheel;
    uint32_t quantum;
    uint32_t think_low, think_high;          /* ticks */
    struct reconnect_queue reconnects;       /* vacant, their backoff over */
    const struct moved_addresses *addresses; /* NULL: as planned */
    /* Until when a pair of source and target is taken to have no free port; 0: never had none. One
     * for each pair that the plan has connections for; memory that is not touched before a pair is
     * full. */
    int64_t *full_until_ns;
    uint32_t pairs;
    struct random random;

    /* Requests. */
    uint16_t *chosen;           /* which of several requests each connection sent last; NULL: one */
    uint64_t round_place;       /* the place in the round of several requests that is next */
    struct random urls_rng;     /* of --urls-order random; a stream of its own */
    struct pool_hand hand;      /* in the pool of -n */
    struct request_queue queue; /* idle connections for which there is no request yet */
    struct schedule schedule;   /* of --rate */
    uint64_t served;            /* requests of the schedule that were handed over */

    /* Answers. */
    struct sock_set socks;
    uint32_t *reader_links;
    _Alignas(max_align_t) char reader[EXCHANGE_READER_MAX]; /* for an answer that comes whole */
    bool reset_on_send; /* the event being handled ends both directions while a send is under way: a
                         * reset whose error the kernel spent on the send */
    char scratch[FLEET_SCRATCH];

    /* Measuring: see fleet_measure.c. */
    const _Atomic int64_t *paused_ns;
    instant late_since, late_from;
    duration late; /* see fleet_set_late() */
    /* The latest pause of ours: handed over since then, things may have reached the kernel only
     * when it was over; and how long a turn went on behind it, in which was read what had come. */
    instant pause_since, pause_from, pause_to, pause_read;
    duration schedule_late; /* --rate: what is due was held up so long, and is not caught up with */
    uint32_t *late_us; /* of each connection's latest request or connect, how much of its wait was
                        * ours */
    bool any_late;     /* one of these is not 0 */
    instant unread_since;   /* see fleet_set_unread() */
    uint16_t *read_late_ms; /* how long each connection's latest answer, or that it was up, may have
                             * lain unread */
    bool any_read_late;     /* one of these is not 0 */
    struct random sample_rng; /* of endings; a stream of its own, so that think times stay theirs */
    instant warm_at;          /* what was due before is left out of latency */
    uint16_t answer_status;   /* of the latest answer of any connection */
};

static inline uint32_t fleet_tick_at(instant moment) {
    return (uint32_t)(moment.ns / MILLISECOND);
}

static inline struct tally_counts *fleet_counts_of(struct fleet *fleet) {
    return &fleet->tally->counts;
}

static inline uint32_t fleet_index_of(const struct fleet *fleet, const struct conn *conn) {
    return (uint32_t)(conn - fleet->conns);
}

static inline bool fleet_open_for_use(const struct conn *conn) {
    return conn->state == CONN_IDLE || conn->state == CONN_AWAITING;
}

/* It reads, and is ended by what it reads. */
static inline bool fleet_open_for_reading(const struct conn *conn) {
    return conn->state == CONN_SECURING || fleet_open_for_use(conn);
}

/* fleet_conn.c, the connection machine. */

/* The one way a connection changes: step, enter, act. */
void fleet_handle_event(struct fleet *fleet, struct conn *conn, enum conn_event event);
void fleet_connect(struct fleet *fleet, uint32_t index);
/* The timer of a connection is due; due: when that was. */
void fleet_handle_timer(struct fleet *fleet, struct conn *conn, instant due);
/* The connection at the head of the queue takes a request that was due at `due`; true when that was
 * handed over. */
bool fleet_serve_first(struct fleet *fleet, instant due);

/* fleet_measure.c, what is recorded of a connection. */

/* A request that was due at `due`, or a connect, goes out now. */
void fleet_note_handed_over(struct fleet *fleet, const struct conn *conn, instant due);
/* TCP is up: its connect time, and from now on, without a handshake, its age. */
void fleet_note_connected(struct fleet *fleet, struct conn *conn);
/* The handshake is done, which began at conn->due_ns: the same. */
void fleet_note_secured(struct fleet *fleet, struct conn *conn, bool resumed);
/* It failed, and what the peer said of that: 0 is nothing. */
void fleet_note_secure_failed(struct fleet *fleet, enum handshake_reason reason, uint8_t alert);
/* A complete answer; kept: the connection stays. */
void fleet_note_answer(struct fleet *fleet, struct conn *conn, const struct exchange_answer *answer,
                       bool kept);
/* A request of the schedule was handed over, and was due at `due`. */
void fleet_note_scheduled(struct fleet *fleet, const struct conn *conn, instant due);
/* The connection is about to end so. */
void fleet_note_ending(struct fleet *fleet, const struct conn *conn, enum outcome outcome);
/* The run was frozen while the connection was idle; the connection is frozen. */
void fleet_note_outliving(struct fleet *fleet, const struct conn *conn);
void fleet_note_frozen(struct fleet *fleet, const struct conn *conn);

#endif
