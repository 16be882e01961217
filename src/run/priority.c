/* The parent's priority, asked for and given back. */
#include "run/priority.h"

#include <sched.h>
#include <sys/resource.h>

enum { PARENT_NICE = -10 };

int priority_raise(void) {
    int before = getpriority(PRIO_PROCESS, 0);
    const struct sched_param least = {.sched_priority = 1};
    if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &least) != 0)
        (void)setpriority(PRIO_PROCESS, 0, PARENT_NICE);
    return before;
}

void priority_restore(int nice) {
    const struct sched_param none = {0};
    (void)sched_setscheduler(0, SCHED_OTHER, &none);
    (void)setpriority(PRIO_PROCESS, 0, nice);
}
