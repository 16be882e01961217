/* The simulated door keeps a kernel's habits, and does not let a user of net.h get away with
 * anything. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"

static const char request[] = "GET / HTTP/1.1\r\n\r\n";
enum { CONNECT_TAG = 1, ARM_TAG, SEND_TAG };

static struct address target;

static struct net *world(const struct script *scripts, size_t count) {
    assert_true(address_parse(&target, "127.0.0.1", 80));
    return sim_create(&(struct sim_config){.seed = 1,
                                           .scripts = scripts,
                                           .script_count = count,
                                           .timeout = 1 * SECOND,
                                           .connect_timeout = 1 * SECOND,
                                           .latency = {MILLISECOND, MILLISECOND}});
}

/* The next completion, waiting for it. */
static struct net_event next_event(struct net *net) {
    struct net_event event = {0};
    net_wait(net, instant_after(net_now(net), 10 * SECOND), 1);
    assert_int_equal(net_take(net, &event, 1), 1);
    return event;
}

static int connect_up(struct net *net) {
    int fd = net_open(net, NULL, &target);
    assert_true(fd >= 0);
    net_connect(net, fd, &target, CONNECT_TAG);
    struct net_event event = next_event(net);
    assert_int_equal(event.tag, CONNECT_TAG);
    assert_int_equal(event.result, 0);
    return fd;
}

static void ask(struct net *net, int fd) {
    net_send_shared(net, fd, request, sizeof request - 1, SEND_TAG);
}

static void wait_a_while(struct net *net) {
    net_wait(net, instant_after(net_now(net), 50 * MILLISECOND), 1);
}

static void use_what_was_never_opened(struct net *net) {
    net_arm(net, 0, ARM_TAG);
}

static void use_what_was_given_back(struct net *net) {
    int fd = connect_up(net);
    net_close(net, fd);
    ask(net, fd);
}

static void close_twice(struct net *net) {
    int fd = connect_up(net);
    net_close(net, fd);
    net_close(net, fd);
}

static void connect_twice(struct net *net) {
    int fd = connect_up(net);
    net_connect(net, fd, &target, CONNECT_TAG);
}

static void arm_twice(struct net *net) {
    int fd = connect_up(net);
    net_arm(net, fd, ARM_TAG);
    net_arm(net, fd, ARM_TAG);
}

static void send_before_it_is_up(struct net *net) {
    int fd = net_open(net, NULL, &target);
    net_connect(net, fd, &target, CONNECT_TAG);
    ask(net, fd);
}

static void send_after_shutdown(struct net *net) {
    int fd = connect_up(net);
    net_shutdown(net, fd);
    ask(net, fd);
}

static void ask_twice(struct net *net) {
    int fd = connect_up(net);
    ask(net, fd);
    ask(net, fd);
}

static void close_with_readiness_armed(struct net *net) {
    int fd = connect_up(net);
    net_arm(net, fd, ARM_TAG);
    net_close(net, fd);
}

static void close_with_readiness_not_taken(struct net *net) {
    int fd = connect_up(net);
    net_arm(net, fd, ARM_TAG);
    net_shutdown(net, fd);
    wait_a_while(net);
    net_close(net, fd);
}

static void close_while_connecting(struct net *net) {
    int fd = net_open(net, NULL, &target);
    net_connect(net, fd, &target, CONNECT_TAG);
    net_close(net, fd);
}

static void misuse_ends_the_simulation(void **state) {
    (void)state;
    void (*const misuses[])(struct net *) = {
        use_what_was_never_opened,
        use_what_was_given_back,
        close_twice,
        connect_twice,
        arm_twice,
        send_before_it_is_up,
        send_after_shutdown,
        ask_twice,
        close_with_readiness_armed,
        close_with_readiness_not_taken,
        close_while_connecting,
    };
    for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++) {
        pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            close(STDERR_FILENO);
            misuses[i](world(NULL, 0));
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
            fail_msg("misuse %zu went unnoticed", i);
    }
}

static void waiting_takes_virtual_time_only(void **state) {
    (void)state;
    struct net *net = world(NULL, 0);
    instant before = net_now(net);
    assert_int_equal(net_wait(net, instant_after(before, 1000 * DAY), 1), 0);
    assert_in_range(instant_since(net_now(net), before), 1000 * DAY, 1000 * DAY + MILLISECOND);
    net_destroy(net);
}

static void a_number_is_free_again_after_the_next_submission(void **state) {
    (void)state;
    struct net *net = world(NULL, 0);
    assert_int_equal(net_open(net, NULL, &target), 0);
    assert_int_equal(net_open(net, NULL, &target), 1);
    assert_int_equal(net_open(net, NULL, &target), 2);
    net_close(net, 1);
    net_close(net, 0);
    assert_int_equal(net_open(net, NULL, &target), 3);
    net_wait(net, net_now(net), 1);
    assert_int_equal(net_open(net, NULL, &target), 0);
    assert_int_equal(net_open(net, NULL, &target), 1);
    assert_int_equal(net_open(net, NULL, &target), 4);
    net_destroy(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_ends_the_simulation),
        cmocka_unit_test(waiting_takes_virtual_time_only),
        cmocka_unit_test(a_number_is_free_again_after_the_next_submission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
