/* Descriptors and processes: does the plan fit this process' limits, and the whole system's? */
#include <linux/capability.h>
#include <stdio.h>

#include "base/limits.h"
#include "host/host.h"
#include "judge/fit/local.h"
#include "judge/fit/preflight_facts.h"
#include "judge/human.h"

int64_t files_room(const struct host_share *share) {
    if (share->max <= 0 || share->used < 0)
        return share->max == INT64_MAX ? INT64_MAX : -1;
    if (share->max == INT64_MAX)
        return INT64_MAX;
    return share->max > share->used ? share->max - share->used : 0;
}

/* The remedy: more workers, or more descriptors for each. */
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

void judge_descriptors(struct findings *findings, const struct plan *plan) {
    int64_t hard = plan->host.nofile_hard;
    if (hard < 0) {
        findings_add(findings, FINDING_descriptors, FINDING_UNKNOWN,
                     "could not tell: RLIMIT_NOFILE could not be read");
        return;
    }
    int64_t room = hard > PLAN_WORKER_FILES ? hard - PLAN_WORKER_FILES : 0;
    int64_t have = multiply(room, plan->workers);
    const char *limit = hard == INT64_MAX ? "unlimited" : HUMAN_COUNT(hard);
    const char *plural = human_plural(plan->workers);
    struct finding *finding;
    if (have >= plan->connections) {
        finding = findings_add(findings, FINDING_descriptors, FINDING_OK,
                               "hard limit %s per process: %s worker%s", limit,
                               HUMAN_COUNT(plan->workers), plural);
    } else {
        finding = findings_add(findings, FINDING_descriptors, FINDING_FAIL,
                               "asked %s; have %s (%s worker%s, hard limit %s per process): the "
                               "other %s would end as fd_limit",
                               HUMAN_COUNT(plan->connections), HUMAN_COUNT(have),
                               HUMAN_COUNT(plan->workers), plural, limit,
                               HUMAN_COUNT(plan->connections - have));
        descriptors_do(finding, plan, room);
    }
    finding->asked = plan->connections;
    finding->have = have;
    if (plan->workers_needed > 0)
        finding->need = plan->workers_needed;
}

/* The parent has files of its own for each worker. */
void judge_parent_files(struct findings *findings, const struct plan *plan,
                        const struct preflight_facts *facts) {
    int64_t hard = plan->host.nofile_hard;
    if (hard < 0 || facts->own_files < 0) {
        findings_add(findings, FINDING_parent_files, FINDING_UNKNOWN,
                     "could not tell: %s could not be read",
                     hard < 0 ? "RLIMIT_NOFILE" : "/proc/self/fd");
        return;
    }
    int64_t status = plan->status.host[0] != '\0' ? 1 : 0;
    int64_t beside = facts->own_files + PLAN_PARENT_FILES + status;
    int64_t need = beside + (int64_t)PLAN_PARENT_FILES_EACH * plan->workers;
    bool fits = need <= hard;
    int64_t fitting = hard > beside ? (hard - beside) / PLAN_PARENT_FILES_EACH : 0;
    struct finding *finding = findings_add(
        findings, FINDING_parent_files, fits ? FINDING_OK : FINDING_FAIL,
        "%s for %s worker%s; hard limit %s%s", HUMAN_COUNT(need), HUMAN_COUNT(plan->workers),
        human_plural(plan->workers), hard == INT64_MAX ? "unlimited" : HUMAN_COUNT(hard),
        fits ? "" : ": not all workers could be started");
    finding->asked = plan->workers;
    finding->have = hard;
    finding->need = need;
    if (fits)
        return;
    if (fitting >= plan->workers_needed && fitting > 0)
        finding_do(finding, "--workers %lld   (as many as fit)", (long long)fitting);
    finding_do(finding, "ulimit -Hn %lld, LimitNOFILE=%lld or --ulimit nofile=%lld",
               (long long)need, (long long)need, (long long)need);
}

/* Files that the run adds to the system's: a worker's ring, eventfd and pidfd, the connections. */
static int64_t system_files_of(const struct plan *plan, int64_t ends) {
    enum { EACH_WORKER = 3, PARENT = 2 };
    return ends * plan->connections + (int64_t)plan->workers * EACH_WORKER + PARENT;
}

/* An administrator is exempt from fs.file-max (files_max of fs/file_table.c). */
static enum finding_status system_files_status(const struct plan *plan, const struct setup *setup,
                                               int64_t have) {
    if (system_files_of(plan, setup_has_both_ends(setup) ? 2 : 1) <= have)
        return FINDING_OK;
    bool exempt = host_can(&plan->host, CAP_SYS_ADMIN);
    if (exempt && !setup_has_both_ends(setup))
        return FINDING_OK;
    return exempt || system_files_of(plan, 1) <= have ? FINDING_WARN : FINDING_FAIL;
}

void judge_system_files(struct findings *findings, const struct plan *plan,
                        const struct setup *setup) {
    const struct host *host = &plan->host;
    if (host->file_max < 0 || host->file_used < 0) {
        findings_add(findings, FINDING_system_files, FINDING_UNKNOWN,
                     "could not tell: fs.file-max or fs.file-nr could not be read");
        return;
    }
    bool both = setup_has_both_ends(setup), exempt = host_can(host, CAP_SYS_ADMIN);
    int64_t asked = system_files_of(plan, both ? 2 : 1);
    int64_t have = host->file_max > host->file_used ? host->file_max - host->file_used : 0;
    enum finding_status status = system_files_status(plan, setup, have);
    struct finding *finding;
    if (status == FINDING_OK) {
        finding = findings_add(
            findings, FINDING_system_files, status, "%s more files; fs.file-max %s, %s in use%s",
            HUMAN_COUNT(asked),
            host->file_max == INT64_MAX ? "unlimited" : HUMAN_COUNT(host->file_max),
            HUMAN_COUNT(host->file_used), asked > have ? " (this process is exempt from it)" : "");
    } else {
        const char *so = status == FINDING_FAIL ? ": the others would end as fd_limit_system"
                         : exempt               ? ": this process is exempt, the server perhaps not"
                                                : ": the server may run out of files";
        finding = findings_add(findings, FINDING_system_files, status,
                               "asked %s more files%s; have %s (fs.file-max %s, %s in use)%s",
                               HUMAN_COUNT(asked), both ? ", both ends" : "", HUMAN_COUNT(have),
                               HUMAN_COUNT(host->file_max), HUMAN_COUNT(host->file_used), so);
        long long raised;
        if (!__builtin_add_overflow(host->file_used, asked, &raised))
            finding_do(finding, "sysctl -w fs.file-max=%lld", raised);
    }
    finding->asked = finding->need = asked;
    finding->have = have;
}

/* Of pids.max and RLIMIT_NPROC, the one that leaves less room. */
struct process_room {
    const struct host_share *share;
    int64_t room;      /* INT64_MAX: no limit; -1: neither could be told */
    const char *name;  /* of the limit */
    const char *whose; /* who is bound by the other one, where that could not be told; NULL */
};

static struct process_room process_room(const struct host *host) {
    const char *group_name = "control group", *user_name = "user";
    struct process_room group = {&host->group_processes, files_room(&host->group_processes),
                                 "pids.max of the control group", NULL},
                        user = {&host->user_processes, files_room(&host->user_processes),
                                "RLIMIT_NPROC", NULL};
    if (group.room < 0 && user.room < 0)
        group.whose = "control group or user";
    else if (group.room < 0)
        user.whose = group_name;
    else if (user.room < 0)
        group.whose = user_name;
    return user.room < 0 || (group.room >= 0 && group.room <= user.room) ? group : user;
}

static void processes_do(struct finding *finding, const struct plan *plan,
                         const struct process_room *least) {
    if (plan->workers_needed > 0 && plan->workers_needed <= least->room)
        finding_do(finding, "--workers %u", (unsigned)plan->workers_needed);
    long long limit = least->share->used + plan->workers;
    if (least->share == &plan->host.group_processes)
        finding_do(finding, "TasksMax=%lld, --pids-limit %lld, or pids.max of the group", limit,
                   limit);
    else
        finding_do(finding, "ulimit -u %lld or LimitNPROC=%lld", limit, limit);
}

void judge_processes(struct findings *findings, const struct plan *plan) {
    struct process_room least = process_room(&plan->host);
    const char *plural = human_plural(plan->workers);
    bool bound = least.room >= 0 && least.room < INT64_MAX, fits = least.room >= plan->workers;
    char limit[128] = "", unknown[96] = "";
    if (bound)
        snprintf(limit, sizeof limit, "; room for %s (%s %s, %s in use)%s", HUMAN_COUNT(least.room),
                 least.name, HUMAN_COUNT(least.share->max), HUMAN_COUNT(least.share->used),
                 fits ? "" : ": not all workers could be started");
    else if (least.whose == NULL)
        snprintf(limit, sizeof limit, "; no limit of this control group or user");
    if (least.whose != NULL && (fits || !bound))
        snprintf(unknown, sizeof unknown, "; could not tell how many processes this %s may have",
                 least.whose);
    struct finding *finding =
        findings_add(findings, FINDING_processes,
                     unknown[0] != '\0' ? FINDING_UNKNOWN
                     : fits             ? FINDING_OK
                                        : FINDING_FAIL,
                     "%s worker%s%s%s", HUMAN_COUNT(plan->workers), plural, limit, unknown);
    if (!bound)
        return;
    finding->asked = finding->need = plan->workers;
    finding->have = least.room;
    if (!fits)
        processes_do(finding, plan, &least);
}
