/* The search for the capacity on the page: its answer, what it rests on, and its steps. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "judge/verdict/capacity.h"
#include "report/format/format.h"
#include "report/html/chart.h"
#include "report/html/page.h"
#include "report/terminal/capacity.h"

static void write_fact(void *with, const char *label, const char *text) {
    const struct html_page *page = with;
    fputs("<tr>", page->out);
    html_cell(page, "k soft", NULL, label);
    html_cell(page, "v", NULL, text);
    fputs("</tr>\n", page->out);
}

/* --- steps --- */

static void write_step(const struct html_page *page, const struct capacity_step *step) {
    static const struct {
        const char *class, *text;
    } results[] = {[CAPACITY_HELD] = {"k good", "✓ held"},
                   [CAPACITY_BROKE] = {"k bad", "✗ broke"},
                   [CAPACITY_GONE] = {"k warn", "! target gone"},
                   [CAPACITY_CUT] = {"k soft", "– cut short"}};
    char cause[640] = "";
    const uint64_t counts[] = {step->opened, step->live, step->lost, step->errored};
    static const char *const names[] = {"opened", "live", "lost", "errored"};
    fputs("<tr>", page->out);
    html_cell(page, "n", "asked", format_count(step->connections).text);
    html_cell(page, results[step->result].class, NULL, results[step->result].text);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        html_cell(page, "n", names[i], step->ran ? format_count(counts[i]).text : "–");
    html_cell(page, "n", "p99", step->ran ? format_seconds(step->p99_seconds).text : "–");
    html_cell(page, "k", "answered", capacity_step_answers(step).text);
    if (step->cause.known)
        snprintf(cause, sizeof cause, "%s: %s: %s", outcome_side_name(step->cause.side),
                 step->cause.code, step->cause.text);
    html_cell(page, "v", NULL, cause);
    fputs("</tr>\n", page->out);
}

static void write_steps(const struct html_page *page, const struct capacity *capacity) {
    fputs("<h3>Steps, in their order</h3>\n<div class=\"wide\"><table class=\"stack\">\n<tr>"
          "<th class=\"n\">asked</th><th>result</th><th class=\"n\">opened</th>"
          "<th class=\"n\">live</th><th class=\"n\">lost</th><th class=\"n\">errored</th>"
          "<th class=\"n\">p99</th><th>answered</th><th class=\"v\">cause</th></tr>\n",
          page->out);
    for (size_t i = 0; i < capacity->count; i++)
        write_step(page, &capacity->steps[i]);
    fputs("</table></div>\n", page->out);
}

/* --- their chart --- */

static int by_place(const void *a, const void *b) {
    double left = ((const struct chart_point *)a)->x, right = ((const struct chart_point *)b)->x;
    return (left > right) - (left < right);
}

/* Steps of one number are one point, from the least to the greatest that stayed. */
static size_t join_equal(struct chart_point *points, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct chart_point *last = kept > 0 ? &points[kept - 1] : NULL;
        if (last == NULL || last->x < points[i].x) {
            points[kept++] = points[i];
            continue;
        }
        last->low = fmin(last->low, points[i].low);
        last->high = last->middle = fmax(last->high, points[i].high);
    }
    return kept;
}

static size_t points_of(const struct capacity *capacity, struct chart_point *live) {
    size_t count = 0;
    for (size_t i = 0; i < capacity->count; i++) {
        const struct capacity_step *step = &capacity->steps[i];
        double stayed = (double)step->live;
        if (step->ran)
            live[count++] = (struct chart_point){step->connections, stayed, stayed, stayed};
    }
    qsort(live, count, sizeof *live, by_place);
    return join_equal(live, count);
}

static struct format_text whole_text(double value) {
    return format_count((uint64_t)llround(value));
}

static void fill_chart(struct chart *chart, const struct capacity *capacity,
                       struct chart_point *live, size_t count) {
    struct chart_point *asked = live + capacity->count;
    for (size_t i = 0; i < count; i++)
        asked[i] = (struct chart_point){live[i].x, live[i].x, live[i].x, live[i].x};
    chart->series[0] = (struct chart_series){.name = "live", .points = live, .count = count};
    chart->series[1] = (struct chart_series){.name = "asked", .points = asked, .count = count};
    chart->x = axis_linear(live[count - 1].x, AXIS_COUNT);
    chart->y = chart->x;
    if (capacity->answer > 0) {
        chart->mark_count = 1;
        chart->marks[0] = (struct chart_mark){.x = (double)capacity->answer, .text = "held"};
    }
}

static int draw_chart(const struct html_page *page, const struct capacity *capacity) {
    struct chart chart = {.title = "Connections of each step",
                          .unit = "live at its end, of those asked for",
                          .x_title = "connections asked for",
                          .x_text = whole_text,
                          .y_text = whole_text,
                          .series_count = 2};
    struct chart_point *points = calloc(2 * capacity->count + 1, sizeof *points);
    if (points == NULL)
        return -ENOMEM;
    size_t count = points_of(capacity, points);
    if (count > 0) {
        fill_chart(&chart, capacity, points, count);
        chart_draw(page->out, &chart);
    }
    free(points);
    return 0;
}

int html_capacity(const struct html_page *page) {
    const struct capacity *capacity = page->judgement->capacity;
    fputs("<h2>The search</h2>\n<table>\n", page->out);
    capacity_facts(page->plan, page->judgement, write_fact, (void *)(uintptr_t)page);
    fputs("</table>\n", page->out);
    int error = draw_chart(page, capacity);
    write_steps(page, capacity);
    fputs("<h2>The step of ", page->out);
    html_format(page, "%s", format_count(page->plan->connections).text);
    fputs("</h2>\n", page->out);
    return error;
}
