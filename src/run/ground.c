/* What the preflight asks of this machine itself: rings, descriptors, listeners. */
#include "run/ground.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/worker.h"
#include "net/net.h"
#include "run/session.h"

/* The least that a worker's ring is charged: 4096 submissions and their completions, cut twice. */
enum { RING_BYTES_MIN = 300 << 10, RINGS_MAX = 512 };

struct trial {
    int error;
    uint32_t made;
};

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* How many rings tell whether all can be made: where they are charged at all, a few more than the
 * limit could hold. */
static uint32_t rings_to_try(const struct plan *plan, bool all) {
    int64_t limit = plan->host.memlock_bytes, files = plan->host.nofile_hard;
    if (!all || limit < 0 || limit == INT64_MAX || host_can(&plan->host, CAP_IPC_LOCK))
        return 1;
    int64_t count = smaller(smaller(plan->workers, limit / RING_BYTES_MIN + 2), RINGS_MAX);
    enum { OTHER_FILES = 16 };
    if (files >= 0)
        count = smaller(count, files > OTHER_FILES ? files - OTHER_FILES : 1);
    return (uint32_t)(count > 1 ? count : 1);
}

/* In the child, which ends with them. The parent of a run has a small ring beside its workers'. */
static _Noreturn void make_rings(int fd, uint32_t count) {
    struct trial trial = {0};
    struct net *net;
    if (count > 1)
        trial.error = net_create(&net, &(struct net_config){.entries = SESSION_RING_ENTRIES});
    while (trial.error == 0 && trial.made < count) {
        trial.error = net_create(&net, &(struct net_config){.entries = WORKER_RING_ENTRIES});
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
    bool filtered = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    return (struct trial){.error = filtered ? -EPERM : -EINTR};
}

static struct trial try_rings(uint32_t count) {
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return (struct trial){.error = -errno};
    pid_t pid = fork();
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

void ground_try_rings(struct preflight_facts *facts, const struct plan *plan, bool all) {
    uint32_t count = rings_to_try(plan, all);
    struct trial trial = try_rings(count);
    facts->rings_tried = count;
    facts->rings_made = trial.made;
    /* Too few is a finding of its own; anything but memory is no matter of their number. */
    facts->ring_error = trial.made > 0 && trial.error == -ENOMEM ? 0 : trial.error;
}

void ground_look(struct preflight_facts *facts, struct plan *plan) {
    for (size_t i = 0; i < plan->address_count; i++)
        plan->target_here = plan->target_here || host_has_address(&plan->addresses[i]);
    if (plan->target_here)
        facts->listeners_known = host_listeners_read(&facts->listeners, &plan->addresses[0]);
}
