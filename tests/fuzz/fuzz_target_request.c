/* The request reader of the target gives the same facts whole and cut, takes no byte that was not
 * there, and looks at none behind the request. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/inbound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* What one reading came to. */
struct reading {
    struct inbound inbound;
    enum inbound_result result;
    size_t taken;
};

/* The next piece of a stream that is cut by a seed: mostly short, sometimes all. 0: never cut. */
static size_t piece(uint32_t *seed, size_t left) {
    if (*seed == 0)
        return left;
    *seed = *seed * 1664525 + 1013904223;
    uint32_t choice = *seed >> 24;
    size_t length = choice < 128 ? 1 : choice < 224 ? choice % 16 + 1 : choice % 4096 + 1;
    return length < left ? length : left;
}

/* An exact copy on the heap, so that a sanitizer sees a byte too far and a pointer kept. */
static enum inbound_result feed_copy(struct inbound *inbound, const uint8_t *bytes, size_t length,
                                     size_t *taken) {
    uint8_t *copy = malloc(length);
    must(copy != NULL);
    memcpy(copy, bytes, length);
    enum inbound_result result = inbound_feed(inbound, copy, length, taken);
    free(copy);
    return result;
}

/* The reader moves between feeds, as a leased one does. */
static void read_stream(struct reading *reading, uint32_t seed, const uint8_t *bytes,
                        size_t length) {
    struct inbound places[2];
    int place = 0;
    inbound_begin(&places[0]);
    reading->result = INBOUND_MORE;
    reading->taken = 0;
    while (reading->result == INBOUND_MORE && reading->taken < length) {
        size_t left = piece(&seed, length - reading->taken), taken = SIZE_MAX;
        reading->result = feed_copy(&places[place], bytes + reading->taken, left, &taken);
        must(taken <= left && (reading->result != INBOUND_MORE || taken == left));
        reading->taken += taken;
        places[!place] = places[place];
        memset(&places[place], 0xa5, sizeof places[place]);
        place = !place;
    }
    reading->inbound = places[place];
}

static void must_agree(const struct reading *a, const struct reading *b) {
    const struct inbound_facts *x = &a->inbound.facts, *y = &b->inbound.facts;
    must(a->result == b->result && a->inbound.started == b->inbound.started);
    if (a->result == INBOUND_BAD) {
        must(x->refusal == y->refusal);
        return;
    }
    must(a->taken == b->taken && x->body_bytes == y->body_bytes && x->refusal == 0);
    must(x->minor == y->minor && x->head == y->head && x->keep_alive == y->keep_alive);
    must(x->expects == y->expects && strcmp(x->path, y->path) == 0);
}

static void must_make_sense(const struct reading *reading) {
    const struct inbound_facts *facts = &reading->inbound.facts;
    must(facts->body_bytes <= reading->taken && facts->minor <= 9);
    must(strlen(facts->path) <= INBOUND_PATH_MAX);
    if (reading->result == INBOUND_BAD)
        must(facts->refusal >= 400 && facts->refusal <= 505);
    if (reading->result == INBOUND_COMPLETE)
        must(facts->minor <= 1 && reading->inbound.started);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { PREFIX = 2 }; /* the seed of the cuts */
    if (size <= PREFIX)
        return 0;
    uint32_t seed = 1u + data[0] + 256u * data[1];
    struct reading whole, cut;
    read_stream(&whole, 0, data + PREFIX, size - PREFIX);
    read_stream(&cut, seed, data + PREFIX, size - PREFIX);
    must_make_sense(&whole);
    must_agree(&whole, &cut);
    return 0;
}
