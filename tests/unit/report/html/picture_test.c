/* Tests of pictures that stand alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory_stream.h"
#include "options/options.h"
#include "report/html/picture.h"
#include "says.h"

static struct record *record;
static struct plan plan;
static struct judgement judgement;

static int set_up(void **state) {
    (void)state;
    record = calloc(1, sizeof *record);
    if (record == NULL)
        return -1;
    timeline_init(&record->timeline, SECOND);
    record->ramp_seconds = 1;
    record->hold_seconds = NAN;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(record);
    return 0;
}

static void sample(double t, uint64_t live) {
    struct timeline_sample one = {.t = t, .live = live};
    one.client_per_second = 10;
    one.server_per_second = one.p50_seconds = one.p99_seconds = one.max_seconds = NAN;
    one.cpu_percent = one.descriptors = one.loop_lag_seconds = NAN;
    timeline_push(&record->timeline, &one);
}

static char *draw(int width) {
    struct memory_stream stream;
    assert_true(memory_stream_open(&stream));
    assert_int_equal(picture_of_run(stream.out, &plan, record, &judgement, width), 0);
    assert_true(memory_stream_close(&stream));
    return stream.text;
}

static void charts_are_one_svg_with_a_style_of_its_own(void **state) {
    (void)state;
    sample(1, 50);
    sample(2, 100);
    char *text = draw(640);
    assert_says(text, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\"");
    assert_says(text, "prefers-color-scheme:dark");
    assert_says(text, ">Connections</text>");
    assert_says(text, "not measured");
    assert_silent(text, "<script");
    assert_silent(text, "nan");
    free(text);
}

static void each_request_is_in_the_picture_of_their_times(void **state) {
    (void)state;
    struct memory_stream stream;
    for (int i = 1; i <= 100; i++)
        histogram_add(&record->total.service, i * MILLISECOND);
    assert_true(memory_stream_open(&stream));
    assert_int_equal(picture_of_times(stream.out, record, 960), 0);
    assert_true(memory_stream_close(&stream));
    assert_says(stream.text, "100 requests");
    assert_says(stream.text, "1.00 ms to 100 ms");
    free(stream.text);
}

static void without_a_sample_there_is_an_empty_picture(void **state) {
    (void)state;
    char *text = draw(960);
    assert_says(text, "height=\"0\"");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(charts_are_one_svg_with_a_style_of_its_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(each_request_is_in_the_picture_of_their_times, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_sample_there_is_an_empty_picture, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
