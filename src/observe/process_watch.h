/* The watch over the server's process and all below it: memory, CPU and open files, once a second.
 */
#ifndef OBSERVE_PROCESS_WATCH_H
#define OBSERVE_PROCESS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "host/cgroup.h"
#include "stats/server.h"

enum { WATCHED_MAX = 512 }; /* processes; of a greater tree the first so many */

/* A process of the latest sample. */
struct process_watched {
    int pid;
    uint64_t started;
    int64_t cpu_ns;
};

struct process_watch {
    const char *root; /* stands before /proc */
    int pid;
    uint64_t started;
    struct server_process_view view;
    int64_t cpu_ns; /* of all, since the first sample */
    /* internal */
    size_t count;
    struct process_watched known[WATCHED_MAX];
    bool pss_readable; /* so far, and small enough that reading it is cheap */
    bool files_readable;
    int64_t pss_bytes, rss_bytes; /* now */
    int64_t pss_before, pss_hold, pss_peak, rss_before, rss_hold, rss_peak;
    instant begun, sampled_at, hold_since;
    int64_t cpu_at_hold;
    struct cgroup_controller group;
    struct cgroup_memory group_before;
};

/* Takes the first sample: what is before the load. false when there is no such process. */
bool process_watch_init(struct process_watch *watch, const char *root, int pid, instant now);

/* A sample. false when the process has just been found ended: what was measured so far stands. */
bool process_watch_sample(struct process_watch *watch, instant now);

/* Whether the pid still names the process of the first sample, and no later one. */
bool process_watch_is_there(const struct process_watch *watch);

/* With the latest sample the hold begins, or ends with `live` connections held: CPU and memory are
 * of what is between. */
void process_watch_hold(struct process_watch *watch, bool holding, uint64_t live);

#endif
