/* Keeps bytes in the order in which they are to go. */
#include "target/held.h"

#include <stdlib.h>
#include <string.h>

#include "base/minmax.h"
#include "base/require.h"

bool held_append(struct held **held, const void *bytes, size_t length) {
    struct held *old = *held;
    size_t before = old != NULL ? old->length : 0;
    require(old == NULL || old->rest_length == 0);
    struct held *grown = realloc(old, sizeof *grown + before + length);
    if (grown == NULL)
        return false;
    if (old == NULL)
        *grown = (struct held){.length = 0};
    memcpy(grown->bytes + before, bytes, length);
    grown->length = before + length;
    *held = grown;
    return true;
}

int held_pieces(struct held *held, size_t most, struct iovec pieces[static 2]) {
    int count = 0;
    size_t first = min_size(held->length - held->at, most);
    size_t second = min_size(held->rest_length, most - first);
    if (first > 0)
        pieces[count++] = (struct iovec){held->bytes + held->at, first};
    if (second > 0)
        pieces[count++] = (struct iovec){(void *)held->rest, second};
    return count;
}

bool held_advance(struct held *held, size_t count) {
    size_t first = min_size(held->length - held->at, count);
    held->at += first;
    if (count > first) {
        held->rest += count - first;
        held->rest_length -= count - first;
    }
    return held->at == held->length && held->rest_length == 0;
}
