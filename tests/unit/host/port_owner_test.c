/* Who listens on a port is found where it is our own process, of either family, however many
 * descriptors it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/address.h"
#include "host/host.h"

static int listen_on(const char *host, struct address *address) {
    assert_true(address_parse(address, host, 0));
    int fd = socket(address->of.any.sa_family, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, &address->of.any, address->length) != 0)
        skip(); /* no IPv6 here */
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, &address->of.any, &address->length), 0);
    return fd;
}

static void find(const char *host) {
    struct address address;
    struct host_port_owner owner;
    int fd = listen_on(host, &address);
    assert_true(host_port_owner(&owner, address_port(&address)));
    assert_int_equal(owner.pid, getpid());
    assert_memory_equal(owner.name, "unit_host_port_", 15); /* comm holds 15 bytes */
    close(fd);
    assert_false(host_port_owner(&owner, address_port(&address)));
}

static void a_listener_of_ipv4_is_found(void **state) {
    (void)state;
    find("127.0.0.1");
}

static void a_listener_of_ipv6_is_found(void **state) {
    (void)state;
    find("::1");
}

/* As of a server that has many connections and opens one more port. */
static void a_listener_behind_hundreds_of_other_descriptors_is_found(void **state) {
    (void)state;
    enum { OTHERS = 400 };
    int others[OTHERS];
    for (int i = 0; i < OTHERS; i++)
        assert_true((others[i] = dup(STDOUT_FILENO)) >= 0);
    find("127.0.0.1");
    for (int i = 0; i < OTHERS; i++)
        close(others[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_of_ipv4_is_found),
        cmocka_unit_test(a_listener_of_ipv6_is_found),
        cmocka_unit_test(a_listener_behind_hundreds_of_other_descriptors_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
