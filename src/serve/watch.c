/* poll(2) over a table that is filled anew for each turn. */
#include "serve/watch.h"

#include "base/require.h"

void watch_add(struct watch *watch, int fd, void (*ready)(void *owner), void *owner) {
    if (fd < 0)
        return;
    require(watch->count < WATCHED_MAX);
    watch->fds[watch->count] = (struct pollfd){.fd = fd, .events = POLLIN};
    watch->owners[watch->count++] = (struct watch_owner){ready, owner};
}

void watch_wait(struct watch *watch, int timeout_ms) {
    if (poll(watch->fds, watch->count, timeout_ms) >= 0)
        return;
    for (size_t i = 0; i < watch->count; i++)
        watch->fds[i].revents = 0; /* EINTR: none is known to be ready */
}

void watch_run(struct watch *watch) {
    for (size_t i = 0; i < watch->count; i++)
        if (watch->fds[i].revents != 0)
            watch->owners[i].ready(watch->owners[i].owner);
}
