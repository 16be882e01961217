/* Tests of the count of source ports that goes on beside other work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <sys/wait.h>

#include "host/ports_query.h"
#include "host/tree.h"

static struct host_pairs target(void) {
    static struct address address;
    assert_true(address_parse(&address, "127.0.0.1", 8080));
    return (struct host_pairs){.targets = &address, .target_count = 1};
}

static int wait_for(struct ports_query *look, struct ports_seen *ports) {
    int result;
    while ((result = ports_query_take(look, ports)) == -EAGAIN)
        poll(&(struct pollfd){.fd = look->fd, .events = POLLIN}, 1, 10000);
    return result;
}

static void a_child_counts_what_the_parent_would(void **state) {
    (void)state;
    struct tree tree;
    tree_make(&tree);
    tree_put(&tree, "/proc/sys/net/ipv4/ip_local_port_range", "1000\t1099\n");
    tree_put(&tree, "/proc/net/tcp",
             "   1: 0100007F:03E8 0100007F:1F90 01 00000000:00000000\n"
             "   2: 0100007F:03E9 0100007F:1F90 06 00000000:00000000\n");
    struct host_pairs pairs = target();
    struct ports_query look = {0};
    struct ports_seen ports;
    assert_int_equal(ports_query_begin(&look, tree.root, &pairs), 0);
    assert_int_equal(wait_for(&look, &ports), 0);
    assert_int_equal(ports.range, 100);
    assert_int_equal(ports.in_use, 1);
    assert_int_equal(ports.time_wait, 1);
    assert_true(look.over);
    assert_int_equal(ports_query_take(&look, &ports), -ENOENT);
    tree_remove(&tree);
}

static void it_names_the_sources_that_are_not_here(void **state) {
    (void)state;
    struct host_pairs pairs = target();
    struct ports_query look = {0};
    struct ports_seen ports;
    struct address expected;
    struct address_range ranges[2];
    assert_null(address_range_parse(&ranges[0], "127.0.0.3", 9));
    assert_null(address_range_parse(&ranges[1], "240.0.0.1-240.0.0.2", 19));
    assert_null(address_set_make(&pairs.sources, ranges, 2));
    assert_true(address_parse(&expected, "240.0.0.1", 0));
    assert_int_equal(ports_query_begin(&look, "/nonexistent", &pairs), 0);
    assert_int_equal(wait_for(&look, &ports), 0);
    assert_int_equal(ports.sources_absent, 2);
    assert_true(address_equal(&ports.source_absent, &expected));
    assert_int_equal(ports.range, -1);
}

static void a_child_that_finds_nothing_says_so(void **state) {
    (void)state;
    struct host_pairs pairs = target();
    struct ports_query look = {0};
    struct ports_seen ports;
    assert_int_equal(ports_query_begin(&look, "/nonexistent", &pairs), 0);
    assert_int_equal(wait_for(&look, &ports), -EIO);
}

static void one_that_was_given_up_leaves_nothing_behind(void **state) {
    (void)state;
    struct host_pairs pairs = target();
    struct ports_query look = {0};
    ports_query_end(&look); /* that never began */
    assert_int_equal(ports_query_begin(&look, "", &pairs), 0);
    ports_query_end(&look);
    ports_query_end(&look);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_counts_what_the_parent_would),
        cmocka_unit_test(it_names_the_sources_that_are_not_here),
        cmocka_unit_test(a_child_that_finds_nothing_says_so),
        cmocka_unit_test(one_that_was_given_up_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
