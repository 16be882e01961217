/* Which body of the door is to carry a run: tried on this host before anything is opened. */
#include "run/engine_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/minmax.h"
#include "engine/worker.h"
#include "host/files.h"
#include "host/runtime.h"
#include "net/net.h"
#include "run/session.h"

enum { RINGS_MAX = 512 };
static const duration TURN_TIMEOUT = 10 * SECOND; /* nothing waits: what it takes is the machine */
static const struct net_config worker_ring = {.entries = WORKER_RING_ENTRIES,
                                              .engine = ENGINE_URING};
static const struct net_config parent_ring = {.entries = SESSION_RING_ENTRIES,
                                              .engine = ENGINE_URING};

struct trial {
    int error;
    uint32_t made;
    bool killed; /* by a filter */
};

/* How many rings tell whether all can be made: where they are charged at all, a few more than the
 * limit could hold. */
static uint32_t rings_to_try(const struct host *host, uint32_t workers) {
    int64_t limit = host->memlock_bytes, files = host->nofile_hard;
    if (limit < 0 || limit == INT64_MAX || host_can(host, CAP_IPC_LOCK))
        return 1;
    int64_t count =
        min_i64(min_i64(workers, limit / net_needs(&worker_ring).locked_bytes + 2), RINGS_MAX);
    enum { OTHER_FILES = 16 };
    if (files >= 0)
        count = min_i64(count, files > OTHER_FILES ? files - OTHER_FILES : 1);
    return (uint32_t)(count > 1 ? count : 1);
}

/* The next event, or an error in its place. */
static int next_event(struct net *net, struct net_event *event) {
    instant until = instant_after(net_now(net), TURN_TIMEOUT);
    while (net_take(net, event, 1) == 0) {
        int error = net_wait(net, until, 1);
        if (error < 0)
            return error;
        if (!instant_before(net_now(net), until))
            return -ETIME;
    }
    return 0;
}

/* A byte is sent, and its arrival waited for: a ring may be made where a filter refuses
 * io_uring_enter(2), or a kernel has not these operations. */
static int try_turn(struct net *net) {
    enum { SENT, ARRIVED, BOTH };
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -errno;
    net_arm(net, pair[1], ARRIVED);
    net_send_owned(net, pair[0], "", 1, SENT);
    int error = 0;
    for (int i = 0; i < BOTH && error == 0; i++) {
        struct net_event event;
        error = next_event(net, &event);
        if (error == 0 && event.result < 0)
            error = event.result;
    }
    close(pair[0]);
    close(pair[1]);
    return error;
}

/* In the child, which ends with them. The parent of a run has a small ring beside its workers'. */
static _Noreturn void make_rings(int fd, uint32_t count) {
    struct trial trial = {0};
    struct net *net;
    if (count > 1)
        trial.error = net_create(&net, &parent_ring);
    while (trial.error == 0 && trial.made < count) {
        trial.error = net_create(&net, &worker_ring);
        if (trial.error == 0 && trial.made == 0)
            trial.error = try_turn(net);
        trial.made += trial.error == 0;
    }
    _exit(write(fd, &trial, sizeof trial) == (ssize_t)sizeof trial ? 0 : 1);
}

static struct trial take_trial(int fd, pid_t pid) {
    struct trial trial;
    int status = 0;
    ssize_t length;
    while ((length = read(fd, &trial, sizeof trial)) < 0 && errno == EINTR)
        continue;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (length == (ssize_t)sizeof trial)
        return trial;
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    return (struct trial){.error = killed ? -EPERM : -EINTR, .killed = killed};
}

static struct trial try_rings(uint32_t count) {
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return (struct trial){.error = -errno};
    pid_t pid = fork_child(NULL);
    int error = errno;
    if (pid == 0)
        make_rings(pipe_fds[1], count);
    close(pipe_fds[1]);
    struct trial trial = {.error = -error};
    if (pid > 0)
        trial = take_trial(pipe_fds[0], pid);
    close(pipe_fds[0]);
    return trial;
}

/* A filter is the runtime's, as a rule, and so is a kernel of its own: it is named, with its own
 * remedy. */
static void name_runtime(struct engine_refusal *refusal) {
    const struct host_runtime *runtime = host_runtime("", getenv("KUBERNETES_SERVICE_HOST"));
    if (runtime == NULL || (!refusal->by_filter && !runtime->own_kernel))
        return;
    size_t length = strlen(refusal->reason);
    snprintf(refusal->reason + length, sizeof refusal->reason - length, ": %s", runtime->habit);
    snprintf(refusal->remedies[0], sizeof refusal->remedies[0], "%s", runtime->remedy);
    refusal->remedies[1][0] = '\0';
}

static void refuse_ring(struct engine_choice *choice, const struct trial *trial) {
    if (trial->killed)
        net_explain_killed(&choice->refusal);
    else
        net_explain(&choice->refusal, trial->error);
    name_runtime(&choice->refusal);
}

/* Locked memory holds some of the rings, and not all of them. */
static void refuse_number(struct engine_choice *choice, const struct host *host, uint32_t workers) {
    net_explain(&choice->refusal, -ENOMEM);
    snprintf(choice->refusal.reason, sizeof choice->refusal.reason,
             "the locked-memory limit holds %u rings, and %u workers need one each (RLIMIT_MEMLOCK "
             "%lld KiB)",
             choice->rings_made, workers, (long long)host->memlock_bytes / 1024);
}

static void try_ring(struct engine_choice *choice, const struct host *host, uint32_t workers) {
    choice->rings_tried = rings_to_try(host, workers);
    struct trial trial = try_rings(choice->rings_tried);
    choice->rings_made = trial.made;
    if (trial.made > 0 && trial.error == -ENOMEM)
        refuse_number(choice, host, workers);
    else if (trial.error < 0)
        refuse_ring(choice, &trial);
    else
        net_explain(&choice->refusal, 0);
}

void engine_probe(struct engine_choice *choice, enum engine_kind asked, const struct host *host,
                  uint32_t workers) {
    *choice = (struct engine_choice){
        .asked = asked,
        .engine = ENGINE_URING,
        .epoll_watches = files_read_number("", "/proc/sys/fs/epoll/max_user_watches"),
    };
    if (asked == ENGINE_EPOLL)
        choice->engine = ENGINE_EPOLL;
    else
        try_ring(choice, host, workers);
    /* EAGAIN is of fork(2): nothing was tried. */
    bool refused = choice->refusal.error < 0 && choice->refusal.error != -EAGAIN;
    if (asked == ENGINE_AUTO && refused) {
        choice->engine = ENGINE_EPOLL;
        snprintf(choice->reason, sizeof choice->reason, "io_uring: %.220s", choice->refusal.reason);
    } else if (asked != ENGINE_AUTO) {
        snprintf(choice->reason, sizeof choice->reason, "asked for by --engine");
    }
}
