/* An AEAD of OpenSSL, whose functions are called as EVP itself calls them (provider-cipher(7)): by
 * EVP each record costs more in asking for the lengths of key and iv than in the cipher. */
#ifndef WIRE_TLS_TLS_AEAD_H
#define WIRE_TLS_TLS_AEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/tls/tls_suite.h"

struct tls_aead;

/* Of the suite's cipher. False: there is no memory. *out is NULL then, and where OpenSSL has not
 * the cipher (in FIPS mode, ChaCha20). */
bool tls_aead_create(struct tls_aead **out, const struct tls_suite *suite);
/* The key of the latest record is wiped. */
void tls_aead_destroy(struct tls_aead *aead);

/* Of one record: its key, its nonce (TLS_IV_BYTES), and the header that is authenticated. */
struct tls_aead_record {
    const unsigned char *key, *nonce, *header;
    size_t header_length;
};

/* Encrypts the bytes, of one at least, where they stand; TLS_TAG_BYTES are written to tag. */
void tls_aead_seal(struct tls_aead *aead, const struct tls_aead_record *record,
                   unsigned char *bytes, size_t length, unsigned char *tag);

/* Decrypts the bytes, of one at least, where they stand. False when they, the header or the tag are
 * not what was sealed: the bytes are garbage then. */
bool tls_aead_open(struct tls_aead *aead, const struct tls_aead_record *record,
                   unsigned char *bytes, size_t length, unsigned char *tag);

#endif
