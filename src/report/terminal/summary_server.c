/* The server's rows of the summary: its status page, its log, its processes. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "report/format/format.h"
#include "report/terminal/summary.h"

enum { INDENT = SUMMARY_INDENT };

/* The first row has the name. */
static void row(FILE *out, bool *named) {
    fprintf(out, "  %-*s", INDENT - 2, *named ? "" : "server");
    *named = true;
}

static void print_agreement(FILE *out, const struct record *record) {
    const struct server_view *server = &record->server;
    bool lost_some = record->total.counts.outcomes[OUTCOME_worker_lost] > 0;
    int64_t gap = server_band_gap(server_requests_band(server), server->client_sent);
    uint64_t more = server->requests - server->client_sent;
    if (server->requests == server->client_sent)
        fputs("agrees with the client\n", out);
    else if (server->requests > server->client_sent && lost_some)
        fprintf(out,
                "the server counted %s more: of what a lost worker or host sent last nothing was "
                "heard\n",
                format_count(more).text);
    else if (gap > 0)
        fprintf(out,
                "the server counted %s more: other clients, or requests whose answer never "
                "came\n",
                format_count((uint64_t)gap).text);
    else if (gap < 0)
        fprintf(out,
                "the server counted %s fewer: requests that never reached it (lost on the way)\n",
                format_count((uint64_t)-gap).text);
    else if (server->requests > server->client_sent)
        fprintf(out,
                "may agree with the client: %s more, and as many polls of ours ended without an "
                "answer\n",
                format_count(more).text);
    else
        fprintf(out, "could not be compared: %s fewer than the client sent, but %s\n",
                format_count(server->client_sent - server->requests).text,
                server->restarts > 0 ? "its counters started anew" : "the last poll failed");
}

static void print_status_troubles(FILE *out, const struct server_view *server) {
    if (server->accepted > server->handled)
        fprintf(out,
                "%*s%s connections accepted and not handled: it ran out of "
                "worker_connections\n",
                INDENT, "", format_count(server->accepted - server->handled).text);
    if (server->restarts > 0)
        fprintf(out,
                "%*sits counters went backwards %s time%s: it was restarted, or several servers "
                "answer at that address\n",
                INDENT, "", format_count(server->restarts).text, server->restarts == 1 ? "" : "s");
    if (server->polls_failed > 0) {
        char failure[3 * sizeof server->last_failure];
        fprintf(out, "%*s%s of %s polls failed: %s\n", INDENT, "",
                format_count(server->polls_failed).text, format_count(server->polls_sent).text,
                text_escape(failure, sizeof failure, server->last_failure));
    }
}

static void print_requests(FILE *out, const char *source, uint64_t requests, bool over_hold,
                           double per_second) {
    fprintf(out, "%s: %s requests, %s %s; ", source, format_count(requests).text,
            over_hold ? format_rate(per_second).text : "rate",
            over_hold ? "over the hold" : "not measured");
}

static void print_status(FILE *out, const struct record *record, bool *named) {
    const struct server_view *server = &record->server;
    row(out, named);
    if (server->measured) {
        print_requests(out, "stub_status", server->requests, server->hold_measured,
                       server->per_second_mean);
        print_agreement(out, record);
    } else {
        fputs("stub_status: not measured\n", out);
    }
    print_status_troubles(out, server);
}

static void print_log(FILE *out, const struct server_log_view *log, bool *named) {
    row(out, named);
    if (log->lines == 0 && log->client_sent > 0) {
        fputs("access_log: nothing was written to it in the run\n", out);
        return;
    }
    print_requests(out, "access_log", log->requests, log->hold_measured, log->per_second_mean);
    if (log->requests == log->client_sent)
        fputs("agrees with the client", out);
    else if (log->requests > log->client_sent)
        fprintf(out, "%s more than the client sent",
                format_count(log->requests - log->client_sent).text);
    else
        fprintf(out, "%s fewer than the client sent",
                format_count(log->client_sent - log->requests).text);
    if (log->rotations > 0)
        fprintf(out, "   rotated %s time%s", format_count(log->rotations).text,
                log->rotations == 1 ? "" : "s");
    if (log->truncations > 0)
        fprintf(out, "   cut in place %s time%s", format_count(log->truncations).text,
                log->truncations == 1 ? "" : "s");
    fputc('\n', out);
}

static void print_memory(FILE *out, const struct server_process_view *process) {
    double each = server_process_bytes_each(process);
    if (process->memory_hold_bytes < 0)
        fprintf(out, "memory at most %s", format_bytes(process->memory_peak_bytes).text);
    else
        fprintf(out, "memory %s to %s", format_bytes(process->memory_before_bytes).text,
                format_bytes(process->memory_hold_bytes).text);
    fprintf(out, " (%s)", process->pss ? "PSS" : "RSS");
    if (!isnan(each))
        fprintf(out, ", %s a connection", format_bytes(llround(each)).text);
}

static void print_process(FILE *out, const struct server_process_view *process, bool *named) {
    row(out, named);
    if (process->samples == 0) {
        fprintf(out, "process %d: not measured\n", process->pid);
        return;
    }
    fprintf(out, "process %d: ", process->pid);
    print_memory(out, process);
    if (!isnan(process->cpu_percent))
        fprintf(out, "; cpu %s of one core", format_percent(process->cpu_percent).text);
    if (process->files_process_peak >= 0) {
        fprintf(out, "; files at most %s", format_known(process->files_process_peak).text);
        if (process->nofile_soft >= 0 && process->nofile_soft < INT64_MAX)
            fprintf(out, " of %s", format_known(process->nofile_soft).text);
    }
    fputc('\n', out);
}

/* Findings of the server beside the figures, and why they differ from the client's; of the status
 * page the rows show it. */
static void print_findings(FILE *out, const struct findings *findings) {
    static const enum finding_code codes[] = {
        FINDING_server_connections, FINDING_server_log_requests, FINDING_server_log_rotation,
        FINDING_server_process, FINDING_server_files};
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        bool is_shown = finding->status == FINDING_WARN || finding->status == FINDING_UNKNOWN;
        for (size_t j = 0; is_shown && j < sizeof codes / sizeof codes[0]; j++)
            if (finding->code == codes[j])
                fprintf(out, "%*s%s\n", INDENT, "", finding->text);
    }
}

void summary_server(FILE *out, const struct record *record, const struct findings *findings) {
    bool named = false;
    if (record->server.asked)
        print_status(out, record, &named);
    if (record->server_log.asked)
        print_log(out, &record->server_log, &named);
    if (record->server_process.asked)
        print_process(out, &record->server_process, &named);
    if (!named)
        fputs("  server        not asked (--server-status URL)\n", out);
    print_findings(out, findings);
}
