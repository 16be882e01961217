/* The request reader of the target gives the same facts whole and cut, takes no byte that was not
 * there, and looks at none behind the request. */
#include <stdbool.h>

#include "cut.h"
#include "http/inbound.h"

/* What one reading came to. */
struct reading {
    struct inbound inbound;
    enum inbound_result result;
    size_t taken;
};

static enum inbound_result feed_copy(struct inbound *inbound, const uint8_t *bytes, size_t length,
                                     size_t *taken) {
    uint8_t *copy = cut_copy(bytes, length);
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
        size_t left = cut_piece(&seed, length - reading->taken), taken = SIZE_MAX;
        reading->result = feed_copy(&places[place], bytes + reading->taken, left, &taken);
        require(taken <= left && (reading->result != INBOUND_MORE || taken == left));
        reading->taken += taken;
        places[!place] = places[place];
        memset(&places[place], 0xa5, sizeof places[place]);
        place = !place;
    }
    reading->inbound = places[place];
}

static void check_same(const struct reading *a, const struct reading *b) {
    const struct inbound_facts *x = &a->inbound.facts, *y = &b->inbound.facts;
    require(a->result == b->result && a->inbound.started == b->inbound.started);
    if (a->result == INBOUND_BAD) {
        require(x->refusal == y->refusal);
        return;
    }
    require(a->taken == b->taken && x->body_bytes == y->body_bytes && x->refusal == 0);
    require(x->minor == y->minor && x->head == y->head && x->keep_alive == y->keep_alive);
    require(x->expects == y->expects && strcmp(x->path, y->path) == 0);
}

static void check_sense(const struct reading *reading) {
    const struct inbound_facts *facts = &reading->inbound.facts;
    require(facts->body_bytes <= reading->taken && facts->minor <= 9);
    require(strlen(facts->path) <= INBOUND_PATH_MAX);
    if (reading->result == INBOUND_BAD)
        require(facts->refusal >= 400 && facts->refusal <= 505);
    if (reading->result == INBOUND_COMPLETE)
        require(facts->minor <= 1 && reading->inbound.started);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { PREFIX = 2 }; /* the seed of the cuts */
    if (size <= PREFIX)
        return 0;
    uint32_t seed = cut_seed(data);
    struct reading whole, cut;
    read_stream(&whole, 0, data + PREFIX, size - PREFIX);
    read_stream(&cut, seed, data + PREFIX, size - PREFIX);
    check_sense(&whole);
    check_same(&whole, &cut);
    return 0;
}
