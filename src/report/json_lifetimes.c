/* The JSON report's lifetimes: how connections that were live ended, and why. */
#include <math.h>

#include "report/sections.h"

static void seconds(struct json *json, const char *name, const struct closing_range *range) {
    json_name(json, name);
    json_object(json);
    json_number_member(json, "min", range->least / 1e3);
    json_number_member(json, "p50", range->middle / 1e3);
    json_number_member(json, "max", range->greatest / 1e3);
    json_object_end(json);
}

static void answers(struct json *json, const struct closing_range *range) {
    json_name(json, "answers");
    json_object(json);
    json_uint_member(json, "min", range->least);
    json_uint_member(json, "p50", range->middle);
    json_uint_member(json, "max", range->greatest);
    json_object_end(json);
}

static void cause(struct json *json, const struct closing *closing) {
    bool told = closing->dimension != CLOSING_UNKNOWN;
    bool counted = closing->dimension == CLOSING_REQUESTS || closing->dimension == CLOSING_LEVEL;
    json_string_member(json, "dimension", closing_dimension_name(closing->dimension));
    if (told && counted)
        json_uint_member(json, "value", closing->value);
    else
        json_null_member(json, "value");
    json_number_member(json, "value_seconds", told && !counted ? closing->value / 1e3 : NAN);
    json_number_member(json, "spread_seconds", told && !counted ? closing->spread / 1e3 : NAN);
    member_known_text(json, "directive", closing->directive);
    member_known_text(json, "text", closing->text);
}

void section_lifetimes(struct json *json, const struct closings *closings) {
    json_name(json, "lifetimes");
    if (closings->count == 0) {
        json_null(json);
        return;
    }
    json_object(json);
    json_name(json, "closings");
    json_array(json);
    for (size_t i = 0; i < closings->count; i++) {
        const struct closing *closing = &closings->items[i];
        json_object(json);
        json_string_member(json, "outcome", outcome_name(closing->outcome));
        json_uint_member(json, "count", closing->count);
        cause(json, closing);
        seconds(json, "idle_seconds", &closing->idle_ms);
        seconds(json, "age_seconds", &closing->age_ms);
        answers(json, &closing->answers);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}
