/* Handshake messages that may come once the handshake is done (RFC 8446 4.6): tickets, which are
 * skipped whatever their pieces, and key updates. */
#ifndef WIRE_TLS_TLS_MESSAGES_H
#define WIRE_TLS_TLS_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record_reason.h"

enum { TLS_TICKET_MAX = 65535 }; /* of a NewSessionTicket, its header not counted */

/* Where in a message a connection stands; all zero: between two. */
struct tls_messages {
    uint32_t left : 24;  /* of its body; its length while the header is read */
    uint32_t have : 4;   /* bytes of the header, of four */
    uint32_t update : 1; /* it is a KeyUpdate, else a ticket */
};

enum tls_message_kind {
    TLS_MESSAGE_MORE, /* all bytes taken */
    TLS_MESSAGE_TICKET,
    TLS_MESSAGE_KEY_UPDATE,
    TLS_MESSAGE_BAD /* nothing more can be read */
};

struct tls_message_fact {
    enum tls_message_kind kind;
    enum record_reason reason; /* of BAD */
    bool asked;                /* of KEY_UPDATE: for one in return */
    size_t taken;
};

static inline bool tls_messages_begun(const struct tls_messages *messages) {
    return messages->have > 0;
}

/* The first fact of bytes, of which there is one at least. serves: they come from a client, which
 * has no tickets to give. */
void tls_messages_read(struct tls_messages *messages, bool serves, const unsigned char *bytes,
                       size_t length, struct tls_message_fact *fact);

#endif
