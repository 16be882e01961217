/* A queue of connections that wait for a request to send, first come, first served; any may leave.
 */
#ifndef ENGINE_REQUEST_QUEUE_H
#define ENGINE_REQUEST_QUEUE_H

#include <stdint.h>

/* Links are index + 1, so that memory never touched costs nothing and means "none". */
struct request_queue_link {
    uint32_t next, previous;
};

struct request_queue {
    struct request_queue_link *links; /* one for each index, zero-filled, the owner's */
    uint32_t first, last;             /* index + 1; 0: none */
    uint32_t count;
};

/* At the end; a queued index must not join again. */
void request_queue_join(struct request_queue *queue, uint32_t index);
/* From any place. */
void request_queue_leave(struct request_queue *queue, uint32_t index);
/* The index that has waited longest, of a queue that is not empty. */
uint32_t request_queue_first(const struct request_queue *queue);

#endif
