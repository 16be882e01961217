/* The gate, a rate limiter of accept(2): when the next connection may be accepted, by a rate or
 * after a failure. */
#ifndef TARGET_GATE_H
#define TARGET_GATE_H

#include <stdbool.h>

#include "base/instant.h"

struct gate {
    bool armed;        /* the listener's readiness is awaited */
    duration interval; /* between two accepts; 0: as they come */
    instant next;      /* not before */
};

/* One was accepted: the rate allows the next one only so much later. */
void gate_pass(struct gate *gate, instant now);

/* One could not be: the next attempt waits a while. */
void gate_fail(struct gate *gate, instant now);

#endif
