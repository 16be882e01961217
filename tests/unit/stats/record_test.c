/* The record of a run that goes on, beside the one that its end is written to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stats/record.h"

static struct record *record_make(void) {
    struct record *record = calloc(1, sizeof *record);
    assert_non_null(record);
    return record;
}

static void a_record_so_far_has_what_is_noted_and_the_sums_of_now(void **state) {
    (void)state;
    struct record *record = record_make(), *so_far = record_make();
    struct tally *total = calloc(1, sizeof *total);
    assert_non_null(total);
    total->counts.answered = 7;
    histogram_add(&total->latency, 3 * MILLISECOND);
    record->samples = 4;
    record->cut_off_seconds = 1.5;
    record_so_far(so_far, record, total);
    assert_int_equal(so_far->samples, 4);
    assert_true(so_far->cut_off_seconds == 1.5);
    assert_int_equal(so_far->total.counts.answered, 7);
    assert_int_equal(so_far->total.latency.count, 1);
    assert_int_equal(record->total.counts.answered, 0);
    free(total);
    free(so_far);
    free(record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_so_far_has_what_is_noted_and_the_sums_of_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
