/* Where a run may connect to: --allow-target. Pure. */
#ifndef SERVE_TARGETS_H
#define SERVE_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/refuse.h"
#include "base/url.h"

enum { TARGETS_MAX = 64 };

struct targets_rule {
    uint16_t port;           /* 0: any */
    char host[URL_HOST_MAX]; /* "": the network */
    struct address network;
    unsigned prefix; /* bits of it */
};

struct targets {
    size_t count;
    struct targets_rule rules[TARGETS_MAX];
};

/* CIDR|HOST[:PORT][,...]; an address is a network of its own. NULL: loopback. */
bool targets_read(struct targets *targets, const char *list, struct refuse_buffer to);

/* Whether a run may connect to this address, to which the host resolved. */
bool targets_allow(const struct targets *targets, const char *host, const struct address *address);

#endif
