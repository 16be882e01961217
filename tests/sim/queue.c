/* A binary heap of happenings. */
#include "queue.h"

#include <stdlib.h>

#include "base/require.h"

static bool earlier(const struct happening *a, const struct happening *b) {
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->shuffle < b->shuffle;
}

void queue_push(struct queue *queue, const struct happening *happening) {
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity > 0 ? 2 * queue->capacity : 64;
        queue->items = realloc(queue->items, queue->capacity * sizeof *queue->items);
        require(queue->items != NULL);
    }
    size_t at = queue->count++;
    for (; at > 0 && earlier(happening, &queue->items[(at - 1) / 2]); at = (at - 1) / 2)
        queue->items[at] = queue->items[(at - 1) / 2];
    queue->items[at] = *happening;
}

const struct happening *queue_first(const struct queue *queue) {
    return queue->count > 0 ? &queue->items[0] : NULL;
}

struct happening queue_pop(struct queue *queue) {
    struct happening first = queue->items[0], last = queue->items[--queue->count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < queue->count; at = child) {
        if (child + 1 < queue->count && earlier(&queue->items[child + 1], &queue->items[child]))
            child++;
        if (!earlier(&queue->items[child], &last))
            break;
        queue->items[at] = queue->items[child];
    }
    if (queue->count > 0)
        queue->items[at] = last;
    return first;
}

void queue_free(struct queue *queue) {
    free(queue->items);
}
