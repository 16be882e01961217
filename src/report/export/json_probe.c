/* What a probe learned, as JSON: four answers, what follows, what was found. */
#include "report/export/json_probe.h"

#include <math.h>

#include "options/options.h"
#include "report/export/json_sections.h"
#include "report/export/schema.h"
#include "report/format/report_file.h"

static void write_count_or_null(struct json_writer *json, const char *name, double value) {
    json_member_known_int(json, name, isfinite(value) ? (int64_t)llround(value) : -1);
}

static void write_value(struct json_writer *json, const struct probe_value *value, bool counts) {
    void (*write)(struct json_writer *, const char *, double) =
        counts ? write_count_or_null : json_write_number_member;
    json_write_object(json);
    json_write_string_member(json, "status", probe_status_name(value->status));
    write(json, counts ? "count" : "seconds", value->value);
    write(json, "low", value->low);
    write(json, "high", value->high);
    json_write_uint_member(json, "agreeing", value->agreeing);
    write(json, "announced", value->announced);
    json_write_string_member(json, "ended_by", probe_end_name(value->ended_by));
    if (!counts)
        json_write_number_member(json, "clock_period_seconds", value->period);
    json_write_object_end(json);
}

static void write_values(struct json_writer *json, const struct probe_result *result) {
    for (int i = 0; i < PROBE_QUESTIONS; i++) {
        json_write_name(json, probe_question_name((enum probe_question)i));
        write_value(json, &result->values[i], i == PROBE_REQUESTS);
    }
}

static void write_probe(struct json_writer *json, const struct plan *plan,
                        const struct probe_report *report) {
    const struct probe_facts *facts = &report->facts;
    json_write_name(json, "probe");
    json_write_object(json);
    json_write_string_member(json, "label", plan->options->label);
    json_member_time(json, "started_at", &report->started_at, 3);
    json_write_number_member(json, "seconds", duration_seconds(facts->elapsed));
    json_write_number_member(json, "for_seconds", duration_seconds(report->bound));
    json_write_bool_member(json, "gentle", report->gentle);
    json_write_bool_member(json, "interrupted", report->interrupted);
    json_write_uint_member(json, "connections", facts->connections);
    json_write_uint_member(json, "connections_at_once", facts->open_peak);
    json_write_uint_member(json, "requests", facts->requests);
    json_write_uint_member(json, "restarts", facts->restarts);
    json_member_known_int(json, "holds", facts->holds > 0 ? (int64_t)facts->holds : -1);
    json_write_number_member(json, "lateness_seconds_max", duration_seconds(facts->late_max));
    json_write_int_member(json, "exit_code", report->exit_code);
    json_write_object_end(json);
}

static void write_texts(struct json_writer *json, const char *name, const char *texts, size_t size,
                        size_t count) {
    json_write_name(json, name);
    json_write_array(json);
    for (size_t i = 0; i < count; i++)
        json_write_string(json, texts + i * size);
    json_write_array_end(json);
}

int report_probe_json(FILE *out, const struct plan *plan, const struct setup *setup,
                      const struct probe_report *report, const struct findings *preflight) {
    struct json_writer json;
    json_write_begin(&json, out, true);
    json_write_object(&json);
    json_write_string_member(&json, "schema", "holdfast-probe/1");
    json_section_tool(&json);
    write_probe(&json, plan, report);
    json_section_target(&json, plan, setup, report->target);
    write_values(&json, &report->result);
    write_texts(&json, "advice", report->advice[0], sizeof report->advice[0], report->advice_count);
    write_texts(&json, "not_tried", report->untried[0], sizeof report->untried[0],
                report->untried_count);
    json_section_findings(&json, report->asked ? &report->findings : preflight);
    json_write_object_end(&json);
    json_write_end(&json);
    return report_file_flush(out);
}

/* ---- Its schema ---- */

static const char *const schema_names[] = {"holdfast-probe/1", NULL};

static void status_names(struct json_writer *json) {
    for (int i = 0; i < PROBE_STATUSES; i++)
        json_write_string(json, probe_status_name((enum probe_status)i));
}

static void end_names(struct json_writer *json) {
    for (int i = 0; i < PROBE_ENDS; i++)
        if (probe_end_name((enum probe_end)i) != NULL)
            json_write_string(json, probe_end_name((enum probe_end)i));
}

#define VALUE(name, kind)                                                                          \
    MEMBER("status", K_ONE_OF, .write_names = status_names), MEMBER(name, kind),                   \
        MEMBER("low", kind), MEMBER("high", kind), MEMBER("agreeing", K_COUNT),                    \
        MEMBER("announced", kind), MEMBER("ended_by", K_ONE_OF_OR_NULL, .write_names = end_names)

static const struct schema_member seconds[] = {
    VALUE("seconds", K_NUMBER_OR_NULL),
    MEMBER("clock_period_seconds", K_NUMBER_OR_NULL),
    {0},
};
static const struct schema_member count[] = {VALUE("count", K_COUNT_OR_NULL), {0}};

static const struct schema_member probe[] = {
    MEMBER("label", K_TEXT_OR_NULL),
    MEMBER("started_at", K_TIME_OR_NULL),
    MEMBER("seconds", K_NUMBER_OR_NULL),
    MEMBER("for_seconds", K_NUMBER_OR_NULL),
    MEMBER("gentle", K_FLAG),
    MEMBER("interrupted", K_FLAG),
    MEMBER("connections", K_COUNT),
    MEMBER("connections_at_once", K_COUNT),
    MEMBER("requests", K_COUNT),
    MEMBER("restarts", K_COUNT),
    MEMBER("holds", K_COUNT_OR_NULL),
    MEMBER("lateness_seconds_max", K_NUMBER_OR_NULL),
    MEMBER("exit_code", K_COUNT),
    {0},
};

static const struct schema_member members[] = {
    MEMBER("schema", K_CONST, .names = schema_names),
    MEMBER("tool", K_OBJECT, .members = schema_tool),
    MEMBER("probe", K_OBJECT, .members = probe),
    MEMBER("target", K_OBJECT, .members = schema_target),
    MEMBER("idle_timeout", K_OBJECT, .members = seconds),
    MEMBER("first_request_timeout", K_OBJECT, .members = seconds),
    MEMBER("requests_per_connection", K_OBJECT, .members = count),
    MEMBER("max_age", K_OBJECT, .members = seconds),
    MEMBER("advice", K_TEXTS),
    MEMBER("not_tried", K_TEXTS),
    MEMBER("findings", K_OBJECTS, .members = schema_finding),
    {0},
};

void report_probe_schema(FILE *out) {
    schema_write(out, "What a probe learned of a server, holdfast-probe/1", members, false);
}
