/* A saved search for the capacity: its answer, its limit and its steps. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/saved/saved_parts.h"

static bool read_name(const char *name, const char *(*name_of)(int value), int count, int *value) {
    for (int i = 0; name != NULL && i < count; i++)
        if (strcmp(name, name_of(i)) == 0) {
            *value = i;
            return true;
        }
    return false;
}

static const char *side_name(int side) {
    return outcome_side_name((enum outcome_side)side);
}

static const char *result_name(int result) {
    return capacity_result_name((enum capacity_result)result);
}

static const char *end_name(int end) {
    return capacity_end_name((enum capacity_end)end);
}

/* As a search writes it; whatever else steers a terminal is escaped. */
static void read_text(char *to, size_t size, struct saved_place *place, const struct json_t *from,
                      const char *name) {
    const char *text = saved_value_text_if(place, from, name);
    text_escape(to, size, text != NULL ? text : "");
}

/* "gave", of a step and of the whole; null: nothing is known of a cause. */
static void read_cause(struct capacity_cause *cause, struct saved_place *place,
                       const struct json_t *parent) {
    const struct json_t *from = saved_value_object_if(place, parent, "gave");
    int side = SIDE_SERVER;
    *cause = (struct capacity_cause){.known = from != NULL, .outcome = -1};
    if (from == NULL)
        return;
    if (!read_name(saved_value_text_if(place, from, "side"), side_name, SIDE_US + 1, &side))
        saved_place_refuse(place, "\"gave\": a known \"side\" is accepted");
    cause->side = (enum outcome_side)side;
    read_text(cause->code, sizeof cause->code, place, from, "code");
    read_text(cause->text, sizeof cause->text, place, from, "text");
    read_text(cause->advice, sizeof cause->advice, place, from, "do");
    cause->by_ramp = saved_value_flag_if(place, from, "by_ramp");
}

static void read_statuses(struct statuses *statuses, struct saved_place *place,
                          const struct json_t *from) {
    struct saved_value_step step = {0};
    while (saved_value_next(from, &step)) {
        int status = atoi(step.name);
        uint64_t count = saved_value_to_count(place, step.value, step.name);
        if (status > 0 && status < 1000 && count > 0)
            statuses_add(statuses, (struct statuses_count){status, count});
    }
}

static void read_step(struct capacity_step *step, struct saved_place *place,
                      const struct json_t *from) {
    int result = CAPACITY_CUT;
    step->connections = (uint32_t)saved_value_whole_if(place, from, "connections", UINT32_MAX, 0);
    if (!read_name(saved_value_text_if(place, from, "result"), result_name, CAPACITY_CUT + 1,
                   &result))
        saved_place_refuse(place, "\"steps\": a known \"result\" is accepted");
    step->result = (enum capacity_result)result;
    step->ran = saved_value_flag_if(place, from, "ran");
    step->opened = saved_value_count(place, from, "opened");
    step->live = saved_value_count(place, from, "live");
    step->closed = saved_value_count(place, from, "closed");
    step->errored = saved_value_count(place, from, "errored");
    step->lost = saved_value_count(place, from, "lost");
    step->ramp_seconds = saved_value_seconds_if(place, from, "ramp_seconds");
    step->p99_seconds = saved_value_seconds_if(place, from, "p99_seconds");
    read_statuses(&step->statuses, place, saved_value_object_if(place, from, "by_status"));
    read_cause(&step->cause, place, from);
}

static bool read_steps(struct capacity *capacity, struct saved_place *place,
                       const struct json_t *from) {
    const struct json_t *list = saved_value_array_if(place, from, "steps");
    capacity->room = saved_value_size(list);
    capacity->steps = calloc(capacity->room + 1, sizeof *capacity->steps);
    if (capacity->steps == NULL)
        return saved_place_refuse(place, "out of memory");
    for (size_t i = 0; i < capacity->room && !place->failed; i++)
        read_step(&capacity->steps[capacity->count++], place, saved_value_at(list, i));
    return !place->failed;
}

/* The step that "gave" names: its number is all that is asked of it, so the last of that number. */
static bool find_broke(struct capacity *capacity, struct saved_place *place,
                       const struct json_t *from) {
    const struct json_t *gave = saved_value_object_if(place, from, "gave");
    uint64_t number = gave != NULL ? saved_value_count(place, gave, "connections") : 0;
    for (size_t i = 0; i < capacity->count && gave != NULL; i++)
        if (capacity->steps[i].result == CAPACITY_BROKE && capacity->steps[i].connections == number)
            capacity->broke = &capacity->steps[i];
    if (gave != NULL && capacity->broke == NULL)
        return saved_place_refuse(place, "\"gave\": the number of a step that gave is accepted");
    return !place->failed;
}

/* A search that ended so has the step of which it is said. */
static bool end_has_its_step(const struct capacity *capacity, struct saved_place *place) {
    bool gone = capacity->end == CAPACITY_TARGET_GONE;
    if (gone && capacity_gone(capacity) == NULL)
        return saved_place_refuse(place, "\"end\": of \"gone\" a last step that is so is accepted");
    return true;
}

bool saved_capacity(struct saved *saved, struct saved_place *place, const struct json_t *document) {
    const struct json_t *from = saved_value_object_if(place, document, "capacity");
    struct capacity *capacity = &saved->capacity;
    int end = CAPACITY_FOUND;
    if (from == NULL)
        return !place->failed;
    capacity->answer = saved_value_count(place, from, "answer");
    capacity->at_least = saved_value_flag_if(place, from, "at_least");
    if (!read_name(saved_value_text_if(place, from, "end"), end_name, CAPACITY_INTERRUPTED + 1,
                   &end))
        return saved_place_refuse(place, "\"capacity\": a known \"end\" is accepted");
    capacity->end = (enum capacity_end)end;
    capacity->regained = (uint32_t)saved_value_whole_if(place, from, "regained", UINT32_MAX, 0);
    capacity->search.first = saved_value_count(place, from, "from");
    capacity->search.step = saved_value_count_if(place, from, "step");
    capacity->search.ceiling = saved_value_count(place, from, "ceiling");
    double hold = saved_value_seconds_if(place, from, "hold_each_seconds");
    capacity->hold = isnan(hold) ? 0 : (duration)llround(hold * 1e9);
    read_cause(&capacity->cause, place, from);
    if (!read_steps(capacity, place, from) || !find_broke(capacity, place, from) ||
        !end_has_its_step(capacity, place))
        return false;
    saved->judgement.capacity = capacity;
    return true;
}
