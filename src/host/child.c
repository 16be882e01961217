/* A child process that does one piece of slow reading and writes what it found to a pipe. */
#include "host/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child has no part in the parent's handlers. What a terminal or timeout(1) sends to the whole
 * group is the parent's to decide: were it to end the child, an interrupted run would look like a
 * name that does not resolve. SIGKILL ends it. */
static void reset_signals(void) {
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL); /* fails, without harm, for those that cannot be caught */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child_main(pid_t parent, child_work work, int fd, const void *with) {
    reset_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before prctl() */
        _exit(1);
    _exit(work(fd, with) == 0 ? 0 : 1);
}

/* With all signals blocked, so that no handler of the parent's ever runs in the child. */
pid_t child_fork(child_work work, int fd, const void *with) {
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        child_main(parent, work, fd, with);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return child;
}

/* Kills only what is certainly still ours: a child that somebody reaped has given its id away. */
void child_reap(pid_t child) {
    pid_t reaped = waitpid(child, NULL, WNOHANG);
    if (reaped == 0)
        kill(child, SIGKILL);
    while (reaped == 0 || (reaped < 0 && errno == EINTR))
        reaped = waitpid(child, NULL, 0);
}

int child_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    /* Only our end: the child's one write must never be cut short. */
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        return 0;
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    return -error;
}
