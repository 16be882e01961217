/* What this machine is: the kernel's limits and memory, read once. */
#include "host/host.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/files.h"

static int64_t limit_value(rlim_t limit) {
    return limit == RLIM_INFINITY || limit > (rlim_t)INT64_MAX ? INT64_MAX : (int64_t)limit;
}

static void read_limits(struct host *host) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        host->nofile_soft = limit_value(limit.rlim_cur);
        host->nofile_hard = limit_value(limit.rlim_max);
    }
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0)
        host->memlock_bytes = limit_value(limit.rlim_cur);
}

static int64_t count_cpus(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    return sysconf(_SC_NPROCESSORS_ONLN); /* more CPUs than a cpu_set_t holds; -1 when unknown */
}

static void read_files(struct host *host, const char *root) {
    int64_t pair[2];
    /* fs.file-nr: allocated, of these unused, the limit (proc_sys_fs(5)). */
    if (files_read_numbers(pair, 2, root, "/proc/sys/fs/file-nr") == 2 && pair[1] <= pair[0])
        host->file_used = pair[0] - pair[1];
    host->file_max = files_read_number(root, "/proc/sys/fs/file-max");
    host->nr_open = files_read_number(root, "/proc/sys/fs/nr_open");
}

static void read_network(struct host *host, const char *root) {
    int64_t pair[2];
    const char *range = "/proc/sys/net/ipv4/ip_local_port_range";
    if (files_read_numbers(pair, 2, root, range) == 2) {
        host->port_low = pair[0];
        host->port_high = pair[1];
    }
    host->somaxconn = files_read_number(root, "/proc/sys/net/core/somaxconn");
    host->tcp_tw_reuse = files_read_number(root, "/proc/sys/net/ipv4/tcp_tw_reuse");
}

void host_read(struct host *host, const char *root) {
    *host = (struct host){
        .nofile_soft = -1,
        .nofile_hard = -1,
        .file_used = -1,
        .port_low = -1,
        .port_high = -1,
        .memlock_bytes = -1,
    };
    struct utsname name;
    if (uname(&name) == 0) {
        snprintf(host->kernel, sizeof host->kernel, "%s", name.release);
        snprintf(host->machine, sizeof host->machine, "%s", name.machine);
    }
    host->cpus = count_cpus();
    read_limits(host);
    read_files(host, root);
    read_network(host, root);
    host->memory_total_bytes = files_read_kilobytes(root, "/proc/meminfo", "MemTotal");
    host->memory_available_bytes = files_read_kilobytes(root, "/proc/meminfo", "MemAvailable");
    host->io_uring_disabled = files_read_number(root, "/proc/sys/kernel/io_uring_disabled");
    files_read_line(host->io_uring_group, sizeof host->io_uring_group, root,
                    "/proc/sys/kernel/io_uring_group");
}

int host_raise_nofile(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -errno;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : -errno;
}
