/* The server's own story: what can be observed of it, and where it differs from the client's. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "judge/judge.h"
#include "judge/local.h"
#include "judge/words.h"

/* A process this near to its limit of open files has little left: nine tenths. */
static const int64_t FILES_NEAR_PERCENT = 90;

/* --- before the run --- */

void judge_observed(struct findings *findings, const struct plan *plan,
                    const struct preflight_facts *facts) {
    const struct options *options = plan->options;
    if (facts->log_error[0] != '\0') {
        findings_add(findings, "server_log", SIDE_US, FINDING_FAIL, "--server-log: %s",
                     facts->log_error);
    } else if (options->server_log != NULL) {
        findings_add(findings, "server_log", SIDE_SERVER, FINDING_OK,
                     "%s, %s: followed from its end", options->server_log,
                     WORDS_BYTES(facts->log_bytes));
    }
    if (facts->process_error[0] != '\0') {
        struct finding *finding = findings_add(findings, "server_pid", SIDE_US, FINDING_FAIL,
                                               "--server-pid: %s", facts->process_error);
        finding_do(finding, "pgrep -o nginx");
    } else if (options->given.server_pid) {
        findings_add(findings, "server_pid", SIDE_SERVER, FINDING_OK, "%s, %s process%s",
                     facts->process_name, WORDS_COUNT(facts->processes),
                     facts->processes == 1 ? "" : "es");
    }
    judge_server_limits(findings, plan, facts);
}

/* --- after it: requests --- */

/* How much more the server counted than the client; negative: fewer. */
static int64_t gap_of(uint64_t server, uint64_t client) {
    return (int64_t)server - (int64_t)client;
}

static uint64_t failed_requests(const struct record *record) {
    return record->total.counts.timed_out + record->total.counts.requests_lost;
}

static const char *status_gap_reason(const struct record *record, int64_t gap) {
    const struct server_view *server = &record->server;
    if (gap == 0)
        return "";
    if (server->restarts > 0)
        return ": its counters started anew, and what came between two polls is not in them";
    if (gap > 0)
        return ": others ask this server too";
    if (failed_requests(record) > 0)
        return ": requests that did not reach it; some of ours were not answered";
    return ": requests that did not reach it, or reached another server behind this address";
}

static void find_status(struct findings *findings, const struct record *record) {
    const struct server_view *server = &record->server;
    if (!server->asked)
        return;
    if (!server->measured) {
        findings_add(findings, "server_status", SIDE_SERVER, FINDING_UNKNOWN,
                     "the server's own count was not measured: %s",
                     server->last_failure[0] != '\0' ? server->last_failure
                                                     : "the run ended before two polls");
        return;
    }
    int64_t gap = gap_of(server->requests, server->client_sent);
    struct finding *finding =
        findings_add(findings, "server_requests", SIDE_SERVER, gap == 0 ? FINDING_OK : FINDING_WARN,
                     "the server counted %" PRIu64 " requests, the client sent %" PRIu64 "%s",
                     server->requests, server->client_sent, status_gap_reason(record, gap));
    finding->have = (int64_t)server->requests;
    finding->need = (int64_t)server->client_sent;
}

/* --- after it: connections, as the status page counts them --- */

static void find_dropped(struct findings *findings, const struct server_view *server) {
    if (server->accepted <= server->handled)
        return;
    struct finding *finding = findings_add(findings, "server_dropped", SIDE_SERVER, FINDING_WARN,
                                           "the server accepted %" PRIu64
                                           " connections and handled %" PRIu64 ": it ran out of "
                                           "worker_connections",
                                           server->accepted, server->handled);
    finding->have = (int64_t)server->handled;
    finding->need = (int64_t)server->accepted;
    finding_do(finding, "in nginx: a higher worker_connections, and worker_rlimit_nofile with it");
}

/* Only where the page was read before the first connect, and of one server. */
static void find_accepted(struct findings *findings, const struct plan *plan,
                          const struct record *record) {
    const struct server_view *server = &record->server;
    const struct counts *counts = &record->total.counts;
    if (!server->asked || !server->measured)
        return;
    find_dropped(findings, server);
    if (plan->options->no_check || plan->address_count > 1 || server->restarts > 0)
        return;
    bool others = server->accepted > counts->attempted, fewer = server->accepted < counts->opened;
    if (!others && !fewer)
        return;
    struct finding *finding =
        findings_add(findings, "server_connections", SIDE_SERVER, FINDING_WARN,
                     "the server accepted %" PRIu64 " connections, the client opened %" PRIu64 "%s",
                     server->accepted, counts->opened,
                     others ? ": others connect to it too"
                            : ": the rest wait in its backlog, or went to another server");
    finding->have = (int64_t)server->accepted;
    finding->need = (int64_t)counts->opened;
}

/* --- after it: the log --- */

static void find_silent_log(struct findings *findings, const struct record *record) {
    struct finding *finding = findings_add(
        findings, "server_log_requests", SIDE_SERVER, FINDING_WARN,
        "the log does not grow while %s requests were answered: is it this server's log, and "
        "switched on?",
        WORDS_COUNT(record->total.counts.answered));
    finding->have = 0;
    finding->need = (int64_t)record->server_log.client_sent;
    finding_do(finding, "in nginx: access_log FILE in the server or location that is asked");
    finding_do(finding, "with access_log ... buffer=SIZE also flush=1s: a buffer that is not full "
                        "is not written");
}

/* Why the log and the client differ, the likeliest first. */
static const char *log_gap_reason(const struct record *record, int64_t gap) {
    const struct log_view *log = &record->server_log;
    if (gap == 0)
        return "";
    if (log->matching == 0)
        return ": none of its lines has our request line: is it this server's log?";
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
    return ": lines still in its buffer (access_log ... buffer= flush=), or another location "
           "without a log";
}

static void find_log_requests(struct findings *findings, const struct record *record) {
    const struct log_view *log = &record->server_log;
    if (log->lines == 0 && record->total.counts.answered > 0) {
        find_silent_log(findings, record);
        return;
    }
    int64_t gap = gap_of(log->requests, log->client_sent);
    bool unknown = gap < 0 && (log->truncations > 0 || log->behind_bytes > 0);
    enum finding_status status = unknown ? FINDING_UNKNOWN : FINDING_WARN;
    struct finding *finding =
        findings_add(findings, "server_log_requests", SIDE_SERVER, gap == 0 ? FINDING_OK : status,
                     "%sthe log has %" PRIu64 " requests, the client sent %" PRIu64 "%s",
                     unknown ? "could not tell: " : "", log->requests, log->client_sent,
                     log_gap_reason(record, gap));
    finding->have = (int64_t)log->requests;
    finding->need = (int64_t)log->client_sent;
    if (gap < 0 && log->truncations > 0)
        finding_do(finding,
                   "rotate by rename: logrotate without copytruncate, and nginx -s reopen");
}

static void find_log(struct findings *findings, const struct record *record) {
    const struct log_view *log = &record->server_log;
    if (!log->asked)
        return;
    find_log_requests(findings, record);
    if (log->trouble[0] != '\0' || log->missing)
        findings_add(findings, "server_log_rotation", SIDE_SERVER, FINDING_WARN,
                     "the log was not followed throughout: %s",
                     log->trouble[0] != '\0' ? log->trouble : "at the end there was no such file");
}

/* --- after it: the process --- */

static void find_process_memory(struct findings *findings, const struct process_view *process) {
    double each = process_view_bytes_each(process);
    if (isnan(each))
        return;
    struct finding *finding =
        findings_add(findings, "server_memory", SIDE_SERVER, FINDING_OK,
                     "the server's memory (%s) went from %s to %s with %s connections: %s each",
                     process->pss ? "PSS" : "RSS", WORDS_BYTES(process->memory_before_bytes),
                     WORDS_BYTES(process->memory_hold_bytes), WORDS_COUNT(process->connections),
                     WORDS_BYTES(llround(each)));
    finding->have = llround(each);
}

static void find_process_files(struct findings *findings, const struct process_view *process) {
    int64_t peak = process->files_process_peak, limit = process->nofile_soft;
    if (peak < 0 || limit <= 0 || limit == INT64_MAX || peak < limit / 100 * FILES_NEAR_PERCENT)
        return;
    struct finding *finding =
        findings_add(findings, "server_files", SIDE_SERVER, FINDING_WARN,
                     "a process of the server had %s of its %s open files in use",
                     WORDS_COUNT(peak), WORDS_COUNT(limit));
    finding->have = limit;
    finding->need = peak;
    finding_do(finding, "in nginx: worker_rlimit_nofile; in systemd: LimitNOFILE");
}

static void find_process(struct findings *findings, const struct process_view *process) {
    if (!process->asked)
        return;
    if (process->ended) {
        findings_add(findings, "server_process", SIDE_SERVER, FINDING_WARN,
                     "the server's process %d ended %.3g s into the run: its figures stop there",
                     process->pid, process->ended_seconds);
    }
    if (process->cut)
        findings_add(findings, "server_process", SIDE_SERVER, FINDING_UNKNOWN,
                     "the server has more than %s processes: the others are in no sum",
                     WORDS_COUNT(process->processes_peak));
    find_process_memory(findings, process);
    find_process_files(findings, process);
}

void judge_server_side(struct findings *findings, const struct plan *plan,
                       const struct record *record) {
    find_status(findings, record);
    find_accepted(findings, plan, record);
    find_log(findings, record);
    find_process(findings, &record->server_process);
}
