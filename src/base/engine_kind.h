/* What may carry the connections: the bodies of the door that a user can ask for (--engine), and
 * what was found of them on this host, in words. */
#ifndef BASE_ENGINE_KIND_H
#define BASE_ENGINE_KIND_H

#include <stdbool.h>
#include <stdint.h>

enum engine_kind {
    ENGINE_AUTO, /* the ring's; epoll where that is refused */
    ENGINE_URING,
    ENGINE_EPOLL,
};

enum { ENGINE_REASON_MAX = 240, ENGINE_REMEDIES_MAX = 2 };

/* Why a body cannot work on this host, in its own words. */
struct engine_refusal {
    int error;                               /* -errno; 0: it can */
    bool by_filter;                          /* of the runtime that we are in, as a rule */
    char reason[ENGINE_REASON_MAX];          /* one line, with what it rests on, either way */
    char remedies[ENGINE_REMEDIES_MAX][200]; /* "": none */
};

/* Which one it is to be, and why. */
struct engine_choice {
    enum engine_kind asked, engine; /* engine: ENGINE_AUTO when nothing was chosen yet */
    struct engine_refusal refusal;  /* of the ring, where it was tried and cannot carry the plan */
    uint32_t rings_tried, rings_made; /* at once, where locked memory may not suffice */
    int64_t epoll_watches; /* that epoll has room for, of all processes of a user; -1: unknown */
    char reason[ENGINE_REASON_MAX]; /* of the choice; "": nothing to be said */
};

#endif
