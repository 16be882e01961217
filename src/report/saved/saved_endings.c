/* The sample of endings that a part of a run on many hosts has sent: each row within its bounds, in
 * the order that samples are merged in. */
#include "base/hdr.h"
#include "report/saved/saved_parts.h"
#include "stats/outcome.h"

/* Beyond, a sum of 256 parts would not fit. */
static const int64_t count_max = INT64_MAX >> 9;
/* 73 years: a shift stays below 2^63. */
static const int64_t moment_max = INT64_C(1) << 61;

/* --- rows of integers --- */

enum { ROW_MAX = 8 };

/* So many integers of 32 bits, as far as the row has them. */
static bool read_row(struct saved_place *place, const struct json_t *row, size_t count,
                     uint32_t values[static ROW_MAX]) {
    if (saved_value_size(row) != count)
        return saved_place_refuse(place, "\"endings\": rows of %zu numbers are accepted", count);
    for (size_t i = 0; i < count; i++) {
        uint64_t value = saved_value_to_count(place, saved_value_at(row, i), "endings");
        if (value > UINT32_MAX)
            return saved_place_refuse(place, "\"endings\": numbers of 32 bits are accepted");
        values[i] = (uint32_t)value;
    }
    return !place->failed;
}

static bool is_long(struct saved_place *place, const struct json_t *list, size_t most) {
    return saved_value_size(list) > most &&
           !saved_place_refuse(place, "\"endings\": at most %zu rows are accepted", most);
}

/* --- groups --- */

static bool read_ending(struct ending *ending, struct saved_place *place,
                        const struct json_t *row) {
    uint32_t v[ROW_MAX] = {0};
    enum { STATUS = 6, LATE };
    if (!read_row(place, row, LATE + 1, v))
        return false;
    if (v[STATUS] >= TALLY_STATUS_MAX || v[LATE] > UINT16_MAX)
        return saved_place_refuse(place, "\"endings\": a status and a lateness are accepted");
    *ending = (struct ending){.sample_key = v[0],
                              .idle_ms = v[1],
                              .age_ms = v[2],
                              .moment_ms = v[3],
                              .answers = v[4],
                              .waited_ms = v[5],
                              .status = (uint16_t)v[STATUS],
                              .late_ms = (uint16_t)v[LATE]};
    return true;
}

static void read_group(struct ending_group *group, struct saved_place *place,
                       const struct json_t *from) {
    const struct json_t *rows = saved_value_array_if(place, from, "sample");
    group->count = (uint64_t)saved_value_whole_if(place, from, "count", count_max, 0);
    group->age_ms_min = (uint32_t)saved_value_whole_if(place, from, "age_ms_min", UINT32_MAX, 0);
    group->kept = 0;
    if (is_long(place, rows, ENDINGS_SAMPLE))
        return;
    for (size_t i = 0; i < saved_value_size(rows); i++) {
        struct ending *ending = &group->sample[i];
        if (!read_ending(ending, place, saved_value_at(rows, i)))
            return;
        if (i > 0 && ending->sample_key < ending[-1].sample_key)
            saved_place_refuse(place, "\"endings\": rows in the order of their keys are accepted");
        group->kept++;
    }
    if (group->kept > group->count)
        saved_place_refuse(place, "\"endings\": as many as are counted are accepted");
}

static void read_groups(struct endings *endings, struct saved_place *place,
                        const struct json_t *from) {
    struct saved_value_step step = {0};
    while (from != NULL && !place->failed && saved_value_next(from, &step)) {
        enum outcome outcome = outcome_by_name(step.name);
        if (outcome < OUTCOME_COUNT)
            read_group(&endings->of[outcome], place, step.value);
    }
}

/* --- gaps --- */

static uint32_t read_gap_rows(struct endings_gap *gaps, uint32_t most, struct saved_place *place,
                              const struct json_t *rows) {
    if (is_long(place, rows, most))
        return 0;
    uint32_t count = (uint32_t)saved_value_size(rows), v[ROW_MAX] = {0};
    enum { END = 5, LATE };
    for (uint32_t i = 0; i < count; i++) {
        if (!read_row(place, saved_value_at(rows, i), LATE + 1, v))
            return 0;
        if (v[END] > ENDINGS_GAP_LIVE || v[LATE] > UINT16_MAX) {
            saved_place_refuse(place, "\"endings\": an end and a lateness are accepted");
            return 0;
        }
        gaps[i] =
            (struct endings_gap){v[0], v[1], v[2], v[3], v[4], (uint16_t)v[END], (uint16_t)v[LATE]};
    }
    return count;
}

static void read_gaps(struct endings_gaps *gaps, struct saved_place *place,
                      const struct json_t *from) {
    gaps->count = (uint64_t)saved_value_whole_if(place, from, "count", count_max, 0);
    gaps->kept = read_gap_rows(gaps->sample, ENDINGS_GAPS, place,
                               saved_value_array_if(place, from, "sample"));
    gaps->longest_kept = read_gap_rows(gaps->longest, ENDINGS_LONGEST, place,
                                       saved_value_array_if(place, from, "longest"));
}

/* --- ages --- */

static void read_ages_of(struct ages *ages, int kind, struct saved_place *place,
                         const struct json_t *rows) {
    uint32_t v[ROW_MAX] = {0};
    for (size_t i = 0; i < saved_value_size(rows) && i < AGES_COUNTS; i++) {
        if (!read_row(place, saved_value_at(rows, i), 2, v))
            return;
        if (v[0] >= AGES_COUNTS) {
            saved_place_refuse(place, "\"endings\": %d ages are accepted", AGES_COUNTS);
            return;
        }
        ages->counts[kind][v[0]] += v[1];
        ages->total[kind] += v[1];
    }
}

static void read_ages(struct ages *ages, struct saved_place *place, const struct json_t *kinds) {
    ages_clear(ages);
    for (int kind = 0; kind < AGES_KINDS; kind++)
        read_ages_of(ages, kind, place, saved_value_at(kinds, (size_t)kind));
}

/* --- all of them --- */

static void read_survived(struct endings_survived *survived, struct saved_place *place,
                          const struct json_t *from) {
    const struct {
        const char *name;
        uint32_t *value;
    } rows[] = {{"idle_ms", &survived->idle_ms},
                {"age_ms", &survived->age_ms},
                {"asked_idle_ms", &survived->asked_idle_ms},
                {"kept_age_ms", &survived->kept_age_ms},
                {"kept_answers", &survived->kept_answers},
                {"past_age_ms", &survived->past_age_ms},
                {"past_answers", &survived->past_answers}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *rows[i].value = (uint32_t)saved_value_whole_if(place, from, rows[i].name, UINT32_MAX, 0);
    survived->kept_moment_ns = saved_value_whole_if(place, from, "kept_moment_ns", moment_max, 0);
    survived->past_moment_ns = saved_value_whole_if(place, from, "past_moment_ns", moment_max, 0);
}

bool saved_endings(struct record *record, struct saved_place *place,
                   const struct json_t *document) {
    const struct json_t *from = saved_value_object_if(place, document, "endings");
    struct endings *endings = &record->total.endings;
    if (from == NULL)
        return !place->failed;
    const char *lag = saved_value_text_if(place, from, "lag");
    record->total.counts.first_attempt_ns =
        saved_value_whole_if(place, from, "first_attempt_ns", moment_max, 0);
    read_groups(endings, place, saved_value_object_if(place, from, "groups"));
    read_survived(&endings->survived, place, saved_value_object_if(place, from, "survived"));
    read_gaps(&endings->gaps, place, saved_value_object_if(place, from, "gaps"));
    read_ages(&endings->ages, place, saved_value_array_if(place, from, "ages"));
    if (lag != NULL && !place->failed && !hdr_decode(&record->total.lag, lag)) {
        histogram_clear(&record->total.lag);
        saved_place_refuse(place, "\"endings\": \"lag\": a histogram is accepted");
    }
    record->endings_kept = !place->failed;
    return !place->failed;
}
