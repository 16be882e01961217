/* A worker played in the simulated world: orders at virtual times, and the books audited turn by
 * turn against what truly happened. */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/worker.h"
#include "options/options.h"
#include "sim.h"

struct play_config {
    struct sim_config world;  /* timeouts are filled in from below */
    uint32_t connections;     /* this worker's share */
    uint32_t of_all;          /* those of all workers and parts; 0: as above */
    uint32_t parts, part;     /* of --shard, from 0; parts 0: one */
    uint32_t workers, worker; /* this one of so many; workers 0: the only one */
    struct units_rate ramp;
    struct units_span think;
    struct units_span reconnect; /* 0..0: never */
    duration think_mean;         /* of exponential think times, up to think.high */
    duration warmup;             /* below 0: as --warmup 0; 0: none */
    frequency rate;              /* of --rate; 0: each in its own time */
    uint64_t requests;           /* of -n; 0: no bound */
    size_t body;                 /* bytes of the request's; 0: GET, and none */
    struct option_url_list urls; /* of --urls; the body goes with POST */
    enum option_order urls_order;
    struct pool *pool;                 /* that holds them; NULL: one of its own */
    duration timeout, connect_timeout; /* 0: 3 s */
    const struct transport *transport; /* the client's; NULL: plain TCP */
    const char *sources;               /* NULL: the kernel's choice */
    uint32_t targets;                  /* destination addresses; 0: one */
    uint32_t audit_every;              /* turns; 0: each */
};

struct play {
    struct play_config config;
    struct options options;
    struct plan plan;
    struct setup setup;
    struct address_range range; /* of the sources */
    struct requests requests;
    struct worker_orders orders;
    struct pool pool;
    _Atomic uint64_t taken; /* of it */
    struct tally_seqlock *seqlock;
    struct tally *tally;
    struct tally *seen; /* as the parent reads it */
    struct worker worker;
    struct net *net;
    struct truth before; /* in a world that was played in before: what had happened by then */
    instant held_since;  /* when the worker learned that the hold began */
    instant begun;       /* run clock, when the worker was ordered to run */
    uint64_t turns;
    int64_t second; /* and how many turns it has had */
    uint64_t second_turns;
    struct bucket {
        double level; /* attempts above the ramp's rate, at most a tick's worth */
        uint64_t counted;
        instant at;
    } attempts, reconnects;
    int error; /* of a broken ring: the worker is over */
};

/* In a world of its own, or in one that is there. */
void play_start(struct play *play, const struct play_config *config);
void play_start_in(struct play *play, const struct play_config *config, struct net *net);

/* Goes on until that long after the start of the ramp, or until the worker is over. */
void play_until(struct play *play, duration elapsed);
void play_turn(struct play *play);
void play_audit(struct play *play);

void play_order(struct play *play, enum worker_order order);
/* Goes on until every request of the pool was sent and has ended, as the parent would see. */
void play_spend(struct play *play);
/* Orders the freeze now and goes on until all is fixed. */
void play_freeze(struct play *play);
/* Drains, and compares the final books with the truth. */
void play_drain(struct play *play, bool by_reset);
/* Both. */
void play_end(struct play *play);

/* Everything given back; the world itself too. */
void play_free(struct play *play);
void play_leave(struct play *play); /* but for the world */

/* One from start to end, ended that long after the start of the ramp: the hash of its log, and what
 * was counted. */
uint64_t play_whole(const struct play_config *config, duration elapsed,
                    struct tally_counts *counts);

const struct tally_counts *play_counts(const struct play *play);

/* Asserts that these outcomes, named with their counts up to NULL, and no others were counted. */
void play_expect_outcomes(const uint64_t outcomes[OUTCOME_COUNT], ...);

#endif
