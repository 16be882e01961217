/* The server's own story: what can be observed of it, and where it differs from the client's. */
#include "judge/diagnose/server_side.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "judge/human.h"
#include "judge/server_kind.h"
#include "options/options.h"

/* A process this near to its limit of open files has little left: nine tenths. */
static const int64_t FILES_NEAR_PERCENT = 90;

/* --- after it: requests --- */

/* How much more the server counted than the client; negative: fewer. */
static int64_t gap_of(uint64_t server, uint64_t client) {
    return (int64_t)server - (int64_t)client;
}

static uint64_t failed_requests(const struct record *record) {
    return record->total.counts.timed_out + record->total.counts.requests_lost;
}

/* What was sent since it was last heard of, nobody has counted. */
static bool lost_some(const struct record *record) {
    return record->total.counts.outcomes[OUTCOME_worker_lost] > 0;
}

#define SENT_BY_THE_LOST ": what was lost with a worker or a host sent more than was heard of it"

static const char *status_gap_reason(const struct record *record, int64_t gap) {
    const struct server_view *server = &record->server;
    bool equal = server->requests == server->client_sent;
    if (server->requests > server->client_sent && lost_some(record))
        return SENT_BY_THE_LOST;
    if (gap > 0)
        return ": others ask this server too";
    if (gap < 0 && failed_requests(record) > 0)
        return ": requests that did not reach it; some of ours were not answered";
    if (gap < 0)
        return ": requests that did not reach it, or reached another server behind this address";
    if (equal)
        return "";
    if (server->requests > server->client_sent)
        return ": they may agree, as many polls of ours ended without an answer";
    return server->restarts > 0
               ? ": its counters started anew, and what came between two polls is not in them"
               : ": the last poll brought no page, and requests were still on their way before it";
}

/* Where the band has no upper end, fewer says nothing. */
static enum finding_status status_gap_status(const struct server_view *server, int64_t gap) {
    if (gap != 0)
        return FINDING_WARN;
    return server->requests < server->client_sent ? FINDING_UNKNOWN : FINDING_OK;
}

static void find_status(struct findings *findings, const struct record *record) {
    const struct server_view *server = &record->server;
    if (!server->asked)
        return;
    if (!server->measured) {
        findings_add(findings, FINDING_server_status, FINDING_UNKNOWN,
                     "the server's own count was not measured: %s",
                     server->last_failure[0] != '\0' ? server->last_failure
                                                     : "the run ended before two polls");
        return;
    }
    int64_t gap = server_band_gap(server_requests_band(server), server->client_sent);
    enum finding_status status = status_gap_status(server, gap);
    struct finding *finding =
        findings_add(findings, FINDING_server_requests, status,
                     "%sthe server counted %" PRIu64 " requests, the client sent %" PRIu64 "%s",
                     status == FINDING_UNKNOWN ? "could not tell: " : "", server->requests,
                     server->client_sent, status_gap_reason(record, gap));
    finding->have = (int64_t)server->requests;
    finding->need = (int64_t)server->client_sent;
}

/* --- after it: connections, as the status page counts them --- */

static void find_dropped(struct findings *findings, const struct server_view *server,
                         enum server_kind kind) {
    if (server->accepted <= server->handled)
        return;
    struct finding *finding = findings_add(
        findings, FINDING_server_dropped, FINDING_WARN,
        "the server accepted %" PRIu64 " connections and handled %" PRIu64 ": it ran out of %s",
        server->accepted, server->handled,
        kind == SERVER_NGINX ? "worker_connections" : "connections");
    finding->have = (int64_t)server->handled;
    finding->need = (int64_t)server->accepted;
    finding_do(
        finding, "%s",
        kind == SERVER_NGINX
            ? "in nginx: a higher worker_connections, and worker_rlimit_nofile with it"
            : "raise the server's limit of connections, and that of its descriptors with it");
}

/* Only where the page was read before the first connect, and of one server. */
static void find_accepted(struct findings *findings, const struct plan *plan,
                          const struct setup *setup, const struct record *record,
                          enum server_kind kind) {
    const struct server_view *server = &record->server;
    const struct tally_counts *counts = &record->total.counts;
    if (!server->asked || !server->measured)
        return;
    find_dropped(findings, server, kind);
    if (plan->options->no_check || setup->address_count > 1)
        return;
    struct server_band band = server_accepted_band(server);
    bool others = band.low > counts->attempted, fewer = band.high < counts->opened;
    if (!others && !fewer)
        return;
    struct finding *finding =
        findings_add(findings, FINDING_server_connections, FINDING_WARN,
                     "the server accepted %" PRIu64 " connections, the client opened %" PRIu64 "%s",
                     server->accepted, counts->opened,
                     others ? ": others connect to it too"
                            : ": the rest wait in its backlog, or went to another server");
    finding->have = (int64_t)server->accepted;
    finding->need = (int64_t)counts->opened;
}

/* --- after it: the log --- */

static void find_silent_log(struct findings *findings, const struct record *record,
                            enum server_kind kind) {
    struct finding *finding = findings_add(
        findings, FINDING_server_log_requests, FINDING_WARN,
        "the log does not grow while %s requests were answered: is it this server's log, and "
        "switched on?",
        HUMAN_COUNT(record->total.counts.answered));
    finding->have = 0;
    finding->need = (int64_t)record->server_log.client_sent;
    if (kind != SERVER_NGINX) {
        finding_do(finding, "switch the server's access log on for what is asked, unbuffered");
        return;
    }
    finding_do(finding, "in nginx: access_log FILE in the server or location that is asked");
    finding_do(finding, "with access_log ... buffer=SIZE also flush=1s: a buffer that is not full "
                        "is not written");
}

/* Why the log and the client differ, the likeliest first. */
static const char *log_gap_reason(const struct record *record, int64_t gap, enum server_kind kind) {
    const struct server_log_view *log = &record->server_log;
    if (gap == 0)
        return "";
    if (log->matching == 0)
        return ": none of its lines has our request line: is it this server's log?";
    if (gap > 0 && lost_some(record))
        return SENT_BY_THE_LOST;
    if (gap > 0)
        return log->matching < log->lines - log->own ? ": others ask this server too"
                                                     : ": others ask the same, or earlier "
                                                       "requests were written late";
    if (log->behind_bytes > 0)
        return ": it grew faster than it was read, and was not read to its end";
    if (log->missing || log->given_up > 0 || log->trouble[0] != '\0')
        return ": a file it was rotated to could not be read";
    if (log->truncations > 0)
        return ": it was cut in place (copytruncate), and lines between our last look and that "
               "are lost to us";
    if (failed_requests(record) > 0)
        return ": requests that did not reach it, or lines still in its buffer";
    return kind == SERVER_NGINX ? ": lines still in its buffer (access_log ... buffer= flush=), or "
                                  "another location without a log"
                                : ": lines still in its buffer, or requests that it does not log";
}

static void find_log_requests(struct findings *findings, const struct record *record,
                              enum server_kind kind) {
    const struct server_log_view *log = &record->server_log;
    if (log->lines == 0 && record->total.counts.answered > 0) {
        find_silent_log(findings, record, kind);
        return;
    }
    int64_t gap = gap_of(log->requests, log->client_sent);
    bool unknown = gap < 0 && (log->truncations > 0 || log->behind_bytes > 0);
    enum finding_status status = unknown ? FINDING_UNKNOWN : FINDING_WARN;
    struct finding *finding =
        findings_add(findings, FINDING_server_log_requests, gap == 0 ? FINDING_OK : status,
                     "%sthe log has %" PRIu64 " requests, the client sent %" PRIu64 "%s",
                     unknown ? "could not tell: " : "", log->requests, log->client_sent,
                     log_gap_reason(record, gap, kind));
    finding->have = (int64_t)log->requests;
    finding->need = (int64_t)log->client_sent;
    if (gap < 0 && log->truncations > 0)
        finding_do(finding, "rotate by rename: logrotate without copytruncate, and %s",
                   kind == SERVER_NGINX ? "nginx -s reopen" : "have the server open its log anew");
}

static void find_log(struct findings *findings, const struct record *record,
                     enum server_kind kind) {
    const struct server_log_view *log = &record->server_log;
    if (!log->asked)
        return;
    find_log_requests(findings, record, kind);
    if (log->trouble[0] != '\0' || log->missing)
        findings_add(findings, FINDING_server_log_rotation, FINDING_WARN,
                     "the log was not followed throughout: %s",
                     log->trouble[0] != '\0' ? log->trouble : "at the end there was no such file");
}

/* --- after it: the process --- */

static void find_process_memory(struct findings *findings,
                                const struct server_process_view *process) {
    double each = server_process_bytes_each(process);
    if (isnan(each))
        return;
    struct finding *finding =
        findings_add(findings, FINDING_server_memory, FINDING_OK,
                     "the server's memory (%s) went from %s to %s with %s connections: %s each",
                     process->pss ? "PSS" : "RSS", HUMAN_BYTES(process->memory_before_bytes),
                     HUMAN_BYTES(process->memory_hold_bytes), HUMAN_COUNT(process->connections),
                     HUMAN_BYTES(llround(each)));
    finding->have = llround(each);
}

static void find_process_files(struct findings *findings, const struct server_process_view *process,
                               enum server_kind kind) {
    int64_t peak = process->files_process_peak, limit = process->nofile_soft;
    if (peak < 0 || limit <= 0 || limit == INT64_MAX || peak < limit / 100 * FILES_NEAR_PERCENT)
        return;
    struct finding *finding =
        findings_add(findings, FINDING_server_files, FINDING_WARN,
                     "a process of the server had %s of its %s open files in use",
                     HUMAN_COUNT(peak), HUMAN_COUNT(limit));
    finding->have = limit;
    finding->need = peak;
    finding_do(finding, "%sprlimit --nofile of its processes; in systemd: LimitNOFILE",
               kind == SERVER_NGINX ? "in nginx: worker_rlimit_nofile; " : "");
}

static void find_oom(struct findings *findings, const struct server_process_view *process) {
    char when[96] = "", memory[96] = "";
    if (process->ended)
        snprintf(when, sizeof when,
                 ": process %d ended %.3g s into the run, and its figures stop there", process->pid,
                 process->ended_seconds);
    if (process->group_memory_bytes >= 0 && process->group_memory_max > 0 &&
        process->group_memory_max != INT64_MAX)
        snprintf(memory, sizeof memory, "; memory %s of its limit of %s as last seen",
                 HUMAN_BYTES(process->group_memory_bytes), HUMAN_BYTES(process->group_memory_max));
    struct finding *finding =
        findings_add(findings, FINDING_server_oom, FINDING_WARN,
                     "the kernel's OOM killer ended %s process%s of the server%s",
                     HUMAN_COUNT(process->oom_kills), process->oom_kills == 1 ? "" : "es", when);
    finding_evidence(
        finding, "in its control group oom_kill rose by %s, its limit was reached %s times%s",
        HUMAN_COUNT(process->oom_kills),
        HUMAN_COUNT(process->at_memory_limit > 0 ? process->at_memory_limit : 0), memory);
    finding_do(finding,
               "a higher memory limit of the group (memory.max; in systemd: MemoryMax), or "
               "fewer connections: -c");
}

static void find_end(struct findings *findings, const struct server_process_view *process) {
    struct finding *finding =
        findings_add(findings, FINDING_server_process, FINDING_WARN,
                     "the server's process %d ended %.3g s into the run: its figures stop there",
                     process->pid, process->ended_seconds);
    finding_evidence(finding, "process %d is gone since %.3g s into the run; %s", process->pid,
                     process->ended_seconds,
                     process->oom_kills == 0 ? "the OOM killer ended none of its control group"
                                             : "its control group could not be read");
    finding_do(finding, "the server's own log, and what ended it: journalctl, dmesg");
}

static void find_process(struct findings *findings, const struct server_process_view *process,
                         enum server_kind kind) {
    if (!process->asked)
        return;
    if (process->oom_kills > 0)
        find_oom(findings, process);
    else if (process->ended)
        find_end(findings, process);
    if (process->cut)
        findings_add(findings, FINDING_server_process, FINDING_UNKNOWN,
                     "the server has more than %s processes: the others are in no sum",
                     HUMAN_COUNT(process->processes_peak));
    find_process_memory(findings, process);
    find_process_files(findings, process, kind);
}

void judge_server_side(struct findings *findings, const struct diagnosed_run *run) {
    const struct record *record = run->record;
    enum server_kind kind = server_kind_of(run->target);
    find_status(findings, record);
    find_accepted(findings, run->plan, run->setup, record, kind);
    find_log(findings, record, kind);
    find_process(findings, &record->server_process, kind);
}
