/* A comparison drawn: the verdict, why, and a line for each quantity. */
#include "report/comparison.h"

#include <math.h>
#include <string.h>

#include "plan/refuse.h"
#include "report/requirement.h"
#include "report/sections.h"
#include "report/style.h"

/* --- for people --- */

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

/* --- for machines --- */

static const char *unit_of(const struct rule *rule) {
    static const char *const names[] = {"count", "seconds", "per_second",
                                        "bytes", "ratio",   "percent"};
    return rule->percent ? "percent" : names[rule->metric.unit];
}

static void write_run(struct json *json, const char *name, const struct compared_file *file) {
    const struct judgement *judgement = file->run.judgement;
    json_name(json, name);
    json_object(json);
    json_string_member(json, "file", file->name);
    json_string_member(json, "label", file->run.plan->options->label);
    json_string_member(json, "url", file->run.plan->target.url);
    json_string_member(json, "verdict", verdict_name(judgement->verdict));
    json_object_end(json);
}

static void write_row(struct json *json, const struct compare_row *row) {
    json_object(json);
    json_string_member(json, "metric", row->rule.metric.name);
    json_string_member(json, "unit", unit_of(&row->rule));
    json_number_member(json, "a", row->a);
    json_number_member(json, "b", row->b);
    json_number_member(json, "change", row->change);
    json_number_member(json, "change_percent",
                       fabs(row->a) > 0 ? 100 * row->change / fabs(row->a) : (double)NAN);
    json_number_member(json, "tolerance", row->tolerance);
    json_string_member(json, "verdict", compare_verdict_name(row->verdict));
    json_string_member(json, "why", row->why[0] != '\0' ? row->why : NULL);
    json_object_end(json);
}

int report_comparison_json(FILE *out, const struct comparison *comparison,
                           const struct compared_file *a, const struct compared_file *b) {
    struct json json;
    json_begin(&json, out, true);
    json_object(&json);
    json_string_member(&json, "schema", "holdfast-compare/1");
    section_tool(&json);
    json_string_member(&json, "result", compare_verdict_name(comparison->result));
    json_int_member(&json, "exit_code", comparison->exit_code);
    json_name(&json, "reasons");
    json_array(&json);
    for (size_t i = 0; i < comparison->reason_count; i++)
        json_string(&json, comparison->reasons[i]);
    json_array_end(&json);
    write_run(&json, "a", a);
    write_run(&json, "b", b);
    json_number_member(&json, "survival_age_seconds", comparison->survival_seconds);
    json_name(&json, "quantities");
    json_array(&json);
    for (size_t i = 0; i < comparison->count; i++)
        write_row(&json, &comparison->rows[i]);
    json_array_end(&json);
    json_object_end(&json);
    json_end(&json);
    return report_end(out);
}
