/* Tests of what is read of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host.h"
#include "host/process_facts.h"
#include "host/slabs.h"
#include "host/tree.h"

static void every_number_is_read_from_its_file(void **state) {
    (void)state;
    struct tree tree;
    struct host host;
    tree_make(&tree);
    tree_put(&tree, "/proc/sys/fs/file-nr", "41216\t16\t2466177\n");
    tree_put(&tree, "/proc/sys/fs/file-max", "2466177\n");
    tree_put(&tree, "/proc/sys/fs/nr_open", "1048576\n");
    tree_put(&tree, "/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    tree_put(&tree, "/proc/sys/net/ipv4/tcp_tw_reuse", "2\n");
    tree_put(&tree, "/proc/sys/net/core/somaxconn", "4096\n");
    tree_put(&tree, "/proc/sys/net/ipv4/tcp_max_syn_backlog", "2048\n");
    tree_put(&tree, "/proc/sys/net/ipv4/tcp_syncookies", "1\n");
    tree_put(&tree, "/proc/sys/net/ipv4/tcp_mem", "287898\t383867\t575796\n");
    tree_put(&tree, "/proc/net/sockstat",
             "sockets: used 230\nTCP: inuse 207 orphan 62 tw 2002 alloc 270 mem 95\n"
             "UDP: inuse 0 mem 7\n");
    tree_put(&tree, "/proc/sys/net/netfilter/nf_conntrack_max", "262144\n");
    tree_put(&tree, "/proc/self/status", "Name:\tx\nCapEff:\t0000000001200000\n");
    tree_put(&tree, "/proc/sys/kernel/io_uring_disabled", "1\n");
    tree_put(&tree, "/proc/sys/kernel/io_uring_group", "1001\n");
    tree_put(&tree, "/proc/meminfo",
             "MemTotalOfOthers: 1 kB\nMemTotal:       24576 kB\n"
             "MemAvailable:    8192 kB\n");
    tree_put(&tree, "/proc/cpuinfo",
             "processor\t: 0\nmodel\t\t: 17\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: x\n");
    host_read(&host, tree.root);
    assert_string_equal(host.cpu_model, "Some CPU @ 2 GHz");
    tree_remove(&tree);
    assert_int_equal(host.tcp_max_syn_backlog, 2048);
    assert_int_equal(host.tcp_syncookies, 1);
    assert_int_equal(host.tcp_mem_max, 575796);
    assert_int_equal(host.tcp_mem_used, 95);
    assert_int_equal(host.conntrack_max, 262144);
    assert_true(host_can(&host, CAP_SYS_ADMIN) && host_can(&host, CAP_SYS_RESOURCE));
    assert_false(host_can(&host, CAP_IPC_LOCK));
    assert_int_equal(host.file_used, 41200);
    assert_int_equal(host.file_max, 2466177);
    assert_int_equal(host.nr_open, 1048576);
    assert_int_equal(host.port_low, 32768);
    assert_int_equal(host.port_high, 60999);
    assert_int_equal(host.tcp_tw_reuse, 2);
    assert_int_equal(host.somaxconn, 4096);
    assert_int_equal(host.io_uring_disabled, 1);
    assert_string_equal(host.io_uring_group, "1001");
    assert_int_equal(host.memory_total_bytes, 24576 * 1024);
    assert_int_equal(host.memory_available_bytes, 8192 * 1024);
}

static void what_cannot_be_read_is_minus_one(void **state) {
    (void)state;
    struct tree tree;
    struct host host;
    tree_make(&tree);
    host_read(&host, tree.root);
    tree_remove(&tree);
    const int64_t numbers[] = {host.file_used,
                               host.file_max,
                               host.nr_open,
                               host.port_low,
                               host.port_high,
                               host.tcp_tw_reuse,
                               host.somaxconn,
                               host.tcp_max_syn_backlog,
                               host.tcp_syncookies,
                               host.tcp_mem_max,
                               host.tcp_mem_used,
                               host.conntrack_max,
                               host.connection_bytes,
                               host.cpu_quota_milli,
                               host.group_memory.max,
                               host.group_processes.max,
                               host.io_uring_disabled,
                               host.memory_total_bytes,
                               host.memory_available_bytes};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_int_equal(numbers[i], -1);
    assert_string_equal(host.io_uring_group, "");
}

static void a_connection_is_as_large_as_this_kernels_slabs_have_it(void **state) {
    (void)state;
    struct tree tree;
    struct host host;
    static const char slabs[] =
        "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize>\n"
        "tw_sock_TCP 2061 2064 256 16 1 : tunables 0 0 0 : slabdata 129 129 0\n"
        "io_kiocb 248 304 256 16 1 : tunables 0 0 0 : slabdata 19 19 0\n"
        "TCP 305 338 2368 13 8 : tunables 0 0 0 : slabdata 26 26 0\n"
        "sock_inode_cache 345 399 832 19 4 : tunables 0 0 0 : slabdata 21 21 0\n"
        "filp 1421 1512 192 21 1 : tunables 0 0 0 : slabdata 72 72 0\n"
        "lsm_inode_cache 9 9 32 128 1 : tunables 0 0 0 : slabdata 9 9 0\n"
        "dentry 69728 69972 192 21 1 : tunables 0 0 0 : slabdata 3332 3332 0\n";
    int64_t page = sysconf(_SC_PAGESIZE);
    tree_make(&tree);
    tree_put(&tree, "/proc/slabinfo", slabs);
    host_read(&host, tree.root);
    if (page == 4096) { /* 2521 + 863 + 196 + 196 + 32 */
        assert_int_equal(host.connection_bytes, 3808);
        assert_int_equal(slabs_object_bytes(tree.root, "io_kiocb", 1), 256);
    }
    assert_int_equal(slabs_object_bytes(tree.root, "eventpoll_epi", 128), 128);
    char without[sizeof slabs];
    strcpy(without, slabs);
    memcpy(strstr(without, "filp"), "merg", 4);
    tree_put(&tree, "/proc/slabinfo", without);
    host_read(&host, tree.root);
    assert_int_equal(host.connection_bytes, -1);
    tree_put(&tree, "/proc/slabinfo", "TCP 1 1 1 0 0 :\nTCP 1 1 1 99999999999999999999 1 :\nTCP\n");
    host_read(&host, tree.root);
    assert_int_equal(slabs_object_bytes(tree.root, "TCP", 7), 7);
    tree_remove(&tree);
    assert_int_equal(slabs_object_bytes(tree.root, "TCP", 7), 7);
    assert_int_equal(host.connection_bytes, -1);
}

static void a_slab_that_has_files_is_as_these_have_it(void **state) {
    (void)state;
    struct tree tree;
    int64_t page = sysconf(_SC_PAGESIZE);
    tree_make(&tree);
    tree_put(&tree, "/proc/slabinfo", "TCP 305 338 2368 1 1 : tunables 0 0 0 : slabdata 26 26 0\n");
    tree_put(&tree, "/sys/kernel/slab/TCP/objs_per_slab", "13\n");
    tree_put(&tree, "/sys/kernel/slab/TCP/order", "3\n");
    assert_int_equal(slabs_object_bytes(tree.root, "TCP", 7), (8 * page + 12) / 13);
    tree_put(&tree, "/sys/kernel/slab/TCP/order", "64\n");
    assert_int_equal(slabs_object_bytes(tree.root, "TCP", 7), page);
    tree_put(&tree, "/sys/kernel/slab/TCP/order", "3\n");
    tree_put(&tree, "/sys/kernel/slab/TCP/objs_per_slab", "0\n");
    assert_int_equal(slabs_object_bytes(tree.root, "TCP", 7), page);
    tree_remove(&tree);
}

static void descriptors_below_the_limit_are_what_is_taken_of_it(void **state) {
    (void)state;
    int64_t before = host_own_files("", 1000000);
    int low = dup(0), high = fcntl(0, F_DUPFD, 500);
    assert_true(low >= 0 && high >= 500);
    assert_int_equal(host_own_files("", 1000000), before + 2);
    assert_int_equal(host_own_files("", high), before + 1);
    close(low);
    close(high);
    assert_int_equal(host_own_files("", 1000000), before);
    assert_int_equal(host_own_files("/nowhere", 10), -1);
}

static void threads_of_one_user_are_counted(void **state) {
    (void)state;
    struct tree tree;
    tree_make(&tree);
    tree_put(&tree, "/proc/1/status", "Name:\tinit\nUid:\t0\t0\t0\t0\nThreads:\t1\n");
    tree_put(&tree, "/proc/20/status", "Name:\ta\nUid:\t1000\t0\t0\t0\nThreads:\t3\n");
    tree_put(&tree, "/proc/21/status", "Name:\tb\nUid:\t1000\t1000\t0\t0\nThreads:\t1\n");
    tree_put(&tree, "/proc/22/status", "Name:\tb\nUid:\tmany\n");
    tree_put(&tree, "/proc/uptime", "1 1\n");
    assert_int_equal(process_user_threads(tree.root, 1000), 4);
    assert_int_equal(process_user_threads(tree.root, 0), 1);
    tree_remove(&tree);
    assert_int_equal(process_user_threads(tree.root, 0), -1);
}

static void garbage_and_emptiness_are_minus_one_and_too_great_is_no_limit(void **state) {
    (void)state;
    struct tree tree;
    struct host host;
    tree_make(&tree);
    tree_put(&tree, "/proc/sys/fs/file-nr", "5\t9\t10\n"); /* more unused than allocated */
    tree_put(&tree, "/proc/sys/fs/file-max", "99999999999999999999\n");
    tree_put(&tree, "/proc/sys/fs/nr_open", "");
    tree_put(&tree, "/proc/sys/net/ipv4/ip_local_port_range", "32768\n");
    tree_put(&tree, "/proc/sys/net/core/somaxconn", "many\n");
    tree_put(&tree, "/proc/sys/net/ipv4/tcp_tw_reuse", "-7\n");
    tree_put(&tree, "/proc/meminfo", "MemTotal: lots\nMemAvailable: 99999999999999999999 kB\n");
    host_read(&host, tree.root);
    tree_remove(&tree);
    assert_int_equal(host.file_used, -1);
    assert_int_equal(host.file_max, INT64_MAX);
    assert_int_equal(host.nr_open, -1);
    assert_int_equal(host.port_low, -1);
    assert_int_equal(host.port_high, -1);
    assert_int_equal(host.somaxconn, -1);
    assert_int_equal(host.tcp_tw_reuse, -1);
    assert_int_equal(host.memory_total_bytes, -1);
    assert_int_equal(host.memory_available_bytes, -1);
}

static void this_machine_can_be_read(void **state) {
    (void)state;
    struct host host;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    host_read(&host, "");
    assert_true(host.kernel[0] != '\0' && host.machine[0] != '\0');
    assert_in_range(host.cpus, 1, 1 << 20);
    assert_int_equal(host.nofile_soft, limit.rlim_cur);
    assert_true(host.memory_available_bytes > 0);
    assert_true(host.memory_available_bytes <= host.memory_total_bytes);
    assert_true(host.port_low > 0 && host.port_low <= host.port_high);
}

/* In a child, whose limits nobody else has. */
static void the_soft_limit_of_files_is_raised_to_the_hard_one(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit;
        bool good = getrlimit(RLIMIT_NOFILE, &limit) == 0;
        limit.rlim_cur = 64;
        good = good && setrlimit(RLIMIT_NOFILE, &limit) == 0 && host_raise_nofile() == 0;
        good = good && getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == limit.rlim_max;
        _exit(good ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_read_from_its_file),
        cmocka_unit_test(what_cannot_be_read_is_minus_one),
        cmocka_unit_test(garbage_and_emptiness_are_minus_one_and_too_great_is_no_limit),
        cmocka_unit_test(a_connection_is_as_large_as_this_kernels_slabs_have_it),
        cmocka_unit_test(a_slab_that_has_files_is_as_these_have_it),
        cmocka_unit_test(descriptors_below_the_limit_are_what_is_taken_of_it),
        cmocka_unit_test(threads_of_one_user_are_counted),
        cmocka_unit_test(this_machine_can_be_read),
        cmocka_unit_test(the_soft_limit_of_files_is_raised_to_the_hard_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
