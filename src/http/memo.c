/* The memo: one comparison in place of reading what was read a moment ago. */
#include "http/memo.h"

#include <string.h>

const struct response_facts *memo_find(const struct memo *memo, const char *bytes, size_t length) {
    bool same = length == memo->length && length > 0 && memcmp(bytes, memo->bytes, length) == 0;
    return same ? &memo->facts : NULL;
}

void memo_keep(struct memo *memo, const char *bytes, size_t length,
               const struct response_facts *facts) {
    if (length > MEMO_BYTES)
        return;
    memo->length = length;
    memo->facts = *facts;
    memcpy(memo->bytes, bytes, length);
}
