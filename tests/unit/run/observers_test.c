/* The observers: when each of them is asked. */
#include "run/observers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "door.h"

static const instant now = {100 * SECOND};

/* When the accept queues are looked at next, after a look now. */
static instant next_look(const struct plan *plan, bool holding) {
    struct observers observers = {.plan = plan,
                                  .listeners = -1,
                                  .kernel = {.listeners = -1},
                                  .queue_due = now,
                                  .holding = holding};
    observers_turn(&observers, now, INSTANT_NEVER, 0);
    assert_true(observers_due(&observers, INSTANT_NEVER).ns == observers.queue_due.ns);
    return observers.queue_due;
}

static void accept_queues_are_looked_at_while_there_may_be_connects(void **state) {
    (void)state;
    door_reset();
    const struct plan plan = {.workers = 1}, reconnects = {.reconnect = {SECOND, SECOND}};
    instant soon = instant_after(now, 100 * MILLISECOND);
    assert_int_equal(next_look(&plan, false).ns, soon.ns);
    assert_int_equal(next_look(&reconnects, false).ns, soon.ns);
    assert_int_equal(next_look(&reconnects, true).ns, soon.ns);
    assert_int_equal(next_look(&plan, true).ns, INSTANT_NEVER.ns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_queues_are_looked_at_while_there_may_be_connects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
