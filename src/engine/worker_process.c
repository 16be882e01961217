/* A worker as a process: its descriptors, its memory, and its one loop. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/pages.h"
#include "base/require.h"
#include "engine/worker.h"
#include "wire/tls/tls_client.h"

enum { WAKE_FD = 3, NOTIFY_FD = 4, FIRST_OTHER_FD = 5 };

/* Keeps the standard streams and the two eventfds, at known numbers, so that the number of
 * connections that fit is known. The source descriptors lie above 2 and may be any. */
static void keep_only(int wake_fd, int notify_fd) {
    int wake = fcntl(wake_fd, F_DUPFD, FIRST_OTHER_FD);
    int notify = fcntl(notify_fd, F_DUPFD, FIRST_OTHER_FD);
    if (wake < 0 || notify < 0 || dup2(wake, WAKE_FD) < 0 || dup2(notify, NOTIFY_FD) < 0)
        _exit(EXIT_FAILURE);
    close_range(FIRST_OTHER_FD, ~0U, 0);
}

/* Publishes why there is no worker, as the last tally. */
static _Noreturn void fail(struct tally_seqlock *seqlock, struct tally *tally, int error) {
    if (tally != NULL) {
        tally->counts.phase = WORKER_FAILED;
        tally->counts.failure = error;
        tally_publish(seqlock, tally);
    }
    uint64_t one = 1;
    (void)!write(NOTIFY_FD, &one, sizeof one);
    _exit(EXIT_FAILURE);
}

/* 0 or -errno; plain TCP has none. */
static int make_transport(struct fleet_parts *parts) {
    if (!parts->plan->target.tls)
        return 0;
    const struct tls_client_settings settings = {
        .context = parts->setup->tls,
        .name = parts->plan->tls_name,
        .handshakes_max = plan_handshakes(parts->plan),
        .cipher = parts->setup->tls_cipher[0] != '\0' ? parts->setup->tls_cipher : NULL,
        .resume = parts->plan->tls_resume,
        .slots = plan_share(parts->plan, parts->worker),
        .route = {parts->worker, parts->plan->workers, (uint32_t)parts->setup->address_count},
        .seen = parts->setup->tls_seen.version[0] != '\0' ? &parts->setup->tls_seen : NULL};
    struct tls_client *client = tls_client_create(&settings);
    if (client == NULL)
        return -ENOMEM;
    parts->transport = tls_client_transport(client);
    return 0;
}

_Noreturn void worker_process(const struct plan *plan, const struct setup *setup, uint32_t index,
                              const struct requests *requests, struct worker_shared *shared,
                              int wake_fd, int notify_fd) {
    struct worker_shm *shm = &shared->shms[index];
    fork_offer_to_oom_killer();
    keep_only(wake_fd, notify_fd);
    prctl(PR_SET_TIMERSLACK, 1); /* the default of 50 us is a twentieth of a tick */
    struct tally *tally = pages_reserve(sizeof(struct tally));
    if (tally == NULL)
        fail(&shm->seqlock, tally, -ENOMEM);
    require_context(plan->seed, &tally->counts.turns);
    struct fleet_parts parts = {.plan = plan,
                                .setup = setup,
                                .worker = index,
                                .requests = requests,
                                .tally = tally,
                                .addresses = &shared->addresses,
                                .pool = plan->requests > 0 ? &shared->pool : NULL,
                                .taken = &shm->taken};
    const struct net_config config = {.entries = WORKER_RING_ENTRIES,
                                      .engine = setup->choice.engine};
    require(FIRST_OTHER_FD + net_needs(&config).files == PLAN_WORKER_FILES);
    int error = net_create(&parts.net, &config);
    if (error == 0)
        error = make_transport(&parts);
    if (error < 0)
        fail(&shm->seqlock, tally, error);
    struct worker worker;
    error = worker_init(&worker, &parts, &shared->orders, &shm->seqlock, WAKE_FD, NOTIFY_FD);
    worker.level = &shared->level;
    worker.level_share = &shm->live;
    while (error == 0 && worker.phase != WORKER_DONE)
        error = worker_turn(&worker);
    if (error < 0)
        fail(&shm->seqlock, tally, error);
    _exit(EXIT_SUCCESS);
}
