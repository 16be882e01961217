/* The target's parent: it listens, forks the workers, serves nothing itself, and sums up. */
#include "target/target.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/fork.h"
#include "base/interrupt.h"
#include "net/net_serve.h"
#include "target/summary.h"
#include "target/worker_process.h"

/* SO_REUSEPORT would let us share the port with another target: one listener without SO_REUSEPORT
 * finds out. */
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
    struct counters_shared *shared;
    size_t shared_bytes;
    int stop_pipe[2]; /* its writing end is the parent's alone: closed, or the parent gone, ends all
                       */
    int signals_fd;
    uint32_t running;
    pid_t pids[TARGET_WORKERS_MAX];
    int exit_code;
};

static int make_shared(struct target *target) {
    target->shared_bytes =
        sizeof(struct counters_shared) + target->settings->workers * sizeof(struct counters);
    void *memory =
        mmap(NULL, target->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    target->shared = memory;
    return pipe(target->stop_pipe) == 0 ? 0 : -errno;
}

static int fork_workers(struct target *target, struct target_listeners *listeners) {
    for (uint32_t i = 0; i < target->settings->workers; i++) {
        pid_t pid = fork_child("holdfast-target");
        if (pid < 0)
            return -errno;
        if (pid == 0) {
            close(target->stop_pipe[1]);
            target_worker(target->settings, listeners, i, target->shared, target->stop_pipe[0]);
        }
        target->pids[i] = pid;
        target->running++;
    }
    return 0;
}

static void print_ready(const struct target_settings *settings) {
    char address[ADDRESS_TEXT_MAX];
    if (settings->quiet)
        return;
    printf("listening on %s://%s/ (%u worker%s, up to %llu connections, seed %llu)\n",
           target_speaks_tls(settings) ? "https" : "http",
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

static void take_end(struct target *target, pid_t pid, int status) {
    bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    target->running--;
    if (well || target->exit_code != 0)
        return;
    target->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_WORKER_LOST;
    if (WIFSIGNALED(status))
        fprintf(stderr, "holdfast: target: worker %d was killed by signal %d (%s)\n", (int)pid,
                WTERMSIG(status), strsignal(WTERMSIG(status)));
    end_workers(target);
}

/* Each by its id: a shell whose place we took (exec) may have left children that are no workers.
 * Before the end was asked for, no worker ends by itself. */
static void reap(struct target *target) {
    for (uint32_t i = 0; i < target->settings->workers; i++) {
        pid_t pid = target->pids[i];
        int status;
        if (pid == 0 || waitpid(pid, &status, WNOHANG) != pid)
            continue;
        target->pids[i] = 0;
        take_end(target, pid, status);
    }
}

static void kill_workers(struct target *target) {
    for (uint32_t i = 0; i < target->settings->workers; i++)
        if (target->pids[i] > 0)
            kill(target->pids[i], SIGKILL);
}

static void take_signals(struct target *target) {
    struct signalfd_siginfo info;
    while (read(target->signals_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            reap(target);
        } else if (interrupt_is_repeated((int)info.ssi_signo)) {
            continue;
        } else if (target->stop_pipe[1] >= 0) {
            end_workers(target);
        } else {
            target->exit_code = EXIT_SECOND_SIGNAL;
            kill_workers(target);
        }
    }
}

static void wait_for_the_end(struct target *target, int end_fd) {
    struct pollfd looks[] = {{.fd = target->signals_fd, .events = POLLIN}, {.fd = end_fd}};
    while (target->running > 0) {
        (void)poll(looks, 2, -1);
        if (looks[1].revents != 0) { /* once: it stays readable */
            looks[1].fd = -1;
            end_workers(target);
        }
        take_signals(target);
    }
}

/* USR1 and USR2 may be sent to every holdfast there is, and mean nothing here. Without an end_fd
 * the signals that end a run end the target, nohup's exempted; with one, it alone. */
static int take_over_signals(struct target *target, int end_fd) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM};
    sigset_t set;
    struct sigaction action;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && end_fd < 0; i++) {
        bool optional = numbers[i] == SIGHUP || numbers[i] == SIGALRM;
        if (!optional || sigaction(numbers[i], NULL, &action) != 0 || action.sa_handler != SIG_IGN)
            sigaddset(&set, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    target->signals_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return target->signals_fd < 0 ? -errno : 0;
}

static void sum_up(const struct target *target) {
    struct counters sum;
    if (target->settings->quiet)
        return;
    counters_sum(&sum, target->shared, target->settings->workers);
    target_summary(stdout, &sum, target->settings);
    fflush(stdout);
}

int target_serve(const struct target_settings *settings, struct target_listeners *listeners,
                 int end_fd) {
    struct target target = {.settings = settings, .stop_pipe = {-1, -1}};
    fflush(stdout); /* what a fork would print twice */
    int error = take_over_signals(&target, end_fd);
    if (error == 0)
        error = make_shared(&target);
    if (error == 0)
        error = fork_workers(&target, listeners);
    target_unlisten(listeners);
    if (error < 0) {
        fprintf(stderr, "holdfast: target: no worker: %s\n", strerror(-error));
        kill_workers(&target);
        target.exit_code = EXIT_UNFIT;
    } else {
        print_ready(settings);
    }
    wait_for_the_end(&target, end_fd);
    if (error == 0)
        sum_up(&target);
    return target.exit_code;
}
