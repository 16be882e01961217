/* What the files of the fleet share: its struct, small helpers, and who carries out which part of a
 * step. */
#ifndef ENGINE_FLEET_INNER_H
#define ENGINE_FLEET_INNER_H

#include "engine/fleet.h"

#include "base/random.h"
#include "base/slots.h"
#include "base/wheel.h"
#include "engine/conn.h"
#include "engine/full_pairs.h"
#include "engine/line.h"
#include "engine/redial.h"
#include "engine/schedule.h"
#include "http/memo.h"
#include "http/response.h"

enum {
    FLEET_SCRATCH = 64 * 1024,
};

/* So late we were stopped, not slow: when an ending was seen says nothing of when it happened. */
#define STOPPED (1 * SECOND)

struct fleet {
    const struct plan *plan;
    const struct requests *requests;
    uint16_t *asked; /* which of several requests each connection asked last; NULL: there is one */
    uint64_t turn;   /* the place in the round that is next */
    struct random draws; /* of --urls-order random; a stream of its own */
    struct net *net;
    struct tally *tally;
    struct wheel *wheel;
    struct conn *conns;
    struct response *readers; /* leased while an answer is in pieces */
    uint32_t *reader_links;
    struct slots reader_slots;
    struct response reader; /* for an answer that comes whole */
    struct memo memos[2];   /* of the last one that did, and of HEAD */
    struct random random;
    struct random lots; /* of endings; a stream of its own, so that think times stay theirs */
    instant now;
    instant late_since;
    duration late; /* see fleet_set_late() */
    /* The last turn that was so late that we were stopped before it, and how late it was. */
    instant stopped_until;
    duration stopped_for;
    uint32_t worker;
    uint32_t share;
    uint32_t quantum;
    uint32_t think_low, think_high; /* ticks */
    uint32_t drained;               /* where fleet_drain() goes on */
    uint32_t first_dials;           /* connecting for the first time */
    struct redial_queue redials;    /* vacant, their backoff over */
    struct full_pairs full;         /* without a free port a moment ago */
    struct pool_hand hand;          /* in the pool of -n */
    struct line line;               /* idle, and no request is there for them */
    struct schedule schedule;       /* of --rate */
    uint64_t served;                /* of it: handed over */
    instant warm_at;                /* what was due before is left out of latency */
    bool closed_loop;
    bool may_meet_itself; /* the target's port is one that the kernel may choose for us */
    bool holding;
    bool frozen;
    bool broken_off; /* the event being used ends both directions while a send is under way: a reset
                      * whose error the kernel spent on the send */
    char scratch[FLEET_SCRATCH];
};

static inline uint32_t fleet_tick_at(instant moment) {
    return (uint32_t)(moment.ns / MILLISECOND);
}

/* The first tick that is not before the moment: a deadline never fires early. */
static inline uint32_t fleet_tick_after(instant moment) {
    return (uint32_t)((moment.ns + MILLISECOND - 1) / MILLISECOND);
}

static inline struct counts *fleet_counts_of(struct fleet *fleet) {
    return &fleet->tally->counts;
}

static inline uint32_t fleet_index_of(const struct fleet *fleet, const struct conn *conn) {
    return (uint32_t)(conn - fleet->conns);
}

static inline uint64_t fleet_tag_of(const struct fleet *fleet, const struct conn *conn,
                                    uint8_t operation) {
    return slot_tag(operation, conn->generation, fleet_index_of(fleet, conn));
}

static inline void fleet_arm_timer(struct fleet *fleet, struct conn *conn, uint32_t tick) {
    wheel_arm(fleet->wheel, fleet_index_of(fleet, conn), tick);
}

/* Arms the timer that many whole ticks from now, rounded up to the quantum. */
static inline void fleet_arm_ticks(struct fleet *fleet, struct conn *conn, uint64_t ticks) {
    uint64_t due = (uint64_t)(fleet->now.ns / MILLISECOND) + ticks;
    due += (fleet->quantum - due % fleet->quantum) % fleet->quantum;
    fleet_arm_timer(fleet, conn, (uint32_t)due);
}

static inline void fleet_arm_readiness(struct fleet *fleet, struct conn *conn) {
    if ((conn->flags & CONN_ARMED) != 0)
        return;
    conn->flags |= CONN_ARMED;
    net_arm(fleet->net, conn->fd, fleet_tag_of(fleet, conn, FLEET_READY));
}

static inline bool fleet_open_for_use(const struct conn *conn) {
    return conn->state == CONN_IDLE || conn->state == CONN_AWAITING;
}

static inline bool fleet_answer_begun(const struct fleet *fleet, const struct conn *conn) {
    return conn->state == CONN_AWAITING && conn->lease != SLOT_NONE &&
           fleet->readers[conn->lease].started;
}

/* The request that is outstanding, or being sent. */
static inline const struct request *fleet_asked(const struct fleet *fleet,
                                                const struct conn *conn) {
    return &fleet->requests
                ->items[fleet->asked == NULL ? 0 : fleet->asked[fleet_index_of(fleet, conn)]];
}

static inline void fleet_return_reader(struct fleet *fleet, struct conn *conn) {
    if (conn->lease == SLOT_NONE)
        return;
    slots_return(&fleet->reader_slots, conn->lease);
    conn->lease = SLOT_NONE;
}

static inline void fleet_leave_line(struct fleet *fleet, struct conn *conn) {
    if ((conn->flags & CONN_IN_LINE) == 0)
        return;
    conn->flags &= (uint16_t)~CONN_IN_LINE;
    line_leave(&fleet->line, fleet_index_of(fleet, conn));
}

static inline bool fleet_kernel_owns(const struct conn *conn) {
    return (conn->flags & (CONN_ARMED | CONN_DIALLING | CONN_SENDING)) != 0;
}

static inline uint32_t fleet_age_ms(const struct conn *conn, instant moment) {
    uint64_t tick = (uint64_t)(moment.ns / MILLISECOND);
    static const uint64_t wrap = (UINT64_C(1) << 40) - 1;
    uint64_t age = (tick - ((uint64_t)conn->opened_epoch << 32 | conn->opened_tick)) & wrap;
    return age < ENDINGS_AGE_MAX ? (uint32_t)age : ENDINGS_AGE_MAX;
}

/* How old it is and how long idle, were it to end at that moment. */
static inline struct ending fleet_standing(const struct fleet *fleet, const struct conn *conn,
                                           instant moment) {
    return (struct ending){.idle_ms = fleet_tick_at(moment) - conn->answered_tick,
                           .age_ms = fleet_age_ms(conn, moment),
                           .moment_ms = fleet_tick_at(fleet->now),
                           .answers = conn->answers};
}

/* fleet_step.c: the one way a connection changes: step, enter, act. */
void fleet_befall(struct fleet *fleet, struct conn *conn, enum stimulus stimulus);
/* Wipes the slot but for what outlives a journey. */
void fleet_wipe(struct conn *conn, uint32_t generation);
/* It was shut, and one of the kernel's hands is off it. */
void fleet_let_go(struct fleet *fleet, struct conn *conn);

/* fleet_read.c: what the socket has. receive: until nothing more is there; all: something behind
 * the bytes is known to wait (HUP, RDHUP or ERR), so a short read is not the end. receive_present:
 * what has come by now, however much that is. read_on_lingering: while an announced end lingers. */
void fleet_receive(struct fleet *fleet, struct conn *conn, bool all);
void fleet_receive_present(struct fleet *fleet, struct conn *conn);
void fleet_read_on_lingering(struct fleet *fleet, struct conn *conn);
void fleet_use_error(struct fleet *fleet, struct conn *conn, int error);

/* fleet_ask.c: when the next request is due, asking it, and what became of the send. */
void fleet_think(struct fleet *fleet, struct conn *conn);
void fleet_stand_in_line(struct fleet *fleet, struct conn *conn);
void fleet_fall_due(struct fleet *fleet, struct conn *conn, instant asked);
void fleet_settle(struct fleet *fleet, struct conn *conn);
void fleet_send_done(struct fleet *fleet, struct conn *conn, int result);
void fleet_send_failed(struct fleet *fleet, struct conn *conn, int error);

/* fleet_open.c: the connect's completion. */
void fleet_connect_done(struct fleet *fleet, struct conn *conn, int result);

#endif
