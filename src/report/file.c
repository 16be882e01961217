/* A report file: written aside in the same folder and renamed into place when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

static int open_copy(struct report_file *file, int fd) {
    return open_stream(file, fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

/* A new file beside `target`, with the rights a plain open would give it. */
static int open_aside(struct report_file *file, const char *target) {
    size_t size = strlen(target) + SUFFIX_LENGTH + 1;
    file->aside = malloc(size);
    if (file->aside == NULL)
        return -ENOMEM;
    int fd = -1;
    for (int i = 0; i < NAME_TRIES; i++) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        unsigned mix = (unsigned)now.tv_nsec * 2654435761u + (unsigned)getpid() * 40503u;
        snprintf(file->aside, size, "%s.part-%06x", target, (mix + (unsigned)i) >> 4 & 0xffffff);
        fd = open(file->aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    int error = open_stream(file, fd);
    if (error != 0) {
        if (fd >= 0)
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
        return open_stream(file, open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
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
    *file = (struct report_file){.path = path};
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
static int finish_stream(FILE *stream, bool sync) {
    errno = 0;
    int error = fflush(stream) != 0 ? -errno : 0;
    if (error == 0 && ferror(stream))
        error = -EIO; /* an earlier write failed, its errno is gone */
    if (error == 0 && sync && fsync(fileno(stream)) != 0 && errno != EINVAL && errno != ENOSYS)
        error = -errno;
    if (fclose(stream) != 0 && error == 0)
        error = -errno;
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

int report_file_commit(struct report_file *file) {
    int error = finish_stream(file->stream, file->aside != NULL);
    file->stream = NULL;
    if (error == 0 && file->aside != NULL)
        error = rename_into_place(file->aside);
    if (error == 0) {
        free(file->aside);
        file->aside = NULL;
    }
    report_file_discard(file);
    return error;
}

void report_file_discard(struct report_file *file) {
    if (file->stream != NULL)
        fclose(file->stream);
    if (file->aside != NULL)
        unlink(file->aside);
    free(file->aside);
    file->stream = NULL;
    file->aside = NULL;
}
