/* The local half of the preflight: does the plan fit this machine? */
#include <stdio.h>
#include <string.h>

#include "judge/judge.h"
#include "judge/local.h"
#include "judge/words.h"
#include "stats/outcome.h"

enum { WORKERS_MAX = 4096 }; /* bound of --workers */

static const duration tick = 10 * MILLISECOND;

bool local_has_both_ends(const struct plan *plan) {
    for (size_t i = 0; i < plan->address_count; i++)
        if (address_is_loopback(&plan->addresses[i]))
            return true;
    return false;
}

static int64_t divide_up(int64_t value, int64_t by) {
    return value / by + (value % by != 0);
}

/* a * b, no more than INT64_MAX; neither is negative. */
static int64_t multiply(int64_t a, int64_t b) {
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

struct refusal_words {
    const char *text;
    const char *todo[2];
};

static const struct refusal_words refusals[] = {
    [NET_DISABLED] = {"disabled system-wide", {"sysctl -w kernel.io_uring_disabled=0"}},
    [NET_RESTRICTED] = {"restricted to root or to a group that this user is not in",
                        {"sysctl -w kernel.io_uring_group=$(id -g)   (of this user)",
                         "sysctl -w kernel.io_uring_disabled=0"}},
    [NET_FILTERED] = {"blocked by a seccomp filter (Docker's default profile blocks io_uring since "
                      "25.0)",
                      {"docker run --security-opt seccomp=PROFILE.json   (one that allows "
                       "io_uring_setup, io_uring_enter and io_uring_register)",
                       "docker run --security-opt seccomp=unconfined   (no filter at all)"}},
    [NET_DENIED] = {"denied by a security module",
                    {"journalctl -k | grep -i denied   (SELinux: ausearch -m avc)"}},
    [NET_ABSENT] = {"this kernel was built without io_uring",
                    {"a kernel of 6.1 or later with CONFIG_IO_URING=y"}},
    [NET_NO_MEMORY] = {"the locked-memory limit is too small for a ring",
                       {"ulimit -l unlimited, LimitMEMLOCK=infinity or --ulimit memlock=-1"}},
    [NET_NO_FILES] = {"no descriptor was left for a ring",
                      {"raise the limit: ulimit -n, LimitNOFILE= or --ulimit nofile; sysctl "
                       "fs.file-max"}},
    [NET_TOO_OLD] = {"this kernel's io_uring lacks what is needed", {"a kernel of 6.1 or later"}},
    [NET_OTHER] = {"a ring could not be made", {"journalctl -k   (the kernel's own messages)"}},
};

/* What the refusal rests on. */
static void ring_evidence(char *text, size_t size, const struct plan *plan,
                          const struct preflight_facts *facts) {
    const struct host *host = &plan->host;
    int error = facts->ring_error < 0 ? -facts->ring_error : facts->ring_error;
    switch (facts->ring_refusal) {
    case NET_DISABLED: snprintf(text, size, "kernel.io_uring_disabled=2"); break;
    case NET_RESTRICTED:
        snprintf(text, size, "kernel.io_uring_disabled=1, kernel.io_uring_group=%s",
                 host->io_uring_group[0] != '\0' ? host->io_uring_group : "?");
        break;
    case NET_NO_MEMORY:
        snprintf(text, size, "RLIMIT_MEMLOCK %s",
                 host->memlock_bytes < 0 ? "unknown" : WORDS_BYTES(host->memlock_bytes));
        break;
    case NET_ABSENT:
    case NET_TOO_OLD: snprintf(text, size, "kernel %s", host->kernel); break;
    default: snprintf(text, size, "%s", errno_name(error)); break;
    }
}

static void judge_ring(struct findings *findings, const struct plan *plan,
                       const struct preflight_facts *facts) {
    if (facts->ring_error == 0) {
        findings_add(findings, "io_uring", SIDE_TESTER, FINDING_OK, "kernel %s, %s, not filtered",
                     plan->host.kernel,
                     plan->host.io_uring_disabled > 0 ? "allowed to this user" : "not disabled");
        return;
    }
    char evidence[160];
    enum net_refusal refusal = facts->ring_refusal == NET_OK ? NET_OTHER : facts->ring_refusal;
    const struct refusal_words *words = &refusals[refusal];
    ring_evidence(evidence, sizeof evidence, plan, facts);
    struct finding *finding = findings_add(findings, "io_uring", SIDE_TESTER, FINDING_FAIL,
                                           "%s (%s)", words->text, evidence);
    if (refusal == NET_NO_MEMORY && plan->host.memlock_bytes >= 0)
        finding->have = plan->host.memlock_bytes;
    for (size_t i = 0; i < 2 && words->todo[i] != NULL; i++)
        finding_do(finding, "%s", words->todo[i]);
}

/* What would make room: more workers, or more descriptors for each. */
static void descriptors_do(struct finding *finding, const struct plan *plan, int64_t room) {
    uint32_t needed = plan->workers_needed;
    if (needed > plan->workers && needed <= WORKERS_MAX && room * needed >= plan->connections)
        finding_do(finding, "--workers %u   (each has a limit of its own)", (unsigned)needed);
    long long limit = divide_up(plan->connections, plan->workers) + PLAN_WORKER_FILES;
    finding_do(finding, "ulimit -Hn %lld, LimitNOFILE=%lld or --ulimit nofile=%lld", limit, limit,
               limit);
    if (plan->host.nr_open >= 0 && limit > plan->host.nr_open)
        finding_do(finding, "sysctl -w fs.nr_open=%lld   (before that)", limit);
}

static void judge_descriptors(struct findings *findings, const struct plan *plan) {
    int64_t hard = plan->host.nofile_hard;
    if (hard < 0) {
        findings_add(findings, "descriptors", SIDE_TESTER, FINDING_UNKNOWN,
                     "could not tell: RLIMIT_NOFILE could not be read");
        return;
    }
    int64_t room = hard > PLAN_WORKER_FILES ? hard - PLAN_WORKER_FILES : 0;
    int64_t have = multiply(room, plan->workers);
    const char *limit = hard == INT64_MAX ? "unlimited" : WORDS_COUNT(hard);
    const char *plural = words_plural(plan->workers);
    struct finding *finding;
    if (have >= plan->connections) {
        finding = findings_add(findings, "descriptors", SIDE_TESTER, FINDING_OK,
                               "hard limit %s per process: %s worker%s", limit,
                               WORDS_COUNT(plan->workers), plural);
    } else {
        finding = findings_add(findings, "descriptors", SIDE_TESTER, FINDING_FAIL,
                               "asked %s; have %s (%s worker%s, hard limit %s per process)",
                               WORDS_COUNT(plan->connections), WORDS_COUNT(have),
                               WORDS_COUNT(plan->workers), plural, limit);
        descriptors_do(finding, plan, room);
    }
    finding->asked = plan->connections;
    finding->have = have;
    if (plan->workers_needed > 0)
        finding->need = plan->workers_needed;
}

static void judge_system_files(struct findings *findings, const struct plan *plan) {
    const struct host *host = &plan->host;
    if (host->file_max < 0 || host->file_used < 0) {
        findings_add(findings, "system_files", SIDE_TESTER, FINDING_UNKNOWN,
                     "could not tell: fs.file-max or fs.file-nr could not be read");
        return;
    }
    int64_t ends = local_has_both_ends(plan) ? 2 : 1;
    int64_t asked = ends * plan->connections + (int64_t)plan->workers * PLAN_WORKER_FILES;
    int64_t have = host->file_max > host->file_used ? host->file_max - host->file_used : 0;
    struct finding *finding;
    if (asked <= have) {
        finding =
            findings_add(findings, "system_files", SIDE_TESTER, FINDING_OK,
                         "%s more files; fs.file-max %s, %s in use", WORDS_COUNT(asked),
                         host->file_max == INT64_MAX ? "unlimited" : WORDS_COUNT(host->file_max),
                         WORDS_COUNT(host->file_used));
    } else {
        finding =
            findings_add(findings, "system_files", SIDE_TESTER, FINDING_WARN,
                         "asked %s more files%s; have %s (fs.file-max %s, %s in use; root is "
                         "exempt)",
                         WORDS_COUNT(asked), ends == 2 ? ", both ends" : "", WORDS_COUNT(have),
                         WORDS_COUNT(host->file_max), WORDS_COUNT(host->file_used));
        finding_do(finding, "sysctl -w fs.file-max=%lld", (long long)(host->file_used + asked));
    }
    finding->asked = finding->need = asked;
    finding->have = have;
}

static void judge_memory(struct findings *findings, const struct plan *plan) {
    int64_t have = plan->host.memory_available_bytes;
    bool both = local_has_both_ends(plan);
    int64_t each = CONNECTION_BYTES * (both ? 2 : 1);
    int64_t need = each * plan->connections;
    const char *ends = both ? " for both ends" : "";
    if (have < 0) {
        findings_add(findings, "memory", SIDE_TESTER, FINDING_UNKNOWN,
                     "needs about %s%s; could not tell what is free", WORDS_BYTES(need), ends);
        return;
    }
    /* The need is an estimate: a refusal wants a clear case, a fifth above what there is. */
    enum finding_status status = FINDING_OK;
    if (need / 6 * 5 > have)
        status = FINDING_FAIL;
    else if (need > have / 5 * 4)
        status = FINDING_WARN;
    struct finding *finding =
        findings_add(findings, "memory", SIDE_TESTER, status, "needs about %s%s, %s free",
                     WORDS_BYTES(need), ends, WORDS_BYTES(have));
    finding->asked = finding->need = need;
    finding->have = have;
    int64_t fitting = have / 5 * 4 / each;
    if (status != FINDING_OK && fitting > 0)
        finding_do(finding, "--connections %lld   (80 %% of what is free)", (long long)fitting);
    if (status != FINDING_OK)
        finding_do(finding, "more memory, or a higher limit of this container");
}

/* Connects that the ramp owes in one tick: what meets the server's accept queue at once. */
static int64_t ramp_burst(const struct ramp *ramp) {
    uint64_t due = (uint64_t)divide_up((int64_t)ramp->rate.count * tick, ramp->rate.per);
    return (int64_t)(due < ramp->target ? due : ramp->target);
}

static void judge_backlog(struct findings *findings, const struct plan *plan) {
    int64_t burst = ramp_burst(&plan->ramp);
    int64_t have = plan->host.somaxconn;
    if (plan->address_count > 0 && !local_has_both_ends(plan)) {
        findings_add(findings, "backlog", SIDE_SERVER, FINDING_SKIPPED,
                     "up to %s connects in 10 ms: the server's somaxconn is not ours to read",
                     WORDS_COUNT(burst));
        return;
    }
    if (have < 0 || plan->address_count == 0) {
        findings_add(findings, "backlog", SIDE_SERVER, FINDING_UNKNOWN, "could not tell: %s",
                     have < 0 ? "net.core.somaxconn could not be read"
                              : "no address to connect to is known");
        return;
    }
    bool fits = burst <= have;
    struct finding *finding =
        findings_add(findings, "backlog", SIDE_SERVER, fits ? FINDING_OK : FINDING_WARN,
                     "somaxconn %s and up to %s connects in 10 ms%s", WORDS_COUNT(have),
                     WORDS_COUNT(burst), fits ? "" : ": SYNs may be dropped on the server");
    finding->asked = finding->need = burst;
    finding->have = have;
    if (fits)
        return;
    if (have > 0)
        finding_do(finding, "--ramp %lld/10ms", (long long)have);
    finding_do(finding, "sysctl -w net.core.somaxconn=%lld, and as much in the server's listen",
               (long long)burst);
}

void judge_local(struct findings *findings, const struct plan *plan,
                 const struct preflight_facts *facts) {
    judge_ring(findings, plan, facts);
    judge_descriptors(findings, plan);
    judge_system_files(findings, plan);
    judge_sources(findings, plan, facts);
    judge_ports(findings, plan, facts);
    judge_memory(findings, plan);
    judge_backlog(findings, plan);
}
