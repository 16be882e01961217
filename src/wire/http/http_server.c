/* Turns what the request reader found into facts of an exchange. */
#include "wire/http/http_server.h"

#include <string.h>

static void begin(struct http_server_reader *reader) {
    request_parser_begin(&reader->parser);
    reader->continued = false;
}

/* RFC 9110 10.1.1: the client waits with the body for a 100 (Continue). */
static void read_more(struct http_server_reader *reader, struct exchange_fact *fact) {
    if (!reader->parser.head_done || !reader->parser.expects || reader->continued)
        return;
    reader->continued = true;
    fact->kind = EXCHANGE_REPLY;
    fact->reply = (struct exchange_bytes){answer_continue, strlen(answer_continue)};
}

void http_server_read(struct exchange_conn *conn, const char *bytes, size_t length,
                      struct exchange_fact *fact) {
    struct http_server_reader *reader = conn->reader;
    if (!conn->begun)
        begin(reader);
    *fact = (struct exchange_fact){.kind = EXCHANGE_MORE};
    switch (request_parser_feed(&reader->parser, bytes, length, &fact->taken)) {
    case REQUEST_PARSER_MORE: read_more(reader, fact); break;
    case REQUEST_PARSER_COMPLETE:
        fact->kind = EXCHANGE_REQUEST;
        fact->request = &reader->parser.request;
        break;
    case REQUEST_PARSER_BAD:
        fact->kind = EXCHANGE_BAD;
        fact->status = reader->parser.refusal;
        fact->taken = length;
        break;
    }
    bool whole = fact->kind == EXCHANGE_REQUEST || fact->kind == EXCHANGE_BAD;
    conn->begun = !whole && reader->parser.started;
}

size_t http_server_compose(const struct exchange_reply *reply, void *shared, char *buffer,
                           struct exchange_bytes *rest) {
    struct http_server_shared *own = shared;
    answer_date_set(&own->date, reply->second);
    return answer_compose(reply, &own->date, buffer, rest);
}
