/* Charts of SVG without script. The drawing is stretched to the width there is, with lines that
 * keep theirs; labels are text beside it and keep their size. */
#include "report/chart.h"

#include <math.h>

#include "report/markup.h"

enum { WIDTH = 1000, HEIGHT = 100 };

/* --- lines --- */

/* The pen: where it is, in units of the drawing. */
struct pen {
    FILE *out;
    const struct chart *chart;
    bool down;
    double y;
};

static void move_to(struct pen *pen, double x, double y) {
    double across = WIDTH * axis_place(&pen->chart->x, x);
    double up = HEIGHT * (1 - axis_place(&pen->chart->y, y));
    fprintf(pen->out, "%c%.5g %.4g", pen->down ? 'L' : 'M', across, up);
    if (!pen->down)
        fprintf(pen->out, "L%.5g %.4g", across, up); /* a point alone is a dot */
    pen->down = true;
    pen->y = y;
}

/* From least to greatest, beginning with what is nearer. */
static void draw_column(struct pen *pen, const struct chart_point *column) {
    if (isnan(column->low) || isnan(column->high)) {
        pen->down = false;
        return;
    }
    bool low_first = !pen->down || fabs(column->low - pen->y) <= fabs(column->high - pen->y);
    move_to(pen, column->x, low_first ? column->low : column->high);
    if (column->low < column->high)
        move_to(pen, column->x, low_first ? column->high : column->low);
}

/* fmin() and fmax() leave out what was not measured. */
static struct chart_point merge(const struct chart_point *points, size_t count) {
    struct chart_point merged = points[count - 1];
    for (size_t i = 0; i < count; i++) {
        merged.low = fmin(merged.low, points[i].low);
        merged.high = fmax(merged.high, points[i].high);
    }
    return merged;
}

static void draw_series(FILE *out, const struct chart *chart, size_t index) {
    const struct chart_series *series = &chart->series[index];
    size_t columns = CHART_POINTS_MAX / (2 * chart->series_count);
    size_t each = (series->count + columns - 1) / columns;
    struct pen pen = {.out = out, .chart = chart};
    fprintf(out, "<path class=\"line s%zu\" d=\"", index + 1);
    for (size_t i = 0; i < series->count; i += each) {
        size_t left = series->count - i;
        struct chart_point column = merge(&series->points[i], left < each ? left : each);
        if (series->steps && pen.down)
            move_to(&pen, column.x, pen.y);
        draw_column(&pen, &column);
    }
    fputs("\"/>", out);
}

/* --- what is around them --- */

static void draw_legend(FILE *out, const struct chart *chart) {
    fputs("<ul class=\"legend\">", out);
    for (size_t i = 0; i < chart->series_count; i++) {
        fprintf(out,
                "<li><svg class=\"key\" viewBox=\"0 0 28 8\" aria-hidden=\"true\"><path "
                "class=\"line s%zu\" "
                "d=\"M1 4L27 4\"/></svg><b>",
                i + 1);
        markup_text(out, chart->series[i].name);
        fputs("</b> ", out);
        markup_text(out, chart->series[i].note);
        fputs("</li>", out);
    }
    fputs("</ul>\n", out);
}

static void draw_grid(FILE *out, const struct chart *chart) {
    fputs("<path class=\"grid\" d=\"", out);
    for (size_t i = 0; i < chart->y.count; i++)
        fprintf(out, "M0 %.4gL%d %.4g", HEIGHT * (1 - chart->y.ticks[i].at), WIDTH,
                HEIGHT * (1 - chart->y.ticks[i].at));
    fputs("\"/>", out);
    if (chart->mark_count == 0)
        return;
    fputs("<path class=\"mark\" d=\"", out);
    for (size_t i = 0; i < chart->mark_count; i++) {
        double x = WIDTH * axis_place(&chart->x, chart->marks[i].x);
        fprintf(out, "M%.5g 0L%.5g %d", x, x, HEIGHT);
    }
    fputs("\"/>", out);
}

/* A label near the right edge stands to the left of its place. */
static void put_label(FILE *out, const char *class, double at, const char *label) {
    fprintf(out, "<span class=\"%s%s\" style=\"left:%.2f%%\">", class,
            at > 0.94   ? " end"
            : at < 0.04 ? " start"
                        : "",
            100 * at);
    markup_text(out, label);
    fputs("</span>", out);
}

static void draw_labels(FILE *out, const struct chart *chart) {
    fputs("<div class=\"ys\">", out);
    for (size_t i = 0; i < chart->y.count; i++) {
        fprintf(out, "<span style=\"bottom:%.2f%%\">", 100 * chart->y.ticks[i].at);
        markup_text(out, chart->y.ticks[i].label);
        fputs("</span>", out);
    }
    fputs("</div><div class=\"xs\">", out);
    for (size_t i = 0; i < chart->x.count; i++)
        put_label(out, "x", chart->x.ticks[i].at, chart->x.ticks[i].label);
    fputs("</div>", out);
}

static void draw_marks(FILE *out, const struct chart *chart) {
    for (size_t i = 0; i < chart->mark_count; i++)
        if (chart->marks[i].label[0] != '\0')
            put_label(out, "at", axis_place(&chart->x, chart->marks[i].x), chart->marks[i].label);
}

void chart_draw(FILE *out, const struct chart *chart) {
    fprintf(out, "<figure class=\"chart%s\">\n<figcaption><b>", chart->small ? " small" : "");
    markup_text(out, chart->title);
    fputs("</b> <span>", out);
    markup_text(out, chart->unit);
    fputs("</span></figcaption>\n", out);
    draw_legend(out, chart);
    fputs("<div class=\"frame\"><div class=\"plot\">", out);
    fprintf(out,
            "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"",
            WIDTH, HEIGHT);
    markup_text(out, chart->title);
    fputs("\">", out);
    draw_grid(out, chart);
    for (size_t i = 0; i < chart->series_count; i++)
        draw_series(out, chart, i);
    fputs("</svg>", out);
    draw_marks(out, chart);
    fputs("</div>", out);
    draw_labels(out, chart);
    fputs("</div>\n<p class=\"xt\">", out);
    markup_text(out, chart->x_title);
    fputs("</p>\n</figure>\n", out);
}
