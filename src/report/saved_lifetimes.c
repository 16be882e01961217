/* A saved run's lifetimes: why its connections ended, as it was inferred then, and how many lived
 * on. */
#include <math.h>
#include <string.h>

#include "report/saved_parts.h"

static bool outcome_named(const char *name, enum outcome *outcome) {
    for (int i = 0; name != NULL && i < OUTCOME_COUNT; i++) {
        if (strcmp(name, outcome_name((enum outcome)i)) == 0) {
            *outcome = (enum outcome)i;
            return true;
        }
    }
    return false;
}

static bool dimension_named(const char *name, enum closing_dimension *dimension) {
    *dimension = CLOSING_UNKNOWN;
    if (name == NULL)
        return true;
    for (int i = CLOSING_UNKNOWN + 1; i < CLOSING_DIMENSIONS; i++)
        if (strcmp(name, closing_dimension_name((enum closing_dimension)i)) == 0)
            *dimension = (enum closing_dimension)i;
    return *dimension != CLOSING_UNKNOWN;
}

static uint32_t read_ms(struct place *place, const struct json_t *from, const char *name) {
    double seconds = value_seconds_if(place, from, name);
    if (isnan(seconds))
        return 0;
    if (seconds > UINT32_MAX / 1e3)
        place_refuse(place, "\"%s\": at most 49 days are accepted", name);
    return seconds > UINT32_MAX / 1e3 ? 0 : (uint32_t)llround(seconds * 1e3);
}

static uint32_t read_whole(struct place *place, const struct json_t *from, const char *name) {
    return (uint32_t)value_whole_if(place, from, name, UINT32_MAX, 0);
}

static struct closing_range read_seconds(struct place *place, const struct json_t *parent,
                                         const char *name) {
    const struct json_t *from = value_object(place, parent, name);
    return (struct closing_range){read_ms(place, from, "min"), read_ms(place, from, "p50"),
                                  read_ms(place, from, "max")};
}

static struct closing_range read_answers(struct place *place, const struct json_t *parent) {
    const struct json_t *from = value_object(place, parent, "answers");
    return (struct closing_range){read_whole(place, from, "min"), read_whole(place, from, "p50"),
                                  read_whole(place, from, "max")};
}

static void read_cause(struct closing *closing, struct place *place, const struct json_t *from) {
    bool counted = closing->dimension == CLOSING_REQUESTS || closing->dimension == CLOSING_LEVEL;
    closing->value =
        counted ? read_whole(place, from, "value") : read_ms(place, from, "value_seconds");
    closing->spread = read_ms(place, from, "spread_seconds");
    closing->limit = read_whole(place, from, "limit");
    closing->bursts = read_whole(place, from, "bursts");
    closing->either = value_flag_if(place, from, "either");
    closing->race = value_flag_if(place, from, "race");
    closing->by_timer = value_flag_if(place, from, "by_timer");
    if (closing->limit == 0 && closing->dimension != CLOSING_MOMENT)
        place_refuse(place, "\"limit\": 1 or more is accepted");
}

static bool read_closing(struct closing *closing, struct place *place, const struct json_t *from) {
    if (!value_is_object(from) ||
        !outcome_named(value_text_if(place, from, "outcome"), &closing->outcome))
        return place_refuse(place, "\"closings\": an outcome that this version knows is accepted");
    if (!dimension_named(value_text_if(place, from, "dimension"), &closing->dimension))
        return place_refuse(place, "\"dimension\": none that this version knows");
    closing->count = value_count(place, from, "count");
    closing->sampled = read_whole(place, from, "sampled");
    if (closing->dimension != CLOSING_UNKNOWN)
        read_cause(closing, place, from);
    closing->idle_ms = read_seconds(place, from, "idle_seconds");
    closing->age_ms = read_seconds(place, from, "age_seconds");
    closing->answers = read_answers(place, from);
    return !place->failed;
}

static void read_point(struct survival_point *point, struct place *place,
                       const struct json_t *columns[4], uint32_t index) {
    double age = seconds_of(place, value_at(columns[0], index), "age_seconds");
    point->age_ms = age > UINT32_MAX / 1e3 ? UINT32_MAX : (uint32_t)llround(age * 1e3);
    point->surviving = seconds_of(place, value_at(columns[1], index), "surviving");
    point->at_risk = count_of(place, value_at(columns[2], index), "at_risk");
    point->ended = count_of(place, value_at(columns[3], index), "ended");
    if (!(point->surviving <= 1) || (index > 0 && point->age_ms < point[-1].age_ms))
        place_refuse(place, "\"survival\": parts of 1, at ages that grow, are accepted");
}

static void read_survival(struct survival *survival, struct place *place,
                          const struct json_t *lifetimes) {
    static const char *const names[] = {"age_seconds", "surviving", "at_risk", "ended"};
    const struct json_t *from = value_object_if(place, lifetimes, "survival"), *columns[4];
    memset(survival, 0, sizeof *survival);
    if (from == NULL)
        return;
    survival->connections = value_count(place, from, "connections");
    survival->censored = value_count(place, from, "censored");
    survival->oldest_ms = read_ms(place, from, "oldest_seconds");
    for (int i = 0; i < 4; i++)
        columns[i] = value_array_if(place, from, names[i]);
    size_t count = value_size(columns[0]);
    for (int i = 0; i < 4; i++)
        if (value_size(columns[i]) != count || count > AGES_COUNTS)
            place_refuse(place, "\"survival\": columns of one length, at most %d, are accepted",
                         AGES_COUNTS);
    for (uint32_t i = 0; i < count && !place->failed; i++)
        read_point(&survival->points[survival->count++], place, columns, i);
    survival->measured = !place->failed;
}

bool saved_lifetimes(struct judgement *judgement, struct place *place,
                     const struct json_t *document) {
    struct closings *closings = &judgement->closings;
    if (!value_has(document, "lifetimes"))
        return !place->failed;
    memset(closings, 0, sizeof *closings);
    const struct json_t *lifetimes = value_object_if(place, document, "lifetimes");
    const struct json_t *list = value_array_if(place, lifetimes, "closings");
    read_survival(&judgement->survival, place, lifetimes);
    if (value_size(list) > OUTCOME_COUNT)
        return place_refuse(place, "\"closings\": at most one for each outcome is accepted");
    for (size_t i = 0; i < value_size(list); i++)
        if (!read_closing(&closings->items[closings->count++], place, value_at(list, i)))
            return false;
    return !place->failed;
}
