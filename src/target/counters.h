/* Counters: what the target did, in memory its workers share, each with a part of its own. */
#ifndef TARGET_COUNTERS_H
#define TARGET_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "target/settings.h"

enum counters_ending {
#define ENDING(name, by, help) ENDING_##name,
#include "target/endings.def"
#undef ENDING
    ENDINGS
};

enum counters_ending_by { ENDING_BY_CLIENT, ENDING_BY_TARGET, ENDING_BY_LIMIT };

const char *counters_ending_name(enum counters_ending ending);
enum counters_ending_by counters_ending_by(enum counters_ending ending);

enum counters_peer_state {
    PEER_VACANT,
    PEER_SECURING,  /* open; its TLS handshake is not done */
    PEER_READING,   /* open; waits for a request, or for the rest of one */
    PEER_DELAYING,  /* a request is there; its answer waits for its time */
    PEER_SENDING,   /* its answer is going out */
    PEER_STALLED,   /* open, and never answered again */
    PEER_LINGERING, /* its ending is counted and our FIN is out; waits for the client's */
    PEER_CLOSING,   /* its ending is counted; the kernel may still own something of it */
    PEER_STATES
};

typedef _Atomic uint64_t counter;

enum { COUNTERS_STATUSES = 600 };

/* One writer: its worker. Anybody may read. */
struct counters {
    counter accepted;
    counter accept_failures;     /* no descriptor or no memory for a waiting connection */
    counter requests;            /* read whole, pages included, as nginx counts */
    counter pages;               /* of these: for /_target/ */
    counter request_body_bytes;  /* read, counted and thrown away */
    counter bytes_in, bytes_out; /* of the sockets */
    counter states[PEER_STATES]; /* connections in each state now, VACANT not kept */
    counter in_pieces;           /* of those that read: in the middle of a request */
    counter endings[ENDINGS];
    counter statuses[COUNTERS_STATUSES]; /* of answers that went out whole */
    counter handshakes_full, handshakes_resumed;
    counter tickets; /* sent */
    counter key_updates_in, key_updates_out;
    counter fault_connections[TARGET_FAULTS_MAX]; /* that the rule holds for */
    counter fault_fired[TARGET_FAULTS_MAX];       /* endings it made; answers it changed */
};

/* All that is shared. Order of connections: as accepted, and as they first asked. */
struct counters_shared {
    counter accept_order, request_order;
    struct counters workers[];
};

/* A plain addition: nobody else writes. */
static inline void counter_add(counter *count, uint64_t more) {
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

static inline void counter_set(counter *count, uint64_t value) {
    atomic_store_explicit(count, value, memory_order_relaxed);
}

static inline uint64_t counter_read(const counter *count) {
    return atomic_load_explicit((counter *)count, memory_order_relaxed);
}

/* What the worker's transport counts by itself; NULL: there is none. */
void counters_take_transport(struct counters *counters, const struct transport *transport);

/* Sums over the workers into *sum, which is the caller's alone. */
void counters_sum(struct counters *sum, const struct counters_shared *shared, uint32_t workers);

uint64_t counters_ended(const struct counters *counters);
/* Accepted and not ended: securing, reading, delaying, sending or stalled. */
uint64_t counters_open(const struct counters *counters);
uint64_t counters_answered(const struct counters *counters);

#endif
