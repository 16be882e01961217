/* Tests of the kernel's counters, under a root that the test fills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/net_counters.h"
#include "host/tree.h"

static int set_up(void **state) {
    struct tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL)
        return -1;
    tree_make(tree);
    *state = tree;
    return 0;
}

static int tear_down(void **state) {
    tree_remove(*state);
    free(*state);
    return 0;
}

static void counters_are_found_by_name(void **state) {
    const struct tree *tree = *state;
    struct net_counters counters;
    assert_false(net_counters_read(&counters, tree->root, 0));
    tree_put(tree, "/proc/self/net/netstat",
             "IpExt: ListenDrops X\nIpExt: 99 1\n"
             "TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPTimeouts TCPSynRetrans\n"
             "TcpExt: 1 22 333 4444 55555\n");
    assert_true(net_counters_read(&counters, tree->root, 0));
    assert_int_equal(counters.listen_overflows, 22);
    assert_int_equal(counters.listen_drops, 333);
    assert_int_equal(counters.timeouts, 4444);
    assert_int_equal(counters.syn_retransmits, 55555);
    assert_int_equal(counters.memory_aborts, -1); /* this kernel has none of that name */
}

static void another_process_has_its_own(void **state) {
    const struct tree *tree = *state;
    struct net_counters counters;
    tree_put(tree, "/proc/77/net/netstat", "TcpExt: ListenDrops\nTcpExt: 5\n");
    assert_false(net_counters_read(&counters, tree->root, 0));
    assert_true(net_counters_read(&counters, tree->root, 77));
    assert_int_equal(counters.listen_drops, 5);
}

static void what_is_no_such_table_is_not_measured(void **state) {
    static const char *const texts[] = {"", "TcpExt: ListenDrops\n", "garbage\n\0", "a\nb\nc\nd\n",
                                        "TcpExt: ListenDrops\nIpExt: 5\n"};
    const struct tree *tree = *state;
    struct net_counters counters;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        tree_put(tree, "/proc/self/net/netstat", texts[i]);
        assert_false(net_counters_read(&counters, tree->root, 0));
        assert_int_equal(counters.listen_drops, -1);
    }
    tree_put(tree, "/proc/self/net/netstat",
             "TcpExt: ListenDrops ListenOverflows TCPTimeouts\nTcpExt: -5 12x\n");
    assert_true(net_counters_read(&counters, tree->root, 0));
    assert_int_equal(counters.listen_drops, -1);
    assert_int_equal(counters.listen_overflows, -1);
    assert_int_equal(counters.timeouts, -1);
}

static void socket_memory_and_tracked_connections(void **state) {
    const struct tree *tree = *state;
    assert_int_equal(net_tcp_pages(tree->root), -1);
    assert_int_equal(net_tcp_pages_max(tree->root), -1);
    assert_int_equal(net_conntrack_count(tree->root), -1);
    tree_put(tree, "/proc/net/sockstat",
             "sockets: used 300\nTCP: inuse 5 orphan 0 tw 7 alloc 9 mem 123\nUDP: inuse 1 mem 4\n");
    tree_put(tree, "/proc/sys/net/ipv4/tcp_mem", "100\t200\t300\n");
    tree_put(tree, "/proc/sys/net/netfilter/nf_conntrack_count", "12\n");
    tree_put(tree, "/proc/sys/net/netfilter/nf_conntrack_max", "65536\n");
    assert_int_equal(net_tcp_pages(tree->root), 123);
    assert_int_equal(net_tcp_pages_max(tree->root), 300);
    assert_int_equal(net_conntrack_count(tree->root), 12);
    assert_int_equal(net_conntrack_max(tree->root), 65536);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(counters_are_found_by_name),
        EACH(another_process_has_its_own),
        EACH(what_is_no_such_table_is_not_measured),
        EACH(socket_memory_and_tracked_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
