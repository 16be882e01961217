/* The JSON report's "capacity": the answer, what gave, and every step. */
#include <math.h>

#include "judge/capacity.h"
#include "report/sections.h"

static void members_of_cause(struct json *json, const struct capacity_cause *cause) {
    json_string_member(json, "side", side_name(cause->side));
    json_string_member(json, "code", cause->code);
    json_string_member(json, "text", cause->text);
    json_string_member(json, "do", cause->advice[0] != '\0' ? cause->advice : NULL);
}

static void member_of_gave(struct json *json, const struct capacity *capacity) {
    json_name(json, "gave");
    if (capacity->gave == NULL) {
        json_null(json);
        return;
    }
    json_object(json);
    json_uint_member(json, "connections", capacity->gave->connections);
    members_of_cause(json, &capacity->cause);
    json_object_end(json);
}

static void write_step(struct json *json, const struct capacity_step *step) {
    json_object(json);
    json_uint_member(json, "connections", step->connections);
    json_string_member(json, "result", capacity_result_name(step->result));
    json_bool_member(json, "ran", step->ran);
    json_uint_member(json, "opened", step->opened);
    json_uint_member(json, "live", step->live);
    json_uint_member(json, "closed", step->closed);
    json_uint_member(json, "errored", step->errored);
    json_uint_member(json, "lost", step->lost);
    json_number_member(json, "ramp_seconds", step->ramp_seconds);
    json_number_member(json, "p99_seconds", step->p99_seconds);
    json_name(json, "gave");
    if (step->gave.known) {
        json_object(json);
        members_of_cause(json, &step->gave);
        json_object_end(json);
    } else {
        json_null(json);
    }
    json_object_end(json);
}

void section_capacity(struct json *json, const struct capacity *capacity) {
    json_name(json, "capacity");
    json_object(json);
    json_uint_member(json, "answer", capacity->answer);
    json_bool_member(json, "at_least", capacity->at_least);
    json_string_member(json, "end", capacity_end_name(capacity->end));
    member_of_gave(json, capacity);
    json_uint_member(json, "from", capacity->search.first);
    json_name(json, "step");
    if (capacity->search.step > 0)
        json_uint(json, capacity->search.step);
    else
        json_null(json);
    json_uint_member(json, "ceiling", capacity->search.ceiling);
    json_number_member(json, "hold_each_seconds", duration_seconds(capacity->hold));
    json_name(json, "steps");
    json_array(json);
    for (size_t i = 0; i < capacity->count; i++)
        write_step(json, &capacity->steps[i]);
    json_array_end(json);
    json_object_end(json);
}
