/* The sample of endings of a part, there and back: what its leader infers from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/memory_stream.h"
#include "base/random.h"
#include "report/export/json_sections.h"
#include "report/format/line_writer.h"
#include "report/saved/saved_parts.h"

static const int64_t STARTED = 1000 * SECOND + 7;
static struct record *written, *back;
static char error[200];

static int begin(void **state) {
    (void)state;
    written = calloc(1, sizeof *written);
    back = calloc(1, sizeof *back);
    return written == NULL || back == NULL;
}

static int end(void **state) {
    (void)state;
    free(written);
    free(back);
    return 0;
}

static bool read_text(const char *text) {
    struct saved_value_fault fault;
    error[0] = '\0';
    struct saved_place place = {.to = {error, sizeof error}, .file = refuse_quote("a line")};
    struct json_t *document = saved_value_parse(text, strlen(text), &fault);
    assert_non_null(document);
    bool read = saved_endings(back, &place, document);
    saved_value_free(document);
    return read;
}

static void fill(void) {
    struct endings *endings = &written->total.endings;
    struct random random;
    random_seed(&random, 3, 0);
    for (uint32_t i = 0; i < 600; i++) {
        struct ending ending = {.sample_key = (uint32_t)random_next(&random),
                                .idle_ms = i,
                                .age_ms = 2 * i + 40,
                                .moment_ms = (uint32_t)(STARTED / MILLISECOND) + i,
                                .answers = i + 1,
                                .waited_ms = i % 3,
                                .status = 503,
                                .late_ms = (uint16_t)(i % 5)};
        endings_add(endings, i % 2 == 0 ? OUTCOME_closed_idle : OUTCOME_reset_idle, &ending);
        endings_answered(endings, &ending, STARTED + i, i % 7 != 0);
    }
    endings_frozen(endings, 12345);
    written->total.counts.first_attempt_ns = STARTED + 11;
    for (int i = 1; i < 100; i++)
        histogram_add(&written->total.lag, i * MILLISECOND);
}

static void what_was_sent_is_there_by_the_load_s_own_clock(void **state) {
    (void)state;
    struct memory_stream text;
    struct json_writer json;
    fill();
    assert_true(memory_stream_open(&text));
    json_write_begin(&json, text.out, false);
    json_write_object(&json);
    json_section_endings(&json, written, STARTED);
    json_write_object_end(&json);
    json_write_end(&json);
    assert_true(memory_stream_close(&text));
    assert_true(read_text(text.text));
    free(text.text);
    assert_true(back->endings_kept);
    assert_int_equal(back->total.counts.first_attempt_ns, SECOND + 11);
    assert_int_equal(back->total.lag.count, 99);
    struct endings *a = &written->total.endings, *b = &back->total.endings;
    endings_shift(a, SECOND - STARTED); /* but for what is below a millisecond */
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        assert_int_equal(a->of[i].count, b->of[i].count);
        assert_int_equal(a->of[i].kept, b->of[i].kept);
        assert_memory_equal(a->of[i].sample, b->of[i].sample,
                            a->of[i].kept * sizeof a->of[i].sample[0]);
    }
    assert_int_equal(a->gaps.count, b->gaps.count);
    assert_memory_equal(a->gaps.sample, b->gaps.sample, sizeof a->gaps.sample);
    assert_memory_equal(a->gaps.longest, b->gaps.longest, sizeof a->gaps.longest);
    assert_memory_equal(&a->survived, &b->survived, sizeof a->survived);
    assert_memory_equal(&a->ages, &b->ages, sizeof a->ages);
}

/* Else it would be left out: a part with endings of all kinds would have no end. */
static void the_longest_line_is_one_that_a_pipe_takes(void **state) {
    (void)state;
    struct memory_stream text;
    struct json_writer json;
    struct endings *endings = &written->total.endings;
    for (uint32_t i = 0; i < 400 * OUTCOME_COUNT; i++) {
        struct ending ending = {UINT32_MAX - i, UINT32_MAX, UINT32_MAX, UINT32_MAX,
                                UINT32_MAX,     UINT32_MAX, 599,        UINT16_MAX};
        endings_add(endings, (enum outcome)(i % OUTCOME_COUNT), &ending);
        endings_answered(endings, &ending, INT64_C(1) << 60, true);
        endings_frozen(endings, UINT32_MAX - i * 100000);
    }
    assert_true(memory_stream_open(&text));
    json_write_begin(&json, text.out, false);
    json_write_object(&json);
    json_section_endings(&json, written, 0);
    json_write_object_end(&json);
    json_write_end(&json);
    assert_true(memory_stream_close(&text));
    assert_true(text.length < LINE_WRITER_BUFFER_MAX);
    assert_true(read_text(text.text));
    free(text.text);
}

static void without_them_nothing_is_known(void **state) {
    (void)state;
    assert_true(read_text("{\"end\":true}"));
    assert_false(back->endings_kept);
}

static void what_no_part_sends_is_refused(void **state) {
    (void)state;
    static const char *const lines[] = {
        "{\"endings\":3}",
        "{\"endings\":{\"groups\":{\"closed_idle\":{\"count\":1,\"sample\":[[1,2]]}}}}",
        "{\"endings\":{\"groups\":{\"closed_idle\":{\"count\":1,\"sample\":[[1,2,3,4,5,6,1000,8]]}}"
        "}}",
        "{\"endings\":{\"groups\":{\"closed_idle\":{\"count\":0,\"sample\":[[1,2,3,4,5,6,7,8]]}}}}",
        "{\"endings\":{\"groups\":{\"closed_idle\":{\"count\":2,\"sample\":[[2,2,3,4,5,6,7,8],"
        "[1,2,3,4,5,6,7,8]]}}}}",
        "{\"endings\":{\"groups\":{\"closed_idle\":{\"count\":1,\"sample\":[[4294967296,2,3,4,5,6,"
        "7,"
        "8]]}}}}",
        "{\"endings\":{\"gaps\":{\"count\":1,\"sample\":[[1,2,3,4,5,3,7]]}}}",
        "{\"endings\":{\"ages\":[[[1728,1]]]}}",
        "{\"endings\":{\"lag\":\"x\"}}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_false(read_text(lines[i]));
        assert_true(strlen(error) > 0);
        assert_false(back->endings_kept);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_sent_is_there_by_the_load_s_own_clock, begin, end),
        cmocka_unit_test_setup_teardown(the_longest_line_is_one_that_a_pipe_takes, begin, end),
        cmocka_unit_test_setup_teardown(without_them_nothing_is_known, begin, end),
        cmocka_unit_test_setup_teardown(what_no_part_sends_is_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
