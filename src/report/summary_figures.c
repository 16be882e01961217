/* The figures of the summary, one row a subject. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "report/mark_words.h"
#include "report/summary.h"
#include "report/words.h"

enum { STATUSES_SHOWN = 6, INDENT = SUMMARY_INDENT };

static void row(FILE *out, const char *name) {
    fprintf(out, "  %-*s", INDENT - 2, name);
}

/* With its cause where that could be told; without, what it means. */
static void print_outcome(FILE *out, enum outcome outcome, uint64_t count,
                          const struct closings *closings) {
    const struct closing *closing = closings_find(closings, outcome);
    if (closing != NULL) {
        fprintf(out, "%*s%s %s, %s\n", INDENT, "", words_count(count).text, outcome_name(outcome),
                closing->text);
        return;
    }
    fprintf(out, "%*s%s %s: %s (%s)", INDENT, "", words_count(count).text, outcome_name(outcome),
            outcome_text(outcome), side_name(outcome_side(outcome)));
    if (!outcome_is_closed(outcome) && outcome_advice(outcome)[0] != '\0')
        fprintf(out, "; %s", outcome_advice(outcome));
    fputc('\n', out);
}

/* What lies behind the two outcomes that keep a number and the one that keeps a reason. */
static void print_details(FILE *out, const struct counts *counts) {
    uint64_t by_number =
        counts->outcomes[OUTCOME_connect_error] + counts->outcomes[OUTCOME_io_error];
    if (by_number > 0) {
        fprintf(out, "%*serrors", INDENT, "");
        for (int i = 0; i < TALLY_ERRNO_MAX; i++) {
            if (counts->errnos[i] > 0)
                fprintf(out, "   %s %s", errno_name(i), words_count(counts->errnos[i]).text);
        }
        fputc('\n', out);
    }
    for (int i = 0; i < REASON_COUNT; i++) {
        if (counts->reasons[i] > 0)
            fprintf(out, "%*s%s times %s\n", INDENT, "", words_count(counts->reasons[i]).text,
                    reason_text((enum reason)i));
    }
}

static void print_connections(FILE *out, const struct record *record,
                              const struct closings *closings) {
    const struct counts *counts = &record->total.counts;
    row(out, "connections");
    fprintf(out, "attempted %s   opened %s   live %s   ", words_count(counts->attempted).text,
            words_count(counts->opened).text, words_count(counts->live).text);
    if (counts->connecting > 0)
        fprintf(out, "connecting %s   ", words_count(counts->connecting).text);
    fprintf(out, "closed %s   errored %s   lost %s\n", words_count(tally_closed(counts)).text,
            words_count(tally_errored(counts)).text, words_count(counts->lost).text);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (counts->outcomes[i] > 0)
            print_outcome(out, (enum outcome)i, counts->outcomes[i], closings);
    }
    print_details(out, counts);
}

static void print_ledger(FILE *out, const struct record *record) {
    row(out, "ledger");
    if (record->balanced)
        fprintf(out, "balanced at each of %s samples%s\n", words_count(record->samples).text,
                record->cut_off ? "" : " and after the drain");
    else
        fprintf(out, "NOT BALANCED: %s; this is a bug of holdfast\n",
                record->imbalance != NULL ? record->imbalance : "reason not kept");
}

static void print_ramp(FILE *out, const struct plan *plan, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    row(out, "ramp");
    fprintf(out, "%s opened ", words_count(counts->opened - counts->reconnected).text);
    if (isfinite(record->ramp_seconds))
        fprintf(out, "in %s", words_seconds(record->ramp_seconds).text);
    else
        fputs("before it was cut short", out);
    fprintf(out, "   planned %s in %s   ", words_count(plan->connections).text,
            words_duration(ramp_length(&plan->ramp)).text);
    if (counts->attempted > 0)
        fprintf(out, "worst lateness %s\n", words_duration((duration)counts->ramp_late_ns).text);
    else
        fputs("lateness not measured\n", out);
}

/* How connections came back: from their end, or a failed first attempt, to live again. */
static void print_refill(FILE *out, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    struct figures times = record_figures(record, DISTRIBUTION_REFILL);
    row(out, "refill");
    fprintf(out, "reconnected %s   ", words_count(counts->reconnected).text);
    if (times.count > 0)
        fprintf(out, "refilled %s in p50 %s   p99 %s   max %s", words_count(times.count).text,
                words_seconds(times.p50).text, words_seconds(times.p99).text,
                words_seconds(times.max).text);
    else
        fputs("nothing was refilled", out);
    if (counts->refilling > 0)
        fprintf(out, "   still waiting %s", words_count(counts->refilling).text);
    fputc('\n', out);
}

/* What somebody pointed at, and what was lost after it. */
static void print_marks(FILE *out, const struct marks *marks) {
    char shown[4 * MARK_TEXT_MAX];
    for (size_t i = 0; i < marks->count; i++) {
        const struct mark *mark = &marks->items[i];
        row(out, i == 0 ? "marks" : "");
        fprintf(out, "at %s   %s: %s\n", words_seconds(mark->t).text,
                text_escape(shown, sizeof shown, mark->text), mark_words(mark).text);
    }
    if (marks->left_out > 0)
        fprintf(out, "%*sand %s more\n", INDENT, "", words_count(marks->left_out).text);
}

static void print_statuses(FILE *out, const uint64_t *statuses) {
    int shown = 0, hidden = 0;
    for (int i = 0; i < TALLY_STATUS_MAX; i++) {
        if (statuses[i] == 0)
            continue;
        if (shown < STATUSES_SHOWN) {
            fprintf(out, "%d: %s   ", i, words_count(statuses[i]).text);
            shown++;
        } else {
            hidden++;
        }
    }
    if (hidden > 0)
        fprintf(out, "and %d other status%s   ", hidden, hidden == 1 ? "" : "es");
}

static void print_requests(FILE *out, const struct plan *plan, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    row(out, "requests");
    fprintf(out, "sent %s", words_count(counts->sent).text);
    if (plan->requests > 0)
        fprintf(out, " of %s", words_count(plan->requests).text);
    fprintf(out, "   answered %s   ", words_count(counts->answered).text);
    print_statuses(out, counts->statuses);
    fprintf(out, "timed out %s   lost %s", words_count(counts->timed_out).text,
            words_count(counts->requests_lost).text);
    if (record->unfinished > 0)
        fprintf(out, "   unfinished %s", words_count(record->unfinished).text);
    if (counts->warmup > 0)
        fprintf(out, "\n%*sof the answers %s of the ramp and the warm-up are left out of latency",
                INDENT, "", words_count(counts->warmup).text);
    fprintf(out, "\n%*smean over the hold %s   peak %s\n", INDENT, "",
            words_rate(record->per_second_mean).text, words_rate(record->per_second_peak).text);
}

/* What came of the schedule of --rate: how late we were in sending, and what nobody could take. */
static void print_schedule(FILE *out, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    struct figures late = record_figures(record, DISTRIBUTION_LATENESS);
    row(out, "schedule");
    fprintf(out, "due %s   unsent %s   ", words_count(counts->scheduled).text,
            words_count(counts->unsent).text);
    if (late.count > 0)
        fprintf(out, "sent late by p50 %s   p99 %s   max %s\n", words_seconds(late.p50).text,
                words_seconds(late.p99).text, words_seconds(late.max).text);
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
            words_seconds(figures.min).text, words_seconds(figures.p50).text,
            words_seconds(figures.p90).text, words_seconds(figures.p99).text,
            words_seconds(figures.p999).text, words_seconds(figures.max).text);
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
        fprintf(out, "cpu %.3g s (%s of one core), ", cpu, words_percent(100 * cpu / wall).text);
    else
        fputs("cpu not measured, ", out);
    fprintf(out, "%s, loop lag p99 %s: %s\n", words_bytes(record->pss_bytes_max).text,
            words_seconds(lag.p99).text, summary_generator(record));
}

/* Of a search for the capacity each step is drained by RST, whether they would or not. */
static bool ports_would_wait(const struct plan *plan, const struct counts *counts) {
    int64_t range = plan->host.port_high - plan->host.port_low + 1;
    return plan->host.port_low >= 0 &&
           (int64_t)counts->live > range * (int64_t)plan->address_count / 4;
}

static void print_drain(FILE *out, const struct plan *plan, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    row(out, "drain");
    if (record->cut_off) {
        fputs("not seen: the run was cut off before its end\n", out);
        return;
    }
    fprintf(out, "%s closed by us with %s in %s", words_count(counts->drain[OUTCOME_drained]).text,
            record->drain_by_reset ? "RST" : "FIN", words_seconds(record->drain_seconds).text);
    if (record->drain_by_reset && ports_would_wait(plan, counts))
        fputs(" (FIN would leave more than a quarter of the local ports in TIME_WAIT)", out);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (i != OUTCOME_drained && counts->drain[i] > 0)
            fprintf(out, "   %s %s", words_count(counts->drain[i]).text,
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
        if (strcmp(finding->code, "backlog_overflow") == 0 ||
            strcmp(finding->code, "dropped_syns") == 0)
            fprintf(out, "%*s%s: %s\n", INDENT, "", finding->text, finding->evidence);
    }
}

void summary_figures(FILE *out, const struct plan *plan, const struct record *record,
                     const struct judgement *judgement) {
    print_connections(out, record, &judgement->closings);
    print_ledger(out, record);
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
    print_drops(out, &judgement->findings);
    print_generator(out, record);
    print_drain(out, plan, record);
    print_origin(out, plan);
}
