/* Tests of telling the container runtime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "host/runtime.h"
#include "host/tree.h"

static void each_runtime_is_told_by_what_it_leaves(void **state) {
    (void)state;
    const struct {
        const char *path, *text, *kubernetes, *name;
    } rows[] = {
        {"/.dockerenv", "", NULL, "Docker"},
        {"/proc/1/cgroup", "12:pids:/docker/0a1b\n", NULL, "Docker"},
        {"/run/.containerenv", "", NULL, "Podman"},
        {"/proc/1/cgroup", "1:name=systemd:/libpod-0a1b\n", NULL, "Podman"},
        {"/.dockerenv", "", "10.0.0.1", "Kubernetes"},
        {"/proc/1/cgroup", "0::/kubepods/burstable/pod0\n", NULL, "Kubernetes"},
        {"/proc/version", "Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016\n", "10.0.0.1",
         "gVisor"},
        {"/proc/version", "Linux version 6.1.0 (debian)\n", NULL, NULL},
        {"/proc/1/cgroup", "0::/init.scope\n", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tree tree;
        tree_make(&tree);
        tree_put(&tree, rows[i].path, rows[i].text);
        const struct host_runtime *runtime = host_runtime(tree.root, rows[i].kubernetes);
        if (rows[i].name == NULL)
            assert_null(runtime);
        else
            assert_string_equal(runtime->name, rows[i].name);
        /* A refusal without a filter is not Docker's: the kernel there is the host's. */
        if (runtime != NULL)
            assert_int_equal(runtime->own_kernel, strcmp(runtime->name, "gVisor") == 0);
        tree_remove(&tree);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_runtime_is_told_by_what_it_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
