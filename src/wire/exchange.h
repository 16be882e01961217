/* An exchange: one protocol as the fleet, the observers and the target speak it. Bytes in, facts
 * out; no descriptor, no clock, no memory of its own. */
#ifndef WIRE_EXCHANGE_H
#define WIRE_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"

struct options;
struct request; /* wire/requests.h */
struct requests;
struct url;

enum {
    EXCHANGE_WORD_BITS = 17,   /* what a protocol keeps of an idle connection */
    EXCHANGE_READER_MAX = 512, /* bytes of a reader, so that its user may embed one */
    EXCHANGE_PATH_MAX = 31
};

/* ---- Facts ---- */

enum exchange_kind {
    EXCHANGE_MORE,        /* all bytes taken, nothing is complete */
    EXCHANGE_ANSWER,      /* client: complete; the connection stays */
    EXCHANGE_LAST_ANSWER, /* client: complete, and the connection is not to be used again */
    EXCHANGE_REQUEST,     /* server: complete */
    EXCHANGE_REPLY,       /* server: bytes are owed to the peer before anything else */
    EXCHANGE_UNSOLICITED, /* client: bytes no request asked for */
    EXCHANGE_IDLE_END,    /* client: the peer ends an idle connection, and says so (HTTP 408) */
    EXCHANGE_BAD,         /* not the protocol as agreed: nothing more can be read */
};

/* What a complete answer said; a protocol without one of these leaves 0, or -1. */
struct exchange_answer {
    uint16_t status;     /* 100..999 */
    uint8_t minor;       /* HTTP/1.minor */
    uint8_t interim;     /* interim (1xx) answers before it */
    bool announced_end;  /* the connection is not to be used again */
    bool idle_end;       /* may be about the idle connection and not the request (HTTP 408) */
    bool has_head;       /* what stands before the body has come whole, of one that is no interim */
    bool has_length;     /* body_length was said */
    uint64_t body_bytes; /* of the body, transfer coding taken off */
    uint64_t body_length;         /* that it is to have */
    int32_t keep_alive_timeout_s; /* -1: absent */
    int32_t keep_alive_max;       /* -1: absent */
};

/* What a complete request said. */
struct exchange_request {
    uint64_t body_bytes;              /* transfer coding taken off; the bytes are not kept */
    bool keep_alive;                  /* the client may send another one */
    uint16_t kind;                    /* the protocol's own: for the reply to it */
    char path[EXCHANGE_PATH_MAX + 1]; /* without a query; "" when it is longer, or there is none */
};

struct exchange_bytes {
    const void *bytes;
    size_t length;
};

/* Of its pointers the one that belongs to the kind holds, until the next call. */
struct exchange_fact {
    enum exchange_kind kind;
    enum reason reason; /* of BAD in a client, and of UNSOLICITED while an answer is awaited */
    uint16_t status;    /* of BAD in a server: the status of the reply to it */
    size_t taken;       /* of the bytes that were fed; the rest is fed again */
    union {
        const struct exchange_answer *answer; /* of MORE: as far as it has come, NULL while none is
                                               * awaited */
        const struct exchange_request *request;
        struct exchange_bytes reply; /* copied by whoever sends it */
    };
};

/* ---- What a connection lends to the protocol for a call ---- */

/* What is kept of an answer for the preflight and the observers: values are cut at their size,
 * always terminated, "" when absent. */
struct exchange_kept {
    char server[128];
    char keep_alive[128];
    char via[128];
    size_t body_length;
    char body[2048]; /* the payload's first bytes, not terminated */
};

struct exchange_conn {
    /* The worker's: shared_bytes or server_shared_bytes, zero-filled at first. A client of a single
     * connection lends none. */
    void *shared;
    void *reader;  /* reader_bytes or server_reader_bytes: the connection's own when begun */
    bool begun;    /* in: the reader holds something in pieces. out: it does, and is to be kept */
    uint32_t word; /* in and out: what stays with an idle connection, 0 for a new one */
    const struct request *outstanding; /* in a client: what is to be answered; NULL: nothing */
    struct exchange_kept *keep;        /* NULL: nothing is kept */
};

/* Bytes of an idle connection that belong to no answer so far. */
enum exchange_residue {
    EXCHANGE_CLEAN,
    EXCHANGE_HALF, /* of what may stand between answers */
    EXCHANGE_BEGUN /* of what no request asked for */
};

/* ---- What a server replies ---- */

/* A protocol passes over what it has no word for. */
struct exchange_reply {
    uint16_t status;
    uint16_t kind;  /* of the request */
    bool announces; /* the connection ends behind it */
    bool cut;       /* half of it goes out */
    bool delayed;   /* delay_ms is named */
    bool limited;   /* more_answers is named */
    uint32_t delay_ms;
    uint32_t timeout_s;         /* how long the connection may idle; 0: not named */
    uint64_t more_answers;      /* on this connection */
    int64_t second;             /* since 1970, the date of the reply */
    const char *type;           /* media type of the body */
    struct exchange_bytes body; /* lives until the last of it was sent */
};

/* ---- The protocol ---- */

/* A constant table, one for each protocol. A member that may be NULL says what that means. */
struct exchange {
    const char *name; /* "HTTP/1.1" */

    /* Client. */
    size_t reader_bytes; /* EXCHANGE_READER_MAX at most; copied freely between calls */
    size_t shared_bytes;
    /* All requests of a run; false when there is no memory; requests_free() in every case. */
    bool (*bake)(struct requests *out, const struct options *options, const struct url *target);
    /* The first fact of bytes, of which there is one at least. */
    void (*read)(struct exchange_conn *conn, const char *bytes, size_t length,
                 struct exchange_fact *fact);
    /* The peer's FIN behind all bytes of an answer that has begun: LAST_ANSWER when it completes
     * that, else MORE. NULL: it completes none. */
    void (*finish)(struct exchange_conn *conn, struct exchange_fact *fact);
    /* A byte of the answer in the reader has come. NULL: one has when it holds anything. */
    bool (*answer_begun)(const void *reader);
    /* Of a word that is not 0. NULL: the word says nothing of that. */
    enum exchange_residue (*residue)(uint32_t word);

    /* Server; read_request NULL: the target does not speak it. */
    size_t server_reader_bytes;
    size_t server_shared_bytes;
    size_t reply_bytes; /* of the buffer of compose() */
    void (*read_request)(struct exchange_conn *conn, const char *bytes, size_t length,
                         struct exchange_fact *fact);
    /* Writes the reply to the buffer and returns its length; *rest: what follows, of the body. */
    size_t (*compose)(const struct exchange_reply *reply, void *shared, char *buffer,
                      struct exchange_bytes *rest);
};

static inline bool exchange_answer_begun(const struct exchange *exchange, const void *reader) {
    return exchange->answer_begun == NULL || exchange->answer_begun(reader);
}

static inline enum exchange_residue exchange_residue(const struct exchange *exchange,
                                                     uint32_t word) {
    return word == 0 || exchange->residue == NULL ? EXCHANGE_CLEAN : exchange->residue(word);
}

#endif
