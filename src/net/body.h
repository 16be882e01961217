/* What a body of the door is made of: the functions that net.c calls through. */
#ifndef NET_BODY_H
#define NET_BODY_H

#include "net/net.h"

/* Each body's own struct begins with this one. */
struct net {
    const struct net_body *body;
};

/* As the functions of net.h and net_serve.h with these names. */
struct net_body {
    const char *name;
    int64_t locked_bytes_of_entry; /* at least: see net_needs() */
    struct net_object objects[NET_OBJECTS_MAX];
    int (*create)(struct net **out, const struct net_config *config);
    void (*destroy)(struct net *net);
    uint64_t (*overflows)(const struct net *net);
    int (*open)(struct net *net, const struct address *source, const struct address *target);
    int (*adopt)(struct net *net, int fd); /* an accepted connection: 0 or -errno */
    void (*connect)(struct net *net, int fd, const struct address *target, uint64_t tag);
    void (*send_shared)(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag);
    void (*send_owned)(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag);
    ssize_t (*receive)(struct net *net, int fd, void *buffer, size_t size);
    void (*arm)(struct net *net, int fd, uint64_t tag);
    void (*arm_output)(struct net *net, int fd, uint64_t tag);
    void (*close)(struct net *net, int fd);
    int (*wait)(struct net *net, instant until, uint32_t wanted);
    size_t (*ready)(const struct net *net); /* events that take() would give now */
    void (*gather)(struct net *net);
    size_t (*take)(struct net *net, struct net_event *events, size_t max);
};

extern const struct net_body net_body_uring, net_body_epoll;

/* net_open() for any body; flags beside SOCK_STREAM | SOCK_CLOEXEC: SOCK_NONBLOCK or 0. */
int net_open_socket(const struct address *source, const struct address *target, int flags);
/* net_receive(): recv(2) that does not wait. */
ssize_t net_receive_now(int fd, void *buffer, size_t size);

#endif
