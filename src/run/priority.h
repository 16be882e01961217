/* The parent's priority: its tick, a few milliseconds a second, waits for no busy machine. */
#ifndef RUN_PRIORITY_H
#define RUN_PRIORITY_H

#include "base/inherited.h"

/* To be asked for when the workers are forked: they and a server here may keep every CPU busy, and
 * figures that are read late are of another second. The least real-time priority where that is
 * allowed (sched(7): CAP_SYS_NICE or RLIMIT_RTPRIO), else a nice value of -10, else nothing;
 * children by fork_child() do not have it. Returns what was before, for priority_restore(). */
struct scheduling priority_raise(void);
void priority_restore(const struct scheduling *before);

#endif
