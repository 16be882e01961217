/* The cipher suites of TLS 1.3 whose connections can be detached from their handshake. */
#ifndef WIRE_TLS_TLS_SUITE_H
#define WIRE_TLS_TLS_SUITE_H

#include <stdint.h>

enum { TLS_KEY_MAX = 32, TLS_IV_BYTES = 12, TLS_TAG_BYTES = 16, TLS_SECRET_MAX = 48 };

enum { TLS_SUITES = 3 };

struct tls_suite {
    uint16_t id;      /* 0x1301: SSL_CIPHER_get_protocol_id() */
    const char *name; /* "TLS_AES_128_GCM_SHA256" */
    uint8_t key_bytes;
    uint8_t secret_bytes; /* of its hash */
    const char *cipher;   /* as EVP_CIPHER_fetch() and EVP_MD_fetch() know them */
    const char *digest;
};

/* NULL when there is none of that id. */
const struct tls_suite *tls_suite_of(uint16_t id);

/* 0..TLS_SUITES - 1, AES-128-GCM first. */
const struct tls_suite *tls_suite_at(unsigned index);

#endif
