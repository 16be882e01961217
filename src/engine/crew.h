/* The crew: the worker processes as their parent sees them. */
#ifndef ENGINE_CREW_H
#define ENGINE_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/worker.h"

struct crew;

/* A worker as its parent sees it. */
struct crew_member {
    pid_t pid;
    int pidfd; /* readable when the process is gone; -1 after it was reaped */
    uint32_t share;
    bool gone;  /* reaped */
    bool lost;  /* it went before it was done */
    bool early; /* and before its figures were frozen: they are not what was planned */
    int status; /* wait status, when gone */
};

/* Maps the shared region and forks the plan's workers, which wait for ORDER_RUN. plan, setup and
 * requests must outlive the crew. 0 or -errno (then nothing is left running). The caller must be
 * single threaded and ends it with crew_free(). */
int crew_start(struct crew **out, const struct plan *plan, const struct setup *setup,
               const struct requests *requests);

/* Connects from now on go to these, no sooner than a second after the last change. */
void crew_readdress(struct crew *crew, const struct address *addresses, size_t count);

/* Kills what still runs, reaps it, unmaps. */
void crew_free(struct crew *crew);

/* An eventfd that becomes readable when a worker has entered another phase; read it empty. */
int crew_notify_fd(const struct crew *crew);

size_t crew_count(const struct crew *crew);
const struct crew_member *crew_member(const struct crew *crew, size_t index);
/* What it had counted at the latest crew_sample(). */
const struct tally_counts *crew_counts(const struct crew *crew, size_t index);

/* Starts the ramp at that instant of the run clock. */
void crew_run(struct crew *crew, instant start);
/* The hold began at that instant: the schedule of --rate starts. */
void crew_hold(struct crew *crew, instant since);
void crew_freeze(struct crew *crew);
void crew_drain(struct crew *crew, bool by_reset);

/* Stops all workers (SIGSTOP), and continues them with the time stopped taken out of the run
 * clock. */
void crew_stop(struct crew *crew);
void crew_continue(struct crew *crew, duration stopped);
/* How long the run stood stopped so far. */
duration crew_paused(const struct crew *crew);

/* Kills all workers at once (a second interrupt). */
void crew_kill(struct crew *crew);

/* Takes note of a worker whose pidfd is readable; its last tally is read, and if it went before it
 * was done, what it held is counted as worker_lost. CPU time is added to the sums. */
void crew_reap(struct crew *crew, size_t index);

/* The fewest and the most live at once since the former call; restart: of what a worker that is
 * held up adds nothing counts from now on. */
struct level_span crew_take_level(struct crew *crew);
struct level_span crew_restart_level(struct crew *crew);

/* Reads all tallies, checks each, and sums them up in *total. NULL, or the identity that does not
 * hold. */
const char *crew_sample(struct crew *crew, struct tally *total);

/* True when every worker that still counts (not lost) has come to `phase`. */
bool crew_reached(const struct crew *crew, enum tally_worker_phase phase);
/* True when every request of the pool of -n was sent and has ended, by the last sample; those that
 * a lost worker had taken are over with it. False without a pool. */
bool crew_pool_is_over(const struct crew *crew);
/* Workers that were not lost. */
size_t crew_alive(const struct crew *crew);
/* -errno of a worker that could not make or keep its ring, from the last sample; 0. */
int crew_failure(const struct crew *crew);

/* User and system time of all reaped workers. */
void crew_cpu(const struct crew *crew, duration *user, duration *system);

#endif
