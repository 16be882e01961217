/* fork(2) and exec of ourselves; the words go through a memory file, so that no list of processes
 * shows them. */
#include "serve/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/inherited.h"

enum { FIRST_OTHER_FD = 6, PIPE_BYTES = 1 << 20, EXIT_NO_EXEC = 127 };

/* Both ends of each, and the words. */
struct fittings {
    int words, out[2], err[2], orders[2];
};

static void close_all(struct fittings *fittings) {
    descriptor_close(&fittings->words);
    for (int i = 0; i < 2; i++) {
        descriptor_close(&fittings->out[i]);
        descriptor_close(&fittings->err[i]);
        descriptor_close(&fittings->orders[i]);
    }
}

static int seal_words(const struct words *words) {
    int fd = memfd_create("words", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    ssize_t written = write(fd, words->bytes, words->length);
    if (written == (ssize_t)words->length &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
        return fd;
    close(fd);
    return -EIO;
}

static int fit(struct fittings *fittings, const struct words *words) {
    *fittings = (struct fittings){-1, {-1, -1}, {-1, -1}, {-1, -1}};
    fittings->words = seal_words(words);
    if (fittings->words < 0)
        return fittings->words;
    if (pipe2(fittings->out, O_CLOEXEC) != 0 || pipe2(fittings->err, O_CLOEXEC) != 0 ||
        pipe2(fittings->orders, O_CLOEXEC) != 0)
        return -errno;
    (void)fcntl(fittings->out[0], F_SETPIPE_SZ, PIPE_BYTES); /* it is only more patient so */
    (void)fcntl(fittings->out[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(fittings->err[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(fittings->orders[1], F_SETFL, O_NONBLOCK);
    return 0;
}

/* Each to its number; all are first moved out of the way of these numbers. */
static bool place(const struct fittings *fittings, int folder_fd) {
    const int from[] = {open("/dev/null", O_RDWR | O_CLOEXEC),
                        fittings->out[1],
                        fittings->err[1],
                        fittings->words,
                        fittings->orders[0],
                        folder_fd};
    int aside[FIRST_OTHER_FD];
    for (int i = 0; i < FIRST_OTHER_FD; i++) {
        aside[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, FIRST_OTHER_FD);
        if (from[i] >= 0 && aside[i] < 0)
            return false;
    }
    for (int i = 0; i < FIRST_OTHER_FD; i++)
        if (aside[i] < 0)
            close(i);
        else if (dup2(aside[i], i) < 0)
            return false;
    return syscall(SYS_close_range, FIRST_OTHER_FD, ~0U, 0) == 0;
}

__attribute__((noreturn)) static void become(pid_t parent, const struct fittings *fittings,
                                             int folder_fd) {
    char *const arguments[] = {(char[]){"holdfast"}, (char[]){SERVE_CHILD_COMMAND}, NULL};
    setpgid(0, 0); /* what a terminal sends is the server's to handle */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent && place(fittings, folder_fd)) {
        inherited_give_back();
        execv("/proc/self/exe", arguments);
    }
    _exit(EXIT_NO_EXEC);
}

static int open_pidfd(pid_t pid) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : fd;
}

static int start(struct serve_child *child, struct fittings *fittings, int folder_fd) {
    if (folder_fd < 0) { /* no orders: the reading end goes nowhere */
        descriptor_close(&fittings->orders[0]);
        descriptor_close(&fittings->orders[1]);
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(parent, fittings, folder_fd);
    if (pid < 0)
        return -errno;
    child->pid = pid;
    child->pidfd = open_pidfd(pid);
    child->out = fittings->out[0];
    child->err = fittings->err[0];
    child->orders = fittings->orders[1];
    fittings->out[0] = fittings->err[0] = fittings->orders[1] = -1;
    if (child->pidfd >= 0)
        return 0;
    int error = child->pidfd;
    serve_child_end(child);
    return error;
}

int serve_child_start(struct serve_child *child, const struct words *words, int folder_fd) {
    struct fittings fittings;
    *child = (struct serve_child){0, -1, -1, -1, -1};
    int error = fit(&fittings, words);
    if (error == 0)
        error = start(child, &fittings, folder_fd);
    close_all(&fittings);
    return error;
}

int serve_child_reap(struct serve_child *child) {
    int status = 0;
    pid_t reaped;
    do
        reaped = waitpid(child->pid, &status, 0);
    while (reaped < 0 && errno == EINTR);
    child->pid = 0;
    return status;
}

void serve_child_end(struct serve_child *child) {
    if (child->pid > 0) {
        kill(child->pid, SIGKILL);
        (void)serve_child_reap(child);
    }
    descriptor_close(&child->pidfd);
    descriptor_close(&child->out);
    descriptor_close(&child->err);
    descriptor_close(&child->orders);
}
