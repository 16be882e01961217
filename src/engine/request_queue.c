/* The queue: a list linked both ways through an array. */
#include "engine/request_queue.h"

#include "base/require.h"

void request_queue_join(struct request_queue *queue, uint32_t index) {
    queue->links[index] = (struct request_queue_link){.next = 0, .previous = queue->last};
    if (queue->last != 0)
        queue->links[queue->last - 1].next = index + 1;
    else
        queue->first = index + 1;
    queue->last = index + 1;
    queue->count++;
}

void request_queue_leave(struct request_queue *queue, uint32_t index) {
    require(queue->count > 0);
    struct request_queue_link link = queue->links[index];
    if (link.previous != 0)
        queue->links[link.previous - 1].next = link.next;
    else
        queue->first = link.next;
    if (link.next != 0)
        queue->links[link.next - 1].previous = link.previous;
    else
        queue->last = link.previous;
    queue->count--;
}

uint32_t request_queue_first(const struct request_queue *queue) {
    require(queue->count > 0);
    return queue->first - 1;
}
