/* HTTP/1 as an exchange: the client's half, over the response reader and its cache, and the table
 * of both halves. */
#include "wire/http/http_exchange.h"

#include <assert.h>

#include "wire/http/http_server.h"
#include "wire/http/request.h"
#include "wire/http/response.h"
#include "wire/http/response_cache.h"

/* Shared by the connections of a worker. */
struct http_shared {
    struct response_cache caches[2]; /* of the last answer that came whole, and of HEAD */
};

static_assert(sizeof(struct response) <= EXCHANGE_READER_MAX, "a user may embed a reader");

static bool bake(struct requests *out, const struct options *options, const struct url *target) {
    bool ok = request_bake_all(out, options, target);
    out->exchange = &http_exchange;
    return ok;
}

/* An answer whose headers are to be kept must be read. */
static struct response_cache *cache_of(const struct exchange_conn *conn) {
    struct http_shared *shared = conn->shared;
    bool head = (conn->outstanding->kind & REQUEST_HEAD) != 0;
    return shared != NULL && conn->keep == NULL ? &shared->caches[head] : NULL;
}

static void complete(const struct exchange_answer *facts, struct exchange_fact *fact) {
    fact->kind = facts->announced_end ? EXCHANGE_LAST_ANSWER : EXCHANGE_ANSWER;
    fact->answer = facts;
}

/* A 408 that crossed our request is of the idle connection (RFC 9110 15.5.9). */
static void complete_reader(struct response *reader, struct exchange_fact *fact) {
    reader->facts.idle_end = reader->facts.status == 408;
    complete(&reader->facts, fact);
}

static void feed(struct exchange_conn *conn, const char *bytes, size_t length,
                 struct exchange_fact *fact) {
    struct response *reader = conn->reader;
    enum response_result result = response_feed(reader, bytes, length, &fact->taken);
    conn->begun = result == RESPONSE_MORE;
    switch (result) {
    case RESPONSE_MORE:
        fact->kind = EXCHANGE_MORE;
        fact->answer = &reader->facts;
        break;
    case RESPONSE_BAD:
        fact->kind = EXCHANGE_BAD;
        fact->reason = reader->reason;
        break;
    case RESPONSE_COMPLETE: complete_reader(reader, fact); break;
    }
}

static void begin_reader(const struct exchange_conn *conn) {
    struct response *reader = conn->reader;
    uint32_t kind = conn->outstanding->kind;
    response_begin(reader, (kind & REQUEST_HEAD) != 0, conn->keep);
    reader->upgrade = (kind & REQUEST_UPGRADE) != 0;
    response_follow(reader, conn->word);
}

/* The first bytes of an answer. */
static void read_first(struct exchange_conn *conn, const char *bytes, size_t length,
                       struct exchange_fact *fact) {
    if (response_unsolicited_half(conn->word) && bytes[0] != '\n') {
        fact->kind = EXCHANGE_UNSOLICITED; /* a lone CR stood behind the last answer */
        fact->reason = REASON_bad_status_line;
        return;
    }
    struct response_cache *cache = cache_of(conn);
    const struct exchange_answer *known =
        cache != NULL ? response_cache_find(cache, bytes, length) : NULL;
    if (known != NULL) {
        conn->word = 0;
        complete(known, fact);
        return;
    }
    bool from_start = conn->word == 0; /* else an LF in front may end an empty line */
    begin_reader(conn);
    conn->word = 0;
    feed(conn, bytes, length, fact);
    bool whole = fact->kind == EXCHANGE_ANSWER || fact->kind == EXCHANGE_LAST_ANSWER;
    if (cache != NULL && from_start && whole && fact->taken == length)
        response_cache_keep(cache, bytes, length, fact->answer);
}

static void read_unsolicited(struct exchange_conn *conn, const char *bytes, size_t length,
                             struct exchange_fact *fact) {
    static const enum exchange_kind kinds[] = {[UNSOLICITED_NOTHING] = EXCHANGE_MORE,
                                               [UNSOLICITED_MORE] = EXCHANGE_MORE,
                                               [UNSOLICITED_408] = EXCHANGE_IDLE_END,
                                               [UNSOLICITED_BYTES] = EXCHANGE_UNSOLICITED};
    fact->kind = kinds[response_unsolicited(&conn->word, bytes, length)];
    fact->answer = NULL;
}

static void read_bytes(struct exchange_conn *conn, const char *bytes, size_t length,
                       struct exchange_fact *fact) {
    fact->reason = REASON_none;
    fact->taken = length;
    if (conn->outstanding == NULL)
        read_unsolicited(conn, bytes, length, fact);
    else if (conn->begun)
        feed(conn, bytes, length, fact);
    else
        read_first(conn, bytes, length, fact);
}

static void finish(struct exchange_conn *conn, struct exchange_fact *fact) {
    struct response *reader = conn->reader;
    *fact = (struct exchange_fact){.kind = EXCHANGE_MORE, .answer = &reader->facts};
    if (response_finish(reader) != RESPONSE_COMPLETE)
        return;
    conn->begun = false;
    complete_reader(reader, fact);
}

static bool answer_begun(const void *reader) {
    const struct response *response = reader;
    return response->started;
}

static enum exchange_residue residue(uint32_t word) {
    if (response_unsolicited_begun(word))
        return EXCHANGE_BEGUN;
    return response_unsolicited_half(word) ? EXCHANGE_HALF : EXCHANGE_CLEAN;
}

const struct exchange http_exchange = {
    .name = "HTTP/1.1",
    .reader_bytes = sizeof(struct response),
    .shared_bytes = sizeof(struct http_shared),
    .bake = bake,
    .read = read_bytes,
    .finish = finish,
    .answer_begun = answer_begun,
    .residue = residue,
    .server_reader_bytes = sizeof(struct http_server_reader),
    .server_shared_bytes = sizeof(struct http_server_shared),
    .reply_bytes = ANSWER_BUFFER,
    .read_request = http_server_read,
    .compose = http_server_compose,
};
