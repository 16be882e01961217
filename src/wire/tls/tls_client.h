/* TLS as a client speaks it, as one transport: a handshake by OpenSSL, of which a bounded number is
 * under way at once, then records that need none of it; TLS 1.2 keeps OpenSSL's object. */
#ifndef WIRE_TLS_TLS_CLIENT_H
#define WIRE_TLS_TLS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tls_peer.h"
#include "base/tls_resume.h"
#include "wire/transport.h"

struct tls_client;
struct tls_context;

/* Slot i is of address (first + i step) mod addresses: a ticket is shown to the address that gave
 * it. addresses 0: there is one. */
struct tls_route {
    uint32_t first, step, addresses;
};

struct tls_client_settings {
    struct tls_context *context; /* outlives the client */
    const char *name;            /* sent, and verified against; likewise */
    uint32_t handshakes_max;     /* at once */
    const char *cipher; /* "TLS_AES_128_GCM_SHA256": a connection of a larger one keeps OpenSSL's
                         * object; NULL: room for the largest */
    enum tls_resume resume;
    uint32_t slots;              /* places for connections, where sessions are resumed */
    struct tls_route route;      /* where these connect to */
    const struct tls_peer *seen; /* what an earlier handshake showed: certificates are compared with
                                  * its; NULL: with the first */
};

/* Of a process: a fork makes its own. NULL when there is no memory. */
struct tls_client *tls_client_create(const struct tls_client_settings *settings);
void tls_client_destroy(struct tls_client *client);

const struct transport *tls_client_transport(const struct tls_client *client);

/* What the latest handshake that was done showed; NULL: none was. */
const struct tls_peer *tls_client_peer(const struct tls_client *client);

/* Handshakes under way, and connections that keep OpenSSL's object. */
uint32_t tls_client_handshakes(const struct tls_client *client);
uint32_t tls_client_whole(const struct tls_client *client);
/* Connections that go on without it, while it waits for their tickets: no more than handshakes may
 * be under way. */
uint32_t tls_client_waiting(const struct tls_client *client);

#endif
