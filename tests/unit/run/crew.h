/* A crew of one worker that a test plays over its door: how long the worker takes for each phase,
 * what its connections do, and which orders it got. */
#ifndef TEST_RUN_CREW_H
#define TEST_RUN_CREW_H

#include <stdio.h>
#include <string.h>

#include "door.h"
#include "engine/crew.h"

enum { CREW_NOTIFY_FD = 200, CREW_MEMBER_FD = 201 };

struct crew {
    struct crew_member member;
    struct tally tally;
    instant changes_at; /* to `next`; INSTANT_NEVER */
    enum tally_worker_phase phase, next;
    duration ramp_takes, freeze_takes, drain_takes;
    int start_error, failure;
    bool pool_is_over, killed, freed;
    char orders[64];
    void (*look)(void); /* at each sample; NULL: nothing */
};

static struct crew crew;

static inline void crew_enter_at(instant at, enum tally_worker_phase phase) {
    crew.changes_at = at;
    crew.next = phase;
    door_ready_at(instant_since(at, (instant){SECOND}),
                  phase == WORKER_DONE ? CREW_MEMBER_FD : CREW_NOTIFY_FD);
}

static void crew_moved(instant now) {
    struct tally_counts *counts = &crew.tally.counts;
    if (instant_before(now, crew.changes_at))
        return;
    crew.phase = crew.next;
    counts->phase = crew.phase;
    if (crew.phase == WORKER_HOLDING)
        counts->ramp_done_ns = crew.changes_at.ns;
    if (crew.phase == WORKER_DONE)
        counts->drain[OUTCOME_drained] = counts->live;
    crew.changes_at = INSTANT_NEVER;
}

/* Ten connections, in phases of 1 s, 10 ms and 20 ms. */
static void crew_reset(void) {
    crew = (struct crew){.member = {.pidfd = CREW_MEMBER_FD, .share = 10},
                         .changes_at = INSTANT_NEVER,
                         .ramp_takes = SECOND,
                         .freeze_takes = 10 * MILLISECOND,
                         .drain_takes = 20 * MILLISECOND};
    door.moved = crew_moved;
}

static void crew_ordered(const char *order) {
    size_t length = strlen(crew.orders);
    snprintf(crew.orders + length, sizeof crew.orders - length, "%s ", order);
}

/* The worker is gone before it was done, at this time from the start; its connections with it. */
static inline void crew_lose_at(duration after) {
    crew_enter_at((instant){SECOND + after}, WORKER_FAILED);
    door.events[door.event_count - 1].fd = CREW_MEMBER_FD;
}

/* --- crew.h --- */

int crew_start(struct crew **out, const struct plan *plan, const struct setup *setup,
               const struct requests *requests) {
    (void)plan, (void)setup, (void)requests;
    *out = crew.start_error == 0 ? &crew : NULL;
    crew_enter_at(door.now, WORKER_READY);
    return crew.start_error;
}

void crew_free(struct crew *which) {
    crew.freed = which != NULL;
}

void crew_readdress(struct crew *which, const struct address *addresses, size_t count) {
    (void)which, (void)addresses, (void)count;
    crew_ordered("readdress");
}

int crew_notify_fd(const struct crew *which) {
    (void)which;
    return CREW_NOTIFY_FD;
}

size_t crew_count(const struct crew *which) {
    (void)which;
    return 1;
}

const struct crew_member *crew_member(const struct crew *which, size_t index) {
    (void)index;
    return &which->member;
}

const struct tally_counts *crew_counts(const struct crew *which, size_t index) {
    (void)index;
    return &which->tally.counts;
}

void crew_run(struct crew *which, instant start) {
    struct tally_counts *counts = &which->tally.counts;
    crew_ordered("run");
    counts->first_attempt_ns = start.ns;
    counts->attempted = counts->opened = counts->live = which->member.share;
    crew_enter_at(instant_after(start, which->ramp_takes), WORKER_HOLDING);
}

void crew_hold(struct crew *which, instant since) {
    (void)which, (void)since;
    crew_ordered("hold");
}

void crew_freeze(struct crew *which) {
    crew_ordered("freeze");
    crew_enter_at(instant_after(door.now, which->freeze_takes), WORKER_FROZEN);
}

void crew_drain(struct crew *which, bool by_reset) {
    crew_ordered(by_reset ? "reset" : "drain");
    crew_enter_at(instant_after(door.now, which->drain_takes), WORKER_DONE);
}

void crew_stop(struct crew *which) {
    (void)which;
    crew_ordered("stop");
}

void crew_continue(struct crew *which, duration stopped) {
    (void)which, (void)stopped;
    crew_ordered("continue");
}

duration crew_paused(const struct crew *which) {
    (void)which;
    return 0;
}

void crew_kill(struct crew *which) {
    which->killed = true;
}

void crew_reap(struct crew *which, size_t index) {
    (void)index;
    which->member.gone = true;
    which->member.pidfd = -1;
    which->member.lost = which->phase != WORKER_DONE;
    which->member.early = which->phase < WORKER_FROZEN || which->phase == WORKER_FAILED;
    if (which->member.early)
        tally_lose_worker(&which->tally);
}

static struct level_span crew_level(const struct crew *which) {
    return (struct level_span){which->tally.counts.live, which->tally.counts.live};
}

struct level_span crew_take_level(struct crew *which) {
    return crew_level(which);
}

struct level_span crew_restart_level(struct crew *which) {
    return crew_level(which);
}

const char *crew_sample(struct crew *which, struct tally *total) {
    if (crew.look != NULL)
        crew.look();
    tally_copy(total, &which->tally);
    return NULL;
}

bool crew_reached(const struct crew *which, enum tally_worker_phase phase) {
    return which->member.lost || which->phase >= phase;
}

bool crew_pool_is_over(const struct crew *which) {
    return which->pool_is_over;
}

size_t crew_alive(const struct crew *which) {
    return which->member.lost ? 0 : 1;
}

int crew_failure(const struct crew *which) {
    return which->failure;
}

void crew_cpu(const struct crew *which, duration *user, duration *system) {
    (void)which;
    *user = *system = 0;
}

#endif
