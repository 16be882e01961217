/* Accept queues: who is connected and waits for an accept(). */
#include "host/listen_queue.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>

#include "host/sock_diag.h"

struct port_count {
    uint16_t port;
    struct listen_queue *out;
};

/* Of a listener rqueue and wqueue are its queue and the queue's bound (inet_diag_fill_icsk). */
static void count(void *with, const struct inet_diag_msg *listener) {
    const struct port_count *counted = with;
    if (listener->idiag_state != SOCK_DIAG_LISTEN ||
        ntohs(listener->id.idiag_sport) != counted->port)
        return;
    counted->out->listeners++;
    counted->out->queued += listener->idiag_rqueue;
    counted->out->backlog += listener->idiag_wqueue;
}

int listen_queue_parse(struct listen_queue *out, const void *bytes, size_t length, uint16_t port) {
    return sock_diag_messages(bytes, length, count, &(struct port_count){port, out});
}

bool listen_queue_walk(int fd, sock_diag_take take, void *with) {
    const struct sock_diag_filter listeners = {.states = 1U << SOCK_DIAG_LISTEN};
    return sock_diag_walk(fd, &listeners, take, with) == 0;
}

bool listen_queue_read(int fd, uint16_t port, struct listen_queue *out) {
    *out = (struct listen_queue){0};
    return listen_queue_walk(fd, count, &(struct port_count){port, out});
}
