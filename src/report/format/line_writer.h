/* A non-blocking writer of lines: drops whole lines when the reader is slow. */
#ifndef REPORT_FORMAT_LINE_WRITER_H
#define REPORT_FORMAT_LINE_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/units.h"

/* The bytes held for a slow reader; a line that does not fit is left out. */
enum { LINE_WRITER_BUFFER_MAX = 256 * 1024 };

struct line_writer {
    int fd;        /* -1: not open */
    bool blocking; /* a regular file: writes wait for the disk; others never block */
    char *held;    /* bytes that the reader has not taken yet */
    size_t length;
};

/* Whether a write to fd may wait for a reader: a pipe, a socket, a terminal. */
bool line_writer_has_reader(int fd);

/* Whether fd is open, and for writing. */
bool line_writer_is_writable(int fd);

/* A FIFO, or another file that is there and not regular, for writing: a descriptor, or -errno; of a
 * FIFO that no reader opened within 5 s -ENXIO. */
int line_writer_open_path(const char *path);

/* The terminal that fd is, opened once more so that writing to it never waits; -1 where fd is none,
 * or cannot be opened. A flag on fd itself would be of all who share it: a shell has it too. */
int line_writer_terminal(int fd);
/* A descriptor of our own for what fd leads to, such a one where it is a terminal; or -errno:
 * -EBADF where it is closed, or not for writing. */
int line_writer_copy(int fd);

/* The line_writer owns fd from now on. */
void line_writer_open(struct line_writer *line_writer, int fd);
/* The bytes still held are lost. */
void line_writer_close(struct line_writer *line_writer);

/* Writes the whole piece, or holds what its reader does not take yet: 0; -EAGAIN: the piece was
 * left out, all of it; else -errno of a write that failed. Never waits for a reader. */
int line_writer_write(struct line_writer *line_writer, const char *bytes, size_t length);

/* Waits until what is held was taken: as line_writer_send(). */
int line_writer_finish(struct line_writer *line_writer, duration timeout);

/* Writes all of it, waiting for its reader: 0 or -errno; -ETIMEDOUT: the reader took nothing for
 * that long; -EINTR: a signal that ends a run is pending (blocked, as in a run). *taken: bytes that
 * went out; may be NULL. */
int line_writer_send(int fd, const char *bytes, size_t length, duration timeout, size_t *taken);

/* strerror() of a -errno of these, in words that fit. */
const char *line_writer_error(int error);

#endif
