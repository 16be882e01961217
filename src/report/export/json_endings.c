/* The sample of endings that causes and survival are inferred from, for the leader of a run on many
 * hosts, who has the samples of all parts. */
#include "report/export/json_sections.h"

#include <stdlib.h>

#include "base/hdr.h"

/* Moments are of this host's clock: they are told since a second before the load began, so that
 * none of them is 0, which stands for none. */
struct origin {
    int64_t ns;
    uint32_t ms;
};

static void write_row(struct json_writer *json, const uint32_t *values, size_t count) {
    json_write_array(json);
    for (size_t i = 0; i < count; i++)
        json_write_uint(json, values[i]);
    json_write_array_end(json);
}

/* Those of all groups, for a line that a pipe's writer may have to hold: the first of a sample are
 * a fair sample too. */
enum { ROWS_MAX = 2048 };

static uint32_t rows_each(const struct endings *endings) {
    uint32_t groups = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        groups += endings->of[i].count > 0;
    return groups > 0 ? ROWS_MAX / groups : 0;
}

static void write_group(struct json_writer *json, const struct ending_group *group, uint32_t most,
                        struct origin origin) {
    json_write_object(json);
    json_write_uint_member(json, "count", group->count);
    json_write_uint_member(json, "age_ms_min", group->age_ms_min);
    json_write_name(json, "sample");
    json_write_array(json);
    for (uint32_t i = 0; i < group->kept && i < most; i++) {
        const struct ending *e = &group->sample[i];
        const uint32_t row[] = {e->sample_key, e->idle_ms,   e->age_ms, e->moment_ms - origin.ms,
                                e->answers,    e->waited_ms, e->status, e->late_ms};
        write_row(json, row, sizeof row / sizeof *row);
    }
    json_write_array_end(json);
    json_write_object_end(json);
}

static void write_gap_rows(struct json_writer *json, const char *name,
                           const struct endings_gap *gaps, uint32_t count, struct origin origin) {
    json_write_name(json, name);
    json_write_array(json);
    for (uint32_t i = 0; i < count; i++) {
        const struct endings_gap *g = &gaps[i];
        const uint32_t row[] = {g->sample_key, g->idle_ms, g->age_ms, g->moment_ms - origin.ms,
                                g->answers,    g->end,     g->late_ms};
        write_row(json, row, sizeof row / sizeof *row);
    }
    json_write_array_end(json);
}

static void write_gaps(struct json_writer *json, const struct endings_gaps *gaps,
                       struct origin origin) {
    json_write_name(json, "gaps");
    json_write_object(json);
    json_write_uint_member(json, "count", gaps->count);
    write_gap_rows(json, "sample", gaps->sample, gaps->kept, origin);
    write_gap_rows(json, "longest", gaps->longest, gaps->longest_kept, origin);
    json_write_object_end(json);
}

static void write_ages(struct json_writer *json, const struct ages *ages) {
    json_write_name(json, "ages");
    json_write_array(json);
    for (int kind = 0; kind < AGES_KINDS; kind++) {
        json_write_array(json);
        for (uint32_t i = 0; i < AGES_COUNTS && ages->total[kind] > 0; i++) {
            if (ages->counts[kind][i] == 0)
                continue;
            json_write_array(json);
            json_write_uint(json, i);
            json_write_uint(json, ages->counts[kind][i]);
            json_write_array_end(json);
        }
        json_write_array_end(json);
    }
    json_write_array_end(json);
}

static int64_t since(int64_t moment_ns, struct origin origin) {
    return moment_ns > origin.ns ? moment_ns - origin.ns : 0;
}

static void write_survived(struct json_writer *json, const struct endings_survived *survived,
                           struct origin origin) {
    json_write_name(json, "survived");
    json_write_object(json);
    json_write_uint_member(json, "idle_ms", survived->idle_ms);
    json_write_uint_member(json, "age_ms", survived->age_ms);
    json_write_uint_member(json, "asked_idle_ms", survived->asked_idle_ms);
    json_write_uint_member(json, "kept_age_ms", survived->kept_age_ms);
    json_write_uint_member(json, "kept_answers", survived->kept_answers);
    json_write_int_member(json, "kept_moment_ns", since(survived->kept_moment_ns, origin));
    json_write_uint_member(json, "past_age_ms", survived->past_age_ms);
    json_write_uint_member(json, "past_answers", survived->past_answers);
    json_write_int_member(json, "past_moment_ns", since(survived->past_moment_ns, origin));
    json_write_object_end(json);
}

void json_section_endings(struct json_writer *json, const struct record *record,
                          int64_t started_ns) {
    const struct endings *endings = &record->total.endings;
    const int64_t second = SECOND;
    struct origin origin = {started_ns - second, (uint32_t)((started_ns - second) / MILLISECOND)};
    char *lag = record->total.lag.count > 0 ? hdr_encode(&record->total.lag) : NULL;
    json_write_name(json, "endings");
    json_write_object(json);
    json_write_int_member(json, "first_attempt_ns",
                          since(record->total.counts.first_attempt_ns, origin));
    json_write_string_member(json, "lag", lag);
    free(lag);
    json_write_name(json, "groups");
    json_write_object(json);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (endings->of[i].count == 0)
            continue;
        json_write_name(json, outcome_name((enum outcome)i));
        write_group(json, &endings->of[i], rows_each(endings), origin);
    }
    json_write_object_end(json);
    write_survived(json, &endings->survived, origin);
    write_gaps(json, &endings->gaps, origin);
    write_ages(json, &endings->ages);
    json_write_object_end(json);
}
