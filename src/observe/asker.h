/* An asker: one HTTP request at a time on one connection of its own, never blocking. */
#ifndef OBSERVE_ASKER_H
#define OBSERVE_ASKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/instant.h"
#include "http/request.h"
#include "http/response.h"
#include "net/net.h"

enum { ASKER_ERROR_MAX = 160 };

enum asker_state {
    ASKER_IDLE, /* nothing asked; a kept connection may be open */
    ASKER_CONNECTING,
    ASKER_WAITING,
    ASKER_ANSWERED, /* facts and kept hold until the next ask */
    ASKER_FAILED,   /* error says why */
};

/* Opaque to its users but for what they may read. */
struct asker {
    enum asker_state state;
    struct response_facts facts;
    struct response_headers kept;
    char error[ASKER_ERROR_MAX]; /* "connection refused", "no answer within 3s", ... */
    int error_number;            /* errno of a failed connect, else 0 */
    bool connected;              /* the latest ask got as far as an open connection */
    instant asked_at, ended_at;
    uint64_t connections; /* opened so far */
    /* internal */
    struct net *net;
    struct address address;
    struct address source; /* length 0: the kernel's choice */
    const struct request *request;
    struct response response;
    duration connect_timeout, timeout;
    instant deadline;
    int fd;
    uint32_t generation;
    uint8_t operation;
    uint32_t owned; /* what the kernel still owns of fd */
    int send_error; /* errno of the request's send, else 0 */
    bool closing;
};

/* operation: the tag's operation byte that marks this asker's events. request NULL: to be connected
 * is all that is asked (state ANSWERED, then the connection is closed). */
void asker_init(struct asker *asker, struct net *net, uint8_t operation,
                const struct address *address, const struct request *request,
                duration connect_timeout, duration timeout);

/* From which local address it connects. */
void asker_from(struct asker *asker, const struct address *source);

/* Asks once: on the kept connection when it is still usable, else on a new one. Not to be called
 * while one is on its way. */
void asker_ask(struct asker *asker, instant now);

/* Steps with one of its events (tag operation equal to its own). */
void asker_event(struct asker *asker, const struct net_event *event, instant now);

/* Fails what is overdue; returns when it wants to be called next (INSTANT_NEVER: not). */
instant asker_tick(struct asker *asker, instant now);

/* Ends the connection, by RST: an observer leaves no TIME_WAIT in a port range that the load may
 * need to the last one. Events may still come until asker_quiet(). */
void asker_close(struct asker *asker);
bool asker_quiet(const struct asker *asker);

#endif
