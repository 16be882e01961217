/* The ramp: exact at each connection, for any rate and any instant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "plan/ramp.h"

static void ten_each_ten_milliseconds_are_due_one_each_millisecond(void **state) {
    (void)state;
    const struct ramp ramp = {{10, 10 * MILLISECOND}, 10000};
    assert_int_equal(ramp_due(&ramp, -SECOND), 0);
    assert_int_equal(ramp_due(&ramp, 0), 0);
    assert_int_equal(ramp_due(&ramp, MILLISECOND - 1), 0);
    assert_int_equal(ramp_due(&ramp, MILLISECOND), 1);
    assert_int_equal(ramp_due(&ramp, 10 * MILLISECOND), 10);
    assert_int_equal(ramp_due(&ramp, 10 * SECOND - 1), 9999);
    assert_int_equal(ramp_due(&ramp, 10 * SECOND), 10000);
    assert_int_equal(ramp_due(&ramp, INT64_MAX), 10000);
    assert_int_equal(ramp_length(&ramp), 10 * SECOND);
}

static void an_odd_rate_is_not_rounded_away(void **state) {
    (void)state;
    const struct ramp ramp = {{3, SECOND}, 3000000};
    assert_int_equal(ramp_due(&ramp, 333333333), 0);
    assert_int_equal(ramp_due(&ramp, 333333334), 1);
    assert_int_equal(ramp_due(&ramp, 1000000 * SECOND), 3000000);
    assert_int_equal(ramp_length(&ramp), 1000000 * SECOND);
}

static void each_connection_is_due_at_its_instant_and_not_before(void **state) {
    (void)state;
    struct random random;
    random_seed(&random, 1, 0);
    for (int i = 0; i < 200000; i++) {
        struct ramp ramp;
        ramp.rate.count = random_between(&random, 1, i % 2 == 0 ? 1000000 : 20);
        ramp.rate.per = (duration)random_between(&random, (uint64_t)MILLISECOND,
                                                 (uint64_t)(i % 3 == 0 ? HOUR : SECOND));
        ramp.target = random_between(&random, 1, 10000000);
        uint64_t connection = random_between(&random, 0, ramp.target - 1);
        duration at = ramp_at(&ramp, connection);
        if (at == INT64_MAX)
            continue;
        assert_int_equal(ramp_due(&ramp, at), connection + 1);
        assert_true(ramp_due(&ramp, at - 1) <= connection);
    }
}

static void what_is_never_due_is_further_than_any_instant(void **state) {
    (void)state;
    const struct ramp slow = {{1, HOUR}, 10000000};
    assert_int_equal(ramp_at(&slow, 9999999), INT64_MAX);
    assert_int_equal(ramp_at(&slow, 10000000), INT64_MAX);
    assert_int_equal(ramp_due(&slow, INT64_MAX), (uint64_t)(INT64_MAX / HOUR));
    const struct ramp none = {{1, HOUR}, 0};
    assert_int_equal(ramp_length(&none), 0);
    assert_int_equal(ramp_due(&none, HOUR), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_each_ten_milliseconds_are_due_one_each_millisecond),
        cmocka_unit_test(an_odd_rate_is_not_rounded_away),
        cmocka_unit_test(each_connection_is_due_at_its_instant_and_not_before),
        cmocka_unit_test(what_is_never_due_is_further_than_any_instant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
