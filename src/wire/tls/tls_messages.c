/* Reads a message's header byte by byte, then a key update's one byte, or passes over a ticket. */
#include "wire/tls/tls_messages.h"

enum { NEW_SESSION_TICKET = 4, CERTIFICATE_REQUEST = 13, KEY_UPDATE = 24 };
enum { HEADER_BYTES = 4 };
/* Lifetime, age_add, an empty nonce, a ticket of one byte, no extensions. */
enum { TICKET_MIN = 4 + 4 + 1 + 2 + 1 + 2 };

static void begin(struct tls_messages *messages, bool serves, unsigned char type,
                  struct tls_message_fact *fact) {
    messages->have = 1;
    messages->left = 0;
    messages->update = type == KEY_UPDATE;
    if (type == KEY_UPDATE || (type == NEW_SESSION_TICKET && !serves))
        return;
    fact->kind = TLS_MESSAGE_BAD;
    fact->reason = type == CERTIFICATE_REQUEST && !serves ? RECORD_REASON_certificate_request
                                                          : RECORD_REASON_unexpected_message;
}

static void check_length(const struct tls_messages *messages, struct tls_message_fact *fact) {
    if (messages->update)
        fact->reason = messages->left != 1 ? RECORD_REASON_bad_key_update_length : fact->reason;
    else if (messages->left < TICKET_MIN)
        fact->reason = RECORD_REASON_bad_ticket;
    else if (messages->left > TLS_TICKET_MAX)
        fact->reason = RECORD_REASON_ticket_too_long;
    if (fact->reason != RECORD_REASON_none)
        fact->kind = TLS_MESSAGE_BAD;
}

static void read_header(struct tls_messages *messages, bool serves, unsigned char byte,
                        struct tls_message_fact *fact) {
    if (messages->have == 0) {
        begin(messages, serves, byte, fact);
        return;
    }
    messages->left = ((uint32_t)messages->left << 8 | byte) & 0xffffff;
    messages->have = (messages->have + 1) & 7;
    if (messages->have == HEADER_BYTES)
        check_length(messages, fact);
}

static void read_update(struct tls_messages *messages, unsigned char byte,
                        struct tls_message_fact *fact) {
    *messages = (struct tls_messages){0};
    fact->taken++;
    fact->kind = byte <= 1 ? TLS_MESSAGE_KEY_UPDATE : TLS_MESSAGE_BAD;
    fact->reason = byte <= 1 ? RECORD_REASON_none : RECORD_REASON_bad_key_update;
    fact->asked = byte == 1;
}

static void skip_ticket(struct tls_messages *messages, size_t length,
                        struct tls_message_fact *fact) {
    size_t skipped = messages->left < length ? messages->left : length;
    messages->left = (messages->left - (uint32_t)skipped) & 0xffffff;
    fact->taken += skipped;
    if (messages->left > 0)
        return;
    *messages = (struct tls_messages){0};
    fact->kind = TLS_MESSAGE_TICKET;
}

void tls_messages_read(struct tls_messages *messages, bool serves, const unsigned char *bytes,
                       size_t length, struct tls_message_fact *fact) {
    *fact = (struct tls_message_fact){.kind = TLS_MESSAGE_MORE};
    while (messages->have < HEADER_BYTES && fact->taken < length && fact->kind != TLS_MESSAGE_BAD)
        read_header(messages, serves, bytes[fact->taken++], fact);
    if (fact->taken == length || fact->kind == TLS_MESSAGE_BAD)
        return;
    if (messages->update)
        read_update(messages, bytes[fact->taken], fact);
    else
        skip_ticket(messages, length - fact->taken, fact);
}
