/* The JSON report "holdfast/1": the whole of a run, or of a preflight that ended the matter. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/version.h"
#include "report/report.h"
#include "report/sections.h"

const char *finding_status_name(enum finding_status status) {
    static const char *const names[FINDING_STATUS_COUNT] = {"ok", "warn", "fail", "unknown",
                                                            "skipped"};
    return names[status];
}

/* What a record says when no load was sent: counts that are facts are 0, the rest not measured. */
static struct record *record_of_nothing(const struct judgement *judgement) {
    struct record *record = calloc(1, sizeof *record);
    if (record == NULL)
        return NULL;
    /* exit 4 of a preflight has one cause only */
    record->interrupted = judgement->exit_code == 4;
    record->ramp_seconds = record->hold_seconds = record->drain_seconds = NAN;
    record->balanced = true;
    record->per_second_mean = record->per_second_peak = NAN;
    record->cpu_user_seconds = record->cpu_system_seconds = NAN;
    record->pss_bytes_max = record->rss_bytes_max = -1;
    record->tick_seconds_max = NAN;
    return record;
}

void member_time(struct json *json, const char *name, const struct timespec *time, int digits) {
    char seconds[32], fraction[16], text[64];
    struct tm utc;
    if (time->tv_sec == 0 || gmtime_r(&time->tv_sec, &utc) == NULL) {
        json_null_member(json, name);
        return;
    }
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(fraction, sizeof fraction, "%09ld", time->tv_nsec);
    snprintf(text, sizeof text, "%s.%.*sZ", seconds, digits, fraction);
    json_string_member(json, name, text);
}

/* Two runs differ in seed or start; the same record always has the same id (splitmix64's mixer). */
uint64_t report_id(const struct plan *plan, const struct record *record) {
    const struct timespec *start = &record->started_at;
    if (record->id != 0)
        return record->id;
    uint64_t mixed =
        plan->seed ^ ((uint64_t)start->tv_sec * 1000000000u + (uint64_t)start->tv_nsec);
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

void section_tool(struct json *json) {
    json_name(json, "tool");
    json_object(json);
    json_string_member(json, "name", "holdfast");
    json_string_member(json, "version", HOLDFAST_VERSION);
    json_string_member(json, "commit", holdfast_commit);
    json_object_end(json);
}

void member_id(struct json *json, const struct plan *plan, const struct record *record) {
    char id[24];
    snprintf(id, sizeof id, "%016" PRIx64, report_id(plan, record));
    json_string_member(json, "id", id);
}

static void section_run(struct json *json, const struct plan *plan, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    json_name(json, "run");
    json_object(json);
    member_id(json, plan, record);
    json_string_member(json, "label", plan->options->label);
    member_time(json, "started_at", &record->started_at, 3);
    member_time(json, "ended_at", &record->ended_at, 3);
    json_number_member(json, "ramp_seconds", record->ramp_seconds);
    json_number_member(json, "ramp_lateness_seconds_max",
                       counts->attempted > 0 ? (double)counts->ramp_late_ns / 1e9 : NAN);
    json_number_member(json, "hold_seconds", record->hold_seconds);
    json_number_member(json, "drain_seconds", record->drain_seconds);
    json_bool_member(json, "interrupted", record->interrupted);
    member_ended_by(json, record);
    json_uint_member(json, "seed", plan->seed);
    json_object_end(json);
}

void member_ended_by(struct json *json, const struct record *record) {
    bool ended = record->ended_by[0] != '\0';
    json_string_member(json, "ended_by_rule", ended ? record->ended_by : NULL);
    json_number_member(json, "ended_by_rule_seconds", ended ? record->ended_seconds : (double)NAN);
}

void section_verdict(struct json *json, const struct judgement *judgement) {
    json_name(json, "verdict");
    json_object(json);
    json_string_member(json, "result", verdict_name(judgement->verdict));
    json_int_member(json, "exit_code", judgement->exit_code);
    json_name(json, "reasons");
    json_array(json);
    for (size_t i = 0; i < judgement->reason_count; i++)
        json_string(json, judgement->reasons[i]);
    json_array_end(json);
    json_object_end(json);
}

void section_requirements(struct json *json, const struct judgement *judgement) {
    json_name(json, "requirements");
    json_array(json);
    for (size_t i = 0; i < judgement->requirement_count; i++) {
        const struct requirement *requirement = &judgement->requirements[i];
        json_object(json);
        json_string_member(json, "expression", requirement->rule.expression);
        json_number_member(json, "actual", requirement->actual);
        json_name(json, "ok");
        if (requirement->result == RULE_NOT_JUDGED)
            json_null(json);
        else
            json_bool(json, requirement->result == RULE_OK);
        json_object_end(json);
    }
    json_array_end(json);
}

static void member_of_finding(struct json *json, const char *name, int64_t value) {
    json_name(json, name);
    if (value == FINDING_NONE)
        json_null(json);
    else
        json_int(json, value);
}

void section_findings(struct json *json, const struct findings *findings) {
    json_name(json, "findings");
    json_array(json);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        json_object(json);
        json_string_member(json, "code", finding->code);
        json_string_member(json, "side", side_name(finding->side));
        json_string_member(json, "status", finding_status_name(finding->status));
        json_string_member(json, "text", finding->text);
        member_of_finding(json, "asked", finding->asked);
        member_of_finding(json, "have", finding->have);
        member_of_finding(json, "need", finding->need);
        member_known_text(json, "evidence", finding->evidence);
        json_number_member(json, "since_seconds", finding->since_seconds);
        json_name(json, "do");
        json_array(json);
        for (size_t j = 0; j < finding->do_count; j++)
            json_string(json, finding->todo[j]);
        json_array_end(json);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_report(struct json *json, const struct plan *plan, const struct record *record,
                         const struct judgement *judgement) {
    json_object(json);
    json_string_member(json, "schema", "holdfast/1");
    section_tool(json);
    section_run(json, plan, record);
    section_verdict(json, judgement);
    section_requirements(json, judgement);
    section_plan(json, plan);
    section_target(json, plan, &judgement->target);
    section_environment(json, &plan->host);
    section_connections(json, plan, record, FORM_REPORT);
    section_requests(json, plan, record, FORM_REPORT);
    section_figures(json, "latency_seconds", record, DISTRIBUTION_LATENCY, FORM_REPORT);
    section_figures(json, "service_seconds", record, DISTRIBUTION_SERVICE, FORM_REPORT);
    section_figures(json, "connect_seconds", record, DISTRIBUTION_CONNECT, FORM_REPORT);
    section_server(json, record);
    section_lifetimes(json, &judgement->closings, &judgement->survival);
    section_generator(json, record, FORM_REPORT);
    section_findings(json, &judgement->findings);
    section_timeline(json, &record->timeline);
    section_marks(json, &record->marks);
    if (judgement->capacity != NULL)
        section_capacity(json, judgement->capacity);
    json_object_end(json);
}

int report_end(FILE *out) {
    errno = 0;
    if (fflush(out) == 0 && !ferror(out))
        return 0;
    return errno != 0 ? -errno : -EIO; /* an earlier write failed, its errno is gone */
}

int report_json(FILE *out, const struct plan *plan, const struct record *record,
                const struct judgement *judgement) {
    struct record *nothing = record == NULL ? record_of_nothing(judgement) : NULL;
    struct json json;
    if (record == NULL && nothing == NULL)
        return -ENOMEM;
    json_begin(&json, out, true);
    write_report(&json, plan, record != NULL ? record : nothing, judgement);
    json_end(&json);
    free(nothing);
    return report_end(out);
}
