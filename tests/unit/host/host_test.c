/* Tests of what is read of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host.h"
#include "tree.h"

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
    tree_put(&tree, "/proc/sys/kernel/io_uring_disabled", "1\n");
    tree_put(&tree, "/proc/sys/kernel/io_uring_group", "1001\n");
    tree_put(&tree, "/proc/meminfo",
             "MemTotalOfOthers: 1 kB\nMemTotal:       24576 kB\n"
             "MemAvailable:    8192 kB\n");
    host_read(&host, tree.root);
    tree_remove(&tree);
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
                               host.io_uring_disabled,
                               host.memory_total_bytes,
                               host.memory_available_bytes};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_int_equal(numbers[i], -1);
    assert_string_equal(host.io_uring_group, "");
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
        cmocka_unit_test(this_machine_can_be_read),
        cmocka_unit_test(the_soft_limit_of_files_is_raised_to_the_hard_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
