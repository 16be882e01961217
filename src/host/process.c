/* What one process takes: memory and CPU time, as /proc says. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/instant.h"
#include "host/files.h"
#include "host/host.h"

enum { STAT_BYTES = 2048 };

static int64_t rollup_bytes(int pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    return files_read_kilobytes("", path, name);
}

int64_t host_process_pss_bytes(int pid) {
    return rollup_bytes(pid, "Pss");
}

int64_t host_process_rss_bytes(int pid) {
    return rollup_bytes(pid, "Rss");
}

bool host_process_times(int pid, int64_t *user_ns, int64_t *system_ns) {
    char path[64], text[STAT_BYTES];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (files_read_text(text, sizeof text, "", path) == 0)
        return false;
    /* Field 2 is the name in parentheses and may hold anything, those as well: the last one ends
     * it. Fields 14 and 15 are utime and stime in clock ticks (proc_pid_stat(5)). */
    const char *after = strrchr(text, ')');
    unsigned long long user, kernel;
    if (after == NULL || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                                &user, &kernel) != 2)
        return false;
    long ticks_per_second = sysconf(_SC_CLK_TCK);
    if (ticks_per_second <= 0)
        return false;
    *user_ns = (int64_t)user * (SECOND / ticks_per_second);
    *system_ns = (int64_t)kernel * (SECOND / ticks_per_second);
    return true;
}

int64_t host_process_cpu_ns(int pid) {
    int64_t user, kernel;
    return host_process_times(pid, &user, &kernel) ? user + kernel : -1;
}
