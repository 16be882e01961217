/* Tests of the count of source ports towards one destination. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <unistd.h>

#include "host/ephemeral_ports.h"
#include "host/tree.h"

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

/* Of one pair, summed up as the tests ask. */
struct counted {
    int64_t range, reserved, in_use, time_wait, free;
};

static struct counted counted_of(const struct ephemeral_ports *ports, uint32_t pair) {
    struct counted counted = {ports->range, ports->reserved, ports->listening, 0, ports->each};
    for (size_t i = 0; i < ports->pair_count; i++) {
        const struct host_pair *held = &ports->pairs[i];
        if (held->pair != pair)
            continue;
        counted.in_use += held->in_use;
        counted.time_wait += held->waiting + held->young;
        counted.free -= held->in_use + held->waiting + held->young;
    }
    return counted;
}

static void put_tables(struct tables *tables) {
    tree_put(&tables->tree, "/proc/net/tcp", tables->tcp);
    tree_put(&tables->tree, "/proc/net/tcp6", tables->tcp6);
}

/* From wherever, to one destination. */
static bool read_towards(struct counted *counted, const char *root, const struct address *target) {
    struct ephemeral_ports ports;
    struct host_pairs pairs = {.targets = target, .target_count = 1};
    if (!ephemeral_ports_read(&ports, root, &pairs))
        return false;
    *counted = counted_of(&ports, 0);
    if (!ports.tables_known)
        counted->in_use = counted->time_wait = -1;
    ephemeral_ports_free(&ports);
    return true;
}

static struct counted count(struct tables *tables, const char *host, uint16_t port) {
    struct counted counted;
    struct address target;
    put_tables(tables);
    assert_true(address_parse(&target, host, port));
    assert_true(read_towards(&counted, tables->tree.root, &target));
    assert_int_equal(counted.range, 100);
    return counted;
}

#define assert_ports(ports, r, u, t)                                                               \
    do {                                                                                           \
        struct counted one = (ports);                                                              \
        assert_int_equal(one.reserved, r);                                                         \
        assert_int_equal(one.in_use, u);                                                           \
        assert_int_equal(one.time_wait, t);                                                        \
        assert_int_equal(one.free, 100 - (r) - (u) - (t));                                         \
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

static void a_reserved_list_that_cannot_be_read_is_not_an_empty_one(void **state) {
    struct tables *tables = *state;
    struct address target;
    struct counted counted;
    put_tables(tables);
    tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_reserved_ports/is_a_folder", "");
    assert_true(address_parse(&target, "127.0.0.1", 8080));
    assert_true(read_towards(&counted, tables->tree.root, &target));
    assert_int_equal(counted.in_use, -1);
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
    struct counted ports;
    struct address target;
    assert_true(address_parse(&target, "127.0.0.1", 8080));
    assert_true(read_towards(&ports, tables->tree.root, &target));
    assert_ports(ports, 0, 2, 0);
}

static void without_tables_the_use_is_unknown_and_the_range_is_still_known(void **state) {
    struct tables *tables = *state;
    struct counted ports;
    struct address target;
    tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_reserved_ports", "1000\n");
    assert_true(address_parse(&target, "127.0.0.1", 8080));
    assert_true(read_towards(&ports, tables->tree.root, &target));
    assert_int_equal(ports.in_use, -1);
    assert_int_equal(ports.time_wait, -1);
    assert_int_equal(ports.range, 100);
    assert_int_equal(ports.free, 99);
}

static void a_kernel_without_ipv6_is_no_obstacle(void **state) {
    struct tables *tables = *state;
    struct counted ports;
    struct address target;
    row(tables, "127.0.0.1", 1001, "127.0.0.1", 8080, ESTABLISHED);
    tree_put(&tables->tree, "/proc/net/tcp", tables->tcp);
    assert_true(address_parse(&target, "127.0.0.1", 8080));
    assert_true(read_towards(&ports, tables->tree.root, &target));
    assert_ports(ports, 0, 1, 0);
}

static void without_a_sensible_range_nothing_is_known(void **state) {
    static const char *const ranges[] = {"",          "1000\n",     "1099 1000\n",
                                         "0 65536\n", "-1 65535\n", "a b\n"};
    struct tables *tables = *state;
    struct counted ports;
    struct address target;
    assert_true(address_parse(&target, "127.0.0.1", 8080));
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_port_range", ranges[i]);
        assert_false(read_towards(&ports, tables->tree.root, &target));
    }
    assert_false(read_towards(&ports, "/nonexistent", &target));
    tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_port_range", "0 65535\n");
    assert_true(read_towards(&ports, tables->tree.root, &target));
    assert_int_equal(ports.range, 65536);
}

/* A listener on a port of the range and two connections to it: three ports, at least. */
static void the_kernels_own_tables_are_understood(void **state) {
    (void)state;
    struct address target;
    struct counted ports;
    int fds[3];
    assert_true(address_parse(&target, "127.0.0.1", 0));
    for (size_t i = 0; i < 3; i++)
        assert_true((fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
    assert_int_equal(bind(fds[0], &target.of.any, target.length), 0);
    assert_int_equal(listen(fds[0], 8), 0);
    assert_int_equal(getsockname(fds[0], &target.of.any, &target.length), 0);
    for (size_t i = 1; i < 3; i++)
        assert_int_equal(connect(fds[i], &target.of.any, target.length), 0);
    assert_true(read_towards(&ports, "", &target));
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
    assert_true(ports.in_use >= 3);
    assert_int_equal(ports.range, ports.reserved + ports.in_use + ports.time_wait + ports.free);
}

/* --- pairs --- */

/* A socket in TIME_WAIT that has `left` hundredths of a second to go. */
static void time_wait(struct tables *tables, const char *local, unsigned local_port,
                      const char *remote, unsigned remote_port, unsigned left) {
    row(tables, local, local_port, remote, remote_port, TIME_WAIT);
    char *table = strchr(local, ':') != NULL ? tables->tcp6 : tables->tcp, timer[16];
    char *at = strstr(table + strlen(table) - 100, " 00:00000000 ");
    assert_non_null(at);
    snprintf(timer, sizeof timer, " 03:%08X ", left);
    memcpy(at, timer, strlen(timer));
}

static struct address_set set_of(struct address_range *range, const char *text) {
    struct address_set set;
    assert_null(address_range_parse(range, text, strlen(text)));
    assert_null(address_set_make(&set, range, 1));
    return set;
}

static struct ephemeral_ports read_pairs(struct tables *tables, const char *sources,
                                         const char *const *targets, size_t count) {
    static struct address addresses[4], chosen[4];
    static struct address_range range;
    struct host_pairs pairs = {.targets = addresses, .target_count = count, .chosen = chosen};
    for (size_t i = 0; i < count; i++)
        assert_true(address_parse(&addresses[i], targets[i], 8080));
    memset(chosen, 0, sizeof chosen);
    if (sources != NULL)
        pairs.sources = set_of(&range, sources);
    else
        assert_true(address_parse(&chosen[0], "127.0.0.1", 0));
    struct ephemeral_ports ports;
    put_tables(tables);
    assert_true(ephemeral_ports_read(&ports, tables->tree.root, &pairs));
    assert_true(ports.tables_known);
    return ports;
}
#define TARGETS(...)                                                                               \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static void each_pair_counts_its_own_connections(void **state) {
    struct tables *tables = *state;
    row(tables, "127.0.0.2", 1000, "127.0.0.1", 8080, ESTABLISHED);
    row(tables, "127.0.0.3", 1000, "127.0.0.9", 8080, ESTABLISHED);
    row(tables, "127.0.0.3", 1001, "127.0.0.9", 8080, SYN_SENT);
    row(tables, "127.0.0.1", 1002, "127.0.0.9", 8080, ESTABLISHED); /* no source of ours */
    row(tables, "127.0.0.4", 1003, "127.0.0.8", 8080, ESTABLISHED); /* no target */
    row(tables, "127.0.0.4", 1004, "127.0.0.9", 8081, ESTABLISHED);
    row(tables, "0.0.0.0", 1050, "0.0.0.0", 0, LISTEN);
    row(tables, "127.0.0.3", 1050, "127.0.0.9", 8080, ESTABLISHED); /* bound already */
    struct ephemeral_ports ports =
        read_pairs(tables, "127.0.0.2-127.0.0.4", TARGETS("127.0.0.1", "127.0.0.9"));
    assert_int_equal(ports.each, 99);
    assert_int_equal(ports.listening, 1);
    assert_int_equal(ports.pair_count, 2);
    assert_int_equal(counted_of(&ports, 0).in_use, 2); /* with the listener's */
    assert_int_equal(counted_of(&ports, 3).in_use, 3); /* 127.0.0.3 to 127.0.0.9 */
    assert_int_equal(counted_of(&ports, 5).free, 99);
    ephemeral_ports_free(&ports);
}

static void without_sources_only_the_kernels_choice_of_address_counts(void **state) {
    struct tables *tables = *state;
    row(tables, "127.0.0.1", 1000, "127.0.0.9", 8080, ESTABLISHED);
    row(tables, "127.0.0.2", 1001, "127.0.0.9", 8080, ESTABLISHED);
    struct ephemeral_ports ports = read_pairs(tables, NULL, TARGETS("127.0.0.9"));
    assert_int_equal(counted_of(&ports, 0).in_use, 1);
    ephemeral_ports_free(&ports);
}

static void time_wait_goes_by_age_where_it_is_taken_again(void **state) {
    struct tables *tables = *state;
    const struct {
        const char *reuse, *delay, *stamps;
        uint32_t loopback_young, loopback_waiting, elsewhere_young, elsewhere_waiting;
    } rows[] = {
        {"2", NULL, "1", 2, 0, 0, 4},   {"1", NULL, "1", 2, 0, 2, 0}, {"0", NULL, "1", 0, 4, 0, 4},
        {"2", "5000", "1", 3, 0, 0, 4}, {"2", NULL, "0", 0, 4, 0, 4},
    };
    static const unsigned left[] = {6000, 5900, 5800, 0}; /* young at 0 and 1 s, old at 2 and 60 */
    for (unsigned i = 0; i < 4; i++) {
        time_wait(tables, "127.0.0.1", 1000 + i, "127.0.0.9", 8080, left[i]);
        time_wait(tables, "192.0.2.1", 1000 + i, "192.0.2.9", 8080, left[i]);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tree_put(&tables->tree, "/proc/sys/net/ipv4/tcp_tw_reuse", rows[i].reuse);
        tree_put(&tables->tree, "/proc/sys/net/ipv4/tcp_timestamps", rows[i].stamps);
        tree_put(&tables->tree, "/proc/sys/net/ipv4/tcp_tw_reuse_delay",
                 rows[i].delay != NULL ? rows[i].delay : "");
        struct ephemeral_ports ports = read_pairs(tables, "127.0.0.1", TARGETS("127.0.0.9"));
        assert_int_equal(ports.pairs[0].young, rows[i].loopback_young);
        assert_int_equal(ports.pairs[0].waiting, rows[i].loopback_waiting);
        ephemeral_ports_free(&ports);
        ports = read_pairs(tables, "192.0.2.1", TARGETS("192.0.2.9"));
        assert_int_equal(ports.pairs[0].young, rows[i].elsewhere_young);
        assert_int_equal(ports.pairs[0].waiting, rows[i].elsewhere_waiting);
        ephemeral_ports_free(&ports);
    }
}

static void a_port_counts_as_the_worst_of_those_who_hold_it(void **state) {
    struct tables *tables = *state;
    time_wait(tables, "127.0.0.1", 1000, "127.0.0.9", 8080, 6000);
    row(tables, "127.0.0.1", 1000, "127.0.0.9", 8080, ESTABLISHED);
    struct ephemeral_ports ports = read_pairs(tables, "127.0.0.1", TARGETS("127.0.0.9"));
    assert_int_equal(counted_of(&ports, 0).in_use, 1);
    assert_int_equal(counted_of(&ports, 0).time_wait, 0);
    ephemeral_ports_free(&ports);
}

static void a_port_can_be_taken_and_targets_left_out(void **state) {
    struct tables *tables = *state;
    row(tables, "127.0.0.3", 1000, "127.0.0.9", 8080, ESTABLISHED);
    struct ephemeral_ports ports =
        read_pairs(tables, "127.0.0.2-127.0.0.3", TARGETS("127.0.0.1", "127.0.0.8", "127.0.0.9"));
    assert_int_equal(ports.pairs[0].pair, 5);
    assert_true(ephemeral_ports_take(&ports, 0));
    assert_true(ephemeral_ports_take(&ports, 4));
    assert_true(ephemeral_ports_take(&ports, 5));
    assert_int_equal(ports.pair_count, 3);
    assert_int_equal(counted_of(&ports, 5).in_use, 2);
    ephemeral_ports_keep(&ports, (const bool[]){true, false, true}, 3);
    assert_int_equal(ports.pair_count, 2);
    assert_int_equal(counted_of(&ports, 0).in_use, 1);
    assert_int_equal(counted_of(&ports, 3).in_use, 2); /* 127.0.0.3 to 127.0.0.9, of two targets */
    ephemeral_ports_free(&ports);
}

static void a_million_pairs_cost_no_more_than_the_sockets_there_are(void **state) {
    struct tables *tables = *state;
    row(tables, "127.0.255.255", 1000, "127.0.0.9", 8080, ESTABLISHED);
    struct ephemeral_ports ports = read_pairs(
        tables, "127.0.0.0/16", TARGETS("127.0.0.1", "127.0.0.7", "127.0.0.8", "127.0.0.9"));
    assert_int_equal(ports.pair_count, 1);
    assert_int_equal(ports.pairs[0].pair, 4 * 65536 - 1);
    ephemeral_ports_free(&ports);
}

static void ports_that_are_not_reserved_are_counted_from_the_range_alone(void **state) {
    struct tables *tables = *state;
    tree_put(&tables->tree, "/proc/sys/net/ipv4/ip_local_reserved_ports", "22,1000,1010-1019\n");
    assert_int_equal(ephemeral_ports_unreserved(tables->tree.root), 89);
    assert_int_equal(ephemeral_ports_unreserved("/nonexistent"), -1);
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
        in_tree(a_reserved_list_that_cannot_be_read_is_not_an_empty_one),
        in_tree(an_ipv4_destination_is_found_mapped_in_the_ipv6_table),
        in_tree(an_ipv6_destination_has_its_own_ports),
        in_tree(the_unspecified_destination_is_the_loopback_one),
        in_tree(a_garbled_line_is_skipped_and_the_next_one_read),
        in_tree(a_line_of_any_length_and_of_nul_bytes_ends_at_its_end),
        in_tree(without_tables_the_use_is_unknown_and_the_range_is_still_known),
        in_tree(a_kernel_without_ipv6_is_no_obstacle),
        in_tree(without_a_sensible_range_nothing_is_known),
        in_tree(each_pair_counts_its_own_connections),
        in_tree(without_sources_only_the_kernels_choice_of_address_counts),
        in_tree(time_wait_goes_by_age_where_it_is_taken_again),
        in_tree(a_port_counts_as_the_worst_of_those_who_hold_it),
        in_tree(a_port_can_be_taken_and_targets_left_out),
        in_tree(a_million_pairs_cost_no_more_than_the_sockets_there_are),
        in_tree(ports_that_are_not_reserved_are_counted_from_the_range_alone),
        cmocka_unit_test(the_kernels_own_tables_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
