/* Limits of the connections that a server on this host can hold. */
#include "host/server_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/instant.h"
#include "host/files.h"
#include "host/nginx_build.h"
#include "host/nginx_config.h"
#include "host/process_facts.h"

enum {
    PROCESSES_MAX = 1024,
    FILES_MAX = 1 << 20, /* of a process, counted */
    LINE_BYTES = 4096,
    PATH_BYTES = 1024,
    CONFIG_FILES_MAX = 64,
    CONFIG_BYTES_MAX = 1 << 20, /* of one file */
};

static const char title_master[] = "nginx: master process ";
static const char title_worker[] = "nginx: worker process";

/* --- descriptors --- */

static void add_process(struct server_limits *limits, const char *root, int pid) {
    int64_t limit = process_nofile_soft(root, pid), open = process_files(root, pid, FILES_MAX);
    bool known = limit >= 0 && open >= 0;
    bool first = limits->processes++ == 0;
    if (!known || (!first && limits->files_limit < 0)) {
        limits->files_limit = limits->files_open = limits->files_room = -1;
        return;
    }
    int64_t room = limit == INT64_MAX ? INT64_MAX : limit > open ? limit - open : 0;
    if (first || limit < limits->files_limit)
        limits->files_limit = limit;
    if (open > limits->files_open)
        limits->files_open = open;
    if (__builtin_add_overflow(limits->files_room, room, &limits->files_room))
        limits->files_room = INT64_MAX;
}

/* A worker that a reload replaced holds what it has, and takes no more. */
static bool is_worker(const char *root, int pid) {
    char title[64];
    process_command_line(title, sizeof title, root, pid);
    return strncmp(title, title_worker, sizeof title_worker - 1) == 0 &&
           strstr(title, "shutting down") == NULL;
}

/* By the wall clock, when the process was started; far in the future when that is not known. */
static time_t started_at(const char *root, int pid) {
    struct process_facts facts;
    struct timespec wall, boot;
    long ticks = sysconf(_SC_CLK_TCK);
    if (ticks <= 0 || !process_facts_read(&facts, root, pid) ||
        clock_gettime(CLOCK_REALTIME, &wall) != 0 || clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
        return INT64_MAX;
    return wall.tv_sec - boot.tv_sec + (time_t)(facts.started / (uint64_t)ticks);
}

/* nginx's workers are its master's children. When the first of them was started: what a reload read
 * is no younger. */
static time_t add_workers(struct server_limits *limits, const char *root, int pid) {
    int children[PROCESSES_MAX];
    size_t threads = PROCESS_THREADS_MAX;
    size_t count = process_children(children, PROCESSES_MAX, &threads, root, pid);
    time_t first = INT64_MAX;
    for (size_t i = 0; i < count && i < PROCESSES_MAX; i++) {
        if (!is_worker(root, children[i]))
            continue;
        add_process(limits, root, children[i]);
        time_t started = started_at(root, children[i]);
        if (started < first)
            first = started;
    }
    return first;
}

/* Which of another server's processes take connections is not to be seen: all that it has may. */
static void add_tree(struct server_limits *limits, const char *root, int pid) {
    int pids[PROCESSES_MAX] = {pid};
    size_t count = 1, threads = PROCESS_THREADS_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t room = PROCESSES_MAX - count;
        size_t children = process_children(pids + count, room, &threads, root, pids[i]);
        count += children < room ? children : room;
        add_process(limits, root, pids[i]);
    }
}

/* --- nginx's configuration --- */

struct arguments {
    char config[PATH_BYTES], prefix[PATH_BYTES], directives[PATH_BYTES]; /* -c, -p, -g */
};

/* The title is one text: its words are separated by spaces, and those of -g go on to the next
 * option. */
static void read_arguments(struct arguments *arguments, const char *title) {
    memset(arguments, 0, sizeof *arguments);
    char *into = NULL;
    for (const char *at = title; *(at += strspn(at, " ")) != '\0'; at += strcspn(at, " ")) {
        int length = (int)strcspn(at, " ");
        if (*at == '-' && length > 1 && strchr("cpg", at[1]) != NULL) {
            into = at[1] == 'c'   ? arguments->config
                   : at[1] == 'p' ? arguments->prefix
                                  : arguments->directives;
            into[0] = '\0';
            if (length > 2)
                snprintf(into, PATH_BYTES, "%.*s", length - 2, at + 2);
        } else if (*at == '-') {
            into = NULL;
        } else if (into == arguments->directives) {
            size_t used = strlen(into);
            snprintf(into + used, PATH_BYTES - used, " %.*s", length, at);
        } else if (into != NULL && into[0] == '\0') {
            snprintf(into, PATH_BYTES, "%.*s", length, at);
            into = NULL;
        }
    }
}

struct limits_source {
    struct server_limits *limits;
    struct nginx_config *config;
    char place[PATH_BYTES];      /* root and /proc/PID/root: the server's own idea of "/" */
    char folder[2 * PATH_BYTES]; /* of the configuration: what a name without "/" is below */
    time_t read_at;              /* when the server read it, or later */
    size_t files;
};

static void give_up(struct limits_source *source, const char *what, const char *why) {
    snprintf(source->limits->trouble, sizeof source->limits->trouble, "%.120s: %s", what, why);
}

/* A regular file below the server's own root: no link leads out of it (openat2(2)), and nothing
 * that would keep us waiting is opened. */
static FILE *open_config(const struct limits_source *source, const char *path) {
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_IN_ROOT,
    };
    struct stat status;
    int place = open(source->place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place < 0)
        return NULL;
    int fd = (int)syscall(SYS_openat2, place, path, &how, sizeof how);
    int error = errno;
    close(place);
    errno = error;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fdopen(fd, "r");
    close(fd);
    errno = EINVAL;
    return NULL;
}

/* A file edited or replaced since is not the configuration that the server read. Both clocks are
 * read to the second. */
static bool is_unchanged(struct limits_source *source, const char *path, FILE *file) {
    enum { CLOCKS_DIFFER = 2 };
    struct stat status;
    if (source->read_at == INT64_MAX || (fstat(fileno(file), &status) == 0 &&
                                         status.st_ctim.tv_sec <= source->read_at + CLOCKS_DIFFER))
        return true;
    give_up(source, path, "changed since the workers were started (no reload yet?)");
    return false;
}

/* path: as the server sees it. */
static bool read_config(struct limits_source *source, enum nginx_context context,
                        const char *path) {
    FILE *file = open_config(source, path);
    if (file == NULL) {
        give_up(source, path, strerror(errno));
        return false;
    }
    char *text = malloc(CONFIG_BYTES_MAX + 1);
    size_t length = text != NULL ? fread(text, 1, CONFIG_BYTES_MAX + 1, file) : 0;
    bool taken = text != NULL && ferror(file) == 0 && length <= CONFIG_BYTES_MAX &&
                 ++source->files <= CONFIG_FILES_MAX;
    if (taken)
        nginx_config_take(source->config, context, text, length);
    bool clear = taken && source->config->clear;
    if (!clear)
        give_up(source, path, "not understood");
    else
        clear = is_unchanged(source, path, file);
    free(text);
    fclose(file);
    return clear;
}

/* A name below the configuration's folder, unless it begins with "/". */
static bool place_path(char path[static 2 * PATH_BYTES], const struct limits_source *source,
                       const char *name) {
    int length =
        snprintf(path, (size_t)2 * PATH_BYTES, "%s%s", name[0] == '/' ? "" : source->folder, name);
    return length > 0 && length < 2 * PATH_BYTES;
}

/* As nginx does it: a pattern that fits nothing is none; a plain name has to be there. */
static bool read_included(struct limits_source *source, const struct nginx_include *include) {
    char path[2 * PATH_BYTES], whole[3 * PATH_BYTES];
    glob_t found = {0};
    if (!place_path(path, source, include->pattern))
        return false;
    if (strpbrk(include->pattern, "*?[") == NULL)
        return read_config(source, include->context, path);
    /* One folder is looked through, not a whole tree. */
    const char *wild = strpbrk(path, "*?[");
    if (wild == NULL || strchr(wild, '/') != NULL) {
        give_up(source, include->pattern, "a pattern of folders is not followed");
        return false;
    }
    bool fine = true;
    snprintf(whole, sizeof whole, "%s%s", source->place, path);
    if (glob(whole, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc && fine; i++)
            fine = read_config(source, include->context, found.gl_pathv[i] + strlen(source->place));
    globfree(&found);
    return fine;
}

static bool read_all(struct limits_source *source, const struct arguments *arguments,
                     const char *name) {
    char path[2 * PATH_BYTES];
    if (!place_path(path, source, name))
        return false;
    snprintf(source->limits->config, sizeof source->limits->config, "%.199s", path);
    const char *slash = strrchr(path, '/');
    if (slash != NULL)
        snprintf(source->folder, sizeof source->folder, "%.*s", (int)(slash + 1 - path), path);
    nginx_config_take(source->config, NGINX_MAIN, arguments->directives,
                      strlen(arguments->directives));
    if (!source->config->clear) {
        give_up(source, "its -g", "not understood");
        return false;
    }
    bool fine = read_config(source, NGINX_MAIN, path);
    for (size_t i = 0; fine && i < source->config->include_count; i++) {
        struct nginx_include include = source->config->includes[i]; /* the list may grow */
        fine = read_included(source, &include);
    }
    return fine;
}

/* Both with a "/" before it: the file, and what a name without one is below. What the command line
 * does not say is as its binary was built; never the usual place of another build. */
static bool find_config(struct limits_source *source, struct arguments *arguments, const char *root,
                        int pid) {
    struct nginx_build build;
    bool known = arguments->config[0] == '/' ||
                 (arguments->config[0] != '\0' && arguments->prefix[0] == '/');
    if (!known && !nginx_build_read(&build, root, pid)) {
        give_up(source, "its binary", "does not say where its configuration lies (nginx -V)");
        return false;
    }
    if (arguments->config[0] == '\0')
        snprintf(arguments->config, PATH_BYTES, "%s", build.conf_path);
    if (arguments->config[0] == '/')
        return true;
    if (arguments->prefix[0] == '\0' && !known)
        snprintf(arguments->prefix, PATH_BYTES, "%s", build.prefix);
    if (arguments->prefix[0] != '/') {
        give_up(source, arguments->config, "below which folder is not known");
        return false;
    }
    size_t length = strlen(arguments->prefix);
    snprintf(source->folder, sizeof source->folder, "%s%s", arguments->prefix,
             arguments->prefix[length - 1] == '/' ? "" : "/");
    return true;
}

static void read_worker_connections(struct limits_source *source, const char *root, int pid,
                                    const char *title) {
    enum { NGINX_WORKER_CONNECTIONS = 512 }; /* ngx_event_core_module's default */
    struct arguments arguments;
    const struct nginx_config *config = source->config;
    read_arguments(&arguments, title);
    if (find_config(source, &arguments, root, pid) &&
        read_all(source, &arguments, arguments.config))
        source->limits->worker_connections =
            config->worker_connections >= 0 ? config->worker_connections : NGINX_WORKER_CONNECTIONS;
}

/* nginx writes its title over its arguments and its environment, as far as these reach, less the
 * two bytes that it leaves. */
static bool title_is_whole(const char *title, const char *root, int pid) {
    int64_t room = process_title_room(root, pid);
    return room < 0 || (int64_t)strlen(title) < room - 2;
}

static void read_configuration(struct server_limits *limits, const char *root, int pid,
                               const char *title, time_t read_at) {
    struct limits_source source = {
        .limits = limits, .config = malloc(sizeof *source.config), .read_at = read_at};
    if (source.config == NULL)
        return;
    nginx_config_init(source.config);
    snprintf(source.place, sizeof source.place, "%.512s/proc/%d/root", root, pid);
    if (title_is_whole(title, root, pid))
        read_worker_connections(&source, root, pid, title + sizeof title_master - 1);
    else
        give_up(&source, "its command line", "cut short by its title");
    free(source.config);
}

void server_limits_read(struct server_limits *limits, const char *root, int pid) {
    char title[LINE_BYTES];
    *limits = (struct server_limits){.worker_connections = -1};
    process_command_line(title, sizeof title, root, pid);
    limits->nginx = strncmp(title, title_master, sizeof title_master - 1) == 0;
    time_t read_at = INT64_MAX;
    if (limits->nginx)
        read_at = add_workers(limits, root, pid);
    else
        add_tree(limits, root, pid);
    if (limits->processes == 0)
        limits->files_limit = limits->files_open = limits->files_room = -1;
    if (limits->nginx)
        read_configuration(limits, root, pid, title, read_at);
}
