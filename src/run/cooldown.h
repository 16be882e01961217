/* Cooldown: between two loads, until the server has closed the first one's connections. */
#ifndef RUN_COOLDOWN_H
#define RUN_COOLDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"
#include "plan/setup.h"

/* Connections active at the server as its status page says, less our own; -1: not measured. The
 * page is asked once. */
int64_t cooldown_active(const struct plan *plan, const struct setup *setup, int signals_fd);

/* Waits until no more than `before` are active, 10 s at most; for a moment only where there is no
 * status page or before is -1. false when a signal asked for the end meanwhile. */
bool cooldown_wait(const struct plan *plan, const struct setup *setup, int signals_fd,
                   int64_t before);

#endif
