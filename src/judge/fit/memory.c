/* Memory: ours, the kernel's for each connection, what the control group and TCP may take. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/minmax.h"
#include "judge/fit/local.h"
#include "judge/human.h"
#include "options/options.h"

/* docs/decisions/0022. An idle connection is at most 128 bytes of ours. Where this kernel's slabs
 * cannot be read, what they came to on 6.18 stands in: socket, inode, file, name. */
enum { OUR_BYTES = 128, SOCKET_BYTES = 3834 };
/* A worker beside its connections: ring (half a MiB), tally, stack. */
enum { WORKER_BYTES = 2 << 20 };

/* Of TLS (docs/tls.md): keys and counters, or an object of OpenSSL's; a ticket in its cell; a
 * handshake under way, and an object that waits for tickets. */
enum { KEYS_BYTES = 224, OBJECT_BYTES = 20 << 10, TICKET_BYTES = 768 };
enum { HANDSHAKE_BYTES = 50 << 10, WAITING_BYTES = 20 << 10 };

/* As it was agreed; before that TLS 1.3, unless that was not asked for. */
static bool keeps_objects(const struct plan *plan, const struct setup *setup) {
    const char *most = plan->options->tls_max;
    if (setup->tls_seen.version[0] != '\0')
        return !setup->tls_seen.detached;
    return most != NULL && strcmp(most, "1.2") == 0;
}

static int64_t tls_bytes(const struct plan *plan, const struct setup *setup) {
    if (!plan->target.tls)
        return 0;
    int64_t ticket = plan->tls_resume == TLS_RESUME_RECONNECT ? TICKET_BYTES : 0;
    return (keeps_objects(plan, setup) ? OBJECT_BYTES : KEYS_BYTES) + ticket;
}

static int64_t worker_bytes(const struct plan *plan, const struct setup *setup) {
    enum { SHARED_TICKETS = 1024 };
    if (!plan->target.tls)
        return WORKER_BYTES;
    int64_t share = divide_up(plan->connections, plan->workers);
    int64_t at_once = min_i64(plan_handshakes(plan), share);
    int64_t each = HANDSHAKE_BYTES + (plan->tls_resume != TLS_RESUME_NEVER ? WAITING_BYTES : 0);
    int64_t shared = plan->tls_resume == TLS_RESUME_ALWAYS
                         ? (int64_t)setup->address_count * SHARED_TICKETS * TICKET_BYTES
                         : 0;
    return WORKER_BYTES + at_once * each + shared;
}

static int64_t workers_bytes(const struct plan *plan, const struct setup *setup) {
    return plan->workers * worker_bytes(plan, setup);
}

/* What the engine adds stands for what the server's adds too, where that is here. */
static int64_t kernel_bytes(const struct plan *plan, const struct setup *setup) {
    int64_t measured = plan->host.connection_bytes;
    return (measured > 0 ? measured : SOCKET_BYTES) + setup->engine_bytes;
}

static int64_t one_end_bytes(const struct plan *plan, const struct setup *setup) {
    return OUR_BYTES + kernel_bytes(plan, setup) + tls_bytes(plan, setup);
}

int64_t memory_connection_bytes(const struct plan *plan, const struct setup *setup) {
    return one_end_bytes(plan, setup) * (setup_has_both_ends(setup) ? 2 : 1);
}

/* A bound on memory: what the plan needs of it, and what there is. */
struct bound {
    bool known, group;
    int64_t each, need, have;
};

static struct bound bound_of(const struct plan *plan, const struct setup *setup, int64_t each,
                             int64_t have, bool group) {
    int64_t need = each * plan->connections + workers_bytes(plan, setup);
    return (struct bound){have >= 0 && have != INT64_MAX, group, each, need, have};
}

/* The control group's holds our end only: the server may be in another. */
static struct bound tightest(const struct plan *plan, const struct setup *setup) {
    struct bound system = bound_of(plan, setup, memory_connection_bytes(plan, setup),
                                   plan->host.memory_available_bytes, false);
    struct bound group = bound_of(plan, setup, one_end_bytes(plan, setup),
                                  files_room(&plan->host.group_memory), true);
    if (!group.known || (system.known && system.have - system.need <= group.have - group.need))
        return system;
    return group;
}

static int64_t fitting(const struct plan *plan, const struct setup *setup,
                       const struct bound *bound, int64_t have) {
    int64_t rest = have - workers_bytes(plan, setup);
    return rest > 0 ? rest / bound->each : 0;
}

int64_t memory_room(const struct plan *plan, const struct setup *setup) {
    int64_t available = plan->host.memory_available_bytes;
    struct bound system =
        bound_of(plan, setup, memory_connection_bytes(plan, setup), available, false);
    struct bound group = bound_of(plan, setup, one_end_bytes(plan, setup),
                                  files_room(&plan->host.group_memory), true);
    int64_t by_system = system.known ? fitting(plan, setup, &system, system.have) : -1;
    int64_t by_group = group.known ? fitting(plan, setup, &group, group.have) : -1;
    return by_system < 0 || (by_group >= 0 && by_group < by_system) ? by_group : by_system;
}

/* "4.00 KiB of the kernel's each, as this kernel's slabs have it". */
static void describe_kernel(char *text, size_t size, const struct plan *plan,
                            const struct setup *setup) {
    int64_t tls = tls_bytes(plan, setup);
    snprintf(text, size, "%s of the kernel's a connection, %s%s%s",
             HUMAN_BYTES(kernel_bytes(plan, setup)),
             plan->host.connection_bytes > 0 ? "by this kernel's slabs" : "as measured on 6.18",
             tls > 0 ? "; of TLS " : "", tls > 0 ? HUMAN_BYTES(tls) : "");
}

void judge_memory(struct findings *findings, const struct plan *plan, const struct setup *setup) {
    struct bound bound = tightest(plan, setup);
    const char *ends = !bound.group && setup_has_both_ends(setup) ? " for both ends" : "";
    char kernel[128];
    describe_kernel(kernel, sizeof kernel, plan, setup);
    if (!bound.known) {
        findings_add(findings, FINDING_memory, FINDING_UNKNOWN,
                     "needs about %s%s (%s); could not tell what is free", HUMAN_BYTES(bound.need),
                     ends, kernel);
        return;
    }
    /* The need is an estimate: a refusal wants a clear case, a fifth above what there is. */
    enum finding_status status = FINDING_OK;
    if (bound.need / 6 * 5 > bound.have)
        status = FINDING_FAIL;
    else if (bound.need > bound.have / 5 * 4)
        status = FINDING_WARN;
    char where[96] = "";
    if (bound.group)
        snprintf(where, sizeof where, " in this control group (limit %s)",
                 HUMAN_BYTES(plan->host.group_memory.max));
    else if (files_room(&plan->host.group_memory) < 0)
        snprintf(where, sizeof where, " (could not tell what the control group may take)");
    struct finding *finding =
        findings_add(findings, FINDING_memory, status, "needs about %s%s (%s), %s free%s%s",
                     HUMAN_BYTES(bound.need), ends, kernel, HUMAN_BYTES(bound.have), where,
                     status == FINDING_FAIL ? ": processes would be killed" : "");
    finding->asked = finding->need = bound.need;
    finding->have = bound.have;
    int64_t fits = fitting(plan, setup, &bound, bound.have / 5 * 4);
    if (status != FINDING_OK && fits > 0)
        finding_do(finding, "--connections %lld   (80 %% of what is free)", (long long)fits);
    if (status != FINDING_OK)
        finding_do(finding, "%s",
                   bound.group ? "a higher limit: MemoryMax=, --memory, or memory.max of the group"
                               : "more memory");
}

/* Idle connections hold no pages: what is on its way in a second does, one page for each direction
 * and end. In a closed loop every connection has something on its way. */
static int64_t pages_in_flight(const struct plan *plan, const struct setup *setup) {
    double asked = pace_requests_per_second(plan);
    double connections = plan->connections;
    double flying = asked > 0 && asked < connections ? asked : connections;
    return llround(flying) * 2 * (setup_has_both_ends(setup) ? 2 : 1);
}

void judge_tcp_memory(struct findings *findings, const struct plan *plan,
                      const struct setup *setup) {
    const struct host *host = &plan->host;
    if (host->tcp_mem_max <= 0 || host->tcp_mem_used < 0) {
        findings_add(findings, FINDING_tcp_memory, FINDING_UNKNOWN,
                     "could not tell: net.ipv4.tcp_mem or /proc/net/sockstat could not be read");
        return;
    }
    int64_t need = pages_in_flight(plan, setup);
    int64_t have =
        host->tcp_mem_max > host->tcp_mem_used ? host->tcp_mem_max - host->tcp_mem_used : 0;
    bool fits = need <= have;
    struct finding *finding = findings_add(
        findings, FINDING_tcp_memory, fits ? FINDING_OK : FINDING_WARN,
        "up to about %s pages on their way at once; tcp_mem %s, %s in use%s", HUMAN_COUNT(need),
        HUMAN_COUNT(host->tcp_mem_max), HUMAN_COUNT(host->tcp_mem_used),
        fits ? "" : ": segments may be dropped, and answers be late");
    finding->asked = finding->need = need;
    finding->have = have;
    if (!fits)
        finding_do(finding, "sysctl -w net.ipv4.tcp_mem=\"%lld %lld %lld\"",
                   (long long)(host->tcp_mem_used + need), (long long)(host->tcp_mem_used + need),
                   (long long)multiply(host->tcp_mem_used + need, 2));
}
