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

struct scene {
    struct tree tree;
    struct process_watch watch;
};

static int set_up(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    tree_make(&scene->tree);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    tree_remove(&scene->tree);
    free(scene);
    return 0;
}

static void put(struct scene *scene, int pid, const char *name, const char *text) {
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    tree_put(&scene->tree, path, text);
}

/* ticks of CPU in user mode, pages resident, kB proportional (below 0: not to be read), files. */
static void put_process(struct scene *scene, int pid, char state, int started, int ticks, int pages,
                        int pss, int files) {
    char text[256];
    snprintf(text, sizeof text,
             "%d (a) R (b) %c 1 1 1 0 -1 4194560 100 0 0 0 %d 0 0 0 20 0 1 0 %d 10000000 %d 1 1",
             pid, state, ticks, started, pages);
    put(scene, pid, "stat", text);
    snprintf(text, sizeof text, "x\nRss: 1 kB\nPss:   %d kB\n", pss);
    put(scene, pid, "smaps_rollup", pss < 0 ? "" : text);
    for (int i = 0; i < files; i++) {
        snprintf(text, sizeof text, "fd/%d", i);
        put(scene, pid, text, "");
    }
    put(scene, pid, "limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max open files            1024                 4096                 files     \n");
}

static void put_children(struct scene *scene, int pid, const char *children) {
    char name[64];
    snprintf(name, sizeof name, "task/%d/children", pid);
    put(scene, pid, name, children);
}

/* A master with two workers. */
static void put_nginx(struct scene *scene) {
    put_process(scene, 10, 'S', 500, 0, 100, 400, 5);
    put_children(scene, 10, "11 12 ");
    put_process(scene, 11, 'S', 501, 100, 200, 600, 9);
    put_children(scene, 11, "");
    put_process(scene, 12, 'R', 502, 50, 200, 700, 8);
}

static bool begin(struct scene *scene) {
    return process_watch_init(&scene->watch, scene->tree.root, 10, (instant){0});
}

static void the_tree_is_summed_up(void **state) {
    struct scene *scene = *state;
    const struct process_view *view = &scene->watch.view;
    put_nginx(scene);
    assert_true(begin(scene));
    assert_int_equal(view->processes, 3);
    assert_true(view->pss);
    assert_int_equal(view->memory_before_bytes, 1700 * 1024);
    assert_int_equal(view->files_peak, 22);
    assert_int_equal(view->files_process_peak, 9);
    assert_int_equal(view->nofile_soft, 1024);
    assert_true(view->cpu_seconds == 0); /* what was before is not ours */
}

static void cpu_and_memory_are_of_the_hold(void **state) {
    struct scene *scene = *state;
    const struct process_view *view = &scene->watch.view;
    long ticks = sysconf(_SC_CLK_TCK);
    put_nginx(scene);
    assert_true(begin(scene));
    process_watch_hold(&scene->watch, true, 0);
    put_process(scene, 11, 'S', 501, 100 + (int)ticks, 300, 1600, 9);
    assert_true(process_watch_sample(&scene->watch, (instant){4 * SECOND}));
    process_watch_hold(&scene->watch, false, 1024);
    assert_true(fabs(view->cpu_percent - 25) < 1e-9);
    assert_int_equal(view->memory_hold_bytes, 2700 * 1024);
    assert_true(fabs(process_view_bytes_each(view) - 1000) < 1e-9);
}

static void
a_worker_born_in_the_run_counts_whole_and_its_forerunner_is_not_forgotten(void **state) {
    struct scene *scene = *state;
    long ticks = sysconf(_SC_CLK_TCK);
    put_nginx(scene);
    assert_true(begin(scene));
    put_process(scene, 12, 'R', 502, 50 + (int)ticks, 200, 700, 8);
    process_watch_sample(&scene->watch, (instant){SECOND});
    /* A reload: another process, once with an old number. */
    put_children(scene, 10, "11 12");
    put_process(scene, 12, 'R', 900, 2 * (int)ticks, 200, 700, 8);
    process_watch_sample(&scene->watch, (instant){2 * SECOND});
    assert_true(fabs(scene->watch.view.cpu_seconds - 3) < 1e-9);
    assert_int_equal(scene->watch.view.processes_peak, 3);
}

static void without_the_right_to_it_resident_memory_stands_in_and_is_named(void **state) {
    struct scene *scene = *state;
    put_nginx(scene);
    assert_true(begin(scene));
    put_process(scene, 12, 'R', 502, 50, 200, -1, 8);
    process_watch_sample(&scene->watch, (instant){SECOND});
    assert_false(scene->watch.view.pss);
    assert_int_equal(scene->watch.view.memory_before_bytes, 500 * sysconf(_SC_PAGESIZE));
}

static void a_process_that_ends_is_told_once_and_keeps_its_figures(void **state) {
    struct scene *scene = *state;
    put_nginx(scene);
    assert_true(begin(scene));
    put_process(scene, 10, 'Z', 500, 0, 0, 0, 0);
    assert_false(process_watch_sample(&scene->watch, (instant){3 * SECOND}));
    assert_true(process_watch_sample(&scene->watch, (instant){4 * SECOND}));
    assert_true(scene->watch.view.ended && scene->watch.view.ended_seconds == 3);
    assert_int_equal(scene->watch.view.memory_before_bytes, 1700 * 1024);
    process_watch_hold(&scene->watch, false, 100);
    assert_true(isnan(process_view_bytes_each(&scene->watch.view)));
}

static void a_later_process_of_the_same_number_is_another(void **state) {
    struct scene *scene = *state;
    put_nginx(scene);
    assert_true(begin(scene));
    put_process(scene, 10, 'S', 777, 0, 100, 400, 5);
    assert_false(process_watch_sample(&scene->watch, (instant){SECOND}));
}

static void a_process_that_is_not_there_is_refused(void **state) {
    struct scene *scene = *state;
    assert_false(begin(scene));
    put(scene, 10, "stat", "10 (nginx");
    assert_false(begin(scene));
}

static void a_tree_too_great_is_cut_and_says_so(void **state) {
    struct scene *scene = *state;
    char *children = calloc(1, 16 * 2 * WATCHED_MAX);
    put_nginx(scene);
    for (int i = 0; i < 2 * WATCHED_MAX; i++)
        sprintf(children + strlen(children), "%d ", 1000 + i);
    put_children(scene, 10, children);
    free(children);
    for (int i = 0; i < WATCHED_MAX; i++)
        put_process(scene, 1000 + i, 'S', 600, 0, 1, 4, 0);
    assert_true(begin(scene));
    assert_int_equal(scene->watch.view.processes, WATCHED_MAX);
    assert_true(scene->watch.view.cut);
}

static void a_real_process_and_its_child_are_seen(void **state) {
    struct scene *scene = *state;
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    assert_true(process_watch_init(&scene->watch, "", getpid(), (instant){0}));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_in_range(scene->watch.view.processes, 1, 2); /* 1: a kernel without lists of children */
    assert_true(scene->watch.view.memory_before_bytes > 0);
    assert_true(scene->watch.view.files_peak >= 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_tree_is_summed_up),
        TEST(cpu_and_memory_are_of_the_hold),
        TEST(a_worker_born_in_the_run_counts_whole_and_its_forerunner_is_not_forgotten),
        TEST(without_the_right_to_it_resident_memory_stands_in_and_is_named),
        TEST(a_process_that_ends_is_told_once_and_keeps_its_figures),
        TEST(a_later_process_of_the_same_number_is_another),
        TEST(a_process_that_is_not_there_is_refused),
        TEST(a_tree_too_great_is_cut_and_says_so),
        TEST(a_real_process_and_its_child_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
