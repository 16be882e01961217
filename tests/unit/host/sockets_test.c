/* Tests of the sockets of this machine: one message, and that the kernel and its files agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/sockets.h"

/* 127.0.0.1:1000 to 127.0.0.9:8080. */
static struct inet_diag_msg message_of(uint8_t state, uint8_t timer, uint32_t expires) {
    return (struct inet_diag_msg){
        .idiag_family = AF_INET,
        .idiag_state = state,
        .idiag_timer = timer,
        .idiag_expires = expires,
        .id = {.idiag_sport = htons(1000),
               .idiag_dport = htons(8080),
               .idiag_src = {htonl(0x7f000001)},
               .idiag_dst = {htonl(0x7f000009), 1, 2,
                             3}}, /* what follows an IPv4 one is not read */
    };
}

static void an_ipv4_socket_has_mapped_addresses(void **state) {
    (void)state;
    struct socket_row row;
    struct inet_diag_msg message = message_of(1, 0, 0);
    static const uint8_t local[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
    static const uint8_t remote[16] = {[10] = 0xff, 0xff, 127, 0, 0, 9};
    assert_true(socket_row_decode(&row, &message));
    assert_memory_equal(row.local.ip, local, 16);
    assert_memory_equal(row.remote.ip, remote, 16);
    assert_int_equal(row.local.port, 1000);
    assert_int_equal(row.remote.port, 8080);
    assert_int_equal(row.state, 1);
}

static void an_ipv6_socket_has_its_own(void **state) {
    (void)state;
    struct socket_row row;
    struct inet_diag_msg message = message_of(1, 0, 0);
    message.idiag_family = AF_INET6;
    inet_pton(AF_INET6, "2001:db8::5", message.id.idiag_src);
    inet_pton(AF_INET6, "::ffff:127.0.0.9", message.id.idiag_dst);
    assert_true(socket_row_decode(&row, &message));
    assert_memory_equal(row.local.ip, message.id.idiag_src, 16);
    assert_memory_equal(row.remote.ip, message.id.idiag_dst, 16);
}

static void time_wait_has_waited_what_is_not_left_of_a_minute(void **state) {
    (void)state;
    const struct {
        uint8_t state, timer;
        uint32_t left_ms;
        int64_t waited_ms;
    } rows[] = {{6, 3, 60000, 0},     {6, 3, 59000, 1000}, {6, 3, 0, 60000}, {6, 3, 60001, 0},
                {6, 0, 1000, 0},      {5, 3, 1000, 0}, /* FIN_WAIT2 kept as such */
                {6, 3, UINT32_MAX, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct socket_row row;
        struct inet_diag_msg message = message_of(rows[i].state, rows[i].timer, rows[i].left_ms);
        assert_true(socket_row_decode(&row, &message));
        assert_int_equal(row.waited_ms, rows[i].waited_ms);
    }
}

static void what_is_no_socket_of_tcp_is_not_decoded(void **state) {
    (void)state;
    struct socket_row row;
    struct inet_diag_msg message = message_of(0, 0, 0);
    assert_false(socket_row_decode(&row, &message));
    message.idiag_state = 13;
    assert_false(socket_row_decode(&row, &message));
    message = message_of(1, 0, 0);
    message.idiag_family = AF_UNIX;
    assert_false(socket_row_decode(&row, &message));
}

/* --- this machine's --- */

enum { PEERS = 4 };

/* A listener, with connections to it; the first is in TIME_WAIT. */
struct connections {
    uint8_t ip[16];
    uint16_t port, ports[PEERS]; /* the listener's, the clients' */
    int listener, clients[PEERS], accepted[PEERS];
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t address_of(union address *address, const char *host) {
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        return sizeof address->v6;
    }
    memset(address, 0, sizeof *address);
    assert_int_equal(inet_pton(AF_INET, host, &address->v4.sin_addr), 1);
    address->v4.sin_family = AF_INET;
    return sizeof address->v4;
}

/* sin_port and sin6_port are in one place. */
static uint16_t own_port(int fd) {
    union address address = {0};
    socklen_t length = sizeof address;
    assert_int_equal(getsockname(fd, &address.any, &length), 0);
    return ntohs(address.v4.sin_port);
}

/* ip: the host's, IPv4 as mapped. */
static void connections_make(struct connections *connections, const char *host, const char *ip) {
    union address address;
    socklen_t length = address_of(&address, host);
    int family = address.any.sa_family;
    assert_int_equal(inet_pton(AF_INET6, ip, connections->ip), 1);
    connections->listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connections->listener < 0 || bind(connections->listener, &address.any, length) != 0)
        skip(); /* without IPv6 */
    assert_int_equal(listen(connections->listener, PEERS), 0);
    connections->port = own_port(connections->listener);
    address.v4.sin_port = htons(connections->port);
    for (size_t i = 0; i < PEERS; i++) {
        connections->clients[i] = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(connections->clients[i], &address.any, length), 0);
        connections->ports[i] = own_port(connections->clients[i]);
        connections->accepted[i] = accept(connections->listener, NULL, NULL);
        assert_true(connections->accepted[i] >= 0);
    }
    char byte;
    close(connections->clients[0]); /* first: it is the one that waits */
    assert_int_equal(read(connections->accepted[0], &byte, 1), 0);
    close(connections->accepted[0]);
}

static void connections_end(struct connections *connections) {
    for (size_t i = 1; i < PEERS; i++) {
        close(connections->clients[i]);
        close(connections->accepted[i]);
    }
    close(connections->listener);
}

/* What is to be seen of it, whatever the machine holds besides, and if it comes twice. */
struct seen {
    const struct connections *connections;
    bool listener;
    uint32_t states[PEERS];
    int64_t waited_ms;
};

static void look(void *with, const struct socket_row *row) {
    struct seen *seen = with;
    const struct connections *connections = seen->connections;
    if (memcmp(row->local.ip, connections->ip, 16) != 0)
        return;
    if (row->state == SOCK_DIAG_LISTEN && row->local.port == connections->port)
        seen->listener = true;
    if (row->remote.port != connections->port || memcmp(row->remote.ip, connections->ip, 16) != 0)
        return;
    for (size_t i = 0; i < PEERS; i++)
        if (row->local.port == connections->ports[i])
            seen->states[i] = row->state;
    if (row->local.port == connections->ports[0])
        seen->waited_ms = row->waited_ms;
}

static bool is_whole(const struct seen *seen) {
    bool whole = seen->listener && seen->states[0] == SOCK_DIAG_TIME_WAIT && seen->waited_ms >= 0 &&
                 seen->waited_ms < 50000;
    for (size_t i = 1; i < PEERS; i++)
        whole = whole && seen->states[i] == 1;
    return whole;
}

static struct sock_diag_ends ends_of(const struct connections *connections) {
    struct sock_diag_ends ends = {.remote_port = connections->port};
    ends.local.bits = ends.remote.bits = 128;
    memcpy(ends.local.ip, connections->ip, 16);
    memcpy(ends.remote.ip, connections->ip, 16);
    return ends;
}

static void the_kernel_and_its_files_agree(const char *host, const char *ip) {
    struct connections connections;
    connections_make(&connections, host, ip);
    const struct sock_diag_ends ends = ends_of(&connections);
    struct seen told = {.connections = &connections}, printed = {.connections = &connections};
    assert_true(sockets_read("", &ends, look, &told));
    assert_true(sockets_read("/proc/self/root", &ends, look, &printed));
    connections_end(&connections);
    assert_true(is_whole(&told));
    assert_true(is_whole(&printed));
}

static void the_kernel_and_its_files_agree_over_ipv4(void **state) {
    (void)state;
    the_kernel_and_its_files_agree("127.0.0.1", "::ffff:127.0.0.1");
}

static void the_kernel_and_its_files_agree_over_ipv6(void **state) {
    (void)state;
    the_kernel_and_its_files_agree("::1", "::1");
}

static void the_kernel_and_its_files_agree_over_ipv4_by_sockets_of_ipv6(void **state) {
    (void)state;
    the_kernel_and_its_files_agree("::ffff:127.0.0.1", "::ffff:127.0.0.1");
}

/* As a container's seccomp filter does it. */
static bool refuse_netlink(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* 0: as it should be; 77: no such filter to be had; 1: not so. */
static int read_refused(const struct connections *connections) {
    struct seen seen = {.connections = connections};
    const struct sock_diag_ends ends = ends_of(connections);
    if (!refuse_netlink())
        return 77;
    bool refused = sock_diag_open(0) == -EPERM;
    return refused && sockets_read("", &ends, look, &seen) && is_whole(&seen) ? 0 : 1;
}

static void where_netlink_is_refused_the_files_are_read(void **state) {
    (void)state;
    struct connections connections;
    int status;
    connections_make(&connections, "127.0.0.1", "::ffff:127.0.0.1");
    pid_t child = fork();
    if (child == 0)
        _exit(read_refused(&connections));
    assert_int_equal(waitpid(child, &status, 0), child);
    connections_end(&connections);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_socket_has_mapped_addresses),
        cmocka_unit_test(an_ipv6_socket_has_its_own),
        cmocka_unit_test(time_wait_has_waited_what_is_not_left_of_a_minute),
        cmocka_unit_test(what_is_no_socket_of_tcp_is_not_decoded),
        cmocka_unit_test(the_kernel_and_its_files_agree_over_ipv4),
        cmocka_unit_test(the_kernel_and_its_files_agree_over_ipv6),
        cmocka_unit_test(the_kernel_and_its_files_agree_over_ipv4_by_sockets_of_ipv6),
        cmocka_unit_test(where_netlink_is_refused_the_files_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
