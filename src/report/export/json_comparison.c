/* A comparison for machines: the document "holdfast-compare/1", and its schema. */
#include "report/export/json_comparison.h"

#include <math.h>

#include "options/options.h"
#include "report/export/json_sections.h"
#include "report/export/schema.h"
#include "report/format/report_file.h"

static const char *const schema_names[] = {"holdfast-compare/1", NULL};

/* By enum rule_unit; the last is of shares, and of all that is measured as one. */
static const char *const unit_names[] = {"count", "seconds", "per_second", "bytes",
                                         "ratio", "percent", NULL};

static const char *unit_of(const struct rule *rule) {
    return unit_names[rule->percent ? RULE_UNIT_SHARE : rule->metric.unit];
}

static void write_run(struct json_writer *json, const char *name,
                      const struct report_comparison_side *file) {
    const struct judgement *judgement = file->run.judgement;
    json_write_name(json, name);
    json_write_object(json);
    json_write_string_member(json, "file", file->name);
    json_write_string_member(json, "label", file->run.plan->options->label);
    json_write_string_member(json, "url", file->run.plan->target.url);
    json_write_string_member(json, "verdict", verdict_name(judgement->verdict));
    json_write_object_end(json);
}

static void write_row(struct json_writer *json, const struct compare_row *row) {
    json_write_object(json);
    json_write_string_member(json, "metric", row->rule.metric.name);
    json_write_string_member(json, "unit", unit_of(&row->rule));
    json_write_number_member(json, "a", row->a);
    json_write_number_member(json, "b", row->b);
    json_write_number_member(json, "change", row->change);
    json_write_number_member(json, "change_percent",
                             fabs(row->a) > 0 ? 100 * row->change / fabs(row->a) : (double)NAN);
    json_write_number_member(json, "tolerance", row->tolerance);
    json_write_string_member(json, "verdict", compare_verdict_name(row->verdict));
    json_write_string_member(json, "why", row->why[0] != '\0' ? row->why : NULL);
    json_write_object_end(json);
}

int report_comparison_json(FILE *out, const struct compare_result *comparison,
                           const struct report_comparison_side *a,
                           const struct report_comparison_side *b) {
    struct json_writer json;
    json_write_begin(&json, out, true);
    json_write_object(&json);
    json_write_string_member(&json, "schema", schema_names[0]);
    json_section_tool(&json);
    json_write_string_member(&json, "result", compare_verdict_name(comparison->result));
    json_write_int_member(&json, "exit_code", comparison->exit_code);
    json_write_name(&json, "reasons");
    json_write_array(&json);
    for (size_t i = 0; i < comparison->reason_count; i++)
        json_write_string(&json, comparison->reasons[i]);
    json_write_array_end(&json);
    write_run(&json, "a", a);
    write_run(&json, "b", b);
    json_write_number_member(&json, "survival_age_seconds", comparison->survival_seconds);
    json_write_name(&json, "quantities");
    json_write_array(&json);
    for (size_t i = 0; i < comparison->count; i++)
        write_row(&json, &comparison->rows[i]);
    json_write_array_end(&json);
    json_write_object_end(&json);
    json_write_end(&json);
    return report_file_flush(out);
}

/* --- the schema --- */

static void write_compare_verdicts(struct json_writer *json) {
    for (int i = COMPARE_SAME; i <= COMPARE_NOT; i++)
        json_write_string(json, compare_verdict_name((enum compare_verdict)i));
}

static const struct schema_member run[] = {
    MEMBER("file", K_TEXT),
    MEMBER("label", K_TEXT_OR_NULL),
    MEMBER("url", K_TEXT),
    MEMBER("verdict", K_ONE_OF, .write_names = schema_verdicts),
    {0},
};

static const struct schema_member quantity[] = {
    MEMBER("metric", K_TEXT),
    MEMBER("unit", K_ONE_OF, .names = unit_names),
    MEMBER("a", K_NUMBER_OR_NULL),
    MEMBER("b", K_NUMBER_OR_NULL),
    MEMBER("change", K_NUMBER_OR_NULL),
    MEMBER("change_percent", K_NUMBER_OR_NULL),
    MEMBER("tolerance", K_NUMBER_OR_NULL),
    MEMBER("verdict", K_ONE_OF, .write_names = write_compare_verdicts),
    MEMBER("why", K_TEXT_OR_NULL),
    {0},
};

static const struct schema_member document[] = {
    MEMBER("schema", K_CONST, .names = schema_names),
    MEMBER("tool", K_OBJECT, .members = schema_tool),
    MEMBER("result", K_ONE_OF, .write_names = write_compare_verdicts),
    MEMBER("exit_code", K_COUNT),
    MEMBER("reasons", K_TEXTS),
    MEMBER("a", K_OBJECT, .members = run),
    MEMBER("b", K_OBJECT, .members = run),
    MEMBER("survival_age_seconds", K_NUMBER_OR_NULL),
    MEMBER("quantities", K_OBJECTS, .members = quantity),
    {0},
};

void report_comparison_schema(FILE *out) {
    schema_write(out, "A holdfast run held against a baseline, holdfast-compare/1", document, true);
}
