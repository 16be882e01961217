/* A worker: one share of the plan, carried through its phases turn by turn. */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include <stdatomic.h>
#include <stdint.h>

#include "engine/fleet.h"
#include "engine/level.h"
#include "engine/moved_addresses.h"
#include "engine/reconnect.h"

/* Submissions that a worker's ring holds before they are submitted. */
enum { WORKER_RING_ENTRIES = 4096 };

/* What the parent orders; only ever moves forward. */
enum worker_order { ORDER_WAIT, ORDER_RUN, ORDER_FREEZE, ORDER_DRAIN };

/* Shared by the parent, which alone writes it, and all workers. */
struct worker_orders {
    _Atomic uint32_t order;
    _Atomic uint32_t drain_by_reset; /* valid with ORDER_DRAIN */
    _Atomic int64_t start_ns;        /* run clock at which the ramp begins; valid with ORDER_RUN */
    _Atomic int64_t hold_ns;         /* when the hold began; 0: not yet */
    _Atomic int64_t
        paused_ns; /* how long the run stood stopped: the run clock is net_now() - this */
};

/* What one worker shares with the parent. */
struct worker_shm {
    struct tally_seqlock seqlock;
    _Atomic uint64_t taken; /* see struct pool_hand */
    _Atomic uint64_t live;  /* its share of the level */
};

/* What parent and workers share. */
struct worker_shared {
    struct worker_orders orders;
    struct pool pool;
    struct level level;
    struct moved_addresses addresses;
    struct worker_shm shms[]; /* one a worker */
};

struct worker {
    struct fleet_parts parts;
    struct fleet *fleet;
    const struct worker_orders *orders;
    struct tally_seqlock *seqlock;
    struct level *level; /* NULL: not kept (the simulator) */
    _Atomic uint64_t *level_share;
    int wake_fd;   /* becomes readable when there is a new order; -1: none (the simulator) */
    int notify_fd; /* eventfd that notifies the parent of a new phase; -1: none */
    enum tally_worker_phase phase;
    uint32_t share;
    uint32_t opened;                  /* indices of the share handed to the fleet */
    struct reconnect_pace reconnects; /* the ramp's rate goes on for reconnects */
    instant now;
    instant start;
    instant served_at; /* when requests of the schedule were last sent */
    instant paced_at;  /* when the quantum was last fitted to the rate */
    uint64_t trimmed;  /* connections attempted when the heap was last trimmed */
    instant trimmed_at;
    instant published_at;
    bool unpublished;
    bool notified_empty, notified_spent;
    instant drain_until;
    uint32_t quantum;
    /* The worst lateness of a turn, in the current window of the length of a deadline and in the
     * one before. */
    duration lag_window[2];
    instant lag_window_since;
    instant began, began_before; /* this turn, when its wait was over, and the one before */
    duration late;               /* this turn, so far */
    instant late_from;           /* from when on it may have been */
    instant ready_since;         /* since when that may be ready which ended its wait */
    instant taken, waits_since;  /* the turn before: its last look at what is ready, and its end */
    uint64_t attempted;          /* by the end of the turn before this one */
    instant lag_at;              /* when lateness was last noted, and how late it was then */
    duration lag_usual;
    /* By the end of the turn before this one. */
    uint64_t sent, ended, events;
    uint64_t owed;          /* of requests that went out in one turn, the latest: not ended */
    bool waited_for_others; /* in this turn */
    uint32_t waits_alone;   /* such waits in a row that brought no other answer */
    uint32_t passed_by;     /* turns with requests still to be passed by */
};

/* parts.tally must be zero-filled. 0, or -ENOMEM. */
int worker_init(struct worker *worker, const struct fleet_parts *parts,
                const struct worker_orders *orders, struct tally_seqlock *seqlock, int wake_fd,
                int notify_fd);
void worker_free(struct worker *worker);

/* One turn: wait, take what is ready, run timers, open what the ramp owes, publish. 0 or -errno of
 * a broken ring. Over when phase is WORKER_DONE. */
int worker_turn(struct worker *worker);

/* The tick for a rate of requests and connects: waking for each costs three times the CPU of the
 * request, so that about 16 go together, within 1..10 ms and 1 % of the shortest think time.
 * Pure; in ticks of 1 ms. */
uint32_t worker_quantum(double per_second, duration think_low);

/* The body of a worker process: never returns. Descriptors wake_fd and notify_fd are kept, all
 * others above the standard streams are closed. */
_Noreturn void worker_process(const struct plan *plan, const struct setup *setup, uint32_t index,
                              const struct requests *requests, struct worker_shared *shared,
                              int wake_fd, int notify_fd);

#endif
