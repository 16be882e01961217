/* The HTML report's charts over time: the same axis for all of them. */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory_stream.h"
#include "base/text.h"
#include "report/format/format.h"
#include "report/format/mark_text.h"
#include "report/html/chart.h"
#include "report/html/page.h"

/* A row of the timeline: what it is, and where its least and greatest stand. */
struct chart_row {
    const char *name;
    enum {
        ROW_LIVE,
        ROW_CLOSED,
        ROW_ERRORED,
        ROW_CLIENT,
        ROW_SERVER,
        ROW_P50,
        ROW_P99,
        ROW_MAX,
        ROW_CPU,
        ROW_DESCRIPTORS,
        ROW_LAG,
        ROW_STATUS /* answers a second of a class */
    } what;
    enum statuses_class class;
};

static struct chart_point between(const struct timeline_sample *sample, double low, double middle,
                                  double high) {
    return (struct chart_point){sample->t, low, middle, high};
}

static struct chart_point exactly(const struct timeline_sample *sample, double value) {
    return (struct chart_point){sample->t, value, value, value};
}

/* Older reports have no mean. */
static struct chart_point percentile(const struct timeline_sample *sample, double low, double mean,
                                     double high) {
    return between(sample, low, isnan(mean) ? high : mean, high);
}

/* Series of which merged samples keep the greatest. */
static bool is_peak(const struct chart_row *row) {
    return row->what == ROW_MAX || row->what == ROW_DESCRIPTORS || row->what == ROW_LAG;
}

/* The row of the others has 3xx too. */
static double answers_of(const struct chart_row *row, const struct timeline_sample *sample) {
    bool others = row->class == STATUS_CLASS_OTHER;
    return sample->statuses[row->class] + (others ? sample->statuses[STATUS_CLASS_3XX] : 0);
}

/* Over much less than a second a rate says nothing: as the client's own, it is then of a longer
 * time, or was not measured. */
static const double RATE_SECONDS = 0.5;

/* Answers a second since an earlier sample; before the first there was none. */
static struct chart_point status_point(const struct chart_row *row, const struct timeline_sample *s,
                                       const struct timeline_sample *former) {
    double since = former != NULL ? former->t : 0;
    double more = answers_of(row, s) - (former != NULL ? answers_of(row, former) : 0);
    bool measured = !isnan(s->client_per_second) && s->t - since >= RATE_SECONDS && more >= 0;
    return exactly(s, measured ? more / (s->t - since) : (double)NAN);
}

/* The latest of the first `count` samples that is long enough before t; NULL: none. */
static const struct timeline_sample *sample_before(const struct timeline *timeline, size_t count,
                                                   double t) {
    while (count > 0 && t - timeline->samples[count - 1].t < RATE_SECONDS)
        count--;
    return count > 0 ? &timeline->samples[count - 1] : NULL;
}

static struct chart_point point_of(const struct chart_row *row, const struct timeline_sample *s,
                                   const struct timeline_extremes *e,
                                   const struct timeline_sample *former) {
    switch (row->what) {
    case ROW_LIVE: return between(s, (double)e->live_min, (double)s->live, (double)e->live_max);
    case ROW_CLOSED: return exactly(s, (double)s->closed);
    case ROW_ERRORED: return exactly(s, (double)s->errored);
    case ROW_CLIENT: return between(s, e->client_min, s->client_per_second, e->client_max);
    case ROW_SERVER: return between(s, e->server_min, s->server_per_second, e->server_max);
    case ROW_P50: return percentile(s, e->p50_min, e->p50_mean, s->p50_seconds);
    case ROW_P99: return percentile(s, e->p99_min, e->p99_mean, s->p99_seconds);
    case ROW_MAX: return exactly(s, s->max_seconds);
    case ROW_CPU: return between(s, e->cpu_min, s->cpu_percent, e->cpu_max);
    case ROW_DESCRIPTORS: return exactly(s, s->descriptors);
    case ROW_STATUS: return status_point(row, s, former);
    case ROW_LAG: break;
    }
    return exactly(s, s->loop_lag_seconds);
}

/* A run begins with no connection: the line rises from there. What the first second's least is of
 * lies before it, and would be drawn as a dip behind it. */
static size_t begin_at_nothing(const struct timeline *timeline, const struct chart_row *row,
                               struct chart_point *points) {
    bool counts = row->what == ROW_LIVE || row->what == ROW_CLOSED || row->what == ROW_ERRORED;
    if (!counts || timeline->count == 0 || timeline->samples[0].t <= 0)
        return 0;
    points[0] = (struct chart_point){0, 0, 0, 0};
    return 1;
}

static void rise_to_first(const struct timeline *timeline, struct chart_point *first) {
    if (timeline->interval <= SECOND)
        first->low = first->middle;
}

/* All of the timeline as points of one row; NULL when there is no memory. */
static struct chart_point *points_of(const struct timeline *timeline, const struct chart_row *row,
                                     size_t *count) {
    struct chart_point *points = calloc(timeline->count + 2, sizeof *points);
    struct timeline_sample last;
    *count = points != NULL ? begin_at_nothing(timeline, row, points) : 0;
    bool rises = *count > 0;
    for (size_t i = 0; i < timeline->count && points != NULL; i++) {
        const struct timeline_sample *sample = &timeline->samples[i];
        points[(*count)++] =
            point_of(row, sample, &timeline->extremes[i], sample_before(timeline, i, sample->t));
    }
    if (rises)
        rise_to_first(timeline, &points[1]);
    if (points != NULL && timeline_unfinished(timeline, &last))
        points[(*count)++] = point_of(row, &last, &timeline->held_extremes,
                                      sample_before(timeline, timeline->count, last.t));
    return points;
}

/* The least and the greatest of all; NAN when nothing was measured. */
struct span_of {
    double low, high;
};

static struct span_of span_of(const struct chart_series *series) {
    struct span_of span = {NAN, NAN};
    for (size_t i = 0; i < series->count; i++) {
        span.low = fmin(span.low, series->points[i].low);
        span.high = fmax(span.high, series->points[i].high);
    }
    return span;
}

/* How a chart of the run is to be: its rows, and the words for their values. */
struct drawing {
    const char *title, *unit;
    bool small, log;
    enum axis_unit axis;
    struct format_text (*text_of)(double value);
    size_t count;
    struct chart_row rows[CHART_SERIES_MAX];
};

static struct format_text whole_text(double value) {
    return format_count((uint64_t)llround(value));
}

/* "0 to 9 997"; "not measured". */
static void note_range(struct chart_series *series, const struct drawing *drawing) {
    struct span_of span = span_of(series);
    if (isnan(span.high))
        snprintf(series->note, sizeof series->note, "not measured");
    else if (span.low < span.high)
        snprintf(series->note, sizeof series->note, "%.40s to %.40s",
                 drawing->text_of(span.low).text, drawing->text_of(span.high).text);
    else
        snprintf(series->note, sizeof series->note, "%.40s", drawing->text_of(span.high).text);
}

static void scale(struct chart *chart, const struct drawing *drawing) {
    double low = NAN, high = NAN;
    for (size_t i = 0; i < chart->series_count; i++) {
        struct span_of span = span_of(&chart->series[i]);
        low = fmin(low, span.low);
        high = fmax(high, span.high);
    }
    if (!drawing->log)
        chart->y = axis_linear(high, drawing->axis);
    else
        chart->y = low > 0 ? axis_log(low, high) : axis_log(1e-6, isnan(high) ? 1e-3 : high + 1e-6);
}

/* Puts a chart that is made where it belongs. */
struct chart_place {
    int width; /* of one SVG; 0: a figure of the page */
    int top;   /* moved on by each */
};

static int draw(const struct html_page *page, struct chart *chart, const struct drawing *drawing,
                struct chart_place *place) {
    const struct timeline *timeline = &page->record->timeline;
    int error = 0;
    chart->title = drawing->title;
    chart->unit = drawing->unit;
    chart->small = drawing->small;
    chart->y_text = drawing->text_of;
    chart->series_count = drawing->count;
    for (size_t i = 0; i < drawing->count; i++) {
        struct chart_series *series = &chart->series[i];
        series->name = drawing->rows[i].name;
        series->peak = is_peak(&drawing->rows[i]);
        series->points = points_of(timeline, &drawing->rows[i], &series->count);
        if (series->points == NULL)
            error = -ENOMEM;
        else
            note_range(series, drawing);
    }
    if (error == 0) {
        scale(chart, drawing);
        if (place->width > 0)
            place->top += chart_draw_svg(page->out, chart, place->top, place->width);
        else
            chart_draw(page->out, chart);
    }
    for (size_t i = 0; i < drawing->count; i++)
        free(chart->series[i].points);
    return error;
}

static const struct drawing drawings[] = {
    {.title = "Connections",
     .unit = "at each moment; closed and errored add up",
     .axis = AXIS_COUNT,
     .text_of = whole_text,
     .count = 3,
     .rows = {{.name = "live", .what = ROW_LIVE},
              {.name = "closed", .what = ROW_CLOSED},
              {.name = "errored", .what = ROW_ERRORED}}},
    {.title = "Requests",
     .unit = "a second: answers that the client had, requests that the server counted",
     .axis = AXIS_COUNT,
     .text_of = format_rate,
     .count = 2,
     .rows = {{.name = "client", .what = ROW_CLIENT}, {.name = "server", .what = ROW_SERVER}}},
    {.title = "Statuses",
     .unit = "answers a second, by the class of their status",
     .axis = AXIS_COUNT,
     .text_of = format_rate,
     .count = 4,
     .rows = {{.name = "2xx", .what = ROW_STATUS, .class = STATUS_CLASS_2XX},
              {.name = "4xx", .what = ROW_STATUS, .class = STATUS_CLASS_4XX},
              {.name = "5xx", .what = ROW_STATUS, .class = STATUS_CLASS_5XX},
              {.name = "others", .what = ROW_STATUS, .class = STATUS_CLASS_OTHER}}},
    {.title = "Latency",
     .unit = "from due to the last byte, log scale",
     .log = true,
     .axis = AXIS_SECONDS,
     .text_of = format_seconds,
     .count = 3,
     .rows = {{.name = "p50", .what = ROW_P50},
              {.name = "p99", .what = ROW_P99},
              {.name = "max", .what = ROW_MAX}}},
    {.title = "Generator: CPU",
     .unit = "percent of one core, parent and workers",
     .small = true,
     .axis = AXIS_PERCENT,
     .text_of = format_percent,
     .count = 1,
     .rows = {{.name = "cpu", .what = ROW_CPU}}},
    {.title = "Generator: descriptors",
     .unit = "open in all workers",
     .small = true,
     .axis = AXIS_COUNT,
     .text_of = whole_text,
     .count = 1,
     .rows = {{.name = "descriptors", .what = ROW_DESCRIPTORS}}},
    {.title = "Generator: loop lag",
     .unit = "how late it ran what was due, p99",
     .small = true,
     .axis = AXIS_SECONDS,
     .text_of = format_seconds,
     .count = 1,
     .rows = {{.name = "lag", .what = ROW_LAG}}},
};

static void mark_moments(struct chart *chart, const struct marks *marks, double last) {
    static_assert(MARKS_MAX + 2 <= (int)CHART_MARKS_MAX, "all of them on every chart");
    for (size_t i = 0; i < marks->count; i++) {
        if (marks->items[i].t > last)
            continue;
        struct chart_mark *mark = &chart->marks[chart->mark_count++];
        *mark = (struct chart_mark){.x = marks->items[i].t, .number = (unsigned)i + 1};
        text_escape(mark->text, sizeof mark->text, marks->items[i].text);
    }
}

static void mark_phase(struct chart *chart, double began, const char *name) {
    struct chart_mark *mark = &chart->marks[chart->mark_count++];
    *mark = (struct chart_mark){.x = began};
    snprintf(mark->text, sizeof mark->text, "%s", name);
}

/* Where the hold began, and where it ended if there are samples after it, a second apart from those
 * before. */
static void mark_phases(struct chart *chart, const struct record *record, double last) {
    double ramp = record->ramp_seconds, end = ramp + record->hold_seconds;
    if (!(ramp <= last))
        return;
    mark_phase(chart, ramp, "hold");
    if (!record->cut_off && record->hold_seconds > 0 && end + 0.5 < last)
        mark_phase(chart, end, "freeze");
}

/* The axis goes as far as samples do. */
static void begin_chart(struct chart *chart, const struct record *record) {
    const struct timeline *timeline = &record->timeline;
    struct timeline_sample last;
    memset(chart, 0, sizeof *chart);
    if (!timeline_unfinished(timeline, &last))
        last = timeline->samples[timeline->count - 1];
    chart->x = axis_time(last.t);
    chart->x_title = "time since the start";
    chart->x_text = format_seconds;
    mark_phases(chart, record, last.t);
    mark_moments(chart, &record->marks, last.t);
}

/* Under the numbers that the charts have them. */
static void list_marks(const struct html_page *page, const struct marks *marks) {
    if (marks->count == 0)
        return;
    fputs("<ol class=\"moments\">\n", page->out);
    for (size_t i = 0; i < marks->count; i++) {
        const struct mark *mark = &marks->items[i];
        fputs("<li>", page->out);
        html_format(page, "at %s, %s: %s", format_seconds(mark->t).text, mark->text,
                    mark_text(mark).text);
        fputs("</li>\n", page->out);
    }
    fputs("</ol>\n", page->out);
}

static void explain_thinning(const struct html_page *page, const struct timeline *timeline) {
    bool known = timeline->interval > 0;
    fputs("<p class=\"soft\">", page->out);
    html_format(page,
                "%s samples%s%s; where several are drawn as one, the line is their mean (of max, "
                "descriptors and lag the greatest), and a band goes from the least to the "
                "greatest.",
                format_count(timeline->count).text, known ? ", one for each " : "",
                known ? format_duration(timeline->interval).text : "");
    fputs("</p>\n", page->out);
}

/* Older reports have no statuses over time. */
static bool has_rows(const struct drawing *drawing, const struct timeline *timeline) {
    const struct timeline_sample *first = timeline->count > 0 ? timeline->samples : &timeline->held;
    return drawing->rows[0].what != ROW_STATUS || !isnan(first->statuses[STATUS_CLASS_2XX]);
}

static bool has_samples(const struct timeline *timeline) {
    return timeline->count > 0 || timeline->pending > 0;
}

static int draw_all(const struct html_page *page, struct chart_place *place) {
    struct chart chart;
    int error = 0;
    for (size_t i = 0; i < sizeof drawings / sizeof drawings[0] && error == 0; i++) {
        if (!has_rows(&drawings[i], &page->record->timeline))
            continue;
        begin_chart(&chart, page->record);
        error = draw(page, &chart, &drawings[i], place);
    }
    return error;
}

int html_charts(const struct html_page *page) {
    const struct timeline *timeline = &page->record->timeline;
    struct chart_place place = {0, 0};
    fputs("<h2>Over time</h2>\n", page->out);
    if (!has_samples(timeline)) {
        fputs("<p>It was over before the first sample.</p>\n", page->out);
        return 0;
    }
    if (timeline->count > CHART_PLAIN_MAX)
        explain_thinning(page, timeline);
    list_marks(page, &page->record->marks);
    return draw_all(page, &place);
}

/* The height is known behind the last: its attributes stand in front, so charts go aside first. */
int html_charts_svg(const struct html_page *page, int width) {
    struct memory_stream aside;
    struct html_page parts = *page;
    struct chart_place place = {.width = width};
    if (!memory_stream_open(&aside))
        return -ENOMEM;
    parts.out = aside.out;
    int error = has_samples(&page->record->timeline) ? draw_all(&parts, &place) : 0;
    if (!memory_stream_close(&aside))
        return -ENOMEM;
    if (error == 0)
        chart_frame_svg(page->out, "Charts of the run over time", width, place.top, aside.text);
    free(aside.text);
    return error;
}
