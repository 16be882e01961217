/* The line "look at": the finding, the cause or the rule that explains the verdict. */
#include "report/format/look_at.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory_stream.h"
#include "judge/diagnose/shortage.h"

/* Whether the rule on faults alone is broken: what the server closed without fault is not it. */
static bool faults_broke(const struct judgement *judgement) {
    for (size_t i = 0; i < judgement->requirement_count; i++) {
        const struct rule_requirement *requirement = &judgement->requirements[i];
        if (strcmp(requirement->rule.metric.name, "errored") == 0)
            return requirement->result == RULE_BROKEN;
    }
    return false;
}

/* The outcome that ended most connections: for an inconclusive run of our own side's only. */
static int top_outcome(const struct tally_counts *counts, bool tester_only, bool faults_only) {
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
        bool of_keep_alive =
            finding->code == FINDING_keep_alive || finding->code == FINDING_keep_alive_seen;
        if (of_keep_alive && finding->status == FINDING_WARN)
            return finding;
    }
    return NULL;
}

/* The remedy of a limit of our own side, with numbers. */
static const struct finding *limit_of(const struct findings *findings, enum outcome top) {
    if (outcome_side(top) != SIDE_TESTER)
        return NULL;
    return findings_first(findings, finding_code_of_outcome(top));
}

/* The cause of its endings, where one was found. */
static bool print_cause(FILE *out, enum outcome top, const struct judgement *judgement) {
    const struct closing *closing = closings_find(&judgement->closings, top);
    if (closing == NULL)
        return false;
    fprintf(out, "  look at       %s: %s; %s\n", outcome_name(top), closing->directive,
            closing->advice);
    return true;
}

static void print_look_at_outcome(FILE *out, enum outcome top, const struct judgement *judgement,
                                  const struct tally_counts *counts) {
    const struct finding *finding = shortage_of_server(&judgement->findings);
    if (judgement->verdict == VERDICT_BROKE && finding != NULL) {
        fprintf(out, "  look at       %s: %s; %s\n", finding->name, finding->text,
                finding->todo[0]);
        return;
    }
    finding = limit_of(&judgement->findings, top);
    if (finding != NULL) {
        fprintf(out, "  look at       %s: %s\n", finding->name, finding->todo[0]);
        return;
    }
    finding = keep_alive_of(&judgement->findings, top);
    if (print_cause(out, top, judgement))
        return;
    if (finding == NULL)
        fprintf(out, "  look at       %s: %s\n", outcome_name(top),
                tally_outcome_advice(counts, top));
    else
        fprintf(out, "  look at       %s: %s%s%s\n", outcome_name(top), finding->text,
                finding->do_count > 0 ? "; " : "", finding->do_count > 0 ? finding->todo[0] : "");
}

/* Where no connection ended badly: what the first broken rule measures. */
static bool print_look_at_rule(FILE *out, const struct judgement *judgement) {
    const struct rule_requirement *broken = judgement_next_broken(judgement, NULL);
    if (broken != NULL)
        fprintf(out, "  look at       %s: %s\n", broken->rule.metric.name,
                broken->rule.metric.help);
    return broken != NULL;
}

void look_at_print(FILE *out, const struct record *record, const struct judgement *judgement) {
    bool inconclusive = judgement->verdict == VERDICT_INCONCLUSIVE;
    const struct finding *failed = first_failed(&judgement->findings);
    int top = record != NULL
                  ? top_outcome(&record->total.counts, inconclusive, faults_broke(judgement))
                  : -1;
    if (judgement->verdict == VERDICT_HELD)
        return;
    if (top >= 0)
        print_look_at_outcome(out, (enum outcome)top, judgement, &record->total.counts);
    else if (failed != NULL)
        fprintf(out, "  look at       %s: %s\n", failed->name,
                failed->do_count > 0 ? failed->todo[0] : failed->text);
    else if (judgement->verdict == VERDICT_BROKE && print_look_at_rule(out, judgement))
        return;
    else if (record == NULL || record->interrupted)
        fputs("  look at       nothing yet: it was cut short; let it run to its end\n", out);
    else
        fputs("  look at       the generator, below\n", out);
}

char *look_at_text(const struct record *record, const struct judgement *judgement) {
    struct memory_stream line;
    if (!memory_stream_open(&line))
        return NULL;
    look_at_print(line.out, record, judgement);
    char *text = NULL;
    if (memory_stream_close(&line) && line.length > LOOK_AT_COLUMN)
        text = strndup(line.text + LOOK_AT_COLUMN, line.length - LOOK_AT_COLUMN - 1);
    free(line.text);
    return text;
}
