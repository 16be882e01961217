/* Any bytes as handshake messages behind a handshake: the same facts however they were cut, and
 * those of a plain reading of all of them. */
#include <stdbool.h>

#include "cut.h"
#include "wire/tls/tls_messages.h"

enum { NEW_SESSION_TICKET = 4, KEY_UPDATE = 24, FACTS_MAX = 4096 };

/* A letter for each message: t(icket), k(ey update), a(sked for in return), then B(ad). */
struct reading {
    char facts[FACTS_MAX];
    size_t count;
    enum record_reason reason;
    bool begun;
};

static void note(struct reading *reading, char fact) {
    if (reading->count < FACTS_MAX)
        reading->facts[reading->count] = fact;
    reading->count++;
}

static bool note_fact(struct reading *reading, const struct tls_message_fact *fact) {
    require((fact->kind == TLS_MESSAGE_BAD) == (fact->reason != RECORD_REASON_none));
    switch (fact->kind) {
    case TLS_MESSAGE_MORE: return true;
    case TLS_MESSAGE_TICKET: note(reading, 't'); return true;
    case TLS_MESSAGE_KEY_UPDATE: note(reading, fact->asked ? 'a' : 'k'); return true;
    default: note(reading, 'B'); break;
    }
    reading->reason = fact->reason;
    return false;
}

static void read_pieces(struct reading *reading, bool serves, uint32_t seed, const uint8_t *bytes,
                        size_t length) {
    struct tls_messages messages = {0};
    bool good = true;
    for (size_t at = 0, piece; at < length && good; at += piece) {
        piece = cut_piece(&seed, length - at);
        uint8_t *copy = cut_copy(bytes + at, piece);
        for (size_t done = 0; done < piece && good;) {
            struct tls_message_fact fact;
            tls_messages_read(&messages, serves, copy + done, piece - done, &fact);
            require(fact.taken > 0 && fact.taken <= piece - done);
            require(fact.kind != TLS_MESSAGE_MORE || fact.taken == piece - done);
            done += fact.taken;
            good = note_fact(reading, &fact);
        }
        free(copy);
    }
    reading->begun = tls_messages_begun(&messages);
}

/* All bytes at once, a message at a time. */
static void read_plainly(struct reading *reading, bool serves, const uint8_t *bytes,
                         size_t length) {
    while (length > 0 && reading->reason == RECORD_REASON_none) {
        bool ticket = bytes[0] == NEW_SESSION_TICKET && !serves, update = bytes[0] == KEY_UPDATE;
        size_t body = length < 4 ? 0 : (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
        bool bad = (!ticket && !update) ||
                   (length >= 4 && ticket && (body < 14 || body > TLS_TICKET_MAX)) ||
                   (length >= 4 && update && body != 1) || (length >= 5 && update && bytes[4] > 1);
        reading->begun = true;
        if (bad) {
            note(reading, 'B');
            reading->reason = RECORD_REASON_other;
        }
        if (bad || length < 4 || length - 4 < body)
            return;
        note(reading, ticket ? 't' : bytes[4] == 1 ? 'a' : 'k');
        reading->begun = false;
        bytes += 4 + body;
        length -= 4 + body;
    }
}

static void check_same(const struct reading *a, const struct reading *b) {
    size_t kept = a->count < FACTS_MAX ? a->count : FACTS_MAX;
    require(a->count == b->count);
    require(memcmp(a->facts, b->facts, kept) == 0);
    require((a->reason == RECORD_REASON_none) == (b->reason == RECORD_REASON_none));
    require(a->reason != RECORD_REASON_none || a->begun == b->begun);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { PREFIX = 3 }; /* whose, and the seed of the cuts */
    if (size <= PREFIX)
        return 0;
    bool serves = (data[0] & 1) != 0;
    struct reading whole = {.count = 0}, cut = {.count = 0}, plain = {.count = 0};
    read_pieces(&whole, serves, 0, data + PREFIX, size - PREFIX);
    read_pieces(&cut, serves, cut_seed(data + 1), data + PREFIX, size - PREFIX);
    read_plainly(&plain, serves, data + PREFIX, size - PREFIX);
    check_same(&whole, &cut);
    require(whole.reason == cut.reason);
    check_same(&whole, &plain);
    return 0;
}
