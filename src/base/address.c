/* Socket addresses compared, read and written by value. */
#include "base/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool address_from(struct address *out, const struct sockaddr *from, socklen_t length) {
    socklen_t whole;
    if (length < sizeof from->sa_family)
        return false;
    if (from->sa_family == AF_INET)
        whole = sizeof out->of.v4;
    else if (from->sa_family == AF_INET6)
        whole = sizeof out->of.v6;
    else
        return false;
    if (length < whole)
        return false;
    *out = (struct address){.length = whole};
    memcpy(&out->of, from, whole);
    return true;
}

/* IPv6 with or without a zone (RFC 4007 11): an interface of this host, by name or number. */
static bool parse_v6(struct sockaddr_in6 *out, const char *host) {
    char text[INET6_ADDRSTRLEN];
    size_t length = strcspn(host, "%");
    if (length >= sizeof text)
        return false;
    memcpy(text, host, length);
    text[length] = '\0';
    if (inet_pton(AF_INET6, text, &out->sin6_addr) != 1)
        return false;
    if (host[length] == '\0')
        return true;
    const char *zone = host + length + 1;
    char *end;
    out->sin6_scope_id = if_nametoindex(zone);
    if (out->sin6_scope_id == 0 && zone[0] >= '0' && zone[0] <= '9') {
        unsigned long number = strtoul(zone, &end, 10);
        out->sin6_scope_id = *end == '\0' && number <= UINT32_MAX ? (uint32_t)number : 0;
    }
    return out->sin6_scope_id != 0;
}

bool address_parse(struct address *out, const char *host, uint16_t port) {
    struct address read = {0};
    if (inet_pton(AF_INET, host, &read.of.v4.sin_addr) == 1) {
        read.length = sizeof read.of.v4;
        read.of.v4.sin_family = AF_INET;
        read.of.v4.sin_port = htons(port);
    } else if (parse_v6(&read.of.v6, host)) {
        read.length = sizeof read.of.v6;
        read.of.v6.sin6_family = AF_INET6;
        read.of.v6.sin6_port = htons(port);
    } else {
        return false;
    }
    *out = read;
    return true;
}

bool address_parse_endpoint(struct address *out, const char *text) {
    char host[64], *end;
    const char *colon = strrchr(text, ':');
    size_t length = colon != NULL ? (size_t)(colon - text) : 0;
    if (length == 0 || length >= sizeof host || colon[1] < '0' || colon[1] > '9')
        return false;
    bool bracketed = text[0] == '[' && text[length - 1] == ']';
    size_t skip = bracketed ? 1 : 0;
    snprintf(host, sizeof host, "%.*s", (int)(length - 2 * skip), text + skip);
    unsigned long port = strtoul(colon + 1, &end, 10);
    return *end == '\0' && port <= UINT16_MAX && address_parse(out, host, (uint16_t)port) &&
           bracketed == (out->of.any.sa_family == AF_INET6);
}

bool address_parse_listen(struct address *out, const char *text) {
    static const char *const hosts[][2] = {
        {"localhost:", "127.0.0.1"}, {"*:", "0.0.0.0"}, {":", "127.0.0.1"}, {"", "127.0.0.1"}};
    if (address_parse_endpoint(out, text))
        return true;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char *end;
        size_t length = strlen(hosts[i][0]);
        const char *digits = text + length;
        if (strncmp(text, hosts[i][0], length) != 0 || *digits < '0' || *digits > '9')
            continue;
        unsigned long port = strtoul(digits, &end, 10);
        return *end == '\0' && port <= UINT16_MAX &&
               address_parse(out, hosts[i][1], (uint16_t)port);
    }
    return false;
}

void address_set_port(struct address *address, uint16_t port) {
    if (address->of.any.sa_family == AF_INET6)
        address->of.v6.sin6_port = htons(port);
    else
        address->of.v4.sin_port = htons(port);
}

uint16_t address_port(const struct address *address) {
    if (address->length == 0)
        return 0;
    return ntohs(address->of.any.sa_family == AF_INET6 ? address->of.v6.sin6_port
                                                       : address->of.v4.sin_port);
}

bool address_equal(const struct address *a, const struct address *b) {
    return address_same_host(a, b) && address_port(a) == address_port(b);
}

/* Field by field: padding and the flow label distinguish no addresses. */
bool address_same_host(const struct address *a, const struct address *b) {
    if (a->length == 0 || b->length == 0)
        return a->length == b->length;
    if (a->of.any.sa_family != b->of.any.sa_family)
        return false;
    if (a->of.any.sa_family == AF_INET)
        return a->of.v4.sin_addr.s_addr == b->of.v4.sin_addr.s_addr;
    return memcmp(&a->of.v6.sin6_addr, &b->of.v6.sin6_addr, sizeof a->of.v6.sin6_addr) == 0 &&
           a->of.v6.sin6_scope_id == b->of.v6.sin6_scope_id;
}

bool address_is_any(const struct address *address) {
    if (address->length == 0)
        return false;
    if (address->of.any.sa_family == AF_INET)
        return address->of.v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return IN6_IS_ADDR_UNSPECIFIED(&address->of.v6.sin6_addr);
}

bool address_is_loopback(const struct address *address) {
    if (address->length == 0)
        return false;
    if (address->of.any.sa_family == AF_INET)
        return ntohl(address->of.v4.sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *v6 = &address->of.v6.sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

char *address_format(const struct address *address, char *buffer, size_t size) {
    char host[INET6_ADDRSTRLEN];
    if (address->length == 0) {
        snprintf(buffer, size, "-");
    } else if (address->of.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->of.v4.sin_addr, host, sizeof host);
        snprintf(buffer, size, "%s:%u", host, address_port(address));
    } else {
        inet_ntop(AF_INET6, &address->of.v6.sin6_addr, host, sizeof host);
        snprintf(buffer, size, "[%s]:%u", host, address_port(address));
    }
    return buffer;
}
