/* The target's parent: it listens, forks the workers, serves nothing itself, and sums up. */
#include "target/target.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/net_serve.h"
#include "target/summary.h"
#include "target/worker_process.h"

enum { EXIT_NOT_STARTED = 3, EXIT_WORKER_LOST = 4, EXIT_SECOND_SIGNAL = 130 };

/* SO_REUSEPORT would let us share the port with another target: one listener without it tells. */
static int port_is_taken(struct target_settings *settings) {
    int fd = net_listen(&settings->listen, false);
    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

int target_listen(struct target_listeners *listeners, struct target_settings *settings) {
    bool shared = settings->workers > 1;
    listeners->count = 0;
    int error = shared ? port_is_taken(settings) : 0;
    while (error == 0 && listeners->count < settings->workers) {
        int fd = net_listen(&settings->listen, shared);
        if (fd >= 0)
            listeners->fds[listeners->count++] = fd;
        else
            error = fd;
    }
    if (error < 0)
        target_unlisten(listeners);
    return error;
}

void target_unlisten(struct target_listeners *listeners) {
    while (listeners->count > 0)
        close(listeners->fds[--listeners->count]);
}

/* The target while it runs. */
struct target {
    const struct target_settings *settings;
    struct shared *shared;
    size_t shared_bytes;
    int stop_pipe[2]; /* its writing end is the parent's alone: closed, or the parent gone, ends all
                       */
    uint32_t running;
    pid_t pids[TARGET_WORKERS_MAX];
    int exit_code;
};

static int make_shared(struct target *target) {
    target->shared_bytes =
        sizeof(struct shared) + target->settings->workers * sizeof(struct counters);
    void *memory =
        mmap(NULL, target->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    target->shared = memory;
    return pipe(target->stop_pipe) == 0 ? 0 : -errno;
}

static int fork_workers(struct target *target, struct target_listeners *listeners) {
    pid_t parent = getpid();
    for (uint32_t i = 0; i < target->settings->workers; i++) {
        pid_t pid = fork();
        if (pid < 0)
            return -errno;
        if (pid == 0) {
            close(target->stop_pipe[1]);
            target_worker(target->settings, listeners, i, target->shared, target->stop_pipe[0],
                          parent);
        }
        target->pids[i] = pid;
        target->running++;
    }
    return 0;
}

static void say_ready(const struct target_settings *settings) {
    char address[ADDRESS_TEXT_MAX];
    if (settings->quiet)
        return;
    printf("listening on http://%s/ (%u worker%s, up to %llu connections, seed %llu)\n",
           address_format(&settings->listen, address, sizeof address), settings->workers,
           settings->workers == 1 ? "" : "s",
           (unsigned long long)(settings->max_connections > 0
                                    ? settings->max_connections
                                    : (uint64_t)settings->capacity * settings->workers),
           (unsigned long long)settings->seed);
    fflush(stdout);
}

static void end_workers(struct target *target) {
    if (target->stop_pipe[1] >= 0)
        close(target->stop_pipe[1]);
    target->stop_pipe[1] = -1;
}

/* Before the end was asked for, no worker ends by itself. */
static void reap(struct target *target) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (uint32_t i = 0; i < target->settings->workers; i++)
            if (target->pids[i] == pid) {
                target->pids[i] = 0;
                target->running--;
            }
        bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (well || target->exit_code != 0)
            continue;
        target->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_WORKER_LOST;
        if (WIFSIGNALED(status))
            fprintf(stderr, "holdfast: target: worker %d was killed by signal %d (%s)\n", (int)pid,
                    WTERMSIG(status), strsignal(WTERMSIG(status)));
        end_workers(target);
    }
}

static void kill_workers(struct target *target) {
    for (uint32_t i = 0; i < target->settings->workers; i++)
        if (target->pids[i] > 0)
            kill(target->pids[i], SIGKILL);
}

static void wait_for_the_end(struct target *target, const sigset_t *signals) {
    while (target->running > 0) {
        int number = sigwaitinfo(signals, NULL);
        if (number == SIGCHLD) {
            reap(target);
        } else if (number > 0 && target->stop_pipe[1] >= 0) {
            end_workers(target);
        } else if (number > 0) {
            target->exit_code = EXIT_SECOND_SIGNAL;
            kill_workers(target);
        }
    }
}

static void block_signals(sigset_t *signals, bool quiet) {
    sigemptyset(signals);
    sigaddset(signals, SIGCHLD);
    sigaddset(signals, SIGTERM);
    if (quiet) {
        signal(SIGINT, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
    } else {
        sigaddset(signals, SIGINT);
        sigaddset(signals, SIGHUP);
    }
    sigprocmask(SIG_BLOCK, signals, NULL);
}

static void sum_up(const struct target *target) {
    struct counters sum;
    if (target->settings->quiet)
        return;
    counters_sum(&sum, target->shared, target->settings->workers);
    target_summary(stdout, &sum, target->settings);
    fflush(stdout);
}

int target_serve(const struct target_settings *settings, struct target_listeners *listeners) {
    struct target target = {.settings = settings, .stop_pipe = {-1, -1}};
    sigset_t signals;
    block_signals(&signals, settings->quiet);
    fflush(stdout); /* what a fork would print twice */
    int error = make_shared(&target);
    if (error == 0)
        error = fork_workers(&target, listeners);
    target_unlisten(listeners);
    if (error < 0) {
        fprintf(stderr, "holdfast: target: no worker: %s\n", strerror(-error));
        kill_workers(&target);
        target.exit_code = EXIT_NOT_STARTED;
    } else {
        say_ready(settings);
    }
    wait_for_the_end(&target, &signals);
    if (error == 0)
        sum_up(&target);
    return target.exit_code;
}
