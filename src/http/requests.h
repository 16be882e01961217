/* The requests of a run: the one, or one a line of --urls, each baked once. */
#ifndef HTTP_REQUESTS_H
#define HTTP_REQUESTS_H

#include <stdint.h>

#include "http/request.h"

struct requests {
    struct request *items;
    uint64_t *ends; /* of each, the sum of the weights up to and with it */
    uint32_t count; /* 1..URLS_MAX */
};

/* The one of -X, --body and the target's path, or one for each of options->listed; a line whose
 * method takes no body has none, and no Content-Length of the headers. false when there is no
 * memory; free with requests_free() in every case. */
bool requests_bake(struct requests *out, const struct options *options,
                   const struct target *target);
void requests_free(struct requests *requests);

/* The sum of all weights: a round, in which each stands as often as its weight says. */
uint64_t requests_round(const struct requests *requests);

/* Which stands at a place of the round, 0..requests_round()-1. */
uint32_t requests_at(const struct requests *requests, uint64_t place);

#endif
