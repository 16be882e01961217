/* The facts of this machine: the kernel's limits and memory, read once. */
#include "host/host.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/files.h"
#include "host/net_counters.h"
#include "host/process_facts.h"
#include "host/slabs.h"

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
    if (getrlimit(RLIMIT_CPU, &limit) == 0)
        host->cpu_seconds = limit_value(limit.rlim_cur);
    if (getrlimit(RLIMIT_NPROC, &limit) == 0)
        host->user_processes.max = limit_value(limit.rlim_cur);
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
    host->tcp_max_syn_backlog = files_read_number(root, "/proc/sys/net/ipv4/tcp_max_syn_backlog");
    host->tcp_syncookies = files_read_number(root, "/proc/sys/net/ipv4/tcp_syncookies");
    host->conntrack_max = net_conntrack_max(root);
}

static void read_memory(struct host *host, const char *root) {
    host->tcp_mem_max = net_tcp_pages_max(root);
    host->tcp_mem_used = net_tcp_pages(root);
    host->memory_total_bytes = files_read_kilobytes(root, "/proc/meminfo", "MemTotal");
    host->memory_available_bytes = files_read_kilobytes(root, "/proc/meminfo", "MemAvailable");
    host->connection_bytes = slabs_connection_bytes(root);
    cgroup_read_memory(&host->group_memory, root);
}

/* RLIMIT_NPROC counts the threads of a real user id, and binds neither root nor who has one of
 * these capabilities (getrlimit(2)). */
static bool is_bound_by_nproc(const struct host *host) {
    return getuid() != 0 && !host_can(host, CAP_SYS_RESOURCE) && !host_can(host, CAP_SYS_ADMIN);
}

static void read_processes(struct host *host, const char *root) {
    char line[64];
    unsigned long long bits;
    if (files_read_field(line, sizeof line, root, "/proc/self/status", "CapEff") &&
        sscanf(line, "%llx", &bits) == 1)
        host->capabilities = bits;
    cgroup_read_processes(&host->group_processes, root);
    if (!is_bound_by_nproc(host))
        host->user_processes.max = INT64_MAX;
    else if (host->user_processes.max != INT64_MAX)
        host->user_processes.used = process_user_threads(root, getuid());
}

void host_read(struct host *host, const char *root) {
    *host = (struct host){
        .nofile_soft = -1,
        .nofile_hard = -1,
        .file_used = -1,
        .port_low = -1,
        .port_high = -1,
        .group_memory = {-1, -1},
        .group_processes = {-1, -1},
        .user_processes = {-1, -1},
        .memlock_bytes = -1,
    };
    struct utsname name;
    if (uname(&name) == 0) {
        snprintf(host->kernel, sizeof host->kernel, "%s", name.release);
        snprintf(host->machine, sizeof host->machine, "%s", name.machine);
    }
    host->cpus = count_cpus();
    files_read_field(host->cpu_model, sizeof host->cpu_model, root, "/proc/cpuinfo",
                     "model name\t");
    host->cpu_quota_milli = cgroup_read_cpu_milli(root);
    read_limits(host);
    read_files(host, root);
    read_network(host, root);
    read_memory(host, root);
    read_processes(host, root);
    host->io_uring_disabled = files_read_number(root, "/proc/sys/kernel/io_uring_disabled");
    files_read_line(host->io_uring_group, sizeof host->io_uring_group, root,
                    "/proc/sys/kernel/io_uring_group");
}

bool host_can(const struct host *host, int capability) {
    return (host->capabilities >> capability & 1) != 0;
}

int64_t host_own_files(const char *root, int64_t limit) {
    char path[512];
    snprintf(path, sizeof path, "%s/proc/self/fd", root);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return -1;
    int64_t count = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char *end;
        long number = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && number != dirfd(folder) && number < limit)
            count++;
    }
    closedir(folder);
    return count;
}

int host_raise_nofile(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -errno;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : -errno;
}
