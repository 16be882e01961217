/* The error logs that a server's process holds open. */
#include "observe/error_log.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/redact.h"
#include "observe/lines.h"

enum { PATH_BYTES = 512, CHUNK_BYTES = 64 * 1024, DESCRIPTORS_MAX = 65536 };

/* --- one line --- */

struct log_text {
    const char *at, *end;
};

static bool skip(struct log_text *text, const char *with) {
    size_t length = strlen(with);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, with, length) != 0)
        return false;
    text->at += length;
    return true;
}

static bool skip_digits(struct log_text *text) {
    const char *first = text->at;
    while (text->at < text->end && ascii_is_digit((unsigned char)*text->at))
        text->at++;
    return text->at > first;
}

/* "2026/11/26 00:32:15 " (ngx_cached_err_log_time). */
static bool skip_time(struct log_text *text) {
    static const char *const between[] = {"/", "/", " ", ":", ":", " "};
    for (size_t i = 0; i < sizeof between / sizeof between[0]; i++)
        if (!skip_digits(text) || !skip(text, between[i]))
            return false;
    return true;
}

/* "[alert] 12#12: *5 ", the last only where there is a connection (ngx_log_error_core). */
static bool skip_origin(struct log_text *text) {
    if (!skip(text, "["))
        return false;
    while (text->at < text->end && ascii_is_lower((unsigned char)*text->at))
        text->at++;
    if (!skip(text, "] ") || !skip_digits(text) || !skip(text, "#") || !skip_digits(text) ||
        !skip(text, ": "))
        return false;
    if (!skip(text, "*"))
        return true;
    return skip_digits(text) && skip(text, " ");
}

static bool is_out_of_files(struct log_text text) {
    return skip(&text, "(24: ") || skip(&text, "(23: "); /* EMFILE, ENFILE */
}

/* Not open(): its message begins with a path, which a client may have chosen. */
static bool is_short_of_files(struct log_text text) {
    static const char *const calls[] = {"accept4() failed ", "accept() failed ",
                                        "socket() failed "};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (skip(&text, calls[i]))
            return is_out_of_files(text);
    return false;
}

static bool is_short_of_connections(struct log_text text) {
    return skip_digits(&text) && skip(&text, " worker_connections are not enough");
}

enum error_line error_line_of(const char *line, size_t length) {
    struct log_text text = {line, line + length};
    if (!skip_time(&text) || !skip_origin(&text))
        return ERROR_LINE_OTHER;
    if (is_short_of_connections(text))
        return ERROR_LINE_SHORT_OF_CONNECTIONS;
    return is_short_of_files(text) ? ERROR_LINE_SHORT_OF_FILES : ERROR_LINE_OTHER;
}

/* --- lines of a file --- */

/* nginx quotes the request, query and all. */
static void keep_first(char *to, size_t size, const char *line, size_t length) {
    char whole[ERROR_LINE_KEPT + 1];
    if (to[0] != '\0')
        return;
    snprintf(whole, sizeof whole, "%.*s", (int)length, line);
    redact_urls(to, size, whole);
}

static void take_line(void *owner, const char *line, size_t length) {
    struct evidence_error_log *view = owner;
    view->lines++;
    switch (error_line_of(line, length)) {
    case ERROR_LINE_SHORT_OF_CONNECTIONS:
        view->short_of_connections++;
        keep_first(view->connections_line, sizeof view->connections_line, line, length);
        break;
    case ERROR_LINE_SHORT_OF_FILES:
        view->short_of_files++;
        keep_first(view->files_line, sizeof view->files_line, line, length);
        break;
    case ERROR_LINE_OTHER: break;
    }
}

static int64_t size_of(const struct error_log_file *file) {
    struct stat stat;
    return fstat(file->fd, &stat) == 0 ? stat.st_size : file->position;
}

/* Its first bytes are still those that were there when it was longer. */
static bool begins_as_before(const struct error_log_file *file, int64_t size) {
    char now[ERROR_LOG_HEAD_BYTES];
    size_t length = size < (int64_t)file->head_length ? (size_t)size : file->head_length;
    return pread(file->fd, now, length, 0) == (ssize_t)length &&
           memcmp(now, file->head, length) == 0;
}

/* Cut in place: what is left of a longer file was there before; what came into an emptied one was
 * not, and is read from its beginning. */
static void find_cut(struct error_log_file *file) {
    int64_t size = size_of(file);
    if (size >= file->position)
        return;
    file->position = begins_as_before(file, size) ? size : 0;
    file->head_length = file->length = 0;
}

static void keep_head(struct error_log_file *file) {
    size_t length = file->position < ERROR_LOG_HEAD_BYTES ? (size_t)file->position
                                                          : (size_t)ERROR_LOG_HEAD_BYTES;
    if (length > file->head_length && pread(file->fd, file->head, length, 0) == (ssize_t)length)
        file->head_length = length;
}

static void read_file(struct evidence_error_log *view, struct error_log_file *file) {
    static char chunk[CHUNK_BYTES];
    find_cut(file);
    for (int64_t stop = file->position + ERROR_LOG_STEP_BYTES; file->position < stop;) {
        ssize_t got = pread(file->fd, chunk, sizeof chunk, file->position);
        if (got <= 0)
            break;
        lines_take(file->kept, sizeof file->kept, &file->length, chunk, (size_t)got, take_line,
                   view);
        file->position += got;
    }
    keep_head(file);
    view->behind |= size_of(file) > file->position;
}

void error_log_step(struct error_log *log) {
    log->view.behind = false;
    for (size_t i = 0; i < log->count; i++)
        read_file(&log->view, &log->files[i]);
}

/* --- which files --- */

static bool is_log_name(const char *path) {
    static const char suffix[] = ".log";
    const char *name = strrchr(path, '/');
    size_t length = strlen(path);
    return strstr(name != NULL ? name : path, "error") != NULL ||
           (length >= sizeof suffix - 1 && strcmp(path + length - sizeof suffix + 1, suffix) == 0);
}

static bool is_followed(const struct error_log *log, const struct stat *stat) {
    for (size_t i = 0; i < log->count; i++)
        if (log->files[i].device == stat->st_dev && log->files[i].inode == stat->st_ino)
            return true;
    return false;
}

/* By the link in /proc, which leads to the file even where its path means another one to us. */
static void add_file(struct error_log *log, const char *link) {
    char path[PATH_BYTES];
    struct stat stat_of;
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return;
    path[length] = '\0';
    if (!is_log_name(path) || stat(link, &stat_of) != 0 || !S_ISREG(stat_of.st_mode) ||
        is_followed(log, &stat_of))
        return;
    int fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return;
    log->files[log->count++] = (struct error_log_file){
        .fd = fd, .device = stat_of.st_dev, .inode = stat_of.st_ino, .position = stat_of.st_size};
    keep_head(&log->files[log->count - 1]);
}

void error_log_init(struct error_log *log, const char *root, int pid) {
    char folder[PATH_BYTES], link[2 * PATH_BYTES];
    *log = (struct error_log){.view = {.asked = true}};
    snprintf(folder, sizeof folder, "%s/proc/%d/fd", root, pid);
    DIR *descriptors = opendir(folder);
    if (descriptors == NULL)
        return;
    const struct dirent *entry;
    for (int i = 0; i < DESCRIPTORS_MAX && log->count < ERROR_LOGS_MAX; i++) {
        if ((entry = readdir(descriptors)) == NULL)
            break;
        snprintf(link, sizeof link, "%s/%s", folder, entry->d_name);
        add_file(log, link);
    }
    closedir(descriptors);
    log->view.files = log->count;
}

void error_log_free(struct error_log *log) {
    while (log->count > 0)
        close(log->files[--log->count].fd);
}
