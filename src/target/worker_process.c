/* A worker of the target: its signals, its descriptors, and its one loop. */
#include "target/worker_process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/require.h"
#include "net/net.h"
#include "target/service.h"

enum { RING_ENTRIES = 4096 };

/* A group of its own: ^C at the terminal reaches the parent alone, which ends the workers. */
static void become_worker(int parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    prctl(PR_SET_NAME, "holdfast-target");
    prctl(PR_SET_TIMERSLACK, 1); /* the default of 50 us is a twentieth of a tick */
    setpgid(0, 0);
    static const int ignored[] = {SIGINT, SIGHUP, SIGTERM, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal(ignored[i], SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Another worker's listener, kept open here, would collect connections that nobody accepts. */
static void close_others(const struct target_listeners *listeners, uint32_t worker) {
    for (uint32_t i = 0; i < listeners->count; i++)
        if (i != worker)
            close(listeners->fds[i]);
}

static _Noreturn void fail(const char *what, int error) {
    dprintf(STDERR_FILENO, "holdfast: target: %s: %s\n", what, strerror(-error));
    _exit(WORKER_NO_RING);
}

_Noreturn void target_worker(const struct target_settings *settings,
                             const struct target_listeners *listeners, uint32_t worker,
                             struct shared *shared, int stop_fd, int parent) {
    become_worker(parent);
    close_others(listeners, worker);
    uint64_t turn = 0;
    require_context(settings->seed, &turn);
    struct service_parts parts = {.settings = settings,
                                  .worker = worker,
                                  .shared = shared,
                                  .listener = listeners->fds[worker],
                                  .stop_fd = stop_fd};
    int error = net_create(&parts.net, &(struct net_config){.entries = RING_ENTRIES});
    if (error < 0)
        fail("no ring", error);
    struct service *service = service_create(&parts);
    if (service == NULL)
        fail("connections", -ENOMEM);
    while (error == 0 && !service_over(service)) {
        error = service_turn(service);
        turn++;
    }
    if (error < 0)
        fail("the ring broke", error);
    _exit(EXIT_SUCCESS);
}
