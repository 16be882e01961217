/* How the kernel schedules a thread: read, and set again. */
#ifndef BASE_SCHEDULING_H
#define BASE_SCHEDULING_H

#include <sched.h>

struct scheduling {
    int policy; /* of sched_setscheduler(2) */
    int nice;
    struct sched_param param;
};

/* Of the calling thread. */
struct scheduling scheduling_read(void);
/* As far as that is allowed: to less it always is. */
void scheduling_apply(const struct scheduling *scheduling);

#endif
