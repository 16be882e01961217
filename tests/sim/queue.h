/* The future of the simulated world: happenings, the earliest first, shuffled where they coincide.
 */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a piece of bytes means to the one who reads it to its end. */
enum mark {
    MARK_PIECE,  /* of an answer, not its end */
    MARK_WHOLE,  /* the end of an answer after which the connection stays */
    MARK_LAST,   /* the end of an answer that announced the connection's end */
    MARK_TO_EOF, /* of an answer whose body the FIN ends */
    MARK_NOISE,  /* no HTTP at all */
    MARK_408,    /* a whole 408 Request Timeout that closes */
    MARK_BLANK,  /* CR LF alone */
    /* Of records: */
    MARK_HIDDEN, /* nothing to the protocol: a ticket, a part of a record */
    MARK_UP,     /* the end of what makes the connection live */
    MARK_NOTIFY, /* nothing follows */
    MARK_ALERT,
    MARK_BROKEN, /* no record as agreed */
};

struct piece {
    const char *bytes;
    uint32_t length;
    enum mark mark;
};

enum kind {
    PEER_BYTES, /* at the socket, whether anybody asks or not */
    PEER_FIN,
    PEER_RST,
    PEER_ERROR,     /* result: a fault that the network reported */
    POLICY_TIMER,   /* of a policy's server, for one connection; version: as there */
    POLICY_HALT,    /* and for all of them; result: which step of it */
    RING_CONNECTED, /* completions */
    RING_READY,
    RING_SENT,
};

struct happening {
    int64_t at_ns;
    uint64_t shuffle; /* random: decides between happenings of one instant */
    uint64_t serial;  /* of the socket it is for */
    uint64_t version; /* RING_CONNECTED: void when the socket's is another by then */
    struct piece piece;
    int fd;
    int result;
    enum kind kind;
};

struct queue {
    struct happening *items;
    size_t count, capacity;
};

void queue_push(struct queue *queue, const struct happening *happening);
/* NULL when nothing is to come. */
const struct happening *queue_first(const struct queue *queue);
struct happening queue_pop(struct queue *queue);
void queue_free(struct queue *queue);

#endif
