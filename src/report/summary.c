/* The summary: the verdict, what decided it, where to look, and the figures. */
#include <math.h>
#include <string.h>

#include "judge/shortage.h"
#include "report/requirement.h"
#include "report/summary.h"
#include "report/words.h"

/* The verdict in capitals, with what colours it. */
static const struct {
    const char *word;
    enum tint tint;
} verdicts[] = {
    [VERDICT_HELD] = {"HELD", TINT_GOOD},
    [VERDICT_BROKE] = {"BROKE", TINT_BAD},
    [VERDICT_INCONCLUSIVE] = {"INCONCLUSIVE", TINT_WARN},
    [VERDICT_UNFIT] = {"UNFIT", TINT_BAD},
    [VERDICT_NO_TARGET] = {"NO TARGET", TINT_BAD},
};

const char *summary_word(enum verdict verdict) {
    return verdicts[verdict].word;
}

static void print_word(FILE *out, struct style style, enum verdict verdict) {
    fprintf(out, "%s%s%s   ", style_start(style, verdicts[verdict].tint), verdicts[verdict].word,
            style_stop(style));
}

/* "answered 500: 100 %" where at least half of all answers were 4xx and 5xx. */
static void print_refusing_answers(FILE *out, const struct counts *counts) {
    uint64_t refusing = 0;
    int worst = 400;
    for (int i = 400; i < 600; i++) {
        refusing += counts->statuses[i];
        if (counts->statuses[i] > counts->statuses[worst])
            worst = i;
    }
    if (refusing == 0 || refusing < counts->answered - refusing)
        return;
    fprintf(out, ", answered %d: %s", worst,
            words_percent(100 * (double)counts->statuses[worst] / (double)counts->answered).text);
}

/* Where a schedule could not be kept: the load was not what was asked for. */
static void print_unsent(FILE *out, const struct counts *counts) {
    if (counts->unsent > 0 && counts->unsent >= counts->scheduled / 100)
        fprintf(out, ", unsent %s of --rate",
                words_percent(100 * (double)counts->unsent / (double)counts->scheduled).text);
}

void summary_headline(FILE *out, const struct plan *plan, const struct record *record,
                      const struct judgement *judgement) {
    if (record == NULL && judgement->verdict == VERDICT_HELD)
        fputs("the plan fits: ", out);
    fprintf(out, "%s connection%s", words_count(plan->connections).text,
            plan->connections == 1 ? "" : "s");
    if (record != NULL && isfinite(record->hold_seconds))
        fprintf(out, " for %s", words_seconds(record->hold_seconds).text);
    fprintf(out, " on %s", plan->target.url);
    if (record == NULL)
        return;
    print_refusing_answers(out, &record->total.counts);
    print_unsent(out, &record->total.counts);
}

/* Marks: utf8 ones are one column wide, ASCII ones two. */
static const char *mark_of(struct style style, enum rule_result result) {
    static const char *const plain[] = {"ok", "X ", "- "};
    static const char *const drawn[] = {"\xe2\x9c\x93", "\xe2\x9c\x97", "\xe2\x80\x93"};
    return (style.utf8 ? drawn : plain)[result];
}

static void print_rule(FILE *out, struct style style, const struct requirement *requirement) {
    static const enum tint tints[] = {TINT_GOOD, TINT_BAD, TINT_DIM};
    const struct rule *rule = &requirement->rule;
    struct words bound = requirement_bound(requirement);
    fprintf(out, "  %s%s%s %-19s %-10s ", style_start(style, tints[requirement->result]),
            mark_of(style, requirement->result), style_stop(style), rule->metric.name,
            requirement_measured(requirement).text);
    if (requirement->result == RULE_NOT_JUDGED)
        fprintf(out, "%-22s not judged: the run was cut short", bound.text);
    else if (rule->percent && isfinite(requirement->part) && isfinite(requirement->whole))
        fprintf(out, "%-22s %s of %s", bound.text,
                words_count((uint64_t)llround(requirement->part)).text,
                words_count((uint64_t)llround(requirement->whole)).text);
    else
        fputs(bound.text, out);
    fputc('\n', out);
}

static bool any_broken(const struct judgement *judgement) {
    for (size_t i = 0; i < judgement->requirement_count; i++) {
        if (judgement->requirements[i].result == RULE_BROKEN)
            return true;
    }
    return false;
}

/* What decided the verdict: a broken rule speaks for itself, below. */
static void print_reasons(FILE *out, const struct judgement *judgement) {
    if (judgement->verdict == VERDICT_BROKE && any_broken(judgement))
        return;
    for (size_t i = 0; i < judgement->reason_count; i++)
        fprintf(out, "  %s\n", judgement->reasons[i]);
}

/* Whether the rule on faults alone is broken: what the server closed without fault is not it. */
static bool faults_broke(const struct judgement *judgement) {
    for (size_t i = 0; i < judgement->requirement_count; i++) {
        const struct requirement *requirement = &judgement->requirements[i];
        if (strcmp(requirement->rule.metric.name, "errored") == 0)
            return requirement->result == RULE_BROKEN;
    }
    return false;
}

/* The outcome that ended most connections: for an inconclusive run of our own side's only. */
static int top_outcome(const struct counts *counts, bool tester_only, bool faults_only) {
    int top = -1;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        bool counts_here = (!tester_only || outcome_side((enum outcome)i) == SIDE_TESTER) &&
                           !(faults_only && outcome_is_closed((enum outcome)i));
        if (counts_here && counts->outcomes[i] > 0 &&
            (top < 0 || counts->outcomes[i] > counts->outcomes[top]))
            top = i;
    }
    return top;
}

static const struct finding *first_failed(const struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].status == FINDING_FAIL)
            return &findings->items[i];
    }
    return NULL;
}

/* What was found of the server's keep-alive explains connections that it ended better than any
 * general advice. */
static const struct finding *keep_alive_of(const struct findings *findings, enum outcome top) {
    if (!outcome_is_closed(top) && top != OUTCOME_closed_in_flight)
        return NULL;
    for (size_t i = findings->count; i > 0; i--) {
        const struct finding *finding = &findings->items[i - 1];
        if (strncmp(finding->code, "keep_alive", strlen("keep_alive")) == 0 &&
            finding->status == FINDING_WARN)
            return finding;
    }
    return NULL;
}

/* What there is to do about a limit of our own side, with numbers. */
static const struct finding *limit_of(const struct findings *findings, enum outcome top) {
    for (size_t i = 0; i < findings->count && outcome_side(top) == SIDE_TESTER; i++)
        if (strcmp(findings->items[i].code, outcome_name(top)) == 0)
            return &findings->items[i];
    return NULL;
}

/* The cause of its endings, where it could be told. */
static bool print_cause(FILE *out, enum outcome top, const struct judgement *judgement) {
    const struct closing *closing = closings_find(&judgement->closings, top);
    if (closing == NULL)
        return false;
    fprintf(out, "  look at       %s: %s; %s\n", outcome_name(top), closing->directive,
            closing->advice);
    return true;
}

static void print_look_at_outcome(FILE *out, enum outcome top, const struct judgement *judgement) {
    const struct finding *finding = shortage_of_server(&judgement->findings);
    if (judgement->verdict == VERDICT_BROKE && finding != NULL) {
        fprintf(out, "  look at       %s: %s; %s\n", finding->code, finding->text,
                finding->todo[0]);
        return;
    }
    finding = limit_of(&judgement->findings, top);
    if (finding != NULL) {
        fprintf(out, "  look at       %s: %s\n", finding->code, finding->todo[0]);
        return;
    }
    finding = keep_alive_of(&judgement->findings, top);
    if (print_cause(out, top, judgement))
        return;
    if (finding == NULL)
        fprintf(out, "  look at       %s: %s\n", outcome_name(top), outcome_advice(top));
    else
        fprintf(out, "  look at       %s: %s%s%s\n", outcome_name(top), finding->text,
                finding->do_count > 0 ? "; " : "", finding->do_count > 0 ? finding->todo[0] : "");
}

/* Where no connection ended badly: what the first broken rule measures. */
static bool print_look_at_rule(FILE *out, const struct judgement *judgement) {
    for (size_t i = 0; i < judgement->requirement_count; i++) {
        const struct requirement *requirement = &judgement->requirements[i];
        if (requirement->result != RULE_BROKEN)
            continue;
        fprintf(out, "  look at       %s: %s\n", requirement->rule.metric.name,
                requirement->rule.metric.help);
        return true;
    }
    return false;
}

void summary_look_at(FILE *out, const struct record *record, const struct judgement *judgement) {
    bool inconclusive = judgement->verdict == VERDICT_INCONCLUSIVE;
    const struct finding *failed = first_failed(&judgement->findings);
    int top = record != NULL
                  ? top_outcome(&record->total.counts, inconclusive, faults_broke(judgement))
                  : -1;
    if (judgement->verdict == VERDICT_HELD)
        return;
    if (top >= 0)
        print_look_at_outcome(out, (enum outcome)top, judgement);
    else if (failed != NULL)
        fprintf(out, "  look at       %s: %s\n", failed->code,
                failed->do_count > 0 ? failed->todo[0] : failed->text);
    else if (judgement->verdict == VERDICT_BROKE && print_look_at_rule(out, judgement))
        return;
    else if (record == NULL || record->interrupted)
        fputs("  look at       nothing yet: it was cut short; let it run to its end\n", out);
    else
        fputs("  look at       the generator, below\n", out);
}

/* The end of a preflight: no load was sent. */
static void print_nothing_started(FILE *out, const struct judgement *judgement) {
    if (judgement->verdict == VERDICT_HELD)
        return;
    fputc('\n', out);
    print_reasons(out, judgement);
    fputs("  nothing was started\n", out);
    summary_look_at(out, NULL, judgement);
}

static void print_run(FILE *out, struct style style, const struct plan *plan,
                      const struct record *record, const struct judgement *judgement) {
    fputc('\n', out);
    print_reasons(out, judgement);
    for (size_t i = 0; i < judgement->requirement_count; i++)
        print_rule(out, style, &judgement->requirements[i]);
    if (record->ended_by[0] != '\0' && judgement->verdict == VERDICT_BROKE)
        fprintf(out, "  ended after %.1f s by --abort-on-fail: %s could no longer hold\n",
                record->ended_seconds, record->ended_by);
    summary_look_at(out, record, judgement);
    fputc('\n', out);
    summary_errors(out, style, plan, record, judgement);
    summary_figures(out, plan, record, judgement);
}

void report_summary(FILE *out, struct style style, const struct plan *plan,
                    const struct record *record, const struct judgement *judgement) {
    print_word(out, style, judgement->verdict);
    summary_headline(out, plan, record, judgement);
    fputc('\n', out);
    if (record == NULL)
        print_nothing_started(out, judgement);
    else
        print_run(out, style, plan, record, judgement);
    fflush(out);
}
