/* A worker of the target as a process. */
#ifndef TARGET_WORKER_PROCESS_H
#define TARGET_WORKER_PROCESS_H

#include "target/counters.h"
#include "target/target.h"

/* In a child by fork_child(): serves on listeners->fds[worker] until the other end of stop_fd is
 * closed. Leaves with EXIT_HELD, or EXIT_UNFIT where it cannot serve. */
_Noreturn void target_worker(const struct target_settings *settings,
                             const struct target_listeners *listeners, uint32_t worker,
                             struct counters_shared *shared, int stop_fd);

#endif
