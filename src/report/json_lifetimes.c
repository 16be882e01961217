/* The JSON report's lifetimes: how connections that were live ended, and why. */
#include <math.h>

#include "report/sections.h"

static void seconds(struct json *json, const char *name, const struct closing_range *range,
                    bool known) {
    json_name(json, name);
    json_object(json);
    json_number_member(json, "min", known ? range->least / 1e3 : NAN);
    json_number_member(json, "p50", known ? range->middle / 1e3 : NAN);
    json_number_member(json, "max", known ? range->greatest / 1e3 : NAN);
    json_object_end(json);
}

static void answers(struct json *json, const struct closing_range *range, bool known) {
    json_name(json, "answers");
    json_object(json);
    member_known_int(json, "min", known ? (int64_t)range->least : -1);
    member_known_int(json, "p50", known ? (int64_t)range->middle : -1);
    member_known_int(json, "max", known ? (int64_t)range->greatest : -1);
    json_object_end(json);
}

static void cause(struct json *json, const struct closing *closing) {
    bool told = closing->dimension != CLOSING_UNKNOWN;
    bool counted = closing->dimension == CLOSING_REQUESTS || closing->dimension == CLOSING_LEVEL;
    json_string_member(json, "dimension", closing_dimension_name(closing->dimension));
    member_known_int(json, "value", told && counted ? (int64_t)closing->value : -1);
    json_number_member(json, "value_seconds", told && !counted ? closing->value / 1e3 : NAN);
    json_number_member(json, "spread_seconds", told && !counted ? closing->spread / 1e3 : NAN);
    member_known_int(json, "limit", told ? (int64_t)closing->limit : -1);
    json_uint_member(json, "bursts", closing->bursts);
    json_bool_member(json, "either", closing->either);
    json_bool_member(json, "race", closing->race);
    json_bool_member(json, "by_timer", closing->by_timer);
    member_known_text(json, "directive", closing->directive);
    member_known_text(json, "text", closing->text);
}

/* One of its columns. */
enum column { AGE_SECONDS, SURVIVING, AT_RISK, ENDED, COLUMNS };

static void cell(struct json *json, const struct survival_point *point, enum column column) {
    switch (column) {
    case AGE_SECONDS: json_number(json, point->age_ms / 1e3); return;
    case SURVIVING: json_number(json, point->surviving); return;
    case AT_RISK: json_uint(json, point->at_risk); return;
    case ENDED: json_uint(json, point->ended); return;
    case COLUMNS: return;
    }
}

static void curve(struct json *json, const struct survival *survival) {
    static const char *const names[COLUMNS] = {"age_seconds", "surviving", "at_risk", "ended"};
    json_name(json, "survival");
    if (!survival->measured) {
        json_null(json);
        return;
    }
    json_object(json);
    json_uint_member(json, "connections", survival->connections);
    json_uint_member(json, "censored", survival->censored);
    json_number_member(json, "oldest_seconds", survival->oldest_ms / 1e3);
    for (int column = 0; column < COLUMNS; column++) {
        json_name(json, names[column]);
        json_array(json);
        for (uint32_t i = 0; i < survival->count; i++)
            cell(json, &survival->points[i], (enum column)column);
        json_array_end(json);
    }
    json_object_end(json);
}

void section_lifetimes(struct json *json, const struct closings *closings,
                       const struct survival *survival) {
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
        json_uint_member(json, "sampled", closing->sampled);
        cause(json, closing);
        seconds(json, "idle_seconds", &closing->idle_ms, closing->sampled > 0);
        seconds(json, "age_seconds", &closing->age_ms, closing->sampled > 0);
        answers(json, &closing->answers, closing->sampled > 0);
        json_object_end(json);
    }
    json_array_end(json);
    if (survival != NULL)
        curve(json, survival);
    json_object_end(json);
}
