/* The crew: forked, ordered about, listened to and reaped. */
#include "engine/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/fork.h"
#include "base/pages.h"

struct crew {
    size_t count;
    size_t shared_bytes;
    struct worker_shared *shared; /* untouched pages cost nothing */
    uint64_t pool;                /* requests it held at first; 0: there is none */
    int notify_fd;
    struct crew_member *members;
    int *wake_fds;
    struct tally *tallies; /* one more than there are workers */
    size_t *places;        /* of the latest whole one of each worker, among these */
    size_t spare;          /* the one into which the next is read */
    duration user, system;
};

static struct tally *tally_of(const struct crew *crew, size_t index) {
    return &crew->tallies[crew->places[index]];
}

static void *share(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static int pidfd_of(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int start_one(struct crew *crew, const struct plan *plan, const struct setup *setup,
                     const struct requests *requests, uint32_t index) {
    struct crew_member *member = &crew->members[index];
    member->share = plan_share(plan, index);
    int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0)
        return -errno;
    crew->wake_fds[index] = wake_fd;
    /* A group of its own: ^C and ^Z at the terminal reach the parent alone, which orders the crew
     * to end, and stops and continues it around its own stop so that no deadline passes meanwhile.
     */
    pid_t pid = fork_child("holdfast-worker");
    if (pid < 0)
        return -errno;
    if (pid == 0)
        worker_process(plan, setup, index, requests, crew->shared, wake_fd, crew->notify_fd);
    member->pid = pid;
    member->pidfd = pidfd_of(pid);
    return member->pidfd < 0 ? -errno : 0;
}

static struct crew *allocate(size_t count) {
    struct crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL)
        return NULL;
    crew->count = count;
    crew->notify_fd = -1;
    crew->shared_bytes = sizeof(struct worker_shared) + count * sizeof(struct worker_shm);
    crew->shared = share(crew->shared_bytes);
    crew->members = calloc(count, sizeof *crew->members);
    crew->wake_fds = calloc(count, sizeof *crew->wake_fds);
    crew->tallies = pages_reserve((count + 1) * sizeof *crew->tallies);
    crew->places = calloc(count, sizeof *crew->places);
    crew->spare = count;
    for (size_t i = 0; i < count && crew->places; i++)
        crew->places[i] = i;
    for (size_t i = 0; i < count && crew->members && crew->wake_fds; i++) {
        crew->members[i].pidfd = -1;
        crew->wake_fds[i] = -1;
    }
    return crew;
}

int crew_start(struct crew **out, const struct plan *plan, const struct setup *setup,
               const struct requests *requests) {
    struct crew *crew = allocate(plan->workers);
    if (crew == NULL)
        return -ENOMEM;
    int error = 0;
    if (!crew->shared || !crew->members || !crew->wake_fds || !crew->tallies || !crew->places)
        error = -ENOMEM;
    if (error == 0) {
        crew->pool = plan->requests;
        atomic_store(&crew->shared->pool.left, plan->requests);
        crew->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        error = crew->notify_fd < 0 ? -errno : 0;
    }
    for (uint32_t i = 0; i < plan->workers && error == 0; i++)
        error = start_one(crew, plan, setup, requests, i);
    if (error < 0) {
        crew_free(crew);
        return error;
    }
    *out = crew;
    return 0;
}

void crew_free(struct crew *crew) {
    if (crew == NULL)
        return;
    if (crew->members != NULL && crew->wake_fds != NULL) {
        crew_kill(crew);
        for (size_t i = 0; i < crew->count; i++) {
            if (crew->members[i].pid > 0 && !crew->members[i].gone)
                waitpid(crew->members[i].pid, NULL, 0);
            descriptor_close(&crew->members[i].pidfd);
            descriptor_close(&crew->wake_fds[i]);
        }
    }
    descriptor_close(&crew->notify_fd);
    if (crew->shared != NULL)
        munmap(crew->shared, crew->shared_bytes);
    pages_release(crew->tallies, (crew->count + 1) * sizeof *crew->tallies);
    free(crew->places);
    free(crew->members);
    free(crew->wake_fds);
    free(crew);
}

int crew_notify_fd(const struct crew *crew) {
    return crew->notify_fd;
}

size_t crew_count(const struct crew *crew) {
    return crew->count;
}

const struct crew_member *crew_member(const struct crew *crew, size_t index) {
    return &crew->members[index];
}

const struct tally_counts *crew_counts(const struct crew *crew, size_t index) {
    return &tally_of(crew, index)->counts;
}

static void wake(struct crew *crew) {
    uint64_t one = 1;
    for (size_t i = 0; i < crew->count; i++)
        (void)!write(crew->wake_fds[i], &one, sizeof one);
}

static void give(struct crew *crew, enum worker_order order) {
    atomic_store(&crew->shared->orders.order, order);
    wake(crew);
}

void crew_run(struct crew *crew, instant start) {
    atomic_store(&crew->shared->orders.start_ns, start.ns);
    give(crew, ORDER_RUN);
}

void crew_hold(struct crew *crew, instant since) {
    atomic_store(&crew->shared->orders.hold_ns, since.ns);
    wake(crew);
}

void crew_freeze(struct crew *crew) {
    give(crew, ORDER_FREEZE);
}

void crew_drain(struct crew *crew, bool by_reset) {
    atomic_store(&crew->shared->orders.drain_by_reset, by_reset);
    give(crew, ORDER_DRAIN);
}

void crew_readdress(struct crew *crew, const struct address *addresses, size_t count) {
    moved_addresses_set(&crew->shared->addresses, addresses, count);
}

static void signal_all(struct crew *crew, int signal) {
    for (size_t i = 0; i < crew->count; i++)
        if (crew->members[i].pid > 0 && !crew->members[i].gone)
            kill(crew->members[i].pid, signal);
}

void crew_stop(struct crew *crew) {
    signal_all(crew, SIGSTOP);
}

void crew_continue(struct crew *crew, duration stopped) {
    /* First the clock, then the workers: none sees the gap. */
    atomic_fetch_add(&crew->shared->orders.paused_ns, stopped);
    signal_all(crew, SIGCONT);
}

duration crew_paused(const struct crew *crew) {
    return atomic_load(&crew->shared->orders.paused_ns);
}

void crew_kill(struct crew *crew) {
    signal_all(crew, SIGKILL);
}

/* A worker that publishes without pause may be missed once; then its former tally stands. */
static void read_tally(struct crew *crew, size_t index) {
    if (!tally_read(&crew->shared->shms[index].seqlock, &crew->tallies[crew->spare]))
        return;
    size_t former = crew->places[index];
    crew->places[index] = crew->spare;
    crew->spare = former;
}

void crew_reap(struct crew *crew, size_t index) {
    struct crew_member *member = &crew->members[index];
    struct rusage usage;
    if (member->gone || wait4(member->pid, &member->status, WNOHANG, &usage) != member->pid)
        return;
    member->gone = true;
    close(member->pidfd);
    member->pidfd = -1;
    crew->user += usage.ru_utime.tv_sec * SECOND + usage.ru_utime.tv_usec * MICROSECOND;
    crew->system += usage.ru_stime.tv_sec * SECOND + usage.ru_stime.tv_usec * MICROSECOND;
    read_tally(crew, index);
    uint32_t phase = tally_of(crew, index)->counts.phase;
    member->lost = phase != WORKER_DONE;
    member->early = !tally_is_frozen(tally_of(crew, index));
    level_set(&crew->shared->level, &crew->shared->shms[index].live,
              member->lost ? 0 : tally_of(crew, index)->counts.live);
    if (member->lost)
        tally_lose_worker(tally_of(crew, index));
}

struct level_span crew_take_level(struct crew *crew) {
    return level_take(&crew->shared->level);
}

struct level_span crew_restart_level(struct crew *crew) {
    return level_restart(&crew->shared->level);
}

const char *crew_sample(struct crew *crew, struct tally *total) {
    const char *imbalance = NULL;
    tally_clear(total);
    for (size_t i = 0; i < crew->count; i++) {
        if (!crew->members[i].gone)
            read_tally(crew, i);
        const char *found = tally_imbalance(tally_of(crew, i));
        if (imbalance == NULL)
            imbalance = found;
        tally_merge(total, tally_of(crew, i));
    }
    const char *found = tally_imbalance(total);
    return imbalance != NULL ? imbalance : found;
}

/* A worker that failed reaches no phase: it is about to be lost. */
bool crew_reached(const struct crew *crew, enum tally_worker_phase phase) {
    for (size_t i = 0; i < crew->count; i++) {
        uint32_t at = tally_of(crew, i)->counts.phase;
        if (!crew->members[i].lost && (at < (uint32_t)phase || at == WORKER_FAILED))
            return false;
    }
    return true;
}

/* Of what a worker took, how much is over: all of it when the worker is. */
static uint64_t spent_by(const struct crew *crew, size_t index) {
    const struct tally_counts *counts = &tally_of(crew, index)->counts;
    if (crew->members[index].lost || counts->phase == WORKER_FAILED)
        return atomic_load(&crew->shared->shms[index].taken);
    return counts->answered + counts->timed_out + counts->requests_lost;
}

bool crew_pool_is_over(const struct crew *crew) {
    if (crew->pool == 0 || atomic_load(&crew->shared->pool.left) > 0)
        return false;
    uint64_t spent = 0;
    for (size_t i = 0; i < crew->count; i++)
        spent += spent_by(crew, i);
    return spent >= crew->pool;
}

size_t crew_alive(const struct crew *crew) {
    size_t alive = 0;
    for (size_t i = 0; i < crew->count; i++)
        alive += !crew->members[i].lost;
    return alive;
}

int crew_failure(const struct crew *crew) {
    for (size_t i = 0; i < crew->count; i++)
        if (tally_of(crew, i)->counts.phase == WORKER_FAILED)
            return tally_of(crew, i)->counts.failure;
    return 0;
}

void crew_cpu(const struct crew *crew, duration *user, duration *system) {
    *user = crew->user;
    *system = crew->system;
}
