/* The limits of the control groups that this process is in (cgroups(7), version 1 and 2). */
#ifndef HOST_CGROUP_H
#define HOST_CGROUP_H

#include <stdbool.h>

#include "base/host_facts.h"

/* Of our group and all above it that can be seen, the one with the least room left. max is
 * INT64_MAX when none has a limit and -1 when there is no such controller. root stands before /proc
 * and /sys. */
void cgroup_read_memory(struct host_share *memory, const char *root);
void cgroup_read_processes(struct host_share *processes, const char *root);

/* CPU time that the tightest of them allows, in thousandths of a CPU; the same exceptions. */
int64_t cgroup_read_cpu_milli(const char *root);

/* Where a controller's groups are seen, and which of them is meant. */
enum { CGROUP_PATH_BYTES = 1024 };
struct cgroup_controller {
    bool unified;                     /* version 2 */
    char mount[CGROUP_PATH_BYTES];    /* where the groups are seen */
    char top[CGROUP_PATH_BYTES];      /* the group that is seen there: "/" but in some containers */
    char ours[2 * CGROUP_PATH_BYTES]; /* from the mount on: "" or "/a/b" */
};

/* The memory controller's group of a process; false when it cannot be told. */
bool cgroup_find_memory(struct cgroup_controller *group, const char *root, int pid);

/* The memory of a process' control group. -1: could not tell. */
struct cgroup_memory {
    int64_t used, max; /* of the tightest limit, page cache included; INT64_MAX: none */
    int64_t oom_kills; /* processes of the group that the OOM killer ended, since it was made */
    int64_t at_limit;  /* times its own limit was reached (memory.events max, failcnt) */
};
void cgroup_read_memory_of(struct cgroup_memory *out, const struct cgroup_controller *group,
                           const char *root);

#endif
