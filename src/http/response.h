/* The response reader: bytes in, facts out, the same whatever way the bytes were cut. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"

enum { RESPONSE_HEAD_MAX = 64 * 1024, RESPONSE_INTERIM_MAX = 16 };

/* What a complete final answer said. */
struct response_facts {
    uint16_t status;     /* 100..999 */
    uint8_t minor;       /* HTTP/1.minor */
    uint8_t interim;     /* interim (1xx) answers before it */
    bool announced_end;  /* Connection: close, HTTP/1.0, body read until close: never reuse */
    uint64_t body_bytes; /* of the body, transfer coding taken off */
    int32_t keep_alive_timeout_s; /* Keep-Alive: timeout=; -1 when absent */
    int32_t keep_alive_max;       /* Keep-Alive: max=; -1 when absent */
};

/* Header values kept for the preflight: cut at their size, always terminated, "" when absent. */
struct response_headers {
    char server[128];
    char keep_alive[128];
};

/* A reader of one answer. May be copied by assignment between calls (an idle connection owns none;
 * one is leased only while an answer is in pieces). */
struct response {
    llhttp_t parser;
    struct response_facts facts;
    struct response_headers *keep; /* NULL: values are not kept */
    uint32_t head_bytes;           /* of the current head */
    uint16_t name_matched;         /* internal: how much of a header name matched so far */
    uint8_t name_which;            /* internal */
    uint8_t value_state;           /* internal: Keep-Alive value scanner */
    int32_t value_number;          /* internal */
    bool head;                     /* the request was HEAD */
    bool started;                  /* a byte other than leading CR and LF has come */
    bool in_head;
    bool complete;
    enum reason reason;
};

enum response_result {
    RESPONSE_MORE,     /* all bytes taken, the answer is not complete */
    RESPONSE_COMPLETE, /* facts hold; *taken says where the answer ended */
    RESPONSE_BAD,      /* reason says why; at the first byte that proves it */
};

/* Ready for a new answer to a request that was HEAD or not. keep may be NULL. */
void response_begin(struct response *response, bool head, struct response_headers *keep);

/* Feeds bytes; *taken is how many belong to this answer: bytes behind a complete answer are not
 * looked at. Not to be called again after COMPLETE or BAD before response_begin(). */
enum response_result response_feed(struct response *response, const void *bytes, size_t length,
                                   size_t *taken);

/* The peer has ended its side: COMPLETE when that ends the answer's body (RFC 9112 6.3, item 8),
 * else MORE: the answer is cut short (or never began: see started). */
enum response_result response_finish(struct response *response);

/* Bytes that came while no request was outstanding. CR and LF alone are skipped; "HTTP/1.x 408"
 * followed by a space, CR or LF is a 408 nobody asked for; anything else is unsolicited, at the
 * first byte that proves it. progress is a byte of state that starts at 0 and is carried over. */
enum unasked { UNASKED_NOTHING, UNASKED_MORE, UNASKED_408, UNASKED_UNSOLICITED };
enum unasked response_unasked(uint8_t *progress, const void *bytes, size_t length);

#endif
