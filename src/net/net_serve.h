/* What a server needs of the door beside net.h: listeners, accepted connections, answers.
 *
 * A header of its own, because the engine has no use for it and the simulated door no body. */
#ifndef NET_NET_SERVE_H
#define NET_NET_SERVE_H

#include <stdbool.h>
#include <sys/uio.h>

#include "net/net.h"

/* A listening socket on the address, with SO_REUSEADDR, and SO_REUSEPORT when it is to be one of
 * several. Port 0: the kernel's choice, written back to *address. TCP_NODELAY is inherited by what
 * is accepted. The descriptor, or -errno. Needs no door: it is made before the processes are. */
int net_listen(struct address *address, bool shared);

/* The next connection waiting at the listener, as net_open() would have made it; -EAGAIN when there
 * is none, -EMFILE, -ENFILE, -ENOBUFS or -ENOMEM when there is and we cannot take it. What ended
 * while it waited is skipped. net_arm() on a listener tells when to ask. */
int net_accept(struct net *net, int listener);

/* Hands over what the socket takes now: bytes taken, 0 or more; -errno. */
ssize_t net_send_now(struct net *net, int fd, const struct iovec *pieces, int count);

/* As net_arm(), for room to send (and for errors). */
void net_arm_output(struct net *net, int fd, uint64_t tag);

/* Ends our direction (FIN); the peer's may go on. */
void net_finish(struct net *net, int fd);

#endif
