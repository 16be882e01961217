/* A connection's state says what it is at: its handshake, records, or OpenSSL's object for good. */
#include "wire/tls/tls_client.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"
#include "wire/tls/tls_context.h"
#include "wire/tls/tls_handshake.h"
#include "wire/tls/tls_key_log.h"
#include "wire/tls/tls_records.h"

enum {
    END_BYTES = 256,      /* an alert under any cipher of TLS 1.2 */
    WHOLE_OVERHEAD = 128, /* of a record under any cipher of TLS 1.2 */
    OWED_ROOM = 1024,     /* of a handshake that goes out at once */
    TRIM_AFTER = 64       /* handshakes that were given back */
};

enum tls_stage { STAGE_NONE, STAGE_HANDSHAKE, STAGE_RECORDS, STAGE_WHOLE };

/* Of a connection; the state of its records follows. */
struct tls_place {
    struct tls_handshake *handshake; /* behind its end until all that it owes was taken */
    uint8_t stage;
    _Alignas(8) char records[];
};

struct tls_client {
    struct tls_client_settings settings;
    struct transport transport;
    struct tls_records *records;
    const struct transport *inner; /* of the records */
    uint32_t handshakes, whole, given_back;
    bool any;
    struct tls_peer peer;
    char explained[TLS_EXPLAIN_MAX];
    char plain[TLS_PLAIN_MAX];
};

/* ---- The pool ---- */

static bool has_room(const void *shared) {
    const struct tls_client *client = shared;
    return client->handshakes < client->settings.handshakes_max;
}

static bool begin(void *shared, void *state) {
    struct tls_client *client = shared;
    struct tls_place *place = state;
    place->handshake = tls_handshake_begin(client->settings.context, client->settings.name);
    if (place->handshake == NULL)
        return false;
    place->stage = STAGE_HANDSHAKE;
    client->handshakes++;
    return true;
}

/* A ramp leaves tens of megabytes behind, which go back to the kernel when it is over. */
static void give_back(struct tls_client *client, struct tls_place *place) {
    if (place->handshake == NULL)
        return;
    tls_handshake_free(place->handshake);
    place->handshake = NULL;
    if (place->stage == STAGE_WHOLE)
        client->whole--;
    else
        client->handshakes--;
    client->given_back++;
    if (client->handshakes == 0 && client->given_back >= TRIM_AFTER) {
        malloc_trim(0);
        client->given_back = 0;
    }
}

static void release(void *shared, void *state) {
    struct tls_place *place = state;
    give_back(shared, place);
    OPENSSL_cleanse(place, ((struct tls_client *)shared)->transport.state_bytes);
}

/* ---- The end of a handshake ---- */

/* What fits is detached. */
static bool detach(struct tls_client *client, struct tls_place *place) {
    const struct tls_secrets *secrets = tls_handshake_secrets(place->handshake);
    return secrets != NULL && tls_records_fit(client->records, secrets->suite) &&
           tls_records_begin(client->records, place->records, secrets);
}

static void handshake_done(struct tls_client *client, struct tls_place *place,
                           struct transport_fact *fact) {
    fact->kind = TRANSPORT_UP;
    fact->resumed = tls_handshake_resumed(place->handshake);
    if (!client->any)
        tls_handshake_describe(place->handshake, &client->peer);
    client->any = true;
    if (detach(client, place)) {
        place->stage = STAGE_RECORDS;
        return;
    }
    place->stage = STAGE_WHOLE;
    client->handshakes--;
    client->whole++;
    client->peer.detached = false;
}

static void open_handshake(struct tls_client *client, struct tls_place *place, const char *bytes,
                           size_t length, struct transport_fact *fact) {
    *fact = (struct transport_fact){.kind = TRANSPORT_CONTROL};
    switch (tls_handshake_feed(place->handshake, bytes, length, &fact->taken)) {
    case TLS_HANDSHAKE_MORE: break;
    case TLS_HANDSHAKE_DONE: handshake_done(client, place, fact); break;
    case TLS_HANDSHAKE_FAILED:
        fact->kind = TRANSPORT_FAILED;
        fact->failure = tls_handshake_failure(place->handshake);
        fact->alert = tls_handshake_alert(place->handshake);
        memcpy(client->explained, tls_handshake_explain(place->handshake),
               sizeof client->explained);
    }
}

/* ---- The transport ---- */

static void open_bytes(struct transport_conn *conn, char *bytes, size_t length,
                       struct transport_fact *fact) {
    struct tls_client *client = conn->shared;
    struct tls_place *place = conn->state;
    if (place->stage == STAGE_HANDSHAKE) {
        open_handshake(client, place, bytes, length, fact);
    } else if (place->stage == STAGE_WHOLE) {
        tls_handshake_open(place->handshake, bytes, length, client->plain, sizeof client->plain,
                           fact);
    } else {
        struct transport_conn inner = {.shared = client->records,
                                       .state = place->records,
                                       .fragment = conn->fragment,
                                       .cut = conn->cut};
        client->inner->open(&inner, bytes, length, fact);
        conn->cut = inner.cut;
    }
}

static size_t sealed_bytes(size_t length) {
    return length + (length / TLS_PLAIN_MAX + 1) * WHOLE_OVERHEAD + OWED_ROOM;
}

static size_t seal(void *shared, void *state, const void *bytes, size_t length, char *out) {
    struct tls_client *client = shared;
    struct tls_place *place = state;
    if (place->stage == STAGE_WHOLE)
        return tls_handshake_seal(place->handshake, bytes, length, out, sealed_bytes(length));
    require(place->stage == STAGE_RECORDS && place->handshake == NULL);
    return client->inner->seal(client->records, place->records, bytes, length, out);
}

/* Of a handshake that failed: the alert that OpenSSL wrote. */
static size_t end(void *shared, void *state, uint8_t alert, char *out) {
    struct tls_client *client = shared;
    struct tls_place *place = state;
    if (place->handshake != NULL)
        return tls_handshake_end(place->handshake, out, END_BYTES);
    if (place->stage != STAGE_RECORDS)
        return 0;
    return client->inner->end(client->records, place->records, alert, out);
}

static size_t take_owed(void *shared, void *state, char *out, size_t room) {
    struct tls_place *place = state;
    if (place->handshake == NULL)
        return 0;
    size_t length = tls_handshake_take(place->handshake, out, room);
    if (place->stage == STAGE_RECORDS && !tls_handshake_owes(place->handshake))
        give_back(shared, place);
    return length;
}

static void count(const void *shared, struct transport_counts *out) {
    const struct tls_client *client = shared;
    const struct tls_counts *counts = tls_records_counts(client->records);
    *out = (struct transport_counts){.tickets = counts->tickets,
                                     .key_updates_in = counts->key_updates_in,
                                     .key_updates_out = counts->key_updates_out};
}

static const char *explain(const void *shared) {
    return ((const struct tls_client *)shared)->explained;
}

/* ---- A process's own ---- */

static void log_update(void *owner, const char *line) {
    tls_key_log_write(tls_context_key_log(owner), line);
}

/* AES-256's state is the largest. */
static const struct tls_suite *suite_of(const char *cipher) {
    const struct tls_suite *largest = tls_suite_of(0x1302);
    for (unsigned i = 0; cipher != NULL && i < TLS_SUITES; i++)
        if (strcmp(tls_suite_at(i)->name, cipher) == 0)
            return tls_suite_at(i);
    return largest;
}

static bool make_records(struct tls_client *client) {
    struct tls_context *context = client->settings.context;
    struct tls_records_settings settings = {.suite = suite_of(client->settings.cipher),
                                            .log = tls_context_key_log(context) != NULL ? log_update
                                                                                        : NULL,
                                            .log_owner = context};
    client->records = tls_records_create(&settings);
    if (client->records == NULL)
        return false;
    client->inner = tls_records_transport(client->records);
    client->transport = (struct transport){
        .name = "TLS",
        .shared = client,
        .state_bytes = sizeof(struct tls_place) + client->inner->state_bytes,
        .fragment_bytes = client->inner->fragment_bytes,
        .end_bytes = END_BYTES,
        .sealed_bytes = sealed_bytes,
        .open = open_bytes,
        .seal = seal,
        .end = end,
        .has_room = has_room,
        .begin = begin,
        .take_owed = take_owed,
        .release = release,
        .count = count,
        .explain = explain,
    };
    return true;
}

struct tls_client *tls_client_create(const struct tls_client_settings *settings) {
    struct tls_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->settings = *settings;
    if (make_records(client))
        return client;
    free(client);
    return NULL;
}

void tls_client_destroy(struct tls_client *client) {
    if (client != NULL)
        tls_records_destroy(client->records);
    free(client);
}

const struct transport *tls_client_transport(const struct tls_client *client) {
    return &client->transport;
}

const struct tls_peer *tls_client_peer(const struct tls_client *client) {
    return client->any ? &client->peer : NULL;
}

uint32_t tls_client_handshakes(const struct tls_client *client) {
    return client->handshakes;
}

uint32_t tls_client_whole(const struct tls_client *client) {
    return client->whole;
}
