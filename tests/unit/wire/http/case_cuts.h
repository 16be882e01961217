/* The ways to cut the stream of a case: whole, byte by byte, and in two at every offset. */
#ifndef CASE_CUTS_H
#define CASE_CUTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/http/case_file.h"

/* A cut is one of these, or CASE_SPLIT_FIRST + k: in two behind byte k. */
enum { CASE_WHOLE = 0, CASE_BYTES = 1, CASE_SPLIT_FIRST = 2 };

/* Faults are told as they are found, and fail the test behind the last case: one wrong fact often
 * explains another. */
static unsigned case_faults;

#define case_tell(...) (case_faults++, print_error(__VA_ARGS__))

/* Where the piece that begins at `at` ends. */
static inline size_t case_cut_next(size_t cut, size_t at, size_t length) {
    if (cut == CASE_BYTES)
        return at + 1;
    size_t split = cut == CASE_WHOLE ? length : cut - CASE_SPLIT_FIRST + 1;
    return at < split ? split : length;
}

/* Of a long stream, the offsets near its ends, near 64 KiB and near the ends of answers, and some
 * between. */
static inline bool case_worth_a_split(const struct case_file *file, size_t offset, size_t near) {
    enum { SHORT = 4096, STRIDE = 4999 };
    if (file->length <= SHORT || offset < near || file->length - offset < near ||
        offset % STRIDE == 0 || (offset > 65536 - near && offset < 65536 + near))
        return true;
    size_t end = 0;
    for (size_t i = 0; i < file->answer_count; i++) {
        end += file->answers[i].taken;
        if (offset + near > end && offset < end + near)
            return true;
    }
    return false;
}

/* Shows the file in two pieces, at each offset that is worth it. */
static inline void case_splits(const struct case_file *file, size_t near,
                               void (*check)(const struct case_file *file, size_t cut)) {
    for (size_t offset = 1; offset < file->length; offset++)
        if (case_worth_a_split(file, offset, near))
            check(file, CASE_SPLIT_FIRST + offset - 1);
}

/* All cases of tests/cases. */
static inline void case_each(void (*check)(const struct case_file *file)) {
    case_faults = 0;
    size_t count = case_files(TEST_SOURCE_DIR "/cases", check);
    assert_true(count >= 200);
    assert_int_equal(case_faults, 0);
}

#endif
