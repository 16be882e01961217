/* A transport: what stands between a socket and its protocol. None (NULL) is plain TCP. Records in,
 * plain bytes out, and the way back; no descriptor, no clock, no memory of its own. */
#ifndef WIRE_TRANSPORT_H
#define WIRE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/handshake_reason.h"
#include "base/record_reason.h"
#include "base/tls_peer.h"
#include "wire/exchange.h"

enum transport_kind {
    TRANSPORT_MORE,    /* all bytes taken; a record may be cut */
    TRANSPORT_DATA,    /* plain holds, and may be empty */
    TRANSPORT_CONTROL, /* a record of the transport's own business, which it has done */
    TRANSPORT_CLOSED,  /* the peer sends no more, and says so; what follows is passed over */
    TRANSPORT_ALERT,   /* the peer gives the connection up: alert. Nothing more can be read */
    TRANSPORT_BROKEN,  /* not a record as agreed: reason. Nothing more can be read */
    TRANSPORT_UP,      /* the handshake is done: resumed */
    TRANSPORT_FAILED   /* it failed: failure, and alert when the peer sent one */
};

struct transport_fact {
    enum transport_kind kind;
    enum record_reason reason;     /* of BROKEN */
    enum handshake_reason failure; /* of FAILED */
    bool resumed;                  /* of UP */
    uint8_t alert; /* of ALERT, FAILED: the peer's, 0: none. of BROKEN: what end() is to tell it */
    uint8_t level; /* of ALERT */
    uint8_t key_updates;         /* of CONTROL: the peer changed its key */
    uint16_t tickets;            /* of CONTROL: that were complete in this record */
    size_t taken;                /* of the bytes that were fed; the rest is fed again */
    struct exchange_bytes plain; /* in place or in the fragment, until the next call */
};

/* Of all connections of a process, so far. */
struct transport_counts {
    uint64_t tickets;
    uint64_t tickets_not_kept; /* though they were wanted: there was no room */
    uint64_t key_updates_in;
    uint64_t key_updates_out;
    uint64_t resumptions_refused; /* full handshakes of a client that asked to resume */
    /* Full handshakes that showed another certificate than the first one, and those that showed
     * the first one again after that. */
    uint64_t other_certificates, first_certificate_again;
    const struct tls_peer *before, *other; /* the first certificate, and the first other one; NULL:
                                            * there was none */
};

/* What a connection lends for a call. */
struct transport_conn {
    void *shared;   /* the transport's own */
    void *state;    /* state_bytes, for eight bytes aligned, zero-filled for a new connection */
    void *fragment; /* fragment_bytes, the connection's own while a record is cut */
    bool cut;       /* in: the fragment holds the beginning of a record. out: it does */
};

/* One for each transport; constant while there are connections. */
struct transport {
    const char *name;
    void *shared; /* of all connections of this process; NULL: nothing */
    size_t state_bytes;
    size_t fragment_bytes;
    size_t end_bytes; /* the most that end() writes; 0: there is nothing to be said */
    /* The most that so many bytes are when they are sealed, with what is owed before them. */
    size_t (*sealed_bytes)(size_t length);
    /* The first fact of bytes, of which there is one at least; they may be changed. */
    void (*open)(struct transport_conn *conn, char *bytes, size_t length,
                 struct transport_fact *fact);
    /* Writes the bytes as records, behind what is owed to the peer; how long these are. */
    size_t (*seal)(void *shared, void *state, const void *bytes, size_t length, char *out);
    /* Writes what the peer is told before the connection ends: that nothing follows (0), or an
     * alert. Once; nothing is sealed behind it. How long it is; 0: it was told already. */
    size_t (*end)(void *shared, void *state, uint8_t alert, char *out);
    /* New keys of our own in front of what is sealed next, and the peer is asked for its own. NULL:
     * there are none. */
    void (*rekey)(void *shared, void *state);

    /* ---- The handshake; all of it NULL: there is none, a connection is up at once ---- */

    /* Whether one more may begin: their number is bounded. */
    bool (*has_room)(const void *shared);
    /* Begins one in a zero-filled state, before TCP is up; slot: which of the places for
     * connections it takes. False when there is no memory. */
    bool (*begin)(void *shared, void *state, uint32_t slot);
    /* Takes what is to be sent, and is no answer to seal(): how long it is; 0: nothing is. While
     * anything is, nothing may be sealed. */
    size_t (*take_owed)(void *shared, void *state, char *out, size_t room);
    /* The connection has ended: gives back what the state holds. */
    void (*release)(void *shared, void *state);
    void (*count)(const void *shared, struct transport_counts *out);
    /* Why the latest handshake failed, in words. */
    const char *(*explain)(const void *shared);
};

#endif
