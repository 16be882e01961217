/* The server's side of TLS 1.3: a transport whose handshakes are OpenSSL's over memory, and whose
 * connections are the record layer's from there on. */
#ifndef WIRE_TLS_TLS_SERVER_H
#define WIRE_TLS_TLS_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/refuse.h"
#include "wire/transport.h"

struct tls_server;

enum { TLS_SERVER_TICKETS_MAX = 10 };

struct tls_server_settings {
    const char *cert; /* PEM, a chain; NULL: one of our own, for loopback's names */
    const char *key;  /* PEM; NULL: in the file of the certificate */
    unsigned tickets; /* for each full handshake; 0: none */
};

/* Made once: processes that are forked then have the same certificate, and resume each other's
 * sessions. False, with one line that says what is wrong: nothing is made. */
bool tls_server_create(struct tls_server **out, const struct tls_server_settings *settings,
                       struct refuse_buffer to);
void tls_server_destroy(struct tls_server *server);

/* Lives as long. A handshake begins with the client's first byte; until then a connection costs
 * nothing but its zero-filled state. */
const struct transport *tls_server_transport(const struct tls_server *server);

#endif
