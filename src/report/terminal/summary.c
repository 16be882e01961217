/* The summary: the verdict, what decided it, where to look, and the figures. */
#include <math.h>

#include "report/format/format.h"
#include "report/format/look_at.h"
#include "report/format/requirement_text.h"
#include "report/format/status_text.h"
#include "report/format/style.h"
#include "report/format/wrap.h"
#include "report/terminal/summary.h"

/* The verdict in capitals, with what colours it. */
static const struct {
    const char *word;
    enum style_tint tint;
} verdicts[] = {
    [VERDICT_HELD] = {"HELD", TINT_GOOD},
    [VERDICT_BROKE] = {"BROKE", TINT_BAD},
    [VERDICT_INCONCLUSIVE] = {"INCONCLUSIVE", TINT_WARN},
    [VERDICT_UNFIT] = {"UNFIT", TINT_BAD},
    [VERDICT_NO_TARGET] = {"NO TARGET", TINT_BAD},
};

/* A run may hold although many of its answers were errors: its title warns of them. */
struct summary_title summary_title(const struct record *record, const struct judgement *judgement) {
    struct summary_title title = {.tint = verdicts[judgement->verdict].tint};
    struct statuses statuses = {0};
    if (record != NULL && judgement->verdict == VERDICT_HELD)
        statuses = statuses_of(&record->total.counts);
    bool has_errors = statuses_are_news(&statuses);
    snprintf(title.text, sizeof title.text, "%s%s%s", verdicts[judgement->verdict].word,
             has_errors ? ", but answered " : "", has_errors ? status_words(&statuses).text : "");
    if (has_errors)
        title.tint = TINT_WARN;
    return title;
}

/* "answered 500: 100 %", where they are errors; of a run that held the title has it. */
static void print_answers(FILE *out, const struct record *record,
                          const struct judgement *judgement) {
    struct statuses statuses = statuses_of(&record->total.counts);
    if (judgement->verdict != VERDICT_HELD && statuses_are_news(&statuses))
        fprintf(out, ", answered %s", status_words(&statuses).text);
}

/* Where a schedule could not be kept: the load was not what was asked for. */
static void print_unsent(FILE *out, const struct tally_counts *counts) {
    if (counts->unsent > 0 && counts->unsent >= counts->scheduled / 100)
        fprintf(out, ", unsent %s of --rate",
                format_percent(100 * (double)counts->unsent / (double)counts->scheduled).text);
}

void summary_headline(FILE *out, const struct plan *plan, const struct record *record,
                      const struct judgement *judgement) {
    if (record == NULL && judgement->verdict == VERDICT_HELD)
        fputs(findings_unheld(&judgement->findings) != NULL
                  ? "the plan fits this machine, the server will not hold it: "
              : findings_any(&judgement->findings, FINDING_WARN) ? "the plan fits, with warnings: "
                                                                 : "the plan fits: ",
              out);
    fprintf(out, "%s connection%s", format_count(plan->connections).text,
            plan->connections == 1 ? "" : "s");
    if (record != NULL && isfinite(record->hold_seconds))
        fprintf(out, " for %s", format_seconds(record->hold_seconds).text);
    fprintf(out, " on %s", plan->target.url);
    if (plan->target.tls && plan->options->insecure)
        fputs(" (--insecure: its certificate is not verified)", out);
    if (findings_first(&judgement->findings, FINDING_keep_alive_probed) != NULL)
        fprintf(out, ", -k auto: %s", format_duration(plan->options->keepalive).text);
    if (record == NULL)
        return;
    print_answers(out, record, judgement);
    print_unsent(out, &record->total.counts);
}

/* Marks: utf8 ones are one column wide, ASCII ones two. */
static const char *mark_of(struct style style, enum rule_result result) {
    static const char *const plain[] = {"ok", "X ", "- "};
    static const char *const drawn[] = {"\xe2\x9c\x93", "\xe2\x9c\x97", "\xe2\x80\x93"};
    return (style.utf8 ? drawn : plain)[result];
}

static void print_rule(FILE *out, struct style style, const struct rule_requirement *requirement) {
    static const enum style_tint tints[] = {TINT_GOOD, TINT_BAD, TINT_DIM};
    const struct rule *rule = &requirement->rule;
    struct format_text bound = requirement_text_bound(requirement);
    struct format_text measured = requirement_text_measured(requirement);
    int columns = format_width(22, bound.text);
    fprintf(out, "  %s%s%s %-19s %-*s ", style_start(style, tints[requirement->result]),
            mark_of(style, requirement->result), style_stop(style), rule->metric.name,
            format_width(10, measured.text), measured.text);
    if (requirement->result == RULE_NOT_JUDGED)
        fprintf(out, "%-*s not judged: %s", columns, bound.text,
                requirement->low < requirement->high ? "the server's count is not known that well"
                                                     : "the run was cut short");
    else if (rule->percent && isfinite(requirement->part) && isfinite(requirement->whole))
        fprintf(out, "%-*s %s of %s", columns, bound.text,
                format_count((uint64_t)llround(requirement->part)).text,
                format_count((uint64_t)llround(requirement->whole)).text);
    else
        fputs(bound.text, out);
    fputc('\n', out);
}

/* The reasons of the verdict: a broken rule is listed below. */
static void print_reasons(FILE *out, const struct judgement *judgement) {
    if (judgement->verdict == VERDICT_BROKE && judgement_next_broken(judgement, NULL) != NULL)
        return;
    for (size_t i = 0; i < judgement->reason_count; i++)
        fprintf(out, "  %s\n", judgement->reasons[i]);
}

/* Parts that did not run at the same time: whatever the verdict, sums are read with that in mind.
 */
static void print_merged(FILE *out, const struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].status == FINDING_WARN && findings->items[i].code == FINDING_merged)
            fprintf(out, "  %s\n", findings->items[i].text);
}

/* The end of a preflight: no load was sent. */
static void print_nothing_started(FILE *out, const struct judgement *judgement) {
    if (judgement->verdict == VERDICT_HELD)
        return;
    fputc('\n', out);
    print_reasons(out, judgement);
    fputs("  nothing was started\n", out);
    look_at_print(out, NULL, judgement);
}

static void print_run(FILE *out, struct style style, const struct plan *plan,
                      const struct setup *setup, const struct record *record,
                      const struct judgement *judgement) {
    fputc('\n', out);
    print_reasons(out, judgement);
    print_merged(out, &judgement->findings);
    for (size_t i = 0; i < judgement->requirement_count; i++)
        print_rule(out, style, &judgement->requirements[i]);
    if (record->ended_by[0] != '\0' && judgement->verdict == VERDICT_BROKE)
        fprintf(out, "  ended after %.1f s by --abort-on-fail: %s could no longer hold\n",
                record->ended_seconds, record->ended_by);
    if (record->ended_empty && judgement->verdict == VERDICT_BROKE &&
        judgement_next_broken(judgement, NULL) != NULL)
        fputs("  ended early: " RECORD_ENDED_EMPTY "\n", out);
    look_at_print(out, record, judgement);
    fputc('\n', out);
    summary_errors(out, style, plan, record, judgement);
    summary_figures(out, plan, setup, record, judgement);
}

void report_summary(FILE *out, struct style style, const struct plan *plan,
                    const struct record *record, const struct judgement *judgement) {
    struct summary_title title = summary_title(record, judgement);
    struct wrap wrap;
    FILE *lines = wrap_begin(&wrap, out, style);
    fprintf(lines, "%s%s%s   ", style_start(style, title.tint), title.text, style_stop(style));
    summary_headline(lines, plan, record, judgement);
    fputc('\n', lines);
    if (record == NULL)
        print_nothing_started(lines, judgement);
    else
        print_run(lines, style, plan, judgement->setup, record, judgement);
    wrap_end(&wrap);
    fflush(out);
}
