/* Socket addresses compared, read and written by value. */
#include "base/address.h"

#include <arpa/inet.h>
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

bool address_parse(struct address *out, const char *host, uint16_t port) {
    struct address read = {0};
    if (inet_pton(AF_INET, host, &read.of.v4.sin_addr) == 1) {
        read.length = sizeof read.of.v4;
        read.of.v4.sin_family = AF_INET;
        read.of.v4.sin_port = htons(port);
    } else if (inet_pton(AF_INET6, host, &read.of.v6.sin6_addr) == 1) {
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

uint16_t address_port(const struct address *address) {
    if (address->length == 0)
        return 0;
    return ntohs(address->of.any.sa_family == AF_INET6 ? address->of.v6.sin6_port
                                                       : address->of.v4.sin_port);
}

/* Field by field: padding and the flow label tell no two addresses apart. */
bool address_equal(const struct address *a, const struct address *b) {
    if (a->length == 0 || b->length == 0)
        return a->length == b->length;
    if (a->of.any.sa_family != b->of.any.sa_family || address_port(a) != address_port(b))
        return false;
    if (a->of.any.sa_family == AF_INET)
        return a->of.v4.sin_addr.s_addr == b->of.v4.sin_addr.s_addr;
    return memcmp(&a->of.v6.sin6_addr, &b->of.v6.sin6_addr, sizeof a->of.v6.sin6_addr) == 0 &&
           a->of.v6.sin6_scope_id == b->of.v6.sin6_scope_id;
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
