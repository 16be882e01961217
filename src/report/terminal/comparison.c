/* A comparison for people: the verdict, why, and a line for each quantity. */
#include "report/terminal/comparison.h"

#include <math.h>
#include <string.h>

#include "base/refuse.h"
#include "options/options.h"
#include "report/export/json_comparison.h"
#include "report/format/requirement_text.h"
#include "report/format/style.h"
#include "report/format/wrap.h"

static const struct {
    const char *word, *line;
    enum style_tint tint;
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

static void print_run(FILE *out, char letter, const struct report_comparison_side *file) {
    const struct plan *plan = file->run.plan;
    const char *label = plan->options->label;
    fprintf(out, "  %c: %s, %s: %s", letter, refuse_quote(file->name).text,
            verdict_name(file->run.judgement->verdict), plan->target.url);
    if (label != NULL)
        fprintf(out, " (%s)", refuse_quote(label).text);
    fputc('\n', out);
}

/* "+10.1 ms": of two shares in percentage points. */
static struct format_text change_of(const struct compare_row *row) {
    struct format_text words;
    if (isnan(row->change))
        return (struct format_text){"-"};
    if (row->rule.percent || row->rule.metric.unit == RULE_UNIT_SHARE)
        snprintf(words.text, sizeof words.text, "%+.3g points", row->change);
    else
        snprintf(words.text, sizeof words.text, "%s%.40s", row->change < 0 ? "-" : "+",
                 requirement_text_value(&row->rule, fabs(row->change)).text);
    if (words.text[strcspn(words.text, "123456789")] == '\0') /* a rounded nothing has no sign */
        words.text[0] = '+';
    return words;
}

static struct format_text tolerance_of(const struct compare_row *row) {
    struct format_text words;
    if (isnan(row->tolerance))
        return (struct format_text){"-"};
    if (isinf(row->tolerance))
        return (struct format_text){"any"};
    if (row->rule.percent || row->rule.metric.unit == RULE_UNIT_SHARE)
        snprintf(words.text, sizeof words.text, "%.3g points", row->tolerance);
    else
        words = requirement_text_value(&row->rule, row->tolerance);
    return words;
}

static struct format_text value_of(const struct compare_row *row, double value) {
    if (row->rule.metric.unit == RULE_UNIT_SHARE && isfinite(value))
        return format_percent(value);
    return requirement_text_value(&row->rule, value);
}

struct comparison_words comparison_words(const struct compare_row *row) {
    return (struct comparison_words){value_of(row, row->a), value_of(row, row->b), change_of(row),
                                     tolerance_of(row)};
}

/* The columns of the table. In a terminal that is narrower than the wide one's rows they are
 * closer, and a row that could not be compared says no reason: the lists above have it. */
struct comparison_layout {
    int name, value, change, tolerance;
    bool reasons;
};

static const struct comparison_layout *layout_of(struct style style) {
    enum { WIDE = 112 };
    static const struct comparison_layout wide = {28, 12, 14, 14, true},
                                          narrow = {21, 10, 12, 10, false};
    return style.width == 0 || style.width >= WIDE ? &wide : &narrow;
}

static void print_cell(FILE *out, int columns, const struct format_text *cell) {
    fprintf(out, " %*s", format_width(columns, cell->text), cell->text);
}

/* Where the runs are not comparable no row is, as the headline has it. */
static void print_row(FILE *out, struct style style, const struct compare_row *row, bool judged) {
    struct comparison_words words = comparison_words(row);
    const struct comparison_layout *layout = layout_of(style);
    fprintf(out, "  %-*s", layout->name, row->rule.metric.name);
    print_cell(out, layout->value, &words.a);
    print_cell(out, layout->value, &words.b);
    print_cell(out, layout->change, &words.change);
    print_cell(out, layout->tolerance, &words.tolerance);
    if (judged && row->verdict == COMPARE_NOT && !layout->reasons) {
        fputs("  -", out);
    } else if (judged) {
        fputs("  ", out);
        print_tinted(out, style, row->verdict, verdicts[row->verdict].line);
        fprintf(out, "%s%s", row->why[0] != '\0' ? ": " : "", row->why);
    }
    fputc('\n', out);
}

/* A row for which any change will do is not missed. */
static bool is_listed(const struct compare_row *row, enum compare_verdict verdict) {
    return row->verdict == verdict && !(verdict == COMPARE_NOT && isinf(row->tolerance));
}

static size_t count_listed(const struct compare_result *comparison, enum compare_verdict verdict) {
    size_t count = 0;
    for (size_t i = 0; i < comparison->count; i++)
        count += is_listed(&comparison->rows[i], verdict);
    return count;
}

/* The names of the rows of that verdict; the words before the first. */
static bool print_names(FILE *out, const struct compare_result *comparison,
                        enum compare_verdict verdict, const char *before) {
    bool any = false;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (!is_listed(row, verdict))
            continue;
        fprintf(out, "%s%s", any ? ", " : before, row->rule.metric.name);
        any = true;
    }
    return any;
}

/* --- what is worse, what is better, and what nobody can say --- */

enum { LABEL = 14 };

/* "lost 0 -> 12 (+12)". */
static void print_changes(FILE *out, struct style style, const struct compare_result *comparison,
                          enum compare_verdict verdict) {
    const char *between = "";
    if (count_listed(comparison, verdict) == 0)
        return;
    fputs("  ", out);
    print_tinted(out, style, verdict, verdicts[verdict].line);
    fprintf(out, "%*s  ", LABEL - (int)strlen(verdicts[verdict].line), "");
    for (size_t i = 0; i < comparison->count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (!is_listed(row, verdict))
            continue;
        struct comparison_words words = comparison_words(row);
        fprintf(out, "%s%s %s -> %s (%s)", between, row->rule.metric.name, words.a.text,
                words.b.text, words.change.text);
        between = ", ";
    }
    fputc('\n', out);
}

/* Whether a row before this one was of the same reason. */
static bool has_reason(const struct compare_result *comparison, size_t before, const char *why) {
    for (size_t i = 0; i < before; i++)
        if (is_listed(&comparison->rows[i], COMPARE_NOT) &&
            strcmp(comparison->rows[i].why, why) == 0)
            return true;
    return false;
}

/* "p99, rate: we were late ourselves; p999: too few values". */
static void print_unknown(FILE *out, struct style style, const struct compare_result *comparison) {
    const char *between = "";
    if (count_listed(comparison, COMPARE_NOT) == 0)
        return;
    fputs("  ", out);
    print_tinted(out, style, COMPARE_NOT, verdicts[COMPARE_NOT].line);
    fputs("  ", out);
    for (size_t i = 0; i < comparison->count; i++) {
        const char *why = comparison->rows[i].why;
        if (!is_listed(&comparison->rows[i], COMPARE_NOT) || has_reason(comparison, i, why))
            continue;
        for (size_t j = i; j < comparison->count; j++)
            if (is_listed(&comparison->rows[j], COMPARE_NOT) &&
                strcmp(comparison->rows[j].why, why) == 0) {
                fprintf(out, "%s%s", between, comparison->rows[j].rule.metric.name);
                between = ", ";
            }
        fprintf(out, ": %s", why);
        between = "; ";
    }
    fputc('\n', out);
}

static void print_lists(FILE *out, struct style style, const struct compare_result *comparison) {
    if (comparison->result == COMPARE_NOT)
        return;
    print_changes(out, style, comparison, COMPARE_WORSE);
    print_changes(out, style, comparison, COMPARE_BETTER);
    print_unknown(out, style, comparison);
}

/* --- the headline --- */

/* ": p99<50ms, lost<=0". */
static void print_broken(FILE *out, const struct judgement *judgement) {
    const char *before = ": ";
    const struct rule_requirement *requirement = NULL;
    while ((requirement = judgement_next_broken(judgement, requirement)) != NULL) {
        fprintf(out, "%s%s", before, requirement->rule.expression);
        before = ", ";
    }
}

/* What is the same only as far as it could be compared is not called the same. */
static const char *word_of(const struct compare_result *comparison) {
    if (comparison->result == COMPARE_SAME && count_listed(comparison, COMPARE_NOT) > 0)
        return "NO WORSE";
    return verdicts[comparison->result].word;
}

/* The rows that decided the verdict, those that went the other way, and those that could not be
 * compared. */
static void print_headline(FILE *out, struct style style, const struct compare_result *comparison,
                           const struct judgement *b) {
    enum compare_verdict result = comparison->result;
    const char *before = "   ";
    print_tinted(out, style, result, word_of(comparison));
    if (result == COMPARE_NOT) {
        fprintf(out, "%s%s", before, refuse_quote(comparison->reasons[0]).text);
        before = "; ";
    }
    if (comparison->broke) {
        fprintf(out, "%sB broke, A held", before);
        print_broken(out, b);
        before = "; ";
    }
    if (result == COMPARE_WORSE || result == COMPARE_BETTER)
        before = print_names(out, comparison, result, before) ? "; " : before;
    if (result == COMPARE_WORSE)
        print_names(out, comparison, COMPARE_BETTER, "; better: ");
    if (result == COMPARE_SAME && count_listed(comparison, COMPARE_NOT) > 0)
        fprintf(out, "%swhat could be compared is the same", before);
    if (result != COMPARE_NOT)
        print_names(out, comparison, COMPARE_NOT, "; not comparable: ");
    fputc('\n', out);
}

static void print_all(FILE *out, struct style style, const struct compare_result *comparison,
                      const struct report_comparison_side *a,
                      const struct report_comparison_side *b) {
    print_headline(out, style, comparison, b->run.judgement);
    print_run(out, 'A', a);
    print_run(out, 'B', b);
    for (size_t i = 1; i < comparison->reason_count; i++)
        fprintf(out, "  %s\n", refuse_quote(comparison->reasons[i]).text);
    print_lists(out, style, comparison);
    if (comparison->count == 0)
        return;
    const struct comparison_layout *layout = layout_of(style);
    fprintf(out, "\n  %-*s %*s %*s %*s %*s  %s\n", layout->name, "quantity", layout->value, "A",
            layout->value, "B", layout->change, "change", layout->tolerance, "tolerance",
            comparison->result == COMPARE_NOT ? "" : "verdict");
    for (size_t i = 0; i < comparison->count; i++)
        print_row(out, style, &comparison->rows[i], comparison->result != COMPARE_NOT);
    if (isfinite(comparison->survival_seconds))
        fprintf(out, "\n  survival: the part of connections still open at an age of %s\n",
                format_seconds(comparison->survival_seconds).text);
}

void report_comparison(FILE *out, struct style style, const struct compare_result *comparison,
                       const struct report_comparison_side *a,
                       const struct report_comparison_side *b) {
    struct wrap wrap;
    print_all(wrap_begin(&wrap, out, style), style, comparison, a, b);
    wrap_end(&wrap);
}
