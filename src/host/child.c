/* A child process that does one piece of slow reading and writes what it found to a pipe. */
#include "host/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fork.h"

pid_t child_fork(child_work work, int fd, const void *with) {
    pid_t child = fork_child(NULL);
    if (child == 0)
        _exit(work(fd, with) == 0 ? 0 : 1);
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
