/* HdrHistogram's V2 form: the bytes that its own encoder writes, and back. */
#include "base/expect_bug.h"

#include "base/hdr.h"
#include "base/random.h"

static struct histogram *created(void) {
    struct histogram *histogram = calloc(1, sizeof *histogram);
    assert_non_null(histogram);
    return histogram;
}

/* Cookie, length 9, no shift, 3 digits, 1000, 3 600 000 000 000, 1.0; then by hand from the
 * definition of ZigZag LEB128: 1 is 2; 1951 zeros are -1951 = 3901 = bd 1e; 3 is 6; one zero is 0;
 * 64 is 128 = 80 01; 95 zeros are -95 = 189 = bd 01 (1 000 000 ns stand at 1953, 1 001 024 at
 * 1955...). */
static void the_bytes_are_those_of_the_definition(void **state) {
    (void)state;
    static const uint8_t expected[] = {
        0x1c, 0x84, 0x93, 0x13, 0, 0, 0, 7,    0, 0,    0,    0,    0,    0,    0,    3,    /* */
        0,    0,    0,    0,    0, 0, 3, 0xe8, 0, 0,    3,    0x46, 0x30, 0xb8, 0xa0, 0x00, /* */
        0x3f, 0xf0, 0,    0,    0, 0, 0, 0,    2, 0xbd, 0x1e, 6,    0,    0x80, 0x01};
    struct histogram *histogram = created();
    static uint8_t packed[HDR_PACKED_MAX];
    histogram_add(histogram, 0);
    histogram_add_at(histogram, 1952, 3);
    histogram_add_at(histogram, 1954, 64);
    assert_int_equal(hdr_pack(histogram, packed), sizeof expected);
    assert_memory_equal(packed, expected, sizeof expected);
    free(histogram);
}

static void an_empty_one_is_a_head_alone(void **state) {
    (void)state;
    struct histogram *histogram = created();
    static uint8_t packed[HDR_PACKED_MAX];
    assert_int_equal(hdr_pack(histogram, packed), HDR_HEAD);
    free(histogram);
}

/* Written by HdrHistogram itself (npm's hdr-histogram-js 3.0.1) of 250 us x 500 and 3 s. */
static void what_hdrhistogram_wrote_is_read(void **state) {
    (void)state;
    static const char text[] =
        "HISTFAAAADB4nJNpmSzMwMDAwcDAwMjAwMDMAAbMLxgYmN0MdixggALG8+wv2G+eY2QCAIjyB38=";
    struct histogram *histogram = created();
    assert_true(hdr_decode(histogram, text));
    assert_int_equal(histogram->count, 501);
    assert_int_equal(histogram_count_at(histogram, histogram_index(250 * MICROSECOND)), 500);
    assert_int_equal(histogram_count_at(histogram, histogram_index(3 * SECOND)), 1);
    free(histogram);
}

/* Counts of every size, alone and in rows. */
static void fill(struct histogram *histogram, struct random *random) {
    for (int i = 0; i < 300; i++) {
        size_t index = (size_t)random_between(random, 0, HISTOGRAM_COUNTS - 1);
        histogram_add_at(histogram, index,
                         (random_next(random) >> random_between(random, 12, 63)) + 1);
    }
}

static void what_is_written_is_read_back(void **state) {
    (void)state;
    struct random random;
    random_seed(&random, 1, 0);
    struct histogram *written = created(), *read = created();
    for (int i = 0; i < 20; i++) {
        histogram_clear(written);
        histogram_clear(read);
        fill(written, &random);
        char *text = hdr_encode(written);
        assert_non_null(text);
        assert_true(hdr_decode(read, text));
        assert_true(read->count == written->count);
        for (size_t index = 0; index < HISTOGRAM_COUNTS; index++)
            assert_true(histogram_count_at(read, index) == histogram_count_at(written, index));
        free(text);
    }
    free(written);
    free(read);
}

/* Each byte of a good text changed or cut off: refused, or read as another one; never a crash. */
static void bytes_from_outside_are_suspected(void **state) {
    (void)state;
    struct histogram *histogram = created();
    histogram_add(histogram, 250 * MICROSECOND);
    histogram_add(histogram, 3 * SECOND);
    char *text = hdr_encode(histogram);
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        char kept = text[i];
        text[i] = kept == 'A' ? 'B' : 'A';
        histogram_clear(histogram);
        (void)hdr_decode(histogram, text);
        text[i] = '\0';
        histogram_clear(histogram);
        assert_false(hdr_decode(histogram, text));
        text[i] = kept;
    }
    static const char *const bad[] = {
        "", "=", "====", "AAAA", "A===", "HISTOGRAM", "\xff\xff\xff\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(hdr_decode(histogram, bad[i]));
    free(text);
    free(histogram);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_those_of_the_definition),
        cmocka_unit_test(an_empty_one_is_a_head_alone),
        cmocka_unit_test(what_hdrhistogram_wrote_is_read),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(bytes_from_outside_are_suspected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
