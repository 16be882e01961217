/* Tests of which listeners a connect reaches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/inet_diag.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "host/listeners.h"

static struct address address_of(const char *host, uint16_t port) {
    struct address address;
    assert_true(address_parse(&address, host, port));
    return address;
}

static int listen_at(struct address *address, int backlog) {
    int fd = socket(address->of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    assert_int_equal(bind(fd, &address->of.any, address->length), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, &address->of.any, &address->length), 0);
    return fd;
}

static void the_listeners_own_backlog_is_read_and_what_waits_in_it(void **state) {
    (void)state;
    struct host_listeners listeners;
    struct address address = address_of("127.0.0.1", 0);
    int fd = listen_at(&address, 17);
    if (!host_listeners_read(&listeners, &address)) {
        close(fd);
        skip(); /* a kernel without inet_diag */
    }
    assert_int_equal(listeners.count, 1);
    assert_int_equal(listeners.backlog, 17);
    assert_int_equal(listeners.queued, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, &address.of.any, address.length), 0);
    assert_true(host_listeners_read(&listeners, &address));
    assert_int_equal(listeners.queued, 1);
    int second = listen_at(&address, 5); /* SO_REUSEPORT: connects are spread over both */
    assert_true(host_listeners_read(&listeners, &address));
    assert_int_equal(listeners.count, 2);
    assert_int_equal(listeners.backlog, 22);
    close(second);
    close(client);
    close(fd);
    assert_true(host_listeners_read(&listeners, &address));
    assert_int_equal(listeners.count, 0);
}

static void take(struct listener_search *search, const char *host, uint16_t port,
                 uint32_t backlog) {
    struct address address = address_of(host, port);
    struct inet_diag_msg message = {
        .idiag_family = (uint8_t)address.of.any.sa_family,
        .idiag_state = 10,
        .id.idiag_sport = htons(port),
        .idiag_wqueue = backlog,
    };
    if (address.of.any.sa_family == AF_INET)
        memcpy(message.id.idiag_src, &address.of.v4.sin_addr, 4);
    else
        memcpy(message.id.idiag_src, &address.of.v6.sin6_addr, 16);
    listener_search_take(search, &message);
    message.idiag_state = 1; /* no listener */
    listener_search_take(search, &message);
}

static void the_address_that_fits_best_takes_the_connect(void **state) {
    (void)state;
    const struct {
        const char *host;
        uint16_t port;
        int64_t backlog;
    } rows[] = {
        {"127.0.0.1", 80, 2},  {"0.0.0.0", 80, 2}, {"127.0.0.2", 80, 4},   {"127.0.0.3", 80, 1},
        {"127.0.0.3", 81, 0},  {"::1", 80, 32},    {"::2", 80, 16},        {"::", 80, 32},
        {"127.0.0.1", 82, 64}, {"::1", 81, 0},     {"127.0.0.5", 80, 128},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address target = address_of(rows[i].host, rows[i].port);
        struct listener_search search;
        listener_search_init(&search, &target);
        take(&search, "0.0.0.0", 80, 1);
        take(&search, "127.0.0.1", 80, 2);
        take(&search, "127.0.0.2", 80, 4);
        take(&search, "127.0.0.1", 81, 8);
        take(&search, "::", 80, 16);
        take(&search, "::1", 80, 32);
        take(&search, "::", 82, 64);
        take(&search, "::ffff:127.0.0.5", 80, 128);
        assert_int_equal(search.found.backlog, rows[i].backlog);
        assert_int_equal(search.found.count, rows[i].backlog > 0);
    }
}

static void an_address_of_this_host_is_told_from_others(void **state) {
    (void)state;
    struct address address = address_of("127.0.0.7", 1);
    assert_true(host_has_address(&address));
    address = address_of("192.0.2.1", 80); /* RFC 5737: nobody's */
    assert_false(host_has_address(&address));
    address = address_of("2001:db8::1", 80);
    assert_false(host_has_address(&address));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_listeners_own_backlog_is_read_and_what_waits_in_it),
        cmocka_unit_test(the_address_that_fits_best_takes_the_connect),
        cmocka_unit_test(an_address_of_this_host_is_told_from_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
