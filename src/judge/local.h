/* What the parts of the preflight's local half and the headroom count with. */
#ifndef JUDGE_LOCAL_H
#define JUDGE_LOCAL_H

#include "judge/judge.h"

enum { LOCAL_WORKERS_MAX = 4096 }; /* bound of --workers */

/* The finding on source ports (ports.c). */
void judge_ports(struct findings *findings, const struct plan *plan,
                 const struct preflight_facts *facts);

/* Both ends of the connections are on this machine. */
bool local_has_both_ends(const struct plan *plan);

/* Rounded up; by > 0. */
static inline int64_t divide_up(int64_t value, int64_t by) {
    return value / by + (value % by != 0);
}

/* a * b, no more than INT64_MAX; neither is negative. */
static inline int64_t multiply(int64_t a, int64_t b) {
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

/* Whether /proc/sys/net can be read at all: then a file that is not there says something. */
static inline bool local_sees_network(const struct host *host) {
    return host->somaxconn >= 0;
}

/* What is left of a share; INT64_MAX without a limit, -1 when it could not be read. */
int64_t local_room(const struct host_share *share);

/* Memory that one idle connection takes on this machine, both ends where both are here. */
int64_t local_connection_bytes(const struct plan *plan);

/* Of connections that memory suffices for: what is free, or what the control group leaves; -1 when
 * neither could be read. */
int64_t local_memory_room(const struct plan *plan);

/* Requests a second once all connections are open, on the mean; a closed loop has none: 0. */
double local_requests_per_second(const struct plan *plan);

/* The findings, each in a file with its kin: ring.c, files.c, memory.c, pace.c. */
void judge_ring(struct findings *findings, const struct plan *plan,
                const struct preflight_facts *facts);
void judge_descriptors(struct findings *findings, const struct plan *plan);
void judge_parent_files(struct findings *findings, const struct plan *plan,
                        const struct preflight_facts *facts);
void judge_system_files(struct findings *findings, const struct plan *plan);
void judge_processes(struct findings *findings, const struct plan *plan);
void judge_memory(struct findings *findings, const struct plan *plan);
void judge_tcp_memory(struct findings *findings, const struct plan *plan);
void judge_backlog(struct findings *findings, const struct plan *plan,
                   const struct preflight_facts *facts);
void judge_ramp(struct findings *findings, const struct plan *plan);
void judge_cpu(struct findings *findings, const struct plan *plan);
/* Only where there is something to say. */
void judge_warmup(struct findings *findings, const struct plan *plan);

/* After the target was asked: outside.c. */
void judge_conntrack(struct findings *findings, const struct plan *plan,
                     const struct preflight_facts *facts);
void judge_server_limits(struct findings *findings, const struct plan *plan,
                         const struct preflight_facts *facts);

#endif
