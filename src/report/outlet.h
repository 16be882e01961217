/* An outlet: a descriptor that lines leave by, and whose reader keeps nobody waiting. */
#ifndef REPORT_OUTLET_H
#define REPORT_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/units.h"

/* What a slow reader has not taken yet is held up to this; what does not fit is left out. */
enum { OUTLET_HELD_MAX = 256 * 1024 };

struct outlet {
    int fd;       /* -1: not open */
    bool patient; /* a regular file: writes wait for the disk; else, for nobody */
    char *held;   /* what its reader has not taken yet */
    size_t length;
};

/* Whether writing to it may mean to wait for a reader: a pipe, a socket, a terminal. */
bool outlet_has_reader(int fd);

/* A FIFO, or another file that is there and not regular, for writing: a descriptor, or -errno; of a
 * FIFO that nobody opened for reading within 5 s -ENXIO. */
int outlet_open_path(const char *path);

/* The terminal that fd is, opened once more so that writing to it never waits; -1 where fd is none,
 * or cannot be opened. A flag on fd itself would be of all who share it: a shell has it too. */
int outlet_terminal(int fd);
/* A descriptor of our own for what fd leads to, such a one where it is a terminal; or -errno. */
int outlet_copy(int fd);

/* The outlet owns fd from now on. */
void outlet_open(struct outlet *outlet, int fd);
/* What is still held is lost. */
void outlet_close(struct outlet *outlet);

/* Writes the whole piece, or holds what its reader does not take yet: 0; -EAGAIN: the piece was
 * left out, all of it; else -errno of a write that failed. Never waits for a reader. */
int outlet_write(struct outlet *outlet, const char *bytes, size_t length);

/* Waits until what is held was taken: as outlet_send(). */
int outlet_finish(struct outlet *outlet, duration patience);

/* Writes all of it, waiting for its reader: 0 or -errno; -ETIMEDOUT: the reader took nothing for
 * that long; -EINTR: a signal that ends a run is pending (blocked, as in a run). *taken: bytes that
 * went out; may be NULL. */
int outlet_send(int fd, const char *bytes, size_t length, duration patience, size_t *taken);

/* strerror() of a -errno of these, in words that fit. */
const char *outlet_error(int error);

#endif
