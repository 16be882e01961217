/* Tests of a timeline as events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory_stream.h"
#include "serve/events.h"

static const char *const lines[] = {
    "{\"schema\":\"holdfast-timeline/1\",\"run\":{}}",
    "{\"begin\":true,\"findings\":[]}",
    "{\"t\":0.5,\"phase\":\"ramp\",\"x\":1}",
    "{\"t\":1.5,\"phase\":\"hold\",\"x\":2}",
    "{\"marks\":[{\"t\":1.9,\"text\":\"],\\\"t\\\":99\"}],\"t\":2.5,\"phase\":\"hold\",\"x\":3}",
    "{\"end\":true,\"verdict\":{}}",
};

static char *events_from(int64_t from) {
    struct memory_stream stream;
    struct event_cursor cursor = {.from = from, .second = -1};
    assert_true(memory_stream_open(&stream));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        events_write(stream.out, &cursor, lines[i], strlen(lines[i]));
    assert_true(memory_stream_close(&stream));
    return stream.text;
}

/* "finding - phase 0 second 0 ...": what there is, and with which id. */
static void assert_events(int64_t from, const char *expected) {
    char *text = events_from(from), found[512] = "", *rest = text;
    for (char *event; (event = strstr(rest, "event: ")) != NULL; rest = event + 1) {
        char name[16], number[16] = "-";
        sscanf(event, "event: %15s\nid: %15[0-9]", name, number);
        strcat(strcat(strcat(strcat(found, name), " "), number), " ");
    }
    assert_string_equal(found, expected);
    free(text);
}

static void each_line_is_its_event_and_phases_and_marks_stand_before_it(void **state) {
    (void)state;
    assert_events(0, "finding - phase 0 second 0 phase 1 second 1 mark 2 second 2 verdict 2 ");
}

static void from_a_second_on_only_what_came_later(void **state) {
    (void)state;
    assert_events(1, "phase 1 second 1 mark 2 second 2 verdict 2 ");
    assert_events(2, "mark 2 second 2 verdict 2 ");
    assert_events(9, "verdict 2 ");
}

static void data_is_the_lines_own_text(void **state) {
    (void)state;
    char *text = events_from(0), expected[256];
    for (size_t i = 1; i < sizeof lines / sizeof *lines; i++) {
        snprintf(expected, sizeof expected, "\ndata: %s\n\n", lines[i]);
        assert_non_null(strstr(text, expected));
    }
    assert_null(strstr(text, "schema"));
    free(text);
}

static void a_torn_or_strange_line_is_no_event(void **state) {
    (void)state;
    static const char *const strange[] = {
        "", "{", "{\"t\":", "{\"t\":x", "{\"marks\":[", "\xff", "{\"t\":-1,", "{\"t\":1e99,"};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        assert_int_equal(event_line_read(strange[i], strlen(strange[i])).kind, EVENT_LINE_HEADER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_its_event_and_phases_and_marks_stand_before_it),
        cmocka_unit_test(from_a_second_on_only_what_came_later),
        cmocka_unit_test(data_is_the_lines_own_text),
        cmocka_unit_test(a_torn_or_strange_line_is_no_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
