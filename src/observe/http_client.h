/* An http_client: one request at a time on one connection of its own, never blocking. Of
 * several addresses it connects to the first that accepts, and a request that a reused connection
 * ended under is asked again on a new one (RFC 9112 9.3.1). */
#ifndef OBSERVE_HTTP_CLIENT_H
#define OBSERVE_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/instant.h"
#include "net/net.h"
#include "sock/sock.h"
#include "stats/record.h"
#include "wire/exchange.h"
#include "wire/requests.h"

struct transport;

enum { HTTP_CLIENT_ERROR_MAX = 160 };

enum http_client_state {
    HTTP_CLIENT_IDLE, /* nothing asked; a kept connection may be open */
    HTTP_CLIENT_CONNECTING,
    HTTP_CLIENT_WAITING,
    HTTP_CLIENT_ANSWERED, /* facts and kept hold until the next ask */
    HTTP_CLIENT_FAILED,   /* error says why */
};

/* Opaque to its users but for what they may read. */
struct http_client {
    enum http_client_state state;
    enum record_after_answer after;
    instant after_at; /* when that came */
    struct exchange_answer facts;
    struct exchange_kept kept;
    char error[HTTP_CLIENT_ERROR_MAX]; /* "connection refused", "no answer within 3s", ... */
    int error_number;                  /* errno of a failed ask, else 0 */
    bool connected;                    /* the latest ask got as far as an open connection */
    instant asked_at, ended_at;
    /* So far: requests sent, and of these those whose answer began; connections that were up, and
     * of these those that brought a byte of an answer. Of the rest nobody here can know whether the
     * server counted them. */
    uint64_t sent, begun;
    uint64_t connections, connections_begun;
    /* internal */
    const struct transport *transport; /* NULL: plain TCP; another is set behind the init */
    struct sock_set socks;             /* of one */
    struct sock sock;
    const struct address *addresses;
    size_t address_count;
    size_t address_at;     /* the one that is, or was last, connected to */
    size_t tried;          /* of them, by the present ask */
    struct address source; /* length 0: the kernel's choice */
    const struct request *request;
    bool answer_begun;             /* a byte of the answer to the latest request has come */
    struct exchange_answer so_far; /* of that answer, while it is not complete */
    duration connect_timeout, timeout;
    uint64_t body_max;
    instant deadline;
    uint8_t operation;
    int send_error; /* errno of the request's send, else 0 */
    bool closing;
    bool securing;         /* TCP is up: the transport's handshake is not done, or not sent whole */
    bool secured;          /* of securing: it is done */
    bool reused;           /* the connection has answered before */
    bool connection_begun; /* it is counted in connections_begun */
    bool reconnect_pending; /* a new connection is to be made once the former is given back */
    uint32_t word;          /* the exchange's, see struct exchange_conn */
    uint32_t reader_link;
    _Alignas(max_align_t) char readers[2][EXCHANGE_READER_MAX];
};

/* It must not move from here on. operation: the tag's operation byte that marks this http_client's
 * events. addresses: one or more, in the order in which they are tried; they stay the caller's and
 * unchanged. connect_timeout is of all of them together. request: baked by that exchange; NULL: to
 * be connected, and secured where the transport is, is all that is asked (state ANSWERED, then the
 * connection is closed). */
void http_client_init(struct http_client *http_client, struct net *net, uint8_t operation,
                      const struct address *addresses, size_t address_count,
                      const struct exchange *exchange, const struct request *request,
                      duration connect_timeout, duration timeout);

/* From which local address it connects. */
void http_client_from(struct http_client *http_client, const struct address *source);

/* An answer with a longer body has failed as soon as that shows. */
void http_client_limit_body(struct http_client *http_client, uint64_t bytes);

/* The address that is, or was last, connected to. */
const struct address *http_client_address(const struct http_client *http_client);

/* Asks once: on the kept connection when it is still usable, else on a new one. Not to be called
 * while one is on its way. What fails at once, before any event, has failed when it returns: no
 * event comes then. */
void http_client_ask(struct http_client *http_client, instant now);

/* Steps with one of its events (tag operation equal to its own). */
void http_client_event(struct http_client *http_client, const struct net_event *event, instant now);

/* Fails what is overdue; returns when it wants to be called next (INSTANT_NEVER: not). */
instant http_client_tick(struct http_client *http_client, instant now);

/* Ends the connection, by RST: an observer leaves no TIME_WAIT in a port range that the load may
 * need to the last one. Events may still come until http_client_quiet(). */
void http_client_close(struct http_client *http_client);
bool http_client_quiet(const struct http_client *http_client);

#endif
