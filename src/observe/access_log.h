/* The follower of an access log: counts the lines appended to whatever file stands at its path,
 * across rotation by rename and by truncation, a bounded piece at a time. */
#ifndef OBSERVE_ACCESS_LOG_H
#define OBSERVE_ACCESS_LOG_H

#include <sys/types.h>

#include "base/instant.h"
#include "observe/access_log_lines.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "stats/server.h"

enum {
    LOG_FILES_MAX = 8,        /* followed at once: the one at the path, and rotated ones */
    LOG_STEP_BYTES = 4 << 20, /* read in one step, at most */
    LOG_MARK_BYTES = 256,     /* by which a file is known again */
};

struct access_log_file {
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
    struct access_log_partial partial;
};

struct access_log {
    const char *path;
    struct server_log_view view;
    struct access_log_patterns patterns;
    struct access_log_counts counts;
    uint64_t own_requests; /* of the preflight, of the target */
    uint64_t own_polls;    /* of the status page so far: its owner keeps it up to date */
    double per_second;     /* over the latest second or so; NAN: not measured */
    instant due;           /* when it wants to be stepped next */
    instant grew_at;       /* any file */
    /* internal */
    bool preflight_matches; /* its request line is the load's */
    size_t file_count;
    struct access_log_file *files[LOG_FILES_MAX]; /* the newest last */
    bool ticked;
    instant ticked_at;
    uint64_t ticked_requests;
    bool in_hold;
    instant hold_since;
    uint64_t hold_requests;
};

/* Opens path for reading, as long as it is a regular file: its descriptor (the caller's) and its
 * size, or -errno (-EISDIR; -EINVAL for what is neither file nor directory). Never waits. */
int access_log_open(const char *path, int64_t *size);

/* Follows setup->server_log (a descriptor of its own is made). 0 or -errno; free in any case. */
int access_log_init(struct access_log *follower, const struct plan *plan, const struct setup *setup,
                    instant now);
void access_log_free(struct access_log *follower);

/* Reads what is there, LOG_STEP_BYTES at most, and looks whether another file has come to the path.
 * Afterwards view is up to date and due says when to come back: at once when there is more. */
void access_log_step(struct access_log *follower, instant now);

/* Once a second: the rate. */
void access_log_tick(struct access_log *follower, instant now);

/* The hold begins, or has ended: the mean rate is of what is between. */
void access_log_hold(struct access_log *follower, bool holding, instant now);

/* True when a line has come for each of `sent` requests, as far as can be known. */
bool access_log_complete(const struct access_log *follower, uint64_t sent);

#endif
