/* The watch over the server's process and all below it. */
#include "observe/process_watch.h"

#include <math.h>
#include <string.h>

#include "base/minmax.h"
#include "host/process_facts.h"

/* Reading the proportional size walks the process' page tables under its lock: above this, the
 * resident size must do. And files of all of them that would have to be counted one by one. */
static const int64_t PSS_RESIDENT_MAX = INT64_C(1) << 30;
static const int64_t FILES_COUNTED_MAX = 100000;

/* Sums over the tree. */
struct sums {
    int64_t pss, rss, files, files_most;
    int most_pid;
};

/* The process and all below it; how many there are, more than are kept when there are too many. */
static size_t list_tree(struct process_watch *watch, int *pids) {
    size_t count = 1, threads = PROCESS_THREADS_MAX;
    pids[0] = watch->pid;
    for (size_t i = 0; i < count && count < WATCHED_MAX; i++)
        count +=
            process_children(pids + count, WATCHED_MAX - count, &threads, watch->root, pids[i]);
    watch->view.cut |= count > WATCHED_MAX || threads == 0;
    return count;
}

/* CPU time since the latest sample; a new process was born since, and all of its time counts. */
static int64_t cpu_since(const struct process_watch *watch, const struct process_watched *one) {
    for (size_t i = 0; i < watch->count; i++) {
        const struct process_watched *before = &watch->known[i];
        if (before->pid == one->pid && before->started == one->started)
            return one->cpu_ns > before->cpu_ns ? one->cpu_ns - before->cpu_ns : 0;
    }
    return watch->view.samples > 0 ? one->cpu_ns : 0;
}

static void add_files(struct process_watch *watch, struct sums *sums, int pid) {
    int64_t room = FILES_COUNTED_MAX - sums->files;
    int64_t files = watch->files_readable ? process_files(watch->root, pid, room) : -1;
    if (files < 0) {
        watch->files_readable = false;
        return;
    }
    sums->files += files;
    if (files > sums->files_most) {
        sums->files_most = files;
        sums->most_pid = pid;
    }
}

static void add_memory(struct process_watch *watch, struct sums *sums, int pid,
                       const struct process_facts *facts) {
    sums->rss += facts->rss_bytes;
    if (sums->rss > PSS_RESIDENT_MAX)
        watch->pss_readable = false;
    int64_t pss = watch->pss_readable ? process_pss_bytes(watch->root, pid) : -1;
    if (pss < 0)
        watch->pss_readable = false;
    else
        sums->pss += pss;
}

/* A process that ended between the list and the look is left out, whatever was unreadable of it. */
static bool add_process(struct process_watch *watch, struct sums *sums, int pid,
                        struct process_watched *out) {
    struct process_facts facts;
    if (!process_facts_read(&facts, watch->root, pid))
        return false;
    const struct sums before = *sums;
    bool pss = watch->pss_readable, files = watch->files_readable;
    add_memory(watch, sums, pid, &facts);
    add_files(watch, sums, pid);
    bool failed = pss != watch->pss_readable || files != watch->files_readable;
    struct process_facts again;
    if (failed && !process_facts_read(&again, watch->root, pid)) {
        *sums = before;
        watch->pss_readable = pss;
        watch->files_readable = files;
        return false;
    }
    *out = (struct process_watched){pid, facts.started, facts.user_ns + facts.system_ns};
    return true;
}

static void take_sums(struct process_watch *watch, const struct sums *sums) {
    struct server_process_view *view = &watch->view;
    watch->pss_bytes = sums->pss;
    watch->rss_bytes = sums->rss;
    watch->pss_peak = max_i64(watch->pss_peak, sums->pss);
    watch->rss_peak = max_i64(watch->rss_peak, sums->rss);
    if (view->samples == 0) {
        watch->pss_before = sums->pss;
        watch->rss_before = sums->rss;
    }
    view->files_peak = watch->files_readable ? max_i64(view->files_peak, sums->files) : -1;
    if (!watch->files_readable) {
        view->files_process_peak = view->nofile_soft = -1;
    } else if (sums->files_most > view->files_process_peak) {
        view->files_process_peak = sums->files_most;
        view->nofile_soft = process_nofile_soft(watch->root, sums->most_pid);
    }
}

/* One kind of memory from beginning to end: what could not be read throughout is not compared. */
static void update_memory(struct process_watch *watch) {
    struct server_process_view *view = &watch->view;
    view->pss = watch->pss_readable;
    view->memory_before_bytes = view->pss ? watch->pss_before : watch->rss_before;
    view->memory_hold_bytes = view->pss ? watch->pss_hold : watch->rss_hold;
    view->memory_peak_bytes = view->pss ? watch->pss_peak : watch->rss_peak;
}

bool process_watch_is_there(const struct process_watch *watch) {
    struct process_facts facts;
    return process_facts_read(&facts, watch->root, watch->pid) && facts.started == watch->started;
}

static int64_t growth(int64_t before, int64_t now) {
    return before < 0 || now < before ? -1 : now - before;
}

/* The group may be gone with its processes: then what was last seen of it stands. */
static void look_at_group(struct process_watch *watch, bool first) {
    struct cgroup_memory now;
    struct server_process_view *view = &watch->view;
    cgroup_read_memory_of(&now, &watch->group, watch->root);
    if (first)
        watch->group_before = now;
    if (now.oom_kills < 0)
        return;
    view->oom_kills = growth(watch->group_before.oom_kills, now.oom_kills);
    view->at_memory_limit = growth(watch->group_before.at_limit, now.at_limit);
    if (view->ended)
        return;
    view->group_memory_bytes = now.used;
    view->group_memory_max = now.max;
}

bool process_watch_sample(struct process_watch *watch, instant now) {
    struct server_process_view *view = &watch->view;
    if (view->ended)
        return true;
    if (!process_watch_is_there(watch)) {
        view->ended = true;
        view->ended_seconds = duration_seconds(instant_since(now, watch->begun));
        look_at_group(watch, false);
        return false;
    }
    look_at_group(watch, false);
    static int pids[WATCHED_MAX];
    static struct process_watched seen[WATCHED_MAX];
    size_t listed = list_tree(watch, pids), count = 0;
    struct sums sums = {.files_most = -1};
    for (size_t i = 0; i < listed && i < WATCHED_MAX; i++) {
        if (!add_process(watch, &sums, pids[i], &seen[count]))
            continue;
        watch->cpu_ns += cpu_since(watch, &seen[count]);
        count++;
    }
    if (count == 0) /* it ended just now: the next sample says so */
        return true;
    memcpy(watch->known, seen, count * sizeof seen[0]);
    watch->count = count;
    take_sums(watch, &sums);
    watch->sampled_at = now;
    view->processes = count;
    view->processes_peak = (uint64_t)max_i64((int64_t)view->processes_peak, (int64_t)count);
    view->cpu_seconds = duration_seconds(watch->cpu_ns);
    view->samples++;
    update_memory(watch);
    return true;
}

bool process_watch_init(struct process_watch *watch, const char *root, int pid, instant now) {
    struct process_facts facts;
    *watch = (struct process_watch){
        .root = root,
        .pid = pid,
        .view = {.asked = true,
                 .pid = pid,
                 .memory_before_bytes = -1,
                 .memory_hold_bytes = -1,
                 .memory_peak_bytes = -1,
                 .cpu_percent = NAN,
                 .files_peak = -1,
                 .files_process_peak = -1,
                 .nofile_soft = -1,
                 .oom_kills = -1,
                 .at_memory_limit = -1,
                 .group_memory_bytes = -1,
                 .group_memory_max = -1},
        .pss_readable = true,
        .files_readable = true,
        .pss_hold = -1,
        .rss_hold = -1,
        .pss_peak = -1,
        .rss_peak = -1,
        .begun = now,
    };
    if (!process_facts_read(&facts, root, pid))
        return false;
    watch->started = facts.started;
    if (!cgroup_find_memory(&watch->group, root, pid))
        watch->group = (struct cgroup_controller){.mount = ""};
    look_at_group(watch, true);
    return process_watch_sample(watch, now);
}

void process_watch_hold(struct process_watch *watch, bool holding, uint64_t live) {
    if (watch->view.ended)
        return;
    if (holding) {
        watch->hold_since = watch->sampled_at;
        watch->cpu_at_hold = watch->cpu_ns;
        return;
    }
    duration held = instant_since(watch->sampled_at, watch->hold_since);
    if (held > 0)
        watch->view.cpu_percent = 100 * (double)(watch->cpu_ns - watch->cpu_at_hold) / (double)held;
    watch->pss_hold = watch->pss_bytes;
    watch->rss_hold = watch->rss_bytes;
    watch->view.connections = live;
    update_memory(watch);
}
