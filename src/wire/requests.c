/* Frees the requests of a run, and decides whose turn it is. */
#include "wire/requests.h"

#include <stdlib.h>

void request_free(struct request *request) {
    free(request->bytes);
    *request = (struct request){.bytes = NULL};
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
