/* Opens and seals the records of detached connections: what is cut waits in the fragment, the rest
 * is decrypted where it stands. */
#include "wire/tls/tls_records.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"
#include "wire/tls/tls_crypto.h"
#include "wire/tls/tls_messages.h"

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 };
enum { CLOSE_NOTIFY = 0, USER_CANCELED = 90 };
enum { WARNING = 1, FATAL = 2 };
enum {
    HEADER_BYTES = 5,
    OVERHEAD_MIN = 1 + TLS_TAG_BYTES, /* the type inside, and the tag */
    OUTER_MAX = TLS_RECORD_MAX - HEADER_BYTES,
    INNER_MAX = TLS_PLAIN_MAX + 1,
    SEALED_OVERHEAD = HEADER_BYTES + OVERHEAD_MIN,
    KEY_UPDATE_BYTES = SEALED_OVERHEAD + 5,
    ALERT_BYTES = SEALED_OVERHEAD + 2
};

/* What a key log wants to know of a connection; behind the keys where there is one. */
struct tls_log {
    uint32_t updates[2]; /* of the client's and of the server's secret */
    unsigned char random[TLS_RANDOM_BYTES];
};

/* The state of a connection. Its bytes: both keys, both ivs, both secrets, as long as the suite has
 * them; then the log's part, where the longest would end. */
struct tls_conn {
    uint64_t sequences[2];        /* of the next record, in and out */
    struct tls_messages messages; /* that come in */
    uint8_t suite;                /* its index */
    uint8_t key_updates;          /* that came without data between them */
    bool serves : 1;
    bool over : 1;  /* nothing more can be read */
    bool ended : 1; /* the peer was told that nothing follows */
    bool owes : 1;  /* a KeyUpdate, before the next data */
    bool asks : 1;  /* for the peer's, by that KeyUpdate */
    _Alignas(uint64_t) unsigned char bytes[];
};

static_assert(sizeof(struct tls_conn) == 24, "beside its keys a connection has 24 bytes");

enum tls_way { IN, OUT };

struct tls_records {
    struct tls_records_settings settings;
    struct transport transport;
    struct tls_crypto *crypto;
    struct tls_counts counts;
};

/* A record that is being taken: the fragment's, or the one in place. */
struct tls_fragment {
    size_t length;
    unsigned char bytes[TLS_RECORD_MAX];
};

/* ---- Keys ---- */

/* A way's keys of a connection. */
struct tls_keys {
    const struct tls_suite *suite;
    unsigned char *key, *iv, *secret;
};

static size_t bytes_of(const struct tls_suite *suite) {
    return 2 * ((size_t)suite->key_bytes + TLS_IV_BYTES + suite->secret_bytes);
}

static struct tls_keys keys_of(struct tls_conn *conn, enum tls_way way) {
    const struct tls_suite *suite = tls_suite_at(conn->suite);
    unsigned char *ivs = conn->bytes + 2 * suite->key_bytes;
    return (struct tls_keys){.suite = suite,
                             .key = conn->bytes + (size_t)way * suite->key_bytes,
                             .iv = ivs + (size_t)way * TLS_IV_BYTES,
                             .secret = ivs + 2 * TLS_IV_BYTES + (size_t)way * suite->secret_bytes};
}

static struct tls_log *log_part_of(const struct tls_records *records, struct tls_conn *conn) {
    return (void *)(conn->bytes + bytes_of(records->settings.suite));
}

/* A secret with its key and its iv, before a way takes them. */
struct tls_derived {
    unsigned char secret[TLS_SECRET_MAX], key[TLS_KEY_MAX], iv[TLS_IV_BYTES];
};

/* The key and the iv of the secret (RFC 8446 7.3). */
static bool derive(const struct tls_crypto *crypto, const struct tls_suite *suite,
                   struct tls_derived *derived) {
    return tls_crypto_expand(crypto, suite, derived->secret, "key", derived->key,
                             suite->key_bytes) &&
           tls_crypto_expand(crypto, suite, derived->secret, "iv", derived->iv, TLS_IV_BYTES);
}

/* The same of the secret that follows a way's (RFC 8446 7.2). */
static bool derive_next(const struct tls_crypto *crypto, const struct tls_keys *keys,
                        struct tls_derived *derived) {
    return tls_crypto_expand(crypto, keys->suite, keys->secret, "traffic upd", derived->secret,
                             keys->suite->secret_bytes) &&
           derive(crypto, keys->suite, derived);
}

/* The former keys are written over. */
static void take_keys(const struct tls_keys *keys, const struct tls_derived *derived) {
    memcpy(keys->secret, derived->secret, keys->suite->secret_bytes);
    memcpy(keys->key, derived->key, keys->suite->key_bytes);
    memcpy(keys->iv, derived->iv, TLS_IV_BYTES);
}

static void write_hex(char *out, const unsigned char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void log_update(struct tls_records *records, struct tls_conn *conn, enum tls_way way) {
    char random[2 * TLS_RANDOM_BYTES + 1], secret[2 * TLS_SECRET_MAX + 1];
    char line[sizeof "CLIENT_TRAFFIC_SECRET_4294967295  " + sizeof random + sizeof secret];
    bool servers = conn->serves == (way == OUT);
    struct tls_log *part = log_part_of(records, conn);
    struct tls_keys keys = keys_of(conn, way);
    write_hex(random, part->random, TLS_RANDOM_BYTES);
    write_hex(secret, keys.secret, keys.suite->secret_bytes);
    part->updates[servers]++;
    snprintf(line, sizeof line, "%s_TRAFFIC_SECRET_%u %s %s", servers ? "SERVER" : "CLIENT",
             part->updates[servers], random, secret);
    records->settings.log(records->settings.log_owner, line);
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(line, sizeof line);
}

static void take_next(struct tls_records *records, struct tls_conn *conn, enum tls_way way,
                      const struct tls_derived *derived) {
    struct tls_keys keys = keys_of(conn, way);
    take_keys(&keys, derived);
    conn->sequences[way] = 0;
    if (records->settings.log != NULL)
        log_update(records, conn, way);
}

static struct tls_crypto_record record_of(struct tls_conn *conn, enum tls_way way,
                                          const unsigned char *header) {
    struct tls_keys keys = keys_of(conn, way);
    return (struct tls_crypto_record){.suite = keys.suite,
                                      .key = keys.key,
                                      .iv = keys.iv,
                                      .sequence = conn->sequences[way]++,
                                      .header = header,
                                      .header_length = HEADER_BYTES};
}

/* ---- Sealing ---- */

static size_t seal_record(const struct tls_records *records, struct tls_conn *conn,
                          unsigned char type, const void *bytes, size_t length,
                          unsigned char *out) {
    size_t outer = length + OVERHEAD_MIN;
    unsigned char *inner = out + HEADER_BYTES;
    require(conn->sequences[OUT] < UINT64_MAX);
    out[0] = APPLICATION_DATA;
    out[1] = 3, out[2] = 3;
    out[3] = (unsigned char)(outer >> 8);
    out[4] = (unsigned char)outer;
    memcpy(inner, bytes, length);
    inner[length] = type;
    struct tls_crypto_record record = record_of(conn, OUT, out);
    tls_crypto_seal(records->crypto, &record, inner, length + 1);
    return HEADER_BYTES + outer;
}

/* The KeyUpdate is the last record under the old key. Without memory for the next one it is put
 * off: the old key is good for a long while. */
static size_t seal_update(struct tls_records *records, struct tls_conn *conn, unsigned char *out) {
    const unsigned char message[] = {24, 0, 0, 1, conn->asks};
    struct tls_keys keys = keys_of(conn, OUT);
    struct tls_derived next;
    size_t length = 0;
    if (derive_next(records->crypto, &keys, &next)) {
        length = seal_record(records, conn, HANDSHAKE, message, sizeof message, out);
        take_next(records, conn, OUT, &next);
        conn->owes = conn->asks = false;
        records->counts.key_updates_out++;
    }
    OPENSSL_cleanse(&next, sizeof next);
    return length;
}

static size_t sealed_bytes(size_t length) {
    size_t pieces = (length + TLS_PLAIN_MAX - 1) / TLS_PLAIN_MAX;
    return KEY_UPDATE_BYTES + length + pieces * SEALED_OVERHEAD;
}

static size_t seal(void *shared, void *state, const void *bytes, size_t length, char *out) {
    struct tls_records *records = shared;
    struct tls_conn *conn = state;
    unsigned char *at = (unsigned char *)out;
    if (conn->ended)
        return 0;
    if (conn->owes || conn->sequences[OUT] >= records->settings.rekey_after)
        at += seal_update(records, conn, at);
    for (size_t done = 0, piece; done < length; done += piece) {
        piece = length - done < TLS_PLAIN_MAX ? length - done : TLS_PLAIN_MAX;
        at += seal_record(records, conn, APPLICATION_DATA, (const char *)bytes + done, piece, at);
    }
    return (size_t)(at - (unsigned char *)out);
}

static size_t end(void *shared, void *state, uint8_t alert, char *out) {
    struct tls_conn *conn = state;
    unsigned char message[] = {alert == CLOSE_NOTIFY ? WARNING : FATAL, alert};
    if (conn->ended)
        return 0;
    conn->ended = true;
    return seal_record(shared, conn, ALERT, message, sizeof message, (unsigned char *)out);
}

static void rekey(void *shared, void *state) {
    (void)shared;
    tls_records_update(state, true);
}

/* ---- Opening ---- */

/* What a record says while it is opened. */
struct tls_opening {
    struct tls_records *records;
    struct tls_conn *conn;
    struct transport_fact *fact;
};

static void broken(const struct tls_opening *opening, enum record_reason reason) {
    opening->fact->kind = TRANSPORT_BROKEN;
    opening->fact->reason = reason;
    opening->fact->alert = record_reason_alert(reason);
}

static void take_update(const struct tls_opening *opening, const struct tls_message_fact *message) {
    struct tls_conn *conn = opening->conn;
    struct tls_keys keys = keys_of(conn, IN);
    struct tls_derived next;
    if (++conn->key_updates > TLS_KEY_UPDATES_MAX) {
        broken(opening, RECORD_REASON_too_many_key_updates);
        return;
    }
    if (derive_next(opening->records->crypto, &keys, &next)) {
        take_next(opening->records, conn, IN, &next);
        conn->owes |= message->asked;
        opening->fact->key_updates = 1;
        opening->records->counts.key_updates_in++;
    } else {
        broken(opening, RECORD_REASON_no_memory);
    }
    OPENSSL_cleanse(&next, sizeof next);
}

static void take_messages(const struct tls_opening *opening, const unsigned char *bytes,
                          size_t length) {
    struct tls_conn *conn = opening->conn;
    opening->fact->kind = TRANSPORT_CONTROL;
    while (length > 0 && opening->fact->kind != TRANSPORT_BROKEN) {
        struct tls_message_fact message;
        tls_messages_read(&conn->messages, conn->serves, bytes, length, &message);
        bytes += message.taken;
        length -= message.taken;
        if (message.kind == TLS_MESSAGE_BAD) {
            broken(opening, message.reason);
        } else if (message.kind == TLS_MESSAGE_TICKET) {
            opening->fact->tickets++;
            opening->records->counts.tickets++;
        } else if (message.kind == TLS_MESSAGE_KEY_UPDATE && length > 0) {
            broken(opening, RECORD_REASON_key_update_not_last);
        } else if (message.kind == TLS_MESSAGE_KEY_UPDATE) {
            take_update(opening, &message);
        }
    }
}

static void take_alert(const struct tls_opening *opening, const unsigned char *bytes,
                       size_t length) {
    struct transport_fact *fact = opening->fact;
    if (length != 2) {
        broken(opening, RECORD_REASON_bad_alert);
        return;
    }
    fact->level = bytes[0];
    fact->alert = bytes[1];
    fact->kind = bytes[1] == CLOSE_NOTIFY    ? TRANSPORT_CLOSED
                 : bytes[1] == USER_CANCELED ? TRANSPORT_CONTROL
                                             : TRANSPORT_ALERT;
}

static void take_data(const struct tls_opening *opening, const unsigned char *bytes,
                      size_t length) {
    if (tls_messages_begun(&opening->conn->messages)) {
        broken(opening, RECORD_REASON_interrupted_message);
        return;
    }
    opening->fact->kind = TRANSPORT_DATA;
    opening->fact->plain = (struct exchange_bytes){bytes, length};
    if (length > 0)
        opening->conn->key_updates = 0;
}

/* The type is the last byte that is not zero (RFC 8446 5.4). */
static void take_inner(const struct tls_opening *opening, const unsigned char *bytes,
                       size_t length) {
    if (length > INNER_MAX) {
        broken(opening, RECORD_REASON_record_too_long);
        return;
    }
    while (length > 0 && bytes[length - 1] == 0)
        length--;
    if (length == 0) {
        broken(opening, RECORD_REASON_bad_padding);
        return;
    }
    unsigned char type = bytes[--length];
    if (type == APPLICATION_DATA)
        take_data(opening, bytes, length);
    else if (type != HANDSHAKE && type != ALERT)
        broken(opening, RECORD_REASON_unexpected_type);
    else if (length == 0)
        broken(opening, RECORD_REASON_empty_message);
    else if (type == HANDSHAKE)
        take_messages(opening, bytes, length);
    else
        take_alert(opening, bytes, length);
}

static size_t outer_of(const unsigned char *header) {
    return (size_t)header[3] << 8 | header[4];
}

static void take_record(const struct tls_opening *opening, unsigned char *bytes) {
    struct tls_conn *conn = opening->conn;
    size_t length = outer_of(bytes) - TLS_TAG_BYTES;
    if (conn->sequences[IN] == UINT64_MAX) {
        broken(opening, RECORD_REASON_sequence_exhausted);
        return;
    }
    struct tls_crypto_record record = record_of(conn, IN, bytes);
    if (tls_crypto_open(opening->records->crypto, &record, bytes + HEADER_BYTES, length))
        take_inner(opening, bytes + HEADER_BYTES, length);
    else
        broken(opening, RECORD_REASON_bad_tag);
}

/* Of a header as far as it is there. The version is not looked at (RFC 8446 5.1): it is
 * authenticated with the rest. */
static enum record_reason check_header(const unsigned char *bytes, size_t have) {
    if (bytes[0] != APPLICATION_DATA)
        return bytes[0] >= CHANGE_CIPHER_SPEC && bytes[0] <= HANDSHAKE ? RECORD_REASON_unencrypted
                                                                       : RECORD_REASON_no_record;
    if (have < HEADER_BYTES)
        return RECORD_REASON_none;
    size_t outer = outer_of(bytes);
    return outer > OUTER_MAX      ? RECORD_REASON_record_too_long
           : outer < OVERHEAD_MIN ? RECORD_REASON_record_too_short
                                  : RECORD_REASON_none;
}

/* Up to so many bytes of the record; what was taken of those that came. */
static size_t gather(struct tls_fragment *fragment, const char *bytes, size_t length,
                     size_t wanted) {
    size_t more = wanted > fragment->length ? wanted - fragment->length : 0;
    more = more < length ? more : length;
    memcpy(fragment->bytes + fragment->length, bytes, more);
    fragment->length += more;
    return more;
}

/* The record of the fragment, as far as it has come. */
static void open_cut(const struct tls_opening *opening, struct transport_conn *lent,
                     const char *bytes, size_t length) {
    struct tls_fragment *fragment = lent->fragment;
    struct transport_fact *fact = opening->fact;
    if (!lent->cut)
        fragment->length = 0;
    fact->taken = gather(fragment, bytes, length, HEADER_BYTES);
    enum record_reason reason = check_header(fragment->bytes, fragment->length);
    lent->cut = true;
    if (reason != RECORD_REASON_none) {
        broken(opening, reason);
        return;
    }
    if (fragment->length < HEADER_BYTES)
        return;
    size_t whole = HEADER_BYTES + outer_of(fragment->bytes);
    fact->taken += gather(fragment, bytes + fact->taken, length - fact->taken, whole);
    if (fragment->length < whole)
        return;
    lent->cut = false;
    take_record(opening, fragment->bytes);
}

static bool is_whole(const char *bytes, size_t length) {
    const unsigned char *header = (const unsigned char *)bytes;
    return length >= HEADER_BYTES && check_header(header, length) == RECORD_REASON_none &&
           length >= HEADER_BYTES + outer_of(header);
}

static void open_record(struct transport_conn *lent, char *bytes, size_t length,
                        struct transport_fact *fact) {
    struct tls_opening opening = {.records = lent->shared, .conn = lent->state, .fact = fact};
    *fact = (struct transport_fact){.kind = TRANSPORT_MORE, .taken = length};
    if (opening.conn->over)
        return;
    if (lent->cut || !is_whole(bytes, length)) {
        open_cut(&opening, lent, bytes, length);
    } else {
        fact->taken = HEADER_BYTES + outer_of((const unsigned char *)bytes);
        take_record(&opening, (unsigned char *)bytes);
    }
    if (fact->kind == TRANSPORT_CLOSED || fact->kind == TRANSPORT_ALERT ||
        fact->kind == TRANSPORT_BROKEN) {
        opening.conn->over = true;
        fact->taken = length;
        lent->cut = false;
    }
}

/* ---- A process's ciphers, a connection's beginning ---- */

static size_t state_bytes(const struct tls_records_settings *settings) {
    return sizeof(struct tls_conn) + bytes_of(settings->suite) +
           (settings->log == NULL ? 0 : sizeof(struct tls_log));
}

struct tls_records *tls_records_create(const struct tls_records_settings *settings) {
    struct tls_records *records = calloc(1, sizeof *records);
    if (records == NULL)
        return NULL;
    records->settings = *settings;
    if (settings->rekey_after == 0)
        records->settings.rekey_after = TLS_REKEY_AFTER;
    records->transport = (struct transport){.name = "TLSv1.3",
                                            .shared = records,
                                            .state_bytes = state_bytes(settings),
                                            .fragment_bytes = sizeof(struct tls_fragment),
                                            .end_bytes = ALERT_BYTES,
                                            .sealed_bytes = sealed_bytes,
                                            .open = open_record,
                                            .seal = seal,
                                            .end = end,
                                            .rekey = rekey};
    records->crypto = tls_crypto_create();
    if (records->crypto != NULL && tls_crypto_has(records->crypto, settings->suite))
        return records;
    tls_records_destroy(records);
    return NULL;
}

void tls_records_destroy(struct tls_records *records) {
    if (records != NULL)
        tls_crypto_destroy(records->crypto);
    free(records);
}

const struct transport *tls_records_transport(const struct tls_records *records) {
    return &records->transport;
}

const struct tls_counts *tls_records_counts(const struct tls_records *records) {
    return &records->counts;
}

bool tls_records_fit(const struct tls_records *records, const struct tls_suite *suite) {
    return bytes_of(suite) <= bytes_of(records->settings.suite) &&
           tls_crypto_has(records->crypto, suite);
}

static bool begin_way(const struct tls_records *records, struct tls_conn *conn, enum tls_way way,
                      const unsigned char *secret) {
    struct tls_keys keys = keys_of(conn, way);
    struct tls_derived first;
    memcpy(first.secret, secret, keys.suite->secret_bytes);
    bool made = derive(records->crypto, keys.suite, &first);
    if (made)
        take_keys(&keys, &first);
    OPENSSL_cleanse(&first, sizeof first);
    return made;
}

bool tls_records_begin(struct tls_records *records, void *state,
                       const struct tls_secrets *secrets) {
    struct tls_conn *conn = state;
    const unsigned char *ours = secrets->serves ? secrets->server : secrets->client;
    const unsigned char *theirs = secrets->serves ? secrets->client : secrets->server;
    require(tls_records_fit(records, secrets->suite));
    conn->suite = (uint8_t)(secrets->suite - tls_suite_at(0));
    if (!begin_way(records, conn, IN, theirs) || !begin_way(records, conn, OUT, ours)) {
        OPENSSL_cleanse(state, records->transport.state_bytes);
        return false;
    }
    conn->serves = secrets->serves;
    conn->sequences[IN] = secrets->received;
    conn->sequences[OUT] = secrets->sent;
    if (records->settings.log != NULL)
        memcpy(log_part_of(records, conn)->random, secrets->random, TLS_RANDOM_BYTES);
    return true;
}

void tls_records_update(void *state, bool ask_peer) {
    struct tls_conn *conn = state;
    conn->owes = true;
    conn->asks |= ask_peer;
}
