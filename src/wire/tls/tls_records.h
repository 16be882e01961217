/* TLS 1.3 (RFC 8446) once the handshake is done: a transport whose state of a connection is keys,
 * secrets and counters. Tickets are counted and skipped, key updates followed and answered. */
#ifndef WIRE_TLS_TLS_RECORDS_H
#define WIRE_TLS_TLS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/tls/tls_suite.h"
#include "wire/transport.h"

enum {
    TLS_RANDOM_BYTES = 32,
    TLS_RECORD_MAX = 5 + 16384 + 256, /* of a record as it is sent: RFC 8446 5.2 */
    TLS_PLAIN_MAX = 16384,            /* of the data in one record */
    TLS_KEY_UPDATES_MAX = 32          /* of the peer, without data between them */
};

/* Records that are sent under one key: a quarter of what is safe for AES-GCM (RFC 8446 5.5). */
#define TLS_REKEY_AFTER (UINT64_C(1) << 23)

/* What a handshake hands over. */
struct tls_secrets {
    const struct tls_suite *suite;
    bool serves;       /* this is the server's side */
    uint64_t received; /* records under the peer's secret that the handshake took */
    uint64_t sent;     /* records under ours that it sent: a server's tickets */
    unsigned char client[TLS_SECRET_MAX]; /* client_application_traffic_secret_0 */
    unsigned char server[TLS_SECRET_MAX];
    unsigned char random[TLS_RANDOM_BYTES]; /* ClientHello.random: names the lines of a key log */
};

/* Of all connections since it was created. */
struct tls_counts {
    uint64_t tickets;
    uint64_t key_updates_in;
    uint64_t key_updates_out;
};

struct tls_records_settings {
    const struct tls_suite *suite; /* connections of this or of a smaller one fit */
    uint64_t rekey_after;          /* 0: TLS_REKEY_AFTER */
    /* Takes "CLIENT_TRAFFIC_SECRET_1 RANDOM SECRET" (or SERVER_...), without a newline, for each
     * key that is updated; NULL: none is logged. The line is wiped afterwards. */
    void (*log)(void *owner, const char *line);
    void *log_owner;
};

/* Ciphers of a process (a fork has its own). NULL when there is no memory, or OpenSSL has not the
 * suite's cipher. */
struct tls_records *tls_records_create(const struct tls_records_settings *settings);
void tls_records_destroy(struct tls_records *records);

/* The transport over them, which lives as long. */
const struct transport *tls_records_transport(const struct tls_records *records);

/* Whether connections of that suite can be carried. */
bool tls_records_fit(const struct tls_records *records, const struct tls_suite *suite);

/* Begins a connection in its zero-filled state; its next bytes are fed to open(). False when there
 * is no memory: the state is unchanged. The suite must fit. */
bool tls_records_begin(struct tls_records *records, void *state, const struct tls_secrets *secrets);

const struct tls_counts *tls_records_counts(const struct tls_records *records);

/* Our own key is changed by a KeyUpdate in front of what is sealed next; it asks the peer to change
 * its own, or not. */
void tls_records_update(void *state, bool ask_peer);

#endif
