/* A saved run's lifetimes: why its connections ended, as it was inferred then, and how many lived
 * on. */
#include <math.h>
#include <string.h>

#include "report/saved/saved_parts.h"

static bool dimension_named(const char *name, enum closing_dimension *dimension) {
    *dimension = CLOSING_UNKNOWN;
    if (name == NULL)
        return true;
    for (int i = CLOSING_UNKNOWN + 1; i < CLOSING_DIMENSIONS; i++)
        if (strcmp(name, closing_dimension_name((enum closing_dimension)i)) == 0)
            *dimension = (enum closing_dimension)i;
    return *dimension != CLOSING_UNKNOWN;
}

static uint32_t read_ms(struct saved_place *place, const struct json_t *from, const char *name) {
    double seconds = saved_value_seconds_if(place, from, name);
    if (isnan(seconds))
        return 0;
    if (seconds > UINT32_MAX / 1e3)
        saved_place_refuse(place, "\"%s\": at most 49 days are accepted", name);
    return seconds > UINT32_MAX / 1e3 ? 0 : (uint32_t)llround(seconds * 1e3);
}

static uint32_t read_whole(struct saved_place *place, const struct json_t *from, const char *name) {
    return (uint32_t)saved_value_whole_if(place, from, name, UINT32_MAX, 0);
}

static struct closing_range read_seconds(struct saved_place *place, const struct json_t *parent,
                                         const char *name) {
    const struct json_t *from = saved_value_object(place, parent, name);
    return (struct closing_range){read_ms(place, from, "min"), read_ms(place, from, "p50"),
                                  read_ms(place, from, "max")};
}

static struct closing_range read_answers(struct saved_place *place, const struct json_t *parent) {
    const struct json_t *from = saved_value_object(place, parent, "answers");
    return (struct closing_range){read_whole(place, from, "min"), read_whole(place, from, "p50"),
                                  read_whole(place, from, "max")};
}

/* Absent in a report of before. */
static void read_rivals(struct closing *closing, struct saved_place *place,
                        const struct json_t *from) {
    const struct json_t *list = saved_value_array_if(place, from, "rivals");
    for (size_t i = 0; i < saved_value_size(list); i++) {
        enum closing_dimension rival;
        const char *name = saved_value_string(saved_value_at(list, i));
        if (name == NULL || !dimension_named(name, &rival))
            saved_place_refuse(place, "\"rivals\": dimensions that this version knows");
        else
            closing->rivals |= 1u << rival;
    }
}

static void read_cause(struct closing *closing, struct saved_place *place,
                       const struct json_t *from) {
    bool counted = closing->dimension == CLOSING_REQUESTS || closing->dimension == CLOSING_LEVEL ||
                   closing->dimension == CLOSING_STATUS;
    closing->value =
        counted ? read_whole(place, from, "value") : read_ms(place, from, "value_seconds");
    closing->spread = read_ms(place, from, "spread_seconds");
    closing->limit = read_whole(place, from, "limit");
    closing->bursts = read_whole(place, from, "bursts");
    read_rivals(closing, place, from);
    closing->race = saved_value_flag_if(place, from, "race");
    closing->by_timer = saved_value_flag_if(place, from, "by_timer");
    closing->status_percent = read_whole(place, from, "status_percent");
    closing->errors_percent = read_whole(place, from, "errors_percent");
    closing->interval = saved_value_flag_if(place, from, "interval");
    closing->low = read_ms(place, from, "low_seconds");
    closing->high = read_ms(place, from, "high_seconds");
    closing->answered_until = read_ms(place, from, "answered_until_seconds");
    closing->forgets = read_ms(place, from, "forgets_seconds");
    closing->for_some = saved_value_flag_if(place, from, "for_some");
    closing->refused = saved_value_flag_if(place, from, "refused");
    closing->share_percent = read_whole(place, from, "share_percent");
    if (closing->errors_percent > 100 || closing->status_percent > closing->errors_percent)
        saved_place_refuse(place,
                           "\"status_percent\": up to \"errors_percent\", and 100, is accepted");
    if (closing->limit == 0 && closing->dimension != CLOSING_MOMENT)
        saved_place_refuse(place, "\"limit\": 1 or more is accepted");
}

static bool read_closing(struct closing *closing, struct saved_place *place,
                         const struct json_t *from) {
    const char *outcome = saved_value_text_if(place, from, "outcome");
    closing->outcome = outcome != NULL ? outcome_by_name(outcome) : OUTCOME_COUNT;
    if (closing->outcome == OUTCOME_COUNT)
        return saved_place_refuse(place,
                                  "\"closings\": an outcome that this version knows is accepted");
    if (!dimension_named(saved_value_text_if(place, from, "dimension"), &closing->dimension))
        return saved_place_refuse(place, "\"dimension\": none that this version knows");
    closing->count = saved_value_count(place, from, "count");
    closing->sampled = read_whole(place, from, "sampled");
    if (closing->dimension != CLOSING_UNKNOWN)
        read_cause(closing, place, from);
    closing->idle_ms = read_seconds(place, from, "idle_seconds");
    closing->age_ms = read_seconds(place, from, "age_seconds");
    closing->answers = read_answers(place, from);
    return !place->failed;
}

static void read_point(struct survival_point *point, struct saved_place *place,
                       const struct json_t *columns[4], uint32_t index) {
    double age = saved_value_seconds(place, saved_value_at(columns[0], index), "age_seconds");
    point->age_ms = age > UINT32_MAX / 1e3 ? UINT32_MAX : (uint32_t)llround(age * 1e3);
    point->surviving = saved_value_seconds(place, saved_value_at(columns[1], index), "surviving");
    point->at_risk = saved_value_to_count(place, saved_value_at(columns[2], index), "at_risk");
    point->ended = saved_value_to_count(place, saved_value_at(columns[3], index), "ended");
    if (!(point->surviving <= 1) || (index > 0 && point->age_ms < point[-1].age_ms))
        saved_place_refuse(place, "\"survival\": parts of 1, at ages that grow, are accepted");
}

static void read_survival(struct survival *survival, struct saved_place *place,
                          const struct json_t *lifetimes) {
    static const char *const names[] = {"age_seconds", "surviving", "at_risk", "ended"};
    const struct json_t *from = saved_value_object_if(place, lifetimes, "survival"), *columns[4];
    memset(survival, 0, sizeof *survival);
    if (from == NULL)
        return;
    survival->connections = saved_value_count(place, from, "connections");
    survival->censored = saved_value_count(place, from, "censored");
    survival->oldest_ms = read_ms(place, from, "oldest_seconds");
    for (int i = 0; i < 4; i++)
        columns[i] = saved_value_array_if(place, from, names[i]);
    size_t count = saved_value_size(columns[0]);
    for (int i = 0; i < 4; i++)
        if (saved_value_size(columns[i]) != count || count > AGES_COUNTS)
            saved_place_refuse(place,
                               "\"survival\": columns of one length, at most %d, are accepted",
                               AGES_COUNTS);
    for (uint32_t i = 0; i < count && !place->failed; i++)
        read_point(&survival->points[survival->count++], place, columns, i);
    survival->measured = !place->failed;
}

bool saved_lifetimes(struct judgement *judgement, struct saved_place *place,
                     const struct json_t *document) {
    struct closings *closings = &judgement->closings;
    if (!saved_value_has(document, "lifetimes"))
        return !place->failed;
    memset(closings, 0, sizeof *closings);
    const struct json_t *lifetimes = saved_value_object_if(place, document, "lifetimes");
    const struct json_t *list = saved_value_array_if(place, lifetimes, "closings");
    read_survival(&judgement->survival, place, lifetimes);
    if (saved_value_size(list) > OUTCOME_COUNT)
        return saved_place_refuse(place, "\"closings\": at most one for each outcome is accepted");
    for (size_t i = 0; i < saved_value_size(list); i++)
        if (!read_closing(&closings->items[closings->count++], place, saved_value_at(list, i)))
            return false;
    return !place->failed;
}
