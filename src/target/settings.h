/* What the target is to do: decided once, shared by all its workers. */
#ifndef TARGET_SETTINGS_H
#define TARGET_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/units.h"
#include "target/fault.h"

enum { TARGET_FAULTS_MAX = 31, TARGET_BODY_MAX = 64 * 1024 * 1024, TARGET_WORKERS_MAX = 256 };

/* Zero is "not asked for" where a field can be left out. */
struct target_settings {
    struct address listen; /* port 0: a free one */
    uint32_t workers;      /* 1..TARGET_WORKERS_MAX */
    uint32_t capacity;     /* connections of one worker, as its descriptors allow */
    const char *body;      /* of every answer; lives as long as the target */
    uint32_t body_length;
    uint16_t status;
    duration keepalive_timeout;
    uint64_t keepalive_requests;
    duration max_age;
    struct rate accept_rate;  /* of all workers together */
    uint64_t max_connections; /* of all workers together */
    uint64_t seed;
    uint32_t fault_count;
    struct fault faults[TARGET_FAULTS_MAX]; /* the first that speaks decides */
    bool quiet;                             /* nothing is printed; SIGINT is left to another */
};

#endif
