/* The cache: the last answer that came whole, since one with the same bytes says the same. */
#ifndef WIRE_HTTP_RESPONSE_CACHE_H
#define WIRE_HTTP_RESPONSE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/http/response.h"

/* What a reader makes of an answer depends on its bytes and on whether the request was HEAD, on
 * nothing else: so a cache is for one request. Zero-filled it is empty. */
enum { RESPONSE_CACHE_BYTES = 2048 };
struct response_cache {
    size_t length;
    struct exchange_answer facts;
    char bytes[RESPONSE_CACHE_BYTES];
};

/* The facts of an answer that these bytes are, whole and with nothing behind it; NULL: they must be
 * read. */
const struct exchange_answer *response_cache_find(const struct response_cache *cache,
                                                  const char *bytes, size_t length);

/* Keeps an answer that was read from these bytes in one piece, and ended with the last of them; one
 * that is too long is not kept. */
void response_cache_keep(struct response_cache *cache, const char *bytes, size_t length,
                         const struct exchange_answer *facts);

#endif
