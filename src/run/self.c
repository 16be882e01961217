/* The parent's own process: time, memory, files (proc_pid_stat(5), proc_pid_statm(5)). */
#include "run/self.h"

#include <math.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "host/files.h"
#include "host/host.h"
#include "host/process_facts.h"

static double cpu_seconds(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return NAN;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Seconds since 1970. */
static double started_at(void) {
    struct process_facts facts;
    struct timespec wall, boot;
    if (!process_facts_read(&facts, "", getpid()))
        return NAN;
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    double booted =
        (double)(wall.tv_sec - boot.tv_sec) + (double)(wall.tv_nsec - boot.tv_nsec) / 1e9;
    return booted + (double)facts.started / (double)sysconf(_SC_CLK_TCK);
}

static int64_t open_files_max(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT64_MAX)
        return -1;
    return (int64_t)limit.rlim_cur;
}

struct prometheus_process self_measure(void) {
    int64_t pages[2] = {-1, -1};
    bool known = files_read_numbers(pages, 2, "", "/proc/self/statm") == 2;
    int64_t size = sysconf(_SC_PAGESIZE);
    return (struct prometheus_process){.cpu_seconds = cpu_seconds(),
                                       .started_at = started_at(),
                                       .virtual_bytes = known ? pages[0] * size : -1,
                                       .resident_bytes = known ? pages[1] * size : -1,
                                       .open_files = host_own_files("", INT64_MAX),
                                       .open_files_max = open_files_max()};
}
