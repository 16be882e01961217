/* The axes of a chart: which part of it a value stands at, and where its ticks are. */
#ifndef REPORT_HTML_AXIS_H
#define REPORT_HTML_AXIS_H

#include <stddef.h>

enum { AXIS_TICKS_MAX = 12 };

enum axis_scale {
    AXIS_LINEAR,
    AXIS_LOG,
    AXIS_TAIL /* parts of 1, spread as what is left of it grows less: 0, 0.9, 0.99, 0.999 ... */
};

struct axis_tick {
    double at; /* 0..1 of the axis */
    char label[48];
};

struct axis {
    enum axis_scale scale;
    double low, high;
    size_t count;
    struct axis_tick ticks[AXIS_TICKS_MAX];
};

/* How a tick is labelled. */
enum axis_unit { AXIS_COUNT, AXIS_SECONDS, AXIS_PERCENT };

/* From 0 to at least high, about five round steps; whole ones of a count. */
struct axis axis_linear(double high, enum axis_unit unit);
/* From the power of ten at or below low to the one at or above high (both above 0), in seconds. */
struct axis axis_log(double low, double high);
/* Seconds since the start, 0 to high, in steps that clocks have. */
struct axis axis_time(double high);
/* Parts of 1 from 0 up to high, which is below 1: ticks at 0, 50 %, 90 %, 99 % ... */
struct axis axis_tail(double high);

/* Where a value stands, 0..1; what is outside is moved to the edge. */
double axis_place(const struct axis *axis, double value);

#endif
