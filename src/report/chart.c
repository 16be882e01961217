/* Charts of SVG without script. The drawing is stretched to the width there is, with lines that
 * keep theirs; labels are text beside it and keep their size. */
#include "report/chart.h"

#include <math.h>

#include "report/markup.h"

enum { WIDTH = 1000, HEIGHT = 100 };

/* --- lines --- */

/* A column takes three points: of the line, and of the band's two edges. */
enum { POINTS_EACH = 3, COLUMNS_MAX = CHART_POINTS_MAX / POINTS_EACH };

static void put_point(FILE *out, const struct chart *chart, char command, double x, double y) {
    fprintf(out, "%c%.5g %.4g", command, WIDTH * axis_place(&chart->x, x),
            HEIGHT * (1 - axis_place(&chart->y, y)));
}

/* fmin() and fmax() leave out what was not measured. */
static struct chart_point merge(const struct chart_point *points, size_t count) {
    struct chart_point merged = points[count - 1];
    double sum = 0;
    size_t measured = 0;
    for (size_t i = 0; i < count; i++) {
        merged.low = fmin(merged.low, points[i].low);
        merged.high = fmax(merged.high, points[i].high);
        if (isnan(points[i].middle))
            continue;
        sum += points[i].middle;
        measured++;
    }
    merged.middle = measured > 0 ? sum / (double)measured : (double)NAN;
    return merged;
}

/* As few columns as may be drawn. Returns how many. */
static size_t thin(const struct chart *chart, const struct chart_series *series,
                   struct chart_point columns[COLUMNS_MAX]) {
    size_t most = COLUMNS_MAX / chart->series_count, count = 0;
    size_t each = (series->count + most - 1) / most;
    for (size_t i = 0; i < series->count; i += each) {
        size_t left = series->count - i;
        columns[count++] = merge(&series->points[i], left < each ? left : each);
    }
    return count;
}

/* How many of them follow one another without a gap; those of a gap itself when there is one first.
 */
static size_t run_of(const struct chart_point *columns, size_t count) {
    size_t length = 0;
    while (length < count && !isnan(columns[length].middle))
        length++;
    return length;
}

/* A point alone is a dot. */
static void draw_line(FILE *out, const struct chart *chart, const struct chart_series *series,
                      const struct chart_point *columns, size_t count) {
    put_point(out, chart, 'M', columns[0].x, columns[0].middle);
    if (count == 1)
        put_point(out, chart, 'L', columns[0].x, columns[0].middle);
    for (size_t i = 1; i < count; i++) {
        if (series->steps)
            put_point(out, chart, 'L', columns[i].x, columns[i - 1].middle);
        put_point(out, chart, 'L', columns[i].x, columns[i].middle);
    }
}

static void draw_band(FILE *out, const struct chart *chart, const struct chart_point *columns,
                      size_t count) {
    for (size_t i = 0; i < count; i++)
        put_point(out, chart, i == 0 ? 'M' : 'L', columns[i].x, columns[i].high);
    for (size_t i = count; i > 0; i--)
        put_point(out, chart, 'L', columns[i - 1].x, columns[i - 1].low);
    fputc('Z', out);
}

static bool has_band(const struct chart_point *columns, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (columns[i].low < columns[i].high)
            return true;
    return false;
}

static void draw_series(FILE *out, const struct chart *chart, size_t index) {
    const struct chart_series *series = &chart->series[index];
    struct chart_point columns[COLUMNS_MAX];
    size_t count = thin(chart, series, columns), run;
    if (!series->steps && has_band(columns, count)) {
        fprintf(out, "<path class=\"band b%zu\" d=\"", index + 1);
        for (size_t i = 0; i<count; i += run> 0 ? run : 1)
            if ((run = run_of(&columns[i], count - i)) > 0)
                draw_band(out, chart, &columns[i], run);
        fputs("\"/>", out);
    }
    fprintf(out, "<path class=\"line s%zu\" d=\"", index + 1);
    for (size_t i = 0; i<count; i += run> 0 ? run : 1)
        if ((run = run_of(&columns[i], count - i)) > 0)
            draw_line(out, chart, series, &columns[i], run);
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
static void put_label(FILE *out, const char *class, double at, double edge, const char *label) {
    fprintf(out, "<span class=\"%s%s\" style=\"left:%.2f%%\">", class,
            at > edge   ? " end"
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
        put_label(out, "x", chart->x.ticks[i].at, 0.92, chart->x.ticks[i].label);
    fputs("</div>", out);
}

static void draw_marks(FILE *out, const struct chart *chart) {
    for (size_t i = 0; i < chart->mark_count; i++)
        if (chart->marks[i].label[0] != '\0')
            put_label(out, "at", axis_place(&chart->x, chart->marks[i].x), 0.8,
                      chart->marks[i].label);
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
