/* A socket as the fleet, the observers' client and the target use one: what the kernel owns of it,
 * facts pulled out of it, and its end in three steps: shut down, wait until the kernel owns
 * nothing, close. */
#ifndef SOCK_SOCK_H
#define SOCK_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/slots.h"
#include "net/net.h"
#include "wire/exchange.h"
#include "wire/transport.h"

enum { SOCK_GENERATION_MASK = 0xffffff };

/* What the kernel owns: completions that are outstanding. */
enum {
    SOCK_ARMED = 1,       /* of readiness */
    SOCK_CONNECTING = 2,  /* of the connect */
    SOCK_SENDING = 4,     /* of an owned send */
    SOCK_ARMED_OUTPUT = 8 /* of room to send: sock_serve.h */
};

/* 12 bytes of a connection. Written here alone. */
struct sock {
    int32_t fd;               /* -1: none */
    uint32_t generation : 24; /* tells a completion of a former connection from one of this */
    uint32_t owned : 8;
    uint32_t lease; /* its reader while something is in pieces, else SLOT_NONE */
};

struct sock_transport; /* sock_transport.h */

/* What sockets of one user share; it must not move. */
struct sock_set {
    struct net *net;
    const struct exchange *exchange;
    struct sock_transport *transport; /* NULL: plain TCP */
    bool serves;   /* it speaks the server's half of the exchange, else the client's */
    void *shared;  /* the exchange's; may be NULL, see struct exchange_conn */
    char *readers; /* one for each socket: leased while something is in pieces */
    struct slots reader_slots;
    void *reader;  /* for what comes whole */
    char *scratch; /* what is read goes here */
    size_t scratch_bytes;
};

/* A socket without a descriptor. */
struct sock sock_none(uint32_t generation);

/* Opens it and prepares its connect, and begins the handshake where there is one; 0 or -errno:
 * nothing is open. target stays unchanged until the
 * connect's event. */
int sock_connect(struct sock_set *set, struct sock *sock, const struct address *source,
                 const struct address *target, uint64_t tag);

/* Prepares a readiness event, unless one is outstanding. */
void sock_arm(struct sock_set *set, struct sock *sock, uint64_t tag);

/* Prepares a send of shared bytes, which is owned when there is a transport: they are sealed. At
 * most one owned send is under way. */
void sock_send_shared(struct sock_set *set, struct sock *sock, const void *bytes, size_t length,
                      uint64_t tag);
void sock_send_owned(struct sock_set *set, struct sock *sock, const void *bytes, size_t length,
                     uint64_t tag);

/* Between TCP and the first request there is a handshake: until SOCK_UP nothing but sock_flush()
 * sends. */
bool sock_has_handshake(const struct sock_set *set);
/* Whether one more connection may be begun: handshakes under way are bounded. */
bool sock_has_room(const struct sock_set *set);
/* Prepares an owned send of what the handshake wants sent, unless one is under way. */
void sock_flush(struct sock_set *set, struct sock *sock, uint64_t tag);
/* Why the latest handshake failed, in words. */
const char *sock_explain(const struct sock_set *set);

static inline bool sock_is_sending(const struct sock *sock) {
    return (sock->owned & SOCK_SENDING) != 0;
}

/* The event of a send of so many bytes came with that result; true when all of them went out. */
bool sock_sent(struct sock_set *set, struct sock *sock, size_t length, int result);

/* A completion came: the kernel lets go of that. */
static inline void sock_done(struct sock *sock, unsigned what) {
    sock->owned &= (uint8_t)~what;
}

/* The kernel owns nothing of it. */
static inline bool sock_is_quiet(const struct sock *sock) {
    return sock->owned == 0;
}

/* The first step of the end, by RST or by FIN, before which the peer is told where a transport has
 * words for that; true when the kernel owns nothing of it already. What is quiet gets its FIN when
 * it is closed. */
bool sock_shut_down(struct sock_set *set, struct sock *sock, bool by_reset);

/* The last: gives the descriptor and the reader back. It must be quiet. */
void sock_release(struct sock_set *set, struct sock *sock);

void sock_return_reader(struct sock_set *set, struct sock *sock);

/* A byte of the answer that is in pieces has come; false when none is. */
bool sock_answer_begun(const struct sock_set *set, const struct sock *sock);

/* ---- Pulling facts ---- */

/* How far one event's reading goes; behind the first three, its own business. */
struct sock_reading {
    int reads;   /* at most, so that an endless body starves nobody */
    size_t most; /* it ends when more than this has come */
    bool all;    /* something behind the bytes is known to wait (HUP, RDHUP or ERR), so that a short
                  * read is not the end */
    const char *at; /* plain bytes that are not used yet */
    size_t left;
    char *sealed; /* records that are not opened yet */
    size_t sealed_left;
    bool over;
};

enum sock_kind {
    SOCK_BYTES,  /* were read: length; what they say follows */
    SOCK_RECORD, /* was opened: its bytes are left in the reading */
    SOCK_FACT,   /* exchange holds */
    SOCK_FIN,    /* behind all bytes; exchange says whether it completes the outstanding answer */
    SOCK_ERROR,  /* error: errno */
    SOCK_UP,     /* the transport's handshake is done: resumed */
    SOCK_FAILED, /* it failed: failure, and the peer's alert when it sent one */
    SOCK_ALERT,  /* the peer gives the connection up: alert */
    SOCK_BROKEN  /* what came is no record of the transport: reason */
};

struct sock_fact {
    enum sock_kind kind;
    int error;
    bool told; /* of FIN: by the transport; over a transport, a FIN alone may have cut the bytes */
    bool resumed;
    uint8_t alert;
    enum handshake_reason failure;
    enum record_reason reason;
    size_t length;
    struct exchange_fact exchange;
};

/* The next fact that is there without waiting; false when there is none. The caller lends word,
 * outstanding and keep as they are now, and stores the word; once it uses the socket no longer, it
 * does not call again. */
bool sock_next(struct sock_set *set, struct sock *sock, struct exchange_conn *lent,
               struct sock_reading *reading, struct sock_fact *fact);

/* How the socket ends, when that is there without waiting; what the protocol says before it is
 * passed over. */
bool sock_next_end(struct sock_set *set, struct sock *sock, struct sock_reading *reading,
                   struct sock_fact *fact);

#endif
