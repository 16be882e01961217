/* The ERROR blocks: each limit that was met, ours or the server's, explains itself. */
#include <math.h>
#include <string.h>

#include "report/format/format.h"
#include "report/format/style.h"
#include "report/terminal/summary.h"

/* The shortage, as a headline. */
static const char *const titles[FINDING_CODES] = {
    [FINDING_fd_limit] = "out of descriptors",
    [FINDING_fd_limit_system] = "the system is out of descriptors",
    [FINDING_ports_exhausted] = "no source port to connect from",
    [FINDING_no_memory] = "out of socket memory",
    [FINDING_denied] = "denied by this machine",
    [FINDING_worker_lost] = "a worker was lost",
    [FINDING_short_of_files] = "the server is out of descriptors",
    [FINDING_short_of_connections] = "the server is out of connections",
    [FINDING_backlog_overflow] = "the server's accept queue overflowed",
    [FINDING_not_accepted] = "the server does not accept",
};

static const char *title_of(const struct finding *finding) {
    return finding->code == FINDING_unlisted ? NULL : titles[finding->code];
}

static const char *whose(const struct finding *finding, const struct record *record) {
    if (finding->side != SIDE_TESTER)
        return "the server, not the tester";
    return record->host_count > 0 ? "the tester (a host of this run), not the server"
                                  : "the tester (this machine), not the server";
}

static void print_head(FILE *out, struct style style, const struct finding *finding,
                       const struct record *record) {
    enum outcome outcome = finding_code_outcome(finding->code);
    fprintf(out, "%sERROR%s  %s", style_start(style, TINT_BAD), style_stop(style),
            titles[finding->code]);
    if (outcome == OUTCOME_COUNT)
        fprintf(out, "        %s\n", finding->name);
    else
        fprintf(out, " at %s connections        %s: %s, x %s\n",
                format_count(record->live_peak).text, finding->name, outcome_text(outcome),
                format_known(finding->have).text);
    fprintf(out, "  whose    %s\n", whose(finding, record));
    if (finding->evidence[0] != '\0')
        fprintf(out, "  limit    %s\n", finding->evidence);
}

static void print_advice(FILE *out, const struct finding *finding) {
    for (size_t i = 0; i < finding->do_count; i++)
        fprintf(out, "  %-8s %s\n", i == 0 ? "do" : "or", finding->todo[i]);
}

/* "20.1 s into the ramp". */
static void print_place(FILE *out, const struct record *record, double since) {
    double ramp = record->ramp_seconds;
    if (isfinite(ramp) && since > ramp)
        fprintf(out, "%s into the hold", format_seconds(since - ramp).text);
    else
        fprintf(out, "%s into the %s", format_seconds(since).text, isfinite(ramp) ? "ramp" : "run");
}

static void print_since(FILE *out, const struct finding *finding, const struct plan *plan,
                        const struct record *record) {
    double since = finding->since_seconds;
    if (!isfinite(since))
        return;
    char clock[16];
    struct tm local;
    time_t moment =
        record->started_at.tv_sec + (time_t)(since + (double)record->started_at.tv_nsec / 1e9);
    strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&moment, &local));
    fprintf(out, "  since    %s, ", clock);
    print_place(out, record, since);
    if (outcome_stage(finding_code_outcome(finding->code)) == STAGE_OPEN) {
        if (plan_reconnects(plan))
            fputs("; tried again with --reconnect's backoff", out);
        else
            fprintf(out, "; %s connection%s never tried again", format_known(finding->have).text,
                    finding->have == 1 ? " was" : "s were");
    }
    fputc('\n', out);
}

static void print_verdict(FILE *out, const struct judgement *judgement) {
    fprintf(out, "  verdict  %s (exit %d)%s\n\n", verdict_name(judgement->verdict),
            judgement->exit_code,
            judgement->verdict == VERDICT_INCONCLUSIVE ? ": this run says nothing about the server"
                                                       : "");
}

void report_error_short(FILE *out, struct style style, const struct finding *finding,
                        const struct record *record) {
    print_head(out, style, finding, record);
    print_advice(out, finding);
}

static void print_error(FILE *out, struct style style, const struct finding *finding,
                        const struct plan *plan, const struct record *record,
                        const struct judgement *judgement) {
    print_head(out, style, finding, record);
    print_since(out, finding, plan, record);
    print_advice(out, finding);
    print_verdict(out, judgement);
}

bool summary_blames_us(const struct tally_counts *counts) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (outcome_side((enum outcome)i) == SIDE_TESTER && counts->outcomes[i] > 0)
            return true;
    }
    return false;
}

/* An outcome's finding always; the server's where that is what the verdict rests on. */
static bool has_block(const struct finding *finding, const struct judgement *judgement) {
    if (title_of(finding) == NULL)
        return false;
    return finding->side == SIDE_TESTER || judgement->verdict == VERDICT_BROKE;
}

void summary_errors(FILE *out, struct style style, const struct plan *plan,
                    const struct record *record, const struct judgement *judgement) {
    for (size_t i = 0; i < judgement->findings.count; i++) {
        const struct finding *finding = &judgement->findings.items[i];
        if (has_block(finding, judgement))
            print_error(out, style, finding, plan, record, judgement);
    }
}
