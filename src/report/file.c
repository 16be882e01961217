/* A report file: written aside in the same folder and renamed into place when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report/outlet.h"
#include "report/report.h"

/* ".part-XXXXXX" behind the path of the file it will become. */
enum { SUFFIX_LENGTH = 12, NAME_TRIES = 100 };

/* True when the file is what that descriptor of ours already writes to (/dev/stdout, or the file a
 * shell redirected it to): it must share that descriptor's offset, not be replaced. */
static bool is_open_as(const struct stat *file, int fd) {
    struct stat open_file;
    return fstat(fd, &open_file) == 0 && open_file.st_dev == file->st_dev &&
           open_file.st_ino == file->st_ino;
}

static int open_stream(struct report_file *file, int fd) {
    if (fd < 0)
        return -errno;
    file->stream = fdopen(fd, "w");
    if (file->stream != NULL)
        return 0;
    int error = -errno;
    close(fd);
    return error;
}

/* A reader may be slow, or none: what is for it waits in memory, and the run for nobody. */
static int open_for_reader(struct report_file *file, int fd) {
    if (fd < 0)
        return fd;
    file->stream = open_memstream(&file->text, &file->length);
    file->out = fd;
    return file->stream != NULL ? 0 : -ENOMEM;
}

static int open_copy(struct report_file *file, int fd) {
    int copy = outlet_copy(fd);
    if (copy < 0 || outlet_has_reader(copy))
        return open_for_reader(file, copy);
    return open_stream(file, copy);
}

static void name_aside(struct report_file *file, const char *target, unsigned attempt) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned mix = (unsigned)now.tv_nsec * 2654435761u + (unsigned)getpid() * 40503u;
    snprintf(file->aside, strlen(target) + SUFFIX_LENGTH + 1, "%s.part-%06x", target,
             (mix + attempt) >> 4 & 0xffffff);
}

/* How a file without a name is named (open(2), O_TMPFILE). */
static void name_of(int fd, char path[static 32]) {
    snprintf(path, 32, "/proc/self/fd/%d", fd);
}

/* A file in the target's folder that has no name yet; -1 where the file system has none such, or
 * where it could not be named later. */
static int open_unnamed(const char *target) {
    char *folder = strdup(target), name[32];
    if (folder == NULL)
        return -1;
    int fd = open(dirname(folder), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
    free(folder);
    if (fd < 0)
        return -1;
    name_of(fd, name);
    if (access(name, F_OK) == 0)
        return fd;
    close(fd);
    return -1;
}

static int open_named(struct report_file *file, const char *target) {
    int fd = -1;
    for (unsigned i = 0; i < NAME_TRIES; i++) {
        name_aside(file, target, i);
        fd = open(file->aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    return fd;
}

/* A new file beside `target`, with the rights a plain open would give it. */
static int open_aside(struct report_file *file, const char *target) {
    file->aside = malloc(strlen(target) + SUFFIX_LENGTH + 1);
    if (file->aside == NULL)
        return -ENOMEM;
    int fd = open_unnamed(target);
    file->unnamed = fd >= 0;
    if (file->unnamed)
        name_aside(file, target, 0);
    else
        fd = open_named(file, target);
    int error = open_stream(file, fd);
    if (error != 0) {
        if (fd >= 0 && !file->unnamed)
            unlink(file->aside);
        free(file->aside);
        file->aside = NULL;
    }
    return error;
}

/* Behind a symbolic link it is the file that is replaced, not the link. */
static int open_existing(struct report_file *file, const struct stat *found) {
    if (S_ISDIR(found->st_mode))
        return -EISDIR;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        if (is_open_as(found, fd))
            return open_copy(file, fd);
    }
    if (!S_ISREG(found->st_mode))
        return open_for_reader(file, outlet_open_path(file->path));
    if (access(file->path, W_OK) != 0)
        return -errno;
    char *target = realpath(file->path, NULL);
    if (target == NULL)
        return -errno;
    int error = open_aside(file, target);
    free(target);
    return error;
}

int report_file_open(struct report_file *file, const char *path) {
    *file = (struct report_file){.path = path, .out = -1};
    if (strcmp(path, "-") == 0)
        return open_copy(file, STDOUT_FILENO);
    if (path[0] == '\0')
        return -ENOENT;
    struct stat found;
    if (stat(path, &found) == 0)
        return open_existing(file, &found);
    return errno == ENOENT ? open_aside(file, path) : -errno;
}

/* 0 when every byte has reached the file, as far as its file system can tell. */
static int flush_stream(FILE *stream, bool sync) {
    errno = 0;
    int error = fflush(stream) != 0 ? -errno : 0;
    if (error == 0 && ferror(stream))
        error = -EIO; /* an earlier write failed, its errno is gone */
    if (error == 0 && sync && fsync(fileno(stream)) != 0 && errno != EINVAL && errno != ENOSYS)
        error = -errno;
    return error;
}

static int close_stream(struct report_file *file) {
    int error = fclose(file->stream) == 0 ? 0 : -errno;
    file->stream = NULL;
    return error;
}

/* Gives an unnamed file the name that is renamed to the target's: linkat(2) replaces nothing. */
static int link_aside(struct report_file *file) {
    char name[32], *target = strndup(file->aside, strlen(file->aside) - SUFFIX_LENGTH);
    if (target == NULL)
        return -ENOMEM;
    int error = -EEXIST;
    name_of(fileno(file->stream), name);
    for (unsigned i = 0; error == -EEXIST && i < NAME_TRIES; i++) {
        name_aside(file, target, i);
        error = linkat(AT_FDCWD, name, AT_FDCWD, file->aside, AT_SYMLINK_FOLLOW) == 0 ? 0 : -errno;
    }
    file->unnamed = error != 0;
    free(target);
    return error;
}

static int rename_into_place(const char *aside) {
    size_t length = strlen(aside) - SUFFIX_LENGTH;
    char *target = strndup(aside, length);
    if (target == NULL)
        return -ENOMEM;
    int error = rename(aside, target) == 0 ? 0 : -errno;
    free(target);
    return error;
}

static int commit_aside(struct report_file *file) {
    int error = flush_stream(file->stream, true);
    if (error == 0 && file->unnamed)
        error = link_aside(file);
    int closed = close_stream(file);
    if (error == 0)
        error = closed;
    if (error == 0)
        error = rename_into_place(file->aside);
    if (error == 0) {
        free(file->aside);
        file->aside = NULL;
    }
    return error;
}

static int commit_stream(struct report_file *file) {
    int error = flush_stream(file->stream, false), closed = close_stream(file);
    return error != 0 ? error : closed;
}

int report_file_commit(struct report_file *file, duration patience) {
    int error = file->aside != NULL ? commit_aside(file) : commit_stream(file);
    if (error == 0 && file->out >= 0)
        error = outlet_send(file->out, file->text, file->length, patience, NULL);
    report_file_discard(file);
    return error;
}

void report_file_discard(struct report_file *file) {
    if (file->stream != NULL)
        fclose(file->stream);
    if (file->aside != NULL && !file->unnamed)
        unlink(file->aside);
    if (file->out >= 0)
        close(file->out);
    free(file->aside);
    free(file->text);
    *file = (struct report_file){.path = file->path, .out = -1};
}
