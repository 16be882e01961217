/* Spaces accepts out: a rate makes up for a late accept, by a little. */
#include "target/gate.h"

static const duration FAILURE_PAUSE = 100 * MILLISECOND;
static const duration LATE_MOST = 10 * MILLISECOND; /* of the rate, made up for */

void gate_pass(struct gate *gate, instant now) {
    if (gate->interval == 0)
        return;
    instant earliest = instant_after(now, -LATE_MOST);
    if (instant_before(gate->next, earliest))
        gate->next = earliest;
    gate->next = instant_after(gate->next, gate->interval);
}

void gate_fail(struct gate *gate, instant now) {
    gate->next = instant_after(now, FAILURE_PAUSE);
}
