/* The requests of a run, each baked once: the same bytes for every connection; and whose turn it
 * is. */
#ifndef WIRE_REQUESTS_H
#define WIRE_REQUESTS_H

#include <stddef.h>
#include <stdint.h>

struct exchange;

struct request {
    char *bytes; /* malloc'ed; free with request_free() */
    size_t length;
    size_t body_length; /* of the bytes, at their end */
    uint32_t kind;      /* the protocol's own: for the answer to it */
};

void request_free(struct request *request);

/* The one, or one a line of --urls. */
struct requests {
    const struct exchange *exchange; /* whose bake() made them, and which reads their answers */
    struct request *items;
    uint64_t *ends; /* of each, the sum of the weights up to and with it */
    uint32_t count; /* 1..URLS_MAX */
};

void requests_free(struct requests *requests);

/* The sum of all weights: a round, in which each stands as often as its weight says. */
uint64_t requests_round(const struct requests *requests);

/* Which stands at a place of the round, 0..requests_round()-1. */
uint32_t requests_at(const struct requests *requests, uint64_t place);

#endif
