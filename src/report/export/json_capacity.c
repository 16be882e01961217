/* The JSON report's "capacity": the answer, the limit ("gave"), and every step. */
#include <math.h>

#include "judge/verdict/capacity.h"
#include "report/export/json_sections.h"

static void members_of_cause(struct json_writer *json, const struct capacity_cause *cause) {
    json_write_string_member(json, "side", outcome_side_name(cause->side));
    json_write_string_member(json, "code", cause->code);
    json_write_string_member(json, "text", cause->text);
    json_write_string_member(json, "do", cause->advice[0] != '\0' ? cause->advice : NULL);
    json_write_bool_member(json, "by_ramp", cause->by_ramp);
}

static void member_of_gave(struct json_writer *json, const struct capacity *capacity) {
    json_write_name(json, "gave");
    if (capacity->broke == NULL) {
        json_write_null(json);
        return;
    }
    json_write_object(json);
    json_write_uint_member(json, "connections", capacity->broke->connections);
    members_of_cause(json, &capacity->cause);
    json_write_object_end(json);
}

static void write_step(struct json_writer *json, const struct capacity_step *step) {
    json_write_object(json);
    json_write_uint_member(json, "connections", step->connections);
    json_write_string_member(json, "result", capacity_result_name(step->result));
    json_write_bool_member(json, "ran", step->ran);
    json_write_uint_member(json, "opened", step->opened);
    json_write_uint_member(json, "live", step->live);
    json_write_uint_member(json, "closed", step->closed);
    json_write_uint_member(json, "errored", step->errored);
    json_write_uint_member(json, "lost", step->lost);
    json_write_number_member(json, "ramp_seconds", step->ramp_seconds);
    json_write_number_member(json, "p99_seconds", step->p99_seconds);
    json_write_name(json, "by_status");
    json_write_object(json);
    for (size_t i = 0; i < step->statuses.count; i++) {
        char status[16];
        snprintf(status, sizeof status, "%d", step->statuses.items[i].status);
        json_write_uint_member(json, status, step->statuses.items[i].count);
    }
    json_write_object_end(json);
    json_write_name(json, "gave");
    if (step->cause.known) {
        json_write_object(json);
        members_of_cause(json, &step->cause);
        json_write_object_end(json);
    } else {
        json_write_null(json);
    }
    json_write_object_end(json);
}

void json_section_capacity(struct json_writer *json, const struct capacity *capacity) {
    json_write_name(json, "capacity");
    json_write_object(json);
    json_write_uint_member(json, "answer", capacity->answer);
    json_write_bool_member(json, "at_least", capacity->at_least);
    json_write_string_member(json, "end", capacity_end_name(capacity->end));
    member_of_gave(json, capacity);
    json_write_name(json, "regained");
    if (capacity->regained > 0)
        json_write_uint(json, capacity->regained);
    else
        json_write_null(json);
    json_write_uint_member(json, "from", capacity->search.first);
    json_write_name(json, "step");
    if (capacity->search.step > 0)
        json_write_uint(json, capacity->search.step);
    else
        json_write_null(json);
    json_write_uint_member(json, "ceiling", capacity->search.ceiling);
    json_write_number_member(json, "hold_each_seconds", duration_seconds(capacity->hold));
    json_write_name(json, "steps");
    json_write_array(json);
    for (size_t i = 0; i < capacity->count; i++)
        write_step(json, &capacity->steps[i]);
    json_write_array_end(json);
    json_write_object_end(json);
}
