/* What this machine is, as far as a plan can run into it: limits, ports, memory, kernel. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/address_set.h"

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
    int64_t connection_bytes; /* kernel memory of one idle connection and its armed poll, as this
                               * kernel's slabs (/proc/slabinfo) have it */
    /* Of the control groups that this process is in, the one with the least room each. Memory: what
     * is used without the page cache, which gives way. */
    struct host_share group_memory, group_processes;
    struct host_share user_processes; /* RLIMIT_NPROC, and this user's threads */
    uint64_t capabilities;            /* effective ones, a bit each; 0 when not read */
    int64_t memlock_bytes;            /* RLIMIT_MEMLOCK, soft */
    int64_t io_uring_disabled;        /* the sysctl; -1 before 6.6 */
    char io_uring_group[32];
};

/* Reads it all. root stands before /proc and /sys ("" on a real machine); resource limits are the
 * process' own. Never fails: what cannot be read is -1. */
void host_read(struct host *host, const char *root);

/* capability: CAP_ of <linux/capability.h>. */
bool host_can(const struct host *host, int capability);

/* Descriptors of this process with a number below the limit: what is left of it is that much less.
 * -1 when they cannot be listed. */
int64_t host_own_files(const char *root, int64_t limit);

/* Raises RLIMIT_NOFILE soft to hard for this process and its children; 0 or -errno. */
int host_raise_nofile(void);

/* True when the kernel's release is at least major.minor; false when it cannot be read. */
bool host_kernel_is(const struct host *host, int major, int minor);

/* The local address from which the kernel would connect to target; false without a route. Nothing
 * is sent: a UDP socket is connected. */
bool host_source_towards(struct address *source, const struct address *target);

/* Addresses of this host from which target can be reached (getifaddrs(3); each asked as above), the
 * kernel's own choice first, no link-local ones, those of the loopback network only where target is
 * one: how many, at most max. */
size_t host_sources_towards(struct address *sources, size_t max, const struct address *target);

/* 0 when a socket can be bound to the address, else the errno of bind(2). */
int host_bind_error(const struct address *source);

/* The listeners of this network namespace that a connect to an address reaches. */
struct host_listeners {
    size_t count;    /* several with SO_REUSEPORT; 0: none is here */
    int64_t backlog; /* connections that their accept queues hold, summed up */
    int64_t queued;  /* of these, that wait in them now */
};

/* sock_diag(7). false when the kernel does not tell. */
bool host_listeners_read(struct host_listeners *listeners, const struct address *target);

/* Whether the address is one of this host's. */
bool host_has_address(const struct address *address);

/* A process that listens on a port. */
struct host_port_holder {
    int pid;
    char name[32]; /* its comm(5): any bytes */
};

/* False when nobody listens there, or when it is not for this user to know. */
bool host_port_holder(struct host_port_holder *out, uint16_t port);

/* Name resolution that can be given up: a child process asks getaddrinfo(3) and writes what it
 * found to a pipe. */
struct host_resolve;

enum { HOST_ADDRESSES_MAX = 64 };

/* Starts to resolve; the descriptor of host_resolve_fd() becomes readable when it is done. NULL and
 * *error = errno when there is no process or pipe to be had. The caller ends it with
 * host_resolve_end(), at any time. */
struct host_resolve *host_resolve_start(const char *name, uint16_t port, int *error);
int host_resolve_fd(const struct host_resolve *resolve);

/* After the descriptor is readable: 0 and 1..HOST_ADDRESSES_MAX distinct stream addresses; -EAGAIN
 * when there is more to come; else an EAI_ code (getaddrinfo(3), negative on Linux, less than
 * -EAGAIN - 1000 is never used) written to *gai with return value -ENOENT. */
int host_resolve_read(struct host_resolve *resolve, struct address *addresses, size_t *count,
                      int *gai);
void host_resolve_end(struct host_resolve *resolve);

/* Proportional set size and CPU time of a process (/proc/PID/smaps_rollup, /proc/PID/stat); -1 when
 * it cannot be read. */
int64_t host_process_pss_bytes(int pid);
int64_t host_process_rss_bytes(int pid);
int64_t host_process_cpu_ns(int pid);
/* The same, user and system apart; false, and nothing written, when it cannot be read. */
bool host_process_times(int pid, int64_t *user_ns, int64_t *system_ns);

#endif
