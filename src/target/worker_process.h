/* A worker of the target as a process. */
#ifndef TARGET_WORKER_PROCESS_H
#define TARGET_WORKER_PROCESS_H

#include "target/counters.h"
#include "target/target.h"

/* Serves on listeners->fds[worker] until the other end of stop_fd is closed. parent: who forked. */
_Noreturn void target_worker(const struct target_settings *settings,
                             const struct target_listeners *listeners, uint32_t worker,
                             struct shared *shared, int stop_fd, int parent);

/* Exit codes of a worker beside 0 and EXIT_BUG. */
enum { WORKER_NO_RING = 3 };

#endif
