/* The ERROR blocks of the summary: each limit of our own side explains itself. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "report/summary.h"
#include "report/words.h"

static const char *title_of(enum outcome outcome) {
    switch (outcome) {
    case OUTCOME_fd_limit: return "out of descriptors";
    case OUTCOME_fd_limit_system: return "the system is out of descriptors";
    case OUTCOME_ports_exhausted: return "out of source ports";
    case OUTCOME_no_memory: return "out of socket memory";
    case OUTCOME_denied: return "denied by this machine";
    case OUTCOME_worker_lost: return "a worker process died";
    default: return outcome_text(outcome);
    }
}

static void print_files(FILE *out, const struct plan *plan, const struct record *record) {
    const struct host *host = &plan->host;
    fprintf(out, "  limit    RLIMIT_NOFILE soft %s, hard %s; ", words_known(host->nofile_soft).text,
            words_known(host->nofile_hard).text);
    if (record->headroom_files_used >= 0)
        fprintf(out, "in use %s of %s; ", words_known(record->headroom_files_used).text,
                words_known(record->headroom_files_limit).text);
    fprintf(out, "whole system %s of %s before the run\n", words_known(host->file_used).text,
            words_known(host->file_max).text);
}

static void print_ports(FILE *out, const struct plan *plan) {
    const struct host *host = &plan->host;
    if (host->port_low < 0 || host->port_high < 0)
        return;
    uint32_t pairs = plan_pairs(plan);
    fprintf(out,
            "  limit    net.ipv4.ip_local_port_range %lld-%lld: %s ports for each of %s "
            "pair%s of source and destination address\n",
            (long long)host->port_low, (long long)host->port_high,
            words_known(host->port_high - host->port_low + 1).text, words_count(pairs).text,
            pairs == 1 ? "" : "s");
}

static void print_memory(FILE *out, const struct plan *plan) {
    fprintf(out, "  limit    %s available of %s before the run\n",
            words_bytes(plan->host.memory_available_bytes).text,
            words_bytes(plan->host.memory_total_bytes).text);
}

static void print_lost_workers(FILE *out, const struct record *record) {
    for (size_t i = 0; i < record->worker_count; i++) {
        const struct worker_record *worker = &record->workers[i];
        if (!worker->lost)
            continue;
        fprintf(out, "  limit    worker %zu (process %d, %s connections) ", i, (int)worker->pid,
                words_count(worker->share).text);
        if (WIFSIGNALED(worker->status))
            fprintf(out, "was ended by signal %d (%s)\n", WTERMSIG(worker->status),
                    strsignal(WTERMSIG(worker->status)));
        else
            fprintf(out, "left with exit code %d\n", WEXITSTATUS(worker->status));
    }
}

static void print_limit(FILE *out, enum outcome outcome, const struct plan *plan,
                        const struct record *record) {
    switch (outcome) {
    case OUTCOME_fd_limit:
    case OUTCOME_fd_limit_system: print_files(out, plan, record); break;
    case OUTCOME_ports_exhausted: print_ports(out, plan); break;
    case OUTCOME_no_memory: print_memory(out, plan); break;
    case OUTCOME_worker_lost: print_lost_workers(out, record); break;
    default: break;
    }
}

static void print_error(FILE *out, struct style style, enum outcome outcome,
                        const struct plan *plan, const struct record *record,
                        const struct judgement *judgement) {
    fprintf(out, "%sERROR%s  %s at %s connections        %s: %s, x %s\n",
            style_start(style, TINT_BAD), style_stop(style), title_of(outcome),
            words_count(record->live_peak).text, outcome_name(outcome), outcome_text(outcome),
            words_count(record->total.counts.outcomes[outcome]).text);
    fputs("  whose    the tester (this machine), not the server\n", out);
    print_limit(out, outcome, plan, record);
    if (record->first_seen_seconds[outcome] > 0) /* a JSON report does not keep it */
        fprintf(out, "  since    %s into the run\n",
                words_seconds(record->first_seen_seconds[outcome]).text);
    if (outcome == OUTCOME_fd_limit && plan->workers_needed > plan->workers)
        fprintf(out, "  do       --workers %u        (each worker has its own limit)\n",
                (unsigned)plan->workers_needed);
    else
        fprintf(out, "  do       %s\n", outcome_advice(outcome));
    fprintf(out, "  verdict  %s (exit %d)%s\n\n", verdict_name(judgement->verdict),
            judgement->exit_code,
            judgement->verdict == VERDICT_INCONCLUSIVE ? ": this run says nothing about the server"
                                                       : "");
}

static bool is_ours(const struct counts *counts, enum outcome outcome) {
    return outcome_side(outcome) == SIDE_TESTER && counts->outcomes[outcome] > 0;
}

bool summary_blames_us(const struct counts *counts) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (is_ours(counts, (enum outcome)i))
            return true;
    }
    return false;
}

void summary_errors(FILE *out, struct style style, const struct plan *plan,
                    const struct record *record, const struct judgement *judgement) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (is_ours(&record->total.counts, (enum outcome)i))
            print_error(out, style, (enum outcome)i, plan, record, judgement);
    }
}
