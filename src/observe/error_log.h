/* The error logs that a server's process holds open: what nginx wrote into them during the run of
 * limits that it met. */
#ifndef OBSERVE_ERROR_LOG_H
#define OBSERVE_ERROR_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "stats/evidence.h"

enum {
    ERROR_LOGS_MAX = 8,
    ERROR_LOG_STEP_BYTES = 1 << 20, /* read of one file in one step, at most */
    ERROR_LINE_KEPT = 512,          /* of a line; what follows is passed over */
    ERROR_LOG_HEAD_BYTES = 256,     /* by which a file that was cut is known again */
};

enum error_line {
    ERROR_LINE_OTHER,
    ERROR_LINE_SHORT_OF_CONNECTIONS, /* "512 worker_connections are not enough" */
    ERROR_LINE_SHORT_OF_FILES,       /* "accept4() failed (24: Too many open files)", socket */
};

/* The meaning of a line, given without its end. Only lines of nginx's own form count, "2026/11/26
 * 00:32:15 [alert] 12#12: ...", and only by their message's beginning: a line of an access log, or
 * a request that is quoted further on, does not. */
enum error_line error_line_of(const char *line, size_t length);

struct error_log_file {
    int fd;
    dev_t device;
    ino_t inode;
    int64_t position; /* read so far */
    size_t length;    /* of the line whose end has not come yet */
    char kept[ERROR_LINE_KEPT];
    size_t head_length; /* of the file's first bytes, as they were when they were read */
    char head[ERROR_LOG_HEAD_BYTES];
};

struct error_log {
    struct evidence_error_log view;
    size_t count;
    struct error_log_file files[ERROR_LOGS_MAX];
};

/* Finds the regular files named *.log or with "error" in their name among those that the process
 * has open, and follows them from their present ends. A file to which the server turns later
 * (nginx -s reopen) is not followed. root stands before /proc. Freed in any case. */
void error_log_init(struct error_log *log, const char *root, int pid);
void error_log_free(struct error_log *log);

/* Takes what was appended; afterwards the view is up to date. */
void error_log_step(struct error_log *log);

#endif
