/* The live block: as it is drawn in each phase and width, and what holds for all of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "report/golden.h"
#include "report/terminal/block.h"

static const struct style ascii = {.color = false, .utf8 = false};
static const struct style utf8 = {.utf8 = true, .group_digits = true};
static const struct style colored = {.color = true, .utf8 = true, .group_digits = true};

/* A minute of a run that goes well, but for one second. */
static struct block_view in_hold(void) {
    struct block_view view = {
        .method = "HEAD",
        .url = "http://127.0.0.1:8080/",
        .think = {SECOND, 30 * SECOND},
        .phase = "hold",
        .elapsed = 12 * MINUTE + 8 * SECOND + 400 * MILLISECOND,
        .length = 30 * MINUTE,
        .target = 10000,
        .ramp_seconds = 10.004,
        .attempted = 10003,
        .live = 9997,
        .closed = 3,
        .errored = 3,
        .peak = 10000,
        .reconnected = -1,
        .drained = -1,
        .client_per_second = 644.84,
        .server_per_second = 644,
        .planned_per_second = 645.16,
        .server_source = "stub_status",
        .answers = 500000,
        .p50 = 410 * MICROSECOND,
        .p90 = 720 * MICROSECOND,
        .p99 = 3100 * MICROSECOND,
        .p999 = 11800 * MICROSECOND,
        .max = 41 * MILLISECOND,
        .timed_out = 1,
        .statuses = {500000, 66000, 66312, 3, false, {{200, 433688}, {503, 66000}, {301, 312}}},
        .ends_at = "17:44:03",
        .outstanding = 12,
        .worst_p99_seconds = 0.041,
        .worst_at = 11 * MINUTE + 28 * SECOND,
        .ends =
            {[OUTCOME_closed_idle] = 3, [OUTCOME_reset_idle] = 2, [OUTCOME_response_timeout] = 1},
        .rules = 2,
        .rules_broken = 1,
        .rule = "lost<=0 (6)",
        .files_used = 10024,
        .files_limit = 20000,
        .ports_used = 9997,
        .ports_have = 28232,
        .cpu_percent = 2.4,
        .lag_seconds = 0.0002,
        .rss_bytes = 6 << 20,
        .headroom = {2, {{HEADROOM_DESCRIPTORS, 19994}, {HEADROOM_PORTS, 28232}}},
        .workers = 1,
        .second_count = BLOCK_SECONDS,
    };
    for (int i = 0; i < BLOCK_SECONDS; i++)
        view.seconds[i] = (struct block_second){10000, 600.0 + i % 7 * 20.0, 0.0005};
    view.seconds[20] = (struct block_second){9000, 100, 0.041};
    return view;
}

static struct block_view at_start(void) {
    struct block_view view = in_hold();
    view.phase = "ramp";
    view.elapsed = 4 * SECOND;
    view.length = 10 * SECOND;
    view.ramp_seconds = view.client_per_second = view.server_per_second = NAN;
    view.planned_per_second = view.cpu_percent = view.lag_seconds = NAN;
    view.attempted = view.live = view.closed = view.errored = view.peak = view.timed_out = 0;
    view.answers = 0;
    view.statuses = (struct statuses){0};
    view.server_source = NULL;
    view.ends_at[0] = view.rule[0] = '\0';
    memset(view.ends, 0, sizeof view.ends);
    view.rules = view.rules_broken = view.outstanding = 0;
    view.worst_p99_seconds = NAN;
    view.files_used = view.files_limit = view.ports_used = view.ports_have = view.rss_bytes = -1;
    view.headroom.count = view.second_count = 0;
    return view;
}

static struct block_view in_ramp(void) {
    struct block_view view = in_hold();
    view.phase = "ramp";
    view.elapsed = 4 * SECOND;
    view.length = 10 * SECOND;
    view.ramp_seconds = NAN;
    view.attempted = 4520;
    view.live = view.peak = 4519;
    view.connecting = 1;
    view.closed = view.errored = view.timed_out = 0;
    view.statuses = (struct statuses){271, 0, 0, 1, false, {{200, 271}}};
    view.second_count = 4;
    for (int i = 0; i < 4; i++)
        view.seconds[i] =
            (struct block_second){1000.0 * (i + 1), i == 0 ? (double)NAN : 70.0 * i, NAN};
    return view;
}

static struct block_view closed_loop(void) {
    struct block_view view = in_hold();
    view.think = (struct units_span){0, 0};
    view.planned_per_second = NAN;
    view.length = 0;
    view.until_interrupt = true;
    view.reconnected = 3;
    view.files_used = 19990;
    return view;
}

static struct block_view frozen_in_ramp(void) {
    struct block_view view = in_ramp();
    view.phase = "freeze";
    view.elapsed = 0;
    view.length = 0;
    return view;
}

static struct block_view at_the_end(void) {
    struct block_view view = in_hold();
    view.phase = "done";
    view.elapsed = 30 * MINUTE + 10 * SECOND;
    view.length = 0;
    return view;
}

static struct block_view absurd(void) {
    struct block_view view = in_hold();
    view.method = "AVERYLONGMETHODTHATNOSERVERKNOWSATALL";
    view.url = "http://\033[2J\xe6\x97\xa5 \xff.example/with/a/path/that/does/not/end/"
               "0123456789/0123456789/0123456789/0123456789/0123456789";
    view.think = (struct units_span){INT64_MAX, INT64_MAX};
    view.elapsed = INT64_MIN;
    view.length = INT64_MAX;
    view.target = view.attempted = view.live = view.connecting = UINT64_MAX;
    view.closed = view.errored = view.peak = view.timed_out = UINT64_MAX;
    view.reconnected = INT64_MAX;
    view.ramp_seconds = view.lag_seconds = 1e300;
    view.client_per_second = INFINITY;
    view.server_per_second = -1;
    view.planned_per_second = 1e300;
    view.server_source = "a source with a very long name indeed";
    view.p50 = view.p90 = view.p99 = view.p999 = view.max = INT64_MAX;
    view.files_used = view.files_limit = view.ports_used = view.ports_have = INT64_MAX;
    view.cpu_percent = -1e300;
    view.rss_bytes = INT64_MAX;
    view.workers = UINT32_MAX;
    view.headroom = (struct headroom){
        2, {{HEADROOM_DESCRIPTORS, INT64_MAX}, {HEADROOM_SYSTEM_FILES, INT64_MAX}}};
    for (int i = 0; i < BLOCK_SECONDS; i++)
        view.seconds[i] = (struct block_second){1e300, INFINITY, i % 2 == 0 ? -1 : 1e300};
    return view;
}

static const struct {
    const char *name;
    struct block_view (*make)(void);
} views[] = {
    {"ramp, nothing measured yet", at_start},
    {"ramp", in_ramp},
    {"hold", in_hold},
    {"hold, closed loop, until interrupted", closed_loop},
    {"freeze, in the ramp", frozen_in_ramp},
    {"done", at_the_end},
    {"absurd values", absurd},
};

enum { VIEWS = sizeof views / sizeof views[0] };

/* --- as it is drawn --- */

static void write_block(FILE *out, const struct block_view *view, int width, struct style style) {
    struct block block;
    block_draw(&block, view, width, style);
    for (size_t i = 0; i < block.count; i++) {
        for (const char *at = block.lines[i].text; *at != '\0'; at++)
            if (*at == '\033')
                fputs("<ESC>", out);
            else
                fputc(*at, out);
        fputs("\n", out);
    }
}

static void write_all(FILE *out) {
    static const int widths[] = {59, 60, 80, 120, 200};
    const struct {
        const char *name;
        struct style style;
    } styles[] = {{"ascii", ascii}, {"utf-8", utf8}, {"colour", colored}};
    for (int v = 0; v < VIEWS; v++) {
        struct block_view view = views[v].make();
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
            for (size_t s = 0; s < sizeof styles / sizeof styles[0]; s++) {
                if (s > 0 && widths[w] != 80) /* the others differ in width alone */
                    continue;
                fprintf(out, "--- %s, %d columns, %s\n", views[v].name, widths[w], styles[s].name);
                write_block(out, &view, widths[w], styles[s].style);
            }
    }
}

static void each_view_is_drawn_as_in_the_golden_file(void **state) {
    (void)state;
    char *drawn = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&drawn, &length);
    write_all(out);
    fclose(out);
    golden_assert("block", drawn);
    free(drawn);
}

/* --- what always holds --- */

/* Columns of a line, colour taken out; every other byte must be printable. */
static int columns_of(const char *text, struct style style) {
    int columns = 0;
    while (*text != '\0') {
        uint32_t character = 0;
        unsigned length = utf8_read(text, &character);
        assert_true(length > 0);
        if (character == 0x1b) {
            assert_true(style.color);
            text += strcspn(text, "m") + 1;
            continue;
        }
        assert_true(character >= 0x20 && character != 0x7f);
        assert_true(character < 0x7f ||
                    (style.utf8 && character >= 0x2581 && character <= 0x2588) ||
                    (style.group_digits && character == 0x202f));
        text += length;
        columns++;
    }
    return columns;
}

static void no_line_reaches_the_last_column_in_any_width(void **state) {
    (void)state;
    const struct style styles[] = {ascii, utf8, colored};
    for (int v = 0; v < VIEWS; v++) {
        struct block_view view = views[v].make();
        for (int width = 0; width <= 300; width++)
            for (int s = 0; s < 3; s++) {
                struct block block;
                block_draw(&block, &view, width, styles[s]);
                assert_int_equal(block.count, width < 60 ? 1 : BLOCK_LINES_MAX - 1);
                for (size_t i = 0; i < block.count; i++) {
                    const struct block_line *line = &block.lines[i];
                    assert_int_equal(line->length, strlen(line->text));
                    assert_int_equal(line->columns, columns_of(line->text, styles[s]));
                    assert_true(line->columns < (width > 0 ? width : 1));
                }
            }
    }
}

static void colour_adds_nothing_but_colour(void **state) {
    (void)state;
    for (int v = 0; v < VIEWS; v++) {
        struct block_view view = views[v].make();
        struct block with, without;
        block_draw(&with, &view, 100, colored);
        block_draw(&without, &view, 100, utf8);
        for (size_t i = 0; i < with.count; i++) {
            char plain[BLOCK_LINE_BYTES];
            size_t length = 0;
            for (const char *at = with.lines[i].text; *at != '\0'; at++) {
                if (*at == '\033')
                    at += strcspn(at, "m");
                else
                    plain[length++] = *at;
            }
            plain[length] = '\0';
            assert_string_equal(plain, without.lines[i].text);
        }
    }
}

static const char *line_with(struct block *block, const struct block_view *view, int width,
                             const char *what) {
    block_draw(block, view, width, ascii);
    for (size_t i = 0; i < block->count; i++)
        if (strstr(block->lines[i].text, what) != NULL)
            return block->lines[i].text;
    fail_msg("nowhere: %s", what);
    return "";
}

static void the_bar_is_full_and_empty_only_when_the_connections_are(void **state) {
    (void)state;
    struct block block;
    struct block_view view = in_hold();
    view.live = 10000;
    assert_non_null(strstr(line_with(&block, &view, 120, "conns"), "[########################"
                                                                   "################]"));
    view.live = 9999;
    assert_non_null(strstr(line_with(&block, &view, 120, "conns"), "# ]"));
    view.live = 1;
    assert_non_null(strstr(line_with(&block, &view, 120, "conns"), "[#  "));
    view.live = 0;
    assert_non_null(strstr(line_with(&block, &view, 120, "conns"), "[   "));
}

static void a_second_that_was_not_measured_is_a_blank_and_zero_is_not(void **state) {
    (void)state;
    struct block block;
    struct block_view view = in_hold();
    view.second_count = 2;
    view.seconds[0] = (struct block_second){NAN, NAN, NAN};
    view.seconds[1] = (struct block_second){0, 0, 0};
    const char *line = line_with(&block, &view, 120, "60 s");
    assert_string_equal(line + strlen(line) - 2, " .");
    view.seconds[1] = (struct block_second){NAN, NAN, NAN};
    line = line_with(&block, &view, 120, "60 s");
    assert_string_equal(line + strlen(line) - 6, "   p99");
}

static void the_verdict_so_far_tells_what_is_broken_from_what_is_not_yet(void **state) {
    (void)state;
    struct block block;
    struct block_view view = in_hold();
    assert_non_null(
        strstr(line_with(&block, &view, 80, "rules"), "broken: lost<=0 (6)   1 of 2 hold"));
    view.rules_broken = 0;
    view.rules_open = 1;
    assert_non_null(strstr(line_with(&block, &view, 80, "rules"), "not yet: lost<=0 (6)"));
    view.rules_open = 0;
    assert_non_null(strstr(line_with(&block, &view, 80, "rules"), "all 2 hold"));
    view.rules = 0;
    assert_non_null(strstr(line_with(&block, &view, 80, "rules"), "not judged yet"));
    view.rules = 2;
    view.rules_broken = 1;
    snprintf(view.verdict, sizeof view.verdict, "BROKE");
    assert_non_null(strstr(line_with(&block, &view, 80, "rules"), "BROKE   broken: lost<=0 (6)"));
    assert_non_null(strstr(line_with(&block, &view, 59, "hold"), "BROKE"));
}

static void why_connections_ended_stands_there_most_first(void **state) {
    (void)state;
    struct block block;
    struct block_view view = in_hold();
    assert_non_null(strstr(line_with(&block, &view, 80, "ended"),
                           "closed_idle 3   reset_idle 2   response_timeout 1"));
    memset(view.ends, 0, sizeof view.ends);
    assert_non_null(strstr(line_with(&block, &view, 80, "ended"), "none so far"));
    view.phase = "done";
    assert_null(strstr(line_with(&block, &view, 80, "ended"), "so far"));
}

static void a_run_of_more_than_a_minute_has_curves_of_the_whole(void **state) {
    (void)state;
    struct block block;
    struct block_view view = in_hold();
    for (int i = 0; i < BLOCK_SECONDS; i++)
        block_history_add(&view.history, &(struct block_second){10000, 600, 0.001});
    block_draw(&block, &view, 80, ascii);
    assert_int_equal(block.count, 12);
    for (int i = BLOCK_SECONDS; i < 4 * BLOCK_SECONDS; i++)
        block_history_add(&view.history,
                          &(struct block_second){i == 200 ? 0 : 10000, i < 120 ? 600 : NAN,
                                                 i == 200 ? 1 : 0.001});
    assert_int_equal(view.history.count, 60);
    assert_int_equal(view.history.span, 4);
    assert_true(view.history.cells[50].live == 0 && view.history.cells[50].p99_seconds == 1);
    assert_true(view.history.cells[29].per_second == 600);
    assert_true(isnan(view.history.cells[30].per_second));
    block_draw(&block, &view, 80, ascii);
    assert_int_equal(block.count, 13);
    assert_string_equal(block.lines[12].text,
                        "run    live ##############.##   req/s #########           p99 "
                        "..............#..");
    for (int width = 60; width < 130; width++) {
        block_draw(&block, &view, width, ascii);
        assert_true(block.lines[12].columns < width);
    }
    block_history_add(&view.history, &(struct block_second){5000, 0, 0});
    assert_int_equal(view.history.count, 31);
    assert_int_equal(view.history.span, 8);
    assert_int_equal(view.history.filled, 1);
}

static void what_has_no_room_is_counted(void **state) {
    (void)state;
    struct block block;
    struct block_view view = in_hold();
    view.ends[OUTCOME_closed_mid_response] = 7;
    view.ends[OUTCOME_reset_mid_response] = 6;
    view.ends[OUTCOME_reset_in_flight] = 5;
    assert_non_null(strstr(line_with(&block, &view, 120, "ended"), "response_timeout 1"));
    assert_non_null(
        strstr(line_with(&block, &view, 80, "ended"), "reset_mid_response 6   and 4 more"));
    view.statuses = (struct statuses){.count = 6, .others = 5, .errors = 5};
    for (int i = 0; i < 6; i++)
        view.statuses.items[i] = (struct statuses_count){500 + i, 123456789};
    assert_non_null(strstr(line_with(&block, &view, 60, "status"), "and 4 more"));
    assert_non_null(strstr(line_with(&block, &view, 120, "500: "), "505: "));
}

static void think_times_that_only_begin_are_no_shortfall(void **state) {
    (void)state;
    struct block block;
    struct block_view view = in_hold();
    assert_null(strstr(line_with(&block, &view, 120, "rate"), "from"));
    view.elapsed = 8 * SECOND;
    assert_non_null(strstr(line_with(&block, &view, 120, "rate"), "planned 645.2 /s from 30s on"));
    view.think = (struct units_span){SECOND, SECOND};
    assert_null(strstr(line_with(&block, &view, 120, "rate"), "from"));
}

static void the_hold_is_a_bar_with_its_end_by_the_clock(void **state) {
    (void)state;
    struct block block;
    struct block_view view = in_hold();
    assert_non_null(strstr(line_with(&block, &view, 80, "ends "), "40 %   ends 17:44:03"));
    view.length = 0;
    view.until_interrupt = true;
    view.ends_at[0] = '\0';
    assert_non_null(strstr(line_with(&block, &view, 80, "until i"), "hold   until interrupted"));
    view.phase = "ramp";
    assert_non_null(strstr(line_with(&block, &view, 80, "after the"), "after the ramp"));
    view.phase = "drain";
    assert_non_null(strstr(line_with(&block, &view, 80, "over"), "##] over"));
    view.hold = MINUTE;
    view.hold_seconds = 60.01;
    assert_non_null(strstr(line_with(&block, &view, 80, "over"), "##] over"));
    view.hold_seconds = 30;
    assert_non_null(strstr(line_with(&block, &view, 80, "cut short"), " ] cut short at 50 %"));
    view.hold_seconds = 0;
    view.ramp_seconds = NAN;
    assert_non_null(strstr(line_with(&block, &view, 80, "not begun"), " ] not begun"));
}

static void reconnections_stand_there_only_where_there_are_some_to_count(void **state) {
    (void)state;
    struct block block;
    struct block_view view = in_hold();
    assert_null(strstr(line_with(&block, &view, 120, "closed"), "reconnected"));
    view.reconnected = 0;
    assert_non_null(strstr(line_with(&block, &view, 120, "closed"), "reconnected 0"));
}

static void a_drain_says_how_far_it_is(void **state) {
    (void)state;
    struct block block;
    struct block_view view = in_hold();
    assert_null(strstr(line_with(&block, &view, 120, "live of"), "drained"));
    view.phase = "drain";
    view.drained = 4200;
    assert_non_null(strstr(line_with(&block, &view, 120, "live of"), "drained 4200"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_says_how_far_it_is),
        cmocka_unit_test(each_view_is_drawn_as_in_the_golden_file),
        cmocka_unit_test(no_line_reaches_the_last_column_in_any_width),
        cmocka_unit_test(colour_adds_nothing_but_colour),
        cmocka_unit_test(the_bar_is_full_and_empty_only_when_the_connections_are),
        cmocka_unit_test(a_second_that_was_not_measured_is_a_blank_and_zero_is_not),
        cmocka_unit_test(the_verdict_so_far_tells_what_is_broken_from_what_is_not_yet),
        cmocka_unit_test(why_connections_ended_stands_there_most_first),
        cmocka_unit_test(a_run_of_more_than_a_minute_has_curves_of_the_whole),
        cmocka_unit_test(what_has_no_room_is_counted),
        cmocka_unit_test(think_times_that_only_begin_are_no_shortfall),
        cmocka_unit_test(the_hold_is_a_bar_with_its_end_by_the_clock),
        cmocka_unit_test(reconnections_stand_there_only_where_there_are_some_to_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
