/* Tests of the door to sock_diag(7): answers message by message, and this kernel's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/sock_diag.h"

struct resolve_answer {
    size_t length;
    _Alignas(struct nlmsghdr) char bytes[1024];
};

static void put(struct resolve_answer *answer, uint16_t type, const void *body, size_t length) {
    struct nlmsghdr head = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(length), .nlmsg_type = type};
    memcpy(answer->bytes + answer->length, &head, sizeof head);
    memcpy(answer->bytes + answer->length + NLMSG_HDRLEN, body, length);
    answer->length += NLMSG_SPACE(length);
}

static void put_socket(struct resolve_answer *answer, uint16_t port) {
    struct inet_diag_msg message = {.idiag_state = 1, .id.idiag_sport = htons(port)};
    put(answer, SOCK_DIAG_BY_FAMILY, &message, sizeof message);
}

static void add_port(void *with, const struct inet_diag_msg *message) {
    *(unsigned *)with += ntohs(message->id.idiag_sport);
}

/* From the heap, so that a byte read beyond the answer is seen by the sanitizer. */
static int parse(const void *bytes, size_t length, unsigned *ports) {
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    char *exact = realloc(copy, length > 0 ? length : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, length);
    *ports = 0;
    int result = sock_diag_messages(exact, length, add_port, ports);
    free(exact);
    return result;
}

static void each_socket_is_handed_on_up_to_the_end(void **state) {
    (void)state;
    struct resolve_answer answer = {0};
    unsigned ports;
    put_socket(&answer, 1);
    put_socket(&answer, 20);
    assert_int_equal(parse(answer.bytes, answer.length, &ports), 1);
    assert_int_equal(ports, 21);
    put(&answer, NLMSG_DONE, &(int){0}, sizeof(int));
    put_socket(&answer, 300); /* behind the end */
    assert_int_equal(parse(answer.bytes, answer.length, &ports), 0);
    assert_int_equal(ports, 21);
    assert_int_equal(parse(answer.bytes, 0, &ports), 1);
}

static void what_ends_with_an_error_is_no_end(void **state) {
    (void)state;
    struct resolve_answer answer = {0};
    unsigned ports;
    put(&answer, NLMSG_DONE, &(int){-ENOENT}, sizeof(int)); /* no tcp_diag */
    assert_int_equal(parse(answer.bytes, answer.length, &ports), -ENOENT);
    answer.length = 0;
    put(&answer, NLMSG_ERROR, &(struct nlmsgerr){.error = -EPERM}, sizeof(struct nlmsgerr));
    assert_int_equal(parse(answer.bytes, answer.length, &ports), -EPERM);
}

static void what_is_no_answer_is_refused(void **state) {
    (void)state;
    static const struct inet_diag_msg none;
    const struct {
        uint16_t type;
        size_t length; /* of the body */
    } rows[] = {
        {NLMSG_NOOP, sizeof none},
        {SOCK_DIAG_BY_FAMILY, 0},
        {SOCK_DIAG_BY_FAMILY, sizeof none - 1},
        {NLMSG_DONE, 0},
        {NLMSG_DONE, sizeof(int) - 1},
        {NLMSG_ERROR, 0},
        {NLMSG_ERROR, sizeof(struct nlmsgerr)}, /* of error 0 */
        {0xffff, 4},
    };
    unsigned ports;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct resolve_answer answer = {0};
        put(&answer, rows[i].type, &none, rows[i].length);
        assert_int_equal(parse(answer.bytes, answer.length, &ports), -EBADMSG);
    }
}

static void a_message_that_is_cut_or_lies_of_its_length_is_refused(void **state) {
    (void)state;
    struct resolve_answer answer = {0};
    unsigned ports;
    put_socket(&answer, 7);
    size_t one = answer.length;
    put_socket(&answer, 7);
    for (size_t length = 1; length < answer.length; length++) {
        assert_int_equal(parse(answer.bytes, length, &ports), length == one ? 1 : -EBADMSG);
        assert_int_equal(ports, length < one ? 0 : 7);
    }
    static const uint32_t lengths[] = {0, 1, 15, 16, 87, 89, 1000, UINT32_MAX - 2, UINT32_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        ((struct nlmsghdr *)(void *)answer.bytes)->nlmsg_len = lengths[i];
        assert_int_equal(parse(answer.bytes, answer.length, &ports), -EBADMSG);
    }
}

/* Of the last message the filling up to four bytes may be missing; nothing behind it is read. */
static void a_last_message_of_an_odd_length_ends_the_piece(void **state) {
    (void)state;
    struct resolve_answer answer = {0};
    char body[sizeof(struct inet_diag_msg) + 1] = {0};
    unsigned ports;
    put(&answer, SOCK_DIAG_BY_FAMILY, body, sizeof body);
    assert_int_equal(parse(answer.bytes, NLMSG_LENGTH(sizeof body), &ports), 1);
}

static int listen_somewhere(uint16_t *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* Others' in TIME_WAIT may well have led to the port before it was ours. */
static const uint32_t here = 1U << 1 | 1U << SOCK_DIAG_LISTEN;

struct seen {
    uint16_t port;
    int listeners, towards, others;
};

static void look(void *with, const struct inet_diag_msg *message) {
    struct seen *seen = with;
    seen->listeners +=
        message->idiag_state == SOCK_DIAG_LISTEN && ntohs(message->id.idiag_sport) == seen->port;
    seen->towards += ntohs(message->id.idiag_dport) == seen->port;
    seen->others +=
        message->idiag_state != SOCK_DIAG_LISTEN && ntohs(message->id.idiag_dport) != seen->port;
}

static void the_kernel_leaves_out_what_was_not_asked_for(void **state) {
    (void)state;
    struct seen seen = {0};
    int listener = listen_somewhere(&seen.port), client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(seen.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    const struct sock_diag_filter listeners = {.states = 1U << SOCK_DIAG_LISTEN};
    const struct sock_diag_filter towards = {.states = here, .ends.remote_port = seen.port};
    int fd = sock_diag_open(0);
    int told = fd >= 0 ? sock_diag_walk(fd, &listeners, look, &seen) : fd;
    if (told == 0) {
        assert_int_equal(seen.listeners, 1);
        assert_int_equal(seen.towards + seen.others, 0);
        assert_int_equal(sock_diag_walk(fd, &towards, look, &seen), 0);
        assert_int_equal(seen.listeners, 1);
        assert_int_equal(seen.towards, 1);
        assert_int_equal(seen.others, 0);
    }
    if (fd >= 0)
        close(fd);
    close(client);
    close(listener);
    if (told != 0)
        skip(); /* a kernel without it */
}

static struct sock_diag_block block_of(const char *ip, unsigned bits) {
    struct sock_diag_block block = {.bits = (uint8_t)bits};
    assert_int_equal(inet_pton(AF_INET6, ip, block.ip), 1);
    return block;
}

static void a_block_grows_to_hold_an_address(void **state) {
    (void)state;
    const struct {
        const char *ip;
        unsigned bits;
        const char *more;
        unsigned after;
    } rows[] = {
        {"::ffff:127.0.0.2", 128, "::ffff:127.0.0.2", 128},
        {"::ffff:127.0.0.2", 128, "::ffff:127.0.0.3", 127},
        {"::ffff:127.0.0.2", 128, "::ffff:127.0.1.2", 119},
        {"::ffff:127.0.0.2", 100, "::ffff:127.0.0.3", 100},
        {"::ffff:127.0.0.2", 128, "::1", 80},
        {"fd00::1", 128, "7d00::1", 0},
        {"fd00::1", 0, "fd00::1", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sock_diag_block block = block_of(rows[i].ip, rows[i].bits);
        sock_diag_block_widen(&block, block_of(rows[i].more, 128).ip);
        assert_int_equal(block.bits, rows[i].after);
    }
}

/* Between 127.0.0.1 and a listener there: at either end. */
static void only_sockets_within_the_blocks_are_told_of(void **state) {
    (void)state;
    const struct {
        const char *local;
        unsigned local_bits;
        const char *remote;
        unsigned remote_bits;
        int towards;
    } rows[] = {
        {"::", 0, "::", 0, 1},
        {"::ffff:127.0.0.1", 128, "::", 0, 1},
        {"::ffff:127.0.0.2", 128, "::", 0, 0},
        {"::ffff:127.0.0.2", 126, "::", 0, 1},
        {"::", 0, "::ffff:127.0.0.1", 128, 1},
        {"::", 0, "::ffff:127.0.0.2", 127, 0},
        {"::ffff:127.0.0.1", 128, "::ffff:127.0.0.1", 128, 1},
        {"::ffff:127.0.0.1", 128, "::ffff:127.0.0.9", 128, 0},
        {"::ffff:127.0.0.9", 128, "::ffff:127.0.0.1", 128, 0},
        {"::ffff:127.0.0.1", 80, "::ffff:127.0.0.1", 96, 1}, /* of both families; all of IPv4 */
        {"::1", 128, "::", 0, 0},
        {"::", 0, "::1", 100, 0},
        {"::1", 128, "::ffff:127.0.0.1", 128, 0},
    };
    struct seen seen = {0};
    int listener = listen_somewhere(&seen.port), client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(seen.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    int fd = sock_diag_open(0), told = fd < 0 ? fd : 0;
    for (size_t i = 0; told == 0 && i < sizeof rows / sizeof rows[0]; i++) {
        const struct sock_diag_filter filter = {
            .states = here,
            .ends = {.local = block_of(rows[i].local, rows[i].local_bits),
                     .remote = block_of(rows[i].remote, rows[i].remote_bits),
                     .remote_port = seen.port},
        };
        seen.towards = 0;
        told = sock_diag_walk(fd, &filter, look, &seen);
        if (told == 0 && seen.towards != rows[i].towards)
            fail_msg("row %zu: %d", i, seen.towards);
    }
    if (fd >= 0)
        close(fd);
    close(client);
    close(listener);
    if (told == -ENOENT || fd < 0)
        skip(); /* a kernel without it */
    assert_int_equal(told, 0);
}

static void a_descriptor_that_is_none_is_an_error(void **state) {
    (void)state;
    const struct sock_diag_filter filter = {.states = 1U << SOCK_DIAG_LISTEN};
    assert_int_equal(sock_diag_walk(-1, &filter, add_port, &(unsigned){0}), -EBADF);
    assert_true(sock_diag_open(-5) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_socket_is_handed_on_up_to_the_end),
        cmocka_unit_test(what_ends_with_an_error_is_no_end),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(a_message_that_is_cut_or_lies_of_its_length_is_refused),
        cmocka_unit_test(a_last_message_of_an_odd_length_ends_the_piece),
        cmocka_unit_test(the_kernel_leaves_out_what_was_not_asked_for),
        cmocka_unit_test(a_block_grows_to_hold_an_address),
        cmocka_unit_test(only_sockets_within_the_blocks_are_told_of),
        cmocka_unit_test(a_descriptor_that_is_none_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
