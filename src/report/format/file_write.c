/* A file written whole: a new one renamed over the old where that changes nothing else about it. */
#include "report/format/file_write.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "report/format/line_writer.h"

/* LINKS_MAX is the kernel's own (path_resolution(7)). */
enum { NAME_TRIES = 100, SYNC_TRIES = 1000, LINKS_MAX = 40, SHORT_NAME = 64, NEW_FILE_MODE = 0666 };

/* Not O_CREAT: in a sticky folder that refuses another's file (fs.protected_regular). */
enum { WRITE_FLAGS = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

struct content {
    const char *bytes;
    size_t length;
    bool unsynced; /* whoever reads it may find less after a crash of the machine */
};

/* --- where a path leads --- */

/* From the folder so far into the one of this path. */
static int enter_folder(struct file_location *location, const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    int from = location->folder >= 0 ? location->folder : AT_FDCWD;
    int entered = openat(from, slash != NULL ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (entered < 0)
        return -errno;
    file_location_close(location);
    location->folder = entered;
    snprintf(location->name, sizeof location->name, "%s", name);
    return 0;
}

static bool is_proc(int folder) {
    struct statfs system;
    return fstatfs(folder, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

int file_location_open(struct file_location *location, const char *path) {
    char rest[PATH_MAX];
    location->folder = -1;
    if (snprintf(rest, sizeof rest, "%s", path) >= (int)sizeof rest)
        return -ENAMETOOLONG;
    for (int links = 0; links <= LINKS_MAX; links++) {
        int error = enter_folder(location, rest);
        if (error != 0)
            return error;
        location->proc = is_proc(location->folder);
        if (location->proc)
            return 0;
        ssize_t length = readlinkat(location->folder, location->name, rest, sizeof rest - 1);
        if (length < 0) /* no link, or nothing at all */
            return errno == EINVAL || errno == ENOENT ? 0 : -errno;
        rest[length] = '\0';
    }
    return -ELOOP;
}

void file_location_close(struct file_location *location) {
    if (location->folder >= 0)
        close(location->folder);
    location->folder = -1;
}

static bool same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool file_location_same(const struct file_location *a, const struct file_location *b) {
    struct stat of_a, of_b;
    return strcmp(a->name, b->name) == 0 && fstat(a->folder, &of_a) == 0 &&
           fstat(b->folder, &of_b) == 0 && same_file(&of_a, &of_b);
}

/* Of /proc/self/fd/N, which /dev/fd/N and /dev/stdout lead to. */
static int own_descriptor(const struct file_location *location) {
    struct stat folder, own;
    char *end;
    if (!location->proc || fstat(location->folder, &folder) != 0 ||
        stat("/proc/self/fd", &own) != 0 || !same_file(&folder, &own))
        return -1;
    long fd = strtol(location->name, &end, 10);
    return *end == '\0' && end != location->name && fd >= 0 && fd <= INT_MAX ? (int)fd : -1;
}

static bool is_open_as(const struct stat *file, int fd) {
    struct stat opened;
    return line_writer_is_writable(fd) && fstat(fd, &opened) == 0 && same_file(file, &opened);
}

int file_descriptor_of(const char *path) {
    struct file_location location;
    struct stat found;
    if (strcmp(path, "-") == 0)
        return STDOUT_FILENO;
    int fd = file_location_open(&location, path) == 0 ? own_descriptor(&location) : -1;
    file_location_close(&location);
    if (stat(path, &found) != 0)
        return fd;
    for (int i = STDOUT_FILENO; i <= STDERR_FILENO && fd < 0; i++)
        fd = is_open_as(&found, i) ? i : -1;
    return fd;
}

/* --- new files --- */

static int open_new(int folder, const char *name, mode_t mode) {
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, mode);
    return fd >= 0 ? fd : -errno;
}

/* How a file without a name is named (open(2), O_TMPFILE). */
static void name_of_unnamed(int fd, char path[static 32]) {
    snprintf(path, 32, "/proc/self/fd/%d", fd);
}

/* A file that has no name yet; -1 where the file system has none such, or where it could not be
 * named later. */
static int open_unnamed(int folder) {
    char name[32];
    int fd = openat(folder, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, NEW_FILE_MODE);
    if (fd < 0)
        return -1;
    name_of_unnamed(fd, name);
    if (access(name, F_OK) == 0)
        return fd;
    close(fd);
    return -1;
}

/* However long the name is that a file gets in the end, this one fits every file system. */
static void make_name(char name[static SHORT_NAME], const char *prefix, unsigned attempt,
                      const char *extension) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned mix = (unsigned)now.tv_nsec * 2654435761u + (unsigned)getpid() * 40503u;
    snprintf(name, SHORT_NAME, "%s%06x%s", prefix, (mix + (attempt << 4)) >> 4 & 0xffffff,
             extension);
}

static int open_named(int folder, char name[static SHORT_NAME], const char *prefix,
                      const char *extension, mode_t mode) {
    int fd = -EEXIST;
    for (unsigned i = 0; fd == -EEXIST && i < NAME_TRIES; i++) {
        make_name(name, prefix, i, extension);
        fd = open_new(folder, name, mode);
    }
    return fd;
}

int file_location_probe(const struct file_location *location) {
    if (location->proc)
        return -EBADF;
    if (location->name[0] == '\0')
        return -EISDIR;
    int fd = open_unnamed(location->folder);
    if (fd < 0) {
        fd = open_new(location->folder, location->name, NEW_FILE_MODE);
        if (fd < 0)
            return fd;
        unlinkat(location->folder, location->name, 0);
    }
    close(fd);
    return 0;
}

int file_open_existing(const char *path) {
    int fd = open(path, WRITE_FLAGS);
    return fd >= 0 ? fd : -errno;
}

int file_open(const char *path, int flags) {
    int fd = open(path, WRITE_FLAGS | flags);
    if (fd < 0 && errno == ENOENT)
        fd = open(path, WRITE_FLAGS | O_CREAT | flags, NEW_FILE_MODE);
    return fd >= 0 ? fd : -errno;
}

/* --- writing --- */

static int sync_file(int fd) {
    int tries = 0;
    while (fsync(fd) != 0) {
        if (errno == EINVAL || errno == ENOSYS)
            return 0; /* of a file system that knows of no such thing */
        if (errno != EINTR || ++tries == SYNC_TRIES)
            return -errno;
    }
    return 0;
}

/* close(2): the descriptor is gone also where it was interrupted. */
static int close_file(int fd) {
    return close(fd) == 0 || errno == EINTR ? 0 : -errno;
}

static int write_content(int fd, const struct content *content) {
    int error = line_writer_send(fd, content->bytes, content->length, 0, NULL);
    return error != 0 || content->unsynced ? error : sync_file(fd);
}

/* Into a new file, which does not stay when that fails. */
static int fill_new(int folder, const char *name, int fd, const struct content *content) {
    int error = write_content(fd, content), closed = close_file(fd);
    if (error == 0)
        error = closed;
    if (error != 0)
        unlinkat(folder, name, 0);
    return error;
}

static int write_new(const struct file_location *location, const struct content *content) {
    int fd = open_new(location->folder, location->name, NEW_FILE_MODE);
    return fd < 0 ? fd : fill_new(location->folder, location->name, fd, content);
}

/* Space is reserved first, so that the old file is not lost for less than a report. */
static int overwrite(int fd, const struct content *content) {
    int refused = 0;
    do
        refused = fallocate(fd, 0, 0, (off_t)content->length) == 0 ? 0 : errno;
    while (refused == EINTR);
    if (refused == ENOSPC || refused == EDQUOT || refused == EFBIG)
        return -refused;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    int error = line_writer_send(fd, content->bytes, content->length, 0, NULL);
    if (error == 0 && ftruncate(fd, (off_t)content->length) != 0)
        error = -errno;
    return error != 0 ? error : sync_file(fd);
}

/* --- a new file in place of the old --- */

/* Under a name of its own, or none as yet, until it is renamed. */
struct aside {
    int folder, fd;
    bool named;
    char name[SHORT_NAME];
};

static const char aside_prefix[] = ".holdfast-";

static int aside_open(struct aside *aside, int folder) {
    aside->folder = folder;
    aside->fd = open_unnamed(folder);
    aside->named = aside->fd < 0;
    if (aside->named)
        aside->fd = open_named(folder, aside->name, aside_prefix, "", NEW_FILE_MODE);
    return aside->fd >= 0 ? 0 : aside->fd;
}

static bool has_attributes(int fd) {
    return flistxattr(fd, NULL, 0) > 0; /* access control lists are some of them */
}

/* Mode and owner as the old file has them. -EPERM where the old file would become another by more
 * than its content: then the content is written into it. */
static int aside_resemble(const struct aside *aside, int old) {
    struct stat of_old, of_new;
    if (fstat(old, &of_old) != 0 || fstat(aside->fd, &of_new) != 0)
        return -errno;
    if (of_old.st_nlink != 1 || has_attributes(old) || has_attributes(aside->fd))
        return -EPERM;
    if ((of_old.st_uid != of_new.st_uid || of_old.st_gid != of_new.st_gid) &&
        fchown(aside->fd, of_old.st_uid, of_old.st_gid) != 0)
        return -errno;
    return fchmod(aside->fd, of_old.st_mode & 07777) == 0 ? 0 : -errno;
}

/* linkat(2) replaces nothing: so the name is one of its own, too. */
static int aside_link(struct aside *aside) {
    char path[32];
    int error = -EEXIST;
    name_of_unnamed(aside->fd, path);
    for (unsigned i = 0; error == -EEXIST && i < NAME_TRIES; i++) {
        make_name(aside->name, aside_prefix, i, "");
        error =
            linkat(AT_FDCWD, path, aside->folder, aside->name, AT_SYMLINK_FOLLOW) == 0 ? 0 : -errno;
    }
    aside->named = error == 0;
    return error;
}

static int aside_finish(struct aside *aside, const char *name, const struct content *content) {
    int error = write_content(aside->fd, content);
    if (error == 0 && !aside->named)
        error = aside_link(aside);
    int closed = close_file(aside->fd);
    aside->fd = -1;
    if (error == 0)
        error = closed;
    if (error == 0 && renameat(aside->folder, aside->name, aside->folder, name) != 0)
        error = -errno;
    return error;
}

static int replace(const struct file_location *location, int old, const struct content *content) {
    struct aside aside;
    int error = location->proc ? -EPERM : aside_open(&aside, location->folder);
    if (error != 0)
        return error;
    if (old >= 0)
        error = aside_resemble(&aside, old);
    if (error == 0)
        error = aside_finish(&aside, location->name, content);
    if (aside.fd >= 0)
        close(aside.fd);
    if (error != 0 && aside.named)
        unlinkat(aside.folder, aside.name, 0);
    return error;
}

/* The file that is there now, for writing; -ENOENT: none. */
static int open_old(const struct file_location *location, int open_file) {
    struct stat there, opened;
    if (fstatat(location->folder, location->name, &there, 0) != 0)
        return -errno;
    int fd = -1;
    if (fstat(open_file, &opened) == 0 && same_file(&there, &opened))
        fd = fcntl(open_file, F_DUPFD_CLOEXEC, 3);
    else if (S_ISREG(there.st_mode))
        fd = openat(location->folder, location->name, WRITE_FLAGS);
    else
        errno = EEXIST;
    return fd >= 0 ? fd : -errno;
}

static int write_at(const struct file_location *location, int open_file,
                    const struct content *content) {
    int old = open_old(location, open_file);
    if (old < 0 && old != -ENOENT)
        return old;
    int error = replace(location, old, content);
    if (error != 0)
        error = old >= 0 ? overwrite(old, content) : write_new(location, content);
    int closed = old >= 0 ? close_file(old) : 0;
    return error != 0 ? error : closed;
}

int file_write(const char *path, int open_file, const char *bytes, size_t length) {
    struct file_location location;
    struct content content = {.bytes = bytes, .length = length};
    int error = file_location_open(&location, path);
    if (error == 0)
        error = write_at(&location, open_file, &content);
    file_location_close(&location);
    return error;
}

/* --- elsewhere --- */

/* Where the open folder is now. */
static void path_of(int folder, const char *name, char path[static PATH_MAX]) {
    char link[32], found[PATH_MAX];
    name_of_unnamed(folder, link);
    ssize_t length = readlink(link, found, sizeof found - 1);
    if (length > 0 && (size_t)length + 1 + strlen(name) < PATH_MAX) {
        memcpy(path, found, (size_t)length);
        snprintf(path + length, PATH_MAX - (size_t)length, "/%s", name);
    } else {
        snprintf(path, PATH_MAX, "%s", name);
    }
}

static bool write_into(int folder, const char *extension, const struct content *content,
                       char where[static PATH_MAX]) {
    char name[SHORT_NAME];
    int fd = folder >= 0 ? open_named(folder, name, "holdfast-report-", extension, 0600) : -1;
    if (fd < 0 || fill_new(folder, name, fd, content) != 0)
        return false;
    path_of(folder, name, where);
    return true;
}

static bool write_into_first(int folder, const char *extension, const struct content *content,
                             char where[static PATH_MAX]) {
    const char *const others[] = {".", getenv("TMPDIR"), "/tmp"};
    bool written = write_into(folder, extension, content, where);
    for (size_t i = 0; !written && i < sizeof others / sizeof others[0]; i++) {
        int other = others[i] != NULL ? open(others[i], O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
        written = write_into(other, extension, content, where);
        if (other >= 0)
            close(other);
    }
    return written;
}

bool file_write_elsewhere(int folder, const char *extension, const char *bytes, size_t length,
                          char where[static PATH_MAX]) {
    struct content content = {.bytes = bytes, .length = length};
    if (write_into_first(folder, extension, &content, where))
        return true;
    content.unsynced = true; /* better than none: where nothing can be synced */
    return write_into_first(folder, extension, &content, where);
}
