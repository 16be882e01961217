/* The memo: the last answer that came whole, since one with the same bytes says the same. */
#ifndef HTTP_MEMO_H
#define HTTP_MEMO_H

#include <stdbool.h>
#include <stddef.h>

#include "http/response.h"

/* What a reader makes of an answer depends on its bytes and on whether the request was HEAD, on
 * nothing else: so a memo is for one request. Zero-filled it is empty. */
enum { MEMO_BYTES = 2048 };
struct memo {
    size_t length;
    struct response_facts facts;
    char bytes[MEMO_BYTES];
};

/* The facts of an answer that these bytes are, whole and with nothing behind it; NULL: they must be
 * read. */
const struct response_facts *memo_find(const struct memo *memo, const char *bytes, size_t length);

/* Keeps an answer that was read from these bytes in one piece, and ended with the last of them; one
 * that is too long is not kept. */
void memo_keep(struct memo *memo, const char *bytes, size_t length,
               const struct response_facts *facts);

#endif
