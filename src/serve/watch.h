/* The descriptors of one turn's poll(2), and whose each is. */
#ifndef SERVE_WATCH_H
#define SERVE_WATCH_H

#include <poll.h>
#include <stddef.h>

enum { WATCHED_MAX = 40 };

/* Zero-filled is none. */
struct watch {
    size_t count;
    struct pollfd fds[WATCHED_MAX];
    struct watch_owner {
        void (*ready)(void *owner);
        void *owner;
    } owners[WATCHED_MAX];
};

/* A negative descriptor is none. */
void watch_add(struct watch *watch, int fd, void (*ready)(void *owner), void *owner);
/* Waits that long at most; watch_run() then calls those that are ready. */
void watch_wait(struct watch *watch, int timeout_ms);
void watch_run(struct watch *watch);

#endif
