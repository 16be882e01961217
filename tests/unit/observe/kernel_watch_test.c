/* What the kernel's counters grew by, in our network namespace and in the server's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../host/tree.h"
#include "observe/kernel_watch.h"

static struct tree tree;

static int set_up(void **state) {
    (void)state;
    tree_make(&tree);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    tree_remove(&tree);
    return 0;
}

static void put(const char *whose, int overflows, int retransmits) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%s/net/netstat", whose);
    snprintf(text, sizeof text, "TcpExt: ListenOverflows TCPSynRetrans\nTcpExt: %d %d\n", overflows,
             retransmits);
    tree_put(&tree, path, text);
}

static void only_growth_since_the_start_counts(void **state) {
    (void)state;
    struct kernel_watch watch;
    put("self", 100, 7);
    kernel_watch_init(&watch, tree.root, KERNEL_SERVER_HERE, 8080, -1);
    assert_int_equal(watch.server_view.listen_overflows, 0);
    put("self", 105, 10);
    kernel_watch_step(&watch);
    assert_int_equal(watch.ours_view.listen_overflows, 5);
    assert_int_equal(watch.ours_view.syn_retransmits, 3);
    assert_int_equal(watch.ours_view.listen_drops, -1); /* no such counter */
    assert_int_equal(watch.server_view.listen_overflows, 5);
}

static void a_process_elsewhere_has_counters_of_its_own(void **state) {
    (void)state;
    struct kernel_watch watch;
    put("self", 1, 1);
    put("77", 40, 4);
    kernel_watch_init(&watch, tree.root, 77, 8080, -1);
    put("77", 44, 4);
    kernel_watch_step(&watch);
    assert_int_equal(watch.ours_view.listen_overflows, 0);
    assert_int_equal(watch.server_view.listen_overflows, 4);
    put("77", 2, 4); /* another process by that number */
    kernel_watch_step(&watch);
    assert_int_equal(watch.server_view.listen_overflows, -1);
}

static void put_start(const char *whose, int started) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%s/stat", whose);
    snprintf(text, sizeof text,
             "77 (nginx) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 10000000 100 1 1", started);
    tree_put(&tree, path, text);
}

static void a_later_process_of_the_same_number_is_not_read(void **state) {
    (void)state;
    struct kernel_watch watch;
    put("self", 1, 1);
    put("77", 40, 4);
    put_start("77", 500);
    kernel_watch_init(&watch, tree.root, 77, 8080, -1);
    put("77", 44, 4);
    kernel_watch_step(&watch);
    assert_int_equal(watch.server_view.listen_overflows, 4);
    put("77", 1000, 4);
    put_start("77", 900);
    kernel_watch_step(&watch);
    assert_int_equal(watch.server_view.listen_overflows, 4);
}

static void what_cannot_be_seen_is_not_measured(void **state) {
    (void)state;
    struct kernel_watch watch;
    put("self", 1, 1);
    kernel_watch_init(&watch, tree.root, KERNEL_SERVER_UNSEEN, 8080, -1);
    assert_true(watch.ours_view.measured);
    assert_false(watch.server_view.measured);
    assert_false(watch.listener.measured);
    kernel_watch_init(&watch, "/nonexistent", KERNEL_SERVER_HERE, 8080, -1);
    assert_false(watch.ours_view.measured);
    assert_false(watch.server_view.measured);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(only_growth_since_the_start_counts),
        EACH(a_process_elsewhere_has_counters_of_its_own),
        EACH(a_later_process_of_the_same_number_is_not_read),
        EACH(what_cannot_be_seen_is_not_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
