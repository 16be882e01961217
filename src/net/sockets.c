/* What is the same for each body of the door: plain system calls that do not block. */
#include "base/monotonic.h"
#include "net/net.h"

#include <errno.h>
#include <linux/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/body.h"

instant net_now(struct net *net) {
    (void)net;
    return monotonic_now();
}

/* Linux 6.3, <linux/in.h>; older headers lack it. */
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

/* Ports are the kernel's choice, in its whole range: 1..65535 narrows nothing. But from 6.8 on it
 * then goes through them one by one; else it tries every other one first, and once half the range
 * is taken each connect scans that half for nothing (docs/decisions/0020). Before 6.3 there is no
 * such option, and nothing else to be done. */
static void use_all_ports(int fd) {
    const uint32_t all = UINT32_C(65535) << 16 | 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &all, sizeof all);
}

int net_open_socket(const struct address *source, const struct address *target, int flags) {
    int fd = socket(target->of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    int failed = setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    use_all_ports(fd);
    if (failed == 0 && source != NULL) {
        failed = setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (failed == 0)
            failed = bind(fd, &source->of.any, source->length);
    }
    if (failed == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

ssize_t net_receive_now(int fd, void *buffer, size_t size) {
    for (;;) {
        ssize_t got = recv(fd, buffer, size, MSG_DONTWAIT);
        if (got >= 0)
            return got;
        if (errno != EINTR)
            return -errno;
    }
}

/* A datagram socket takes no port that TCP may need. */
bool net_has_source(struct net *net, const struct address *target) {
    (void)net;
    int fd = socket(target->of.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    bool none = connect(fd, &target->of.any, target->length) != 0 && errno == EADDRNOTAVAIL;
    close(fd);
    return !none;
}

/* Of almost all connections the port alone says that they are not. */
bool net_connected_to_itself(struct net *net, int fd, const struct address *target) {
    (void)net;
    struct address own = {.length = sizeof own.of}, peer = {.length = sizeof peer.of};
    if (getsockname(fd, &own.of.any, &own.length) != 0)
        return false;
    if (address_port(&own) != address_port(target))
        return false;
    if (getpeername(fd, &peer.of.any, &peer.length) != 0)
        return false;
    return address_equal(&own, &peer);
}

size_t net_waiting(struct net *net, int fd) {
    (void)net;
    int bytes = 0;
    return ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? (size_t)bytes : 0;
}

void net_send_last(struct net *net, int fd, const void *bytes, size_t length) {
    (void)net;
    (void)!send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void net_shutdown(struct net *net, int fd) {
    (void)net;
    /* The system call: IORING_OP_SHUTDOWN is always punted to a kernel thread. ENOTCONN is what a
     * peer's RST leaves; its completion is on its way. */
    (void)shutdown(fd, SHUT_RDWR);
}

void net_reset(struct net *net, int fd) {
    (void)net;
    /* connect(2): "dissolve the association by connecting to an address with AF_UNSPEC"; TCP sends
     * RST and skips TIME_WAIT. */
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    (void)connect(fd, &none, sizeof none);
}

bool net_unacknowledged(struct net *net, int fd) {
    (void)net;
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
        return false;
    return info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0;
}
