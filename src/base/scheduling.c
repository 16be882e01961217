/* Policy and nice value of the calling thread. */
#include "base/scheduling.h"

#include <sys/resource.h>

struct scheduling scheduling_read(void) {
    struct scheduling scheduling = {.policy = sched_getscheduler(0),
                                    .nice = getpriority(PRIO_PROCESS, 0)};
    (void)sched_getparam(0, &scheduling.param);
    return scheduling;
}

void scheduling_apply(const struct scheduling *scheduling) {
    (void)sched_setscheduler(0, scheduling->policy, &scheduling->param);
    (void)setpriority(PRIO_PROCESS, 0, scheduling->nice);
}
