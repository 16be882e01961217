/* Axes are round, charts bounded, and no peak is lost in them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/html/chart.h"

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
    assert_ticks(&axis, "0|2000|4000|6000|8000|10000");
    axis = axis_linear(1, AXIS_COUNT);
    assert_ticks(&axis, "0|1");
    axis = axis_linear(NAN, AXIS_PERCENT);
    assert_ticks(&axis, "0 %|0.2 %|0.4 %|0.6 %|0.8 %|1 %");
    axis = axis_log(0.00035, 0.041);
    assert_ticks(&axis, "100us|1ms|10ms|100ms");
    axis = axis_log(0.001, 0.001);
    assert_ticks(&axis, "1ms|10ms");
    axis = axis_tail(0.99);
    assert_ticks(&axis, "0 %|50 %|90 %|99 %");
    axis = axis_tail(0.9999); /* no room for both 0 and 50 */
    assert_ticks(&axis, "50 %|90 %|99 %|99.9 %|99.99 %");
}

static void time_has_the_steps_of_a_clock(void **state) {
    (void)state;
    struct axis axis = axis_time(1);
    assert_ticks(&axis, "0|0.2s|0.4s|0.6s|0.8s|1s");
    axis = axis_time(2.9);
    assert_ticks(&axis, "0|0.5s|1s|1.5s|2s|2.5s");
    axis = axis_time(0.5);
    assert_ticks(&axis, "0|100ms|200ms|300ms|400ms|500ms");
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

static void neighbours_stand_at_their_mean_and_peaks_at_the_greatest(void **state) {
    (void)state;
    enum { COUNT = 2000 };
    static struct chart_point points[COUNT];
    for (int i = 0; i < COUNT; i++) {
        double value = i % 2 == 0 ? 20 : 60;
        points[i] = (struct chart_point){i, value, value, value};
    }
    struct chart chart = chart_of(points, COUNT);
    assert_non_null(strstr(drawn(&chart), "class=\"line s1\" d=\"M1.5 60L")); /* 20 60 20 60 */
    chart.series[0].peak = true;
    assert_non_null(strstr(drawn(&chart), "class=\"line s1\" d=\"M1.5 40L"));
}

static void one_sample_is_a_dot(void **state) {
    (void)state;
    struct chart_point point = {1, 50, 50, 50};
    struct chart chart = chart_of(&point, 1);
    assert_non_null(strstr(drawn(&chart), "class=\"dot s1\" d=\"M1000 50L1000 50\""));
    assert_null(strstr(text, "class=\"band"));
    assert_non_null(strstr(text, "class=\"line s1\" d=\"\""));
    point.low = 0;
    point.high = 100;
    assert_non_null(strstr(drawn(&chart), "class=\"line s1\" d=\"M1000 100L1000 0\""));
}

static void what_was_not_measured_is_a_gap(void **state) {
    (void)state;
    struct chart_point points[] = {
        {1, 0, 0, 0}, {2, 50, 50, 50}, {3, NAN, NAN, NAN}, {4, 100, 100, 100}};
    struct chart chart = chart_of(points, 4);
    assert_non_null(strstr(drawn(&chart), "class=\"line s1\" d=\"M250 100L500 50\""));
    assert_non_null(strstr(text, "class=\"dot s1\" d=\"M1000 0L1000 0\""));
    for (int i = 0; i < 4; i++)
        points[i].low = points[i].middle = points[i].high = NAN;
    assert_non_null(strstr(drawn(&chart), "class=\"line s1\" d=\"\""));
}

/* The names of marks as they are written, each behind a bar; of a wide window or of a narrow one.
 */
static const char *names_in(const char *drawing, bool wide) {
    static char all[512];
    const char *class = wide ? "class=\"at" : "class=\"at near";
    all[0] = '\0';
    for (const char *at = drawing; (at = strstr(at, class)) != NULL; at++) {
        bool near = strncmp(at, "class=\"at near", 14) == 0;
        bool end = strncmp(strchr(at, '"') + (near ? 8 : 3), " end", 4) == 0;
        const char *name = strchr(at, '>') + 1;
        if (near == !wide)
            snprintf(all + strlen(all), sizeof all - strlen(all), "|%s%.*s", end ? "<" : "",
                     (int)strcspn(name, "<"), name);
    }
    return all;
}

static struct chart chart_with(struct chart_point *points, const struct chart_mark *marks,
                               size_t count) {
    struct chart chart = chart_of(points, 100);
    chart.series[0].count = 1;
    chart.mark_count = count;
    memcpy(chart.marks, marks, count * sizeof *marks);
    return chart;
}

static void names_of_marks_do_not_overlap(void **state) {
    (void)state;
    struct chart_point point = {1, 50, 50, 50};
    static const struct {
        size_t count;
        struct chart_mark marks[5];
        const char *wide, *narrow;
    } table[] = {
        {2, {{0, 0, "hold"}, {50, 1, "reload"}}, "|hold|1 reload", "|hold|1"},
        {2, {{50, 1, "one"}, {50.5, 2, "two"}}, "|1-2", "|1-2"},
        {2, {{50, 2, ""}, {50.5, 1, ""}}, "|2, 1", "|2, 1"},
        {2, {{50.5, 1, ""}, {50, 2, ""}}, "|2, 1", "|2, 1"},
        {3, {{0, 0, "hold"}, {5, 1, "a"}, {50, 2, "b"}}, "|hold, 1|2 b", "|hold, 1|2"},
        {3, {{0, 0, "hold"}, {8, 1, "a"}, {50, 2, "b"}}, "|hold|1 a|2 b", "|hold, 1|2"},
        /* a text that has no room to its right turns to the left, or is left out */
        {1, {{95, 1, "nginx -s reload"}}, "|<1 nginx -s reload", "|<1"},
        {2, {{50, 1, "nginx -s reload"}, {60, 2, "x"}}, "|<1 nginx -s reload|2 x", "|1|2"},
        {3,
         {{45, 1, "nginx -s reload"}, {48, 2, "nginx -s reload"}, {52, 3, "x"}},
         "|<1 nginx -s reload|2|3 x",
         "|1-3"},
        {2, {{99, 1, ""}, {99.5, 0, "freeze"}}, "|<1, freeze", "|<1, freeze"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct chart chart = chart_with(&point, table[i].marks, table[i].count);
        drawn(&chart);
        assert_string_equal(names_in(text, true), table[i].wide);
        assert_string_equal(names_in(text, false), table[i].narrow);
    }
}

static void as_many_marks_as_there_may_be_have_a_name(void **state) {
    (void)state;
    struct chart_point point = {1, 50, 50, 50};
    struct chart_mark marks[CHART_MARKS_MAX];
    for (unsigned i = 0; i < CHART_MARKS_MAX; i++)
        marks[i] = (struct chart_mark){.x = 1, .number = 2 * i + 1};
    struct chart chart = chart_with(&point, marks, CHART_MARKS_MAX);
    drawn(&chart);
    assert_string_equal(names_in(text, false), "|1, 3, 5, 7, 9, 11, 13, 15, ...");
}

/* The values of bar `index`, as a browser shows them. */
static const char *hover_of(const char *drawing, int index) {
    static char words[256];
    const char *at = drawing;
    for (int i = 0; i <= index; i++) {
        at = strstr(i == 0 ? at : at + 1, "<title>");
        assert_non_null(at);
    }
    at += strlen("<title>");
    snprintf(words, sizeof words, "%.*s", (int)strcspn(at, "<"), at);
    return words;
}

static size_t count_hovers(const char *drawing) {
    size_t count = 0;
    for (const char *at = drawing; (at = strstr(at, "<rect class=\"hit\"")) != NULL; at++)
        count++;
    return count;
}

static struct chart chart_that_tells(struct chart_point *points, size_t count) {
    struct chart chart = chart_of(points, count);
    chart.x_text = format_seconds;
    chart.y_text = format_number;
    return chart;
}

static void whoever_points_at_a_sample_is_shown_its_values(void **state) {
    (void)state;
    struct chart_point points[] = {
        {1, 50, 50, 50}, {2, 40, 60, 90}, {3, NAN, NAN, NAN}, {4, 7, 7, 7}};
    struct chart_point others[] = {{1, 1, 1, 1}, {2, 2, 2, 2}};
    struct chart chart = chart_that_tells(points, 4);
    chart.series_count = 2;
    chart.series[1] = (struct chart_series){.name = "<other>", .count = 2, .points = others};
    drawn(&chart);
    assert_int_equal(count_hovers(text), 4);
    assert_string_equal(hover_of(text, 0), "1.00 s\nlive 50\n&lt;other&gt; 1");
    assert_string_equal(hover_of(text, 1), "2.00 s\nlive 60 (40 to 90)\n&lt;other&gt; 2");
    assert_string_equal(hover_of(text, 2), "3.00 s\nlive not measured");
    /* bars meet half-way between samples, and reach both ends */
    assert_non_null(strstr(text, "class=\"hit\" x=\"0\" width=\"375\""));
    assert_non_null(strstr(text, "class=\"hit\" x=\"375\" width=\"250\""));
    assert_non_null(strstr(text, "class=\"hit\" x=\"875\" width=\"125\""));
    chart.y_text = NULL;
    assert_int_equal(count_hovers(drawn(&chart)), 0);
}

static void many_samples_share_a_bar(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    static struct chart_point points[COUNT];
    for (int i = 0; i < COUNT; i++)
        points[i] = (struct chart_point){i, i, i, i};
    struct chart chart = chart_that_tells(points, COUNT);
    drawn(&chart);
    assert_int_equal(count_hovers(text), 200);
    assert_string_equal(hover_of(text, 1), "5.00 s to 9.00 s\nlive 7 (5 to 9)");
}

static void a_step_is_pointed_at_from_its_beginning_on(void **state) {
    (void)state;
    struct chart_point points[] = {{0, 100, 100, 100}, {2, 60, 60, 60}, {4, 60, 60, 60}};
    struct chart chart = chart_that_tells(points, 3);
    chart.x = axis_time(4);
    chart.series[0].steps = true;
    drawn(&chart);
    assert_non_null(strstr(text, "class=\"hit\" x=\"0\" width=\"500\""));
    assert_non_null(strstr(text, "class=\"hit\" x=\"500\" width=\"500\""));
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
        cmocka_unit_test(neighbours_stand_at_their_mean_and_peaks_at_the_greatest),
        cmocka_unit_test(names_of_marks_do_not_overlap),
        cmocka_unit_test(as_many_marks_as_there_may_be_have_a_name),
        cmocka_unit_test(whoever_points_at_a_sample_is_shown_its_values),
        cmocka_unit_test(many_samples_share_a_bar),
        cmocka_unit_test(a_step_is_pointed_at_from_its_beginning_on),
        cmocka_unit_test(words_are_escaped),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    return failed;
}
