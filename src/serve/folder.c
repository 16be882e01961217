/* The state folder, by openat(2) and its kin: no path is put together, no link followed. */
#include "serve/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OWNER_ONLY = 0600, OWNER_FOLDER = 0700 };

static const char *const files[] = {FOLDER_RUN,  FOLDER_TIMELINE, FOLDER_JSON,
                                    FOLDER_HTML, FOLDER_HGRM,     FOLDER_JUNIT};

/* --- the folder itself --- */

static int open_folder(int at, const char *path) {
    int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static bool make_own(struct folder *folder, struct refuse_buffer to) {
    const char *base = getenv("TMPDIR");
    int length = snprintf(folder->path, sizeof folder->path, "%s/holdfast-serve-XXXXXX",
                          base != NULL && base[0] == '/' ? base : "/tmp");
    bool made = length > 0 && (size_t)length < sizeof folder->path && mkdtemp(folder->path) != NULL;
    if (made)
        return true;
    folder->path[0] = '\0';
    return refuse(to, "--state: no folder could be made below $TMPDIR: %s", strerror(errno));
}

bool folder_open(struct folder *folder, const char *path, struct refuse_buffer to) {
    *folder = (struct folder){.fd = -1};
    if (path == NULL && !make_own(folder, to))
        return false;
    if (path == NULL)
        path = folder->path;
    else if (mkdir(path, OWNER_FOLDER) != 0 && errno != EEXIST)
        return refuse(to, "--state: cannot make \"%s\": %s", refuse_quote(path).text,
                      strerror(errno));
    folder->fd = open_folder(AT_FDCWD, path);
    if (folder->fd < 0)
        return refuse(to, "--state: cannot open \"%s\": %s: a folder is accepted, and no link",
                      refuse_quote(path).text, strerror(-folder->fd));
    if (flock(folder->fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    close(folder->fd);
    folder->fd = -1;
    return refuse(to, "--state: \"%s\" is in use by another server", refuse_quote(path).text);
}

void folder_close(struct folder *folder) {
    if (folder->fd < 0)
        return;
    if (folder->path[0] != '\0') {
        (void)folder_list(folder, NULL, 0);
        (void)rmdir(folder->path);
    }
    close(folder->fd);
    folder->fd = -1;
}

/* --- ids --- */

static void put_digits(char *to, size_t count, uint64_t number) {
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford's */
    while (count-- > 0) {
        to[count] = digits[number & 31];
        number >>= 5;
    }
}

/* As a ULID: 48 bits of milliseconds, 80 at random. */
struct run_id folder_new_id(void) {
    static uint64_t latest;
    enum { TIME_DIGITS = 10, HALF_DIGITS = 8 };
    struct run_id id = {{0}};
    struct timespec now;
    uint64_t random[2] = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    latest = ms > latest ? ms : latest + 1;
    (void)!getrandom(random, sizeof random, 0);
    put_digits(id.text, TIME_DIGITS, latest);
    put_digits(id.text + TIME_DIGITS, HALF_DIGITS, random[0]);
    put_digits(id.text + TIME_DIGITS + HALF_DIGITS, HALF_DIGITS, random[1]);
    return id;
}

/* --- runs --- */

int folder_open_run(const struct folder *folder, const struct run_id *id) {
    return open_folder(folder->fd, id->text);
}

int folder_make_run(const struct folder *folder, const struct run_id *id) {
    if (mkdirat(folder->fd, id->text, OWNER_FOLDER) != 0)
        return -errno;
    int fd = folder_open_run(folder, id);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

bool folder_is_held(int run_fd) {
    if (flock(run_fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK;
    (void)flock(run_fd, LOCK_UN);
    return false;
}

/* What was written aside and not renamed goes too. */
static void remove_entries(int run_fd) {
    int again = dup(run_fd);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    if (entries == NULL) {
        for (size_t i = 0; i < sizeof files / sizeof *files; i++)
            (void)unlinkat(run_fd, files[i], 0);
        return;
    }
    rewinddir(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        (void)unlinkat(run_fd, entry->d_name, 0); /* folders stay, and with them the run's */
    closedir(entries);
}

void folder_remove_run(const struct folder *folder, const struct run_id *id) {
    int fd = folder_open_run(folder, id);
    if (fd < 0)
        return;
    remove_entries(fd);
    close(fd);
    (void)unlinkat(folder->fd, id->text, AT_REMOVEDIR);
}

static int by_id_falling(const void *a, const void *b) {
    return strcmp(((const struct run_id *)b)->text, ((const struct run_id *)a)->text);
}

/* All ids of the folder; *all is the caller's to free. */
static size_t read_ids(const struct folder *folder, struct run_id **all) {
    size_t count = 0, room = 0;
    int again = open_folder(folder->fd, ".");
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    *all = NULL;
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (!run_id_is(entry->d_name))
            continue;
        if (count == room) {
            struct run_id *more = realloc(*all, (room = 2 * room + 64) * sizeof *more);
            if (more == NULL)
                break;
            *all = more;
        }
        memcpy((*all)[count++].text, entry->d_name, sizeof(struct run_id));
    }
    if (entries != NULL)
        closedir(entries);
    return count;
}

size_t folder_list(const struct folder *folder, struct run_id *ids, size_t most) {
    struct run_id *all;
    size_t count = read_ids(folder, &all);
    if (count > 0)
        qsort(all, count, sizeof *all, by_id_falling);
    for (size_t i = 0; i < count; i++)
        if (i < most)
            ids[i] = all[i];
        else
            folder_remove_run(folder, &all[i]);
    free(all);
    return count < most ? count : most;
}

/* --- files of a run --- */

static int open_file(int run_fd, const char *name, int flags) {
    int fd =
        openat(run_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, OWNER_ONLY);
    struct stat status;
    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fd;
    close(fd);
    return -EINVAL;
}

int folder_read(int run_fd, const char *name) {
    return open_file(run_fd, name, O_RDONLY);
}

FILE *folder_stream(int run_fd, const char *name) {
    int fd = folder_read(run_fd, name);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
    if (fd >= 0 && stream == NULL)
        close(fd);
    return stream;
}

int folder_write(int run_fd, const char *name) {
    return open_file(run_fd, name, O_WRONLY | O_CREAT | O_TRUNC);
}

int folder_append(int run_fd, const char *name) {
    return open_file(run_fd, name, O_WRONLY | O_CREAT | O_APPEND);
}

char *folder_text(int run_fd, const char *name, size_t most, size_t *length) {
    FILE *stream = folder_stream(run_fd, name);
    struct stat status;
    char *text = NULL;
    if (stream == NULL)
        return NULL;
    if (fstat(fileno(stream), &status) == 0 && (uint64_t)status.st_size <= most)
        text = malloc((size_t)status.st_size + 1);
    if (text != NULL) {
        *length = fread(text, 1, (size_t)status.st_size, stream);
        text[*length] = '\0';
    }
    fclose(stream);
    return text;
}
