/* A run is read back as `holdfast report` does it, and drawn. */
#include "serve/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory_stream.h"
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

static void write_metrics(FILE *out, const struct saved *saved) {
    struct prometheus_scrape scrape = {.plan = &saved->plan,
                                       .record = saved->record,
                                       .total = &saved->record->total,
                                       .loop_lag_seconds = NAN,
                                       .cpu_seconds = NAN,
                                       .without_histograms = saved->kind == SAVED_TIMELINE,
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
