/* Accept queues: who is connected and waits for an accept(), as sock_diag(7) tells it. */
#ifndef HOST_LISTEN_QUEUE_H
#define HOST_LISTEN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of all listeners of one port together. */
struct listen_queue {
    uint32_t listeners;
    int64_t queued;  /* connections in their accept queues */
    int64_t backlog; /* how many there may be: the least of listen(2)'s and net.core.somaxconn */
};

/* A descriptor by which the listeners of a process' network namespace can be asked for; pid 0: of
 * our own. The caller closes it. -errno: for another namespace it takes CAP_SYS_ADMIN. For a moment
 * the calling thread stands in that namespace. */
int listen_queue_open(int pid);

/* Asks, over IPv4 and IPv6; only listeners are walked, however many connections there are. false
 * when the kernel does not tell. */
bool listen_queue_read(int fd, uint16_t port, struct listen_queue *out);

/* Asks for all listeners, over IPv4 and IPv6, and hands each of them on. false when the kernel does
 * not tell. */
struct inet_diag_msg; /* <linux/inet_diag.h> */
typedef void (*listener_take)(void *with, const struct inet_diag_msg *listener);
bool listen_queue_walk(int fd, listener_take take, void *with);

/* The same of one received piece, with the results of listen_queue_parse(). */
int listen_queue_messages(const void *bytes, size_t length, listener_take take, void *with);

/* Takes one received piece of an answer. 1: there is more to come, 0: that was the end, or -errno
 * as the kernel says, -EBADMSG for what is no such answer. */
int listen_queue_parse(struct listen_queue *out, const void *bytes, size_t length, uint16_t port);

#endif
