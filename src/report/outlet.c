/* An outlet: pipes written to piece by piece, and only what they take at once. */
#include "report/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/instant.h"

enum { LOOK_MS = 50, OPEN_TRIES = 100 };

bool outlet_has_reader(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 && !S_ISREG(found.st_mode);
}

/* To open it blocking would wait for a reader without an end, and without a word. */
int outlet_open_path(const char *path) {
    for (int tries = 1;; tries++) {
        int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd >= 0)
            return fd;
        struct stat found;
        bool nobody = errno == ENXIO && stat(path, &found) == 0 && S_ISFIFO(found.st_mode);
        if (!nobody || tries == OPEN_TRIES)
            return nobody ? -ENXIO : -errno;
        poll(NULL, 0, LOOK_MS);
    }
}

int outlet_terminal(int fd) {
    char path[32];
    struct stat ours, theirs;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int own = isatty(fd) == 1 ? open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    if (own < 0)
        return -1;
    if (fstat(own, &ours) == 0 && fstat(fd, &theirs) == 0 && ours.st_rdev == theirs.st_rdev &&
        isatty(own) == 1)
        return own;
    close(own);
    return -1;
}

int outlet_copy(int fd) {
    int own = outlet_terminal(fd);
    if (own < 0)
        own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return own >= 0 ? own : -errno;
}

void outlet_open(struct outlet *outlet, int fd) {
    *outlet = (struct outlet){.fd = fd, .patient = !outlet_has_reader(fd)};
}

void outlet_close(struct outlet *outlet) {
    if (outlet->fd >= 0)
        close(outlet->fd);
    free(outlet->held);
    *outlet = (struct outlet){.fd = -1};
}

/* True when a write of PIPE_BUF bytes has room, or would fail. */
static bool has_room(int fd, int wait_ms) {
    struct pollfd look = {.fd = fd, .events = POLLOUT};
    return poll(&look, 1, wait_ms) > 0;
}

/* Writes what is taken at once; how much that was, or -errno. The descriptor may be shared with
 * others, who expect it to be blocking: so it stays, and what has room is asked before. */
static ssize_t write_some(int fd, const char *bytes, size_t length, bool patient) {
    size_t done = 0;
    while (done < length && (patient || has_room(fd, 0))) {
        size_t piece = length - done;
        if (!patient && piece > PIPE_BUF)
            piece = PIPE_BUF;
        ssize_t written = write(fd, bytes + done, piece);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN)
            break;
        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        done += (size_t)written;
    }
    return (ssize_t)done;
}

static int hold(struct outlet *outlet, const char *bytes, size_t length) {
    if (outlet->held == NULL)
        outlet->held = malloc(OUTLET_HELD_MAX);
    if (outlet->held == NULL)
        return -ENOMEM;
    memcpy(outlet->held + outlet->length, bytes, length);
    outlet->length += length;
    return 0;
}

static void forget(struct outlet *outlet, size_t length) {
    outlet->length -= length;
    if (length > 0)
        memmove(outlet->held, outlet->held + length, outlet->length);
}

int outlet_write(struct outlet *outlet, const char *bytes, size_t length) {
    ssize_t written = write_some(outlet->fd, outlet->held, outlet->length, outlet->patient);
    if (written < 0)
        return (int)written;
    forget(outlet, (size_t)written);
    if (outlet->length + length > OUTLET_HELD_MAX && !outlet->patient)
        return -EAGAIN;
    written = 0;
    if (outlet->length == 0)
        written = write_some(outlet->fd, bytes, length, outlet->patient);
    if (written < 0)
        return (int)written;
    size_t rest = length - (size_t)written;
    return rest > 0 ? hold(outlet, bytes + written, rest) : 0;
}

static bool end_pending(void) {
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
            sigismember(&pending, SIGHUP) == 1);
}

int outlet_send(int fd, const char *bytes, size_t length, duration patience, size_t *taken) {
    bool patient = !outlet_has_reader(fd);
    size_t done = 0;
    int error = 0;
    for (duration waited = 0; error == 0 && done < length;) {
        ssize_t written = write_some(fd, bytes + done, length - done, patient);
        if (written < 0)
            error = (int)written;
        else if (written > 0)
            waited = 0;
        else if (end_pending())
            error = -EINTR;
        else if (waited >= patience)
            error = -ETIMEDOUT;
        else
            waited += has_room(fd, LOOK_MS) ? MILLISECOND : LOOK_MS * MILLISECOND;
        done += written > 0 ? (size_t)written : 0;
    }
    if (taken != NULL)
        *taken = done;
    return error;
}

int outlet_finish(struct outlet *outlet, duration patience) {
    size_t taken;
    int error = outlet_send(outlet->fd, outlet->held, outlet->length, patience, &taken);
    forget(outlet, taken);
    return error;
}

const char *outlet_error(int error) {
    switch (error) {
    case -ENXIO: return "nobody reads it";
    case -ETIMEDOUT: return "its reader takes nothing";
    case -EINTR: return "interrupted while its reader took nothing";
    default: return strerror(-error);
    }
}
