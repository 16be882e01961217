/* A connection's state says what it is at: its handshake, records, or OpenSSL's object for good. */
#include "wire/tls/tls_client.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/heap.h"
#include "base/require.h"
#include "wire/tls/tls_context.h"
#include "wire/tls/tls_handshake.h"
#include "wire/tls/tls_records.h"
#include "wire/tls/tls_seen.h"
#include "wire/tls/tls_tickets.h"

enum {
    END_BYTES = 256,      /* an alert under any cipher of TLS 1.2 */
    WHOLE_OVERHEAD = 128, /* of a record under any cipher of TLS 1.2 */
    OWED_ROOM = 1024,     /* of a handshake that goes out at once */
    TRIM_AFTER = 64       /* handshakes that were given back */
};

enum tls_stage {
    STAGE_NONE,
    STAGE_HANDSHAKE,
    STAGE_FLUSH, /* done, and not sent whole */
    STAGE_RECORDS,
    STAGE_WHOLE
};

/* As many as most servers give a connection; further ones are counted, and not kept. */
enum { TICKETS_EACH = 2 };

/* OpenSSL's object of a connection: while it shakes hands; then, where tickets are wanted, until
 * they have come; or for good. */
struct tls_attempt {
    struct tls_handshake *handshake;
    struct tls_client *client;
    struct tls_place *place;
    struct tls_attempt *older, *newer; /* of those that wait for tickets */
    struct tls_ticket_id ticket;       /* that was shown */
    uint32_t slot;
    uint8_t stage;   /* of the connection */
    uint8_t tickets; /* that came */
    bool asked;      /* to resume */
    bool begun;      /* something was sent */
};

/* Of a connection; the state of its records follows. */
struct tls_place {
    struct tls_attempt *attempt; /* NULL: none was begun; the client's own: OpenSSL has no part */
    _Alignas(8) char records[];
};

static_assert(sizeof(struct tls_place) <= 8, "an open connection has no more beside its records");

struct tls_client {
    struct tls_client_settings settings;
    struct transport transport;
    struct tls_records *records;
    const struct transport *inner; /* of the records */
    struct tls_tickets **tickets;  /* of each pool; NULL: nothing is resumed */
    uint32_t pools;                /* one, or of connections that share tickets one an address */
    struct tls_attempt detached;   /* of all connections whose OpenSSL's object is given back */
    struct tls_attempt *oldest, *newest; /* that wait for tickets */
    uint32_t handshakes, waiting, whole, given_back;
    uint64_t refused;
    uint64_t noted[TLS_NOTES]; /* of connections of OpenSSL's */
    struct tls_seen seen;
    bool any;
    struct tls_peer peer;
    char explained[TLS_EXPLAIN_MAX];
    char plain[TLS_PLAIN_MAX];
};

static enum tls_stage stage_of(const struct tls_place *place) {
    return place->attempt != NULL ? (enum tls_stage)place->attempt->stage : STAGE_NONE;
}

static bool has_object(const struct tls_client *client, const struct tls_place *place) {
    return place->attempt != NULL && place->attempt != &client->detached;
}

/* ---- The pool ---- */

static bool has_room(const void *shared) {
    const struct tls_client *client = shared;
    return client->handshakes < client->settings.handshakes_max;
}

static void join_waiting(struct tls_client *client, struct tls_attempt *attempt) {
    attempt->older = client->newest;
    *(client->newest != NULL ? &client->newest->newer : &client->oldest) = attempt;
    client->newest = attempt;
    client->waiting++;
}

static void leave_waiting(struct tls_client *client, struct tls_attempt *attempt) {
    *(attempt->older != NULL ? &attempt->older->newer : &client->oldest) = attempt->newer;
    *(attempt->newer != NULL ? &attempt->newer->older : &client->newest) = attempt->older;
    client->waiting--;
}

/* A ramp leaves tens of megabytes behind, which go back to the kernel when it is over. */
static void trim(struct tls_client *client) {
    client->given_back++;
    if (client->handshakes > 0 || client->given_back < TRIM_AFTER)
        return;
    heap_trim();
    client->given_back = 0;
}

static struct tls_tickets *tickets_of(const struct tls_client *client, uint32_t slot) {
    const struct tls_route *route = &client->settings.route;
    uint64_t order = route->first + (uint64_t)slot * route->step;
    return client->tickets[order % client->pools];
}

/* Gives OpenSSL's object back; the connection may go on without it. */
static void give_back(struct tls_client *client, struct tls_place *place) {
    struct tls_attempt *attempt = place->attempt;
    if (!has_object(client, place))
        return;
    if (attempt->stage == STAGE_RECORDS)
        leave_waiting(client, attempt);
    else if (attempt->stage == STAGE_WHOLE)
        client->whole--;
    else
        client->handshakes--;
    tls_handshake_free(attempt->handshake);
    free(attempt);
    place->attempt = &client->detached;
    trim(client);
}

static void keep_session(void *owner, SSL_SESSION *session) {
    struct tls_attempt *attempt = owner;
    if (attempt->tickets == TICKETS_EACH)
        return;
    attempt->tickets++;
    tls_tickets_keep(tickets_of(attempt->client, attempt->slot), attempt->slot, session);
}

/* Of those that it overhears the records count them. */
static void count_note(void *owner, enum tls_note note) {
    const struct tls_attempt *attempt = owner;
    attempt->client->noted[note] += attempt->stage != STAGE_RECORDS;
}

static struct tls_handshake *begin_handshake(struct tls_client *client,
                                             struct tls_attempt *attempt) {
    SSL_SESSION *session = NULL;
    if (client->tickets != NULL)
        session = tls_tickets_take(tickets_of(client, attempt->slot), attempt->slot,
                                   (int64_t)time(NULL), &attempt->ticket);
    attempt->asked = session != NULL;
    struct tls_handshake *handshake = tls_handshake_begin(
        &(struct tls_handshake_parts){.context = client->settings.context,
                                      .name = client->settings.name,
                                      .session = session,
                                      .keep = client->tickets != NULL ? keep_session : NULL,
                                      .note = count_note,
                                      .owner = attempt});
    SSL_SESSION_free(session);
    return handshake;
}

static bool begin(void *shared, void *state, uint32_t slot) {
    struct tls_client *client = shared;
    struct tls_place *place = state;
    struct tls_attempt *attempt = calloc(1, sizeof *attempt);
    if (attempt == NULL)
        return false;
    *attempt = (struct tls_attempt){
        .client = client, .place = place, .slot = slot, .stage = STAGE_HANDSHAKE};
    attempt->handshake = begin_handshake(client, attempt);
    if (attempt->handshake == NULL) {
        free(attempt);
        return false;
    }
    place->attempt = attempt;
    client->handshakes++;
    return true;
}

/* A ticket of which the server saw nothing is as good as before. */
static void put_ticket_back(struct tls_client *client, const struct tls_attempt *attempt) {
    if (attempt == NULL || !attempt->asked || attempt->begun || attempt->ticket.serial != 0)
        return;
    tls_tickets_keep(tickets_of(client, attempt->slot), attempt->slot,
                     tls_handshake_session(attempt->handshake));
}

static void release(void *shared, void *state) {
    struct tls_place *place = state;
    put_ticket_back(shared, place->attempt);
    give_back(shared, place);
    OPENSSL_cleanse(place, ((struct tls_client *)shared)->transport.state_bytes);
}

/* ---- The end of a handshake ---- */

/* What fits is detached. */
static bool detach(struct tls_client *client, struct tls_place *place) {
    const struct tls_secrets *secrets = tls_handshake_secrets(place->attempt->handshake);
    return secrets != NULL && tls_records_fit(client->records, secrets->suite) &&
           tls_records_begin(client->records, place->records, secrets);
}

static void drop_ticket(struct tls_client *client, const struct tls_attempt *attempt) {
    if (attempt->asked)
        tls_tickets_drop(tickets_of(client, attempt->slot), &attempt->ticket);
}

static void note_handshake(struct tls_client *client, const struct tls_attempt *attempt,
                           bool resumed) {
    if (!client->any)
        tls_handshake_describe(attempt->handshake, &client->peer);
    client->any = true;
    drop_ticket(client, attempt); /* what TLS 1.2 resumed was kept anew */
    if (resumed)
        return;
    tls_seen_note(&client->seen, attempt->handshake);
    client->refused += attempt->asked;
}

static void handshake_done(struct tls_client *client, struct tls_place *place,
                           struct transport_fact *fact) {
    fact->kind = TRANSPORT_UP;
    fact->resumed = tls_handshake_resumed(place->attempt->handshake);
    note_handshake(client, place->attempt, fact->resumed);
    if (detach(client, place)) {
        place->attempt->stage = STAGE_FLUSH;
        return;
    }
    place->attempt->stage = STAGE_WHOLE;
    client->handshakes--;
    client->whole++;
    client->peer.detached = false;
}

static void handshake_failed(struct tls_client *client, const struct tls_attempt *attempt,
                             struct transport_fact *fact) {
    fact->kind = TRANSPORT_FAILED;
    fact->failure = tls_handshake_failure(attempt->handshake);
    fact->alert = tls_handshake_alert(attempt->handshake);
    memcpy(client->explained, tls_handshake_explain(attempt->handshake), sizeof client->explained);
    drop_ticket(client, attempt);
}

static void open_handshake(struct tls_client *client, struct tls_place *place, const char *bytes,
                           size_t length, struct transport_fact *fact) {
    *fact = (struct transport_fact){.kind = TRANSPORT_CONTROL};
    switch (tls_handshake_feed(place->attempt->handshake, bytes, length, &fact->taken)) {
    case TLS_HANDSHAKE_MORE: break;
    case TLS_HANDSHAKE_DONE: handshake_done(client, place, fact); break;
    case TLS_HANDSHAKE_FAILED: handshake_failed(client, place->attempt, fact);
    }
}

/* All of the handshake is sent: its object stays only for tickets. As many wait as may shake hands,
 * and the oldest gives way. */
static void flushed(struct tls_client *client, struct tls_place *place) {
    if (client->tickets == NULL || place->attempt->tickets == TICKETS_EACH) {
        give_back(client, place);
        return;
    }
    place->attempt->stage = STAGE_RECORDS;
    client->handshakes--;
    if (client->waiting == client->settings.handshakes_max)
        give_back(client, client->oldest->place);
    join_waiting(client, place->attempt);
}

/* ---- Records ---- */

/* With the first bytes of an answer its tickets have come, if any do. */
static void overheard(struct tls_client *client, struct tls_place *place, bool answered) {
    if (answered)
        place->attempt->tickets = TICKETS_EACH;
    if (stage_of(place) == STAGE_RECORDS && place->attempt->tickets == TICKETS_EACH)
        give_back(client, place);
}

static void open_record(struct tls_client *client, struct tls_place *place,
                        struct transport_conn *conn, char *bytes, size_t length,
                        struct transport_fact *fact) {
    bool overhears = client->tickets != NULL && has_object(client, place);
    if (overhears) /* the bytes are decrypted where they stand */
        tls_handshake_overhear(place->attempt->handshake, bytes, length, client->plain,
                               sizeof client->plain);
    struct transport_conn inner = {.shared = client->records,
                                   .state = place->records,
                                   .fragment = conn->fragment,
                                   .cut = conn->cut};
    client->inner->open(&inner, bytes, length, fact);
    conn->cut = inner.cut;
    if (overhears)
        overheard(client, place, fact->kind == TRANSPORT_DATA && fact->plain.length > 0);
}

/* ---- The transport ---- */

static void open_bytes(struct transport_conn *conn, char *bytes, size_t length,
                       struct transport_fact *fact) {
    struct tls_client *client = conn->shared;
    struct tls_place *place = conn->state;
    enum tls_stage stage = stage_of(place);
    if (stage == STAGE_HANDSHAKE) {
        open_handshake(client, place, bytes, length, fact);
    } else if (stage == STAGE_WHOLE) {
        tls_handshake_open(place->attempt->handshake, bytes, length, client->plain,
                           sizeof client->plain, fact);
    } else {
        open_record(client, place, conn, bytes, length, fact);
    }
}

static size_t sealed_bytes(size_t length) {
    return length + (length / TLS_PLAIN_MAX + 1) * WHOLE_OVERHEAD + OWED_ROOM;
}

static size_t seal(void *shared, void *state, const void *bytes, size_t length, char *out) {
    struct tls_client *client = shared;
    struct tls_place *place = state;
    if (stage_of(place) == STAGE_WHOLE)
        return tls_handshake_seal(place->attempt->handshake, bytes, length, out,
                                  sealed_bytes(length));
    require(stage_of(place) == STAGE_RECORDS);
    return client->inner->seal(client->records, place->records, bytes, length, out);
}

/* Of a handshake that failed: the alert that OpenSSL wrote. */
static size_t end(void *shared, void *state, uint8_t alert, char *out) {
    struct tls_client *client = shared;
    struct tls_place *place = state;
    if (stage_of(place) == STAGE_RECORDS)
        return client->inner->end(client->records, place->records, alert, out);
    if (place->attempt == NULL)
        return 0;
    return tls_handshake_end(place->attempt->handshake, out, END_BYTES);
}

static size_t take_owed(void *shared, void *state, char *out, size_t room) {
    struct tls_place *place = state;
    if (place->attempt == NULL || stage_of(place) == STAGE_RECORDS)
        return 0;
    size_t length = tls_handshake_take(place->attempt->handshake, out, room);
    place->attempt->begun = true;
    if (stage_of(place) == STAGE_FLUSH && !tls_handshake_owes(place->attempt->handshake))
        flushed(shared, place);
    return length;
}

static void count(const void *shared, struct transport_counts *out) {
    const struct tls_client *client = shared;
    const struct tls_counts *counts = tls_records_counts(client->records);
    const struct tls_peer *other = tls_seen_other(&client->seen);
    const uint64_t *noted = client->noted;
    uint64_t not_kept = 0;
    for (uint32_t i = 0; i < client->pools; i++)
        not_kept += tls_tickets_not_kept(client->tickets[i]);
    *out = (struct transport_counts){
        .tickets_not_kept = not_kept,
        .tickets = counts->tickets + noted[TLS_NOTE_TICKET],
        .key_updates_in = counts->key_updates_in + noted[TLS_NOTE_KEY_UPDATE_IN],
        .key_updates_out = counts->key_updates_out + noted[TLS_NOTE_KEY_UPDATE_OUT],
        .resumptions_refused = client->refused,
        .other_certificates = client->seen.others,
        .first_certificate_again = client->seen.first_again,
        .before = other != NULL ? &client->seen.first : NULL,
        .other = other};
}

static const char *explain(const void *shared) {
    return ((const struct tls_client *)shared)->explained;
}

/* ---- A process's own ---- */

static void log_update(void *owner, const char *line) {
    tls_context_log_secret(owner, line);
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

static bool make_tickets(struct tls_client *client) {
    enum tls_resume when = client->settings.resume;
    if (when == TLS_RESUME_NEVER)
        return true;
    bool shares = when == TLS_RESUME_ALWAYS && client->settings.route.addresses > 1;
    uint32_t pools = shares ? client->settings.route.addresses : 1;
    client->tickets = calloc(pools, sizeof(void *)); /* pointers */
    for (; client->tickets != NULL && client->pools < pools; client->pools++) {
        client->tickets[client->pools] = tls_tickets_create(when, client->settings.slots);
        if (client->tickets[client->pools] == NULL)
            return false;
    }
    return client->tickets != NULL;
}

struct tls_client *tls_client_create(const struct tls_client_settings *settings) {
    struct tls_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->settings = *settings;
    client->detached.stage = STAGE_RECORDS;
    if (settings->seen != NULL)
        client->seen.first = *settings->seen;
    if (make_records(client) && make_tickets(client))
        return client;
    tls_client_destroy(client);
    return NULL;
}

void tls_client_destroy(struct tls_client *client) {
    if (client == NULL)
        return;
    tls_records_destroy(client->records);
    for (uint32_t i = 0; i < client->pools; i++)
        tls_tickets_destroy(client->tickets[i]);
    free(client->tickets);
    bool any = client->given_back > 0;
    free(client);
    if (any) /* the preflight's: a page that is free here, and used anew by a worker, is there twice
              */
        heap_trim();
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

uint32_t tls_client_waiting(const struct tls_client *client) {
    return client->waiting;
}
