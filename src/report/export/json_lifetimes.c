/* The JSON report's lifetimes: how connections that were live ended, and why. */
#include <math.h>

#include "report/export/json_sections.h"

static void seconds(struct json_writer *json, const char *name, const struct closing_range *range,
                    bool known) {
    json_write_name(json, name);
    json_write_object(json);
    json_write_number_member(json, "min", known ? range->least / 1e3 : NAN);
    json_write_number_member(json, "p50", known ? range->middle / 1e3 : NAN);
    json_write_number_member(json, "max", known ? range->greatest / 1e3 : NAN);
    json_write_object_end(json);
}

static void answers(struct json_writer *json, const struct closing_range *range, bool known) {
    json_write_name(json, "answers");
    json_write_object(json);
    json_member_known_int(json, "min", known ? (int64_t)range->least : -1);
    json_member_known_int(json, "p50", known ? (int64_t)range->middle : -1);
    json_member_known_int(json, "max", known ? (int64_t)range->greatest : -1);
    json_write_object_end(json);
}

static bool has_rival(const struct closing *closing, enum closing_dimension dimension) {
    return (closing->rivals & 1u << dimension) != 0;
}

/* "either" and "in_step" say the same in the words of before. */
static void rivals(struct json_writer *json, const struct closing *closing) {
    bool moment = closing->dimension == CLOSING_MOMENT && closing->rivals != 0;
    json_write_bool_member(json, "either",
                           has_rival(closing, CLOSING_AGE) || has_rival(closing, CLOSING_REQUESTS));
    json_write_bool_member(json, "in_step", moment || has_rival(closing, CLOSING_MOMENT));
    json_write_name(json, "rivals");
    json_write_array(json);
    for (int i = CLOSING_UNKNOWN + 1; i < CLOSING_DIMENSIONS; i++)
        if (has_rival(closing, (enum closing_dimension)i))
            json_write_string(json, closing_dimension_name((enum closing_dimension)i));
    json_write_array_end(json);
}

static void cause(struct json_writer *json, const struct closing *closing) {
    bool known = closing->dimension != CLOSING_UNKNOWN;
    bool status = closing->dimension == CLOSING_STATUS;
    bool counted =
        status || closing->dimension == CLOSING_REQUESTS || closing->dimension == CLOSING_LEVEL;
    json_write_string_member(json, "dimension", closing_dimension_name(closing->dimension));
    json_member_known_int(json, "value", known && counted ? (int64_t)closing->value : -1);
    json_write_number_member(json, "value_seconds", known && !counted ? closing->value / 1e3 : NAN);
    json_write_number_member(json, "spread_seconds",
                             known && !counted ? closing->spread / 1e3 : NAN);
    json_member_known_int(json, "limit", known ? (int64_t)closing->limit : -1);
    json_write_uint_member(json, "bursts", closing->bursts);
    rivals(json, closing);
    json_write_bool_member(json, "race", closing->race);
    json_write_bool_member(json, "by_timer", closing->by_timer);
    json_member_known_int(json, "status_percent", status ? (int64_t)closing->status_percent : -1);
    json_member_known_int(json, "errors_percent", status ? (int64_t)closing->errors_percent : -1);
    bool edges = closing->interval || closing->dimension == CLOSING_FORGOTTEN;
    json_write_bool_member(json, "interval", closing->interval);
    json_write_number_member(json, "low_seconds", edges ? closing->low / 1e3 : NAN);
    json_write_number_member(json, "high_seconds", edges ? closing->high / 1e3 : NAN);
    json_write_number_member(json, "answered_until_seconds",
                             closing->answered_until > 0 ? closing->answered_until / 1e3 : NAN);
    json_write_number_member(json, "forgets_seconds",
                             closing->forgets > 0 ? closing->forgets / 1e3 : NAN);
    json_write_bool_member(json, "for_some", closing->for_some);
    json_write_bool_member(json, "refused", closing->refused);
    json_member_known_int(json, "share_percent", known ? (int64_t)closing->share_percent : -1);
    json_member_known_text(json, "directive", closing->directive);
    json_member_known_text(json, "text", closing->text);
}

/* A column of the survival curve. */
enum column { AGE_SECONDS, SURVIVING, AT_RISK, ENDED, COLUMNS };

static void cell(struct json_writer *json, const struct survival_point *point, enum column column) {
    switch (column) {
    case AGE_SECONDS: json_write_number(json, point->age_ms / 1e3); return;
    case SURVIVING: json_write_number(json, point->surviving); return;
    case AT_RISK: json_write_uint(json, point->at_risk); return;
    case ENDED: json_write_uint(json, point->ended); return;
    case COLUMNS: return;
    }
}

static void curve(struct json_writer *json, const struct survival *survival) {
    static const char *const names[COLUMNS] = {"age_seconds", "surviving", "at_risk", "ended"};
    json_write_name(json, "survival");
    if (!survival->measured) {
        json_write_null(json);
        return;
    }
    json_write_object(json);
    json_write_uint_member(json, "connections", survival->connections);
    json_write_uint_member(json, "censored", survival->censored);
    json_write_number_member(json, "oldest_seconds", survival->oldest_ms / 1e3);
    for (int column = 0; column < COLUMNS; column++) {
        json_write_name(json, names[column]);
        json_write_array(json);
        for (uint32_t i = 0; i < survival->count; i++)
            cell(json, &survival->points[i], (enum column)column);
        json_write_array_end(json);
    }
    json_write_object_end(json);
}

void json_section_lifetimes(struct json_writer *json, const struct closings *closings,
                            const struct survival *survival) {
    json_write_name(json, "lifetimes");
    if (closings->count == 0) {
        json_write_null(json);
        return;
    }
    json_write_object(json);
    json_write_name(json, "closings");
    json_write_array(json);
    for (size_t i = 0; i < closings->count; i++) {
        const struct closing *closing = &closings->items[i];
        json_write_object(json);
        json_write_string_member(json, "outcome", outcome_name(closing->outcome));
        json_write_uint_member(json, "count", closing->count);
        json_write_uint_member(json, "sampled", closing->sampled);
        cause(json, closing);
        seconds(json, "idle_seconds", &closing->idle_ms, closing->sampled > 0);
        seconds(json, "age_seconds", &closing->age_ms, closing->sampled > 0);
        answers(json, &closing->answers, closing->sampled > 0);
        json_write_object_end(json);
    }
    json_write_array_end(json);
    if (survival != NULL)
        curve(json, survival);
    json_write_object_end(json);
}
