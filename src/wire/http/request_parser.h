/* The request reader of a server: bytes in, facts out, the same whatever way the bytes were cut. */
#ifndef WIRE_HTTP_REQUEST_PARSER_H
#define WIRE_HTTP_REQUEST_PARSER_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/exchange.h"
#include "wire/http/field_list.h"
#include "wire/http/token.h"

enum { REQUEST_PARSER_HEAD_MAX = 64 * 1024 };

/* Bits of exchange_request.kind: what the answer has to know. */
enum {
    REQUEST_PARSER_TO_HEAD = 1, /* the method was HEAD: an answer has no body */
    REQUEST_PARSER_TO_OLD = 2   /* of HTTP/1.0: that the connection stays open must be announced */
};

/* A reader of one request. May be copied by assignment between calls; the fields below `head_done`
 * are its own business. */
struct request_parser {
    struct exchange_request request; /* keep_alive: RFC 9112 9.3; path: up to '?' */
    uint16_t refusal; /* of a request that is REQUEST_PARSER_BAD: the status to answer, else 0 */
    bool expects;     /* Expect: 100-continue (RFC 9110 10.1.1): known when the head is there */
    bool started;     /* a byte other than leading CR and LF has come */
    bool head_done;   /* the body follows */

    llhttp_t parser;
    uint32_t head_bytes;
    uint8_t path_length;
    bool path_over; /* '?' came, or more than fits */
    bool complete;
    uint8_t at;           /* where in the head the next byte stands */
    uint8_t matched;      /* how much of the version has come */
    uint8_t field;        /* the header whose value is being read */
    uint8_t hosts;        /* Host headers so far: none, one, more */
    bool malformed;       /* a line began with white space, or its end was not CR LF */
    bool carriage_return; /* the latest byte was one */
    bool bad_host;        /* Host holds what no host does */
    bool asterisk;        /* the target begins with '*' */
    bool has_coding;      /* Transfer-Encoding was seen */
    bool chunked;         /* its last coding so far is chunked */
    struct token name;
    struct field_list list;
};

enum request_parser_result {
    REQUEST_PARSER_MORE,     /* all bytes taken, the request is not complete */
    REQUEST_PARSER_COMPLETE, /* request holds; *taken says where the request ended */
    REQUEST_PARSER_BAD,      /* refusal holds; the connection cannot be read any further */
};

void request_parser_begin(struct request_parser *inbound);

/* Feeds bytes; *taken is how many belong to this request: bytes behind a complete one are not
 * looked at. Not to be called again after COMPLETE or BAD before request_parser_begin(). A minor
 * version above 1 is read as 1. Refused: what is not HTTP/1.x (505), a head above
 * REQUEST_PARSER_HEAD_MAX (431), anything llhttp finds malformed, conflicting length headers among
 * it, folded header lines, a Transfer-Encoding under HTTP/1.0 or whose last coding is not chunked,
 * a Host that is no host, HTTP/1.1 without exactly one, and '*' of anything but OPTIONS (400). */
enum request_parser_result request_parser_feed(struct request_parser *inbound, const void *bytes,
                                               size_t length, size_t *taken);

#endif
