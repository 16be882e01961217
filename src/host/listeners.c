/* Which listeners of this host a connect reaches, as sock_diag(7) lists them. */
#include "host/listeners.h"

#include <linux/inet_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/listen_queue.h"

void listener_search_init(struct listener_search *search, const struct address *target) {
    *search = (struct listener_search){.target = *target};
    struct address *connected = &search->target;
    if (connected->of.any.sa_family == AF_INET &&
        connected->of.v4.sin_addr.s_addr == htonl(INADDR_ANY))
        connected->of.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (connected->of.any.sa_family == AF_INET6 &&
             IN6_IS_ADDR_UNSPECIFIED(&connected->of.v6.sin6_addr))
        connected->of.v6.sin6_addr = in6addr_loopback;
}

/* A v6 listener takes v4 connections as mapped addresses (RFC 4291, 2.5.5.2). */
static enum listener_fit fit_v4(in_addr_t wanted, int family, const uint32_t source[4]) {
    bool v4 = family == AF_INET;
    struct in6_addr ip;
    memcpy(&ip, source, sizeof ip);
    if (v4 && source[0] == wanted)
        return LISTENER_EXACT;
    if (v4)
        return source[0] == htonl(INADDR_ANY) ? LISTENER_ANY : LISTENER_NONE;
    if (IN6_IS_ADDR_V4MAPPED(&ip))
        return source[3] == wanted ? LISTENER_EXACT : LISTENER_NONE;
    return IN6_IS_ADDR_UNSPECIFIED(&ip) ? LISTENER_ANY_OF_V6 : LISTENER_NONE;
}

static enum listener_fit fit(const struct address *target, const struct inet_diag_msg *message) {
    const uint32_t *source = message->id.idiag_src;
    if (message->idiag_state != SOCK_DIAG_LISTEN ||
        ntohs(message->id.idiag_sport) != address_port(target))
        return LISTENER_NONE;
    if (target->of.any.sa_family == AF_INET)
        return fit_v4(target->of.v4.sin_addr.s_addr, message->idiag_family, source);
    struct in6_addr ip;
    memcpy(&ip, source, sizeof ip);
    if (message->idiag_family != AF_INET6)
        return LISTENER_NONE;
    if (memcmp(&ip, &target->of.v6.sin6_addr, sizeof ip) == 0)
        return LISTENER_EXACT;
    return IN6_IS_ADDR_UNSPECIFIED(&ip) ? LISTENER_ANY : LISTENER_NONE;
}

/* Of a listener, wqueue is the length of its accept queue and rqueue what waits in it. */
void listener_search_take(void *with, const struct inet_diag_msg *message) {
    struct listener_search *search = with;
    enum listener_fit fits = fit(&search->target, message);
    if (fits == LISTENER_NONE || fits < search->best)
        return;
    if (fits > search->best)
        search->found = (struct host_listeners){0};
    search->best = fits;
    search->found.count++;
    if (search->found.inode_count < HOST_LISTENER_INODES_MAX)
        search->found.inodes[search->found.inode_count++] = message->idiag_inode;
    search->found.backlog += message->idiag_wqueue;
    search->found.queued += message->idiag_rqueue;
}

bool host_listeners_read(struct host_listeners *listeners, const struct address *target) {
    struct listener_search search;
    listener_search_init(&search, target);
    int fd = sock_diag_open(0);
    bool known = listen_queue_walk(fd, listener_search_take, &search);
    if (fd >= 0)
        close(fd);
    *listeners = search.found;
    return known;
}
