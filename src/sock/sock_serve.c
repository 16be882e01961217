/* A server's socket: how it begins, and the room to send that it waits for. */
#include "sock/sock_serve.h"

#include "net/net_serve.h"

struct sock sock_accepted(int fd, uint32_t generation) {
    struct sock sock = sock_none(generation);
    sock.fd = fd;
    return sock;
}

void sock_arm_output(struct sock_set *set, struct sock *sock, uint64_t tag) {
    if ((sock->owned & SOCK_ARMED_OUTPUT) != 0)
        return;
    sock->owned |= SOCK_ARMED_OUTPUT;
    net_arm_output(set->net, sock->fd, tag);
}
