/* The table of cipher suites (RFC 8446 B.4). */
#include "wire/tls/tls_suite.h"

#include <stddef.h>

#include "base/require.h"

static const struct tls_suite suites[TLS_SUITES] = {
    {0x1301, "TLS_AES_128_GCM_SHA256", 16, 32, "AES-128-GCM", "SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384", 32, 48, "AES-256-GCM", "SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256", 32, 32, "ChaCha20-Poly1305", "SHA256"},
};

const struct tls_suite *tls_suite_of(uint16_t id) {
    for (unsigned i = 0; i < TLS_SUITES; i++)
        if (suites[i].id == id)
            return &suites[i];
    return NULL;
}

const struct tls_suite *tls_suite_at(unsigned index) {
    require(index < TLS_SUITES);
    return &suites[index];
}
