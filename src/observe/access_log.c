/* The follower of an access log. Which file a line stands in is of no matter, only that each is
 * read once: so a rotated file is read on beside the new one for as long as somebody writes to it.
 */
#include "observe/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/minmax.h"
#include "stats/rates.h"

enum { CHUNK_BYTES = 256 * 1024 };
/* Short, so that no file comes and goes at the path unseen. */
static const duration STEP_EVERY = 100 * MILLISECOND;
/* A rotated file is let go after this time without a byte, once its successor is written to. */
static const duration ROTATED_QUIET = 10 * SECOND;

int access_log_open(const char *path, int64_t *size) {
    /* O_NONBLOCK: a FIFO without a writer would be waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    struct stat stat;
    int error = fstat(fd, &stat) == 0 ? 0 : -errno;
    if (error == 0 && S_ISDIR(stat.st_mode))
        error = -EISDIR;
    else if (error == 0 && !S_ISREG(stat.st_mode))
        error = -EINVAL;
    if (error < 0) {
        close(fd);
        return error;
    }
    *size = stat.st_size;
    return fd;
}

/* --- one file --- */

/* Other bytes than `length` of them at `offset` are there now; what cannot be read proves nothing.
 */
static bool has_changed(const struct access_log_file *file, int64_t offset, const char *bytes,
                        size_t length) {
    char now[LOG_MARK_BYTES];
    ssize_t got = pread(file->fd, now, length, offset);
    return got >= 0 && ((size_t)got != length || memcmp(now, bytes, length) != 0);
}

/* Smaller than what was read of it, or other bytes where those were. */
static bool was_cut(const struct access_log_file *file) {
    struct stat stat;
    return (fstat(file->fd, &stat) == 0 && stat.st_size < file->position) ||
           has_changed(file, file->position - (int64_t)file->tail_length, file->tail,
                       file->tail_length) ||
           has_changed(file, 0, file->head, file->head_length);
}

static void restart_file(struct access_log_file *file) {
    file->position = 0;
    file->head_length = file->tail_length = 0;
    file->partial.length = 0;
}

static size_t read_mark(const struct access_log_file *file, char *mark, int64_t from, int64_t to) {
    ssize_t got = pread(file->fd, mark, (size_t)(to - from), from);
    return got == to - from ? (size_t)got : 0;
}

static int64_t mark_length(int64_t position) {
    return position < LOG_MARK_BYTES ? position : LOG_MARK_BYTES;
}

/* By what stands in the file itself: for one that was not read by us. */
static void mark_file(struct access_log_file *file) {
    int64_t length = mark_length(file->position);
    file->head_length = read_mark(file, file->head, 0, length);
    file->tail_length = read_mark(file, file->tail, file->position - length, file->position);
}

/* By the bytes that were taken, which end at position. */
static void mark_taken(struct access_log_file *file, const char *bytes, size_t length) {
    size_t first = LOG_MARK_BYTES - file->head_length;
    if (first > length)
        first = length;
    if (file->position == (int64_t)file->head_length) {
        memcpy(file->head + file->head_length, bytes, first);
        file->head_length += first;
    }
    if (length >= LOG_MARK_BYTES) {
        memcpy(file->tail, bytes + length - LOG_MARK_BYTES, LOG_MARK_BYTES);
        file->tail_length = LOG_MARK_BYTES;
        return;
    }
    size_t kept = LOG_MARK_BYTES - length;
    if (kept > file->tail_length)
        kept = file->tail_length;
    memmove(file->tail, file->tail + file->tail_length - kept, kept);
    memcpy(file->tail + kept, bytes, length);
    file->tail_length = kept + length;
}

static void set_trouble(struct access_log *follower, const char *what, int error) {
    snprintf(follower->view.trouble, sizeof follower->view.trouble, "%s: %s", what,
             strerror(error));
}

/* Reads on, budget bytes at most; how many it took. */
static size_t read_file(struct access_log *follower, struct access_log_file *file, size_t budget,
                        instant now) {
    static char chunk[CHUNK_BYTES];
    size_t taken = 0;
    while (taken < budget) {
        ssize_t got = pread(file->fd, chunk, sizeof chunk, file->position);
        if (got < 0) {
            set_trouble(follower, "reading", errno);
            break;
        }
        /* Looked at after the bytes were read: what is taken was written behind what we know. */
        if (was_cut(file)) {
            follower->view.truncations++;
            restart_file(file);
            continue;
        }
        if (got == 0)
            break;
        access_log_lines_take(&follower->counts, &file->partial, &follower->patterns, chunk,
                              (size_t)got);
        mark_taken(file, chunk, (size_t)got);
        file->position += got;
        taken += (size_t)got;
    }
    if (taken > 0) {
        follower->grew_at = file->grew_at = now;
        file->grown = true;
        follower->view.bytes += taken;
    }
    return taken;
}

static int64_t unread(const struct access_log_file *file) {
    struct stat stat;
    return fstat(file->fd, &stat) == 0 && stat.st_size > file->position
               ? stat.st_size - file->position
               : 0;
}

/* --- the files --- */

static void close_file(struct access_log *follower, size_t index) {
    close(follower->files[index]->fd);
    free(follower->files[index]);
    follower->file_count--;
    memmove(&follower->files[index], &follower->files[index + 1],
            (follower->file_count - index) * sizeof(struct access_log_file *));
}

static bool is_quiet(const struct access_log_file *file, instant now) {
    return instant_since(now, file->grew_at) >= ROTATED_QUIET;
}

static void close_quiet_files(struct access_log *follower, instant now) {
    for (size_t i = 0; i + 1 < follower->file_count;) {
        const struct access_log_file *newest = follower->files[follower->file_count - 1];
        if (newest->grown && is_quiet(follower->files[i], now) && unread(follower->files[i]) == 0)
            close_file(follower, i);
        else
            i++;
    }
}

/* Takes the descriptor over. */
static int add_file(struct access_log *follower, int fd, int64_t position, instant now) {
    struct stat stat;
    struct access_log_file *file = calloc(1, sizeof *file);
    if (file == NULL || fstat(fd, &stat) != 0) {
        int error = file == NULL ? ENOMEM : errno;
        free(file);
        close(fd);
        return -error;
    }
    *file = (struct access_log_file){.fd = fd,
                                     .device = stat.st_dev,
                                     .inode = stat.st_ino,
                                     .position = position,
                                     .grew_at = now};
    mark_file(file);
    if (follower->file_count == LOG_FILES_MAX) {
        follower->view.given_up += !is_quiet(follower->files[0], now);
        close_file(follower, 0);
    }
    follower->files[follower->file_count++] = file;
    return 0;
}

static bool is_followed(const struct access_log *follower, const struct stat *stat) {
    for (size_t i = 0; i < follower->file_count; i++)
        if (follower->files[i]->device == stat->st_dev && follower->files[i]->inode == stat->st_ino)
            return true;
    return false;
}

static void look_at_path(struct access_log *follower, instant now) {
    struct stat found;
    if (stat(follower->path, &found) != 0) {
        follower->view.missing = true;
        if (errno != ENOENT)
            set_trouble(follower, "the path", errno);
        return;
    }
    follower->view.missing = false;
    if (is_followed(follower, &found))
        return;
    int64_t size;
    int fd = access_log_open(follower->path, &size);
    int error = fd < 0 ? fd : add_file(follower, fd, 0, now);
    if (error == 0)
        follower->view.rotations++;
    else
        set_trouble(follower, "the new file at the path", -error);
}

/* --- the whole --- */

int access_log_init(struct access_log *follower, const struct plan *plan, const struct setup *setup,
                    instant now) {
    *follower = (struct access_log){.path = setup->server_log.path,
                                    .view = {.asked = true},
                                    .own_requests = setup->server_log.own_requests,
                                    .own_polls = setup->server_log.own_polls,
                                    .per_second = NAN,
                                    .due = now,
                                    .grew_at = now};
    struct access_log_patterns *patterns = &follower->patterns;
    access_log_pattern_make(&patterns->asked, plan->method, plan->target.path);
    if (plan->status.host[0] != '\0')
        access_log_pattern_make(&patterns->polled, "GET", plan->status.path);
    if (access_log_pattern_equal(&patterns->asked, &patterns->polled))
        patterns->polled.length = 0; /* the two are alike */
    /* For other methods than these the preflight asks with HEAD. */
    follower->preflight_matches =
        strcmp(plan->method, "GET") == 0 || strcmp(plan->method, "HEAD") == 0;
    int fd = fcntl(setup->server_log.fd, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -errno : add_file(follower, fd, setup->server_log.position, now);
}

void access_log_free(struct access_log *follower) {
    while (follower->file_count > 0)
        close_file(follower, follower->file_count - 1);
}

/* The poller may poll a page that is not logged, or somebody else may ask for it too. */
static void count_requests(struct access_log *follower) {
    struct server_log_view *view = &follower->view;
    uint64_t own = min_u64(follower->counts.polled, follower->own_polls) + follower->own_requests;
    view->lines = follower->counts.lines;
    view->matching = follower->counts.asked;
    view->own = min_u64(own, view->lines);
    view->requests = view->lines - view->own;
}

void access_log_step(struct access_log *follower, instant now) {
    /* The path first: what is found there now was begun after the files we know. */
    look_at_path(follower, now);
    size_t budget = LOG_STEP_BYTES;
    int64_t behind = 0;
    for (size_t i = 0; i < follower->file_count; i++) {
        budget -= min_u64(budget, read_file(follower, follower->files[i], budget, now));
        behind += unread(follower->files[i]);
    }
    close_quiet_files(follower, now);
    follower->view.behind_bytes = behind;
    if (behind > follower->view.behind_bytes_max)
        follower->view.behind_bytes_max = behind;
    count_requests(follower);
    follower->due = budget == 0 ? now : instant_after(now, STEP_EVERY);
}

void access_log_tick(struct access_log *follower, instant now) {
    uint64_t requests = follower->view.requests;
    duration between = instant_since(now, follower->ticked_at);
    /* A tick that came late is followed by an early one: that is no rate. */
    if (follower->ticked && between < SECOND / 2)
        return;
    follower->per_second = NAN;
    /* Less than before: a line turned out to be of our own poll. */
    if (follower->ticked && requests >= follower->ticked_requests)
        follower->per_second =
            (double)(requests - follower->ticked_requests) / duration_seconds(between);
    follower->ticked = true;
    follower->ticked_at = now;
    follower->ticked_requests = requests;
}

void access_log_hold(struct access_log *follower, bool holding, instant now) {
    struct server_log_view *view = &follower->view;
    access_log_step(follower, now);
    if (holding) {
        follower->hold_since = now;
        follower->hold_requests = view->requests;
    } else if (follower->in_hold && view->requests >= follower->hold_requests) {
        duration held = instant_since(now, follower->hold_since);
        view->hold_measured = held >= RATES_MEAN_MIN && view->lines > 0;
        view->per_second_mean = rates_mean(view->requests - follower->hold_requests, held);
    }
    follower->in_hold = holding;
}

bool access_log_complete(const struct access_log *follower, uint64_t sent) {
    const struct server_log_view *view = &follower->view;
    if (view->behind_bytes > 0)
        return false;
    /* Where other clients' lines stand between, only our own kind says that ours are all there. */
    uint64_t matching = sent + (follower->preflight_matches ? follower->own_requests : 0);
    return view->requests >= sent && (view->matching == 0 || view->matching >= matching);
}
