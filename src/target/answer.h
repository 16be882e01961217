/* Answers: the bytes of a response, put together from pieces that are made once. */
#ifndef TARGET_ANSWER_H
#define TARGET_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/settings.h"

enum {
    ANSWER_HEAD_MAX = 512,
    ANSWER_SMALL_MAX = 16 * 1024, /* a body up to this goes out behind its head, as one piece */
    ANSWER_BUFFER = ANSWER_HEAD_MAX + ANSWER_SMALL_MAX
};

/* What is to be said. */
struct answer_facts {
    uint16_t status;
    bool head;      /* no body, but its length */
    bool old;       /* to HTTP/1.0: that it stays open must be said */
    bool announces; /* Connection: close */
    bool cut;       /* half of it */
    bool delayed;
    uint32_t delay_ms;     /* named in a delay header, in seconds */
    uint32_t timeout_s;    /* Keep-Alive: timeout=; 0: not said */
    uint64_t more_answers; /* Keep-Alive: max=, when limited */
    bool limited;
    const char *type; /* Content-Type */
    const char *body; /* lives until the last of it was sent */
    uint32_t body_length;
};

/* The Date header (RFC 9110 6.6.1), made anew once a second. */
struct answer_date {
    int64_t second; /* since 1970; 0: none yet */
    char text[40];  /* "Date: Thu, 26 Nov 2026 00:00:00 GMT\r\n" */
};
void answer_date_set(struct answer_date *date, int64_t second);

/* Bytes to send: first `length` of the buffer, then `rest_length` of rest. */
struct answer {
    size_t length, rest_length;
    const char *rest;
};
struct answer answer_compose(const struct answer_facts *facts, const struct answer_date *date,
                             char buffer[static ANSWER_BUFFER]);

extern const char answer_continue[]; /* HTTP/1.1 100 Continue */

#endif
