/* A toy protocol: one line asked, one line answered. No file of src/ knows of it. */
#include <stdlib.h>
#include <string.h>

#include "wire/exchange.h"
#include "wire/requests.h"

enum { LINE_MAX_BYTES = 64 };

struct line {
    size_t length;
};

extern const struct exchange toy_exchange;

static bool bake(struct requests *out, const struct options *options, const struct url *target) {
    (void)options, (void)target;
    *out = (struct requests){.exchange = &toy_exchange,
                             .items = calloc(1, sizeof *out->items),
                             .ends = calloc(1, sizeof *out->ends)};
    if (out->items == NULL || out->ends == NULL)
        return false;
    out->items[0] = (struct request){.bytes = strdup("time?\n"), .length = 6};
    out->ends[0] = out->count = 1;
    return out->items[0].bytes != NULL;
}

static void read_line(struct exchange_conn *conn, const char *bytes, size_t length,
                      struct exchange_fact *fact, enum exchange_kind whole) {
    struct line *line = conn->reader;
    const char *end = memchr(bytes, '\n', length);
    if (!conn->begun)
        line->length = 0;
    fact->taken = end != NULL ? (size_t)(end - bytes) + 1 : length;
    line->length += fact->taken;
    bool bad = line->length > LINE_MAX_BYTES;
    fact->kind = bad ? EXCHANGE_BAD : end != NULL ? whole : EXCHANGE_MORE;
    fact->taken = bad ? length : fact->taken;
    conn->begun = fact->kind == EXCHANGE_MORE;
}

static void read_answer(struct exchange_conn *conn, const char *bytes, size_t length,
                        struct exchange_fact *fact) {
    static const struct exchange_answer answer = {.keep_alive_timeout_s = -1, .keep_alive_max = -1};
    *fact = (struct exchange_fact){.kind = EXCHANGE_UNSOLICITED, .taken = length};
    if (conn->outstanding == NULL)
        return;
    read_line(conn, bytes, length, fact, EXCHANGE_ANSWER);
    fact->reason = fact->kind == EXCHANGE_BAD ? REASON_other : REASON_none;
    fact->answer = &answer;
}

static void read_request(struct exchange_conn *conn, const char *bytes, size_t length,
                         struct exchange_fact *fact) {
    static const struct exchange_request request = {.keep_alive = true};
    *fact = (struct exchange_fact){.request = &request};
    read_line(conn, bytes, length, fact, EXCHANGE_REQUEST);
}

/* The body is the line. */
static size_t compose(const struct exchange_reply *reply, void *shared, char *buffer,
                      struct exchange_bytes *rest) {
    (void)shared, (void)buffer;
    *rest = reply->body;
    rest->length = reply->cut ? rest->length / 2 : rest->length;
    return 0;
}

const struct exchange toy_exchange = {.name = "toy",
                                      .reader_bytes = sizeof(struct line),
                                      .bake = bake,
                                      .read = read_answer,
                                      .server_reader_bytes = sizeof(struct line),
                                      .read_request = read_request,
                                      .compose = compose};
