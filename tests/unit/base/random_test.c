/* Random numbers are xoshiro256**, the same for the same seed and without bias. */
#include "base/expect_bug.h"

#include "base/random.h"

static void numbers_are_those_of_the_published_generator(void **state) {
    (void)state;
    static const uint64_t published[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct random random = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++)
        assert_true(random_next(&random) == published[i]);
}

static void a_seed_and_stream_always_give_the_same_numbers(void **state) {
    (void)state;
    struct random a, b;
    random_seed(&a, 42, 7);
    random_seed(&b, 42, 7);
    for (int i = 0; i < 100; i++)
        assert_true(random_next(&a) == random_next(&b));
}

/* A run said to be of a seed must be the same in the next release: this is a promise, not a fact of
 * the algorithm. */
static void numbers_of_a_seed_never_change(void **state) {
    (void)state;
    struct random random;
    random_seed(&random, 1, 0);
    assert_true(random_next(&random) == UINT64_C(6954377618861975509));
    random_seed(&random, 1, 1);
    assert_true(random_next(&random) == UINT64_C(18210742990652214));
}

static void neighbouring_seeds_and_streams_have_nothing_in_common(void **state) {
    (void)state;
    enum { SIDE = 32, PAIRS = SIDE * SIDE, WORDS = 4 };
    static uint64_t seen[PAIRS * WORDS];
    struct random random;
    for (uint64_t pair = 0; pair < PAIRS; pair++) {
        random_seed(&random, pair / SIDE, pair % SIDE);
        for (size_t i = 0; i < WORDS; i++)
            seen[pair * WORDS + i] = random_next(&random);
    }
    for (size_t i = 0; i < PAIRS * WORDS; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
}

static void a_range_includes_both_its_ends_and_nothing_beyond(void **state) {
    (void)state;
    struct random random;
    int seen[4] = {0};
    random_seed(&random, 3, 0);
    for (int i = 0; i < 1000; i++) {
        uint64_t drawn = random_between(&random, 10, 13);
        assert_in_range(drawn, 10, 13);
        seen[drawn - 10]++;
    }
    for (int i = 0; i < 4; i++)
        assert_in_range(seen[i], 200, 300);
}

/* Of a range of 3/4 of 2^64 a plain remainder would draw the lowest third twice as often. */
static void a_huge_range_has_no_bias(void **state) {
    (void)state;
    const uint64_t quarter = UINT64_C(1) << 62;
    struct random random;
    int thirds[3] = {0};
    random_seed(&random, 4, 0);
    for (int i = 0; i < 3000; i++)
        thirds[random_between(&random, 0, 3 * quarter - 1) / quarter]++;
    for (int i = 0; i < 3; i++)
        assert_in_range(thirds[i], 900, 1100);
}

static void the_smallest_and_the_widest_range_work(void **state) {
    (void)state;
    struct random random, same;
    random_seed(&random, 5, 0);
    assert_true(random_between(&random, 9, 9) == 9);
    assert_true(random_between(&random, UINT64_MAX, UINT64_MAX) == UINT64_MAX);
    same = random;
    assert_true(random_between(&random, 0, UINT64_MAX) == random_next(&same));
}

static void draw_backwards(void) {
    struct random random = {{1, 2, 3, 4}};
    random_between(&random, 2, 1);
}

static void a_range_turned_round_is_a_bug(void **state) {
    (void)state;
    expect_bug(draw_backwards, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_the_published_generator),
        cmocka_unit_test(a_seed_and_stream_always_give_the_same_numbers),
        cmocka_unit_test(numbers_of_a_seed_never_change),
        cmocka_unit_test(neighbouring_seeds_and_streams_have_nothing_in_common),
        cmocka_unit_test(a_range_includes_both_its_ends_and_nothing_beyond),
        cmocka_unit_test(a_huge_range_has_no_bias),
        cmocka_unit_test(the_smallest_and_the_widest_range_work),
        cmocka_unit_test(a_range_turned_round_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
