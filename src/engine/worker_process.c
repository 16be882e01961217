/* A worker as a process: its signals, its descriptors, its memory, and its one loop. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/pages.h"
#include "base/require.h"
#include "engine/worker.h"

enum { WAKE_FD = 3, NOTIFY_FD = 4, FIRST_OTHER_FD = 5 };
static_assert(FIRST_OTHER_FD + 1 == PLAN_WORKER_FILES, "standard streams, two eventfds, the ring");

/* The parent's death ends the worker, also when it came before we asked for that. */
static void follow_parent(int parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    prctl(PR_SET_NAME, "holdfast-worker");
    /* A group of its own: ^C and ^Z at the terminal reach the parent alone, which orders the crew
     * to end, and stops and continues it around its own stop so that no deadline passes meanwhile.
     */
    setpgid(0, 0);
}

static void set_signals(void) {
    static const int ignored[] = {SIGINT, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal(ignored[i], SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Keeps the standard streams and the two eventfds, at known numbers, so that the number of
 * connections that fit is known. The source descriptors lie above 2 and may be any. */
static void keep_only(int wake_fd, int notify_fd) {
    int wake = fcntl(wake_fd, F_DUPFD, FIRST_OTHER_FD);
    int notify = fcntl(notify_fd, F_DUPFD, FIRST_OTHER_FD);
    if (wake < 0 || notify < 0 || dup2(wake, WAKE_FD) < 0 || dup2(notify, NOTIFY_FD) < 0)
        _exit(EXIT_FAILURE);
    close_range(FIRST_OTHER_FD, ~0U, 0);
}

/* Says why there is no worker: the last publication. */
static _Noreturn void fail(struct tally_board *board, struct tally *tally, int error) {
    if (tally != NULL) {
        tally->counts.phase = WORKER_FAILED;
        tally->counts.failure = error;
        tally_publish(board, tally);
    }
    uint64_t one = 1;
    (void)!write(NOTIFY_FD, &one, sizeof one);
    _exit(EXIT_FAILURE);
}

_Noreturn void worker_process(const struct plan *plan, uint32_t index,
                              const struct requests *requests, struct crew_shared *shared,
                              int wake_fd, int notify_fd, int parent) {
    struct worker_desk *desk = &shared->desks[index];
    follow_parent(parent);
    set_signals();
    keep_only(wake_fd, notify_fd);
    prctl(PR_SET_TIMERSLACK, 1); /* the default of 50 us is a twentieth of a tick */
    struct tally *tally = pages_reserve(sizeof(struct tally));
    if (tally == NULL)
        fail(&desk->board, tally, -ENOMEM);
    require_context(plan->seed, &tally->counts.turns);
    struct fleet_parts parts = {.plan = plan,
                                .worker = index,
                                .requests = requests,
                                .tally = tally,
                                .pool = plan->requests > 0 ? &shared->pool : NULL,
                                .taken = &desk->taken};
    int error = net_create(&parts.net, &(struct net_config){.entries = WORKER_RING_ENTRIES});
    if (error < 0)
        fail(&desk->board, tally, error);
    struct worker worker;
    error = worker_init(&worker, &parts, &shared->orders, &desk->board, WAKE_FD, NOTIFY_FD);
    while (error == 0 && worker.phase != WORKER_DONE)
        error = worker_turn(&worker);
    if (error < 0)
        fail(&desk->board, tally, error);
    _exit(EXIT_SUCCESS);
}
