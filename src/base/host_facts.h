/* What this machine is, as far as a plan can run into it: limits, ports, memory, kernel. host/
 * reads it; plans hold it, and reports show it. */
#ifndef BASE_HOST_FACTS_H
#define BASE_HOST_FACTS_H

#include <stdint.h>

/* A limit that processes share, and how much of it is taken. max: INT64_MAX without one; 0 or below
 * when it could not be read. */
struct host_share {
    int64_t max, used;
};

/* Every number is -1 when it could not be read: "could not tell" is an answer. */
struct host {
    char kernel[128];        /* uname release */
    char machine[65];        /* uname machine */
    char cpu_model[96];      /* as /proc/cpuinfo names the first CPU; "" where it does not */
    int64_t cpus;            /* that this process may run on */
    int64_t cpu_quota_milli; /* thousandths of a CPU that its control groups allow it; INT64_MAX
                              * without a limit, 0 or below when it could not be read */
    int64_t nofile_soft, nofile_hard; /* RLIMIT_NOFILE; RLIM_INFINITY as INT64_MAX */
    int64_t nr_open, file_max, file_used;
    int64_t port_low, port_high; /* net.ipv4.ip_local_port_range */
    int64_t somaxconn;
    int64_t tcp_max_syn_backlog, tcp_syncookies;
    int64_t tcp_tw_reuse;
    int64_t tcp_mem_max, tcp_mem_used; /* in pages: net.ipv4.tcp_mem's third, /proc/net/sockstat */
    int64_t conntrack_max;             /* net.netfilter.nf_conntrack_max */
    int64_t memory_total_bytes, memory_available_bytes; /* MemTotal, MemAvailable */
    int64_t connection_bytes; /* kernel memory of one idle connection without what the engine adds,
                               * as this kernel's slabs (host/slabs.h) have it */
    /* Of the control groups that this process is in, the one with the least room each. Memory: what
     * is used without the page cache, which gives way. */
    struct host_share group_memory, group_processes;
    struct host_share user_processes; /* RLIMIT_NPROC, and this user's threads */
    uint64_t capabilities;            /* effective ones, a bit each; 0 when not read */
    int64_t memlock_bytes;            /* RLIMIT_MEMLOCK, soft */
    int64_t cpu_seconds;              /* RLIMIT_CPU, soft; 0 when not read */
    int64_t io_uring_disabled;        /* the sysctl; -1 before 6.6 */
    char io_uring_group[32];
};

#endif
