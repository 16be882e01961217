/* Records of a length and of bytes; how many came and went, modulo 16, is all its state. */
#include "toy/xor_transport.h"

#include <stdint.h>
#include <string.h>

struct fragment {
    size_t length;
    unsigned char bytes[1 + XOR_RECORD_MAX];
};

/* Never makes a zero of a letter. */
static void change(unsigned char *bytes, size_t length, unsigned count) {
    for (size_t i = 0; i < length; i++)
        bytes[i] ^= (unsigned char)(0x80 | (count & 15));
}

static void give(struct transport_conn *conn, unsigned char *record, struct transport_fact *fact) {
    uint8_t *state = conn->state;
    change(record + 1, record[0], *state & 15);
    *state = (uint8_t)((*state & 0xf0) | ((*state + 1) & 15));
    fact->kind = TRANSPORT_DATA;
    fact->plain = (struct exchange_bytes){record + 1, record[0]};
    conn->cut = false;
}

static void open_record(struct transport_conn *conn, char *bytes, size_t length,
                        struct transport_fact *fact) {
    struct fragment *fragment = conn->fragment;
    size_t before = conn->cut ? fragment->length : 0;
    size_t whole = 1u + (before > 0 ? fragment->bytes[0] : (unsigned char)bytes[0]);
    size_t more = whole - before < length ? whole - before : length;
    *fact = (struct transport_fact){.kind = TRANSPORT_MORE, .taken = more};
    if (whole == 1 || whole > 1 + XOR_RECORD_MAX) {
        fact->kind = TRANSPORT_BROKEN;
    } else if (before == 0 && more == whole) {
        give(conn, (unsigned char *)bytes, fact);
    } else {
        memcpy(fragment->bytes + before, bytes, more);
        fragment->length = before + more;
        conn->cut = true;
        if (fragment->length == whole)
            give(conn, fragment->bytes, fact);
    }
}

static size_t sealed_bytes(size_t length) {
    return length + (length + XOR_RECORD_MAX - 1) / XOR_RECORD_MAX;
}

static size_t seal(void *shared, void *state, const void *bytes, size_t length, char *out) {
    (void)shared;
    uint8_t *counts = state;
    char *at = out;
    for (size_t done = 0, piece; done < length; done += piece) {
        piece = length - done < XOR_RECORD_MAX ? length - done : XOR_RECORD_MAX;
        *at++ = (char)piece;
        memcpy(at, (const char *)bytes + done, piece);
        change((unsigned char *)at, piece, *counts >> 4);
        *counts = (uint8_t)(*counts + 16);
        at += piece;
    }
    return (size_t)(at - out);
}

/* Nothing is said before the end. */
static size_t end(void *shared, void *state, uint8_t alert, char *out) {
    (void)shared, (void)state, (void)alert, (void)out;
    return 0;
}

const struct transport xor_transport = {.name = "xor",
                                        .state_bytes = 1,
                                        .fragment_bytes = sizeof(struct fragment),
                                        .sealed_bytes = sealed_bytes,
                                        .open = open_record,
                                        .seal = seal,
                                        .end = end};
