/* The response reader: bytes in, facts out, the same whatever way the bytes were cut. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "http/keep_alive.h"
#include "http/word.h"

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

/* What is kept for the preflight and the observers; header values are cut at their size, always
 * terminated, "" when absent. */
struct response_headers {
    char server[128];
    char keep_alive[128];
    size_t body_length;
    char body[2048]; /* the payload's first bytes, not terminated */
};

/* A reader of one answer. May be copied by assignment between calls (an idle connection owns none;
 * one is leased only while an answer is in pieces). The fields below `reason` are its own business.
 */
struct response {
    struct response_facts facts;
    bool head;    /* the request was HEAD */
    bool started; /* a byte other than leading CR and LF has come */
    bool complete;
    enum reason reason;

    llhttp_t parser; /* frames the body; sees only lines that were found well formed */
    struct response_headers *keep; /* NULL: values are not kept */
    char *keeping;                 /* where in keep the value being read goes, NULL: nowhere */
    struct keep_alive keep_alive;
    uint32_t head_bytes; /* of the current head, chunk line or trailer section */
    struct word name;    /* of the header line being read */
    uint8_t field;       /* the header whose value is being read */
    uint8_t at;          /* where in the answer the next byte stands */
    uint8_t matched;     /* how much of the version or status has come */
    uint8_t kept;        /* bytes of the value that were kept */
    bool blank;          /* the value has nothing but white space so far */
    bool has_length;     /* Content-Length was seen */
    bool has_coding;     /* Transfer-Encoding was seen */
    bool trailer;        /* the lines are of a trailer section */
    bool until_close;    /* the body ends with the connection */
};

enum response_result {
    RESPONSE_MORE,     /* all bytes taken, the answer is not complete */
    RESPONSE_COMPLETE, /* facts hold; *taken says where the answer ended */
    RESPONSE_BAD,      /* reason says why; *taken includes the first byte that proves it */
};

/* Ready for a new answer to a request that was HEAD or not. keep may be NULL. */
void response_begin(struct response *response, bool head, struct response_headers *keep);

/* Feeds bytes; *taken is how many belong to this answer: bytes behind a complete answer are not
 * looked at. Not to be called again after COMPLETE or BAD before response_begin(). Stricter than
 * RFC 9112 asks of a client in two places: a line ends with CR LF, never LF alone (2.2), and a
 * folded header line is malformed (5.2). */
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
