/* The fleet: all connections of one worker, their memory, timers and traffic. */
#ifndef ENGINE_FLEET_H
#define ENGINE_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "engine/moved_addresses.h"
#include "engine/pool.h"
#include "net/net.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "stats/tally.h"
#include "wire/requests.h"

struct fleet;
struct transport;

/* What a fleet is made of; all of it must outlive it. */
struct fleet_parts {
    const struct plan *plan;
    const struct setup *setup;
    uint32_t worker; /* which share of the plan */
    const struct requests *requests;
    const struct transport *transport; /* NULL: plain TCP */
    struct net *net;
    struct tally *tally;
    const struct moved_addresses *addresses; /* NULL: as planned */
    struct pool *pool;                       /* of -n; NULL: none */
    _Atomic uint64_t *taken;                 /* with a pool: see struct pool_hand */
    /* How long the run stood stopped: the run clock is net_now() less this. NULL: never. */
    const _Atomic int64_t *paused_ns;
};

/* Takes all memory that the share will ever need; NULL when there is none. */
struct fleet *fleet_create(const struct fleet_parts *parts);
void fleet_destroy(struct fleet *fleet);

/* The run clock, handed in by the turn; everything until the next call happens at `now`. */
void fleet_set_clock(struct fleet *fleet, instant now);

/* The clock, read again. */
instant fleet_now(const struct fleet *fleet);

/* How late this turn is, 0 when it is not, and from when on it may have been: what was sent or
 * connected since the beginning of the turn before (`since`) reached the kernel only in a wait that
 * ended so late. Stands until it is set again. */
void fleet_set_late(struct fleet *fleet, instant since, instant from, duration late);

/* What is read in this turn may have come at any time since then; until this is said, just now. */
void fleet_set_unread(struct fleet *fleet, instant since);

/* The grain, in ticks of 1 ms, in which think times end: requests due in it go out together. */
void fleet_set_quantum(struct fleet *fleet, uint32_t ticks);

/* Whether one more connection can be begun: TLS handshakes under way are bounded. */
bool fleet_has_room(const struct fleet *fleet);

/* Opens connection `index` of the share (0..share-1), once each; failure is an outcome. */
void fleet_open(struct fleet *fleet, uint32_t index);

/* Of those opened so, how many are still on their way up for the first time. */
uint32_t fleet_first_connects(const struct fleet *fleet);

/* With --reconnect, connections that ended connect again when their backoff is over and the caller
 * has a place for them: how many wait for one, and connecting the one that waited longest. */
uint32_t fleet_reconnects_due(const struct fleet *fleet);
void fleet_reconnect(struct fleet *fleet);

/* Connections that found no request left in the pool, or with --rate all that are free, are queued:
 * how many are, and sending on those that waited longest for as long as requests are due; true when
 * one was tried. */
uint32_t fleet_queued(const struct fleet *fleet);
bool fleet_serve_queue(struct fleet *fleet);

/* The hold began at that moment: the schedule of --rate starts, and so does --warmup; once. */
void fleet_hold(struct fleet *fleet, instant since);
bool fleet_awaits_hold(const struct fleet *fleet);
/* When the next request that a queued connection could take is due; INSTANT_NEVER. */
instant fleet_next_scheduled(const struct fleet *fleet);

/* What the transport counts by itself is put into the tally: after a turn's events, up to the one
 * in which the last outstanding request ended. */
void fleet_count_transport(struct fleet *fleet);

/* The turn is over: requests of the pool that were not used go back. */
void fleet_end_turn(struct fleet *fleet);

/* The pool seems empty, and no request is outstanding. */
bool fleet_is_spent(const struct fleet *fleet);

/* Steps the connection that an event of the door belongs to. */
void fleet_event(struct fleet *fleet, const struct net_event *event);

/* Runs all timers that are due; true when there was one. */
bool fleet_run_timers(struct fleet *fleet);

/* When the next timer is due; INSTANT_NEVER when none is armed. */
instant fleet_next_timer(const struct fleet *fleet);

/* No new request from now on; what has none outstanding stays counted as live, what still connects
 * is abandoned; nothing reconnects. fleet_frozen(): the last outstanding request has ended. */
void fleet_freeze(struct fleet *fleet);
bool fleet_frozen(const struct fleet *fleet);

/* Closes up to `most` of what is open, by RST or by FIN; true when there was nothing more. */
bool fleet_drain(struct fleet *fleet, uint32_t most, bool by_reset);

/* Descriptors that are still open. */
uint64_t fleet_descriptors(const struct fleet *fleet);

/* Checks every connection against the counts, slowly: for the simulator and debug. NULL, or what is
 * wrong. */
const char *fleet_audit(const struct fleet *fleet);

/* The tag operations that belong to a fleet; a worker's own begin at FLEET_OPERATIONS. */
enum { FLEET_CONNECT, FLEET_SEND, FLEET_READY, FLEET_OPERATIONS };

#endif
