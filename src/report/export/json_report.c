/* The JSON report "holdfast/1": the whole of a run, or of a preflight that ended the matter. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/exit_code.h"
#include "base/version.h"
#include "options/options.h"
#include "report/export/json_sections.h"
#include "report/export/writers.h"
#include "report/format/report_file.h"
#include "report/format/report_names.h"

/* The record of a preflight, which sends no load: counts that are facts are 0, the rest not
 * measured. */
static struct record *record_of_nothing(const struct judgement *judgement) {
    struct record *record = calloc(1, sizeof *record);
    if (record == NULL)
        return NULL;
    /* exit 4 of a preflight has one cause only */
    record->interrupted = judgement->exit_code == EXIT_INCONCLUSIVE;
    record->ramp_seconds = record->hold_seconds = record->drain_seconds = NAN;
    record->balanced = true;
    record->per_second_mean = record->per_second_peak = NAN;
    record->cpu_user_seconds = record->cpu_system_seconds = NAN;
    record->pss_bytes_max = record->rss_bytes_max = -1;
    record->tick_seconds_max = NAN;
    return record;
}

void json_section_tool(struct json_writer *json) {
    json_write_name(json, "tool");
    json_write_object(json);
    json_write_string_member(json, "name", "holdfast");
    json_write_string_member(json, "version", HOLDFAST_VERSION);
    json_write_string_member(json, "commit", version_commit);
    json_write_object_end(json);
}

void json_member_id(struct json_writer *json, const struct plan *plan,
                    const struct record *record) {
    char id[24];
    snprintf(id, sizeof id, "%016" PRIx64, report_id(plan, record));
    json_write_string_member(json, "id", id);
}

static void section_run(struct json_writer *json, const struct plan *plan,
                        const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    json_write_name(json, "run");
    json_write_object(json);
    json_member_id(json, plan, record);
    json_write_string_member(json, "label", plan->options->label);
    json_member_time(json, "started_at", &record->started_at, 3);
    json_member_time(json, "ended_at", &record->ended_at, 3);
    json_write_number_member(json, "ramp_seconds", record->ramp_seconds);
    json_write_number_member(json, "ramp_lateness_seconds_max",
                             counts->attempted > 0 ? (double)counts->ramp_late_ns / 1e9 : NAN);
    json_write_number_member(json, "hold_seconds", record->hold_seconds);
    json_write_number_member(json, "drain_seconds", record->drain_seconds);
    json_write_bool_member(json, "interrupted", record->interrupted);
    json_member_ended_by(json, record);
    json_write_uint_member(json, "seed", plan->seed);
    json_write_object_end(json);
}

void json_member_ended_by(struct json_writer *json, const struct record *record) {
    json_write_bool_member(json, "ended_early", record->ended_empty);
    bool ended = record->ended_by[0] != '\0';
    json_write_string_member(json, "ended_by_rule", ended ? record->ended_by : NULL);
    json_write_number_member(json, "ended_by_rule_seconds",
                             ended ? record->ended_seconds : (double)NAN);
}

void json_section_verdict(struct json_writer *json, const struct judgement *judgement) {
    json_write_name(json, "verdict");
    json_write_object(json);
    json_write_string_member(json, "result", verdict_name(judgement->verdict));
    json_write_int_member(json, "exit_code", judgement->exit_code);
    json_write_name(json, "reasons");
    json_write_array(json);
    for (size_t i = 0; i < judgement->reason_count; i++)
        json_write_string(json, judgement->reasons[i]);
    json_write_array_end(json);
    json_write_object_end(json);
}

void json_section_requirements(struct json_writer *json, const struct judgement *judgement) {
    json_write_name(json, "requirements");
    json_write_array(json);
    for (size_t i = 0; i < judgement->requirement_count; i++) {
        const struct rule_requirement *requirement = &judgement->requirements[i];
        json_write_object(json);
        json_write_string_member(json, "expression", requirement->rule.expression);
        json_write_number_member(json, "actual", requirement->actual);
        json_write_name(json, "ok");
        if (requirement->result == RULE_NOT_JUDGED)
            json_write_null(json);
        else
            json_write_bool(json, requirement->result == RULE_OK);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void member_of_finding(struct json_writer *json, const char *name, int64_t value) {
    json_write_name(json, name);
    if (value == FINDING_NONE)
        json_write_null(json);
    else
        json_write_int(json, value);
}

void json_section_findings(struct json_writer *json, const struct findings *findings) {
    json_write_name(json, "findings");
    json_write_array(json);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        json_write_object(json);
        json_write_string_member(json, "code", finding->name);
        json_write_string_member(json, "side", outcome_side_name(finding->side));
        json_write_string_member(json, "status", report_finding_status_name(finding->status));
        json_write_string_member(json, "text", finding->text);
        member_of_finding(json, "asked", finding->asked);
        member_of_finding(json, "have", finding->have);
        member_of_finding(json, "need", finding->need);
        json_member_known_text(json, "evidence", finding->evidence);
        json_write_number_member(json, "since_seconds", finding->since_seconds);
        json_write_name(json, "do");
        json_write_array(json);
        for (size_t j = 0; j < finding->do_count; j++)
            json_write_string(json, finding->todo[j]);
        json_write_array_end(json);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void write_report(struct json_writer *json, const struct plan *plan,
                         const struct setup *setup, const struct record *record,
                         const struct judgement *judgement) {
    json_write_object(json);
    json_write_string_member(json, "schema", "holdfast/1");
    json_section_tool(json);
    section_run(json, plan, record);
    json_section_verdict(json, judgement);
    json_section_requirements(json, judgement);
    json_section_plan(json, plan, setup);
    json_section_target(json, plan, setup, &judgement->target);
    json_section_environment(json, &plan->host);
    json_section_connections(json, plan, record, FORM_REPORT);
    json_section_requests(json, plan, record, FORM_REPORT);
    json_section_distributions(json, record, FORM_REPORT);
    json_section_server(json, record);
    json_section_lifetimes(json, &judgement->closings, &judgement->survival);
    json_section_generator(json, record, FORM_REPORT);
    json_section_hosts(json, record);
    json_section_findings(json, &judgement->findings);
    json_section_timeline(json, &record->timeline);
    json_section_marks(json, &record->marks);
    if (judgement->capacity != NULL)
        json_section_capacity(json, judgement->capacity);
    json_write_object_end(json);
}

int report_json(FILE *out, const struct plan *plan, const struct record *record,
                const struct judgement *judgement) {
    struct record *nothing = record == NULL ? record_of_nothing(judgement) : NULL;
    struct json_writer json;
    if (record == NULL && nothing == NULL)
        return -ENOMEM;
    json_write_begin(&json, out, true);
    write_report(&json, plan, judgement->setup, record != NULL ? record : nothing, judgement);
    json_write_end(&json);
    free(nothing);
    return report_file_flush(out);
}
