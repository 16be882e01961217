/* The HTTP response parser (status line, header, chunked or counted body): bytes in, facts out, the
 * same whatever way the bytes were cut. */
#ifndef WIRE_HTTP_RESPONSE_H
#define WIRE_HTTP_RESPONSE_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "wire/exchange.h"
#include "wire/http/field_list.h"
#include "wire/http/keep_alive.h"
#include "wire/http/token.h"

enum {
    RESPONSE_HEAD_MAX = 64 * 1024,
    RESPONSE_BLANK_MAX = 64 * 1024, /* bytes of empty lines in a row */
    RESPONSE_INTERIM_MAX = 16
};

/* A reader of one answer. May be copied by assignment between calls (an idle connection owns none;
 * one is leased only while an answer is in pieces). The fields below `reason` are its own business.
 */
struct response {
    struct exchange_answer
        facts;    /* announced_end: Connection: close, HTTP/1.0, body read until close */
    bool head;    /* the request was HEAD */
    bool upgrade; /* the request asked for an Upgrade: set behind response_begin() */
    bool started; /* a byte other than leading CR and LF has come */
    bool complete;
    enum reason reason;

    llhttp_t parser;            /* frames the body; sees only lines that were found well formed */
    struct exchange_kept *keep; /* NULL: values are not kept */
    char *keeping;              /* where in keep the value being read goes, NULL: nowhere */
    struct keep_alive keep_alive;
    uint32_t head_bytes;    /* of the current empty lines, head, chunk line or trailers */
    struct token name;      /* of the header line being read */
    uint8_t field;          /* the header whose value is being read */
    uint8_t at;             /* where in the answer the next byte stands */
    uint8_t matched;        /* how much of the version or status has come */
    uint8_t kept;           /* bytes of the value that were kept */
    bool blank;             /* the value has nothing but white space so far */
    struct field_list list; /* of the value being read */
    uint64_t length;        /* of Content-Length */
    uint64_t number;        /* of it, being read */
    uint8_t number_at;      /* whether digits of it have come, or white space behind them */
    uint8_t coding;         /* the last coding so far */
    bool close, persist;    /* options of Connection */
    bool has_length;        /* Content-Length was read */
    bool has_coding;        /* Transfer-Encoding was seen */
    bool trailer;           /* the lines are of a trailer section */
    bool until_close;       /* the body ends with the connection */
};

enum response_result {
    RESPONSE_MORE,     /* all bytes taken, the answer is not complete */
    RESPONSE_COMPLETE, /* facts hold; *taken says where the answer ended */
    RESPONSE_BAD,      /* reason says why; *taken includes the first byte that proves it */
};

/* Ready for a new answer to a request that was HEAD or not. keep may be NULL. */
void response_begin(struct response *response, bool head, struct exchange_kept *keep);

/* The answer follows what response_unsolicited() has taken so far, which is a row of empty lines,
 * whole or half. */
void response_follow(struct response *response, uint32_t unsolicited);

/* Feeds bytes; *taken is how many belong to this answer: bytes behind a complete answer are not
 * looked at. Not to be called again after COMPLETE or BAD before response_begin(). Where it is
 * stricter than RFC 9112 asks of a client, and where more lenient: tests/cases/README.md. */
enum response_result response_feed(struct response *response, const void *bytes, size_t length,
                                   size_t *taken);

/* The peer has ended its side: COMPLETE when that ends the answer's body (RFC 9112 6.3, item 8),
 * else MORE: the answer is cut short (or never began: see started). */
enum response_result response_finish(struct response *response);

/* Bytes that came while no request was outstanding. Whole CR LFs alone are skipped (RFC 9112 9.2),
 * RESPONSE_BLANK_MAX bytes of them in a row; "HTTP/1.x 408" followed by a space, CR or LF is a 408
 * nobody asked for; anything else is unsolicited, at the first byte that proves it. MORE: something
 * has begun that may still be either. progress is state that starts at 0 and is carried over; it
 * fits into 20 bits. */
enum response_unsolicited_kind {
    UNSOLICITED_NOTHING,
    UNSOLICITED_MORE,
    UNSOLICITED_408,
    UNSOLICITED_BYTES
};
enum response_unsolicited_kind response_unsolicited(uint32_t *progress, const void *bytes,
                                                    size_t length);

/* A CR has come and its LF not yet. */
static inline bool response_unsolicited_half(uint32_t progress) {
    return progress < RESPONSE_BLANK_MAX && progress % 2 == 1;
}

/* Bytes have come that are neither whole empty lines nor half of one. */
static inline bool response_unsolicited_begun(uint32_t progress) {
    return progress > RESPONSE_BLANK_MAX;
}

#endif
