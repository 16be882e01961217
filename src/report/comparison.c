/* A comparison for people: the verdict, why, and a line for each quantity. */
#include "report/comparison.h"

#include <math.h>
#include <string.h>

#include "plan/refuse.h"
#include "report/requirement.h"
#include "report/style.h"

static const struct {
    const char *word, *line;
    enum tint tint;
} verdicts[] = {
    [COMPARE_SAME] = {"SAME", "same", TINT_DIM},
    [COMPARE_BETTER] = {"BETTER", "better", TINT_GOOD},
    [COMPARE_WORSE] = {"WORSE", "worse", TINT_BAD},
    [COMPARE_NOT] = {"NOT COMPARABLE", "not comparable", TINT_WARN},
};

static void print_tinted(FILE *out, struct style style, enum compare_verdict verdict,
                         const char *text) {
    fprintf(out, "%s%s%s", style_start(style, verdicts[verdict].tint), text, style_stop(style));
}

static void print_run(FILE *out, char letter, const struct compared_file *file) {
    const struct plan *plan = file->run.plan;
    const char *label = plan->options->label;
    fprintf(out, "  %c: %s, %s: %s", letter, shown_text(file->name).text,
            verdict_name(file->run.judgement->verdict), plan->target.url);
    if (label != NULL)
        fprintf(out, " (%s)", shown_text(label).text);
    fputc('\n', out);
}

/* "+10.1 ms": of two shares in percentage points. */
static struct words change_of(const struct compare_row *row) {
    struct words words;
    if (isnan(row->change))
        return (struct words){"-"};
    if (row->rule.percent || row->rule.metric.unit == RULE_UNIT_SHARE)
        snprintf(words.text, sizeof words.text, "%+.3g points", row->change);
    else
        snprintf(words.text, sizeof words.text, "%s%.40s", row->change < 0 ? "-" : "+",
                 requirement_value(&row->rule, fabs(row->change)).text);
    if (words.text[strcspn(words.text, "123456789")] == '\0') /* a rounded nothing has no sign */
        words.text[0] = '+';
    return words;
}

static struct words tolerance_of(const struct compare_row *row) {
    struct words words;
    if (isnan(row->tolerance))
        return (struct words){"-"};
    if (isinf(row->tolerance))
        return (struct words){"any"};
    if (row->rule.percent || row->rule.metric.unit == RULE_UNIT_SHARE)
        snprintf(words.text, sizeof words.text, "%.3g points", row->tolerance);
    else
        words = requirement_value(&row->rule, row->tolerance);
    return words;
}

static struct words value_of(const struct compare_row *row, double value) {
    if (row->rule.metric.unit == RULE_UNIT_SHARE && isfinite(value))
        return words_percent(value);
    return requirement_value(&row->rule, value);
}

static void print_row(FILE *out, struct style style, const struct compare_row *row) {
    fprintf(out, "  %-28s %12s %12s %14s %14s  ", row->rule.metric.name, value_of(row, row->a).text,
            value_of(row, row->b).text, change_of(row).text, tolerance_of(row).text);
    print_tinted(out, style, row->verdict, verdicts[row->verdict].line);
    fprintf(out, "%s%s\n", row->why[0] != '\0' ? ": " : "", row->why);
}

/* The quantities that decided it. */
static void print_headline(FILE *out, struct style style, const struct comparison *comparison) {
    const char *before = "   ";
    print_tinted(out, style, comparison->result, verdicts[comparison->result].word);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (row->verdict != comparison->result || comparison->result == COMPARE_SAME ||
            comparison->result == COMPARE_NOT)
            continue;
        fprintf(out, "%s%s", before, row->rule.metric.name);
        before = ", ";
    }
    fputc('\n', out);
}

void report_comparison(FILE *out, struct style style, const struct comparison *comparison,
                       const struct compared_file *a, const struct compared_file *b) {
    print_headline(out, style, comparison);
    print_run(out, 'A', a);
    print_run(out, 'B', b);
    for (size_t i = 0; i < comparison->reason_count; i++)
        fprintf(out, "  %s\n", shown_text(comparison->reasons[i]).text);
    if (comparison->count == 0)
        return;
    fprintf(out, "\n  %-28s %12s %12s %14s %14s  %s\n", "quantity", "A", "B", "change", "tolerance",
            "verdict");
    for (size_t i = 0; i < comparison->count; i++)
        print_row(out, style, &comparison->rows[i]);
    if (isfinite(comparison->survival_seconds))
        fprintf(out, "\n  survival: the part of connections still open at an age of %s\n",
                words_seconds(comparison->survival_seconds).text);
}
