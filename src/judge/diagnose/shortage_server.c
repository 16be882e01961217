/* Shortages of the server or of the network, with the evidence that they are none of ours. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "judge/diagnose/shortage.h"
#include "judge/fit/local.h"
#include "judge/human.h"
#include "judge/server_kind.h"

/* One line of evidence, put together from whatever was measured. */
struct shortage_line {
    size_t length;
    char text[FINDING_EVIDENCE_MAX];
};

__attribute__((format(printf, 2, 3))) static void add(struct shortage_line *line,
                                                      const char *format, ...) {
    if (line->length > 0 && line->length + 2 < sizeof line->text) {
        memcpy(line->text + line->length, "; ", 3);
        line->length += 2;
    }
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(line->text + line->length, sizeof line->text - line->length, format, arguments);
    va_end(arguments);
    line->length += (size_t)length;
    if (line->length >= sizeof line->text)
        line->length = sizeof line->text - 1;
}

static void add_log_lines(struct shortage_line *line, const struct evidence_error_log *log,
                          uint64_t count, const char *first) {
    if (count > 0)
        add(line, "its error log says so%s %s time%s, first \"%s\"", log->behind ? " at least" : "",
            HUMAN_COUNT(count), human_plural(count), first);
}

static void add_queue(struct shortage_line *line, const struct evidence_listener *listener) {
    add(line, "up to %s connections were seen waiting for its accept() (its backlog: %s)",
        HUMAN_COUNT(listener->queued_peak), HUMAN_COUNT(listener->backlog));
}

static uint64_t outcome_of(const struct record *record, enum outcome outcome) {
    return record->total.counts.outcomes[outcome];
}

/* --- descriptors --- */

static bool at_its_limit(const struct server_process_view *process) {
    int64_t limit = process->nofile_soft;
    return process->asked && limit > 0 && limit != INT64_MAX &&
           process->files_process_peak >= limit;
}

static void find_files(struct findings *findings, const struct diagnosed_run *run) {
    const struct record *record = run->record;
    const struct server_process_view *process = &record->server_process;
    const struct evidence_error_log *log = &record->evidence.error_log;
    const struct evidence_listener *listener = &record->evidence.listener;
    bool full = at_its_limit(process);
    if (!full && log->short_of_files == 0)
        return;
    struct shortage_line line = {0};
    if (full)
        add(&line, "a process of the server had %s of its %s open files in use",
            HUMAN_COUNT(process->files_process_peak), HUMAN_COUNT(process->nofile_soft));
    add_log_lines(&line, log, log->short_of_files, log->files_line);
    if (listener->measured && listener->queued_peak > 0)
        add_queue(&line, listener);
    struct finding *finding =
        findings_add(findings, FINDING_short_of_files, FINDING_WARN,
                     "the server ran out of descriptors: what it cannot accept is connected, and "
                     "not answered");
    finding_evidence(finding, "%s", line.text);
    if (full) {
        finding->have = process->nofile_soft;
        finding->need = process->files_process_peak;
    }
    finding_do(finding, "%s; in systemd: LimitNOFILE",
               server_kind_of(run->target) == SERVER_NGINX
                   ? "in nginx: worker_rlimit_nofile above worker_connections"
                   : "prlimit --nofile of the server's processes");
}

/* --- connections --- */

static const struct closing *level_of(const struct closings *closings) {
    for (size_t i = 0; i < closings->count; i++)
        if (closings->items[i].dimension == CLOSING_LEVEL)
            return &closings->items[i];
    return NULL;
}

static void add_status(struct shortage_line *line, const struct record *record) {
    const struct server_view *server = &record->server;
    if (!server->asked || !server->measured)
        return;
    add(line, "stub_status: active at most %s while the client opened %s",
        HUMAN_COUNT(server->active_peak), HUMAN_COUNT(record->total.counts.opened));
    if (server->accepted > server->handled)
        add(line, "%s accepted, %s of them dropped at once", HUMAN_COUNT(server->accepted),
            HUMAN_COUNT(server->accepted - server->handled));
}

/* As the preflight does, where it knew how many workers there are; else of one for all. */
static void advise_connections(struct finding *finding, const struct findings *findings,
                               const struct diagnosed_run *run) {
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *known = &findings->items[i];
        if (known->code == FINDING_server_connections && known->do_count > 0) {
            finding_do(finding, "%.*s, and worker_rlimit_nofile with it",
                       (int)strcspn(known->todo[0], ";"), known->todo[0]);
            return;
        }
    }
    if (server_kind_of(run->target) == SERVER_NGINX)
        finding_do(finding,
                   "in nginx: worker_connections %" PRId64
                   " or more for each worker, and worker_rlimit_nofile with it",
                   server_limits_connections(run->plan, 1));
    else
        finding_do(finding,
                   "raise the server's limit of connections, and that of its descriptors with it");
}

/* nginx ends some that are idle where it can, and drops what it accepts where it cannot; others
 * refuse what is opened beyond their limit. */
static const char *way_of(const struct closing *level, bool dropped) {
    if (level == NULL)
        return dropped ? "it dropped some as soon as it had accepted them"
                       : "it ended some to take others";
    if (!level->refused)
        return "it ended some to take others";
    return level->outcome == OUTCOME_response_timeout || level->outcome == OUTCOME_silent
               ? "what was opened beyond its limit was never answered"
               : "what was opened beyond its limit ended at once";
}

static void find_connections(struct findings *findings, const struct closings *closings,
                             const struct diagnosed_run *run) {
    const struct record *record = run->record;
    const struct server_view *server = &record->server;
    const struct evidence_error_log *log = &record->evidence.error_log;
    const struct closing *level = level_of(closings);
    bool dropped = server->measured && server->accepted > server->handled;
    if (level == NULL && !dropped && log->short_of_connections == 0)
        return;
    struct shortage_line line = {0};
    if (level != NULL)
        add(&line, "%s %s, %s %s", HUMAN_COUNT(level->count), outcome_name(level->outcome),
            level->refused ? "each opened behind the first" : "about one for each opened beyond",
            HUMAN_COUNT(level->value));
    add_status(&line, record);
    add_log_lines(&line, log, log->short_of_connections, log->connections_line);
    struct finding *finding =
        findings_add(findings, FINDING_short_of_connections, FINDING_WARN,
                     "the server ran out of connections: %s", way_of(level, dropped));
    finding_evidence(finding, "%s", line.text);
    if (level != NULL)
        finding->have = level->value;
    finding->need = run->plan->connections;
    advise_connections(finding, findings, run);
}

/* --- connects that took a SYN again, and queues --- */

enum { BANDS = 8 };

/* Connects that took about 1 s, 2 s ...: the times at which a SYN is sent again (RFC 6298: after 1
 * s, then twice that each time; Linux 6.5 and later four times after 1 s first). */
struct slow {
    uint64_t total;
    uint64_t bands[BANDS + 1]; /* by whole seconds; the last: that and more */
};

static struct slow slow_connects(const struct histogram *connect) {
    const duration early = 50 * MILLISECOND;
    struct slow slow = {0};
    if (connect->count == 0 || connect->max < SECOND - early)
        return slow;
    for (size_t i = histogram_index(SECOND - early); i < HISTOGRAM_COUNTS; i++) {
        int64_t seconds = (histogram_lowest_at(i) + early) / SECOND;
        slow.bands[seconds < BANDS ? seconds : BANDS] += histogram_count_at(connect, i);
        slow.total += histogram_count_at(connect, i);
    }
    return slow;
}

/* "37 connects took about 1 s, 5 about 3 s". */
static void add_slow(struct shortage_line *line, const struct slow *slow) {
    struct shortage_line bands = {0};
    for (int i = 1; i <= BANDS; i++)
        if (slow->bands[i] > 0)
            add(&bands, "%s about %d s%s", HUMAN_COUNT(slow->bands[i]), i,
                i == BANDS ? " or more" : "");
    if (slow->total > 0)
        add(line, "%s connect%s took a second or more (%s)", HUMAN_COUNT(slow->total),
            human_plural(slow->total), bands.text);
}

static bool positive(int64_t value) {
    return value > 0;
}

static bool overflowed(const struct evidence_namespace *view) {
    return view->measured &&
           (positive(view->listen_overflows) || positive(view->request_queue_drops));
}

static void add_overflows(struct shortage_line *line, const struct evidence *evidence) {
    const struct evidence_namespace *server = &evidence->server;
    const char *where =
        evidence->server_is_here ? "this network namespace" : "the server's network namespace";
    if (!server->measured) {
        add(line, "the server's network namespace cannot be seen from here (--server-pid)");
        return;
    }
    add(line,
        "in %s accept queues were full %s times (ListenOverflows), SYNs dropped %s times "
        "(ListenDrops)",
        where, HUMAN_COUNT(positive(server->listen_overflows) ? server->listen_overflows : 0),
        HUMAN_COUNT(positive(server->listen_drops) ? server->listen_drops : 0));
    if (positive(server->request_queue_drops))
        add(line, "its SYN queue was full %s times (TCPReqQFullDrop)",
            HUMAN_COUNT(server->request_queue_drops));
    if (evidence->listener.measured)
        add_queue(line, &evidence->listener);
}

/* A full accept queue, as a client sees it: SYNs dropped; or the last ACK, and then the request.
 */
static bool was_queued(const struct record *record, const struct slow *slow) {
    return slow->total > 0 || outcome_of(record, OUTCOME_connect_timeout) > 0 ||
           outcome_of(record, OUTCOME_connect_reset) > 0 ||
           outcome_of(record, OUTCOME_silent) > 0 ||
           outcome_of(record, OUTCOME_response_timeout) > 0;
}

/* The counters are those of a whole namespace. */
static bool may_be_its_own(const struct evidence_listener *listener) {
    return !listener->measured || listener_was_full(listener);
}

static void advise_backlog(struct finding *finding, const struct plan *plan,
                           enum server_kind kind) {
    const struct host *host = &plan->host;
    finding_do(finding,
               "on the server: sysctl -w net.core.somaxconn=65535, and a backlog as large%s",
               kind == SERVER_NGINX ? " (in nginx: listen ... backlog=65535)" : "");
    finding_do(finding, "a slower ramp: -r %" PRId64 "/10ms or less",
               plan->ramp.rate.count > 1 ? (int64_t)plan->ramp.rate.count / 2 : 1);
    if (host->somaxconn > 0)
        finding->have = host->somaxconn;
}

static void find_overflow(struct findings *findings, const struct diagnosed_run *run,
                          const struct slow *slow) {
    const struct evidence *evidence = &run->record->evidence;
    struct shortage_line line = {0};
    add_overflows(&line, evidence);
    add_slow(&line, slow);
    struct finding *finding =
        findings_add(findings, FINDING_backlog_overflow, FINDING_WARN,
                     "the server's accept queue was full: it did not accept as fast as connections "
                     "came");
    finding_evidence(finding, "%s", line.text);
    advise_backlog(finding, run->plan, server_kind_of(run->target));
}

/* A path on which all connects take that long drops nothing; nor where no SYN was sent again. */
static bool syns_were_lost(const struct record *record, const struct slow *slow) {
    const struct evidence_namespace *ours = &record->evidence.ours;
    if (slow->total == 0 && tally_connects_timed_out(&record->total.counts) == 0)
        return false;
    return ours->measured && positive(ours->syn_retransmits);
}

static void find_dropped_syns(struct findings *findings, const struct record *record,
                              const struct slow *slow) {
    const struct evidence *evidence = &record->evidence;
    uint64_t timed_out = tally_connects_timed_out(&record->total.counts);
    struct shortage_line line = {0}, text = {0};
    add(&line, "in this network namespace %s SYNs were sent again (TCPSynRetrans)",
        HUMAN_COUNT(evidence->ours.syn_retransmits));
    add_overflows(&line, evidence);
    add_slow(&text, slow);
    if (timed_out > 0)
        add(&text, "%s connect%s not up in time", HUMAN_COUNT(timed_out), human_plural(timed_out));
    struct finding *finding = findings_add(
        findings, FINDING_dropped_syns, FINDING_WARN,
        "%s: SYNs, or the answers to them, were dropped on the way or by the server", text.text);
    finding_evidence(finding, "%s", line.text);
    finding_do(finding,
               "on the server: nstat -az TcpExtListenOverflows TcpExtListenDrops; ss -ltn");
    finding_do(finding, "a firewall or connection tracking on the way; a slower ramp (-r)");
}

/* Connections that are up and never accepted: their requests are acknowledged by the server's
 * kernel, and answered by nobody. */
static void find_not_accepted(struct findings *findings, const struct record *record) {
    const struct evidence_listener *listener = &record->evidence.listener;
    uint64_t unanswered = outcome_of(record, OUTCOME_response_timeout);
    if (!listener->measured || listener->queued == 0 || unanswered == 0 ||
        findings_first(findings, FINDING_short_of_files) != NULL) /* which says why */
        return;
    struct finding *finding = findings_add(
        findings, FINDING_not_accepted, FINDING_WARN,
        "the server does not accept: %s connections that are up wait in its accept queue",
        HUMAN_COUNT(listener->queued));
    finding_evidence(
        finding,
        "accept queue %s of %s at the end, %s at most; %s request%s acknowledged and not "
        "answered",
        HUMAN_COUNT(listener->queued), HUMAN_COUNT(listener->backlog),
        HUMAN_COUNT(listener->queued_peak), HUMAN_COUNT(unanswered), human_plural(unanswered));
    finding->have = listener->queued;
    finding_do(finding, "the server's processes: are they at a limit, stopped, or busy? "
                        "(--server-pid shows files and CPU)");
}

/* --- all of it --- */

void shortage_find(struct findings *findings, const struct closings *closings,
                   const struct diagnosed_run *run) {
    const struct record *record = run->record;
    struct slow slow = slow_connects(&record->total.connect);
    find_files(findings, run);
    find_connections(findings, closings, run);
    if (overflowed(&record->evidence.server) && may_be_its_own(&record->evidence.listener) &&
        was_queued(record, &slow))
        find_overflow(findings, run, &slow);
    else if (syns_were_lost(record, &slow))
        find_dropped_syns(findings, record, &slow);
    find_not_accepted(findings, record);
}

const struct finding *shortage_of_server(const struct findings *findings) {
    static const enum finding_code codes[] = {FINDING_server_oom, FINDING_server_process,
                                              FINDING_short_of_files, FINDING_short_of_connections,
                                              FINDING_not_accepted};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        for (size_t j = 0; j < findings->count; j++)
            if (findings->items[j].code == codes[i] && findings->items[j].status == FINDING_WARN)
                return &findings->items[j];
    return NULL;
}
