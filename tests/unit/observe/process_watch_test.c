/* The server's processes are watched as a tree, under a root that the test fills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../host/tree.h"
#include "host/process_facts.h"
#include "observe/process_watch.h"

struct fixture {
    struct tree tree;
    struct process_watch watch;
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    tree_make(&fixture->tree);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    tree_remove(&fixture->tree);
    free(fixture);
    return 0;
}

static void put(struct fixture *fixture, int pid, const char *name, const char *text) {
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    tree_put(&fixture->tree, path, text);
}

/* ticks of CPU in user mode, pages resident, kB proportional (below 0: not to be read), files. */
static void put_process(struct fixture *fixture, int pid, char state, int started, int ticks,
                        int pages, int pss, int files) {
    char text[256];
    snprintf(text, sizeof text,
             "%d (a) R (b) %c 1 1 1 0 -1 4194560 100 0 0 0 %d 0 0 0 20 0 1 0 %d 10000000 %d 1 1",
             pid, state, ticks, started, pages);
    put(fixture, pid, "stat", text);
    snprintf(text, sizeof text, "x\nRss: 1 kB\nPss:   %d kB\n", pss);
    put(fixture, pid, "smaps_rollup", pss < 0 ? "" : text);
    for (int i = 0; i < files; i++) {
        snprintf(text, sizeof text, "fd/%d", i);
        put(fixture, pid, text, "");
    }
    put(fixture, pid, "limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max open files            1024                 4096                 files     \n");
}

static void put_children(struct fixture *fixture, int pid, const char *children) {
    char name[64];
    snprintf(name, sizeof name, "task/%d/children", pid);
    put(fixture, pid, name, children);
}

/* A master with two workers. */
static void put_nginx(struct fixture *fixture) {
    put_process(fixture, 10, 'S', 500, 0, 100, 400, 5);
    put_children(fixture, 10, "11 12 ");
    put_process(fixture, 11, 'S', 501, 100, 200, 600, 9);
    put_children(fixture, 11, "");
    put_process(fixture, 12, 'R', 502, 50, 200, 700, 8);
}

static bool begin(struct fixture *fixture) {
    return process_watch_init(&fixture->watch, fixture->tree.root, 10, (instant){0});
}

static void the_tree_is_summed_up(void **state) {
    struct fixture *fixture = *state;
    const struct server_process_view *view = &fixture->watch.view;
    put_nginx(fixture);
    assert_true(begin(fixture));
    assert_int_equal(view->processes, 3);
    assert_true(view->pss);
    assert_int_equal(view->memory_before_bytes, 1700 * 1024);
    assert_int_equal(view->files_peak, 22);
    assert_int_equal(view->files_process_peak, 9);
    assert_int_equal(view->nofile_soft, 1024);
    assert_true(view->cpu_seconds == 0); /* what was before is not ours */
}

static void cpu_and_memory_are_of_the_hold(void **state) {
    struct fixture *fixture = *state;
    const struct server_process_view *view = &fixture->watch.view;
    long ticks = sysconf(_SC_CLK_TCK);
    put_nginx(fixture);
    assert_true(begin(fixture));
    process_watch_hold(&fixture->watch, true, 0);
    put_process(fixture, 11, 'S', 501, 100 + (int)ticks, 300, 1600, 9);
    assert_true(process_watch_sample(&fixture->watch, (instant){4 * SECOND}));
    process_watch_hold(&fixture->watch, false, 1024);
    assert_true(fabs(view->cpu_percent - 25) < 1e-9);
    assert_int_equal(view->memory_hold_bytes, 2700 * 1024);
    assert_true(fabs(server_process_bytes_each(view) - 1000) < 1e-9);
}

static void
a_worker_born_in_the_run_counts_whole_and_its_forerunner_is_not_forgotten(void **state) {
    struct fixture *fixture = *state;
    long ticks = sysconf(_SC_CLK_TCK);
    put_nginx(fixture);
    assert_true(begin(fixture));
    put_process(fixture, 12, 'R', 502, 50 + (int)ticks, 200, 700, 8);
    process_watch_sample(&fixture->watch, (instant){SECOND});
    /* A reload: another process, once with an old number. */
    put_children(fixture, 10, "11 12");
    put_process(fixture, 12, 'R', 900, 2 * (int)ticks, 200, 700, 8);
    process_watch_sample(&fixture->watch, (instant){2 * SECOND});
    assert_true(fabs(fixture->watch.view.cpu_seconds - 3) < 1e-9);
    assert_int_equal(fixture->watch.view.processes_peak, 3);
}

static void without_the_right_to_it_resident_memory_stands_in_and_is_named(void **state) {
    struct fixture *fixture = *state;
    put_nginx(fixture);
    assert_true(begin(fixture));
    put_process(fixture, 12, 'R', 502, 50, 200, -1, 8);
    process_watch_sample(&fixture->watch, (instant){SECOND});
    assert_false(fixture->watch.view.pss);
    assert_int_equal(fixture->watch.view.memory_before_bytes, 500 * sysconf(_SC_PAGESIZE));
}

static void a_process_that_ends_is_told_once_and_keeps_its_figures(void **state) {
    struct fixture *fixture = *state;
    put_nginx(fixture);
    assert_true(begin(fixture));
    put_process(fixture, 10, 'Z', 500, 0, 0, 0, 0);
    assert_false(process_watch_sample(&fixture->watch, (instant){3 * SECOND}));
    assert_true(process_watch_sample(&fixture->watch, (instant){4 * SECOND}));
    assert_true(fixture->watch.view.ended && fixture->watch.view.ended_seconds == 3);
    assert_int_equal(fixture->watch.view.memory_before_bytes, 1700 * 1024);
    process_watch_hold(&fixture->watch, false, 100);
    assert_true(isnan(server_process_bytes_each(&fixture->watch.view)));
}

static void put_group(struct fixture *fixture, int kills, int at_limit, const char *used) {
    char text[128];
    snprintf(text, sizeof text, "low 0\nhigh 0\nmax %d\noom 3\noom_kill %d\n", at_limit, kills);
    tree_put(&fixture->tree, "/sys/fs/cgroup/web/memory.events", text);
    tree_put(&fixture->tree, "/sys/fs/cgroup/web/memory.max", "52428800\n");
    tree_put(&fixture->tree, "/sys/fs/cgroup/web/memory.current", used);
}

static void what_the_oom_killer_ended_is_told_by_the_group(void **state) {
    struct fixture *fixture = *state;
    const struct server_process_view *view = &fixture->watch.view;
    put_nginx(fixture);
    tree_put(&fixture->tree, "/proc/self/mountinfo",
             "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    put(fixture, 10, "cgroup", "0::/web\n");
    put_group(fixture, 2, 100, "1000000\n");
    assert_true(begin(fixture));
    assert_int_equal(view->oom_kills, 0); /* what was before is not of this run */
    put_group(fixture, 2, 140, "52428800\n");
    assert_true(process_watch_sample(&fixture->watch, (instant){SECOND}));
    put_process(fixture, 10, 'Z', 500, 0, 0, 0, 0);
    put(fixture, 10, "cgroup", "0::/\n");
    put_group(fixture, 3, 145, "0\n");
    assert_false(process_watch_sample(&fixture->watch, (instant){2 * SECOND}));
    assert_int_equal(view->oom_kills, 1);
    assert_int_equal(view->at_memory_limit, 45);
    assert_int_equal(view->group_memory_bytes, 52428800);
    assert_int_equal(view->group_memory_max, 52428800);
}

static void a_later_process_of_the_same_number_is_another(void **state) {
    struct fixture *fixture = *state;
    put_nginx(fixture);
    assert_true(begin(fixture));
    put_process(fixture, 10, 'S', 777, 0, 100, 400, 5);
    assert_false(process_watch_sample(&fixture->watch, (instant){SECOND}));
}

static void a_process_that_is_not_there_is_refused(void **state) {
    struct fixture *fixture = *state;
    assert_false(begin(fixture));
    put(fixture, 10, "stat", "10 (nginx");
    assert_false(begin(fixture));
}

static void a_tree_too_great_is_cut_and_says_so(void **state) {
    struct fixture *fixture = *state;
    char *children = calloc(1, 16 * 2 * WATCHED_MAX);
    put_nginx(fixture);
    for (int i = 0; i < 2 * WATCHED_MAX; i++)
        sprintf(children + strlen(children), "%d ", 1000 + i);
    put_children(fixture, 10, children);
    free(children);
    for (int i = 0; i < WATCHED_MAX; i++)
        put_process(fixture, 1000 + i, 'S', 600, 0, 1, 4, 0);
    assert_true(begin(fixture));
    assert_int_equal(fixture->watch.view.processes, WATCHED_MAX);
    assert_true(fixture->watch.view.cut);
}

static void not_all_threads_of_a_great_tree_are_asked(void **state) {
    struct fixture *fixture = *state;
    char name[64];
    put_nginx(fixture);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "task/%d/children", 10 + i);
        put(fixture, 10, name, "7 7 7 ");
    }
    int children[16];
    size_t threads = 4;
    assert_int_equal(process_children(children, 16, &threads, fixture->tree.root, 10), 12);
    assert_int_equal(threads, 0);
    threads = 100;
    assert_int_equal(process_children(children, 16, &threads, fixture->tree.root, 10), 17);
    assert_true(threads > 90); /* what does not fit is not looked for */
}

static void a_real_process_and_its_child_are_seen(void **state) {
    struct fixture *fixture = *state;
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    assert_true(process_watch_init(&fixture->watch, "", getpid(), (instant){0}));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_in_range(fixture->watch.view.processes, 1,
                    2); /* 1: a kernel without lists of children */
    assert_true(fixture->watch.view.memory_before_bytes > 0);
    assert_true(fixture->watch.view.files_peak >= 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_tree_is_summed_up),
        TEST(cpu_and_memory_are_of_the_hold),
        TEST(a_worker_born_in_the_run_counts_whole_and_its_forerunner_is_not_forgotten),
        TEST(without_the_right_to_it_resident_memory_stands_in_and_is_named),
        TEST(a_process_that_ends_is_told_once_and_keeps_its_figures),
        TEST(what_the_oom_killer_ended_is_told_by_the_group),
        TEST(a_later_process_of_the_same_number_is_another),
        TEST(a_process_that_is_not_there_is_refused),
        TEST(a_tree_too_great_is_cut_and_says_so),
        TEST(not_all_threads_of_a_great_tree_are_asked),
        TEST(a_real_process_and_its_child_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
