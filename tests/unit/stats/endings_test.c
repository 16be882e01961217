/* Endings: bounded, merged in any order to the same, and published by what changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/instant.h"
#include "base/random.h"
#include "stats/endings.h"

static struct endings *fresh(void) {
    struct endings *endings = calloc(1, sizeof *endings);
    assert_non_null(endings);
    return endings;
}

static struct ending drawn(struct random *random) {
    return (struct ending){.sample_key = (uint32_t)random_next(random),
                           .idle_ms = (uint32_t)random_between(random, 0, 5000),
                           .age_ms = (uint32_t)random_between(random, 1000, 60000),
                           .moment_ms = (uint32_t)random_next(random),
                           .answers = (uint32_t)random_between(random, 1, 100)};
}

static void same_group(const struct ending_group *a, const struct ending_group *b) {
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->kept, b->kept);
    assert_int_equal(a->age_ms_min, b->age_ms_min);
    assert_memory_equal(a->sample, b->sample, a->kept * sizeof a->sample[0]);
}

static void same(const struct endings *a, const struct endings *b) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        same_group(&a->of[i], &b->of[i]);
    assert_int_equal(a->gaps.count, b->gaps.count);
    assert_int_equal(a->gaps.kept, b->gaps.kept);
    assert_int_equal(a->gaps.longest_kept, b->gaps.longest_kept);
    assert_memory_equal(a->gaps.sample, b->gaps.sample, a->gaps.kept * sizeof a->gaps.sample[0]);
    assert_memory_equal(a->gaps.longest, b->gaps.longest,
                        a->gaps.longest_kept * sizeof a->gaps.longest[0]);
    assert_memory_equal(&a->survived, &b->survived, sizeof a->survived);
}

static void shifted_there_and_back_is_the_same(void **state) {
    (void)state;
    struct endings *endings = fresh(), *before = fresh();
    struct random random;
    random_seed(&random, 5, 0);
    for (int i = 0; i < 40; i++) {
        struct ending ending = drawn(&random);
        endings_add(endings, OUTCOME_closed_idle, &ending);
        endings_answered(endings, &ending, 9 * SECOND + i, true);
    }
    endings_copy(before, endings);
    endings_shift(endings, 3 * SECOND);
    assert_int_equal(endings->of[OUTCOME_closed_idle].sample[0].moment_ms,
                     (uint32_t)(before->of[OUTCOME_closed_idle].sample[0].moment_ms + 3000));
    assert_int_equal(endings->survived.kept_moment_ns, 12 * SECOND + 39);
    assert_int_equal(endings->gaps.longest[0].moment_ms, 12000);
    endings_shift(endings, -3 * SECOND);
    same(endings, before);
    free(endings);
    free(before);
}

static void all_are_counted_and_a_bounded_number_is_kept(void **state) {
    (void)state;
    struct endings *endings = fresh();
    struct random random;
    random_seed(&random, 1, 0);
    uint32_t youngest = UINT32_MAX;
    for (int i = 0; i < 10000; i++) {
        struct ending ending = drawn(&random);
        youngest = ending.age_ms < youngest ? ending.age_ms : youngest;
        endings_add(endings, OUTCOME_closed_idle, &ending);
        uint32_t most = i + 1 < ENDINGS_SAMPLE ? (uint32_t)i + 1 : ENDINGS_SAMPLE;
        assert_int_equal(endings->of[OUTCOME_closed_idle].kept, most);
    }
    const struct ending_group *group = &endings->of[OUTCOME_closed_idle];
    assert_int_equal(group->count, 10000);
    assert_int_equal(group->age_ms_min, youngest);
    for (uint32_t i = 1; i < group->kept; i++)
        assert_true(group->sample[i - 1].sample_key <= group->sample[i].sample_key);
    assert_int_equal(endings->of[OUTCOME_reset_idle].count, 0);
    free(endings);
}

static void parts_merge_to_what_the_whole_would_be(void **state) {
    (void)state;
    struct endings *whole = fresh(), *parts[3] = {fresh(), fresh(), fresh()}, *up = fresh(),
                   *down = fresh();
    struct random random;
    random_seed(&random, 7, 0);
    for (int i = 0; i < 3000; i++) {
        struct ending ending = drawn(&random);
        enum outcome outcome = i % 5 == 0 ? OUTCOME_reset_in_flight : OUTCOME_closed_announced;
        struct endings *part = parts[random_between(&random, 0, 2)];
        int64_t now_ns = (int64_t)random_between(&random, 0, 1000000);
        endings_add(whole, outcome, &ending);
        endings_add(part, outcome, &ending);
        endings_answered(whole, &ending, now_ns, i % 2 == 0);
        endings_answered(part, &ending, now_ns, i % 2 == 0);
    }
    for (int i = 0; i < 3; i++) {
        endings_merge(up, parts[i]);
        endings_merge(down, parts[2 - i]);
    }
    same(whole, up);
    same(whole, down);
    for (int i = 0; i < 3; i++)
        free(parts[i]);
    free(whole);
    free(up);
    free(down);
}

static void what_survived_rules_out_smaller_limits(void **state) {
    (void)state;
    struct endings *endings = fresh();
    struct ending early = {.idle_ms = 100, .age_ms = 1000, .answers = 3},
                  last = {.idle_ms = 50, .age_ms = 2000, .answers = 4},
                  frozen = {.idle_ms = 700, .age_ms = 1500, .answers = 9};
    endings_answered(endings, &early, 77, true);
    endings_answered(endings, &last, 88, false);
    endings_outlived(endings, &frozen);
    assert_int_equal(endings->survived.idle_ms, 700);
    assert_int_equal(endings->survived.age_ms, 2000);
    assert_int_equal(endings->survived.kept_age_ms, 1000);
    assert_int_equal(endings->survived.kept_answers, 3);
    assert_int_equal(endings->survived.kept_moment_ns, 77);
    free(endings);
}

/* One connection in ten thousand that was idle for long is among the longest, whenever it was. */
static void the_longest_gaps_are_kept_and_a_fair_sample_of_all(void **state) {
    (void)state;
    struct endings *endings = fresh();
    struct random random;
    random_seed(&random, 5, 0);
    for (uint32_t i = 0; i < 200000; i++) {
        struct ending stood = drawn(&random);
        stood.idle_ms = i % 10000 == 77 ? 90000 + i : (uint32_t)random_between(&random, 0, 5000);
        stood.age_ms = stood.idle_ms + 1000;
        endings_answered(endings, &stood, INT64_C(1000000) * i, true);
    }
    const struct endings_gaps *gaps = &endings->gaps;
    assert_int_equal(gaps->count, 200000);
    assert_int_equal(gaps->kept, ENDINGS_GAPS);
    assert_int_equal(gaps->longest_kept, ENDINGS_LONGEST);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(gaps->longest[i].idle_ms, 90000 + 77 + 10000 * (19 - i));
    assert_true(gaps->longest[20].idle_ms <= 5000);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < gaps->kept; i++)
        sum += gaps->sample[i].moment_ms;
    assert_in_range(sum / gaps->kept, 85000, 115000);
    free(endings);
}

static void each_buffer_is_brought_up_to_date_whenever_its_turn_comes(void **state) {
    (void)state;
    struct endings *endings = fresh(), *buffers[2] = {fresh(), fresh()}, *copy = fresh();
    struct random random;
    random_seed(&random, 3, 0);
    for (int turn = 0; turn < 200; turn++) {
        for (uint64_t i = random_between(&random, 0, 9); i > 0; i--) {
            struct ending ending = drawn(&random);
            endings_add(endings, (enum outcome)random_between(&random, 0, OUTCOME_COUNT - 1),
                        &ending);
            endings_answered(endings, &ending, (int64_t)turn * 1000000, true);
        }
        int set = (int)random_between(&random, 0, 1);
        endings_publish(buffers[set], endings, set);
        same(endings, buffers[set]);
    }
    endings_copy(copy, endings);
    same(endings, copy);
    endings_clear(copy);
    endings_merge(copy, endings);
    same(endings, copy);
    endings_clear(copy);
    struct endings *empty = fresh();
    endings_copy(endings, empty); /* also to nothing */
    assert_int_equal(endings->of[OUTCOME_closed_idle].count, 0);
    free(endings);
    free(buffers[0]);
    free(buffers[1]);
    free(copy);
    free(empty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shifted_there_and_back_is_the_same),
        cmocka_unit_test(all_are_counted_and_a_bounded_number_is_kept),
        cmocka_unit_test(parts_merge_to_what_the_whole_would_be),
        cmocka_unit_test(what_survived_rules_out_smaller_limits),
        cmocka_unit_test(the_longest_gaps_are_kept_and_a_fair_sample_of_all),
        cmocka_unit_test(each_buffer_is_brought_up_to_date_whenever_its_turn_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
