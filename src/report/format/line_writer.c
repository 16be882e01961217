/* A non-blocking writer of lines: pipes written to piece by piece, and only what they take at once.
 */
#include "report/format/line_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/instant.h"
#include "base/interrupt.h"

enum { LOOK_MS = 50, OPEN_TRIES = 100 };

bool line_writer_has_reader(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 && !S_ISREG(found.st_mode);
}

bool line_writer_is_writable(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/* To open it blocking would wait for a reader without an end, and without a word. */
int line_writer_open_path(const char *path) {
    for (int tries = 1;; tries++) {
        int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd >= 0)
            return fd;
        struct stat found;
        bool no_reader = errno == ENXIO && stat(path, &found) == 0 && S_ISFIFO(found.st_mode);
        if (!no_reader || tries == OPEN_TRIES)
            return no_reader ? -ENXIO : -errno;
        poll(NULL, 0, LOOK_MS);
    }
}

int line_writer_terminal(int fd) {
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

int line_writer_copy(int fd) {
    if (!line_writer_is_writable(fd))
        return -EBADF;
    int own = line_writer_terminal(fd);
    if (own < 0)
        own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return own >= 0 ? own : -errno;
}

void line_writer_open(struct line_writer *line_writer, int fd) {
    *line_writer = (struct line_writer){.fd = fd, .blocking = !line_writer_has_reader(fd)};
}

void line_writer_close(struct line_writer *line_writer) {
    if (line_writer->fd >= 0)
        close(line_writer->fd);
    free(line_writer->held);
    *line_writer = (struct line_writer){.fd = -1};
}

/* True when a write of PIPE_BUF bytes has room, or would fail. */
static bool has_room(int fd, int wait_ms) {
    struct pollfd look = {.fd = fd, .events = POLLOUT};
    return poll(&look, 1, wait_ms) > 0;
}

/* Writes what is taken at once; how much that was, or -errno. The descriptor may be shared with
 * others, who expect it to be blocking: so it stays, and what has room is asked before. */
static ssize_t write_some(int fd, const char *bytes, size_t length, bool blocking) {
    size_t done = 0;
    while (done < length && (blocking || has_room(fd, 0))) {
        size_t piece = length - done;
        if (!blocking && piece > PIPE_BUF)
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

static int hold(struct line_writer *line_writer, const char *bytes, size_t length) {
    if (line_writer->held == NULL)
        line_writer->held = malloc(LINE_WRITER_BUFFER_MAX);
    if (line_writer->held == NULL)
        return -ENOMEM;
    memcpy(line_writer->held + line_writer->length, bytes, length);
    line_writer->length += length;
    return 0;
}

static void forget(struct line_writer *line_writer, size_t length) {
    line_writer->length -= length;
    if (length > 0)
        memmove(line_writer->held, line_writer->held + length, line_writer->length);
}

int line_writer_write(struct line_writer *line_writer, const char *bytes, size_t length) {
    ssize_t written =
        write_some(line_writer->fd, line_writer->held, line_writer->length, line_writer->blocking);
    if (written < 0)
        return (int)written;
    forget(line_writer, (size_t)written);
    if (line_writer->length + length > LINE_WRITER_BUFFER_MAX && !line_writer->blocking)
        return -EAGAIN;
    written = 0;
    if (line_writer->length == 0)
        written = write_some(line_writer->fd, bytes, length, line_writer->blocking);
    if (written < 0)
        return (int)written;
    size_t rest = length - (size_t)written;
    return rest > 0 ? hold(line_writer, bytes + written, rest) : 0;
}

int line_writer_send(int fd, const char *bytes, size_t length, duration timeout, size_t *taken) {
    bool blocking = !line_writer_has_reader(fd);
    size_t done = 0;
    int error = 0;
    for (duration waited = 0; error == 0 && done < length;) {
        ssize_t written = write_some(fd, bytes + done, length - done, blocking);
        if (written < 0)
            error = (int)written;
        else if (written > 0)
            waited = 0;
        else if (interrupt_is_pending())
            error = -EINTR;
        else if (waited >= timeout)
            error = -ETIMEDOUT;
        else
            waited += has_room(fd, LOOK_MS) ? MILLISECOND : LOOK_MS * MILLISECOND;
        done += written > 0 ? (size_t)written : 0;
    }
    if (taken != NULL)
        *taken = done;
    return error;
}

int line_writer_finish(struct line_writer *line_writer, duration timeout) {
    size_t taken;
    int error =
        line_writer_send(line_writer->fd, line_writer->held, line_writer->length, timeout, &taken);
    forget(line_writer, taken);
    return error;
}

const char *line_writer_error(int error) {
    switch (error) {
    case -EBADF: return "this output is closed, or not open for writing";
    case -ENXIO: return "nobody reads it";
    case -ETIMEDOUT: return "its reader takes nothing";
    case -EINTR: return "interrupted while its reader took nothing";
    default: return strerror(-error);
    }
}
