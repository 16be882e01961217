/* The limits of the control groups that this process is in. */
#include "host/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/files.h"

enum { PATH_BYTES = CGROUP_PATH_BYTES, LINE_BYTES = 4096, LIMIT_BYTES = 64 };

/* From here on version 1 means "no limit": it writes the greatest multiple of a page. */
static const int64_t none = INT64_C(1) << 62;

/* Whether a list with commas has the word. */
static bool has_word(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += length)
        if ((at == list || at[-1] == ',') && (at[length] == '\0' || at[length] == ','))
            return true;
    return false;
}

/* proc_pid_mountinfo(5): "36 35 98:0 ROOT MOUNT options - TYPE SOURCE SUPER,OPTIONS". */
static bool find_mount(struct cgroup_controller *controller, const char *name, const char *root) {
    char line[LINE_BYTES];
    bool found = false;
    FILE *file = files_open(root, "/proc/self/mountinfo");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char top[PATH_BYTES], mount[PATH_BYTES], type[32], options[256];
        const char *behind = strstr(line, " - ");
        if (behind == NULL || sscanf(line, "%*s %*s %*s %1023s %1023s", top, mount) != 2 ||
            sscanf(behind, " - %31s %*s %255s", type, options) != 2)
            continue;
        bool first = strcmp(type, "cgroup") == 0 && has_word(options, name);
        if (!first && (found || strcmp(type, "cgroup2") != 0))
            continue;
        found = true;
        controller->unified = !first;
        memcpy(controller->top, top, sizeof top);
        memcpy(controller->mount, mount, sizeof mount);
        if (first) /* a controller is bound to one version only */
            break;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

/* "4:memory:/path", and "0::/path" of version 2. */
static bool is_line_of(const struct cgroup_controller *controller, const char *name,
                       const char *line) {
    const char *list = strchr(line, ':');
    if (list++ == NULL)
        return false;
    if (controller->unified)
        return strncmp(line, "0::", 3) == 0;
    char names[256];
    return sscanf(list, "%255[^:]", names) == 1 && has_word(names, name);
}

/* Its path below the mount; a group outside of what is seen there counts as the mount itself. False
 * when it could not be read. */
static bool find_ours(struct cgroup_controller *controller, const char *name, const char *root,
                      int pid) {
    char line[LINE_BYTES], file_path[64] = "/proc/self/cgroup";
    if (pid > 0)
        snprintf(file_path, sizeof file_path, "/proc/%d/cgroup", pid);
    const char *path = NULL;
    FILE *file = files_open(root, file_path);
    while (path == NULL && file != NULL && fgets(line, sizeof line, file) != NULL)
        if (is_line_of(controller, name, line))
            path = strchr(strchr(line, ':') + 1, ':');
    if (file != NULL)
        fclose(file);
    if (path++ == NULL)
        return false;
    size_t top = strcmp(controller->top, "/") == 0 ? 0 : strlen(controller->top);
    if (strncmp(path, controller->top, top) == 0 && strstr(path, "/..") == NULL)
        snprintf(controller->ours, sizeof controller->ours, "%.*s", (int)strcspn(path + top, "\n"),
                 path + top);
    if (strcmp(controller->ours, "/") == 0)
        controller->ours[0] = '\0';
    return true;
}

static bool find_controller(struct cgroup_controller *controller, const char *name,
                            const char *root, int pid) {
    memset(controller, 0, sizeof *controller);
    return find_mount(controller, name, root) && find_ours(controller, name, root, pid);
}

static const char *file_in(char path[static LINE_BYTES], const struct cgroup_controller *controller,
                           const char *name) {
    snprintf(path, LINE_BYTES, "%s%s/%s", controller->mount, controller->ours, name);
    return path;
}

/* To the group above; false when there is none to be seen. */
static bool go_up(struct cgroup_controller *controller) {
    char *slash = strrchr(controller->ours, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

/* --- one limit of one group --- */

/* Every group has this file: where it cannot be opened, nothing of the group is seen. */
static bool is_seen(const struct cgroup_controller *controller, const char *root) {
    char path[LINE_BYTES];
    FILE *file = files_open(root, file_in(path, controller, "cgroup.procs"));
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

/* The file's line; "max" where the group has no such file, as the topmost and one without the
 * controller. False when it could not be read. */
static bool read_limit_line(char line[static LIMIT_BYTES],
                            const struct cgroup_controller *controller, const char *root,
                            const char *name) {
    char path[LINE_BYTES];
    errno = 0;
    if (files_read_line(line, LIMIT_BYTES, root, file_in(path, controller, name)))
        return true;
    bool absent = errno == ENOENT && is_seen(controller, root);
    snprintf(line, LIMIT_BYTES, "max");
    return absent;
}

/* INT64_MAX: none; -1: no number. A quota of version 1 is below zero where there is none. */
static int64_t limit_in(const char *line) {
    long long limit;
    if (strncmp(line, "max", 3) == 0)
        return INT64_MAX;
    if (sscanf(line, "%lld", &limit) != 1)
        return -1;
    return limit < 0 || limit >= none ? INT64_MAX : limit;
}

/* The same; -1: could not be read. */
static int64_t limit_of(const struct cgroup_controller *controller, const char *root,
                        const char *name) {
    char line[LIMIT_BYTES];
    return read_limit_line(line, controller, root, name) ? limit_in(line) : -1;
}

/* --- of all groups the one with the least room --- */

/* A share, as far as it is known going up. */
struct found {
    struct host_share share;
    bool unknown; /* of some group it could not be told */
};

static void keep_tighter(struct found *found, int64_t max, int64_t used) {
    struct host_share *share = &found->share;
    if (max < 0 || (max != INT64_MAX && used < 0))
        found->unknown = true;
    else if (max != INT64_MAX && (share->max == INT64_MAX || share->max - share->used > max - used))
        *share = (struct host_share){max, used};
}

/* A limit that was found is one, whatever else there may be; "none" has to be known of all. */
static struct host_share conclude(const struct found *found) {
    if (found->share.max == INT64_MAX && found->unknown)
        return (struct host_share){-1, -1};
    return found->share;
}

/* The page cache gives way before a group runs out of memory. */
static int64_t memory_used(const struct cgroup_controller *controller, const char *root) {
    char path[LINE_BYTES];
    bool unified = controller->unified;
    int64_t used = files_read_number(
        root, file_in(path, controller, unified ? "memory.current" : "memory.usage_in_bytes"));
    file_in(path, controller, "memory.stat");
    int64_t inactive =
        files_read_named(root, path, unified ? "inactive_file" : "total_inactive_file");
    int64_t active = files_read_named(root, path, unified ? "active_file" : "total_active_file");
    int64_t cache = (inactive > 0 ? inactive : 0) + (active > 0 ? active : 0);
    if (used < 0)
        return -1;
    return used > cache ? used - cache : 0;
}

void cgroup_read_memory(struct host_share *memory, const char *root) {
    struct cgroup_controller controller;
    struct found found = {.share = {INT64_MAX, -1}};
    *memory = (struct host_share){-1, -1};
    if (!find_controller(&controller, "memory", root, 0))
        return;
    do {
        const char *name = controller.unified ? "memory.max" : "memory.limit_in_bytes";
        int64_t max = limit_of(&controller, root, name);
        keep_tighter(&found, max, max != INT64_MAX ? memory_used(&controller, root) : -1);
    } while (go_up(&controller));
    *memory = conclude(&found);
}

void cgroup_read_processes(struct host_share *processes, const char *root) {
    struct cgroup_controller controller;
    char path[LINE_BYTES];
    struct found found = {.share = {INT64_MAX, -1}};
    *processes = (struct host_share){-1, -1};
    if (!find_controller(&controller, "pids", root, 0))
        return;
    do {
        int64_t used = files_read_number(root, file_in(path, &controller, "pids.current"));
        keep_tighter(&found, limit_of(&controller, root, "pids.max"), used);
    } while (go_up(&controller));
    *processes = conclude(&found);
}

static void read_events(struct cgroup_memory *out, const struct cgroup_controller *controller,
                        const char *root) {
    char path[LINE_BYTES];
    bool unified = controller->unified;
    file_in(path, controller, unified ? "memory.events" : "memory.oom_control");
    out->oom_kills = files_read_named(root, path, "oom_kill");
    if (unified)
        out->at_limit = files_read_named(root, path, "max");
    else
        out->at_limit = files_read_number(root, file_in(path, controller, "memory.failcnt"));
}

bool cgroup_find_memory(struct cgroup_controller *group, const char *root, int pid) {
    return find_controller(group, "memory", root, pid);
}

void cgroup_read_memory_of(struct cgroup_memory *out, const struct cgroup_controller *group,
                           const char *root) {
    struct cgroup_controller controller = *group;
    char path[LINE_BYTES];
    struct found found = {.share = {INT64_MAX, -1}};
    *out = (struct cgroup_memory){-1, -1, -1, -1};
    if (controller.mount[0] == '\0')
        return;
    read_events(out, &controller, root);
    bool unified = controller.unified;
    do {
        int64_t max = limit_of(&controller, root, unified ? "memory.max" : "memory.limit_in_bytes");
        const char *used = unified ? "memory.current" : "memory.usage_in_bytes";
        keep_tighter(&found, max, files_read_number(root, file_in(path, &controller, used)));
    } while (go_up(&controller));
    struct host_share share = conclude(&found);
    out->used = share.used;
    out->max = share.max;
}

/* "50000 100000" or "max 100000" (version 2), two files (version 1); as limit_of(). */
static int64_t quota_milli(const struct cgroup_controller *controller, const char *root) {
    const char *name = controller->unified ? "cpu.max" : "cpu.cfs_quota_us";
    char line[LIMIT_BYTES];
    long long period;
    if (!read_limit_line(line, controller, root, name))
        return -1;
    int64_t quota = limit_in(line);
    if (quota < 0 || quota == INT64_MAX)
        return quota;
    if (!controller->unified)
        period = limit_of(controller, root, "cpu.cfs_period_us");
    else if (sscanf(line, "%*d %lld", &period) != 1)
        period = -1;
    if (period <= 0 || period == INT64_MAX)
        return -1;
    return quota > none / 1000 ? INT64_MAX : quota * 1000 / period;
}

int64_t cgroup_read_cpu_milli(const char *root) {
    struct cgroup_controller controller;
    int64_t least = INT64_MAX;
    bool unknown = false;
    if (!find_controller(&controller, "cpu", root, 0))
        return -1;
    do {
        int64_t milli = quota_milli(&controller, root);
        unknown |= milli < 0;
        least = milli >= 0 && milli < least ? milli : least;
    } while (go_up(&controller));
    return least == INT64_MAX && unknown ? -1 : least;
}
