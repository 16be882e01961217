/* A stream into memory keeps all of it, or says that it did not. The linker puts the functions here
 * in the place of malloc(3) and realloc(3). */
#include "base/expect_bug.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory_stream.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

static size_t refused_from = SIZE_MAX; /* an allocation of so many bytes fails, once */

static bool is_refused(size_t size) {
    bool refused = size >= refused_from;
    if (refused)
        refused_from = SIZE_MAX;
    return refused;
}

void *__wrap_malloc(size_t size) {
    return is_refused(size) ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *block, size_t size) {
    return is_refused(size) ? NULL : __real_realloc(block, size);
}

static void write_lines(FILE *out, int count) {
    for (int i = 0; i < count; i++)
        fprintf(out, "line %04d\n", i);
}

static void all_that_was_written_is_there_and_terminated(void **state) {
    (void)state;
    struct memory_stream stream;
    assert_true(memory_stream_open(&stream));
    write_lines(stream.out, 5000);
    assert_true(memory_stream_close(&stream));
    assert_int_equal(stream.length, 5000 * 10);
    assert_int_equal(strlen(stream.text), stream.length);
    assert_string_equal(stream.text + stream.length - 10, "line 4999\n");
    free(stream.text);
}

static void nothing_written_is_an_empty_text(void **state) {
    (void)state;
    struct memory_stream stream;
    assert_true(memory_stream_open(&stream));
    assert_true(memory_stream_close(&stream));
    assert_string_equal(stream.text, "");
    free(stream.text);
}

/* What is written behind the lost part would make a text that looks whole. */
static void memory_that_ran_out_in_between_is_an_error(void **state) {
    (void)state;
    struct memory_stream stream;
    assert_true(memory_stream_open(&stream));
    refused_from = 16384;
    write_lines(stream.out, 5000);
    assert_int_equal(refused_from, SIZE_MAX);
    assert_false(memory_stream_close(&stream));
    assert_null(stream.text);
}

static void a_stream_that_cannot_begin_is_not_open(void **state) {
    (void)state;
    struct memory_stream stream;
    refused_from = 1;
    assert_false(memory_stream_open(&stream));
    assert_null(stream.out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_was_written_is_there_and_terminated),
        cmocka_unit_test(nothing_written_is_an_empty_text),
        cmocka_unit_test(memory_that_ran_out_in_between_is_an_error),
        cmocka_unit_test(a_stream_that_cannot_begin_is_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
