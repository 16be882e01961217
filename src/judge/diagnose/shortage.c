/* Our own limits: as they were when they were met, and what to do about each. */
#include "judge/diagnose/shortage.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "judge/fit/local.h"
#include "judge/human.h"
#include "options/options.h"

struct shortage_text {
    char text[32];
};

/* "20000"; "unlimited"; "not measured". */
static struct shortage_text format_value(int64_t value) {
    struct shortage_text shown = {""};
    if (value < 0)
        snprintf(shown.text, sizeof shown.text, "not measured");
    else if (value == INT64_MAX)
        snprintf(shown.text, sizeof shown.text, "unlimited");
    else
        human_count(shown.text, sizeof shown.text, (uint64_t)value);
    return shown;
}

static struct shortage_text format_bytes(int64_t value) {
    struct shortage_text shown = {""};
    if (value < 0)
        return format_value(value);
    units_human_bytes(shown.text, sizeof shown.text, (uint64_t)value);
    return shown;
}

/* How many descriptors the plan's connections take on this machine. */
static int64_t files_needed(const struct plan *plan, const struct setup *setup) {
    return (int64_t)plan->connections * (setup_has_both_ends(setup) ? 2 : 1);
}

/* Without a snapshot (of a saved run, or one that is over too soon) the preflight's numbers are
 * what there is, and are called so. */
static const char *when(const struct evidence_limit_snapshot *snapshot) {
    return snapshot->taken ? "" : " before the run";
}

/* --- descriptors --- */

static int64_t soft_limit(const struct plan *plan, const struct evidence_limit_snapshot *snapshot) {
    return snapshot->taken && snapshot->nofile_soft >= 0 ? snapshot->nofile_soft
                                                         : plan->host.nofile_hard;
}

static void advise_files(struct finding *finding, const struct plan *plan,
                         const struct evidence_limit_snapshot *snapshot) {
    int64_t limit = soft_limit(plan, snapshot), connections = plan->connections;
    int64_t room = limit - PLAN_WORKER_FILES;
    if (limit != INT64_MAX && room > 0 && divide_up(connections, room) > plan->workers)
        finding_do(finding, "--workers %lld   (each worker has its own limit)",
                   (long long)divide_up(connections, room));
    long long each = (long long)divide_up(connections, plan->workers > 0 ? plan->workers : 1) +
                     PLAN_WORKER_FILES;
    finding_do(finding, "raise the limit: ulimit -n %lld, LimitNOFILE=%lld, --ulimit nofile=%lld",
               each, each, each);
}

/* EMFILE without the limit in sight: what refused is not known. */
static bool below_its_limit(const struct evidence_limit_snapshot *snapshot) {
    return snapshot->taken && snapshot->worker_files >= 0 && snapshot->nofile_soft > 0 &&
           snapshot->worker_files < snapshot->nofile_soft - snapshot->nofile_soft / 10;
}

static void explain_files(struct finding *finding, const struct plan *plan,
                          const struct evidence_limit_snapshot *snapshot) {
    const struct host *host = &plan->host;
    bool taken = snapshot->taken, below = below_its_limit(snapshot);
    finding_evidence(finding,
                     "RLIMIT_NOFILE soft %s, hard %s%s; in use by the worker %s; whole system %s "
                     "of %s%s%s",
                     format_value(taken ? snapshot->nofile_soft : host->nofile_hard).text,
                     format_value(taken ? snapshot->nofile_hard : host->nofile_hard).text,
                     when(snapshot), format_value(taken ? snapshot->worker_files : -1).text,
                     format_value(taken ? snapshot->file_used : host->file_used).text,
                     format_value(taken ? snapshot->file_max : host->file_max).text, when(snapshot),
                     below ? "; the worker was not seen at its limit" : "");
    if (below)
        finding_do(finding, "what refuses is not known: strace -f -e trace=socket holdfast ...");
    else
        advise_files(finding, plan, snapshot);
}

static void explain_system_files(struct finding *finding, const struct plan *plan,
                                 const struct setup *setup,
                                 const struct evidence_limit_snapshot *snapshot) {
    const struct host *host = &plan->host;
    int64_t used = snapshot->taken ? snapshot->file_used : host->file_used;
    finding_evidence(finding, "fs.file-max %s; in use %s by all processes of this machine%s",
                     format_value(snapshot->taken ? snapshot->file_max : host->file_max).text,
                     format_value(used).text, when(snapshot));
    if (used >= 0)
        finding_do(finding, "sysctl -w fs.file-max=%lld   (root)",
                   (long long)(used + files_needed(plan, setup)));
    else
        finding_do(finding, "%s", outcome_advice(OUTCOME_fd_limit_system));
}

/* --- source ports --- */

/* The remedy, by the ports that are counted. */
static void name_destination(char *out, size_t size, const struct setup *setup) {
    uint32_t pairs = setup_pairs(setup);
    if (pairs == 1)
        address_format(&setup->addresses[0], out, size);
    else
        snprintf(out, size, "all %s pairs of source and destination address", HUMAN_COUNT(pairs));
}

/* No port is missing, but the address to take it at. */
static void explain_absent(struct finding *finding,
                           const struct evidence_limit_snapshot *snapshot) {
    char text[ADDRESS_RANGE_TEXT_MAX], more[48] = "";
    struct address_range range = address_range_of(&snapshot->source_absent);
    address_range_format(&range, text, sizeof text);
    if (snapshot->sources_absent > 1)
        snprintf(more, sizeof more, ", nor are %s more", HUMAN_COUNT(snapshot->sources_absent - 1));
    finding_evidence(finding, "--source %s is not an address of this host%s", text, more);
    finding_do(finding, "ip -brief address   (which there are)");
    finding_do(finding, "ip address add %s dev DEVICE", text);
}

static void explain_ports(struct finding *finding, const struct plan *plan,
                          const struct setup *setup,
                          const struct evidence_limit_snapshot *snapshot) {
    if (snapshot->sources_absent > 0) {
        explain_absent(finding, snapshot);
        return;
    }
    enum { LOWEST = 1024, HIGHEST = 65535 };
    const struct host *host = &plan->host;
    bool counted = snapshot->taken && snapshot->ports_range >= 0;
    char destination[128];
    name_destination(destination, sizeof destination, setup);
    finding_evidence(
        finding,
        "net.ipv4.ip_local_port_range %lld-%lld: %s ports, %s reserved; towards %s in use %s, in "
        "TIME_WAIT %s",
        (long long)host->port_low, (long long)host->port_high,
        format_value(host->port_low < 0 ? -1 : host->port_high - host->port_low + 1).text,
        format_value(counted ? snapshot->ports_reserved : -1).text, destination,
        format_value(counted ? snapshot->ports_in_use : -1).text,
        format_value(counted ? snapshot->ports_time_wait : -1).text);
    if (!plan->options->source.automatic)
        finding_do(finding, "--source auto   (as many local addresses as the plan needs)");
    if (host->port_low > LOWEST || host->port_high < HIGHEST)
        finding_do(finding,
                   "sysctl -w net.ipv4.ip_local_port_range=\"%d %d\"   (%s for each "
                   "destination address)",
                   (int)LOWEST, (int)HIGHEST, HUMAN_COUNT(HIGHEST - LOWEST + 1));
    if (counted && snapshot->ports_time_wait > 0)
        finding_do(finding, "wait a minute: %s ports are free again after TIME_WAIT",
                   HUMAN_COUNT(snapshot->ports_time_wait));
}

/* --- memory, firewalls, workers --- */

static bool is_near_limit(int64_t used, int64_t most) {
    return used >= 0 && most > 0 && used >= most - most / 10;
}

static void explain_memory(struct finding *finding, const struct plan *plan,
                           const struct evidence_limit_snapshot *snapshot) {
    const struct host *host = &plan->host;
    int64_t pages_max = snapshot->taken ? snapshot->tcp_pages_max : -1;
    finding_evidence(finding, "%s available of %s%s; TCP buffers %s of %s pages (net.ipv4.tcp_mem)",
                     format_bytes(snapshot->taken ? snapshot->memory_available_bytes
                                                  : host->memory_available_bytes)
                         .text,
                     format_bytes(host->memory_total_bytes).text, when(snapshot),
                     format_value(snapshot->taken ? snapshot->tcp_pages : -1).text,
                     format_value(pages_max).text);
    if (snapshot->taken && is_near_limit(snapshot->tcp_pages, pages_max))
        finding_do(finding, "sysctl -w net.ipv4.tcp_mem=\"%lld %lld %lld\"", (long long)pages_max,
                   (long long)pages_max * 3 / 2, (long long)pages_max * 2);
    finding_do(finding, "free memory, or raise the cgroup's limit (memory.max), or fewer "
                        "connections: -c");
}

static void explain_denied(struct finding *finding, const struct plan *plan,
                           const struct evidence_limit_snapshot *snapshot) {
    bool known = snapshot->taken && snapshot->conntrack_max > 0 && snapshot->conntrack_count >= 0;
    if (known)
        finding_evidence(finding, "connection tracking %s of %s entries (nf_conntrack)%s",
                         format_value(snapshot->conntrack_count).text,
                         format_value(snapshot->conntrack_max).text,
                         is_near_limit(snapshot->conntrack_count, snapshot->conntrack_max)
                             ? ""
                             : ": not full; a firewall's rule, a route or a filter of system calls "
                               "says no");
    else
        finding_evidence(finding, "connection tracking: %s",
                         snapshot->taken && local_sees_network(&plan->host)
                             ? "not loaded here: a rule or a route of this machine says no"
                             : "not measured");
    if (known && is_near_limit(snapshot->conntrack_count, snapshot->conntrack_max))
        finding_do(finding, "sysctl -w net.netfilter.nf_conntrack_max=%lld",
                   (long long)(snapshot->conntrack_max + 2 * (int64_t)plan->connections));
    finding_do(finding, "%s", outcome_advice(OUTCOME_denied));
}

/* What ends a process so, and what helps; of a limit of CPU time the hard one ends by SIGKILL. */
static void advise_on_end(struct finding *finding, int status, const struct host *host) {
    int number = status >= 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    bool limited = host->cpu_seconds > 0 && host->cpu_seconds != INT64_MAX;
    if (limited && (number == SIGXCPU || number == SIGKILL))
        finding_do(finding, "ulimit -t unlimited, or LimitCPU=infinity: RLIMIT_CPU is %lld s",
                   (long long)host->cpu_seconds);
    else if (number == SIGXCPU)
        finding_do(finding, "ulimit -t unlimited, or LimitCPU=infinity");
    else if (number == SIGSYS)
        finding_do(finding, "a seccomp filter ended it: dmesg names the call (audit, type=1326)");
    if (number != SIGXCPU && number != SIGSYS)
        finding_do(finding, "%s", outcome_advice(OUTCOME_worker_lost));
}

static void explain_lost_workers(struct finding *finding, const struct record *record,
                                 const struct host *host) {
    const struct record_worker *first = NULL;
    size_t index = 0, lost = 0;
    for (size_t i = 0; i < record->worker_count && record->workers != NULL; i++) {
        lost += record->workers[i].lost;
        if (first == NULL && record->workers[i].lost) {
            first = &record->workers[i];
            index = i;
        }
    }
    if (first != NULL) {
        char how[96], more[48] = "";
        if (first->status < 0)
            snprintf(how, sizeof how, "was lost");
        else if (WIFSIGNALED(first->status))
            snprintf(how, sizeof how, "was ended by signal %d (%s)", WTERMSIG(first->status),
                     strsignal(WTERMSIG(first->status)));
        else
            snprintf(how, sizeof how, "left with exit code %d", WEXITSTATUS(first->status));
        if (lost > 1)
            snprintf(more, sizeof more, "; and %zu more", lost - 1);
        finding_evidence(finding, "worker %zu (process %d, %s connections) %s%s", index,
                         (int)first->pid, format_value(first->share).text, how, more);
    }
    advise_on_end(finding, first != NULL ? first->status : -1, host);
}

void shortage_explain(struct finding *finding, enum outcome outcome, const struct plan *plan,
                      const struct setup *setup, const struct record *record) {
    const struct evidence_limit_snapshot *snapshot = &record->snapshots[outcome];
    if (outcome_side(outcome) != SIDE_TESTER)
        return;
    if (record->first_seen_seconds[outcome] > 0)
        finding->since_seconds = record->first_seen_seconds[outcome];
    finding->do_count = 0;
    switch (outcome) {
    case OUTCOME_fd_limit: explain_files(finding, plan, snapshot); break;
    case OUTCOME_fd_limit_system: explain_system_files(finding, plan, setup, snapshot); break;
    case OUTCOME_ports_exhausted: explain_ports(finding, plan, setup, snapshot); break;
    case OUTCOME_no_memory: explain_memory(finding, plan, snapshot); break;
    case OUTCOME_denied: explain_denied(finding, plan, snapshot); break;
    case OUTCOME_worker_lost: explain_lost_workers(finding, record, &plan->host); break;
    default: finding_do(finding, "%s", outcome_advice(outcome)); break;
    }
}
