/* Tests of the count of source ports towards one destination. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <unistd.h>

#include "host/host.h"
#include "tree.h"

#define HEADING "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"

enum { ESTABLISHED = 1, SYN_SENT = 2, TIME_WAIT = 6, CLOSE_WAIT = 8, LISTEN = 10 };

struct tables {
    struct tree tree;
    char tcp[65536], tcp6[65536];
};

static int set_up(void **state) {
    struct tables *tables = calloc(1, sizeof *tables);
    if (tables == NULL)
        return -1;
    tree_make(&tables->tree);
    tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_port_range", "1000\t1099\n");
    strcpy(tables->tcp, HEADING);
    strcpy(tables->tcp6, HEADING);
    *state = tables;
    return 0;
}

static int tear_down(void **state) {
    struct tables *tables = *state;
    tree_remove(&tables->tree);
    free(tables);
    return 0;
}

static void print_endpoint(char *text, size_t size, const char *host, unsigned port) {
    uint32_t words[4];
    size_t count = strchr(host, ':') != NULL ? 4 : 1;
    assert_int_equal(inet_pton(count == 4 ? AF_INET6 : AF_INET, host, words), 1);
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, size - at, "%08X", words[i]);
    snprintf(text + at, size - at, ":%04X", port);
}

/* A row as the kernel prints it, into the table that its addresses belong to. */
static void row(struct tables *tables, const char *local, unsigned local_port, const char *remote,
                unsigned remote_port, unsigned tcp_state) {
    char from[64], to[64];
    print_endpoint(from, sizeof from, local, local_port);
    print_endpoint(to, sizeof to, remote, remote_port);
    char *table = strchr(local, ':') != NULL ? tables->tcp6 : tables->tcp;
    size_t at = strlen(table);
    snprintf(table + at, sizeof tables->tcp - at,
             "%4d: %s %s %02X 00000000:00000000 00:00000000 00000000     0        0 1592 1 "
             "00000000450d3afd 100 0 0 10 0\n",
             7, from, to, tcp_state);
}

static struct host_ports count(struct tables *tables, const char *host, uint16_t port) {
    struct host_ports ports;
    struct address target;
    tree_put(&tables->tree, "/proc/net/tcp", tables->tcp);
    tree_put(&tables->tree, "/proc/net/tcp6", tables->tcp6);
    assert_true(address_parse(&target, host, port));
    assert_true(host_ports_read(&ports, tables->tree.root, &target));
    assert_int_equal(ports.range, 100);
    return ports;
}

#define assert_ports(ports, r, u, t)                                                               \
    do {                                                                                           \
        struct host_ports counted = (ports);                                                       \
        assert_int_equal(counted.reserved, r);                                                     \
        assert_int_equal(counted.in_use, u);                                                       \
        assert_int_equal(counted.time_wait, t);                                                    \
        assert_int_equal(counted.free, 100 - (r) - (u) - (t));                                     \
    } while (0)

static void an_idle_machine_has_the_whole_range(void **state) {
    assert_ports(count(*state, "127.0.0.1", 8080), 0, 0, 0);
}

static void connections_to_the_destination_take_a_port_and_others_do_not(void **state) {
    row(*state, "127.0.0.1", 1000, "127.0.0.1", 8080, ESTABLISHED);
    row(*state, "127.0.0.1", 1001, "127.0.0.1", 8080, SYN_SENT);
    row(*state, "127.0.0.9", 1002, "127.0.0.1", 8080, CLOSE_WAIT);
    row(*state, "127.0.0.1", 1003, "127.0.0.1", 8081, ESTABLISHED);
    row(*state, "127.0.0.1", 1004, "127.0.0.2", 8080, ESTABLISHED);
    row(*state, "127.0.0.1", 999, "127.0.0.1", 8080, ESTABLISHED);
    row(*state, "127.0.0.1", 1100, "127.0.0.1", 8080, ESTABLISHED);
    assert_ports(count(*state, "127.0.0.1", 8080), 0, 3, 0);
}

static void the_servers_own_ends_are_not_counted(void **state) {
    row(*state, "127.0.0.1", 1050, "127.0.0.1", 40000, ESTABLISHED);
    row(*state, "127.0.0.1", 1050, "127.0.0.1", 40001, TIME_WAIT);
    assert_ports(count(*state, "127.0.0.1", 1050), 0, 0, 0);
}

static void a_listener_takes_its_port_whatever_its_address(void **state) {
    row(*state, "0.0.0.0", 1000, "0.0.0.0", 0, LISTEN);
    row(*state, "10.0.0.1", 1001, "0.0.0.0", 0, LISTEN);
    row(*state, "::", 1002, "::", 0, LISTEN);
    row(*state, "::", 1002, "::", 0, LISTEN); /* SO_REUSEPORT */
    row(*state, "0.0.0.0", 22, "0.0.0.0", 0, LISTEN);
    assert_ports(count(*state, "127.0.0.1", 8080), 0, 3, 0);
}

static void time_wait_is_counted_apart_and_a_port_only_once(void **state) {
    row(*state, "127.0.0.1", 1000, "127.0.0.1", 8080, TIME_WAIT);
    row(*state, "127.0.0.1", 1001, "127.0.0.1", 8080, TIME_WAIT);
    row(*state, "127.0.0.2", 1001, "127.0.0.1", 8080, TIME_WAIT);
    row(*state, "127.0.0.2", 1000, "127.0.0.1", 8080, ESTABLISHED);
    row(*state, "127.0.0.1", 1005, "127.0.0.1", 9090, TIME_WAIT);
    assert_ports(count(*state, "127.0.0.1", 8080), 0, 1, 1);
}

static void reserved_ports_are_singles_and_ranges_and_count_before_use(void **state) {
    struct tables *tables = *state;
    tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_reserved_ports",
             "22,1000,1010-1019,1099-1200\n");
    row(*state, "127.0.0.1", 1010, "127.0.0.1", 8080, ESTABLISHED);
    row(*state, "127.0.0.1", 1020, "127.0.0.1", 8080, ESTABLISHED);
    assert_ports(count(*state, "127.0.0.1", 8080), 12, 1, 0);
}

static void a_reserved_list_that_is_none_is_read_as_far_as_it_goes(void **state) {
    const struct {
        const char *text;
        int64_t reserved;
    } cases[] = {
        {"", 0},
        {"\n", 0},
        {"junk", 0},
        {"1000,junk,1001", 1},
        {"1000-", 0},
        {"1005-1000", 0},
        {"1000,99999999999999999999", 1},
        {"1000,-64535", 1}, /* 1001 in 16 bits */
        {"1000,1001-70000", 1},
        {"1000;1001", 1},
    };
    struct tables *tables = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_reserved_ports", cases[i].text);
        assert_ports(count(*state, "127.0.0.1", 8080), cases[i].reserved, 0, 0);
    }
}

static void an_ipv4_destination_is_found_mapped_in_the_ipv6_table(void **state) {
    row(*state, "::ffff:127.0.0.1", 1000, "::ffff:127.0.0.1", 8080, ESTABLISHED);
    row(*state, "::ffff:127.0.0.1", 1001, "::ffff:127.0.0.1", 8080, TIME_WAIT);
    assert_ports(count(*state, "127.0.0.1", 8080), 0, 1, 1);
    assert_ports(count(*state, "::ffff:127.0.0.1", 8080), 0, 1, 1);
}

static void an_ipv6_destination_has_its_own_ports(void **state) {
    row(*state, "::1", 1000, "::1", 8080, ESTABLISHED);
    row(*state, "2001:db8::5", 1001, "2001:db8::1:2", 8080, ESTABLISHED);
    row(*state, "127.0.0.1", 1002, "127.0.0.1", 8080, ESTABLISHED);
    assert_ports(count(*state, "::1", 8080), 0, 1, 0);
    assert_ports(count(*state, "2001:db8::1:2", 8080), 0, 1, 0);
}

static void the_unspecified_destination_is_the_loopback_one(void **state) {
    row(*state, "127.0.0.1", 1000, "127.0.0.1", 8080, ESTABLISHED);
    row(*state, "::1", 1001, "::1", 8080, ESTABLISHED);
    row(*state, "::1", 1002, "::1", 8080, ESTABLISHED);
    assert_ports(count(*state, "0.0.0.0", 8080), 0, 1, 0);
    assert_ports(count(*state, "::", 8080), 0, 2, 0);
}

static void a_garbled_line_is_skipped_and_the_next_one_read(void **state) {
    static const char *const garbled[] = {
        "\n",
        ":\n",
        "   0\n",
        "   0:\n",
        "   0: 0100007F\n",
        "   0: 0100007F:03E8\n",
        "   0: 0100007F:03E8 0100007F:1F90\n",
        "   0: 0100007F:03E8 0100007F:1F90 \n",
        "   0: 0100007F:03E8 0100007F:1F90 0\n",
        "   0: 0100007F:03E8 0100007F:1F90 00 \n",
        "   0: 0100007F:03E8 0100007F:1F90 FF \n",
        "   0: 0100007F:03E8 0100007F:1F90 ZZ \n",
        "   0: 0100007F:03E80 0100007F:1F90 01 \n",
        "   0: 0100007F:03E 0100007F:1F90 01 \n",
        "   0: 0000000000000000FFFF00000100007F:03E8 0100007F:1F90 01 \n",
        "   0: G100007F:03E8 0100007F:1F90 01 \n",
        "   0: 0100007F 03E8 0100007F 1F90 01 \n",
        "   0: 0100007F:03E8X0100007F:1F90X01 \n",
        "   -1: 0100007F:03E8 0100007F:1F90 01 \n",
    };
    struct tables *tables = *state;
    for (size_t i = 0; i < sizeof garbled / sizeof garbled[0]; i++) {
        strcpy(tables->tcp, HEADING);
        strcat(tables->tcp, garbled[i]);
        row(tables, "127.0.0.1", 1001, "127.0.0.1", 8080, ESTABLISHED);
        assert_ports(count(tables, "127.0.0.1", 8080), 0, 1, 0);
    }
}

static void a_line_of_any_length_and_of_nul_bytes_ends_at_its_end(void **state) {
    struct tables *tables = *state;
    row(tables, "127.0.0.1", 1001, "127.0.0.1", 8080, ESTABLISHED);
    char *good = strchr(tables->tcp, '\n') + 1;
    size_t size = 300000, length = strlen(good);
    char *whole = malloc(3 * size);
    assert_non_null(whole);
    memset(whole, 'x', size);
    memset(whole + size / 2, 0, 1000);
    whole[size - 1] = '\n';
    memcpy(whole + size, good, length - 1); /* a good row with a very long tail */
    memset(whole + size + length - 1, ' ', size);
    whole[2 * size + length - 1] = '\n';
    good[strcspn(good, ":")] = ':';
    memcpy(whole + 2 * size + length, good, length);
    memcpy(whole + 2 * size + length + strcspn(good, ":") + 11, "03EA", 4); /* port 1002 */
    /* and no line's end at the end of the file */
    tree_put(&tables->tree, "/proc/net/tcp6", "");
    tree_write(&tables->tree, "/proc/net/tcp", whole, 2 * size + 2 * length - 1);
    free(whole);
    struct host_ports ports;
    struct address target;
    assert_true(address_parse(&target, "127.0.0.1", 8080));
    assert_true(host_ports_read(&ports, tables->tree.root, &target));
    assert_ports(ports, 0, 2, 0);
}

static void without_tables_the_use_is_unknown_and_the_range_is_still_told(void **state) {
    struct tables *tables = *state;
    struct host_ports ports;
    struct address target;
    tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_reserved_ports", "1000\n");
    assert_true(address_parse(&target, "127.0.0.1", 8080));
    assert_true(host_ports_read(&ports, tables->tree.root, &target));
    assert_int_equal(ports.in_use, -1);
    assert_int_equal(ports.time_wait, -1);
    assert_int_equal(ports.range, 100);
    assert_int_equal(ports.free, 99);
}

static void a_kernel_without_ipv6_is_no_obstacle(void **state) {
    struct tables *tables = *state;
    struct host_ports ports;
    struct address target;
    row(tables, "127.0.0.1", 1001, "127.0.0.1", 8080, ESTABLISHED);
    tree_put(&tables->tree, "/proc/net/tcp", tables->tcp);
    assert_true(address_parse(&target, "127.0.0.1", 8080));
    assert_true(host_ports_read(&ports, tables->tree.root, &target));
    assert_ports(ports, 0, 1, 0);
}

static void without_a_sensible_range_nothing_is_told(void **state) {
    static const char *const ranges[] = {"",          "1000\n",     "1099 1000\n",
                                         "0 65536\n", "-1 65535\n", "a b\n"};
    struct tables *tables = *state;
    struct host_ports ports;
    struct address target;
    assert_true(address_parse(&target, "127.0.0.1", 8080));
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_port_range", ranges[i]);
        assert_false(host_ports_read(&ports, tables->tree.root, &target));
    }
    assert_false(host_ports_read(&ports, "/nonexistent", &target));
    tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_port_range", "0 65535\n");
    assert_true(host_ports_read(&ports, tables->tree.root, &target));
    assert_int_equal(ports.range, 65536);
}

/* A listener on a port of the range and two connections to it: three ports, at least. */
static void the_kernels_own_tables_are_understood(void **state) {
    (void)state;
    struct address target;
    struct host_ports ports;
    int fds[3];
    assert_true(address_parse(&target, "127.0.0.1", 0));
    for (size_t i = 0; i < 3; i++)
        assert_true((fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
    assert_int_equal(bind(fds[0], &target.of.any, target.length), 0);
    assert_int_equal(listen(fds[0], 8), 0);
    assert_int_equal(getsockname(fds[0], &target.of.any, &target.length), 0);
    for (size_t i = 1; i < 3; i++)
        assert_int_equal(connect(fds[i], &target.of.any, target.length), 0);
    assert_true(host_ports_read(&ports, "", &target));
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
    assert_true(ports.in_use >= 3);
    assert_int_equal(ports.range, ports.reserved + ports.in_use + ports.time_wait + ports.free);
}

#define in_tree(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        in_tree(an_idle_machine_has_the_whole_range),
        in_tree(connections_to_the_destination_take_a_port_and_others_do_not),
        in_tree(the_servers_own_ends_are_not_counted),
        in_tree(a_listener_takes_its_port_whatever_its_address),
        in_tree(time_wait_is_counted_apart_and_a_port_only_once),
        in_tree(reserved_ports_are_singles_and_ranges_and_count_before_use),
        in_tree(a_reserved_list_that_is_none_is_read_as_far_as_it_goes),
        in_tree(an_ipv4_destination_is_found_mapped_in_the_ipv6_table),
        in_tree(an_ipv6_destination_has_its_own_ports),
        in_tree(the_unspecified_destination_is_the_loopback_one),
        in_tree(a_garbled_line_is_skipped_and_the_next_one_read),
        in_tree(a_line_of_any_length_and_of_nul_bytes_ends_at_its_end),
        in_tree(without_tables_the_use_is_unknown_and_the_range_is_still_told),
        in_tree(a_kernel_without_ipv6_is_no_obstacle),
        in_tree(without_a_sensible_range_nothing_is_told),
        cmocka_unit_test(the_kernels_own_tables_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
