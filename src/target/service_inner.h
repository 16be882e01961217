/* What the files of the service share: its struct, and who carries out which part of a step. */
#ifndef TARGET_SERVICE_INNER_H
#define TARGET_SERVICE_INNER_H

#include "base/random.h"
#include "base/slots.h"
#include "http/inbound.h"
#include "target/answer.h"
#include "target/pages.h"
#include "target/peer.h"
#include "target/service.h"

/* Operations of tags. */
enum { SERVICE_READY, SERVICE_WRITABLE, SERVICE_LISTEN, SERVICE_STOP };

enum {
    SERVICE_SCRATCH = 64 * 1024,
    SERVICE_UNREAD_MAX = 64 * 1024, /* pipelined bytes kept for one connection */
    SERVICE_ACCEPTS_AT_ONCE = 64,
};

/* The gate at which connections are accepted. */
struct gate {
    bool armed;
    duration interval; /* between two accepts; 0: as they come */
    instant next;      /* not before: by the rate, or after a failure */
};

struct service {
    struct service_parts parts;
    struct counters *counters;
    struct wheel *wheel;
    struct peer *peers;
    uint32_t *links;
    struct slots slots;
    struct inbound *readers; /* leased while a request is in pieces */
    uint32_t *reader_links;
    struct slots reader_slots;
    struct inbound reader; /* for a request that comes whole */
    uint32_t capacity;
    instant now;
    struct gate gate;
    struct random random;
    struct answer_date date;
    bool stopping;
    instant stop_by;
    char scratch[SERVICE_SCRATCH];
    char buffer[ANSWER_BUFFER];
    char page[PAGES_BYTES];
};

/* Bytes held for a connection, on the heap: rare, for a short time. */
struct held {
    size_t at, length;
    const char *rest; /* of a body, behind the bytes */
    size_t rest_length;
    char bytes[];
};

/* Steps the connection, and carries out what is to be done. */
void service_befall(struct service *service, struct peer *peer, enum peer_stimulus stimulus);

/* After an event: goes on with bytes that waited, and arms what is to be waited for. */
void service_settle(struct service *service, struct peer *peer);

/* ECONNRESET and EPIPE are the client's RST. */
enum peer_stimulus service_errno(int error);

void service_arm_timer(struct service *service, struct peer *peer, duration from_now);

/* service_read.c: what the socket has, according to the state; and bytes that waited. */
void service_read(struct service *service, struct peer *peer);
void service_read_held(struct service *service, struct peer *peer);
void service_return_reader(struct service *service, struct peer *peer);

/* service_answer.c: the answer that peer's fields describe; and the rest of one. */
void service_answer(struct service *service, struct peer *peer);
void service_send_more(struct service *service, struct peer *peer);

/* service_accept.c */
void service_accept(struct service *service);
void service_open_gate(struct service *service); /* arms it when it may be */
instant service_next_accept(const struct service *service);

#endif
