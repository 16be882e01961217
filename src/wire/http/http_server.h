/* The server's half of HTTP/1 as an exchange: requests read, answers composed. */
#ifndef WIRE_HTTP_HTTP_SERVER_H
#define WIRE_HTTP_HTTP_SERVER_H

#include "wire/exchange.h"
#include "wire/http/answer.h"
#include "wire/http/request_parser.h"

/* What exchange_conn.reader points to. */
struct http_server_reader {
    struct request_parser parser;
    bool continued; /* 100 Continue is sent for this request */
};

/* What exchange_conn.shared points to, and what compose() is given. */
struct http_server_shared {
    struct answer_date date;
};

/* As struct exchange wants them. The reply of read is 100 Continue (RFC 9110 10.1.1): once, when a
 * request that expects it has its head and not all of its body. */
void http_server_read(struct exchange_conn *conn, const char *bytes, size_t length,
                      struct exchange_fact *fact);
size_t http_server_compose(const struct exchange_reply *reply, void *shared, char *buffer,
                           struct exchange_bytes *rest);

#endif
