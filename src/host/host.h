/* What this machine is, as far as a plan can run into it: limits, ports, memory, kernel. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

/* Every number is -1 when it could not be read: "could not tell" is an answer. */
struct host {
    char kernel[128];                 /* uname release */
    char machine[65];                 /* uname machine */
    int64_t cpus;                     /* that this process may run on */
    int64_t nofile_soft, nofile_hard; /* RLIMIT_NOFILE; RLIM_INFINITY as INT64_MAX */
    int64_t nr_open, file_max, file_used;
    int64_t port_low, port_high; /* net.ipv4.ip_local_port_range */
    int64_t somaxconn;
    int64_t tcp_tw_reuse;
    int64_t memory_total_bytes, memory_available_bytes; /* MemTotal, MemAvailable */
    int64_t memlock_bytes;                              /* RLIMIT_MEMLOCK, soft */
    int64_t io_uring_disabled;                          /* the sysctl; -1 before 6.6 */
    char io_uring_group[32];
};

/* Reads it all. root stands before /proc and /sys ("" on a real machine); resource limits are the
 * process' own. Never fails: what cannot be read is -1. */
void host_read(struct host *host, const char *root);

/* Raises RLIMIT_NOFILE soft to hard for this process and its children; 0 or -errno. */
int host_raise_nofile(void);

/* The kernel's choice of source ports towards one destination, counted port by port. */
struct host_ports {
    int64_t range;     /* ports in ip_local_port_range */
    int64_t reserved;  /* of these: ip_local_reserved_ports */
    int64_t in_use;    /* of the rest: bound by a listener, or connected to that destination */
    int64_t time_wait; /* of the rest: in TIME_WAIT towards that destination */
    int64_t free;      /* what remains: range - reserved - in_use - time_wait */
};

/* Counts for one destination from /proc/net/tcp and tcp6 under root. false when the range cannot
 * be read; in_use and time_wait are -1 (and free leaves them out) when the tables cannot. */
bool host_ports_read(struct host_ports *ports, const char *root, const struct address *target);

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
