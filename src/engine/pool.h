/* The pool of -n: how many requests all workers together may still send; and one worker's hand in
 * it. */
#ifndef ENGINE_POOL_H
#define ENGINE_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* In memory that all workers share. */
struct pool {
    _Atomic uint64_t left;
};

/* A worker's hand in the pool. A batch is taken when a request is to be sent, and what was not used
 * goes back at the end of the turn: nobody sits on requests that others could send. */
struct pool_hand {
    struct pool *pool;       /* NULL: there is no -n, and always one to take */
    _Atomic uint64_t *taken; /* what this worker took and did not give back; shared with the parent,
                              * who must know it when the worker dies */
    uint32_t workers;        /* that take from it */
    uint32_t held;           /* of the batch, not sent yet */
};

/* Takes a request; false when none is left for now (some may come back). */
bool pool_take(struct pool_hand *hand);
/* Returns a request that was taken and could not be handed over. */
void pool_put_back(struct pool_hand *hand);
/* Returns all that is held: the end of a turn. */
void pool_release(struct pool_hand *hand);
/* Whether pool_take() would find none now. */
bool pool_is_empty(const struct pool_hand *hand);

#endif
