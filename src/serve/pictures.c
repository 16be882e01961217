/* A run is read back as `holdfast report` does it, and drawn. */
#include "serve/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "report/export/json_comparison.h"
#include "report/export/prometheus.h"
#include "report/html/picture.h"
#include "report/saved/saved.h"
#include "run/self.h"

static struct saved *read_run(const struct folder *folder, const struct run_id *id) {
    char error[SAVED_ERROR_MAX];
    int run_fd = folder_open_run(folder, id);
    if (run_fd < 0)
        return NULL;
    FILE *in = folder_stream(run_fd, FOLDER_JSON);
    if (in == NULL)
        in = folder_stream(run_fd, FOLDER_TIMELINE);
    close(run_fd);
    struct saved *saved = in != NULL ? saved_read(in, "run", error) : NULL;
    if (in != NULL)
        fclose(in);
    return saved;
}

/* Of the latest second that there is one of. */
static double latest_lag(const struct timeline *timeline) {
    struct timeline_sample last;
    if (timeline_unfinished(timeline, &last))
        return last.loop_lag_seconds;
    return timeline->count > 0 ? timeline->samples[timeline->count - 1].loop_lag_seconds
                               : (double)NAN;
}

static void write_metrics(FILE *out, const struct saved *saved) {
    const struct record *record = saved->record;
    struct prometheus_scrape scrape = {.plan = &saved->plan,
                                       .record = record,
                                       .total = &record->total,
                                       .loop_lag_seconds = latest_lag(&record->timeline),
                                       .cpu_seconds =
                                           record->cpu_user_seconds + record->cpu_system_seconds,
                                       .certificate_expiry = saved->judgement.target.tls.not_after,
                                       .self = self_measure()};
    prometheus_write(out, EXPOSITION_PROMETHEUS, &scrape);
}

static void draw(FILE *out, const struct saved *saved, enum picture_what what, unsigned width) {
    switch (what) {
    case PICTURE_CHARTS:
        (void)picture_of_run(out, &saved->plan, saved->record, &saved->judgement, (int)width);
        break;
    case PICTURE_TIMES: (void)picture_of_times(out, saved->record, (int)width); break;
    case PICTURE_METRICS: write_metrics(out, saved); break;
    }
}

char *picture_draw(const struct folder *folder, const struct run_id *id, enum picture_what what,
                   unsigned width, size_t *length) {
    struct saved *saved = read_run(folder, id);
    struct memory_stream stream;
    char *text = NULL;
    if (saved != NULL && saved->record != NULL && memory_stream_open(&stream)) {
        draw(stream.out, saved, what, width);
        if (memory_stream_close(&stream)) {
            text = stream.text;
            *length = stream.length;
        }
    }
    if (saved != NULL)
        saved_free(saved);
    return text;
}

static struct report_comparison_side side_of(const struct saved *saved, const struct run_id *id) {
    return (struct report_comparison_side){id->text,
                                           {&saved->plan, saved->record, &saved->judgement}};
}

static bool write_comparison(FILE *out, const struct report_comparison_side *a,
                             const struct report_comparison_side *b) {
    static const struct compare_tolerances defaults;
    struct compare_result *comparison = malloc(sizeof *comparison);
    if (comparison == NULL)
        return false;
    judge_compare(comparison, &a->run, &b->run, &defaults);
    bool written = report_comparison_json(out, comparison, a, b) == 0;
    free(comparison);
    return written;
}

char *picture_comparison(const struct folder *folder, const struct run_id *baseline,
                         const struct run_id *id, size_t *length) {
    struct saved *a = read_run(folder, baseline), *b = read_run(folder, id);
    struct memory_stream stream;
    char *text = NULL;
    if (a != NULL && b != NULL && memory_stream_open(&stream)) {
        struct report_comparison_side of_a = side_of(a, baseline), of_b = side_of(b, id);
        bool written = write_comparison(stream.out, &of_a, &of_b);
        if (memory_stream_close(&stream)) {
            text = stream.text;
            *length = stream.length;
        }
        if (!written) {
            free(text);
            text = NULL;
        }
    }
    saved_free(a);
    saved_free(b);
    return text;
}

char *picture_metrics_alone(size_t *length) {
    struct prometheus_process self = self_measure();
    struct memory_stream stream;
    if (!memory_stream_open(&stream))
        return NULL;
    prometheus_write_self(stream.out, EXPOSITION_PROMETHEUS, &self);
    if (!memory_stream_close(&stream))
        return NULL;
    *length = stream.length;
    return stream.text;
}
