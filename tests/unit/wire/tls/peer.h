/* The other end of a detached connection, which may seal what no one should. */
#ifndef TESTS_TLS_PEER_H
#define TESTS_TLS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"
#include "wire/tls/tls_crypto.h"
#include "wire/tls/tls_records.h"

enum { PEER_ALERT = 21, PEER_HANDSHAKE = 22, PEER_DATA = 23 };

/* What it sends is appended to a stream. */
struct peer {
    const struct tls_crypto *crypto;
    const struct tls_suite *suite;
    unsigned char secret[TLS_SECRET_MAX], key[TLS_KEY_MAX], iv[TLS_IV_BYTES];
    uint64_t sequence;
    unsigned char *bytes;
    size_t length, room;
};

/* Secrets of a test: any will do. */
static inline struct tls_secrets peer_secrets(const struct tls_suite *suite, bool serves) {
    struct tls_secrets secrets = {.suite = suite, .serves = serves};
    for (unsigned i = 0; i < TLS_SECRET_MAX; i++) {
        secrets.client[i] = (unsigned char)(i * 7 + 1);
        secrets.server[i] = (unsigned char)(i * 5 + 3);
    }
    for (unsigned i = 0; i < TLS_RANDOM_BYTES; i++)
        secrets.random[i] = (unsigned char)(0xa0 + i);
    return secrets;
}

static inline void peer_key(struct peer *peer) {
    require(tls_crypto_expand(peer->crypto, peer->suite, peer->secret, "key", peer->key,
                              peer->suite->key_bytes));
    require(
        tls_crypto_expand(peer->crypto, peer->suite, peer->secret, "iv", peer->iv, TLS_IV_BYTES));
    peer->sequence = 0;
}

/* The one that sends under the secret. */
static inline struct peer peer_of(const struct tls_crypto *crypto, const struct tls_suite *suite,
                                  const unsigned char *secret) {
    struct peer peer = {.crypto = crypto, .suite = suite};
    memcpy(peer.secret, secret, suite->secret_bytes);
    peer_key(&peer);
    return peer;
}

static inline void peer_add(struct peer *peer, const void *bytes, size_t length) {
    if (peer->length + length > peer->room) {
        peer->room = 2 * (peer->length + length);
        peer->bytes = realloc(peer->bytes, peer->room);
        require(peer->bytes != NULL);
    }
    if (length > 0)
        memcpy(peer->bytes + peer->length, bytes, length);
    peer->length += length;
}

/* A record of whatever stands inside: content, type and padding. */
static inline void peer_inner(struct peer *peer, const void *inner, size_t length) {
    size_t outer = length + TLS_TAG_BYTES;
    unsigned char header[] = {PEER_DATA, 3, 3, (unsigned char)(outer >> 8), (unsigned char)outer};
    unsigned char *sealed = malloc(outer);
    require(sealed != NULL);
    if (length > 0)
        memcpy(sealed, inner, length);
    struct tls_crypto_record record = {peer->suite,      peer->key, peer->iv,
                                       peer->sequence++, header,    sizeof header};
    tls_crypto_seal(peer->crypto, &record, sealed, length);
    peer_add(peer, header, sizeof header);
    peer_add(peer, sealed, outer);
    free(sealed);
}

static inline void peer_padded(struct peer *peer, unsigned char type, const void *bytes,
                               size_t length, size_t padding) {
    unsigned char *inner = calloc(1, length + 1 + padding);
    require(inner != NULL);
    if (length > 0)
        memcpy(inner, bytes, length);
    inner[length] = type;
    peer_inner(peer, inner, length + 1 + padding);
    free(inner);
}

static inline void peer_record(struct peer *peer, unsigned char type, const void *bytes,
                               size_t length) {
    peer_padded(peer, type, bytes, length, 0);
}

static inline void peer_data(struct peer *peer, const char *text) {
    peer_record(peer, PEER_DATA, text, strlen(text));
}

static inline void peer_alert(struct peer *peer, unsigned char level, unsigned char number) {
    peer_record(peer, PEER_ALERT, (unsigned char[]){level, number}, 2);
}

/* The next secret, as after a KeyUpdate. */
static inline void peer_update_key(struct peer *peer) {
    require(tls_crypto_expand(peer->crypto, peer->suite, peer->secret, "traffic upd", peer->secret,
                              peer->suite->secret_bytes));
    peer_key(peer);
}

static inline void peer_key_update(struct peer *peer, bool asks) {
    peer_record(peer, PEER_HANDSHAKE, (unsigned char[]){24, 0, 0, 1, asks}, 5);
    peer_update_key(peer);
}

/* A NewSessionTicket whose body has so many bytes, 14 at least; returns it whole, the caller frees.
 */
static inline unsigned char *peer_ticket(size_t body) {
    unsigned char *message = calloc(1, 4 + body);
    require(message != NULL && body >= 14 && body < 1 << 24);
    memset(message + 4, 0xee, body);
    message[0] = 4;
    for (int i = 0; i < 3; i++)
        message[1 + i] = (unsigned char)(body >> (16 - 8 * i));
    return message;
}

#endif
