/* What a TLS handshake showed of the server: shared by the handshake, the preflight and the
 * reports.
 */
#ifndef BASE_TLS_PEER_H
#define BASE_TLS_PEER_H

#include <stdbool.h>
#include <stdint.h>

enum { TLS_FINGERPRINT_BYTES = 32 }; /* SHA-256 */

/* "" and 0 where it showed nothing; version "": there was no handshake. */
struct tls_peer {
    char version[16]; /* "TLSv1.3" */
    char cipher[48];
    char group[32];
    char alpn[16];
    char subject[128];
    char issuer[128];
    char names[160];     /* that the certificate bears, with commas between them */
    char key[32];        /* "EC 256" */
    char unverified[96]; /* why it was not accepted, where any certificate is (--insecure) */
    bool verified;
    bool detached;     /* the connection needs no object of OpenSSL any more */
    int64_t not_after; /* seconds since 1970; 0: not known */
    unsigned char fingerprint[TLS_FINGERPRINT_BYTES]; /* of the certificate; all 0: not known */
};

#endif
