/* The limits of the control groups that this process is in (cgroups(7), version 1 and 2). */
#ifndef HOST_GROUPS_H
#define HOST_GROUPS_H

#include "host/host.h"

/* Of our group and all above it that can be seen, the one with the least room left. max is
 * INT64_MAX when none has a limit and -1 when there is no such controller. root stands before /proc
 * and /sys. */
void groups_read_memory(struct host_share *memory, const char *root);
void groups_read_processes(struct host_share *processes, const char *root);

/* CPU time that the tightest of them allows, in thousandths of a CPU; the same exceptions. */
int64_t groups_read_cpu_milli(const char *root);

#endif
