/* Arithmetic that the local findings of the preflight and the headroom share. */
#ifndef JUDGE_FIT_LOCAL_H
#define JUDGE_FIT_LOCAL_H

#include "base/host_facts.h"
#include "judge/finding.h"
#include "plan/plan.h"
#include "plan/setup.h"

struct preflight_facts;

/* The finding on source ports (ports.c). */
void judge_ports(struct findings *findings, const struct plan *plan, const struct setup *setup,
                 const struct preflight_facts *facts);

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

/* The rest of a share; INT64_MAX without a limit, -1 when it could not be read. */
int64_t files_room(const struct host_share *share);

/* Memory that one idle connection takes on this machine, both ends where both are here. */
int64_t memory_connection_bytes(const struct plan *plan, const struct setup *setup);

/* Of connections that memory suffices for: what is free, or what the control group leaves; -1 when
 * neither could be read. */
int64_t memory_room(const struct plan *plan, const struct setup *setup);

/* Requests a second once all connections are open, on the mean; a closed loop has none: 0. */
double pace_requests_per_second(const struct plan *plan);

/* The findings, each in a file with its kin: engine.c, files.c, memory.c, pace.c. */
void judge_engine(struct findings *findings, const struct plan *plan, const struct setup *setup,
                  const struct preflight_facts *facts);
void judge_descriptors(struct findings *findings, const struct plan *plan);
void judge_parent_files(struct findings *findings, const struct plan *plan,
                        const struct preflight_facts *facts);
void judge_system_files(struct findings *findings, const struct plan *plan,
                        const struct setup *setup);
void judge_processes(struct findings *findings, const struct plan *plan);
void judge_memory(struct findings *findings, const struct plan *plan, const struct setup *setup);
void judge_tcp_memory(struct findings *findings, const struct plan *plan,
                      const struct setup *setup);
void judge_backlog(struct findings *findings, const struct plan *plan, const struct setup *setup,
                   const struct preflight_facts *facts);
void judge_ramp(struct findings *findings, const struct plan *plan);
void judge_cpu(struct findings *findings, const struct plan *plan);
/* Adds a finding only where a limit is near. */
void judge_warmup(struct findings *findings, const struct plan *plan);

/* After the target was asked. */
void judge_tls(struct findings *findings, const struct plan *plan,
               const struct preflight_facts *facts);
void judge_conntrack(struct findings *findings, const struct plan *plan,
                     const struct preflight_facts *facts);
/* The worker_connections that nginx needs for the plan, the poll of its status included, with so
 * many workers. */
int64_t server_limits_connections(const struct plan *plan, int64_t workers);

void judge_server_limits(struct findings *findings, const struct plan *plan,
                         const struct preflight_facts *facts);

/* Warnings of a request that is seldom meant: a method in lower case, Connection: close. */
void judge_request(struct findings *findings, const struct plan *plan);

#endif
