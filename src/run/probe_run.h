/* A probe of a plan's target, from its first connection to its last, over a door of its own. */
#ifndef RUN_PROBE_RUN_H
#define RUN_PROBE_RUN_H

#include <stdbool.h>

#include "judge/probe/probe_judge.h"
#include "plan/plan.h"
#include "plan/setup.h"

/* Called at each turn, with what is known so far. */
struct probe_watch {
    void (*turn)(void *owner, const struct probe_result *result, const struct probe_facts *facts,
                 instant now);
    void *owner;
};

struct probe_asked {
    enum probe_scope scope;
    duration bound;
    uint32_t connections;
    uint32_t spent;                  /* requests that the preflight made */
    const struct probe_watch *watch; /* NULL: nobody watches */
};

/* 0, or -errno of a door that broke or of memory. The first of the setup's addresses is asked.
 * signals_fd: from signals_open(); an interrupt ends it in order (*interrupted), and what is known
 * by then stands. */
int probe_run(struct probe_result *result, struct probe_facts *facts, bool *interrupted,
              const struct plan *plan, const struct setup *setup, const struct probe_asked *asked,
              int signals_fd);

#endif
