/* TCP sockets of a network namespace as the kernel lists them: the one door to sock_diag(7). */
#ifndef HOST_SOCK_DIAG_H
#define HOST_SOCK_DIAG_H

#include <stddef.h>
#include <stdint.h>

/* include/net/tcp_states.h, as sock_diag(7) and /proc/net/tcp number them. */
enum { SOCK_DIAG_TIME_WAIT = 6, SOCK_DIAG_LISTEN = 10, SOCK_DIAG_STATE_LAST = 12 };

/* The timer of a socket in TIME_WAIT (inet_diag_msg.idiag_timer, and /proc/net/tcp). */
enum { SOCK_DIAG_TIMER_TIME_WAIT = 3 };

/* All addresses that begin with the same bits, IPv4 as the mapped ones of RFC 4291 section 2.5.5.2.
 * Zero-filled: all addresses. */
struct sock_diag_block {
    uint8_t ip[16];
    uint8_t bits; /* 0..128 */
};

/* Where a socket's two ends are. Zero-filled: anywhere. */
struct sock_diag_ends {
    struct sock_diag_block local, remote;
    uint16_t remote_port; /* 0: any; else no listener is listed */
};

/* Which sockets are asked for; the kernel leaves the others out. */
struct sock_diag_filter {
    uint32_t states; /* bits 1 << state */
    struct sock_diag_ends ends;
};

/* Makes the block as great as it takes to hold an address too. One of 128 bits holds its own. */
void sock_diag_block_widen(struct sock_diag_block *block, const uint8_t ip[static 16]);

/* Called for each socket. */
struct inet_diag_msg; /* <linux/inet_diag.h> */
typedef void (*sock_diag_take)(void *with, const struct inet_diag_msg *socket);

/* A descriptor by which the sockets of a process' network namespace can be asked for; pid 0: of
 * our own. The caller closes it. -errno: for another namespace it takes CAP_SYS_ADMIN. For a moment
 * the calling thread stands in that namespace. */
int sock_diag_open(int pid);

/* Asks, over IPv4 and IPv6, and hands each socket on. 0, or -errno when the kernel does not tell;
 * then some may have been handed on. An fd below 0 is -EBADF. */
int sock_diag_walk(int fd, const struct sock_diag_filter *filter, sock_diag_take take, void *with);

/* The same of one received piece of an answer, aligned as a struct nlmsghdr. 1: there is more to
 * come, 0: that was the end, or -errno as the kernel says, -EBADMSG for what is no such answer. */
int sock_diag_messages(const void *bytes, size_t length, sock_diag_take take, void *with);

#endif
