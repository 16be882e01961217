/* Tests of name resolution in a child process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host.h"

static int open_descriptors(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void assert_no_children(void) {
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static int wait_and_read(struct host_resolve *resolve, struct address *addresses, size_t *count,
                         int *gai) {
    struct pollfd poll_for = {.fd = host_resolve_fd(resolve), .events = POLLIN};
    assert_int_equal(poll(&poll_for, 1, 30000), 1);
    size_t named;
    return host_resolve_read(resolve, addresses, count, &named, gai);
}

static void a_numeric_host_is_answered_at_once_without_a_child(void **state) {
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < 2; i++) {
        struct address addresses[ADDRESSES_MAX], expected;
        size_t count, named;
        int error = 0, gai = 0;
        struct host_resolve *resolve = host_resolve_start(hosts[i], 8080, &error);
        assert_non_null(resolve);
        assert_no_children();
        struct pollfd poll_for = {.fd = host_resolve_fd(resolve), .events = POLLIN};
        assert_int_equal(poll(&poll_for, 1, 0), 1);
        assert_int_equal(host_resolve_read(resolve, addresses, &count, &named, &gai), 0);
        host_resolve_end(resolve);
        assert_int_equal(count, 1);
        assert_true(address_parse(&expected, hosts[i], 8080));
        assert_true(address_equal(&addresses[0], &expected));
    }
}

/* A bare system may have no /etc/hosts; then there is no name that resolves without a network. */
static void need_localhost(void) {
    struct addrinfo *found = NULL;
    if (getaddrinfo("localhost", NULL, NULL, &found) != 0) {
        print_message("skipped: localhost does not resolve here (no /etc/hosts?)\n");
        skip();
    }
    freeaddrinfo(found);
}

static void a_name_gives_distinct_addresses_with_the_port(void **state) {
    (void)state;
    need_localhost();
    struct address addresses[ADDRESSES_MAX];
    size_t count;
    int error = 0, gai = 0, before = open_descriptors();
    struct host_resolve *resolve = host_resolve_start("localhost", 8080, &error);
    assert_non_null(resolve);
    assert_int_equal(wait_and_read(resolve, addresses, &count, &gai), 0);
    host_resolve_end(resolve);
    assert_in_range(count, 1, ADDRESSES_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_true(address_is_loopback(&addresses[i]));
        assert_int_equal(address_port(&addresses[i]), 8080);
        for (size_t k = 0; k < i; k++)
            assert_false(address_equal(&addresses[i], &addresses[k]));
    }
    assert_no_children();
    assert_int_equal(open_descriptors(), before);
}

/* An empty label is no name (RFC 1035 section 2.3.1): refused before any server is asked. */
static void a_name_that_does_not_resolve_gives_getaddrinfos_reason(void **state) {
    (void)state;
    struct address addresses[ADDRESSES_MAX];
    size_t count = 7;
    int error = 0, gai = 0;
    struct host_resolve *resolve = host_resolve_start("no..name", 80, &error);
    assert_non_null(resolve);
    assert_int_equal(wait_and_read(resolve, addresses, &count, &gai), -ENOENT);
    assert_int_equal(gai, EAI_NONAME);
    assert_int_equal(count, 0);
    host_resolve_end(resolve);
    assert_no_children();
}

/* A second read finds what a child leaves that died before it wrote: the end of the pipe. */
static void the_end_of_the_pipe_without_an_answer_is_a_failure(void **state) {
    (void)state;
    need_localhost();
    struct address addresses[ADDRESSES_MAX];
    size_t count;
    int error = 0, gai = 0;
    struct host_resolve *resolve = host_resolve_start("localhost", 80, &error);
    assert_non_null(resolve);
    assert_int_equal(wait_and_read(resolve, addresses, &count, &gai), 0);
    assert_int_equal(wait_and_read(resolve, addresses, &count, &gai), -ENOENT);
    assert_int_equal(gai, EAI_FAIL);
    host_resolve_end(resolve);
    assert_no_children();
}

static void it_can_be_given_up_at_any_time(void **state) {
    (void)state;
    int before = open_descriptors();
    for (int i = 0; i < 20; i++) {
        int error = 0;
        struct host_resolve *resolve = host_resolve_start("no-such-host.invalid", 80, &error);
        assert_non_null(resolve);
        host_resolve_end(resolve);
        assert_no_children();
    }
    host_resolve_end(NULL);
    assert_int_equal(open_descriptors(), before);
}

static void without_an_answer_yet_there_is_more_to_come(void **state) {
    (void)state;
    struct address addresses[ADDRESSES_MAX];
    size_t count, named;
    int error = 0, gai = 0;
    struct host_resolve *resolve = host_resolve_start("127.0.0.1", 80, &error);
    assert_non_null(resolve);
    /* The same pipe with its writing end still open, as while a child is busy. */
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int flags = fcntl(host_resolve_fd(resolve), F_GETFL);
    assert_true((flags & O_NONBLOCK) != 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, flags), 0);
    assert_true(dup2(ends[0], host_resolve_fd(resolve)) >= 0);
    assert_int_equal(host_resolve_read(resolve, addresses, &count, &named, &gai), -EAGAIN);
    host_resolve_end(resolve);
    close(ends[0]);
    close(ends[1]);
}

static void the_callers_signal_mask_is_left_as_it_was(void **state) {
    (void)state;
    sigset_t wanted, before, after;
    int error = 0;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR2);
    assert_int_equal(sigprocmask(SIG_SETMASK, &wanted, &before), 0);
    struct host_resolve *resolve = host_resolve_start("localhost", 80, &error);
    assert_non_null(resolve);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, &after), 0);
    host_resolve_end(resolve);
    assert_int_equal(sigismember(&after, SIGUSR2), 1);
    assert_int_equal(sigismember(&after, SIGUSR1), 0);
}

static void no_descriptor_left_is_an_error_and_no_crash(void **state) {
    (void)state;
    struct rlimit before, none;
    int error = 0;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct host_resolve *resolve = host_resolve_start("127.0.0.1", 80, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_null(resolve);
    assert_int_equal(error, EMFILE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_numeric_host_is_answered_at_once_without_a_child),
        cmocka_unit_test(a_name_gives_distinct_addresses_with_the_port),
        cmocka_unit_test(a_name_that_does_not_resolve_gives_getaddrinfos_reason),
        cmocka_unit_test(the_end_of_the_pipe_without_an_answer_is_a_failure),
        cmocka_unit_test(it_can_be_given_up_at_any_time),
        cmocka_unit_test(without_an_answer_yet_there_is_more_to_come),
        cmocka_unit_test(the_callers_signal_mask_is_left_as_it_was),
        cmocka_unit_test(no_descriptor_left_is_an_error_and_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
