/* Times of RFC 3339, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/random.h"
#include "base/wall_time.h"

static const wall_time second = 1000000000;

static void times_as_rfc_3339_writes_them_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        wall_time at; /* in ns */
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1985-04-12T23:20:50.52Z", 482196050520000000}, /* RFC 3339 5.8 */
        {"1996-12-19T16:39:57-08:00", 851042397000000000},
        {"1990-12-31T23:59:60Z", 662688000000000000}, /* a leap second */
        {"1937-01-01T12:00:27.87+00:20", 0},
        {"2001-09-09t01:46:40z", 1000000000000000000},
        {"2001-09-09 01:46:40.000000001Z", 1000000000000000001},
        {"2000-02-29T00:00:00+23:59", 951696060000000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wall_time at = -1;
        bool before_1970 = strncmp(cases[i].text, "1937", 4) == 0;
        assert_int_equal(wall_time_parse(cases[i].text, &at), !before_1970);
        assert_int_equal(at, before_1970 ? -1 : cases[i].at);
    }
}

static void anything_else_is_refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "now",
        "2026-12-01",
        "2026-12-01T09:30:00",
        "2026-12-01T09:30Z",
        "2026-12-01T9:30:00Z",
        "2026-13-01T09:30:00Z",
        "2026-00-01T09:30:00Z",
        "2026-12-00T09:30:00Z",
        "2026-02-29T09:30:00Z",
        "2100-02-29T09:30:00Z",
        "2026-12-01T24:00:00Z",
        "2026-12-01T09:60:00Z",
        "2026-12-01T09:30:61Z",
        "2026-12-01T09:30:00.Z",
        "2026-12-01T09:30:00.0000000001Z",
        "2026-12-01T09:30:00+0100",
        "2026-12-01T09:30:00+24:00",
        "2026-12-01T09:30:00Z ",
        " 2026-12-01T09:30:00Z",
        "+2026-12-01T09:30:00Z",
        "2262-01-01T00:00:00Z", /* beyond 64 bits of nanoseconds */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wall_time at = 7;
        if (wall_time_parse(cases[i], &at))
            fail_msg("%s was read", cases[i]);
        assert_int_equal(at, 7);
    }
}

static void a_time_that_was_written_is_read_back(void **state) {
    (void)state;
    struct random random;
    char text[40];
    wall_time again;
    random_seed(&random, 1, 0);
    static const uint64_t years_291 = UINT64_C(9190000000) * 1000000000;
    for (int i = 0; i < 20000; i++) {
        wall_time at = (wall_time)random_between(&random, 0, years_291);
        if (i % 3 == 0)
            at -= at % second;
        assert_true(wall_time_parse(wall_time_format(text, sizeof text, at), &again));
        assert_int_equal(again, at);
    }
    assert_string_equal(wall_time_format(text, sizeof text, 1500000000), "1970-01-01T00:00:01.5Z");
    assert_string_equal(wall_time_format(text, sizeof text, -1), "1969-12-31T23:59:59.999999999Z");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_as_rfc_3339_writes_them_are_read),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(a_time_that_was_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
