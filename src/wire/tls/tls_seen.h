/* Whether a server goes on to show the certificate that it showed first. */
#ifndef WIRE_TLS_TLS_SEEN_H
#define WIRE_TLS_TLS_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/tls_peer.h"

struct tls_handshake;

/* Zero-filled, or with the first as it is known. */
struct tls_seen {
    struct tls_peer first, other; /* other: the first that was another one */
    uint64_t others;              /* handshakes that showed another than the first */
    uint64_t first_again;         /* and that showed the first after such a one */
};

/* A full handshake is done. */
void tls_seen_note(struct tls_seen *seen, const struct tls_handshake *handshake);

/* NULL: there was none. */
static inline const struct tls_peer *tls_seen_other(const struct tls_seen *seen) {
    return seen->others > 0 ? &seen->other : NULL;
}

#endif
