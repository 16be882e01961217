/* The plan: what was asked, decided once, and never changed after. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/address.h"
#include "host/host.h"
#include "plan/options.h"
#include "plan/ramp.h"
#include "plan/sources.h"
#include "plan/target.h"

/* Files that a process of ours keeps open beside its connections; fleet and preflight both count
 * with these. A worker: standard streams, two eventfds, the ring. */
enum { PLAN_WORKER_FILES = 6 };

/* The parent, beside what it has open before the crew is forked: an eventfd and a pidfd a worker,
 * one eventfd to be told, its ring. (Before the last worker is forked it has one file less of the
 * two and no ring; the worker then needs two for a moment.) */
enum { PLAN_PARENT_FILES = 2, PLAN_PARENT_FILES_EACH = 2 };

/* As many as one ring carries well: an io_uring cancel is searched for in 256 lists. */
enum { PLAN_WORKER_CONNECTIONS_MAX = 65536 };

struct plan {
    const struct options *options;
    enum command command;
    struct host host; /* as it was when the plan was made */
    struct target target;
    struct target status;            /* of --server-status; host "" when not asked for */
    char dial_host[TARGET_HOST_MAX]; /* --connect-to, else the target's */
    uint16_t dial_port;
    uint32_t connections;
    uint32_t workers;        /* decided */
    uint32_t workers_needed; /* fewest that suffice (descriptors, rings); 0: could not tell */
    struct ramp ramp;
    frequency rate;        /* of an open loop; 0: each connection asks in its own time */
    struct span think;     /* 0..0: closed loop; with a rate, how often each connection's turn is */
    duration think_mean;   /* of exponential think times, up to think.high; 0: uniform */
    duration hold;         /* 0: until interrupted, or until the requests are sent */
    uint64_t requests;     /* to be sent in all; 0: no bound */
    struct span reconnect; /* the backoff; 0..0: never */
    uint64_t seed;
    /* Filled by name resolution and the preflight, before the crew is forked. */
    struct address addresses[HOST_ADDRESSES_MAX];
    size_t address_count;
    struct address_set sources; /* empty: the kernel's choice */
    struct source_pick picked;  /* where they lie when auto chose them */
    bool target_here; /* an address of these is this host's own, beside the loopback ones */
    struct address status_address; /* of --server-status; length 0: none */
    /* Of --server-log: opened before the preflight asks anybody, so that a line the server writes
     * late is seen; closed by the plan's owner. */
    struct {
        bool open;
        int fd;
        int64_t position;      /* its end, then */
        uint64_t own_requests; /* that the preflight made since, of the target */
        uint64_t own_polls;    /* and of the status page */
    } server_log;
    int64_t ports_room; /* connections that source ports suffice for; 0: not counted */
};

enum { PLAN_ERROR_MAX = 1024 };

/* From options and host facts; reads no file and asks nobody but the wall clock for a seed. false
 * and one line in error when the options contradict each other or do not make a target. */
bool plan_make(struct plan *plan, const struct options *options, enum command command,
               const struct host *host, char error[static PLAN_ERROR_MAX]);

/* Connection i of the plan's order belongs to worker i mod workers: how many are worker w's. */
uint32_t plan_share(const struct plan *plan, uint32_t worker);

/* Pairs of a source and a destination address, each with ports of its own. Connection i belongs to
 * pair i mod plan_pairs(), so that all fill evenly: it dials address i mod addresses, from source
 * (i / addresses) mod sources. The kernel's choice is one source. */
uint32_t plan_pairs(const struct plan *plan);

/* Where connection i dials. */
const struct address *plan_address(const struct plan *plan, uint32_t connection);

/* Where it dials from, written to *room; NULL: the kernel's choice. */
const struct address *plan_source(const struct plan *plan, uint32_t connection,
                                  struct address *room);

/* Whether connections that ended are dialled again. */
bool plan_reconnects(const struct plan *plan);

/* The think time as a user would say it: "1s..30s", "exp:15s". */
struct interval plan_interval(const struct plan *plan);

/* Whether connections ask again at once; with a rate the schedule decides, and think is a turn. */
static inline bool plan_is_closed_loop(const struct plan *plan) {
    return plan->think.high == 0;
}

/* Mean think time. */
duration plan_think_mean(const struct plan *plan);

#endif
