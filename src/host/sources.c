/* Local addresses to connect from: which there are, and which of them lead to a target. */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "base/address_set.h"
#include "host/host.h"

bool host_kernel_is(const struct host *host, int major, int minor) {
    int is_major, is_minor;
    if (sscanf(host->kernel, "%d.%d", &is_major, &is_minor) != 2)
        return false;
    return is_major > major || (is_major == major && is_minor >= minor);
}

static struct address without_port(const struct address *address) {
    return address_range_of(address).low;
}

/* Whether there is a way from source (NULL: any) to target; and the end of it that is ours. */
static bool route(const struct address *source, const struct address *target, struct address *own) {
    int fd = socket(target->of.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    struct address local = {.length = sizeof local.of};
    bool there = (source == NULL || bind(fd, &source->of.any, source->length) == 0) &&
                 connect(fd, &target->of.any, target->length) == 0 &&
                 getsockname(fd, &local.of.any, &local.length) == 0;
    close(fd);
    if (there)
        *own = without_port(&local);
    return there;
}

bool host_source_towards(struct address *source, const struct address *target) {
    return route(NULL, target, source);
}

static bool is_link_local(const struct address *address) {
    return address->of.any.sa_family == AF_INET6 &&
           IN6_IS_ADDR_LINKLOCAL(&address->of.v6.sin6_addr);
}

static bool is_candidate(const struct ifaddrs *interface, const struct address *target,
                         struct address *address) {
    if (interface->ifa_addr == NULL || (interface->ifa_flags & IFF_UP) == 0 ||
        interface->ifa_addr->sa_family != target->of.any.sa_family)
        return false;
    socklen_t length = target->length; /* of one family: of one length */
    if (!address_from(address, interface->ifa_addr, length) || is_link_local(address))
        return false;
    return address_is_loopback(target) || !address_is_loopback(address);
}

size_t host_sources_towards(struct address *sources, size_t max, const struct address *target) {
    struct ifaddrs *interfaces = NULL;
    size_t count = 0;
    struct address address, own;
    if (max == 0 || !host_source_towards(&sources[0], target))
        return 0;
    count = 1;
    if (getifaddrs(&interfaces) != 0)
        return count;
    for (const struct ifaddrs *at = interfaces; at != NULL && count < max; at = at->ifa_next) {
        if (!is_candidate(at, target, &address) || address_equal(&address, &sources[0]))
            continue;
        address = without_port(&address);
        if (route(&address, target, &own))
            sources[count++] = address;
    }
    freeifaddrs(interfaces);
    return count;
}

/* Under net.ipv4.ip_nonlocal_bind=1 (and IPv6's own) bind(2) says yes to addresses of others, whose
 * connections would never be answered. */
static bool any_may_be_bound(int family) {
    char value = '0';
    int fd = open(family == AF_INET ? "/proc/sys/net/ipv4/ip_nonlocal_bind"
                                    : "/proc/sys/net/ipv6/ip_nonlocal_bind",
                  O_RDONLY | O_CLOEXEC);
    bool known = fd >= 0 && read(fd, &value, 1) == 1;
    if (fd >= 0)
        close(fd);
    return !known || value != '0';
}

int host_bind_error(const struct address *source) {
    int fd = socket(source->of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int on = 1, error = 0; /* without a port: none is taken for the moment */
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        bind(fd, &source->of.any, source->length) != 0)
        error = errno;
    else if (any_may_be_bound(source->of.any.sa_family) && !host_has_address(source))
        error = EADDRNOTAVAIL;
    close(fd);
    return error;
}
