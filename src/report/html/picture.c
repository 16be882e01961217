/* SVG that stands alone. */
#include "report/html/picture.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory_stream.h"
#include "report/format/format.h"
#include "report/format/report_file.h"
#include "report/html/chart.h"
#include "report/html/page.h"

int picture_of_run(FILE *out, const struct plan *plan, const struct record *record,
                   const struct judgement *judgement, int width) {
    struct html_page page = {out, plan, record, judgement};
    bool grouped_before = format_group_digits(true);
    int error = html_charts_svg(&page, width);
    format_group_digits(grouped_before);
    return error != 0 ? error : report_file_flush(out);
}

/* A point where a value begins and one where it ends; equal ones are a level line between. */
static size_t points_of(const struct histogram *times, struct chart_point *points) {
    size_t count = 0;
    uint64_t before = 0;
    for (size_t i = 0; i < HISTOGRAM_COUNTS; i++) {
        if (histogram_count_at(times, i) == 0)
            continue;
        double value = duration_seconds(histogram_value_at(times, i));
        points[count++] = (struct chart_point){(double)before + 1, value, value, value};
        before += histogram_count_at(times, i);
        if (histogram_count_at(times, i) > 1)
            points[count++] = (struct chart_point){(double)before, value, value, value};
    }
    return count;
}

static int draw_times(FILE *out, const struct histogram *times, int width) {
    struct memory_stream aside;
    struct chart chart = {.title = "Time of each request",
                          .unit = "from its send to the last byte of its answer",
                          .x_title = "requests, from the quickest to the slowest",
                          .series_count = 1};
    struct chart_series *series = &chart.series[0];
    series->name = "time";
    series->peak = true;
    series->points = calloc(2 * HISTOGRAM_COUNTS, sizeof *series->points);
    if (series->points == NULL || !memory_stream_open(&aside)) {
        free(series->points);
        return -ENOMEM;
    }
    series->count = points_of(times, series->points);
    snprintf(series->note, sizeof series->note, "%.30s to %.30s, %.40s requests",
             format_seconds(duration_seconds(times->min)).text,
             format_seconds(duration_seconds(times->max)).text, format_count(times->count).text);
    chart.x = axis_linear((double)times->count, AXIS_COUNT);
    chart.y = axis_linear(duration_seconds(times->max), AXIS_SECONDS);
    int height = chart_draw_svg(aside.out, &chart, 0, width);
    free(series->points);
    if (!memory_stream_close(&aside))
        return -ENOMEM;
    chart_frame_svg(out, chart.title, width, height, aside.text);
    free(aside.text);
    return report_file_flush(out);
}

int picture_of_times(FILE *out, const struct record *record, int width) {
    bool grouped_before = format_group_digits(true);
    int error = draw_times(out, &record->total.service, width);
    format_group_digits(grouped_before);
    return error;
}
