/* The plan: what was asked, decided once from options and host facts alone; a value, to be copied
 * and compared. What is found out later is in plan/setup.h. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/host_facts.h"
#include "base/tls_resume.h"
#include "base/units.h"
#include "base/url.h"
#include "base/wall_time.h"
#include "plan/ramp.h"

/* Files that a process of ours keeps open beside its connections; fleet and preflight both count
 * with these. A worker: standard streams, two eventfds, the ring. */
enum { PLAN_WORKER_FILES = 6 };

/* The parent, beside what it has open before the crew is forked: an eventfd and a pidfd a worker,
 * one eventfd to be woken by, its ring. (Before the last worker is forked it has one file less of
 * the two and no ring; the worker then needs two for a moment.) */
enum { PLAN_PARENT_FILES = 2, PLAN_PARENT_FILES_EACH = 2 };

/* As many as one ring carries well: an io_uring cancel is searched for in 256 lists. */
enum { PLAN_WORKER_CONNECTIONS_MAX = 65536 };

struct options;

struct plan {
    const struct options *options;
    struct host host; /* as it was when the plan was made */
    struct url target;
    struct url status;               /* of --server-status; host "" when not asked for */
    char connect_host[URL_HOST_MAX]; /* --connect-to, else the target's */
    uint16_t connect_port;
    char tls_name[URL_HOST_MAX]; /* --sni, else the target's host: sent, and verified against */
    enum tls_resume tls_resume;
    uint32_t part, parts;    /* --shard: this is part 0..parts-1 of a plan cut into so many */
    const uint32_t *sizes;   /* connections of each part; NULL: as equal as they can be */
    uint32_t connections;    /* of this part */
    uint32_t workers;        /* decided */
    uint32_t workers_needed; /* fewest that suffice (descriptors, rings); 0: could not tell */
    struct ramp ramp;        /* of all parts */
    frequency rate; /* of an open loop, of all parts; 0: each connection asks in its own time */
    struct units_span
        think;           /* 0..0: closed loop; with a rate, how often each connection's turn is */
    duration think_mean; /* of exponential think times, up to think.high; 0: uniform */
    duration hold;       /* 0: until interrupted, or until the requests are sent */
    uint64_t requests;   /* to be sent in all by this part; 0: no bound */
    wall_time start_at;  /* when the ramp is to begin; 0: at once */
    duration timeout, connect_timeout;
    bool has_warmup; /* what comes before this much of the hold is not measured */
    duration warmup;
    const char *method;
    bool urls_random;            /* else the lines of --urls take turns */
    struct units_span reconnect; /* the backoff; 0..0: never */
    uint64_t seed;
};

enum { PLAN_ERROR_MAX = 1024 };

/* From options and host facts; reads no file and asks nobody but the wall clock for a seed. false
 * and one line in error when the options contradict each other or do not make a target. */
bool plan_make(struct plan *plan, const struct options *options, const struct host *host,
               char error[static PLAN_ERROR_MAX]);

/* Connection i of the part's order belongs to worker i mod workers: how many are worker w's. */
uint32_t plan_share(const struct plan *plan, uint32_t worker);

/* TLS handshakes that a worker has under way at once: so many as its part of the ramp begins within
 * --connect-timeout. More would be only where the server is slower than that, or we are. */
uint32_t plan_handshakes(const struct plan *plan);

/* The order over all parts: of so many workers, this part's worker w is that one. So N parts of W
 * workers each are to connections, ramp, schedule and seeds what one process of N * W workers is.
 */
uint64_t plan_workers_of_all(const struct plan *plan);
uint64_t plan_worker_of_all(const struct plan *plan, uint32_t worker);

/* Where the connection stands in the order of the whole plan that this worker opens after so many.
 * Parts take turns; one that is full has no more. */
uint64_t plan_order(const struct plan *plan, uint32_t worker, uint32_t opened);

/* How many of a number that is cut into parts are this part's. */
uint64_t plan_part_of(const struct plan *plan, uint64_t number);

/* Of rates: this part's share. */
double plan_part_share(const struct plan *plan);

/* Whether connections that ended reconnect. */
bool plan_reconnects(const struct plan *plan);

/* The think time as a user would write it: "1s..30s", "exp:15s". */
struct units_interval plan_interval(const struct plan *plan);

/* Whether connections ask again at once; with a rate the schedule decides, and think is a turn. */
static inline bool plan_is_closed_loop(const struct plan *plan) {
    return plan->think.high == 0;
}

/* Mean think time. */
duration plan_think_mean(const struct plan *plan);

#endif
