/* The one door to the kernel's sockets, ring and clock: all that the engine knows of the outside.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"
#include "base/instant.h"
#include "base/refusal.h"

/* Two bodies answer to these names: net_uring.c (liburing) and the simulated one in tests/sim.
 * Nothing here blocks but net_wait(). Errors are -errno. A descriptor is a small number; the door
 * owns it from net_open() until net_close(). */
struct net;

/* One completion: the tag it was prepared with and its result (-errno on failure).
 *   net_connect: 0 = established.
 *   net_arm:     poll(2) bits that are ready (POLLIN, POLLRDHUP, POLLHUP, POLLERR).
 *   net_send:    only ever a failure, -errno; a send that went out whole gives no event.
 *   net_send_counted: bytes that went out, or -errno. */
struct net_event {
    uint64_t tag;
    int result;
};

struct net_config {
    uint32_t entries; /* submissions kept before the kernel is told; a power of two, 64..32768 */
};

/* Makes a door of this process' own; it must be used and destroyed by the same process. 0 or
 * -errno. The caller owns *out. */
int net_create(struct net **out, const struct net_config *config);
/* Descriptors that were not given back by net_close() stay open: they are the caller's leak. */
void net_destroy(struct net *net);

/* Tells why net_create() returned error (-errno), from that, /proc/sys/kernel/io_uring_disabled and
 * the process' seccomp state and capabilities. */
enum net_refusal net_explain(int error);

/* What carries it: "io_uring" or "simulation"; and how the ring was set up, for the report. */
const char *net_engine(const struct net *net);

/* How often the completion queue was seen to overflow (nothing is lost; it is a sign of load). */
uint64_t net_overflows(const struct net *net);

/* CLOCK_MONOTONIC, or virtual time. */
instant net_now(struct net *net);

/* A stream socket, without O_NONBLOCK (docs/decisions/0003), close-on-exec, TCP_NODELAY, bound to
 * source when that is not NULL: to the address alone, the port is the kernel's choice at the
 * connect. The descriptor, or -errno (EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EADDRINUSE,
 * EADDRNOTAVAIL: source is no address of this host...). */
int net_open(struct net *net, const struct address *source, const struct address *target);

/* Prepares a connect; target must stay unchanged until its event. */
void net_connect(struct net *net, int fd, const struct address *target, uint64_t tag);

/* True when the socket is connected to itself (getsockname == getpeername). */
bool net_connected_to_itself(struct net *net, int fd);

/* Prepares a send of all the bytes, which must stay unchanged for the life of the door. */
void net_send(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag);

/* The same for bytes that may take long, as of a large body: an event comes in any case, with how
 * many went out. Fewer than all: the connection broke in between, and the kernel has spent the
 * error on it; -errno: none did. */
void net_send_counted(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag);

/* Reads what is there now: bytes read, 0 = FIN, -EAGAIN = nothing yet, -errno. */
ssize_t net_receive(struct net *net, int fd, void *buffer, size_t size);

/* How many bytes net_receive() would give now without more coming; 0 when it cannot be told. */
size_t net_waiting(struct net *net, int fd);

/* Prepares one readiness event for input, FIN or error; level semantics: what is already there
 * fires at once. Also works on eventfd, signalfd, pidfd and timerfd. */
void net_arm(struct net *net, int fd, uint64_t tag);

/* Ends both directions (FIN); an armed readiness or a connect in flight completes soon after. */
void net_shutdown(struct net *net, int fd);

/* Ends the connection by RST, leaving no TIME_WAIT; the same completions follow. */
void net_reset(struct net *net, int fd);

/* Gives the descriptor back. The kernel must own nothing of it: no event may be outstanding but a
 * failed send's. It is closed only after everything prepared so far was submitted, because a
 * submission resolves its descriptor number when it is submitted. */
void net_close(struct net *net, int fd);

/* Bytes sent that the peer's TCP has not acknowledged: true when there are any (TCP_INFO
 * tcpi_unacked, or data not yet sent). False when it cannot be told. */
bool net_unacknowledged(struct net *net, int fd);

/* Submits what was prepared, then waits until `wanted` events (1 or more) are there or `until` has
 * passed (at once when it already has). A signal ends the wait early. Returns 0 or -errno of a
 * broken ring (-EBADR: a completion was lost). */
int net_wait(struct net *net, instant until, uint32_t wanted);

/* Brings in what completed since the wait and what the kernel holds back of it: to be called, and
 * all taken, before a timer is run. */
void net_gather(struct net *net);

/* Takes up to `max` events that are there; call until it returns 0. */
size_t net_take(struct net *net, struct net_event *events, size_t max);

#endif
