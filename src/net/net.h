/* The one door to the kernel's sockets, ring and clock: all that the engine knows of the outside.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"
#include "base/engine_kind.h"
#include "base/instant.h"

/* net.c answers to these names over a body (body.h); so does the simulator of tests/sim. Nothing
 * here blocks but net_wait(). Errors are -errno. A descriptor is a small number; the door owns it
 * from net_open() until net_close(). */
struct net;

/* One completion: the tag it was prepared with and its result (-errno on failure).
 *   net_connect: 0 = established.
 *   net_arm:     poll(2) bits that are ready (POLLIN, POLLRDHUP, POLLHUP, POLLERR).
 *   net_send_shared: only ever a failure, -errno; a send that went out whole gives no event.
 *   net_send_owned:  bytes that went out, or -errno. */
struct net_event {
    uint64_t tag;
    int result;
};

struct net_config {
    uint32_t entries; /* submissions kept before they are submitted; a power of two, 64..32768 */
    enum engine_kind engine; /* ENGINE_AUTO: io_uring */
};

enum { NET_OBJECTS_MAX = 2 };

/* What the kernel allocates for each connection that waits for its readiness. */
struct net_object {
    const char *slab; /* its name in /sys/kernel/slab, of which it is one object; NULL: none */
    int64_t bytes;    /* where that has no line of its own, as where slabs of a size are merged */
};

/* What a door of that engine takes. */
struct net_needs {
    uint32_t files;
    int64_t locked_bytes; /* of RLIMIT_MEMLOCK, with so many entries: the least it makes do with */
    const struct net_object *objects; /* NET_OBJECTS_MAX, for each connection beside its socket */
};
struct net_needs net_needs(const struct net_config *config);

/* Makes a door of this process' own; it must be used and destroyed by the same process. 0 or
 * -errno. The caller owns *out. */
int net_create(struct net **out, const struct net_config *config);
/* Descriptors that were not given back by net_close() stay open: they are the caller's leak. */
void net_destroy(struct net *net);

/* Why the ring's body could not be made with that error (-errno): from
 * /proc/sys/kernel/io_uring_disabled and the process' seccomp state, capabilities and limits. With
 * 0: what stands in nobody's way. */
void net_explain(struct engine_refusal *refusal, int error);
/* The same, where the attempt was killed by SIGSYS, in another process. */
void net_explain_killed(struct engine_refusal *refusal);

/* What carries it: "io_uring", "epoll" or "simulation". */
const char *net_engine(const struct net *net);

/* How often the completion queue was seen to overflow (nothing is lost; it is a sign of load). */
uint64_t net_overflows(const struct net *net);

/* CLOCK_MONOTONIC, or virtual time. */
instant net_now(struct net *net);

/* A stream socket (over io_uring without O_NONBLOCK: docs/decisions/0003), close-on-exec,
 * TCP_NODELAY, bound to source when that is not NULL: to the address alone, the port is the
 * kernel's choice at the connect. The descriptor, or -errno (EMFILE, ENFILE, ENOBUFS, ENOMEM,
 * EACCES, EADDRINUSE, EADDRNOTAVAIL: source is no address of this host...). */
int net_open(struct net *net, const struct address *source, const struct address *target);

/* Prepares a connect; target must stay unchanged until its event. */
void net_connect(struct net *net, int fd, const struct address *target, uint64_t tag);

/* Whether this host has an address from which to connect to the target, by its routes: no packet is
 * sent. True when that is not known. */
bool net_has_source(struct net *net, const struct address *target);

/* True when the socket, which was connected to the target, is connected to itself: nobody listens
 * there, and the kernel chose the target's port for it (getsockname == getpeername). */
bool net_connected_to_itself(struct net *net, int fd, const struct address *target);

/* Prepares a send of all the bytes, which are shared: they must stay unchanged for the life of the
 * door. */
void net_send_shared(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag);

/* The same for bytes that are the connection's own, or take long as a large body does: they must
 * stay unchanged until the event, which comes in any case, with how many went out. Fewer than all:
 * the connection broke in between, and the kernel has spent the error on it; -errno: none did. */
void net_send_owned(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag);

/* Reads what is there now (nothing else may read from it): bytes read, 0 = FIN, -EAGAIN = nothing
 * yet, -errno. */
ssize_t net_receive(struct net *net, int fd, void *buffer, size_t size);

/* How many bytes net_receive() would give now without more coming; 0 when not known. */
size_t net_waiting(struct net *net, int fd);

/* Prepares one readiness event for input, FIN or error; level semantics: what is already there
 * fires at once. Also works on eventfd, signalfd, pidfd and timerfd. */
void net_arm(struct net *net, int fd, uint64_t tag);

/* Hands over a few last bytes before an end, as far as the socket takes them now; no send may be
 * under way. */
void net_send_last(struct net *net, int fd, const void *bytes, size_t length);

/* Ends both directions (FIN); an armed readiness or a connect in flight completes soon after. */
void net_shutdown(struct net *net, int fd);

/* Ends the connection by RST, leaving no TIME_WAIT; the same completions follow. */
void net_reset(struct net *net, int fd);

/* Gives the descriptor back. The kernel must own nothing of it: no event may be outstanding but a
 * failed send's. It is closed only after everything prepared so far was submitted, because a
 * submission resolves its descriptor number when it is submitted. */
void net_close(struct net *net, int fd);

/* Bytes sent that the peer's TCP has not acknowledged: true when there are any (TCP_INFO
 * tcpi_unacked, or data not yet sent). False when not known. */
bool net_unacknowledged(struct net *net, int fd);

/* Submits what was prepared and is not under way yet, then waits until `wanted` events (1 or more)
 * are there or `until` has passed (at once when it already has). A signal ends the wait early.
 * Returns 0 or -errno of a broken ring (-EBADR: a completion was lost). */
int net_wait(struct net *net, instant until, uint32_t wanted);

/* Where net_wait() has brought an event, but fewer than wanted: waits until as many are there,
 * those included, but not past `until` and not longer than `most`; *waited is how long. Not at all
 * where a wake costs nothing. Errors as net_wait()'s. */
int net_wait_together(struct net *net, instant until, duration most, uint32_t wanted,
                      duration *waited);

/* Brings in what completed since the wait and what the kernel holds back of it: to be called, and
 * all taken, before a timer is run. */
void net_gather(struct net *net);

/* Takes up to `max` events that are there; call until it returns 0. */
size_t net_take(struct net *net, struct net_event *events, size_t max);

#endif
