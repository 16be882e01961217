/* A subreaper (prctl(2)) for one command: reports its exit status, and kills all that it started.
 */
#include "run/supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/inherited.h"

enum { CONTROL_FD = 3, OUTPUT_FD = 4, SIGNALS_FD = 5, FIRST_OTHER_FD = 6 };
enum { LOOK_MS = 10, LOOKS_MAX = 200, CANNOT_RUN = 127 };

/* Standard error is kept open by none of us: who reads it sees the end of it when the run ends. */
static void keep_only(int control_fd, int output_fd) {
    int control = fcntl(control_fd, F_DUPFD, FIRST_OTHER_FD);
    int output = fcntl(output_fd, F_DUPFD, FIRST_OTHER_FD);
    int nothing = open("/dev/null", O_RDWR);
    if (control < 0 || output < 0 || dup2(control, CONTROL_FD) < 0 || dup2(output, OUTPUT_FD) < 0)
        _exit(EXIT_FAILURE);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (nothing < 0 || dup2(nothing, fd) < 0)
            close(fd);
    close_range(SIGNALS_FD, ~0U, 0);
}

/* Of children, and of our parent: with SIGTERM the kernel wakes us then, and from anybody else it
 * means nothing here. */
static void watch_exits(void) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC) != SIGNALS_FD)
        _exit(EXIT_FAILURE);
}

static _Noreturn void run(const char *command) {
    dup2(OUTPUT_FD, STDOUT_FILENO);
    dup2(OUTPUT_FD, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    inherited_give_back();
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(CANNOT_RUN);
}

static void send_status(int error, int status) {
    struct supervisor_message message = {.error = error, .status = status};
    (void)!send(CONTROL_FD, &message, sizeof message, MSG_NOSIGNAL);
}

static void forget_signals(void) {
    struct signalfd_siginfo info;
    while (read(SIGNALS_FD, &info, sizeof info) == (ssize_t)sizeof info)
        continue;
}

/* All that ended; true while there are children. The status of the command is sent once. */
static bool reap(pid_t *command) {
    int status;
    pid_t pid;
    forget_signals();
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == *command) {
            *command = 0;
            send_status(0, status);
        }
    return pid == 0;
}

/* "4711 (name) S PARENT ...": a name may hold anything, so the last bracket counts (proc(5)). */
static pid_t parent_of(const char *process) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    const char *behind = strrchr(text, ')');
    return behind != NULL && strlen(behind) > 4 ? (pid_t)strtol(behind + 4, NULL, 10) : 0;
}

static bool kill_child(const char *process) {
    return parent_of(process) == getpid() && kill((pid_t)strtol(process, NULL, 10), SIGKILL) == 0;
}

/* How many children there are that can be killed; each is. One of another user's cannot be. By
 * getdents64(2), for readdir(3) allocates; by /proc, for not every kernel has lists of children. */
static int kill_children(void) {
    _Alignas(struct dirent64) char bytes[8192];
    int folder = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), killed = 0;
    for (ssize_t length; folder >= 0 && (length = getdents64(folder, bytes, sizeof bytes)) > 0;)
        for (ssize_t at = 0; at < length;) {
            const struct dirent64 *entry = (const void *)(bytes + at);
            if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
                killed += kill_child(entry->d_name);
            at += entry->d_reclen;
        }
    if (folder >= 0)
        close(folder);
    return killed;
}

/* From the top downwards: children of what was killed become ours, and are next. */
static void kill_all(pid_t command) {
    struct pollfd look = {.fd = SIGNALS_FD, .events = POLLIN};
    if (command > 0)
        kill(-command, SIGKILL); /* where there is no /proc */
    command = 0;                 /* its status is of no interest now */
    for (int looks = 0; looks < LOOKS_MAX && reap(&command) && kill_children() > 0; looks++)
        (void)poll(&look, 1, LOOK_MS);
}

_Noreturn void supervisor_process(int control_fd, int output_fd, const char *command) {
    pid_t parent = getppid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    keep_only(control_fd, output_fd);
    watch_exits();
    struct pollfd looks[] = {{.fd = CONTROL_FD, .events = POLLIN},
                             {.fd = SIGNALS_FD, .events = POLLIN}};
    pid_t child = fork_child(NULL);
    if (child == 0)
        run(command);
    if (child < 0)
        send_status(errno, 0);
    while (looks[0].revents == 0 && getppid() == parent) {
        (void)poll(looks, 2, -1);
        (void)reap(&child);
    }
    kill_all(child);
    _exit(EXIT_SUCCESS);
}
