/* The request reader of a server: bytes in, facts out, the same whatever way the bytes were cut. */
#ifndef HTTP_INBOUND_H
#define HTTP_INBOUND_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/word.h"

enum { INBOUND_HEAD_MAX = 64 * 1024, INBOUND_PATH_MAX = 31 };

/* What a complete request said. */
struct inbound_facts {
    uint64_t body_bytes; /* transfer coding taken off; the bytes themselves are not kept */
    uint16_t refusal;    /* of a request that is INBOUND_BAD: the status to answer, else 0 */
    uint8_t minor;       /* HTTP/1.minor */
    bool head;           /* the method was HEAD: an answer has no body */
    bool keep_alive;     /* the client may send another request (RFC 9112 9.3) */
    bool expects;        /* Expect: 100-continue (RFC 9110 10.1.1): known when the head is there */
    char path[INBOUND_PATH_MAX + 1]; /* up to '?'; "" when it is longer, or no path */
};

/* A reader of one request. May be copied by assignment between calls; the fields below `started`
 * are its own business. */
struct inbound {
    struct inbound_facts facts;
    bool started;   /* a byte other than leading CR and LF has come */
    bool head_done; /* the body follows */

    llhttp_t parser;
    uint32_t head_bytes;
    uint8_t path_length;
    bool path_over; /* '?' came, or more than fits */
    bool complete;
    bool expect;   /* the header being read is Expect */
    uint8_t hosts; /* Host headers so far: none, one, more */
    struct word name, value;
};

enum inbound_result {
    INBOUND_MORE,     /* all bytes taken, the request is not complete */
    INBOUND_COMPLETE, /* facts hold; *taken says where the request ended */
    INBOUND_BAD,      /* facts.refusal holds; the connection cannot be read any further */
};

void inbound_begin(struct inbound *inbound);

/* Feeds bytes; *taken is how many belong to this request: bytes behind a complete one are not
 * looked at. Not to be called again after COMPLETE or BAD before inbound_begin(). Refused: what is
 * not HTTP/1.0 or 1.1 (505), a head above INBOUND_HEAD_MAX (431), anything llhttp finds malformed,
 * conflicting length headers among it, and HTTP/1.1 without exactly one Host (400). */
enum inbound_result inbound_feed(struct inbound *inbound, const void *bytes, size_t length,
                                 size_t *taken);

#endif
