/* The figures of the summary, one row a subject. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "base/tls_alert.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "report/format/format.h"
#include "report/format/mark_text.h"
#include "report/terminal/summary.h"

enum { STATUSES_SHOWN = 6, INDENT = SUMMARY_INDENT };

static void row(FILE *out, const char *name) {
    fprintf(out, "  %-*s", INDENT - 2, name);
}

/* With its cause where one was found; without, what it means. */
static void print_outcome(FILE *out, enum outcome outcome, const struct tally_counts *counts,
                          const struct closings *closings) {
    uint64_t count = counts->outcomes[outcome];
    const char *advice = tally_outcome_advice(counts, outcome);
    const struct closing *closing = closings_find(closings, outcome);
    if (closing != NULL) {
        fprintf(out, "%*s%s %s, %s\n", INDENT, "", format_count(count).text, outcome_name(outcome),
                closing->text);
        return;
    }
    fprintf(out, "%*s%s %s: %s (%s)", INDENT, "", format_count(count).text, outcome_name(outcome),
            outcome_text(outcome), outcome_side_name(outcome_side(outcome)));
    if (!outcome_is_closed(outcome) && advice[0] != '\0')
        fprintf(out, "; %s", advice);
    fputc('\n', out);
}

/* Details of the two outcomes that keep an errno and of the one that keeps a reason. */
static void print_details(FILE *out, const struct tally_counts *counts) {
    uint64_t by_number =
        counts->outcomes[OUTCOME_connect_error] + counts->outcomes[OUTCOME_io_error];
    if (by_number > 0) {
        fprintf(out, "%*serrors", INDENT, "");
        for (int i = 0; i < TALLY_ERRNO_MAX; i++) {
            if (counts->errnos[i] > 0)
                fprintf(out, "   %s %s", outcome_errno_name(i),
                        format_count(counts->errnos[i]).text);
        }
        fputc('\n', out);
    }
    for (int i = 0; i < REASON_COUNT; i++) {
        if (counts->reasons[i] > 0)
            fprintf(out, "%*s%s times %s\n", INDENT, "", format_count(counts->reasons[i]).text,
                    reason_text((enum reason)i));
    }
}

/* The reasons beside tls_failed, tls_alert and tls_broken. */
static void print_tls_details(FILE *out, const struct tally_counts *counts) {
    for (int i = 0; i < HANDSHAKE_REASON_COUNT; i++)
        if (counts->tls_failures[i] > 0)
            fprintf(out, "%*s%s times %s\n", INDENT, "", format_count(counts->tls_failures[i]).text,
                    handshake_reason_text((enum handshake_reason)i));
    for (int i = 0; i < TALLY_ALERTS; i++)
        if (counts->tls_alerts[i] > 0)
            fprintf(out, "%*s%s times alert %d (%s)\n", INDENT, "",
                    format_count(counts->tls_alerts[i]).text, i, tls_alert_text((uint8_t)i));
    for (int i = 0; i < RECORD_REASON_COUNT; i++)
        if (counts->tls_breaks[i] > 0)
            fprintf(out, "%*s%s times %s\n", INDENT, "", format_count(counts->tls_breaks[i]).text,
                    record_reason_text((enum record_reason)i));
}

static void print_connections(FILE *out, const struct record *record,
                              const struct closings *closings) {
    const struct tally_counts *counts = &record->total.counts;
    row(out, "connections");
    fprintf(out, "attempted %s   opened %s   live %s   ", format_count(counts->attempted).text,
            format_count(counts->opened).text, format_count(counts->live).text);
    if (counts->connecting > 0)
        fprintf(out, "connecting %s   ", format_count(counts->connecting).text);
    fprintf(out, "closed %s   errored %s   lost %s\n", format_count(tally_closed(counts)).text,
            format_count(tally_errored(counts)).text, format_count(counts->lost).text);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (counts->outcomes[i] > 0)
            print_outcome(out, (enum outcome)i, counts, closings);
    }
    print_details(out, counts);
    print_tls_details(out, counts);
}

static void print_ledger(FILE *out, const struct record *record) {
    row(out, "ledger");
    if (record->balanced)
        fprintf(out, "balanced at each of %s samples%s\n", format_count(record->samples).text,
                record->cut_off ? "" : " and after the drain");
    else
        fprintf(out, "NOT BALANCED: %s; this is a bug of holdfast\n",
                record->imbalance != NULL ? record->imbalance : "reason not kept");
}

/* Which part of a plan these figures are of. */
static void print_shard(FILE *out, const struct plan *plan) {
    if (plan->parts == 1)
        return;
    row(out, "shard");
    fprintf(out, "part %" PRIu32 " of %" PRIu32 " of a plan of %s connections\n", plan->part + 1,
            plan->parts, format_count(plan->options->connections).text);
}

static void print_ramp(FILE *out, const struct plan *plan, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    row(out, "ramp");
    fprintf(out, "%s opened ", format_count(counts->opened - counts->reconnected).text);
    if (isfinite(record->ramp_seconds))
        fprintf(out, "in %s", format_seconds(record->ramp_seconds).text);
    else
        fputs("before it was cut short", out);
    fprintf(out, "   planned %s in %s   ", format_count(plan->connections).text,
            format_duration(ramp_length(&plan->ramp)).text);
    if (counts->attempted > 0)
        fprintf(out, "worst lateness %s\n", format_duration((duration)counts->ramp_late_ns).text);
    else
        fputs("lateness not measured\n", out);
}

/* How connections came back: from their end, or a failed first attempt, to live again. */
static void print_refill(FILE *out, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    struct figures times = record_figures(record, DISTRIBUTION_REFILL);
    row(out, "refill");
    fprintf(out, "reconnected %s   ", format_count(counts->reconnected).text);
    if (times.count > 0)
        fprintf(out, "refilled %s in p50 %s   p99 %s   max %s", format_count(times.count).text,
                format_seconds(times.p50).text, format_seconds(times.p99).text,
                format_seconds(times.max).text);
    else
        fputs("nothing was refilled", out);
    if (counts->refilling > 0)
        fprintf(out, "   still waiting %s", format_count(counts->refilling).text);
    fputc('\n', out);
}

/* Each mark, and the connections lost after it. */
static void print_marks(FILE *out, const struct marks *marks) {
    char shown[4 * MARK_TEXT_MAX];
    for (size_t i = 0; i < marks->count; i++) {
        const struct mark *mark = &marks->items[i];
        row(out, i == 0 ? "marks" : "");
        fprintf(out, "at %s   %s: %s\n", format_seconds(mark->t).text,
                text_escape(shown, sizeof shown, mark->text), mark_text(mark).text);
    }
    if (marks->left_out > 0)
        fprintf(out, "%*sand %s more\n", INDENT, "", format_count(marks->left_out).text);
}

static void print_statuses(FILE *out, const uint64_t *statuses) {
    int shown = 0, hidden = 0;
    for (int i = 0; i < TALLY_STATUS_MAX; i++) {
        if (statuses[i] == 0)
            continue;
        if (shown < STATUSES_SHOWN) {
            fprintf(out, "%d: %s   ", i, format_count(statuses[i]).text);
            shown++;
        } else {
            hidden++;
        }
    }
    if (hidden > 0)
        fprintf(out, "and %d other status%s   ", hidden, hidden == 1 ? "" : "es");
}

static void print_requests(FILE *out, const struct plan *plan, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    row(out, "requests");
    fprintf(out, "sent %s", format_count(counts->sent).text);
    if (plan->requests > 0)
        fprintf(out, " of %s", format_count(plan->requests).text);
    fprintf(out, "   answered %s   ", format_count(counts->answered).text);
    print_statuses(out, counts->statuses);
    fprintf(out, "timed out %s   lost %s", format_count(counts->timed_out).text,
            format_count(counts->requests_lost).text);
    if (record->unfinished > 0)
        fprintf(out, "   unfinished %s", format_count(record->unfinished).text);
    if (counts->warmup > 0)
        fprintf(out, "\n%*sof the answers %s of the ramp and the warm-up are left out of latency",
                INDENT, "", format_count(counts->warmup).text);
    fprintf(out, "\n%*smean over the hold %s   peak %s\n", INDENT, "",
            format_rate(record->per_second_mean).text, format_rate(record->per_second_peak).text);
}

/* The schedule of --rate: how late requests were sent, and how many were not, for want of a
 * connection. */
static void print_schedule(FILE *out, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    struct figures late = record_figures(record, DISTRIBUTION_LATENESS);
    row(out, "schedule");
    fprintf(out, "due %s   unsent %s   ", format_count(counts->scheduled).text,
            format_count(counts->unsent).text);
    if (late.count > 0)
        fprintf(out, "sent late by p50 %s   p99 %s   max %s\n", format_seconds(late.p50).text,
                format_seconds(late.p99).text, format_seconds(late.max).text);
    else
        fputs("nothing was sent\n", out);
}

static void print_durations(FILE *out, const char *name, struct figures figures) {
    row(out, name);
    if (figures.count == 0) {
        fputs("not measured\n", out);
        return;
    }
    fprintf(out, "min %s   p50 %s   p90 %s   p99 %s   p99.9 %s   max %s\n",
            format_seconds(figures.min).text, format_seconds(figures.p50).text,
            format_seconds(figures.p90).text, format_seconds(figures.p99).text,
            format_seconds(figures.p999).text, format_seconds(figures.max).text);
}

const char *summary_generator(const struct record *record) {
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    if (summary_blames_us(&record->total.counts))
        return "it was the limit (ERROR, above)";
    if (lag.count == 0)
        return "whether it was the limit is not known";
    if (judge_was_late(record))
        return "it was late, and the latencies hold that too";
    return "not the limit";
}

static void print_generator(FILE *out, const struct record *record) {
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    double wall = record_wall_seconds(record);
    double cpu = record->cpu_user_seconds + record->cpu_system_seconds;
    row(out, "generator");
    if (isfinite(cpu) && wall > 0)
        fprintf(out, "cpu %.3g s (%s of one core), ", cpu, format_percent(100 * cpu / wall).text);
    else
        fputs("cpu not measured, ", out);
    fprintf(out, "%s, loop lag p99 %s", format_bytes(record->pss_bytes_max).text,
            format_seconds(lag.p99).text);
    if (lag.count > 0 && judge_was_late(record))
        fprintf(out, ", worst %s", format_seconds(lag.max).text);
    fprintf(out, ": %s\n", summary_generator(record));
}

/* Of a search for the capacity each step is drained by RST, whether they would or not. */
static bool ports_would_wait(const struct plan *plan, const struct setup *setup,
                             const struct tally_counts *counts) {
    int64_t range = plan->host.port_high - plan->host.port_low + 1;
    return plan->host.port_low >= 0 &&
           (int64_t)counts->live > range * (int64_t)setup->address_count / 4;
}

static void print_drain(FILE *out, const struct plan *plan, const struct setup *setup,
                        const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    row(out, "drain");
    if (record->cut_off) {
        fputs("not seen: the run was cut off before its end\n", out);
        return;
    }
    fprintf(out, "%s closed by us with %s in %s", format_count(counts->drain[OUTCOME_drained]).text,
            record->drain_by_reset ? "RST" : "FIN", format_seconds(record->drain_seconds).text);
    if (record->drain_by_reset && ports_would_wait(plan, setup, counts))
        fputs(" (FIN would leave more than a quarter of the local ports in TIME_WAIT)", out);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (i != OUTCOME_drained && counts->drain[i] > 0)
            fprintf(out, "   %s %s", format_count(counts->drain[i]).text,
                    outcome_name((enum outcome)i));
    }
    fputc('\n', out);
}

static bool is_file(const char *path) {
    return path != NULL && strcmp(path, "-") != 0;
}

static void print_files(FILE *out, const struct options *options) {
    const char *const paths[] = {options->json, options->html, options->junit, options->hgrm,
                                 options->timeline};
    char shown[4 * 1024];
    bool any = false;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (!is_file(paths[i]))
            continue;
        if (!any)
            row(out, "files");
        fprintf(out, "%s%s", any ? "   " : "", text_escape(shown, sizeof shown, paths[i]));
        any = true;
    }
    if (any)
        fputc('\n', out);
}

static void print_origin(FILE *out, const struct plan *plan) {
    const struct options *options = plan->options;
    char shown[4 * 1024];
    row(out, "seed");
    fprintf(out, "%" PRIu64 "\n", plan->seed);
    if (options->label != NULL) {
        row(out, "label");
        fprintf(out, "%s\n", text_escape(shown, sizeof shown, options->label));
    }
    print_files(out, options);
}

/* Why some took so long, or were not up at all. */
static void print_drops(FILE *out, const struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (finding->code == FINDING_backlog_overflow || finding->code == FINDING_dropped_syns)
            fprintf(out, "%*s%s: %s\n", INDENT, "", finding->text, finding->evidence);
    }
}

static void print_tls(FILE *out, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    print_durations(out, "handshake", record_figures(record, DISTRIBUTION_HANDSHAKE));
    row(out, "tls");
    fprintf(out, "%s full   %s resumed   %s tickets", format_count(counts->tls_full).text,
            format_count(counts->tls_resumed).text, format_count(counts->tls_tickets).text);
    if (counts->tls_resumptions_refused > 0)
        fprintf(out, "   resumption refused %s",
                format_count(counts->tls_resumptions_refused).text);
    if (counts->tls_key_updates_in + counts->tls_key_updates_out > 0)
        fprintf(out, "   key updates %s in, %s out", format_count(counts->tls_key_updates_in).text,
                format_count(counts->tls_key_updates_out).text);
    if (counts->tls_timed_out > 0)
        fprintf(out, "   not done in time %s", format_count(counts->tls_timed_out).text);
    if (counts->tls_closed_without_notify > 0)
        fprintf(out, "   closed without close_notify %s",
                format_count(counts->tls_closed_without_notify).text);
    fputc('\n', out);
}

void summary_figures(FILE *out, const struct plan *plan, const struct setup *setup,
                     const struct record *record, const struct judgement *judgement) {
    print_shard(out, plan);
    print_connections(out, record, &judgement->closings);
    print_ledger(out, record);
    summary_hosts(out, record);
    print_ramp(out, plan, record);
    if (plan_reconnects(plan))
        print_refill(out, record);
    print_marks(out, &record->marks);
    print_requests(out, plan, record);
    if (plan->rate > 0)
        print_schedule(out, record);
    summary_server(out, record, &judgement->findings);
    print_durations(out, "latency", record_figures(record, DISTRIBUTION_LATENCY));
    print_durations(out, "connect", record_figures(record, DISTRIBUTION_CONNECT));
    if (record->total.counts.tls_begun > 0)
        print_tls(out, record);
    print_drops(out, &judgement->findings);
    print_generator(out, record);
    print_drain(out, plan, setup, record);
    print_origin(out, plan);
}
