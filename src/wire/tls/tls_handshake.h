/* One TLS handshake of a client, by OpenSSL over memory: bytes in, bytes out; no descriptor. What
 * it ends in is keys for the record layer, or a connection that stays OpenSSL's. */
#ifndef WIRE_TLS_TLS_HANDSHAKE_H
#define WIRE_TLS_TLS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/handshake_reason.h"
#include "base/tls_peer.h"
#include "wire/tls/tls_records.h"
#include "wire/transport.h"

struct tls_context;
struct tls_handshake;
struct ssl_session_st; /* SSL_SESSION */

enum { TLS_EXPLAIN_MAX = 240 };

/* Messages that are counted. */
enum tls_note { TLS_NOTE_TICKET, TLS_NOTE_KEY_UPDATE_IN, TLS_NOTE_KEY_UPDATE_OUT, TLS_NOTES };

struct tls_handshake_parts {
    struct tls_context *context;
    const char *name;               /* sent (unless it is an address) and verified against */
    struct ssl_session_st *session; /* to be resumed; NULL: none */
    /* Takes each session that the server gives: TLS 1.2 with the handshake, TLS 1.3 behind it.
     * NULL: they are not wanted. */
    void (*keep)(void *owner, struct ssl_session_st *session);
    /* A NewSessionTicket came, in whatever version, or a KeyUpdate came or went. NULL: nobody
     * counts. */
    void (*note)(void *owner, enum tls_note note);
    void *owner;
};

/* Begins one: what is to be sent is there at once. NULL when there is no memory. */
struct tls_handshake *tls_handshake_begin(const struct tls_handshake_parts *parts);
void tls_handshake_free(struct tls_handshake *handshake);

enum tls_handshake_state { TLS_HANDSHAKE_MORE, TLS_HANDSHAKE_DONE, TLS_HANDSHAKE_FAILED };

/* Takes bytes, to the end of a record at most, so that none of what follows the handshake is taken;
 * *taken: how many, of one at least. */
enum tls_handshake_state tls_handshake_feed(struct tls_handshake *handshake, const char *bytes,
                                            size_t length, size_t *taken);

/* Takes what is to be sent: how long it is; 0: nothing is. */
size_t tls_handshake_take(struct tls_handshake *handshake, char *out, size_t room);
bool tls_handshake_owes(const struct tls_handshake *handshake);

/* That it would resume, before anything came; NULL: none. It stays the handshake's. */
struct ssl_session_st *tls_handshake_session(const struct tls_handshake *handshake);

/* Of one that failed. */
enum handshake_reason tls_handshake_failure(const struct tls_handshake *handshake);
uint8_t tls_handshake_alert(const struct tls_handshake *handshake); /* the peer's; 0: none */
const char *tls_handshake_explain(const struct tls_handshake *handshake);

/* ---- Of one that is done ---- */

bool tls_handshake_resumed(const struct tls_handshake *handshake);
void tls_handshake_describe(const struct tls_handshake *handshake, struct tls_peer *out);
/* Of the server's certificate; false: none was shown, as when a session is resumed. */
bool tls_handshake_fingerprint(const struct tls_handshake *handshake,
                               unsigned char out[static TLS_FINGERPRINT_BYTES]);

/* What the record layer goes on with; NULL: what was agreed cannot be detached (TLS 1.2, or a suite
 * that it does not know). */
const struct tls_secrets *tls_handshake_secrets(const struct tls_handshake *handshake);

/* The connection has left: of what comes to it OpenSSL is shown a copy, one record at most at a
 * time, so that it finds the tickets. (Their secret never leaves it.) */
void tls_handshake_overhear(struct tls_handshake *handshake, const char *bytes, size_t length,
                            char *plain, size_t room);

/* The connection stays here: as struct transport's open(), one record at most at a time; room: of
 * plain, 16 KiB at least. */
void tls_handshake_open(struct tls_handshake *handshake, const char *bytes, size_t length,
                        char *plain, size_t room, struct transport_fact *fact);
size_t tls_handshake_seal(struct tls_handshake *handshake, const void *bytes, size_t length,
                          char *out, size_t room);
size_t tls_handshake_end(struct tls_handshake *handshake, char *out, size_t room);

#endif
