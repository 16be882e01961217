/* Listeners, accepted connections and answers: plain system calls that do not block. */
#include "net/net_serve.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/body.h"

static int set_option(int fd, int level, int name) {
    int on = 1;
    return setsockopt(fd, level, name, &on, sizeof on);
}

static int bind_and_listen(int fd, struct address *address, bool shared) {
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR) != 0 ||
        set_option(fd, IPPROTO_TCP, TCP_NODELAY) != 0)
        return -errno;
    if (shared && set_option(fd, SOL_SOCKET, SO_REUSEPORT) != 0)
        return -errno;
    /* SOMAXCONN is cut to net.core.somaxconn. */
    if (bind(fd, &address->of.any, address->length) != 0 || listen(fd, 65535) != 0)
        return -errno;
    return getsockname(fd, &address->of.any, &address->length) == 0 ? 0 : -errno;
}

int net_listen(struct address *address, bool shared) {
    /* Non-blocking: between readiness and accept a connection may be gone (accept(2)). */
    int fd = socket(address->of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int error = bind_and_listen(fd, address, shared);
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

static int adopt(struct net *net, int fd) {
    int error = net->body->adopt(net, fd);
    if (error < 0)
        close(fd);
    return error < 0 ? error : fd;
}

int net_accept(struct net *net, int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            return adopt(net, fd);
        if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO)
            return -errno;
    }
}

ssize_t net_send_now(struct net *net, int fd, const struct iovec *pieces, int count) {
    (void)net;
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count};
    for (;;) {
        ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0)
            return sent;
        if (errno == EAGAIN)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

void net_finish(struct net *net, int fd) {
    (void)net;
    (void)shutdown(fd, SHUT_WR);
}
