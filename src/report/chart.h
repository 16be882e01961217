/* A chart: SVG for what is drawn, text around it for what is read, so that it fits any width. */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report/axis.h"

/* A column is up to three points: of the line, and of its band's two edges. Up to CHART_PLAIN_MAX
 * samples are drawn as they are, whatever the chart. */
enum {
    CHART_SERIES_MAX = 3,
    CHART_MARKS_MAX = 68,
    CHART_POINTS_MAX = 2000,
    CHART_POINTS_EACH = 3,
    CHART_PLAIN_MAX = CHART_POINTS_MAX / CHART_POINTS_EACH / CHART_SERIES_MAX
};

/* What was measured at x: the line goes through middle, and a band from the least to the greatest.
 * NAN: nothing was, and both have a gap. */
struct chart_point {
    double x, low, middle, high;
};

struct chart_series {
    const char *name;
    char note[96]; /* behind the name in the legend: "9 997 at the end" */
    bool steps;    /* a value holds until the next */
    bool peak;     /* neighbours drawn as one stand at the greatest, and not at their mean */
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
    size_t series_count;
    struct chart_series series[CHART_SERIES_MAX];
    size_t mark_count;
    struct chart_mark marks[CHART_MARKS_MAX];
};

/* Draws it. At most CHART_POINTS_MAX points: neighbours are drawn as one, with the least and the
 * greatest of them. */
void chart_draw(FILE *out, const struct chart *chart);

#endif
