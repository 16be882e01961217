/* The response reader gives the same facts whole and cut, takes no byte that was not there, and
 * looks at none behind the answer; so does the matcher of bytes nobody asked for. */
#include <stdbool.h>

#include "cut.h"
#include "wire/http/response.h"

/* What one reading came to. */
struct reading {
    struct response response;
    struct exchange_kept headers;
    enum response_result result;
    enum response_result on_fin;
    size_t taken;
};

static enum response_result feed_copy(struct response *response, const uint8_t *bytes,
                                      size_t length, size_t *taken) {
    uint8_t *copy = cut_copy(bytes, length);
    enum response_result result = response_feed(response, copy, length, taken);
    free(copy);
    return result;
}

static void read_stream(struct reading *reading, bool head, uint32_t seed, const uint8_t *bytes,
                        size_t length) {
    struct response places[2];
    int place = 0;
    response_begin(&places[0], head, &reading->headers);
    reading->result = RESPONSE_MORE;
    reading->taken = 0;
    while (reading->result == RESPONSE_MORE && reading->taken < length) {
        size_t left = cut_piece(&seed, length - reading->taken), taken = SIZE_MAX;
        reading->result = feed_copy(&places[place], bytes + reading->taken, left, &taken);
        require(taken <= left && (reading->result != RESPONSE_MORE || taken == left));
        reading->taken += taken;
        places[!place] = places[place];
        memset(&places[place], 0xa5, sizeof places[place]);
        place = !place;
    }
    reading->response = places[place];
    reading->on_fin =
        reading->result == RESPONSE_BAD ? RESPONSE_BAD : response_finish(&reading->response);
}

static void check_same(const struct reading *a, const struct reading *b) {
    const struct exchange_answer *x = &a->response.facts, *y = &b->response.facts;
    require(a->result == b->result && a->on_fin == b->on_fin && a->taken == b->taken);
    require(a->response.reason == b->response.reason && a->response.started == b->response.started);
    require(x->interim == y->interim && x->body_bytes == y->body_bytes && x->status == y->status);
    require(x->minor == y->minor && x->announced_end == y->announced_end);
    require(x->keep_alive_timeout_s == y->keep_alive_timeout_s);
    require(x->keep_alive_max == y->keep_alive_max);
    require(strcmp(a->headers.server, b->headers.server) == 0);
    require(strcmp(a->headers.keep_alive, b->headers.keep_alive) == 0);
}

static void check_sense(const struct reading *reading) {
    const struct exchange_answer *facts = &reading->response.facts;
    require(facts->interim <= RESPONSE_INTERIM_MAX && facts->body_bytes <= reading->taken);
    require(facts->keep_alive_timeout_s >= -1 && facts->keep_alive_max >= -1);
    require((reading->result == RESPONSE_BAD) == (reading->response.reason != REASON_none));
    /* The scanner leaves nothing else to llhttp. */
    require(reading->response.reason != REASON_other);
    if (reading->on_fin == RESPONSE_COMPLETE)
        require(facts->status >= 200 && facts->status <= 999 && facts->minor <= 9);
    if (reading->on_fin == RESPONSE_COMPLETE && reading->result == RESPONSE_MORE)
        require(facts->announced_end);
    if (reading->response.head)
        require(facts->body_bytes == 0);
}

/* One byte less, and a complete or bad answer is neither. */
static void check_last_byte(const struct reading *whole, const uint8_t *bytes) {
    if (whole->result == RESPONSE_MORE)
        return;
    require(whole->taken > 0);
    struct reading shorter, exact;
    read_stream(&shorter, whole->response.head, 0, bytes, whole->taken - 1);
    require(shorter.result == RESPONSE_MORE);
    read_stream(&exact, whole->response.head, 0, bytes, whole->taken);
    check_same(whole, &exact);
}

static enum response_unsolicited_kind read_unsolicited(uint32_t seed, const uint8_t *bytes,
                                                       size_t length) {
    uint32_t progress = 0;
    enum response_unsolicited_kind unsolicited = UNSOLICITED_NOTHING;
    for (size_t at = 0, left; at < length && unsolicited <= UNSOLICITED_MORE; at += left) {
        left = cut_piece(&seed, length - at);
        unsolicited = response_unsolicited(&progress, bytes + at, left);
    }
    return unsolicited;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { PREFIX = 3 }; /* whether HEAD, and the seed of the cuts */
    if (size <= PREFIX)
        return 0;
    bool head = (data[0] & 1) != 0;
    uint32_t seed = cut_seed(data + 1);
    const uint8_t *bytes = data + PREFIX;
    size_t length = size - PREFIX;
    struct reading whole, cut;
    read_stream(&whole, head, 0, bytes, length);
    read_stream(&cut, head, seed, bytes, length);
    check_sense(&whole);
    check_same(&whole, &cut);
    check_last_byte(&whole, bytes);
    require(read_unsolicited(0, bytes, length) == read_unsolicited(seed, bytes, length));
    return 0;
}
