/* Bakes all requests of a run, and tells whose turn it is. */
#include "http/requests.h"

#include <stdio.h>
#include <stdlib.h>

/* A line's own: the target with its path, and headers and body as its method wants them. */
static bool bake_line(struct request *out, const struct options *options, struct target *target,
                      const struct url_line *line) {
    const char *method = line->method != NULL ? line->method : options->method;
    const struct body *body = options_body(options);
    struct text_list headers = options->header;
    if (!options_sends_body(options, method)) {
        body = NULL;
        options_drop_length(&headers);
    }
    snprintf(target->path, sizeof target->path, "%s", line->path);
    return request_bake(out, method, target, &headers, body);
}

bool requests_bake(struct requests *out, const struct options *options,
                   const struct target *target) {
    const struct url_line own = {.path = target->path, .weight = 1};
    const struct url_list *listed = &options->listed;
    uint32_t count = listed->count > 0 ? listed->count : 1;
    *out = (struct requests){.items = calloc(count, sizeof *out->items),
                             .ends = calloc(count, sizeof *out->ends)};
    struct target *mine = malloc(sizeof *mine);
    bool ok = out->items != NULL && out->ends != NULL && mine != NULL;
    if (ok)
        *mine = *target;
    for (uint64_t end = 0; ok && out->count < count; out->count++) {
        const struct url_line *line = listed->count > 0 ? &listed->items[out->count] : &own;
        ok = bake_line(&out->items[out->count], options, mine, line);
        out->ends[out->count] = end += line->weight;
    }
    free(mine);
    return ok;
}

void requests_free(struct requests *requests) {
    for (uint32_t i = 0; i < requests->count; i++)
        request_free(&requests->items[i]);
    free(requests->items);
    free(requests->ends);
    *requests = (struct requests){.items = NULL};
}

uint64_t requests_round(const struct requests *requests) {
    return requests->ends[requests->count - 1];
}

uint32_t requests_at(const struct requests *requests, uint64_t place) {
    uint32_t low = 0, high = requests->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (place < requests->ends[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
