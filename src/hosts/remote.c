/* fork(2) and /bin/sh for each host. */
#include "hosts/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/inherited.h"
#include "options/host_list.h"

enum { EXIT_NO_EXEC = 127, END_MS = 1000 };

static bool add(char *line, size_t size, size_t *length, const char *text, size_t count) {
    if (count >= size - *length)
        return false;
    memcpy(line + *length, text, count);
    *length += count;
    line[*length] = '\0';
    return true;
}

bool remote_command(char *line, size_t size, const char *remote, const char *host,
                    const char *command) {
    static const size_t place = sizeof HOST_LIST_PLACE - 1;
    size_t length = 0;
    for (const char *at; (at = strstr(remote, HOST_LIST_PLACE)) != NULL; remote = at + place)
        if (!add(line, size, &length, remote, (size_t)(at - remote)) ||
            !add(line, size, &length, host, strlen(host)))
            return false;
    return add(line, size, &length, remote, strlen(remote)) && add(line, size, &length, " ", 1) &&
           add(line, size, &length, command, strlen(command));
}

static void close_pair(int ends[2]) {
    descriptor_close(&ends[0]);
    descriptor_close(&ends[1]);
}

__attribute__((noreturn)) static void become(int in, int out, int err, const char *line) {
    setpgid(0, 0); /* what a terminal sends is the leader's to handle */
    inherited_give_back();
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(err, STDERR_FILENO) >= 0)
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(EXIT_NO_EXEC);
}

static int start(struct remote *remote, int in[2], int out[2], int err[2], const char *line,
                 int out_bytes) {
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        become(in[0], out[1], err[1], line);
    if (pid < 0)
        return -errno;
    setpgid(pid, pid); /* whoever is first */
    remote->pid = pid;
    remote->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (remote->pidfd < 0)
        return -errno;
    (void)fcntl(out[0], F_SETPIPE_SZ, out_bytes); /* it is only more patient so */
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(err[0], F_SETFL, O_NONBLOCK);
    remote->in = in[1];
    remote->out = out[0];
    remote->err = err[0];
    in[1] = out[0] = err[0] = -1;
    return 0;
}

int remote_start(struct remote *remote, const char *line, int out_bytes) {
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    *remote = (struct remote){0, -1, -1, -1, -1};
    int error = start(remote, in, out, err, line, out_bytes);
    close_pair(in);
    close_pair(out);
    close_pair(err);
    if (error != 0)
        remote_end(remote, END_MS);
    return error;
}

bool remote_reap(struct remote *remote, int wait_ms, int *status) {
    struct pollfd exit = {.fd = remote->pidfd, .events = POLLIN};
    if (remote->pid <= 0)
        return false;
    (void)poll(&exit, 1, wait_ms > 0 ? wait_ms : 0);
    if (waitpid(remote->pid, status, WNOHANG) != remote->pid)
        return false;
    remote_kill(remote); /* what it left behind */
    remote->pid = 0;
    return true;
}

void remote_kill(const struct remote *remote) {
    if (remote->pid > 0)
        (void)kill(-remote->pid, SIGKILL);
}

void remote_end(struct remote *remote, int wait_ms) {
    int status;
    remote_kill(remote);
    (void)remote_reap(remote, wait_ms, &status);
    descriptor_close(&remote->pidfd);
    descriptor_close(&remote->in);
    descriptor_close(&remote->out);
    descriptor_close(&remote->err);
    remote->pid = 0;
}
