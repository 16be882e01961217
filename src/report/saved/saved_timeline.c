/* The timeline of a JSON report, read back: rows of one length, a sample in each column. */
#include <math.h>

#include "report/format/series.h"
#include "report/saved/saved_parts.h"

/* The last sample may be of an interval that was not over: it is held, as it was. */
enum { SAMPLES_MAX = TIMELINE_MAX + 1 };

static void read_value(const struct series *series, struct saved_place *place,
                       const struct json_t *value, struct timeline_sample *sample,
                       struct timeline_extremes *extremes) {
    void *to = series_place(series, sample, extremes);
    if (series->whole)
        *(uint64_t *)to = saved_value_to_count(place, value, series->name);
    else
        *(double *)to = saved_value_is_null(value) ? (double)NAN
                                                   : saved_value_number(place, value, series->name);
}

static void begin_held(struct timeline *timeline) {
    timeline->stride = 2;
    timeline->pending = 1;
}

static uint32_t hold_rate(double *rate) {
    if (!isnan(*rate))
        return 1;
    *rate = 0;
    return 0;
}

/* Rates that are held are sums of what was measured. */
static void end_held(struct timeline *timeline) {
    timeline->held_client = hold_rate(&timeline->held.client_per_second);
    timeline->held_server = hold_rate(&timeline->held.server_per_second);
    timeline->held_cpu = hold_rate(&timeline->held.cpu_percent);
    timeline->held_p50 = isnan(timeline->held_extremes.p50_mean) ? 0U : 1U;
    timeline->held_p99 = isnan(timeline->held_extremes.p99_mean) ? 0U : 1U;
}

/* Series that an older version did not write are not measured. */
static void read_series(struct timeline *timeline, const struct series *series,
                        struct saved_place *place, const struct json_t *row, size_t count) {
    for (size_t i = 0; i < count && !place->failed; i++) {
        bool held = i == TIMELINE_MAX;
        struct timeline_sample *sample = held ? &timeline->held : &timeline->samples[i];
        struct timeline_extremes *extremes =
            held ? &timeline->held_extremes : &timeline->extremes[i];
        if (row != NULL)
            read_value(series, place, saved_value_at(row, i), sample, extremes);
        else if (!series->whole)
            *(double *)series_place(series, sample, extremes) = NAN;
    }
}

static bool check_times(const struct timeline *timeline, struct saved_place *place) {
    for (size_t i = 0; i < timeline->count; i++) {
        double t = timeline->samples[i].t;
        if (!(t <= SAVED_SECONDS_MAX) || (i > 0 && !(t > timeline->samples[i - 1].t)))
            return saved_place_refuse(place, "\"t\": seconds that grow are accepted");
    }
    return true;
}

bool saved_timeline(struct timeline *timeline, struct saved_place *place,
                    const struct json_t *document) {
    const struct json_t *from = saved_value_object(place, document, "timeline");
    size_t count = saved_value_size(saved_value_array_if(place, from, "t"));
    double interval = saved_value_seconds_if(place, from, "interval_seconds");
    if (count > SAMPLES_MAX)
        return saved_place_refuse(place, "\"timeline\": at most %d samples are accepted",
                                  SAMPLES_MAX);
    timeline->count = count < TIMELINE_MAX ? count : TIMELINE_MAX;
    timeline->interval = isfinite(interval) ? (duration)llround(interval * 1e9) : 0;
    if (count == SAMPLES_MAX)
        begin_held(timeline);
    for (const struct series *series = series_timeline; series->name != NULL; series++) {
        const struct json_t *row = saved_value_array_if(place, from, series->name);
        if (row != NULL && saved_value_size(row) != count)
            return saved_place_refuse(place, "\"timeline\": rows of one length are accepted");
        read_series(timeline, series, place, row, count);
    }
    if (count == SAMPLES_MAX)
        end_held(timeline);
    return !place->failed && check_times(timeline, place);
}
