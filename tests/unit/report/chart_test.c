/* Axes are round, charts bounded, and no peak is lost in them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/chart.h"

static char *text;

static void assert_ticks(const struct axis *axis, const char *expected) {
    char all[512] = "";
    for (size_t i = 0; i < axis->count; i++) {
        assert_true(axis->ticks[i].at >= 0 && axis->ticks[i].at <= 1);
        assert_true(i == 0 || axis->ticks[i].at > axis->ticks[i - 1].at);
        strcat(strcat(all, i > 0 ? "|" : ""), axis->ticks[i].label);
    }
    assert_string_equal(all, expected);
}

static void steps_are_round(void **state) {
    (void)state;
    struct axis axis = axis_linear(9997, AXIS_COUNT);
    assert_ticks(&axis, "0|2 000|4 000|6 000|8 000|10 000");
    axis = axis_linear(1, AXIS_COUNT);
    assert_ticks(&axis, "0|1");
    axis = axis_linear(NAN, AXIS_PERCENT);
    assert_ticks(&axis, "0 %|0.2 %|0.4 %|0.6 %|0.8 %|1 %");
    axis = axis_log(0.00035, 0.041);
    assert_ticks(&axis, "100us|1ms|10ms|100ms");
    axis = axis_log(0.001, 0.001);
    assert_ticks(&axis, "1ms|10ms");
    axis = axis_tail(0.9999);
    assert_ticks(&axis, "0 %|50 %|90 %|99 %|99.9 %|99.99 %");
}

static void time_has_the_steps_of_a_clock(void **state) {
    (void)state;
    struct axis axis = axis_time(1);
    assert_ticks(&axis, "0|200ms|400ms|600ms|800ms|1s");
    axis = axis_time(61);
    assert_ticks(&axis, "0|15s|30s|45s|1m");
    axis = axis_time(3660);
    assert_ticks(&axis, "0|15m|30m|45m|1h");
    axis = axis_time(604800);
    assert_ticks(&axis, "0|2d|4d|6d");
    axis = axis_time(0);
    assert_true(axis.count > 0);
    axis = axis_time(365 * 86400.0);
    assert_in_range(axis.count, 2, AXIS_TICKS_MAX);
}

static const char *drawn(struct chart *chart) {
    size_t length;
    free(text);
    FILE *out = open_memstream(&text, &length);
    chart_draw(out, chart);
    fclose(out);
    return text;
}

static size_t points_in(const char *drawing) {
    size_t count = 0;
    for (const char *path = drawing; (path = strstr(path, " d=\"")) != NULL;)
        for (path += 4; *path != '"'; path++)
            count += *path == 'M' || *path == 'L';
    return count;
}

static struct chart chart_of(struct chart_point *points, size_t count) {
    struct chart chart = {.title = "<Live>", .unit = "", .x_title = "", .series_count = 1};
    chart.x = axis_time((double)count);
    chart.y = axis_linear(100, AXIS_COUNT);
    chart.series[0] = (struct chart_series){.name = "live", .count = count, .points = points};
    return chart;
}

/* 4,097 samples that stand at 50, but for one that fell to 0 and one that rose to 100. */
static void thinned_it_keeps_the_least_and_the_greatest(void **state) {
    (void)state;
    enum { COUNT = 4097 };
    static struct chart_point points[COUNT];
    for (int i = 0; i < COUNT; i++)
        points[i] = (struct chart_point){i, 50, 50, 50};
    points[1234].low = 0;
    points[3210].high = 100;
    struct chart chart = chart_of(points, COUNT);
    const char *drawing = drawn(&chart);
    const char *band = strstr(drawing, "class=\"band b1\"");
    assert_non_null(band);
    char *edge = strndup(band, strcspn(band, ">"));
    assert_non_null(strstr(edge, " 0L"));
    assert_non_null(strstr(edge, " 100L"));
    free(edge);
    assert_in_range(points_in(drawing), 1000, CHART_POINTS_MAX + 32); /* grid and legend too */
}

static void one_sample_is_a_dot(void **state) {
    (void)state;
    struct chart_point point = {1, 50, 50, 50};
    struct chart chart = chart_of(&point, 1);
    assert_non_null(strstr(drawn(&chart), "class=\"line s1\" d=\"M1000 50L1000 50\""));
    assert_null(strstr(text, "class=\"band"));
}

static void what_was_not_measured_is_a_gap(void **state) {
    (void)state;
    struct chart_point points[] = {
        {1, 0, 0, 0}, {2, 50, 50, 50}, {3, NAN, NAN, NAN}, {4, 100, 100, 100}};
    struct chart chart = chart_of(points, 4);
    assert_non_null(strstr(drawn(&chart), "class=\"line s1\" d=\"M250 100L500 50M1000 0L1000 0\""));
    for (int i = 0; i < 4; i++)
        points[i].low = points[i].middle = points[i].high = NAN;
    assert_non_null(strstr(drawn(&chart), "class=\"line s1\" d=\"\""));
}

static void words_are_escaped(void **state) {
    (void)state;
    struct chart_point point = {1, 50, 50, 50};
    struct chart chart = chart_of(&point, 1);
    assert_non_null(strstr(drawn(&chart), "&lt;Live&gt;"));
    assert_null(strstr(text, "<Live>"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_round),
        cmocka_unit_test(time_has_the_steps_of_a_clock),
        cmocka_unit_test(thinned_it_keeps_the_least_and_the_greatest),
        cmocka_unit_test(one_sample_is_a_dot),
        cmocka_unit_test(what_was_not_measured_is_a_gap),
        cmocka_unit_test(words_are_escaped),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    return failed;
}
