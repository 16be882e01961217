/* Certificates, compared by their fingerprints. */
#include "wire/tls/tls_seen.h"

#include <stdbool.h>
#include <string.h>

#include "wire/tls/tls_handshake.h"

static bool is_known(const struct tls_peer *peer) {
    static const unsigned char none[TLS_FINGERPRINT_BYTES];
    return memcmp(peer->fingerprint, none, sizeof none) != 0;
}

void tls_seen_note(struct tls_seen *seen, const struct tls_handshake *handshake) {
    unsigned char shown[TLS_FINGERPRINT_BYTES];
    if (!tls_handshake_fingerprint(handshake, shown))
        return;
    if (!is_known(&seen->first)) {
        tls_handshake_describe(handshake, &seen->first);
    } else if (memcmp(shown, seen->first.fingerprint, sizeof shown) == 0) {
        seen->first_again += seen->others > 0;
    } else if (seen->others++ == 0) {
        tls_handshake_describe(handshake, &seen->other);
    }
}
