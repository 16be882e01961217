/* The line: first come, first served, and any may leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/request_queue.h"

enum { PLACES = 5 };

static uint32_t call(struct request_queue *line) {
    uint32_t first = request_queue_first(line);
    request_queue_leave(line, first);
    return first;
}

static void who_came_first_is_called_first(void **state) {
    (void)state;
    struct request_queue_link links[PLACES] = {{0}};
    struct request_queue line = {.links = links};
    for (uint32_t i = 0; i < PLACES; i++)
        request_queue_join(&line, (i * 2) % PLACES);
    for (uint32_t i = 0; i < PLACES; i++)
        assert_int_equal(call(&line), (i * 2) % PLACES);
    assert_int_equal(line.count, 0);
    request_queue_join(&line, 3);
    assert_int_equal(call(&line), 3);
}

/* Each place in turn, of a line of each length. */
static void anyone_may_leave(void **state) {
    (void)state;
    for (uint32_t length = 1; length <= PLACES; length++) {
        for (uint32_t leaver = 0; leaver < length; leaver++) {
            struct request_queue_link links[PLACES] = {{0}};
            struct request_queue line = {.links = links};
            for (uint32_t i = 0; i < length; i++)
                request_queue_join(&line, i);
            request_queue_leave(&line, leaver);
            assert_int_equal(line.count, length - 1);
            request_queue_join(&line, leaver);
            for (uint32_t i = 0; i < length; i++)
                if (i != leaver)
                    assert_int_equal(call(&line), i);
            assert_int_equal(call(&line), leaver);
            assert_int_equal(line.count, 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_came_first_is_called_first),
        cmocka_unit_test(anyone_may_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
