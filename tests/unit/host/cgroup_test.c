/* Tests of what is read of control groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cgroup.h"
#include "host/tree.h"
#include <cmocka.h>

#define UNIFIED "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

static void assert_share(const struct host_share *share, int64_t max, int64_t used) {
    assert_int_equal(share->max, max);
    assert_int_equal(share->used, used);
}

static void put_groups(const struct tree *tree) {
    tree_put(tree, "/sys/fs/cgroup/cgroup.procs", "");
    tree_put(tree, "/sys/fs/cgroup/a/cgroup.procs", "");
    tree_put(tree, "/sys/fs/cgroup/a/b/cgroup.procs", "");
}

static void of_all_groups_above_the_one_with_the_least_room_counts(void **state) {
    (void)state;
    struct tree tree;
    struct host_share memory, processes;
    tree_make(&tree);
    tree_put(&tree, "/proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n" UNIFIED);
    tree_put(&tree, "/proc/self/cgroup", "0::/a/b/c\n");
    tree_put(&tree, "/sys/fs/cgroup/a/memory.max", "1000\n");
    tree_put(&tree, "/sys/fs/cgroup/a/memory.current", "700\n");
    tree_put(&tree, "/sys/fs/cgroup/a/memory.stat",
             "anon 1\ninactive_file_not 7\ninactive_file 30\nactive_file 20\n");
    tree_put(&tree, "/sys/fs/cgroup/a/b/memory.max", "800\n");
    tree_put(&tree, "/sys/fs/cgroup/a/b/memory.current", "100\n");
    tree_put(&tree, "/sys/fs/cgroup/a/b/c/memory.max", "max\n");
    tree_put(&tree, "/sys/fs/cgroup/a/b/c/memory.current", "50\n");
    tree_put(&tree, "/sys/fs/cgroup/a/pids.max", "500\n");
    tree_put(&tree, "/sys/fs/cgroup/a/pids.current", "450\n");
    tree_put(&tree, "/sys/fs/cgroup/a/b/c/pids.max", "100\n");
    tree_put(&tree, "/sys/fs/cgroup/a/b/c/pids.current", "99\n");
    cgroup_read_memory(&memory, tree.root);
    cgroup_read_processes(&processes, tree.root);
    tree_remove(&tree);
    assert_share(&memory, 1000, 650); /* page cache gives way */
    assert_share(&processes, 100, 99);
}

static void a_container_sees_its_own_group_at_the_mount(void **state) {
    (void)state;
    struct tree tree;
    struct host_share memory, processes;
    tree_make(&tree);
    tree_put(&tree, "/proc/self/mountinfo",
             "30 23 0:29 /docker/abc /sys/fs/cgroup/memory ro master:11 - cgroup cgroup rw,memory\n"
             "31 23 0:30 /docker/abc /sys/fs/cgroup/pids ro master:11 - cgroup cgroup rw,pids\n"
             "32 23 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    tree_put(&tree, "/proc/self/cgroup",
             "9:name=systemd:/\n4:memory:/docker/abc\n3:cpu,pids:/docker/abc/x\n0::/\n");
    tree_put(&tree, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "5000\n");
    tree_put(&tree, "/sys/fs/cgroup/memory/memory.usage_in_bytes", "3000\n");
    tree_put(&tree, "/sys/fs/cgroup/memory/memory.stat",
             "inactive_file 1\ntotal_inactive_file 1000\ntotal_active_file 500\n");
    tree_put(&tree, "/sys/fs/cgroup/pids/x/pids.max", "7\n");
    tree_put(&tree, "/sys/fs/cgroup/pids/x/pids.current", "3\n");
    cgroup_read_memory(&memory, tree.root);
    cgroup_read_processes(&processes, tree.root);
    tree_remove(&tree);
    assert_share(&memory, 5000, 1500);
    assert_share(&processes, 7, 3);
}

static void no_limit_is_told_from_no_controller(void **state) {
    (void)state;
    struct tree tree;
    struct host_share memory, processes;
    tree_make(&tree);
    cgroup_read_memory(&memory, tree.root);
    assert_share(&memory, -1, -1);
    tree_put(&tree, "/proc/self/mountinfo",
             "30 23 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\nnonsense\n - \n");
    tree_put(&tree, "/proc/self/cgroup", "4:memory:/\nnonsense\n");
    tree_put(&tree, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    tree_put(&tree, "/sys/fs/cgroup/memory/memory.usage_in_bytes", "3000\n");
    cgroup_read_memory(&memory, tree.root);
    cgroup_read_processes(&processes, tree.root);
    tree_remove(&tree);
    assert_share(&memory, INT64_MAX, -1);
    assert_share(&processes, -1, -1);
}

static void a_group_outside_of_what_is_seen_counts_as_the_mount(void **state) {
    (void)state;
    struct tree tree;
    struct host_share processes;
    tree_make(&tree);
    tree_put(&tree, "/proc/self/mountinfo", UNIFIED);
    tree_put(&tree, "/proc/self/cgroup", "0::/../elsewhere\n");
    tree_put(&tree, "/sys/fs/cgroup/pids.max", "10\n");
    tree_put(&tree, "/sys/fs/cgroup/pids.current", "12\n"); /* lowered below what there was */
    cgroup_read_processes(&processes, tree.root);
    tree_remove(&tree);
    assert_share(&processes, 10, 12);
}

static void cpu_time_may_be_less_than_the_cpus(void **state) {
    (void)state;
    struct tree tree;
    tree_make(&tree);
    assert_int_equal(cgroup_read_cpu_milli(tree.root), -1);
    tree_put(&tree, "/proc/self/mountinfo", UNIFIED);
    tree_put(&tree, "/proc/self/cgroup", "0::/a/b\n");
    assert_int_equal(cgroup_read_cpu_milli(tree.root), -1);
    put_groups(&tree);
    assert_true(cgroup_read_cpu_milli(tree.root) == INT64_MAX);
    tree_put(&tree, "/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    assert_true(cgroup_read_cpu_milli(tree.root) == INT64_MAX);
    tree_put(&tree, "/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
    assert_int_equal(cgroup_read_cpu_milli(tree.root), 1500);
    tree_put(&tree, "/proc/self/mountinfo",
             "30 23 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n" UNIFIED);
    tree_put(&tree, "/proc/self/cgroup", "4:cpu,cpuacct:/x\n0::/a\n");
    tree_put(&tree, "/sys/fs/cgroup/cpu/cgroup.procs", "");
    tree_put(&tree, "/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "-1\n");
    tree_put(&tree, "/sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
    assert_true(cgroup_read_cpu_milli(tree.root) == INT64_MAX);
    tree_put(&tree, "/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "25000\n");
    assert_int_equal(cgroup_read_cpu_milli(tree.root), 250);
    tree_remove(&tree);
}

/* A group that is there and has no such file has no limit; one of which nothing is seen may have.
 */
static void what_cannot_be_read_is_no_absence_of_a_limit(void **state) {
    (void)state;
    struct tree tree;
    struct host_share memory, processes;
    tree_make(&tree);
    tree_put(&tree, "/proc/self/mountinfo", UNIFIED);
    put_groups(&tree);
    cgroup_read_processes(&processes, tree.root);
    assert_share(&processes, -1, -1); /* which group is ours is not known */
    tree_put(&tree, "/proc/self/cgroup", "0::/a/b\n");
    cgroup_read_processes(&processes, tree.root);
    cgroup_read_memory(&memory, tree.root);
    assert_share(&processes, INT64_MAX, -1);
    assert_share(&memory, INT64_MAX, -1);
    tree_put(&tree, "/sys/fs/cgroup/a/b/pids.max",
             "100\n"); /* and nothing says how many there are */
    tree_put(&tree, "/sys/fs/cgroup/a/b/memory.max", "");
    cgroup_read_processes(&processes, tree.root);
    cgroup_read_memory(&memory, tree.root);
    assert_share(&processes, -1, -1);
    assert_share(&memory, -1, -1);
    tree_put(&tree, "/sys/fs/cgroup/a/pids.max",
             "50\n"); /* a limit is one, whatever else there is */
    tree_put(&tree, "/sys/fs/cgroup/a/pids.current", "20\n");
    cgroup_read_processes(&processes, tree.root);
    assert_share(&processes, 50, 20);
    tree_put(&tree, "/proc/self/cgroup", "0::/a/unseen\n");
    assert_int_equal(cgroup_read_cpu_milli(tree.root), -1);
    tree_remove(&tree);
}

static void on_this_machine_nothing_is_torn(void **state) {
    (void)state;
    struct host_share memory, processes;
    cgroup_read_memory(&memory, "");
    cgroup_read_processes(&processes, "");
    assert_true(memory.max >= -1 && memory.used >= -1);
    assert_true(processes.max >= -1 && processes.used >= -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_all_groups_above_the_one_with_the_least_room_counts),
        cmocka_unit_test(a_container_sees_its_own_group_at_the_mount),
        cmocka_unit_test(no_limit_is_told_from_no_controller),
        cmocka_unit_test(a_group_outside_of_what_is_seen_counts_as_the_mount),
        cmocka_unit_test(cpu_time_may_be_less_than_the_cpus),
        cmocka_unit_test(what_cannot_be_read_is_no_absence_of_a_limit),
        cmocka_unit_test(on_this_machine_nothing_is_torn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
