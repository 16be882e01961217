/* What people write is read exactly or refused, and written back. */
#include "base/expect_bug.h"

#include "base/random.h"
#include "base/units.h"

static void check_count(const char *text, uint64_t expected) {
    uint64_t count = 0;
    if (!units_parse_count(text, &count) || count != expected)
        fail_msg("'%s' was read as %llu", text, (unsigned long long)count);
}

static void refuse_count(const char *text) {
    uint64_t count = 77;
    if (units_parse_count(text, &count) || count != 77)
        fail_msg("'%s' was read as %llu", text, (unsigned long long)count);
}

static void check_duration(const char *text, duration expected) {
    duration length = 0;
    if (!units_parse_duration(text, &length) || length != expected)
        fail_msg("'%s' was read as %lld", text, (long long)length);
}

static void refuse_duration(const char *text) {
    duration length = 77;
    if (units_parse_duration(text, &length) || length != 77)
        fail_msg("'%s' was read as %lld", text, (long long)length);
}

static void check_rate(const char *text, uint64_t count, duration per) {
    struct units_rate rate = {0};
    if (!units_parse_rate(text, &rate) || rate.count != count || rate.per != per)
        fail_msg("'%s' was read as %llu in %lld", text, (unsigned long long)rate.count,
                 (long long)rate.per);
}

static void refuse_rate(const char *text) {
    struct units_rate rate = {77, 78};
    if (units_parse_rate(text, &rate) || rate.count != 77 || rate.per != 78)
        fail_msg("'%s' was read", text);
}

static void check_span(const char *text, duration low, duration high) {
    struct units_span span = {0};
    if (!units_parse_span(text, &span) || span.low != low || span.high != high)
        fail_msg("'%s' was read as %lld..%lld", text, (long long)span.low, (long long)span.high);
}

static void refuse_span(const char *text) {
    struct units_span span = {77, 78};
    if (units_parse_span(text, &span) || span.low != 77 || span.high != 78)
        fail_msg("'%s' was read", text);
}

static void a_frequency_is_exact_to_the_millionth(void **state) {
    (void)state;
    static const struct {
        const char *text;
        frequency value;
        const char *back;
    } rows[] = {
        {"1", 1000000, "1"},
        {"0.5", 500000, "0.5"},
        {"0.001", 1000, "0.001"},
        {"10k", 10000000000, "10000"},
        {"1.5k", 1500000000, "1500"},
        {"10M", 10000000000000, "10000000"},
        {"33.333333", 33333333, "33.333333"},
        {"0", 0, "0"},
        {"2.50", 2500000, "2.5"},
        {"100/s", 100000000, "100"},
        {"600/m", 10000000, "10"},
        {"30/min", 500000, "0.5"},
        {"5/100ms", 50000000, "50"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        frequency value = 77;
        char text[64];
        assert_true(units_parse_frequency(rows[i].text, &value));
        assert_int_equal(value, rows[i].value);
        assert_string_equal(units_format_frequency(text, sizeof text, value), rows[i].back);
    }
    static const char *const bad[] = {
        "",    "x",  "-1",    "1.",  ".5",        "1/", "1/0", "1/3s",
        "1/x", "/s", "1/s/s", "1e3", "0.0000001", " 1", "1 ",  "99999999999999999999",
        "1kk", "1s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        frequency value = 77;
        assert_false(units_parse_frequency(bad[i], &value) && value != 77);
    }
}

static void an_interval_is_a_span_or_exponential(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct units_interval value;
    } rows[] = {
        {"0s", {{0, 0}, 0}},
        {"1s..30s", {{1 * SECOND, 30 * SECOND}, 0}},
        {"exp:15s", {{0, 150 * SECOND}, 15 * SECOND}},
        {"exp:1ns", {{0, 10}, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct units_interval value;
        char text[64];
        assert_true(units_parse_interval(rows[i].text, &value));
        assert_memory_equal(&value, &rows[i].value, sizeof value);
        assert_string_equal(units_format_interval(text, sizeof text, value), rows[i].text);
    }
    static const char *const bad[] = {"",           "exp",    "exp:",        "exp:0",  "exp:-1s",
                                      "exp:1s..2s", "EXP:1s", "exp:100000d", "exp: 1s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(units_parse_interval(bad[i], &(struct units_interval){.mean = 0}));
}

static void counts_take_suffixes_and_decimals_that_come_out_whole(void **state) {
    (void)state;
    check_count("0", 0);
    check_count("007", 7);
    check_count("10k", 10000);
    check_count("10K", 10000);
    check_count("1M", 1000000);
    check_count("2G", UINT64_C(2000000000));
    check_count("1.5k", 1500);
    check_count("0.001k", 1);
    check_count("1.2340000000000000000000000k", 1234);
    check_count("0.000000001G", 1);
}

static void counts_up_to_the_largest_are_exact_and_one_more_is_refused(void **state) {
    (void)state;
    check_count("18446744073709551615", UINT64_MAX);
    refuse_count("18446744073709551616");
    refuse_count("99999999999999999999");
    check_count("18446744073709551.615k", UINT64_MAX);
    refuse_count("18446744073709551.616k");
    refuse_count("18446744073709552k");
}

static void what_is_no_count_is_refused(void **state) {
    (void)state;
    static const char *const refused[] = {
        "",
        " ",
        "k",
        "-1",
        "+1",
        "1 ",
        " 1",
        "1 k",
        "1.",
        ".5",
        ".5k",
        "1.5",
        "1.0",
        "1.k",
        "1.5.5k",
        "1kk",
        "1m",
        "1.2345k",
        "1e3",
        "0x10",
        "1,000",
        "1k\n",
        "\xef\xbc\x91",
        "1.0000000001G",
        "nan",
        "1.0000000000000000000000001k",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        refuse_count(refused[i]);
}

static void durations_take_all_units_and_bare_seconds(void **state) {
    (void)state;
    check_duration("0", 0);
    check_duration("7ns", 7);
    check_duration("7us", 7 * MICROSECOND);
    check_duration("250ms", 250 * MILLISECOND);
    check_duration("60s", MINUTE);
    check_duration("5m", 5 * MINUTE);
    check_duration("2h", 2 * HOUR);
    check_duration("365d", 365 * DAY);
    check_duration("60", MINUTE);
    check_duration("1.5", 1500 * MILLISECOND);
}

static void joined_durations_are_added(void **state) {
    (void)state;
    check_duration("1h30m", 90 * MINUTE);
    check_duration("30m1h", 90 * MINUTE);
    check_duration("1d2h3m4s5ms6us7ns", DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5 * MILLISECOND +
                                            6 * MICROSECOND + 7);
    check_duration("1m1ms", MINUTE + MILLISECOND);
    check_duration("0.5h0.5m", 30 * MINUTE + 30 * SECOND);
}

static void decimals_of_a_duration_are_exact(void **state) {
    (void)state;
    check_duration("0.1s", 100 * MILLISECOND);
    check_duration("0.3s", 300 * MILLISECOND);
    check_duration("1.5h", 90 * MINUTE);
    check_duration("0.000000001s", 1);
    check_duration("1.000000001s", SECOND + 1);
    check_duration("0.1us", 100);
    check_duration("0.00000000005m", 3);
    check_duration("9007199.254740993s", INT64_C(9007199254740993));
    /* the finest decimal there is: 2^-16 of a day, 16 digits, is 1,318,359,375 ns */
    check_duration("0.0000152587890625d", 1318359375);
}

static void decimals_finer_than_a_nanosecond_are_refused(void **state) {
    (void)state;
    refuse_duration("0.1ns");
    refuse_duration("0.0001us");
    refuse_duration("0.0000000001s");
    refuse_duration("0.00000000001m");
    refuse_duration("0.0000000000000000000000000001d");
    check_duration("1.0ns", 1);
}

static void a_duration_beyond_the_type_is_refused(void **state) {
    (void)state;
    check_duration("9223372036854775807ns", INT64_MAX);
    check_duration("9223372036.854775807s", INT64_MAX);
    check_duration("9223372036s854775807ns", INT64_MAX);
    refuse_duration("9223372036854775808ns");
    refuse_duration("9223372036.854775808s");
    refuse_duration("9223372036s854775808ns");
    refuse_duration("18446744073709551615ns1ns");
    refuse_duration("18446744073709551616ns");
    refuse_duration("106752d");
    refuse_duration("300000000000000d");
}

static void what_is_no_duration_is_refused(void **state) {
    (void)state;
    static const char *const refused[] = {
        "",     " ",          "s",     "5 s",    " 5s",  "5s ",  "-1",     "-1s",
        "+1s",  "1h30",       "30 1h", "1.5.5s", "1.s",  ".5s",  "1..2",   "5S",
        "5M",   "5secs",      "5Min",  "5w",     "1e3s", "inf",  "1h-5m",  "1h ",
        "5s\n", "5\xc2\xb5s", "1:30",  "ms",     "1,5s", "0x5s", "1h30m2",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        refuse_duration(refused[i]);
}

static void rates_are_a_count_in_each_duration(void **state) {
    (void)state;
    check_rate("10/10ms", 10, 10 * MILLISECOND);
    check_rate("10/s", 10, SECOND);
    check_rate("10/ms", 10, MILLISECOND);
    check_rate("1k/1s", 1000, SECOND);
    check_rate("100", 100, SECOND);
    check_rate("1.5k", 1500, SECOND);
    check_rate("6/m", 6, MINUTE);
    check_rate("6/2", 6, 2 * SECOND);
    check_rate("1/1m30s", 1, 90 * SECOND);
    check_rate("0/s", 0, SECOND);
}

static void what_is_no_rate_is_refused(void **state) {
    (void)state;
    static const char *const refused[] = {
        "",      "/",      "10/",      "/s",      "/10ms", "10/0",   "10/0s",
        "10//s", "10/s/s", "10/10ms/", "10 /s",   "10/ s", "-1/s",   "1/-1s",
        "s/10",  "10/sx",  "10/mss",   "10ms/10", "1.5/s", "10/.5s",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        refuse_rate(refused[i]);
}

static void spans_are_fixed_or_from_low_to_high(void **state) {
    (void)state;
    check_span("5s", 5 * SECOND, 5 * SECOND);
    check_span("0", 0, 0);
    check_span("1s..30s", SECOND, 30 * SECOND);
    check_span("1..2", SECOND, 2 * SECOND);
    check_span("0.5..1.5", 500 * MILLISECOND, 1500 * MILLISECOND);
    check_span("250ms..1m30s", 250 * MILLISECOND, 90 * SECOND);
    check_span("2s..2000ms", 2 * SECOND, 2 * SECOND);
}

static void what_is_no_span_is_refused(void **state) {
    (void)state;
    static const char *const refused[] = {
        "", "..", "1s..", "..1s", "2s..1s", "1s...2s", "1s..2s..3s", "1s-2s", "1s .. 2s", "1s..2x",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        refuse_span(refused[i]);
}

static void check_written_duration(duration value, const char *expected) {
    char text[64];
    assert_ptr_equal(units_format_duration(text, sizeof text, value), text);
    assert_string_equal(text, expected);
}

static void durations_are_written_in_the_largest_unit_that_fits(void **state) {
    (void)state;
    check_written_duration(0, "0s");
    check_written_duration(1, "1ns");
    check_written_duration(1500 * MICROSECOND, "1500us");
    check_written_duration(250 * MILLISECOND, "250ms");
    check_written_duration(59 * SECOND, "59s");
    check_written_duration(MINUTE, "1m");
    check_written_duration(90 * MINUTE, "90m");
    check_written_duration(DAY, "1d");
    check_written_duration(INT64_MAX, "9223372036854775807ns");
    check_written_duration(-5 * SECOND, "-5s");
    check_written_duration(INT64_MIN, "-9223372036854775808ns");
}

static void check_written_rate(uint64_t count, duration per, const char *expected) {
    char text[64];
    assert_string_equal(units_format_rate(text, sizeof text, (struct units_rate){count, per}),
                        expected);
}

static void rates_and_spans_are_written_as_people_write_them(void **state) {
    (void)state;
    char text[64];
    check_written_rate(10, 10 * MILLISECOND, "10/10ms");
    check_written_rate(10000, SECOND, "10k/s");
    check_written_rate(1500, 12 * SECOND, "1500/12s");
    check_written_rate(0, MINUTE, "0/m");
    check_written_rate(UINT64_MAX, INT64_MAX, "18446744073709551615/9223372036854775807ns");
    units_format_span(text, sizeof text, (struct units_span){SECOND, 30 * SECOND});
    assert_string_equal(text, "1s..30s");
    units_format_span(text, sizeof text, (struct units_span){SECOND, SECOND});
    assert_string_equal(text, "1s");
    units_format_span(text, sizeof text, (struct units_span){INT64_MAX - 1, INT64_MAX});
    assert_string_equal(text, "9223372036854775806ns..9223372036854775807ns");
}

/* A value of any magnitude, often a round one. */
static uint64_t any_value(struct random *random, uint64_t highest) {
    static const uint64_t round[] = {1, 1000, 1000000, 1000000000, 60000000000, 3600000000000};
    uint64_t value = random_next(random) >> random_between(random, 0, 63);
    value *= round[random_between(random, 0, 5)];
    return highest == UINT64_MAX ? value : value % (highest + 1);
}

static void what_is_written_reads_back_to_the_same_value(void **state) {
    (void)state;
    struct random random;
    char text[64];
    random_seed(&random, 1, 0);
    for (int i = 0; i < 20000; i++) {
        duration length = (duration)any_value(&random, INT64_MAX);
        check_duration(units_format_duration(text, sizeof text, length), length);
        duration longer = (duration)any_value(&random, INT64_MAX);
        if (longer > length)
            check_span(units_format_span(text, sizeof text, (struct units_span){length, longer}),
                       length, longer);
        if (longer > 0) {
            struct units_rate rate = {any_value(&random, UINT64_MAX), longer};
            check_rate(units_format_rate(text, sizeof text, rate), rate.count, rate.per);
        }
    }
}

static void check_human_duration(duration value, const char *expected) {
    char text[64];
    assert_string_equal(units_human_duration(text, sizeof text, value), expected);
}

static void people_get_durations_in_three_digits(void **state) {
    (void)state;
    check_human_duration(0, "0 s");
    check_human_duration(999, "999 ns");
    check_human_duration(1000, "1.00 us");
    check_human_duration(41200, "41.2 us");
    check_human_duration(99949, "99.9 us");
    check_human_duration(99950, "0.10 ms");
    check_human_duration(410 * MICROSECOND, "0.41 ms");
    check_human_duration(3099 * MICROSECOND, "3.10 ms");
    check_human_duration(9994999, "9.99 ms");
    check_human_duration(9995000, "10.0 ms");
    check_human_duration(41200 * MICROSECOND, "41.2 ms");
    check_human_duration(99950 * MICROSECOND, "100 ms");
    check_human_duration(250 * MILLISECOND, "250 ms");
    check_human_duration(999499999, "999 ms");
    check_human_duration(999500000, "1.00 s");
    check_human_duration(1250 * MILLISECOND, "1.25 s");
    check_human_duration(12500 * MILLISECOND, "12.5 s");
    check_human_duration(59949 * MILLISECOND, "59.9 s");
    check_human_duration(-1250 * MILLISECOND, "-1.25 s");
}

static void people_get_a_clock_from_a_minute_on(void **state) {
    (void)state;
    check_human_duration(59950 * MILLISECOND, "1m00s");
    check_human_duration(MINUTE, "1m00s");
    check_human_duration(12 * MINUTE + 8900 * MILLISECOND, "12m08s");
    check_human_duration(HOUR - 1, "59m59s");
    check_human_duration(HOUR + 2 * MINUTE + 3 * SECOND, "1h02m03s");
    check_human_duration(DAY - 1, "23h59m59s");
    check_human_duration(2 * DAY + 3 * HOUR + 4 * MINUTE, "2d03h04m");
    check_human_duration(INT64_MAX, "106751d23h47m");
    check_human_duration(INT64_MIN, "-106751d23h47m");
}

static void check_human_bytes(uint64_t value, const char *expected) {
    char text[64];
    assert_string_equal(units_human_bytes(text, sizeof text, value), expected);
}

static void people_get_bytes_in_powers_of_1024(void **state) {
    (void)state;
    check_human_bytes(0, "0 B");
    check_human_bytes(1023, "1023 B");
    check_human_bytes(1024, "1.0 KiB");
    check_human_bytes(6 << 20, "6.0 MiB");
    check_human_bytes(197 * 1024, "197 KiB");
    check_human_bytes((1 << 20) - 1, "1.0 MiB");
    check_human_bytes(UINT64_C(24) << 30, "24.0 GiB");
    check_human_bytes(UINT64_MAX, "16.0 EiB");
}

/* Every formatter, into a heap block of each size: terminated, cut, and not a byte beyond. */
static void no_formatter_writes_beyond_its_buffer(void **state) {
    (void)state;
    for (size_t size = 1; size < 48; size++) {
        char *exact = malloc(size);
        assert_non_null(exact);
        assert_true(strlen(units_format_duration(exact, size, INT64_MAX)) < size);
        assert_true(strlen(units_format_rate(exact, size, (struct units_rate){77, 77})) < size);
        assert_true(strlen(units_format_span(exact, size, (struct units_span){1, 2})) < size);
        assert_true(strlen(units_human_duration(exact, size, -HOUR)) < size);
        assert_true(strlen(units_human_duration(exact, size, 41200)) < size);
        assert_true(strlen(units_human_bytes(exact, size, UINT64_MAX)) < size);
        free(exact);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_is_a_span_or_exponential),
        cmocka_unit_test(a_frequency_is_exact_to_the_millionth),
        cmocka_unit_test(counts_take_suffixes_and_decimals_that_come_out_whole),
        cmocka_unit_test(counts_up_to_the_largest_are_exact_and_one_more_is_refused),
        cmocka_unit_test(what_is_no_count_is_refused),
        cmocka_unit_test(durations_take_all_units_and_bare_seconds),
        cmocka_unit_test(joined_durations_are_added),
        cmocka_unit_test(decimals_of_a_duration_are_exact),
        cmocka_unit_test(decimals_finer_than_a_nanosecond_are_refused),
        cmocka_unit_test(a_duration_beyond_the_type_is_refused),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(rates_are_a_count_in_each_duration),
        cmocka_unit_test(what_is_no_rate_is_refused),
        cmocka_unit_test(spans_are_fixed_or_from_low_to_high),
        cmocka_unit_test(what_is_no_span_is_refused),
        cmocka_unit_test(durations_are_written_in_the_largest_unit_that_fits),
        cmocka_unit_test(rates_and_spans_are_written_as_people_write_them),
        cmocka_unit_test(what_is_written_reads_back_to_the_same_value),
        cmocka_unit_test(people_get_durations_in_three_digits),
        cmocka_unit_test(people_get_a_clock_from_a_minute_on),
        cmocka_unit_test(people_get_bytes_in_powers_of_1024),
        cmocka_unit_test(no_formatter_writes_beyond_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
