/* A chart: SVG for what is drawn, text around it for what is read, so that it fits any width. */
#ifndef REPORT_HTML_CHART_H
#define REPORT_HTML_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report/format/format.h"
#include "report/html/axis.h"

/* A column is up to three points: of the line, and of its band's two edges. Up to CHART_PLAIN_MAX
 * samples are drawn as they are, whatever the chart. */
enum {
    CHART_SERIES_MAX = 4,
    CHART_MARKS_MAX = 68,
    CHART_POINTS_MAX = 2000,
    CHART_POINTS_EACH = 3,
    CHART_PLAIN_MAX = CHART_POINTS_MAX / CHART_POINTS_EACH / CHART_SERIES_MAX
};

/* Measured values at x: the line goes through middle, and a band from the least to the greatest.
 * NAN: nothing was, and both have a gap. */
struct chart_point {
    double x, low, middle, high;
};

struct chart_series {
    const char *name;
    char note[128]; /* behind the name in the legend: "9 997 at the end" */
    bool steps;     /* a value holds until the next */
    bool peak;      /* neighbours drawn as one stand at the greatest, and not at their mean */
    size_t count;
    struct chart_point *points;
};

/* A line across, named above it: by a number or a word, those of neighbours together where they
 * would overlap, and by its text where there is room. */
struct chart_mark {
    double x;
    unsigned number; /* 0: the text is its name */
    char text[25];
};

struct chart {
    const char *title, *unit;
    bool small; /* half as high */
    struct axis x, y;
    const char *x_title;
    /* Values in words: on a page a browser shows those of where it is pointed at. NULL: none. */
    struct format_text (*x_text)(double x);
    struct format_text (*y_text)(double y);
    size_t series_count;
    struct chart_series series[CHART_SERIES_MAX];
    size_t mark_count;
    struct chart_mark marks[CHART_MARKS_MAX];
};

/* Draws it. At most CHART_POINTS_MAX points: neighbours are drawn as one, with the least and the
 * greatest of them. */
void chart_draw(FILE *out, const struct chart *chart);

/* The same as a part of one SVG, `width` wide, from `top` on, with its labels as text in it.
 * Returns its height. */
int chart_draw_svg(FILE *out, const struct chart *chart, int top, int width);
/* The SVG around charts that were drawn aside: it stands alone, in light and dark. */
void chart_frame_svg(FILE *out, const char *title, int width, int height, const char *drawn);

#endif
