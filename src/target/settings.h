/* What the target is to do: decided once, shared by all its workers. */
#ifndef TARGET_SETTINGS_H
#define TARGET_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/engine_kind.h"
#include "base/units.h"
#include "target/fault.h"

struct exchange;
struct transport;

enum { TARGET_FAULTS_MAX = 31, TARGET_BODY_MAX = 64 * 1024 * 1024, TARGET_WORKERS_MAX = 256 };

/* Zero is "not asked for" where a field can be left out. */
struct target_settings {
    const struct exchange *exchange;   /* what is spoken: one with read_request */
    const struct transport *transport; /* what it is carried by; NULL: plain TCP */
    struct address listen;             /* port 0: a free one */
    enum engine_kind engine;
    uint32_t workers;  /* 1..TARGET_WORKERS_MAX */
    uint32_t capacity; /* connections of one worker, as its descriptors allow */
    const char *body;  /* of every answer; lives as long as the target */
    uint32_t body_length;
    uint16_t status;
    duration keepalive_timeout;
    uint64_t keepalive_requests;
    duration max_age;
    struct units_rate accept_rate; /* of all workers together */
    uint64_t max_connections;      /* of all workers together */
    uint64_t seed;
    uint32_t fault_count;
    struct fault faults[TARGET_FAULTS_MAX]; /* the first that speaks decides */
    bool quiet;                             /* nothing is printed; SIGINT is left to another */
};

/* Its connections begin with a handshake. */
bool target_speaks_tls(const struct target_settings *settings);

#endif
