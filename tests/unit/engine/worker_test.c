/* The tick of a worker, fitted to its rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/worker.h"

static void about_sixteen_requests_go_together(void **state) {
    (void)state;
    static const struct {
        double per_second;
        uint32_t ticks;
    } rows[] = {
        {0, 10},   {1, 10},   {1600, 10}, {1601, 9},   {2000, 8},     {4000, 4},
        {8000, 2}, {8001, 1}, {16000, 1}, {100000, 1}, {10000000, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(worker_quantum(rows[i].per_second, 60 * SECOND), rows[i].ticks);
}

static void a_tick_is_at_most_a_hundredth_of_the_shortest_think_time(void **state) {
    (void)state;
    assert_int_equal(worker_quantum(1, 1 * SECOND), 10);
    assert_int_equal(worker_quantum(1, 999 * MILLISECOND), 9);
    assert_int_equal(worker_quantum(1, 500 * MILLISECOND), 5);
    assert_int_equal(worker_quantum(1, 200 * MILLISECOND), 2);
    assert_int_equal(worker_quantum(1, 10 * MILLISECOND), 1);
    assert_int_equal(worker_quantum(1, 0), 1);
    assert_int_equal(worker_quantum(4000, 1 * SECOND), 4); /* the lesser of both */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(about_sixteen_requests_go_together),
        cmocka_unit_test(a_tick_is_at_most_a_hundredth_of_the_shortest_think_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
