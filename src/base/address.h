/* A socket address of IPv4 or IPv6, as one value. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct address {
    socklen_t length; /* 0: no address */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } of;
};

enum { ADDRESS_TEXT_MAX = 64 };
enum { ADDRESSES_MAX = 240 }; /* of a name: those beyond it are counted only */

/* From a sockaddr of AF_INET or AF_INET6; false for any other family. */
bool address_from(struct address *out, const struct sockaddr *from, socklen_t length);

/* A numeric host ("127.0.0.1", "::1", no brackets) and a port; false when host is not numeric. */
bool address_parse(struct address *out, const char *host, uint16_t port);

/* ADDR:PORT, both numeric, IPv6 in brackets; port 0 is one too. */
bool address_parse_endpoint(struct address *out, const char *text);

/* Where to listen: ADDR:PORT as above, or PORT, :PORT and localhost:PORT at 127.0.0.1, which no
 * other host reaches; *:PORT is 0.0.0.0:PORT. */
bool address_parse_listen(struct address *out, const char *text);

uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);
bool address_equal(const struct address *a, const struct address *b);
/* The same but for the port. */
bool address_same_host(const struct address *a, const struct address *b);
/* 0.0.0.0 or ::, from which and to which a connection takes some address of this host. */
bool address_is_any(const struct address *address);
bool address_is_loopback(const struct address *address);

/* "127.0.0.1:80" or "[::1]:80"; buffer of ADDRESS_TEXT_MAX. Returns buffer. */
char *address_format(const struct address *address, char *buffer, size_t size);

#endif
