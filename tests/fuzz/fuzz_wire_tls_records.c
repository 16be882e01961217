/* Any records, sealed by a peer that keeps to no rule, and any bytes between them: the same facts
 * however the stream was cut, and never a byte of plain text that the peer did not seal. */
#include <stdbool.h>

#include "cut.h"
#include "wire/tls/peer.h"
#include "wire/tls/tls_records.h"

/* What a stream said: its facts and their bytes, as one number. */
struct reading {
    uint64_t sum;
    size_t data; /* bytes of it */
    unsigned ends;
};

static struct tls_crypto *crypto; /* the peer's: made once */
static struct tls_records *all[TLS_SUITES];

static void make_once(void) {
    if (crypto != NULL)
        return;
    crypto = tls_crypto_create();
    require(crypto != NULL);
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        all[i] = tls_records_create(&(struct tls_records_settings){.suite = tls_suite_at(i)});
        require(all[i] != NULL);
    }
}

static void mix(struct reading *reading, const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < length; i++)
        reading->sum = (reading->sum ^ at[i]) * UINT64_C(1099511628211);
}

static void note_fact(struct reading *reading, const struct transport_fact *fact) {
    const uint32_t told[] = {fact->kind, fact->reason, fact->alert, fact->tickets,
                             fact->key_updates};
    if (fact->kind == TRANSPORT_MORE)
        return;
    require(reading->ends == 0); /* nothing behind an end */
    require((fact->kind == TRANSPORT_BROKEN) == (fact->reason != RECORD_REASON_none));
    mix(reading, told, sizeof told);
    if (fact->kind == TRANSPORT_DATA) {
        require(fact->plain.length <= TLS_PLAIN_MAX);
        mix(reading, fact->plain.bytes, fact->plain.length);
        reading->data += fact->plain.length;
    }
    reading->ends += fact->kind > TRANSPORT_CONTROL;
}

static void read_piece(struct reading *reading, struct transport_conn *lent,
                       const struct transport *transport, const uint8_t *bytes, size_t length) {
    uint8_t *copy = cut_copy(bytes, length);
    for (size_t at = 0; at < length;) {
        struct transport_fact fact;
        transport->open(lent, (char *)copy + at, length - at, &fact);
        require(fact.taken > 0 && fact.taken <= length - at);
        require(fact.kind != TRANSPORT_MORE || fact.taken == length - at);
        at += fact.taken;
        note_fact(reading, &fact);
    }
    free(copy);
}

static struct reading read_stream(const struct tls_secrets *secrets, uint32_t seed,
                                  const struct peer *peer) {
    struct tls_records *records = all[secrets->suite - tls_suite_at(0)];
    const struct transport *transport = tls_records_transport(records);
    struct transport_conn lent = {.shared = transport->shared,
                                  .state = calloc(1, transport->state_bytes),
                                  .fragment = malloc(transport->fragment_bytes)};
    struct reading reading = {.sum = 0};
    require(lent.state != NULL && lent.fragment != NULL);
    require(tls_records_begin(records, lent.state, secrets));
    for (size_t at = 0, piece; at < peer->length; at += piece) {
        piece = cut_piece(&seed, peer->length - at);
        read_piece(&reading, &lent, transport, peer->bytes + at, piece);
    }
    free(lent.state);
    free(lent.fragment);
    return reading;
}

/* One step of the script: what the peer sends. Its bytes are taken; how many of them were data. */
static size_t send_step(struct peer *peer, const uint8_t **data, size_t *left) {
    uint8_t step = **data, number = *left > 1 ? (*data)[1] : 0;
    size_t head = *left > 1 ? 2 : 1;
    *data += head;
    *left -= head;
    size_t length = number < *left ? number : *left;
    const uint8_t *bytes = *data;
    if (step % 8 == 5) {
        peer_key_update(peer, number & 1);
        return 0;
    }
    if (step % 8 == 6) { /* long records: the bounds */
        uint8_t *zeros = calloc(1, 16700);
        require(zeros != NULL);
        zeros[0] = PEER_DATA;
        peer_inner(peer, zeros, (size_t)16384 - 128 + number);
        free(zeros);
        return 0;
    }
    *data += length;
    *left -= length;
    switch (step % 8) {
    case 0: peer_record(peer, PEER_DATA, bytes, length); return length;
    case 1: peer_record(peer, PEER_HANDSHAKE, bytes, length); return 0;
    case 2: peer_record(peer, PEER_ALERT, bytes, length); return 0;
    case 3: peer_inner(peer, bytes, length); return length;
    case 4: peer_padded(peer, PEER_DATA, bytes, length, step); return length;
    default: peer_add(peer, bytes, length); return 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { PREFIX = 3 }; /* suite and side, and the seed of the cuts */
    if (size <= PREFIX)
        return 0;
    make_once();
    const struct tls_suite *suite = tls_suite_at(data[0] / 2 % TLS_SUITES);
    struct tls_secrets secrets = peer_secrets(suite, (data[0] & 1) != 0);
    struct peer peer = peer_of(crypto, suite, secrets.serves ? secrets.client : secrets.server);
    uint32_t seed = cut_seed(data + 1);
    size_t sealed = 0;
    data += PREFIX;
    size -= PREFIX;
    while (size > 0 && peer.length < 1 << 20)
        sealed += send_step(&peer, &data, &size);
    struct reading whole = read_stream(&secrets, 0, &peer);
    struct reading cut = read_stream(&secrets, seed, &peer);
    require(whole.sum == cut.sum && whole.ends == cut.ends && whole.data == cut.data);
    require(whole.data <= sealed && whole.ends <= 1);
    free(peer.bytes);
    return 0;
}
