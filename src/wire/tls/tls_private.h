/* What the files of the client's handshake share of OpenSSL. */
#ifndef WIRE_TLS_TLS_PRIVATE_H
#define WIRE_TLS_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "wire/tls/tls_context.h"
#include "wire/tls/tls_key_log.h"

struct tls_context {
    SSL_CTX *ssl;
    bool insecure;
    struct tls_key_log key_log;
};

/* Callbacks of the context: their handshake is the application's data of the SSL. */
void tls_handshake_take_secret(const SSL *ssl, const char *line);
int tls_handshake_take_session(SSL *ssl, SSL_SESSION *session);
int tls_handshake_verify(int accepted, X509_STORE_CTX *store);

#endif
