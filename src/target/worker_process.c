/* A worker of the target: its descriptors, and its one loop. */
#include "target/worker_process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/fork.h"
#include "base/require.h"
#include "net/net.h"
#include "target/service.h"

enum { RING_ENTRIES = 4096 };

/* Another worker's listener, kept open here, would collect connections that nobody accepts. */
static void close_others(const struct target_listeners *listeners, uint32_t worker) {
    for (uint32_t i = 0; i < listeners->count; i++)
        if (i != worker)
            close(listeners->fds[i]);
}

static _Noreturn void fail(const char *what, int error) {
    dprintf(STDERR_FILENO, "holdfast: target: %s: %s\n", what, strerror(-error));
    _exit(EXIT_UNFIT);
}

_Noreturn void target_worker(const struct target_settings *settings,
                             const struct target_listeners *listeners, uint32_t worker,
                             struct counters_shared *shared, int stop_fd) {
    fork_offer_to_oom_killer();
    prctl(PR_SET_TIMERSLACK, 1); /* the default of 50 us is a twentieth of a tick */
    close_others(listeners, worker);
    uint64_t turn = 0;
    require_context(settings->seed, &turn);
    struct service_parts parts = {.settings = settings,
                                  .worker = worker,
                                  .shared = shared,
                                  .listener = listeners->fds[worker],
                                  .stop_fd = stop_fd};
    int error = net_create(
        &parts.net, &(struct net_config){.entries = RING_ENTRIES, .engine = settings->engine});
    if (error < 0)
        fail(settings->engine == ENGINE_EPOLL ? "no epoll" : "no ring", error);
    struct service *service = service_create(&parts);
    if (service == NULL)
        fail("connections", -ENOMEM);
    while (error == 0 && !service_over(service)) {
        error = service_turn(service);
        turn++;
    }
    if (error < 0)
        fail("the door broke", error);
    _exit(EXIT_HELD);
}
