/* The TCP sockets of this network namespace: from sock_diag(7), or where that is refused from
 * /proc/net/tcp and tcp6. */
#ifndef HOST_SOCKETS_H
#define HOST_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/sock_diag.h"

/* IPv4 as the mapped address of RFC 4291 section 2.5.5.2: a socket of IPv6 has it so as well. */
struct socket_end {
    uint8_t ip[16];
    uint16_t port;
};

struct socket_row {
    struct socket_end local, remote;
    uint32_t state;    /* SOCK_DIAG_LISTEN ... */
    int64_t waited_ms; /* in TIME_WAIT, 0 to 60,000; 0 as well when it is not shown */
};

typedef void (*socket_take)(void *with, const struct socket_row *row);

/* Hands on all listeners, and all other sockets that have such ends; others may be among them, and
 * some may come twice. root stands before /proc/net; "" on a real machine, where the kernel picks
 * them. false when they cannot be read. */
bool sockets_read(const char *root, const struct sock_diag_ends *ends, socket_take take,
                  void *with);

void socket_end_set_v4(struct socket_end *end, uint32_t network_order);

/* Reads a socket from the kernel's message. false when it is none of TCP. */
struct inet_diag_msg; /* <linux/inet_diag.h> */
bool socket_row_decode(struct socket_row *row, const struct inet_diag_msg *message);

#endif
