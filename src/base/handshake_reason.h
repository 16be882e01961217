/* Reasons why a TLS handshake failed: words that the handshake, the tally and the reports share. */
#ifndef BASE_HANDSHAKE_REASON_H
#define BASE_HANDSHAKE_REASON_H

enum handshake_reason {
#define HANDSHAKE_REASON(name, text) HANDSHAKE_REASON_##name,
#include "base/handshake_reasons.def"
#undef HANDSHAKE_REASON
    HANDSHAKE_REASON_COUNT
};

const char *handshake_reason_name(enum handshake_reason reason); /* "certificate_expired" */
const char *handshake_reason_text(enum handshake_reason reason); /* "the certificate has expired" */

#endif
