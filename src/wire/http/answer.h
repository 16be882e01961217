/* Answers: the bytes of a response, put together from pieces that are made once. */
#ifndef WIRE_HTTP_ANSWER_H
#define WIRE_HTTP_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "wire/exchange.h"

enum {
    ANSWER_HEAD_MAX = 512,
    ANSWER_SMALL_MAX = 16 * 1024, /* a body up to this goes out behind its head, as one piece */
    ANSWER_BUFFER = ANSWER_HEAD_MAX + ANSWER_SMALL_MAX
};

/* The Date header (RFC 9110 6.6.1), made anew once a second. */
struct answer_date {
    int64_t second; /* since 1970; 0: none yet */
    char text[40];  /* "Date: Thu, 26 Nov 2026 00:00:00 GMT\r\n" */
};
void answer_date_set(struct answer_date *date, int64_t second);

/* Writes the answer to the buffer, and returns its length; *rest: what of the body follows, which
 * is not copied. */
size_t answer_compose(const struct exchange_reply *reply, const struct answer_date *date,
                      char buffer[static ANSWER_BUFFER], struct exchange_bytes *rest);

extern const char answer_continue[]; /* HTTP/1.1 100 Continue */

#endif
