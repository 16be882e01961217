/* Charts of SVG without script. The drawing is stretched to the width there is, with lines that
 * keep theirs; labels are text beside it and keep their size. */
#include "report/html/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/format/markup.h"
#include "report/html/page.h"

enum { WIDTH = 1000, HEIGHT = 100 };

/* --- lines --- */

enum { COLUMNS_MAX = CHART_POINTS_MAX / CHART_POINTS_EACH };

static void put_point(FILE *out, const struct chart *chart, char command, double x, double y) {
    fprintf(out, "%c%.5g %.4g", command, WIDTH * axis_place(&chart->x, x),
            HEIGHT * (1 - axis_place(&chart->y, y)));
}

/* fmin() and fmax() leave out what was not measured. */
static struct chart_point merge(const struct chart_point *points, size_t count, bool peak) {
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
    merged.middle = measured == 0 ? (double)NAN : peak ? merged.high : sum / (double)measured;
    return merged;
}

/* As few columns as may be drawn. Returns how many. */
static size_t thin(const struct chart *chart, const struct chart_series *series,
                   struct chart_point columns[COLUMNS_MAX]) {
    size_t most = COLUMNS_MAX / chart->series_count, count = 0;
    size_t each = (series->count + most - 1) / most;
    for (size_t i = 0; i < series->count; i += each) {
        size_t left = series->count - i;
        columns[count++] = merge(&series->points[i], left < each ? left : each, series->peak);
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

static void draw_line(FILE *out, const struct chart *chart, const struct chart_series *series,
                      const struct chart_point *columns, size_t count) {
    put_point(out, chart, 'M', columns[0].x, columns[0].middle);
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

static void draw_lines(FILE *out, const struct chart *chart, const struct chart_series *series,
                       const struct chart_point *columns, size_t count) {
    for (size_t i = 0, run; i<count; i += run> 0 ? run : 1)
        if ((run = run_of(&columns[i], count - i)) > 1)
            draw_line(out, chart, series, &columns[i], run);
}

static void draw_bands(FILE *out, const struct chart *chart, const struct chart_point *columns,
                       size_t count) {
    for (size_t i = 0, run; i<count; i += run> 0 ? run : 1)
        if ((run = run_of(&columns[i], count - i)) > 1)
            draw_band(out, chart, &columns[i], run);
}

/* A point alone is a dot, and a line from its least to its greatest. */
static void draw_dots(FILE *out, const struct chart *chart, const struct chart_point *columns,
                      size_t count, size_t index) {
    for (size_t i = 0, run; i<count; i += run> 0 ? run : 1) {
        if ((run = run_of(&columns[i], count - i)) != 1)
            continue;
        fprintf(out, "<path class=\"dot s%zu\" d=\"", index + 1);
        put_point(out, chart, 'M', columns[i].x, columns[i].middle);
        put_point(out, chart, 'L', columns[i].x, columns[i].middle);
        fputs("\"/>", out);
        if (!(columns[i].low < columns[i].high))
            continue;
        fprintf(out, "<path class=\"line s%zu\" d=\"", index + 1);
        put_point(out, chart, 'M', columns[i].x, columns[i].low);
        put_point(out, chart, 'L', columns[i].x, columns[i].high);
        fputs("\"/>", out);
    }
}

static void draw_series(FILE *out, const struct chart *chart, size_t index) {
    const struct chart_series *series = &chart->series[index];
    struct chart_point columns[COLUMNS_MAX];
    size_t count = thin(chart, series, columns);
    if (!series->steps && has_band(columns, count)) {
        fprintf(out, "<path class=\"band b%zu\" d=\"", index + 1);
        draw_bands(out, chart, columns, count);
        fputs("\"/>", out);
    }
    fprintf(out, "<path class=\"line s%zu\" d=\"", index + 1);
    draw_lines(out, chart, series, columns, count);
    fputs("\"/>", out);
    draw_dots(out, chart, columns, count, index);
}

/* --- values, which a browser shows where it is pointed at --- */

enum { HOVERS_MAX = 200 };

/* Bars from top to bottom, one for each point of the series that has most, or for neighbours. */
static const struct chart_series *longest_series(const struct chart *chart) {
    const struct chart_series *longest = &chart->series[0];
    for (size_t i = 1; i < chart->series_count; i++)
        if (chart->series[i].count > longest->count)
            longest = &chart->series[i];
    return longest;
}

/* Where the bar of a point begins: half-way from the one before, a step at its own place. */
static double hover_edge(const struct chart *chart, const struct chart_series *series,
                         size_t index) {
    if (index == 0 || index >= series->count)
        return index == 0 ? 0 : 1;
    double at = axis_place(&chart->x, series->points[index].x);
    return series->steps ? at : (axis_place(&chart->x, series->points[index - 1].x) + at) / 2;
}

static void put_value(FILE *out, const struct chart *chart, const struct chart_series *series,
                      const struct chart_point *point) {
    fputc('\n', out);
    markup_text(out, series->name);
    fputc(' ', out);
    if (isnan(point->middle)) {
        fputs("not measured", out);
        return;
    }
    markup_text(out, chart->y_text(point->middle).text);
    if (!(point->low < point->high))
        return;
    fputs(" (", out);
    markup_text(out, chart->y_text(point->low).text);
    fputs(" to ", out);
    markup_text(out, chart->y_text(point->high).text);
    fputc(')', out);
}

static void put_values(FILE *out, const struct chart *chart, size_t first, size_t each) {
    const struct chart_series *longest = longest_series(chart);
    size_t last = first + each < longest->count ? first + each - 1 : longest->count - 1;
    markup_text(out, chart->x_text(longest->points[first].x).text);
    if (last > first) {
        fputs(" to ", out);
        markup_text(out, chart->x_text(longest->points[last].x).text);
    }
    for (size_t i = 0; i < chart->series_count; i++) {
        const struct chart_series *series = &chart->series[i];
        if (first >= series->count)
            continue;
        size_t left = series->count - first;
        struct chart_point point =
            merge(&series->points[first], left < each ? left : each, series->peak);
        put_value(out, chart, series, &point);
    }
}

static void draw_hovers(FILE *out, const struct chart *chart) {
    const struct chart_series *longest = longest_series(chart);
    size_t each = (longest->count + HOVERS_MAX - 1) / HOVERS_MAX;
    if (chart->x_text == NULL || chart->y_text == NULL)
        return;
    for (size_t i = 0; i < longest->count; i += each) {
        double from = hover_edge(chart, longest, i), until = hover_edge(chart, longest, i + each);
        fprintf(out, "<rect class=\"hit\" x=\"%.5g\" width=\"%.5g\" height=\"%d\"><title>",
                WIDTH * from, WIDTH * (until - from), HEIGHT);
        put_values(out, chart, i, each);
        fputs("</title></rect>", out);
    }
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
static void put_label(FILE *out, double at, const char *label) {
    fprintf(out, "<span class=\"x%s\" style=\"left:%.2f%%\">",
            at > 0.92   ? " end"
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
        put_label(out, chart->x.ticks[i].at, chart->x.ticks[i].label);
    fputs("</div>", out);
}

/* --- names of marks, above the plot --- */

/* Labels are written twice, for plots at least so wide, of which a window shows one (html_style.c):
 * on a phone numbers alone, else texts too where there is room. */
enum { NARROW_PX = 290, WIDE_PX = 600, CHARACTER_PX = 7, PADDING_PX = 8 };

/* The name of marks first..first + count - 1, at the place of the first. */
struct mark_name {
    size_t first, count;
    double at;
    bool end; /* to the left of its place */
    char name[32];
};

/* The names so far, of marks in the order of their places. */
struct mark_names {
    const struct chart_mark *marks;
    int plot_px;
    size_t count;
    struct mark_name items[CHART_MARKS_MAX];
};

static double width_of(const struct mark_names *names, const char *text) {
    return (double)(CHARACTER_PX * (int)strlen(text) + PADDING_PX) / names->plot_px;
}

static double left_of(const struct mark_names *names, const struct mark_name *name) {
    return name->end ? name->at - width_of(names, name->name) : name->at;
}

static double right_of(const struct mark_names *names, const struct mark_name *name) {
    return name->end ? name->at : name->at + width_of(names, name->name);
}

/* How many marks have numbers that follow one another, from the first on. */
static unsigned numbers_from(const struct chart_mark *marks, size_t count) {
    unsigned run = 1;
    while (marks[0].number > 0 && run < count && marks[run].number == marks[0].number + run)
        run++;
    return run;
}

/* A list that did not fit is cut behind the last of its items that leaves room to mark the cut. */
static void shorten(char *list, size_t size) {
    static const char more[] = ", ...";
    char *end = list + size - sizeof more;
    while (end > list && *end != ',')
        end--;
    memcpy(end, more, sizeof more);
}

/* "hold, 1, 3-5" */
static void write_name(const struct mark_names *names, struct mark_name *name) {
    size_t length = 0, size = sizeof name->name;
    unsigned run;
    for (size_t i = 0; i < name->count && length < size; i += run) {
        const struct chart_mark *mark = &names->marks[name->first + i];
        const char *between = i > 0 ? ", " : "";
        char *to = name->name + length;
        run = numbers_from(mark, name->count - i);
        if (mark->number == 0)
            length += (size_t)snprintf(to, size - length, "%s%s", between, mark->text);
        else if (run == 1)
            length += (size_t)snprintf(to, size - length, "%s%u", between, mark->number);
        else
            length += (size_t)snprintf(to, size - length, "%s%u-%u", between, mark->number,
                                       mark->number + run - 1);
    }
    if (length >= size)
        shorten(name->name, size);
    name->end = name->at + width_of(names, name->name) > 1;
}

/* Marks that would overlap become one. */
static void name_marks(struct mark_names *names, const struct chart *chart) {
    for (size_t i = 0; i < chart->mark_count; i++) {
        struct mark_name name = {
            .first = i, .count = 1, .at = axis_place(&chart->x, names->marks[i].x)};
        write_name(names, &name);
        while (names->count > 0) {
            const struct mark_name *former = &names->items[names->count - 1];
            if (right_of(names, former) <= left_of(names, &name))
                break;
            name.count += former->count;
            name.first = former->first;
            name.at = former->at;
            names->count--;
            write_name(names, &name);
        }
        names->items[names->count++] = name;
    }
}

/* Whether a text behind the name keeps clear of what was drawn so far and of the next name; it may
 * turn it to the left. */
static bool has_room(struct mark_names *names, size_t index, const char *text, double taken) {
    struct mark_name *name = &names->items[index];
    double width = width_of(names, name->name) + width_of(names, text);
    double until = index + 1 < names->count ? left_of(names, name + 1) : 1;
    if (text[0] == '\0' || (!name->end && name->at + width <= until))
        return text[0] != '\0';
    if (name->at - width < taken)
        return false;
    name->end = true;
    return true;
}

static int by_place(const void *a, const void *b) {
    const struct chart_mark *one = a, *other = b;
    if (one->x < other->x || one->x > other->x)
        return one->x < other->x ? -1 : 1;
    return one->number < other->number ? -1 : one->number > other->number;
}

static void draw_names(FILE *out, const struct chart *chart, const struct chart_mark *marks,
                       bool wide) {
    struct mark_names names = {.marks = marks, .plot_px = wide ? WIDE_PX : NARROW_PX};
    double taken = 0;
    name_marks(&names, chart);
    for (size_t i = 0; i < names.count; i++) {
        struct mark_name *name = &names.items[i];
        const struct chart_mark *mark = &marks[name->first];
        const char *text = wide && name->count == 1 && mark->number > 0 ? mark->text : "";
        bool drawn = has_room(&names, i, text, taken);
        fprintf(out, "<span class=\"at%s%s\" style=\"left:%.2f%%\">", wide ? "" : " near",
                name->end ? " end" : "", 100 * name->at);
        markup_text(out, name->name);
        if (drawn)
            fputc(' ', out);
        markup_text(out, drawn ? text : "");
        fputs("</span>", out);
        taken = right_of(&names, name) + (drawn && !name->end ? width_of(&names, text) : 0);
    }
}

static void draw_marks(FILE *out, const struct chart *chart) {
    struct chart_mark marks[CHART_MARKS_MAX];
    memcpy(marks, chart->marks, chart->mark_count * sizeof *marks);
    qsort(marks, chart->mark_count, sizeof *marks, by_place);
    draw_names(out, chart, marks, true);
    draw_names(out, chart, marks, false);
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
    draw_hovers(out, chart);
    fputs("</svg>", out);
    draw_marks(out, chart);
    fputs("</div>", out);
    draw_labels(out, chart);
    fputs("</div>\n<p class=\"xt\">", out);
    markup_text(out, chart->x_title);
    fputs("</p>\n</figure>\n", out);
}

/* --- one SVG with everything in it --- */

/* In pixels. Texts are laid out by the width of a typical character: nothing measures them here. */
enum {
    SVG_LEFT = 64,
    SVG_RIGHT = 14,
    SVG_TITLE = 18,
    SVG_UNIT = 16,
    SVG_KEY = 34,
    SVG_LEGEND = 20,
    SVG_MARKS = 16,
    SVG_PLOT = 150,
    SVG_PLOT_SMALL = 72,
    SVG_LABELS = 34,
    SVG_GAP = 14
};

static void svg_text(FILE *out, const char *kind, const char *anchor, double x, int y,
                     const char *text) {
    fprintf(out, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%d\">", kind, anchor, x, y);
    markup_text(out, text);
    fputs("</text>", out);
}

/* Words in as many lines as they need. Returns the last one's place. */
static int svg_words(FILE *out, const char *words, int top, int width) {
    size_t most = (size_t)(width / CHARACTER_PX);
    while (strlen(words) > most) {
        char line[400];
        size_t length = most < sizeof line ? most : sizeof line - 1;
        while (length > 0 && words[length] != ' ')
            length--;
        if (length == 0)
            break;
        snprintf(line, sizeof line, "%.*s", (int)length, words);
        svg_text(out, "soft", "start", 0, top, line);
        top += SVG_UNIT;
        words += length + 1;
    }
    svg_text(out, "soft", "start", 0, top, words);
    return top;
}

/* A legend's item goes to the next line where it has no room. Returns the last line's place. */
static int svg_legend(FILE *out, const struct chart *chart, int top, int width) {
    int x = 0;
    for (size_t i = 0; i < chart->series_count; i++) {
        char words[192];
        snprintf(words, sizeof words, "%s %s", chart->series[i].name, chart->series[i].note);
        int wide = SVG_KEY + CHARACTER_PX * format_columns(words, strlen(words)) + 2 * PADDING_PX;
        if (x > 0 && x + wide > width) {
            x = 0;
            top += SVG_LEGEND;
        }
        fprintf(out, "<path class=\"line s%zu\" d=\"M%d %dh26\"/>", i + 1, x, top - 4);
        svg_text(out, "soft", "start", x + SVG_KEY, top, words);
        x += wide;
    }
    return top;
}

static void svg_ticks(FILE *out, const struct chart *chart, int top, int wide, int high) {
    for (size_t i = 0; i < chart->y.count; i++)
        svg_text(out, "soft", "end", SVG_LEFT - 8,
                 top + 4 + (int)(high * (1 - chart->y.ticks[i].at)), chart->y.ticks[i].label);
    double taken = 0;
    for (size_t i = 0; i < chart->x.count; i++) {
        const struct axis_tick *tick = &chart->x.ticks[i];
        double half = CHARACTER_PX * (double)format_columns(tick->label, strlen(tick->label)) / 2,
               x = SVG_LEFT + wide * tick->at;
        if (x - half < taken || x + half > SVG_LEFT + wide + SVG_RIGHT)
            continue;
        svg_text(out, "soft", "middle", x, top + high + 16, tick->label);
        taken = x + half + PADDING_PX;
    }
}

static void svg_marks(FILE *out, const struct chart *chart, int top, int wide) {
    struct chart_mark marks[CHART_MARKS_MAX];
    memcpy(marks, chart->marks, chart->mark_count * sizeof *marks);
    qsort(marks, chart->mark_count, sizeof *marks, by_place);
    struct mark_names names = {.marks = marks, .plot_px = wide};
    name_marks(&names, chart);
    for (size_t i = 0; i < names.count; i++)
        svg_text(out, "soft", names.items[i].end ? "end" : "start",
                 SVG_LEFT + wide * names.items[i].at, top - 4, names.items[i].name);
}

static void svg_plot(FILE *out, const struct chart *chart, int top, int wide, int high) {
    fprintf(out,
            "<svg x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "preserveAspectRatio=\"none\" overflow=\"visible\">",
            SVG_LEFT, top, wide, high, WIDTH, HEIGHT);
    draw_grid(out, chart);
    for (size_t i = 0; i < chart->series_count; i++)
        draw_series(out, chart, i);
    fputs("</svg>\n", out);
    fprintf(out, "<path class=\"axis\" d=\"M%d %dv%dh%d\"/>", SVG_LEFT, top, high, wide);
}

int chart_draw_svg(FILE *out, const struct chart *chart, int top, int width) {
    int wide = width - SVG_LEFT - SVG_RIGHT, high = chart->small ? SVG_PLOT_SMALL : SVG_PLOT;
    int y = top + SVG_TITLE;
    svg_text(out, "title", "start", 0, y, chart->title);
    y = svg_words(out, chart->unit, y + SVG_UNIT, width);
    y = svg_legend(out, chart, y + SVG_LEGEND, width) + SVG_MARKS + PADDING_PX;
    svg_marks(out, chart, y, wide);
    svg_plot(out, chart, y, wide, high);
    svg_ticks(out, chart, y, wide, high);
    y += high + SVG_LABELS;
    svg_text(out, "soft", "start", SVG_LEFT, y, chart->x_title);
    return y + SVG_GAP - top;
}

void chart_frame_svg(FILE *out, const char *title, int width, int height, const char *drawn) {
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n<style>%s</style>\n"
            "<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n%s\n</svg>\n",
            width, height, width, height, title, html_picture_style, drawn);
}
