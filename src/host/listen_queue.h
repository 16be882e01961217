/* Accept queues: who is connected and waits for an accept(), as sock_diag(7) shows it. */
#ifndef HOST_LISTEN_QUEUE_H
#define HOST_LISTEN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/sock_diag.h"

/* Of all listeners of one port together. */
struct listen_queue {
    uint32_t listeners;
    int64_t queued;  /* connections in their accept queues */
    int64_t backlog; /* how many there may be: the least of listen(2)'s and net.core.somaxconn */
};

/* Asks through a descriptor of sock_diag_open(), over IPv4 and IPv6; only listeners are walked,
 * however many connections there are. false when the kernel does not tell. */
bool listen_queue_read(int fd, uint16_t port, struct listen_queue *out);

/* Asks for all listeners, over IPv4 and IPv6, and hands each of them on. false when the kernel does
 * not tell. */
bool listen_queue_walk(int fd, sock_diag_take take, void *with);

/* Takes one received piece of an answer, with the results of sock_diag_messages(). */
int listen_queue_parse(struct listen_queue *out, const void *bytes, size_t length, uint16_t port);

#endif
