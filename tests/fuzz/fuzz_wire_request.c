/* The request reader of a server gives the same facts whole and cut, takes no byte that was not
 * there, and looks at none behind the request. */
#include <stdbool.h>

#include "cut.h"
#include "wire/http/http_exchange.h"
#include "wire/http/http_server.h"

/* What one reading came to. */
struct reading {
    enum exchange_kind kind;
    uint16_t status;
    struct exchange_request request;
    size_t taken;
    bool begun;
    uint32_t replies;
};

/* The reader moves between calls, as a leased one does. */
static void read_stream(struct reading *reading, uint32_t seed, const uint8_t *bytes,
                        size_t length) {
    struct http_server_reader places[2];
    int place = 0;
    *reading = (struct reading){.kind = EXCHANGE_MORE};
    while (reading->kind == EXCHANGE_MORE && reading->taken < length) {
        size_t left = cut_piece(&seed, length - reading->taken);
        struct exchange_conn conn = {.reader = &places[place], .begun = reading->begun};
        struct exchange_fact fact;
        uint8_t *copy = cut_copy(bytes + reading->taken, left);
        http_exchange.read_request(&conn, (const char *)copy, left, &fact);
        free(copy);
        require(fact.taken > 0 && fact.taken <= left);
        require(conn.begun || !reading->begun || fact.kind == EXCHANGE_REQUEST ||
                fact.kind == EXCHANGE_BAD);
        reading->taken += fact.taken;
        reading->begun = conn.begun;
        reading->status = fact.status;
        reading->kind = fact.kind;
        if (fact.kind == EXCHANGE_REQUEST)
            reading->request = *fact.request;
        if (fact.kind == EXCHANGE_REPLY || fact.kind == EXCHANGE_MORE)
            require(fact.taken == left);
        if (fact.kind == EXCHANGE_REPLY) {
            reading->replies++;
            reading->kind = EXCHANGE_MORE;
        }
        places[!place] = places[place];
        memset(&places[place], 0xa5, sizeof places[place]);
        place = !place;
    }
}

static void check_same(const struct reading *a, const struct reading *b) {
    const struct exchange_request *x = &a->request, *y = &b->request;
    require(a->kind == b->kind && a->status == b->status && a->begun == b->begun);
    if (a->kind == EXCHANGE_BAD)
        return;
    require(a->taken == b->taken && x->body_bytes == y->body_bytes && x->kind == y->kind);
    require(x->keep_alive == y->keep_alive && strcmp(x->path, y->path) == 0);
}

static void check_sense(const struct reading *reading) {
    const struct exchange_request *request = &reading->request;
    require(request->body_bytes <= reading->taken && reading->replies <= 1);
    require(strlen(request->path) <= EXCHANGE_PATH_MAX);
    require(request->kind <= (REQUEST_PARSER_TO_HEAD | REQUEST_PARSER_TO_OLD));
    if (reading->kind == EXCHANGE_BAD)
        require(reading->status >= 400 && reading->status <= 505);
    else
        require(reading->status == 0);
    require(!reading->begun || reading->kind == EXCHANGE_MORE);
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
    check_sense(&cut);
    check_same(&whole, &cut);
    return 0;
}
