/* The timeline keeps its bound and loses neither levels nor peaks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/timeline.h"

static struct timeline timeline;

/* One a second: live counts up, the client's rate is `rate`, the server's is not measured. */
static void push(uint64_t second, double rate, double p99) {
    timeline_push(&timeline, &(struct timeline_sample){
                                 .t = (double)second,
                                 .live = second,
                                 .live_min = second,
                                 .live_max = second,
                                 .closed = second / 10,
                                 .client_per_second = rate,
                                 .server_per_second = NAN,
                                 .p99_seconds = p99,
                             });
}

static void fill(uint64_t seconds) {
    timeline_init(&timeline, SECOND);
    for (uint64_t second = 1; second <= seconds; second++)
        push(second, (double)second, 0.001 * (double)second);
}

static void until_it_is_full_each_sample_is_kept(void **state) {
    (void)state;
    fill(TIMELINE_MAX);
    assert_int_equal(timeline.count, TIMELINE_MAX);
    assert_int_equal(timeline.interval, SECOND);
    for (size_t i = 0; i < timeline.count; i++) {
        assert_int_equal(timeline.samples[i].live, i + 1);
        assert_true(timeline.samples[i].client_per_second == (double)(i + 1));
        assert_true(isnan(timeline.samples[i].server_per_second));
    }
    struct timeline_sample rest;
    assert_false(timeline_unfinished(&timeline, &rest));
}

static void when_full_neighbours_are_merged_and_the_interval_doubles(void **state) {
    (void)state;
    fill(TIMELINE_MAX + 1);
    assert_int_equal(timeline.count, TIMELINE_MAX / 2);
    assert_int_equal(timeline.interval, 2 * SECOND);
    const struct timeline_sample *first = &timeline.samples[0];
    assert_true(first->t == 2);
    assert_int_equal(first->live, 2);
    assert_true(first->client_per_second == 1.5);
    assert_true(first->p99_seconds == 0.002);
    assert_true(isnan(first->server_per_second));
}

static void the_sample_that_found_it_full_is_the_half_of_the_next(void **state) {
    (void)state;
    fill(TIMELINE_MAX + 1);
    struct timeline_sample rest;
    assert_true(timeline_unfinished(&timeline, &rest));
    assert_int_equal(rest.live, TIMELINE_MAX + 1);
    assert_true(rest.client_per_second == TIMELINE_MAX + 1);
    push(TIMELINE_MAX + 2, TIMELINE_MAX + 2, 0);
    assert_int_equal(timeline.count, TIMELINE_MAX / 2 + 1);
    const struct timeline_sample *last = &timeline.samples[timeline.count - 1];
    assert_int_equal(last->live, TIMELINE_MAX + 2);
    assert_true(last->client_per_second == TIMELINE_MAX + 1.5);
    assert_true(last->p99_seconds == 0.001 * (TIMELINE_MAX + 1));
    assert_false(timeline_unfinished(&timeline, &rest));
}

static void a_day_fits_at_even_steps_and_its_mean_survives(void **state) {
    (void)state;
    enum { DAY_SECONDS = 86400 };
    fill(DAY_SECONDS);
    assert_int_equal(timeline.stride, 32);
    assert_int_equal(timeline.interval, 32 * SECOND);
    double sum = 0;
    for (size_t i = 0; i < timeline.count; i++) {
        assert_true(timeline.samples[i].t == 32 * (double)(i + 1));
        assert_int_equal(timeline.samples[i].live, 32 * (i + 1));
        sum += 32 * timeline.samples[i].client_per_second;
    }
    assert_int_equal(timeline.count, DAY_SECONDS / 32);
    assert_true(sum == (double)DAY_SECONDS * (DAY_SECONDS + 1) / 2);
}

static void what_was_not_measured_is_left_out_of_a_mean(void **state) {
    (void)state;
    fill(TIMELINE_MAX + 2); /* stride 2 from here on */
    push(1, NAN, NAN);
    push(2, 10, 0.5);
    push(3, 20, 0.25);
    push(4, NAN, NAN);
    push(5, NAN, NAN);
    push(6, NAN, NAN);
    const struct timeline_sample *last = &timeline.samples[timeline.count - 3];
    assert_true(last[0].client_per_second == 10 && last[0].p99_seconds == 0.5);
    assert_true(last[1].client_per_second == 20 && last[1].p99_seconds == 0.25);
    assert_true(isnan(last[2].client_per_second) && isnan(last[2].p99_seconds));
}

static void merging_kept_samples_leaves_out_what_was_not_measured(void **state) {
    (void)state;
    timeline_init(&timeline, SECOND);
    for (uint64_t second = 1; second <= TIMELINE_MAX + 1; second++)
        push(second, second % 2 == 1 ? 7 : NAN, second % 2 == 0 ? 0.5 : NAN);
    assert_true(timeline.samples[0].client_per_second == 7);
    assert_true(timeline.samples[0].p99_seconds == 0.5);
}

/* One bad second in a quiet hour: a single one of everything. */
static void push_spike(uint64_t second) {
    timeline_push(&timeline,
                  &(struct timeline_sample){.t = (double)second,
                                            .live = 100, /* by the time it is looked at */
                                            .live_min = second == 1000 ? 7 : 100,
                                            .live_max = 100,
                                            .client_per_second = second == 1001 ? 900 : 50,
                                            .server_per_second = second == 1002 ? 0 : 50,
                                            .p99_seconds = second == 1003 ? 0.5 : 0.001});
}

static void merged_samples_keep_the_least_and_the_greatest(void **state) {
    (void)state;
    timeline_init(&timeline, SECOND);
    for (uint64_t second = 1; second <= 4 * TIMELINE_MAX; second++)
        push_spike(second);
    assert_int_equal(timeline.stride, 4);
    const struct timeline_extremes *calm = &timeline.extremes[10];
    assert_int_equal(calm->live_min, 100);
    assert_true(calm->client_max == 50 && calm->server_min == 50 && calm->p99_min == 0.001);
    const struct timeline_extremes *spikes = &timeline.extremes[999 / 4];
    assert_int_equal(spikes[0].live_min, 7);
    assert_int_equal(spikes[0].live_max, 100);
    assert_true(spikes[1].client_max == 900 && spikes[1].client_min == 50);
    assert_true(spikes[1].server_min == 0 && spikes[1].server_max == 50);
    assert_true(spikes[1].p99_min == 0.001);
    assert_true(timeline.samples[999 / 4 + 1].p99_seconds == 0.5);
}

static void extremes_leave_out_what_was_not_measured(void **state) {
    (void)state;
    fill(4 * TIMELINE_MAX);
    push(1, NAN, NAN);
    push(2, 3, 0.25);
    push(3, NAN, NAN);
    struct timeline_sample rest;
    assert_true(timeline_unfinished(&timeline, &rest));
    const struct timeline_extremes *held = &timeline.held_extremes;
    assert_true(held->client_min == 3 && held->client_max == 3 && held->p99_min == 0.25);
    assert_true(isnan(held->server_min) && isnan(held->server_max));
    assert_int_equal(held->live_min, 1);
    assert_int_equal(held->live_max, 3);
}

/* p50 and p99: of each second the same, counted up, or not measured. */
static void push_percentiles(uint64_t second, double value) {
    timeline_push(&timeline, &(struct timeline_sample){.t = (double)second,
                                                       .client_per_second = NAN,
                                                       .server_per_second = NAN,
                                                       .p50_seconds = value,
                                                       .p99_seconds = 2 * value});
}

static void merged_percentiles_keep_their_mean_too(void **state) {
    (void)state;
    timeline_init(&timeline, SECOND);
    for (uint64_t second = 1; second <= 4 * TIMELINE_MAX; second++)
        push_percentiles(second, second % 4 == 0 ? NAN : (double)(second % 4));
    assert_int_equal(timeline.stride, 4);
    for (size_t i = TIMELINE_MAX * 3 / 4; i < TIMELINE_MAX; i++) { /* merged when pushed */
        assert_true(timeline.extremes[i].p50_mean == 2);
        assert_true(timeline.extremes[i].p99_mean == 4);
        assert_true(timeline.samples[i].p50_seconds == 3);
    }
    timeline_init(&timeline, SECOND);
    for (uint64_t second = 1; second <= TIMELINE_MAX + 1; second++) /* merged when full */
        push_percentiles(second, second <= 2 ? (double)second : NAN);
    assert_true(timeline.extremes[0].p50_mean == 1.5 && timeline.extremes[0].p99_mean == 3);
    assert_true(isnan(timeline.extremes[1].p50_mean));
}

static void a_week_keeps_its_worst_second_in_the_same_memory(void **state) {
    (void)state;
    enum { WEEK_SECONDS = 7 * 86400, WORST = 400000 };
    timeline_init(&timeline, SECOND);
    for (uint64_t second = 1; second <= WEEK_SECONDS; second++)
        timeline_push(&timeline,
                      &(struct timeline_sample){.t = (double)second,
                                                .live = 100,
                                                .live_min = second == WORST ? 3 : 100,
                                                .live_max = 100,
                                                .client_per_second = 6,
                                                .server_per_second = NAN,
                                                .p99_seconds = second == WORST ? 2.5 : 0.001});
    assert_in_range(timeline.count, TIMELINE_MAX / 2, TIMELINE_MAX);
    uint64_t least = UINT64_MAX;
    double greatest = 0;
    for (size_t i = 0; i < timeline.count; i++) {
        assert_int_equal(timeline.extremes[i].live_max, 100);
        assert_true(timeline.extremes[i].client_min == 6 && timeline.extremes[i].client_max == 6);
        if (timeline.extremes[i].live_min < least)
            least = timeline.extremes[i].live_min;
        greatest = fmax(greatest, timeline.samples[i].p99_seconds);
    }
    assert_int_equal(least, 3);
    assert_true(greatest == 2.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(until_it_is_full_each_sample_is_kept),
        cmocka_unit_test(when_full_neighbours_are_merged_and_the_interval_doubles),
        cmocka_unit_test(the_sample_that_found_it_full_is_the_half_of_the_next),
        cmocka_unit_test(a_day_fits_at_even_steps_and_its_mean_survives),
        cmocka_unit_test(what_was_not_measured_is_left_out_of_a_mean),
        cmocka_unit_test(merging_kept_samples_leaves_out_what_was_not_measured),
        cmocka_unit_test(merged_samples_keep_the_least_and_the_greatest),
        cmocka_unit_test(merged_percentiles_keep_their_mean_too),
        cmocka_unit_test(extremes_leave_out_what_was_not_measured),
        cmocka_unit_test(a_week_keeps_its_worst_second_in_the_same_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
