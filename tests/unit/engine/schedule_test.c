/* Exponential think times; the schedule of --rate: evenly spread, shared out whole, exact for as
 * long as it lasts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "engine/schedule.h"

static void requests_are_due_evenly_from_the_start_on(void **state) {
    (void)state;
    struct schedule schedule = {.rate = 1000 * FREQUENCY_ONE, .workers = 1, .start = {5 * SECOND}};
    assert_int_equal(schedule_due(&schedule, (instant){5 * SECOND - 1}), 0);
    for (uint64_t k = 0; k < 5000; k++, schedule.taken++) {
        instant due = {5 * SECOND + (int64_t)k * MILLISECOND};
        assert_int_equal(schedule_next(&schedule).ns, due.ns);
        assert_int_equal(schedule_due(&schedule, due), k + 1);
        assert_int_equal(schedule_due(&schedule, (instant){due.ns + MILLISECOND - 1}), k + 1);
    }
}

static void without_a_rate_or_before_the_start_nothing_is_due(void **state) {
    (void)state;
    struct schedule none = {.workers = 1},
                    waiting = {.rate = FREQUENCY_ONE, .workers = 1, .start = INSTANT_NEVER};
    assert_int_equal(schedule_due(&none, (instant){HOUR}), 0);
    assert_int_equal(schedule_next(&none).ns, INSTANT_NEVER.ns);
    assert_int_equal(schedule_due(&waiting, (instant){HOUR}), 0);
    assert_int_equal(schedule_next(&waiting).ns, INSTANT_NEVER.ns);
}

static void a_fraction_of_a_request_a_second_is_kept(void **state) {
    (void)state;
    struct schedule schedule = {.rate = FREQUENCY_ONE / 1000, .workers = 1};
    assert_int_equal(schedule_due(&schedule, (instant){1000 * SECOND - 1}), 1);
    assert_int_equal(schedule_due(&schedule, (instant){1000 * SECOND}), 2);
    schedule.taken = 2;
    assert_int_equal(schedule_next(&schedule).ns, 2000 * SECOND);
}

/* At every moment the shares are the whole; and what is next is due just then. */
static void workers_share_it_out_whole(void **state) {
    (void)state;
    struct random random;
    random_seed(&random, 5, 0);
    for (int i = 0; i < 20000; i++) {
        frequency rate = random_between(&random, FREQUENCY_ONE / 1000,
                                        i % 2 ? 10 * FREQUENCY_ONE : 10000000 * FREQUENCY_ONE);
        uint32_t workers = (uint32_t)random_between(&random, 1, 64);
        instant now = {(int64_t)random_between(&random, 0, (uint64_t)(365 * DAY))};
        struct schedule alone = {.rate = rate, .workers = 1};
        uint64_t sum = 0;
        for (uint32_t w = 0; w < workers; w++) {
            struct schedule share = {.rate = rate, .worker = w, .workers = workers};
            share.taken = schedule_due(&share, now);
            sum += share.taken;
            assert_true(instant_before(now, schedule_next(&share)));
            assert_int_equal(schedule_due(&share, schedule_next(&share)), share.taken + 1);
        }
        assert_int_equal(sum, schedule_due(&alone, now));
    }
}

static void think_times_are_between_none_and_ten_means(void **state) {
    (void)state;
    assert_int_equal(schedule_exponential(UINT64_MAX, 15 * SECOND), 0);
    assert_int_equal(schedule_exponential(0, 15 * SECOND), 150000);
    assert_int_equal(schedule_exponential(0, 24 * HOUR), 864000000); /* a wheel's reach is 2^31 */
}

static void think_times_have_the_mean_deviation_and_median_of_the_distribution(void **state) {
    (void)state;
    enum { DRAWS = 200000 };
    struct random random;
    random_seed(&random, 3, 0);
    double sum = 0, squares = 0;
    int below_median = 0;
    for (int i = 0; i < DRAWS; i++) {
        double ticks = (double)schedule_exponential(random_next(&random), 15 * SECOND);
        sum += ticks;
        squares += ticks * ticks;
        below_median += ticks < 15000 * log(2);
    }
    double mean = sum / DRAWS, deviation = sqrt(squares / DRAWS - mean * mean);
    assert_true(fabs(mean - 15000) < 150);
    assert_true(fabs(deviation - 15000) < 300);
    assert_true(abs(below_median - DRAWS / 2) < DRAWS / 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(think_times_are_between_none_and_ten_means),
        cmocka_unit_test(think_times_have_the_mean_deviation_and_median_of_the_distribution),
        cmocka_unit_test(requests_are_due_evenly_from_the_start_on),
        cmocka_unit_test(without_a_rate_or_before_the_start_nothing_is_due),
        cmocka_unit_test(a_fraction_of_a_request_a_second_is_kept),
        cmocka_unit_test(workers_share_it_out_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
