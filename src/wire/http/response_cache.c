/* The cache: one comparison in place of reading what was read a moment ago. */
#include "wire/http/response_cache.h"

#include <string.h>

const struct exchange_answer *response_cache_find(const struct response_cache *cache,
                                                  const char *bytes, size_t length) {
    bool same = length == cache->length && length > 0 && memcmp(bytes, cache->bytes, length) == 0;
    return same ? &cache->facts : NULL;
}

void response_cache_keep(struct response_cache *cache, const char *bytes, size_t length,
                         const struct exchange_answer *facts) {
    if (length > RESPONSE_CACHE_BYTES)
        return;
    cache->length = length;
    cache->facts = *facts;
    memcpy(cache->bytes, bytes, length);
}
