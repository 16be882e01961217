/* Facts of a process from /proc: times, memory, files, children. */
#include "host/process_facts.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/instant.h"
#include "host/files.h"

enum { STAT_BYTES = 2048, PATH_BYTES = 512 };

static void copy_name(char *name, size_t size, const char *from, const char *to) {
    size_t length = (size_t)(to - from);
    if (length >= size)
        length = size - 1;
    memcpy(name, from, length);
    name[length] = '\0';
}

/* Fields of /proc/PID/stat by their numbers in proc(5). */
enum {
    STAT_STATE = 3,
    STAT_UTIME = 14,
    STAT_STIME = 15,
    STAT_STARTTIME = 22,
    STAT_RSS = 24, /* in pages */
    STAT_ARG_START = 48,
    STAT_ENV_END = 51
};

/* The text of /proc/PID/stat, and the parentheses of the command's name. The name may hold
 * anything, a line's end and parentheses as well: the last one ends it. */
struct process_stat {
    char text[STAT_BYTES];
    const char *open, *shut;
};

static bool stat_take(struct process_stat *stat, const char *root, int pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (files_read_text(stat->text, sizeof stat->text, root, path) == 0)
        return false;
    stat->open = strchr(stat->text, '(');
    stat->shut = strrchr(stat->text, ')');
    return stat->open != NULL && stat->shut != NULL && stat->open < stat->shut;
}

/* The text from a field behind the name on. */
static const char *stat_field(const struct process_stat *stat, int field) {
    const char *at = stat->shut + 1;
    at += strspn(at, " ");
    for (int i = STAT_STATE; i < field; i++) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return at;
}

static bool stat_number(const struct process_stat *stat, int field, uint64_t *number) {
    return sscanf(stat_field(stat, field), "%" SCNu64, number) == 1;
}

bool process_stat_read(struct process_facts *out, const char *root, int pid) {
    struct process_stat stat;
    uint64_t user, kernel, started, pages;
    if (!stat_take(&stat, root, pid) || !stat_number(&stat, STAT_UTIME, &user) ||
        !stat_number(&stat, STAT_STIME, &kernel) || !stat_number(&stat, STAT_STARTTIME, &started) ||
        !stat_number(&stat, STAT_RSS, &pages))
        return false;
    long ticks = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
    if (ticks <= 0 || page <= 0)
        return false;
    copy_name(out->name, sizeof out->name, stat.open + 1, stat.shut);
    out->state = *stat_field(&stat, STAT_STATE);
    out->started = started;
    out->user_ns = (int64_t)user * (SECOND / ticks);
    out->system_ns = (int64_t)kernel * (SECOND / ticks);
    out->rss_bytes = (int64_t)pages * page;
    return true;
}

bool process_facts_read(struct process_facts *out, const char *root, int pid) {
    return process_stat_read(out, root, pid) && out->state != 'Z' && out->state != 'X';
}

int64_t process_cpu_ns(const char *root, int pid) {
    struct process_facts facts;
    return process_stat_read(&facts, root, pid) ? facts.user_ns + facts.system_ns : -1;
}

static int64_t rollup_bytes(const char *root, int pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    return files_read_kilobytes(root, path, name);
}

int64_t process_pss_bytes(const char *root, int pid) {
    return rollup_bytes(root, pid, "Pss");
}

int64_t process_rss_bytes(const char *root, int pid) {
    return rollup_bytes(root, pid, "Rss");
}

/* Entries of a folder but "." and ".."; -1 when it cannot be read or has more than max. */
static int64_t count_entries(const char *path, int64_t max) {
    DIR *folder = opendir(path);
    if (folder == NULL)
        return -1;
    int64_t count = -2;
    while (count <= max && readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count > max ? -1 : count;
}

int64_t process_files(const char *root, int pid, int64_t max) {
    char path[PATH_BYTES];
    struct stat stat_of;
    snprintf(path, sizeof path, "%s/proc/%d/fd", root, pid);
    /* From Linux 6.2 on the folder's size is their number; before, it is 0. */
    if (root[0] == '\0' && stat(path, &stat_of) == 0 && stat_of.st_size > 0)
        return stat_of.st_size;
    return count_entries(path, max);
}

/* "unlimited" or a number; what follows it, or NULL. */
static const char *take_limit(const char *at, int64_t *limit) {
    at += strspn(at, " ");
    *limit = INT64_MAX;
    if (strncmp(at, "unlimited", 9) == 0)
        return at + 9;
    int length = 0;
    return sscanf(at, "%" SCNd64 "%n", limit, &length) == 1 ? at + length : NULL;
}

bool process_nofile(const char *root, int pid, int64_t *soft, int64_t *hard) {
    static const char name[] = "Max open files";
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/limits", pid);
    FILE *file = files_open(root, path);
    if (file == NULL)
        return false;
    const char *at = NULL;
    while (at == NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, sizeof name - 1) == 0)
            at = line + sizeof name - 1;
    fclose(file);
    if (at != NULL)
        at = take_limit(at, soft);
    return at != NULL && take_limit(at, hard) != NULL;
}

int64_t process_nofile_soft(const char *root, int pid) {
    int64_t soft, hard;
    return process_nofile(root, pid, &soft, &hard) ? soft : -1;
}

/* The numbers in one thread's list behind those that are there already, and one more than max at
 * most. */
static size_t add_children(int *out, size_t max, size_t count, const char *root, int pid,
                           const char *thread) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/proc/%d/task/%.32s/children", pid, thread);
    FILE *file = files_open(root, path);
    if (file == NULL)
        return count;
    for (int child; count <= max && fscanf(file, "%d", &child) == 1; count++)
        if (count < max)
            out[count] = child;
    fclose(file);
    return count;
}

size_t process_children(int *out, size_t max, size_t *threads, const char *root, int pid) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/proc/%d/task", root, pid);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return 0;
    size_t count = 0;
    const struct dirent *entry;
    while (count <= max && *threads > 0 && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (*threads)--;
        count = add_children(out, max, count, root, pid, entry->d_name);
    }
    closedir(folder);
    return count;
}

size_t process_command_line(char *text, size_t size, const char *root, int pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    return files_read_text(text, size, root, path);
}

int64_t process_title_room(const char *root, int pid) {
    struct process_stat stat;
    uint64_t from, to;
    if (!stat_take(&stat, root, pid) || !stat_number(&stat, STAT_ARG_START, &from) ||
        !stat_number(&stat, STAT_ENV_END, &to) || from == 0 || to <= from || to - from > INT64_MAX)
        return -1;
    return (int64_t)(to - from);
}

/* Of a process of this user, how many threads it has; else 0. */
static int64_t threads_of(const char *root, int pid, unsigned user) {
    char path[64], text[128];
    unsigned real;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (!files_read_field(text, sizeof text, root, path, "Uid") || sscanf(text, "%u", &real) != 1 ||
        real != user || !files_read_field(text, sizeof text, root, path, "Threads"))
        return 0;
    int threads = atoi(text);
    return threads > 0 ? threads : 0;
}

int64_t process_user_threads(const char *root, unsigned user) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/proc", root);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return -1;
    int64_t count = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        int pid = atoi(entry->d_name);
        if (pid > 0)
            count += threads_of(root, pid, user);
    }
    closedir(folder);
    return count;
}
