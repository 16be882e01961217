/* The limits of the control groups that this process is in. */
#include "host/groups.h"

#include <stdio.h>
#include <string.h>

#include "host/files.h"

enum { PATH_BYTES = 1024, LINE_BYTES = 4096 };

/* From here on version 1 means "no limit": it writes the greatest multiple of a page. */
static const int64_t none = INT64_C(1) << 62;

/* One controller: which folder shows its groups, and which of them is ours. */
struct controller {
    bool unified;              /* version 2 */
    char mount[PATH_BYTES];    /* where the groups are seen */
    char top[PATH_BYTES];      /* the group that is seen there: "/" but in some containers */
    char ours[2 * PATH_BYTES]; /* from the mount on: "" or "/a/b" */
};

/* Whether a list with commas has the word. */
static bool has_word(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += length)
        if ((at == list || at[-1] == ',') && (at[length] == '\0' || at[length] == ','))
            return true;
    return false;
}

/* proc_pid_mountinfo(5): "36 35 98:0 ROOT MOUNT options - TYPE SOURCE SUPER,OPTIONS". */
static bool find_mount(struct controller *controller, const char *name, const char *root) {
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
static bool is_line_of(const struct controller *controller, const char *name, const char *line) {
    const char *list = strchr(line, ':');
    if (list++ == NULL)
        return false;
    if (controller->unified)
        return strncmp(line, "0::", 3) == 0;
    char names[256];
    return sscanf(list, "%255[^:]", names) == 1 && has_word(names, name);
}

/* Its path below the mount; a group outside of what is seen there counts as the mount itself. */
static void find_ours(struct controller *controller, const char *name, const char *root) {
    char line[LINE_BYTES];
    FILE *file = files_open(root, "/proc/self/cgroup");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (!is_line_of(controller, name, line))
            continue;
        const char *path = strchr(strchr(line, ':') + 1, ':');
        if (path == NULL)
            break;
        path++;
        size_t top = strcmp(controller->top, "/") == 0 ? 0 : strlen(controller->top);
        if (strncmp(path, controller->top, top) == 0 && strstr(path, "/..") == NULL)
            snprintf(controller->ours, sizeof controller->ours, "%.*s",
                     (int)strcspn(path + top, "\n"), path + top);
        break;
    }
    if (file != NULL)
        fclose(file);
    if (strcmp(controller->ours, "/") == 0)
        controller->ours[0] = '\0';
}

static bool find_controller(struct controller *controller, const char *name, const char *root) {
    memset(controller, 0, sizeof *controller);
    if (!find_mount(controller, name, root))
        return false;
    find_ours(controller, name, root);
    return true;
}

static const char *file_in(char path[static LINE_BYTES], const struct controller *controller,
                           const char *name) {
    snprintf(path, LINE_BYTES, "%s%s/%s", controller->mount, controller->ours, name);
    return path;
}

static void keep_tighter(struct host_share *share, int64_t max, int64_t used) {
    if (max < 0 || max >= none || used < 0)
        return;
    if (share->max < none && share->max - share->used <= max - used)
        return;
    *share = (struct host_share){max, used};
}

/* To the group above; false when there is none to be seen. */
static bool go_up(struct controller *controller) {
    char *slash = strrchr(controller->ours, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

/* The page cache gives way before a group runs out of memory. */
static int64_t memory_used(const struct controller *controller, const char *root) {
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

void groups_read_memory(struct host_share *memory, const char *root) {
    struct controller controller;
    char path[LINE_BYTES];
    *memory = (struct host_share){-1, -1};
    if (!find_controller(&controller, "memory", root))
        return;
    memory->max = INT64_MAX;
    do {
        const char *name = controller.unified ? "memory.max" : "memory.limit_in_bytes";
        int64_t max = files_read_number(root, file_in(path, &controller, name));
        if (max >= 0 && max < none)
            keep_tighter(memory, max, memory_used(&controller, root));
    } while (go_up(&controller));
}

void groups_read_processes(struct host_share *processes, const char *root) {
    struct controller controller;
    char path[LINE_BYTES];
    *processes = (struct host_share){-1, -1};
    if (!find_controller(&controller, "pids", root))
        return;
    processes->max = INT64_MAX;
    do {
        int64_t max = files_read_number(root, file_in(path, &controller, "pids.max"));
        int64_t used = files_read_number(root, file_in(path, &controller, "pids.current"));
        keep_tighter(processes, max, used);
    } while (go_up(&controller));
}

/* "50000 100000" or "max 100000" (version 2), two files (version 1); INT64_MAX without a limit. */
static int64_t quota_milli(const struct controller *controller, const char *root) {
    char path[LINE_BYTES];
    int64_t pair[2];
    if (controller->unified) {
        if (files_read_numbers(pair, 2, root, file_in(path, controller, "cpu.max")) != 2)
            return INT64_MAX;
    } else {
        pair[0] = files_read_number(root, file_in(path, controller, "cpu.cfs_quota_us"));
        pair[1] = files_read_number(root, file_in(path, controller, "cpu.cfs_period_us"));
    }
    return pair[0] <= 0 || pair[1] <= 0 || pair[0] > none / 1000 ? INT64_MAX
                                                                 : pair[0] * 1000 / pair[1];
}

int64_t groups_read_cpu_milli(const char *root) {
    struct controller controller;
    int64_t least = INT64_MAX;
    if (!find_controller(&controller, "cpu", root))
        return -1;
    do {
        int64_t milli = quota_milli(&controller, root);
        least = milli < least ? milli : least;
    } while (go_up(&controller));
    return least;
}
