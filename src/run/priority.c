/* The parent's priority, asked for and given back. */
#include "run/priority.h"

#include <stdbool.h>
#include <sys/resource.h>

enum { PARENT_NICE = -10 };

static bool is_fair(int policy) {
    return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

/* Without SCHED_RESET_ON_FORK, which only the privileged can take back: fork_child() sees to what
 * children get. Whoever started us in real time gave more than is asked for here. */
struct scheduling priority_raise(void) {
    struct scheduling before = scheduling_read();
    const struct sched_param least = {.sched_priority = 1};
    if (is_fair(before.policy & ~SCHED_RESET_ON_FORK) &&
        sched_setscheduler(0, SCHED_RR, &least) != 0 && before.nice > PARENT_NICE)
        (void)setpriority(PRIO_PROCESS, 0, PARENT_NICE);
    return before;
}

void priority_restore(const struct scheduling *before) {
    scheduling_apply(before);
}
