/* The HTML report's two curves: how long connections lived, and how latencies are spread. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "report/format/format.h"
#include "report/html/chart.h"
#include "report/html/page.h"

/* --- survival --- */

/* A step for each point, and on to the oldest age seen. NULL when there is no memory. */
static struct chart_point *steps_of(const struct survival *survival, size_t *count) {
    struct chart_point *points = calloc(survival->count + 2u, sizeof *points);
    double surviving = 100;
    *count = 0;
    if (points == NULL)
        return NULL;
    points[(*count)++] = (struct chart_point){0, surviving, surviving, surviving};
    for (uint32_t i = 0; i < survival->count; i++) {
        surviving = 100 * survival->points[i].surviving;
        points[(*count)++] =
            (struct chart_point){survival->points[i].age_ms / 1e3, surviving, surviving, surviving};
    }
    points[(*count)++] =
        (struct chart_point){survival->oldest_ms / 1e3, surviving, surviving, surviving};
    return points;
}

/* Spikes: endings of one outcome whose cause was found, at the age of the one in the middle. */
static void mark_spikes(struct chart *chart, const struct closings *closings) {
    for (size_t i = 0; i < closings->count && chart->mark_count < CHART_MARKS_MAX; i++) {
        const struct closing *closing = &closings->items[i];
        if (closing->sampled < CLOSING_MIN)
            continue;
        struct chart_mark *mark = &chart->marks[chart->mark_count++];
        *mark = (struct chart_mark){.x = closing->age_ms.middle / 1e3,
                                    .number = (unsigned)chart->mark_count};
    }
}

static struct format_text age_words(uint32_t age_ms) {
    return format_duration((duration)age_ms * MILLISECOND);
}

static void write_spikes(const struct html_page *page) {
    const struct closings *closings = &page->judgement->closings;
    size_t written = 0;
    for (size_t i = 0; i < closings->count && written < CHART_MARKS_MAX; i++) {
        const struct closing *closing = &closings->items[i];
        if (closing->sampled < CLOSING_MIN)
            continue;
        fputs(written++ == 0 ? "<ol class=\"spikes\">\n<li>" : "<li>", page->out);
        html_format(page, "%s %s at ages from %s to %s, half of them up to %s",
                    format_count(closing->count).text, outcome_name(closing->outcome),
                    age_words(closing->age_ms.least).text, age_words(closing->age_ms.greatest).text,
                    age_words(closing->age_ms.middle).text);
        if (closing->dimension != CLOSING_UNKNOWN)
            html_format(page, ": %s", closing->text);
        fputs("</li>\n", page->out);
    }
    if (written > 0)
        fputs("</ol>\n", page->out);
}

static int draw_survival(const struct html_page *page, const struct survival *survival) {
    struct chart chart = {.title = "Still open",
                          .unit = "percent of connections that reached an age (Kaplan and Meier's "
                                  "estimate)",
                          .x_title = "age of the connection",
                          .x_text = format_seconds,
                          .y_text = format_percent,
                          .x = axis_time(survival->oldest_ms / 1e3),
                          .y = axis_linear(100, AXIS_PERCENT),
                          .series_count = 1};
    struct chart_series *series = &chart.series[0];
    series->name = "open";
    series->steps = true;
    series->points = steps_of(survival, &series->count);
    if (series->points == NULL)
        return -ENOMEM;
    double last = survival->count > 0 ? survival->points[survival->count - 1].surviving : 1;
    snprintf(series->note, sizeof series->note, "%.40s at %.40s", format_percent(100 * last).text,
             age_words(survival->oldest_ms).text);
    mark_spikes(&chart, &page->judgement->closings);
    chart_draw(page->out, &chart);
    free(series->points);
    return 0;
}

int html_survival(const struct html_page *page) {
    const struct survival *survival = &page->judgement->survival;
    const struct tally_counts *counts = &page->record->total.counts;
    int error = 0;
    fputs("<h2>Survival</h2>\n<p>", page->out);
    if (survival->measured)
        html_format(page,
                    "Of %s connections %s ended. The others count up to the age at which they were "
                    "last seen open.",
                    format_count(survival->connections).text,
                    format_count(survival->connections - survival->censored).text);
    else if (counts->lost == 0)
        html_format(page, "Of %s connections none ended.", format_count(counts->opened).text);
    else
        fputs("Not measured: the ages of those that were open last are not known.", page->out);
    fputs("</p>\n", page->out);
    if (survival->measured)
        error = draw_survival(page, survival);
    write_spikes(page);
    return error;
}

/* --- the spectrum of percentiles --- */

enum { LEVELS_PER_HALVING = 10, LEVELS_MAX = 400 };

/* From the least on, levels ever closer to all, until less than one value is left. */
static size_t levels_of(const struct histogram *histogram, struct chart_point *points) {
    size_t count = 0;
    for (double left = 1; left * (double)histogram->count >= 1 && count < LEVELS_MAX;
         left *= exp2(-1.0 / LEVELS_PER_HALVING)) {
        double value = duration_seconds(histogram_percentile(histogram, 1 - left));
        points[count++] = (struct chart_point){1 - left, value, value, value};
    }
    return count;
}

/* Of a saved run whose histograms were not kept. */
static size_t levels_of_figures(struct figures figures, struct chart_point *points) {
    const struct {
        double level, value;
    } known[] = {{0, figures.min},    {0.5, figures.p50},  {0.9, figures.p90},
                 {0.95, figures.p95}, {0.99, figures.p99}, {0.999, figures.p999}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if ((1 - known[i].level) * (double)figures.count >= 1)
            points[count++] = (struct chart_point){known[i].level, known[i].value, known[i].value,
                                                   known[i].value};
    return count;
}

static bool add_distribution(struct chart *chart, const struct record *record,
                             enum tally_distribution distribution, const char *name) {
    const struct histogram *histogram = record_histogram(record, distribution);
    struct figures figures = record_figures(record, distribution);
    struct chart_series *series = &chart->series[chart->series_count++];
    series->name = name;
    series->points = calloc(LEVELS_MAX, sizeof *series->points);
    if (series->points == NULL)
        return false;
    series->count = histogram != NULL ? levels_of(histogram, series->points)
                                      : levels_of_figures(figures, series->points);
    snprintf(series->note, sizeof series->note, "p50 %.20s, p99 %.20s, max %.20s",
             format_seconds(figures.p50).text, format_seconds(figures.p99).text,
             format_seconds(figures.max).text);
    return true;
}

static void scale_spectrum(struct chart *chart) {
    double low = NAN, high = NAN, farthest = 0;
    for (size_t i = 0; i < chart->series_count; i++) {
        const struct chart_series *series = &chart->series[i];
        for (size_t j = 0; j < series->count; j++) {
            low = fmin(low, series->points[j].low);
            high = fmax(high, series->points[j].high);
            farthest = fmax(farthest, series->points[j].x);
        }
    }
    chart->x = axis_tail(farthest);
    chart->y = axis_log(low > 0 ? low : 1e-6, high > 1e-6 ? high : 1e-5);
}

static struct format_text level_text(double level) {
    return format_percent(100 * level);
}

int html_spectrum(const struct html_page *page) {
    const struct record *record = page->record;
    struct chart chart = {.title = "Percentiles",
                          .unit = "of all answers, log scale",
                          .x_title = "part of answers that took no longer",
                          .x_text = level_text,
                          .y_text = format_seconds};
    fputs("<h2>Percentile spectrum</h2>\n", page->out);
    if (record_figures(record, DISTRIBUTION_LATENCY).count == 0) {
        fputs("<p>Not measured: there was no answer.</p>\n", page->out);
        return 0;
    }
    if (record_histogram(record, DISTRIBUTION_LATENCY) == NULL)
        fputs("<p>Drawn through the few percentiles that the file keeps.</p>\n", page->out);
    bool added = add_distribution(&chart, record, DISTRIBUTION_LATENCY, "latency, from due") &&
                 add_distribution(&chart, record, DISTRIBUTION_SERVICE, "service, from send");
    if (added) {
        scale_spectrum(&chart);
        chart_draw(page->out, &chart);
    }
    for (size_t i = 0; i < chart.series_count; i++)
        free(chart.series[i].points);
    return added ? 0 : -ENOMEM;
}
