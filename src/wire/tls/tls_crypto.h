/* What OpenSSL computes for the record layer: HKDF-Expand-Label (RFC 8446 7.1) and the three AEADs,
 * each cipher fetched once and keyed anew for each record. */
#ifndef WIRE_TLS_TLS_CRYPTO_H
#define WIRE_TLS_TLS_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/tls/tls_suite.h"

struct tls_crypto;

/* NULL when there is no memory. A cipher that OpenSSL has not (in FIPS mode, ChaCha20) is missing.
 */
struct tls_crypto *tls_crypto_create(void);
void tls_crypto_destroy(struct tls_crypto *crypto);

bool tls_crypto_has(const struct tls_crypto *crypto, const struct tls_suite *suite);

/* HKDF-Expand-Label with an empty context; the secret is as long as the suite's hash. False when
 * there is no memory: out is unchanged. out may be the secret. */
bool tls_crypto_expand(const struct tls_crypto *crypto, const struct tls_suite *suite,
                       const unsigned char *secret, const char *label, unsigned char *out,
                       size_t length);

/* Of one record: keys of a direction, its number, and the header that is authenticated. */
struct tls_crypto_record {
    const struct tls_suite *suite;
    const unsigned char *key; /* suite->key_bytes */
    const unsigned char *iv;  /* TLS_IV_BYTES */
    uint64_t sequence;
    const unsigned char *header;
    size_t header_length;
};

/* Encrypts the bytes where they stand, and writes TLS_TAG_BYTES behind them. */
void tls_crypto_seal(const struct tls_crypto *crypto, const struct tls_crypto_record *record,
                     unsigned char *bytes, size_t length);

/* Decrypts the bytes where they stand, of which the tag follows. False when they are not what was
 * sealed: they are garbage then. */
bool tls_crypto_open(const struct tls_crypto *crypto, const struct tls_crypto_record *record,
                     unsigned char *bytes, size_t length);

#endif
