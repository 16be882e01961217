/* Round steps for whatever range, and at most AXIS_TICKS_MAX ticks. */
#include "report/html/axis.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "base/units.h"
#include "report/format/format.h"

enum { STEPS_WANTED = 5 };

static double placed(const struct axis *axis, double value) {
    if (axis->scale == AXIS_LOG)
        return log(value / axis->low) / log(axis->high / axis->low);
    if (axis->scale == AXIS_TAIL)
        return log(1 - value) / log(1 - axis->high);
    return (value - axis->low) / (axis->high - axis->low);
}

double axis_place(const struct axis *axis, double value) {
    if (!(value > axis->low))
        return 0;
    return value >= axis->high ? 1 : placed(axis, value);
}

static void add_tick(struct axis *axis, double value, const char *label) {
    if (axis->count == AXIS_TICKS_MAX)
        return;
    struct axis_tick *tick = &axis->ticks[axis->count++];
    tick->at = axis_place(axis, value);
    snprintf(tick->label, sizeof tick->label, "%s", label);
}

/* 1, 2 or 5 times a power of ten, not below what five steps need. */
static double round_step(double range) {
    double step = range / STEPS_WANTED, power = pow(10, floor(log10(step)));
    double lead = step / power;
    return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

static struct format_text label_of(double value, enum axis_unit unit) {
    struct format_text words = {"0"};
    if (unit == AXIS_PERCENT)
        return format_percent(value);
    if (value > 0 && unit == AXIS_SECONDS)
        return format_seconds(value);
    if (value >= 10000 || (value >= 1 && value == floor(value)))
        return format_count((uint64_t)llround(value));
    snprintf(words.text, sizeof words.text, "%.4g", value);
    return words;
}

struct axis axis_linear(double high, enum axis_unit unit) {
    struct axis axis = {.scale = AXIS_LINEAR};
    if (!(high > 0))
        high = 1;
    double step = round_step(high);
    if (unit == AXIS_COUNT && step < 1)
        step = 1;
    long steps = lround(ceil(high / step - 1e-9));
    axis.high = (double)steps * step;
    for (long i = 0; i <= steps; i++)
        add_tick(&axis, (double)i * step, label_of((double)i * step, unit).text);
    return axis;
}

struct axis axis_log(double low, double high) {
    int first = (int)floor(log10(low) + 1e-9), last = (int)ceil(log10(high) - 1e-9);
    if (last <= first)
        last = first + 1;
    struct axis axis = {.scale = AXIS_LOG, .low = pow(10, first), .high = pow(10, last)};
    int step = (last - first + 7) / 8;
    for (int power = first; power <= last; power += step) {
        char label[48];
        units_format_duration(label, sizeof label, (duration)llround(pow(10, power) * 1e9));
        add_tick(&axis, pow(10, power), label);
    }
    return axis;
}

/* The first step of a clock of which six are enough. */
static double clock_step(double range) {
    static const double steps[] = {0.01,   0.02,   0.05,   0.1,     0.2,     0.5,    1,     2,
                                   5,      10,     15,     30,      60,      120,    300,   600,
                                   900,    1800,   3600,   7200,    10800,   21600,  43200, 86400,
                                   172800, 345600, 604800, 1209600, 2592000, 5184000};
    size_t count = sizeof steps / sizeof steps[0], i = 0;
    while (i + 1 < count && range / steps[i] > 6)
        i++;
    return range / steps[i] > 6 ? range / 6 : steps[i];
}

struct axis axis_time(double high) {
    struct axis axis = {.scale = AXIS_LINEAR, .high = high > 0.01 ? high : 0.01};
    double step = clock_step(axis.high);
    for (int i = 0; i * step <= axis.high * (1 + 1e-9) && i < AXIS_TICKS_MAX; i++) {
        char label[48];
        if (step < 1 && axis.high >= 1) /* one unit for all of them: 0.5s 1s 1.5s */
            snprintf(label, sizeof label, "%.4gs", i * step);
        else
            units_format_duration(label, sizeof label, (duration)llround(i * step * 1e9));
        add_tick(&axis, i * step, i == 0 ? "0" : label);
    }
    return axis;
}

struct axis axis_tail(double high) {
    struct axis axis = {.scale = AXIS_TAIL, .high = high < 0.9 ? 0.9 : high};
    if (axis_place(&axis, 0.5) > 0.12) /* else there is no room for both */
        add_tick(&axis, 0, "0 %");
    add_tick(&axis, 0.5, "50 %");
    for (int nines = 1; nines < 8; nines++) {
        char label[48];
        double left = pow(10, -nines);
        if (left < (1 - axis.high) * (1 - 1e-9))
            break;
        snprintf(label, sizeof label, "%.*f %%", nines < 2 ? 0 : nines - 2, 100 * (1 - left));
        add_tick(&axis, 1 - left, label);
    }
    return axis;
}
