/* This machine asked: its limits, ports, memory and kernel (base/host_facts.h), routes, listeners
 * and names. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/host_facts.h"

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

enum { HOST_LISTENER_INODES_MAX = 64 };

/* The listeners of this network namespace that a connect to an address reaches. */
struct host_listeners {
    size_t count;    /* several with SO_REUSEPORT; 0: none is here */
    int64_t backlog; /* connections that their accept queues hold, summed up */
    int64_t queued;  /* of these, that wait in them now */
    size_t inode_count;
    uint64_t inodes[HOST_LISTENER_INODES_MAX]; /* of their sockets: the first so many */
};

/* sock_diag(7). false when the kernel does not tell. */
bool host_listeners_read(struct host_listeners *listeners, const struct address *target);

/* Whether the address is one of this host's: the route to it ends here. */
bool host_has_address(const struct address *address);

/* A process that listens on a port. */
struct host_port_owner {
    int pid;
    char name[32]; /* its comm(5): any bytes */
};

/* False when nobody listens there, or when it is not for this user to know. */
bool host_port_owner(struct host_port_owner *out, uint16_t port);

/* The process that holds the sockets of these listeners; the same exceptions, and pid 0 with them.
 */
bool host_listeners_owner(struct host_port_owner *out, const struct host_listeners *listeners);

enum host_listening { HOST_LISTENS, HOST_LISTENS_NOT, HOST_LISTENS_UNSEEN };

/* Whether a process of this host, or one below it, holds one of these sockets, or serves them for
 * the one that does (one of its children). owner: of host_listeners_owner(). */
enum host_listening host_process_listens(int pid, const struct host_listeners *listeners,
                                         const struct host_port_owner *owner);

/* Name resolution that can be given up: a child process asks getaddrinfo(3) and writes what it
 * found to a pipe. */
struct host_resolve;

/* Starts to resolve; the descriptor of host_resolve_fd() becomes readable when it is done. NULL and
 * *error = errno when there is no process or pipe to be had. The caller ends it with
 * host_resolve_end(), at any time. */
struct host_resolve *host_resolve_start(const char *name, uint16_t port, int *error);
int host_resolve_fd(const struct host_resolve *resolve);

/* After the descriptor is readable: 0 and 1..ADDRESSES_MAX distinct stream addresses, and of
 * how many in all (*named, an upper bound where they were more); -EAGAIN when there is more to
 * come; else an EAI_ code (getaddrinfo(3), negative on Linux, less than -EAGAIN - 1000 is never
 * used) written to *gai with return value -ENOENT. */
int host_resolve_read(struct host_resolve *resolve, struct address *addresses, size_t *count,
                      size_t *named, int *gai);
void host_resolve_end(struct host_resolve *resolve);

#endif
