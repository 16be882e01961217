/* What the files of the service share: its struct, and the way down from the service to one of its
 * connections and from there to the answer. */
#ifndef TARGET_SERVICE_PRIVATE_H
#define TARGET_SERVICE_PRIVATE_H

#include "base/random.h"
#include "base/slots.h"
#include "target/gate.h"
#include "target/pages.h"
#include "target/peer.h"
#include "target/service.h"
#include "wire/exchange.h"

/* Operations of tags. */
enum { SERVICE_READY, SERVICE_WRITABLE, SERVICE_LISTEN, SERVICE_STOP };

enum { SERVICE_SCRATCH = 64 * 1024 };

struct service {
    struct service_parts parts;
    const struct exchange *exchange;
    struct counters *counters;
    struct wheel *wheel;
    struct peer *peers;
    uint32_t *links;
    struct slots slots;
    struct sock_set socks;
    uint32_t *reader_links;
    char *buffer; /* a reply, as the exchange composes it */
    uint32_t capacity;
    instant now;
    int64_t second; /* since 1970 */
    struct gate gate;
    struct random random;
    bool stopping;
    instant stop_by;
    char scratch[SERVICE_SCRATCH];
    char page[PAGES_BYTES];
};

/* service_peer.c: a connection that was accepted, its readiness (for input or output), its timer,
 * and the end of all. */
void service_open(struct service *service, int fd);
void service_ready(struct service *service, struct peer *peer, bool output);
void service_timer(struct service *service, struct peer *peer);
void service_stop(struct service *service, struct peer *peer);

/* service_answer.c: what becomes of a request, or of what is none, written into the peer: the event
 * that follows. */
enum peer_event service_take(struct service *service, struct peer *peer,
                             const struct exchange_request *request);
enum peer_event service_refuse(struct peer *peer, uint16_t status);
/* The answer that the peer's fields describe, in service->buffer: its length, and what follows. */
size_t service_compose(struct service *service, const struct peer *peer,
                       struct exchange_bytes *rest);
/* Of the rules of this kind, the first that holds for the connection; or PEER_NO_FAULT. */
uint8_t service_rule(const struct service *service, const struct peer *peer, enum fault_kind kind);
/* The rule at work in what the target does is counted. */
void service_count_fired(struct service *service, uint8_t fault);

#endif
