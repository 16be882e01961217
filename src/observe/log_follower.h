/* The follower of an access log: counts the lines appended to whatever file stands at its path,
 * across rotation by rename and by truncation, a bounded piece at a time. */
#ifndef OBSERVE_LOG_FOLLOWER_H
#define OBSERVE_LOG_FOLLOWER_H

#include <sys/types.h>

#include "base/instant.h"
#include "observe/log_lines.h"
#include "plan/plan.h"
#include "stats/server.h"

enum {
    LOG_FILES_MAX = 8,        /* followed at once: the one at the path, and rotated ones */
    LOG_STEP_BYTES = 4 << 20, /* read in one step, at most */
    LOG_MARK_BYTES = 256,     /* by which a file is known again */
};

struct log_file {
    int fd;
    dev_t device;
    ino_t inode;
    int64_t position; /* read so far */
    /* The first bytes, and those before position: when they have changed, the file was cut and has
     * grown again. */
    char head[LOG_MARK_BYTES], tail[LOG_MARK_BYTES];
    size_t head_length, tail_length;
    instant grew_at; /* when bytes were last found, or it was opened */
    bool grown;      /* since it was opened */
    struct log_partial partial;
};

struct log_follower {
    const char *path;
    struct log_view view;
    struct log_patterns patterns;
    struct log_counts counts;
    uint64_t own_requests; /* of the preflight, of the target */
    uint64_t own_polls;    /* of the status page so far: its owner keeps it up to date */
    double per_second;     /* over the latest second or so; NAN: not measured */
    instant due;           /* when it wants to be stepped next */
    instant grew_at;       /* any file */
    /* internal */
    bool preflight_matches; /* its request line is the load's */
    size_t file_count;
    struct log_file *files[LOG_FILES_MAX]; /* the newest last */
    bool ticked;
    instant ticked_at;
    uint64_t ticked_requests;
    bool in_hold;
    instant hold_since;
    uint64_t hold_requests;
};

/* Opens path for reading, as long as it is a regular file: its descriptor (the caller's) and its
 * size, or -errno (-EISDIR; -EINVAL for what is neither file nor directory). Never waits. */
int log_follower_open(const char *path, int64_t *size);

/* Follows plan->server_log (a descriptor of its own is made). 0 or -errno; free in any case. */
int log_follower_init(struct log_follower *follower, const struct plan *plan, instant now);
void log_follower_free(struct log_follower *follower);

/* Reads what is there, LOG_STEP_BYTES at most, and looks whether another file has come to the path.
 * Afterwards view is up to date and due says when to come back: at once when there is more. */
void log_follower_step(struct log_follower *follower, instant now);

/* Once a second: the rate. */
void log_follower_tick(struct log_follower *follower, instant now);

/* The hold begins, or has ended: the mean rate is of what is between. */
void log_follower_hold(struct log_follower *follower, bool holding, instant now);

/* True when a line has come for each of `sent` requests, as far as can be told. */
bool log_follower_complete(const struct log_follower *follower, uint64_t sent);

#endif
