/* The server's rows of the summary: its status page, its log, its processes. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "report/summary.h"
#include "report/words.h"

enum { INDENT = SUMMARY_INDENT };

/* The first row has the name. */
static void row(FILE *out, bool *named) {
    fprintf(out, "  %-*s", INDENT - 2, *named ? "" : "server");
    *named = true;
}

static void print_agreement(FILE *out, const struct server_view *server) {
    if (server->requests == server->client_sent)
        fputs("agrees with the client\n", out);
    else if (server->requests > server->client_sent)
        fprintf(out,
                "the server counted %s more: other clients, or requests whose answer never "
                "came\n",
                words_count(server->requests - server->client_sent).text);
    else
        fprintf(out,
                "the server counted %s fewer: requests that never reached it (lost on the "
                "way), or counters restarted\n",
                words_count(server->client_sent - server->requests).text);
}

static void print_status_troubles(FILE *out, const struct server_view *server) {
    if (server->accepted > server->handled)
        fprintf(out,
                "%*s%s connections accepted and not handled: it ran out of "
                "worker_connections\n",
                INDENT, "", words_count(server->accepted - server->handled).text);
    if (server->restarts > 0)
        fprintf(out, "%*sits counters went backwards %s time%s: it was restarted\n", INDENT, "",
                words_count(server->restarts).text, server->restarts == 1 ? "" : "s");
    if (server->polls_failed > 0) {
        char failure[3 * sizeof server->last_failure];
        fprintf(out, "%*s%s of %s polls failed: %s\n", INDENT, "",
                words_count(server->polls_failed).text, words_count(server->polls_sent).text,
                text_escape(failure, sizeof failure, server->last_failure));
    }
}

static void print_requests(FILE *out, const char *source, uint64_t requests, bool over_hold,
                           double per_second) {
    fprintf(out, "%s: %s requests, %s %s; ", source, words_count(requests).text,
            over_hold ? words_rate(per_second).text : "rate",
            over_hold ? "over the hold" : "not measured");
}

static void print_status(FILE *out, const struct server_view *server, bool *named) {
    row(out, named);
    if (server->measured) {
        print_requests(out, "stub_status", server->requests, server->hold_measured,
                       server->per_second_mean);
        print_agreement(out, server);
    } else {
        fputs("stub_status: not measured\n", out);
    }
    print_status_troubles(out, server);
}

static void print_log(FILE *out, const struct log_view *log, bool *named) {
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
                words_count(log->requests - log->client_sent).text);
    else
        fprintf(out, "%s fewer than the client sent",
                words_count(log->client_sent - log->requests).text);
    if (log->rotations > 0)
        fprintf(out, "   rotated %s time%s", words_count(log->rotations).text,
                log->rotations == 1 ? "" : "s");
    if (log->truncations > 0)
        fprintf(out, "   cut in place %s time%s", words_count(log->truncations).text,
                log->truncations == 1 ? "" : "s");
    fputc('\n', out);
}

static void print_memory(FILE *out, const struct process_view *process) {
    double each = process_view_bytes_each(process);
    if (process->memory_hold_bytes < 0)
        fprintf(out, "memory at most %s", words_bytes(process->memory_peak_bytes).text);
    else
        fprintf(out, "memory %s to %s", words_bytes(process->memory_before_bytes).text,
                words_bytes(process->memory_hold_bytes).text);
    fprintf(out, " (%s)", process->pss ? "PSS" : "RSS");
    if (!isnan(each))
        fprintf(out, ", %s a connection", words_bytes(llround(each)).text);
}

static void print_process(FILE *out, const struct process_view *process, bool *named) {
    row(out, named);
    if (process->samples == 0) {
        fprintf(out, "process %d: not measured\n", process->pid);
        return;
    }
    fprintf(out, "process %d: ", process->pid);
    print_memory(out, process);
    if (!isnan(process->cpu_percent))
        fprintf(out, "; cpu %s of one core", words_percent(process->cpu_percent).text);
    if (process->files_process_peak >= 0) {
        fprintf(out, "; files at most %s", words_known(process->files_process_peak).text);
        if (process->nofile_soft >= 0 && process->nofile_soft < INT64_MAX)
            fprintf(out, " of %s", words_known(process->nofile_soft).text);
    }
    fputc('\n', out);
}

/* What was found of it beside the figures, and why they differ from the client's; of the status
 * page the rows have said it. */
static void print_findings(FILE *out, const struct findings *findings) {
    static const char *const codes[] = {"server_connections", "server_log_requests",
                                        "server_log_rotation", "server_process", "server_files"};
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        bool news = finding->status == FINDING_WARN || finding->status == FINDING_UNKNOWN;
        for (size_t j = 0; news && j < sizeof codes / sizeof codes[0]; j++)
            if (strcmp(finding->code, codes[j]) == 0)
                fprintf(out, "%*s%s\n", INDENT, "", finding->text);
    }
}

void summary_server(FILE *out, const struct record *record, const struct findings *findings) {
    bool named = false;
    if (record->server.asked)
        print_status(out, &record->server, &named);
    if (record->server_log.asked)
        print_log(out, &record->server_log, &named);
    if (record->server_process.asked)
        print_process(out, &record->server_process, &named);
    if (!named)
        fputs("  server        not asked (--server-status URL)\n", out);
    print_findings(out, findings);
}
