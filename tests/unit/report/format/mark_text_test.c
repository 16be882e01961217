/* The words of a mark: how its command ended, what was lost, and whether that was refilled. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/format/mark_text.h"

static void each_end_has_its_words(void **state) {
    (void)state;
    static const struct {
        struct mark mark;
        const char *words;
    } table[] = {
        {{.exit_code = -1, .window_seconds = 10, .refill_seconds = NAN}, "0 lost within 10.0 s"},
        {{.exit_code = 0, .window_seconds = 4, .refill_seconds = NAN},
         "exit 0; 0 lost within 4.00 s"},
        {{.exit_code = 137, .lost_within = 2000, .window_seconds = 10, .refill_seconds = 3},
         "exit 137; 2000 lost within 10.0 s, refilled after 3.00 s"},
        {{.exit_code = -1, .lost_within = 1, .window_seconds = 10, .refill_seconds = NAN},
         "1 lost within 10.0 s, never all refilled"},
        {{.exit_code = -1, .killed = true, .window_seconds = 10, .refill_seconds = NAN},
         "killed at the end; 0 lost within 10.0 s"},
        {{.exit_code = -1, .refill_seconds = NAN}, "the figures were frozen by then"},
        {{.exit_code = -1, .window_seconds = NAN, .refill_seconds = NAN},
         "the figures were frozen by then"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_string_equal(mark_text(&table[i].mark).text, table[i].words);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_end_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
