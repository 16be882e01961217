/* The contract's world over this kernel: a peer in a process of its own, and what only a kernel
 * has. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "net/net_serve.h"

enum { FILLERS = 3, LARGE = 12 << 20 };

static enum engine_kind engine;
static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
static pid_t peer;
static int fillers[FILLERS], listener = -1;

bool world_choose(int argc, char **argv) {
    struct rlimit files = {4096, 4096};
    (void)setrlimit(RLIMIT_NOFILE, &files);
    engine = argc == 2 && strcmp(argv[1], "epoll") == 0 ? ENGINE_EPOLL : ENGINE_URING;
    return argc == 2 && (engine == ENGINE_EPOLL || strcmp(argv[1], "uring") == 0);
}

/* --- the peer --- */

static void pause_for(long milliseconds) {
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
}

static void write_all(int fd, const char *bytes, size_t length) {
    for (ssize_t n; length > 0 && (n = write(fd, bytes, length)) > 0; length -= (size_t)n)
        bytes += n;
}

static void end_by_reset(int fd) {
    struct linger linger = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

/* Until the bytes of a request's end are the last that came; its length, 0 at the end. */
static size_t read_request(int fd) {
    static char bytes[1 << 16];
    size_t total = 0;
    for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;) {
        total += (size_t)n;
        if (n >= 4 && memcmp(bytes + n - 4, "\r\n\r\n", 4) == 0)
            return total;
    }
    return 0;
}

/* False: the connection is over. */
static bool live_on(int fd, enum peer_life life) {
    char text[64];
    if (life == PEER_READS_LATE)
        pause_for(100);
    if (life == PEER_RESETS_BODY) {
        pause_for(50);
        (void)!read(fd, text, sizeof text);
        end_by_reset(fd);
        return false;
    }
    size_t length = read_request(fd);
    if (length == 0)
        return false;
    switch (life) {
    case PEER_ENDS_MIDWAY: write_all(fd, answer, sizeof answer / 2); break;
    case PEER_READS_LATE:
        write_all(fd, text, (size_t)snprintf(text, sizeof text, "%zu\r\n", length));
        break;
    case PEER_URGES:
        write_all(fd, "one", 3);
        send(fd, "!", 1, MSG_OOB);
        write_all(fd, "two", 3);
        break;
    default: write_all(fd, answer, sizeof answer - 1); break;
    }
    if (life == PEER_ENDS_MIDWAY || life == PEER_RESETS) {
        pause_for(20);
        end_by_reset(fd);
    }
    return life != PEER_ENDS && life != PEER_ENDS_MIDWAY && life != PEER_RESETS;
}

/* Each connection in a process of its own. */
static _Noreturn void serve(enum peer_life life) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    fcntl(listener, F_SETFL, 0);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            _exit(1);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            while (live_on(fd, life))
                continue;
            _exit(0);
        }
        close(fd);
    }
}

/* A backlog that is full leaves connects under way. */
static void fill(const struct address *target) {
    listen(listener, 0);
    for (int i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], &target->of.any, target->length);
        pause_for(20);
    }
}

struct net *world_begin(enum peer_life life, struct address *target) {
    struct net *net;
    assert_true(address_parse(target, "127.0.0.1", 0));
    listener = net_listen(target, false);
    assert_true(listener >= 0);
    peer = 0;
    if (life == PEER_REFUSES)
        close(listener);
    else if (life == PEER_NEVER_ACCEPTS)
        fill(target);
    else if ((peer = fork()) == 0)
        serve(life);
    if (peer > 0)
        close(listener);
    if (life != PEER_NEVER_ACCEPTS)
        listener = -1;
    int error = net_create(&net, &(struct net_config){.entries = 256, .engine = engine});
    if (error < 0)
        fail_msg("no door: %s", strerror(-error));
    assert_string_equal(net_engine(net), engine == ENGINE_EPOLL ? "epoll" : "io_uring");
    return net;
}

void world_end(struct net *net) {
    net_destroy(net);
    if (peer > 0) {
        kill(peer, SIGKILL);
        waitpid(peer, NULL, 0);
    }
    if (listener >= 0) {
        for (int i = 0; i < FILLERS; i++)
            close(fillers[i]);
        close(listener);
        listener = -1;
    }
}

/* --- of a kernel alone: sending --- */

static char *large_request(void) {
    char *bytes = malloc(LARGE);
    assert_non_null(bytes);
    memset(bytes, 'x', LARGE);
    memcpy(bytes + LARGE - 4, "\r\n\r\n", 4);
    return bytes;
}

static void expect_answer(struct net *net, int fd, const char *text) {
    char bytes[256] = "";
    size_t length = 0;
    while (length < strlen(text)) {
        world_await_ready(net, fd, POLLIN);
        ssize_t got = net_receive(net, fd, bytes + length, sizeof bytes - 1 - length);
        assert_true(got > 0);
        length += (size_t)got;
    }
    assert_string_equal(bytes, text);
}

static void a_send_waits_for_room(void **state) {
    (void)state;
    struct address target;
    char *bytes = large_request(), text[32];
    snprintf(text, sizeof text, "%d\r\n", LARGE);
    for (int owned = 0; owned < 2; owned++) {
        struct net *net = world_begin(PEER_READS_LATE, &target);
        int fd = world_connect(net, &target);
        if (owned) {
            net_send_owned(net, fd, bytes, LARGE, SEND_TAG);
            struct net_event event = world_next(net);
            assert_int_equal(event.tag, SEND_TAG);
            assert_int_equal(event.result, LARGE);
        } else {
            net_send_shared(net, fd, bytes, LARGE, SEND_TAG);
        }
        expect_answer(net, fd, text);
        world_expect_nothing(net);
        net_close(net, fd);
        world_end(net);
    }
    free(bytes);
}

static void an_owned_send_that_breaks_says_what_went_out(void **state) {
    (void)state;
    struct address target;
    char *bytes = large_request();
    struct net *net = world_begin(PEER_RESETS_BODY, &target);
    int fd = world_connect(net, &target);
    net_send_owned(net, fd, bytes, LARGE, SEND_TAG);
    struct net_event event = world_next(net);
    assert_int_equal(event.tag, SEND_TAG);
    assert_in_range(event.result, 1, LARGE - 1);
    net_close(net, fd);
    world_end(net);
    free(bytes);
}

static void an_end_of_ours_completes_an_owned_send(void **state) {
    (void)state;
    struct address target;
    char *bytes = large_request();
    struct net *net = world_begin(PEER_READS_LATE, &target);
    int fd = world_connect(net, &target);
    net_send_owned(net, fd, bytes, LARGE, SEND_TAG);
    assert_int_equal(net_wait(net, instant_after(net_now(net), 20 * MILLISECOND), 1), 0);
    net_reset(net, fd);
    struct net_event event = world_next(net);
    assert_int_equal(event.tag, SEND_TAG);
    assert_true(event.result < LARGE);
    net_close(net, fd);
    world_end(net);
    free(bytes);
}

/* --- of a kernel alone: who is connected --- */

/* A port of nobody, as it was a moment ago. */
static uint16_t free_port(void) {
    struct address address;
    assert_true(address_parse(&address, "127.0.0.1", 0));
    int fd = net_listen(&address, false);
    assert_true(fd >= 0);
    close(fd);
    return address_port(&address);
}

/* From that port to the target; whether it is connected to itself. */
static bool meets_itself(struct net *net, const char *from, uint16_t port,
                         const struct address *target) {
    struct address source;
    assert_true(address_parse(&source, from, port));
    int fd = net_open(net, &source, target);
    assert_true(fd >= 0);
    net_connect(net, fd, target, CONNECT_TAG);
    assert_int_equal(world_next(net).result, 0);
    bool itself = net_connected_to_itself(net, fd, target);
    net_reset(net, fd);
    net_close(net, fd);
    return itself;
}

/* As the kernel may choose ports where the target's is in its range. */
static void a_connection_to_itself_is_told_from_one_to_a_server(void **state) {
    (void)state;
    struct address server, self, any;
    struct net *net = world_begin(PEER_ANSWERS, &server);
    uint16_t port = free_port();
    assert_true(address_parse(&self, "127.0.0.1", port));
    assert_true(meets_itself(net, "127.0.0.1", port, &self));
    assert_false(meets_itself(net, "127.0.0.1", 0, &server));
    assert_false(meets_itself(net, "127.0.0.2", address_port(&server), &server));
    port = free_port();
    assert_true(address_parse(&any, "0.0.0.0", port)); /* is the source's own, to Linux */
    assert_true(meets_itself(net, "127.0.0.1", port, &any));
    world_end(net);
}

/* --- of a kernel alone: readiness --- */

static void a_read_of_all_there_is_leaves_nothing_ready(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    char bytes[sizeof answer - 1];
    int fd = world_connect(net, &target);
    world_ask(net, fd);
    world_await_ready(net, fd, POLLIN);
    assert_int_equal(net_receive(net, fd, bytes, sizeof bytes), sizeof bytes);
    net_arm(net, fd, ARM_TAG);
    world_expect_nothing(net);
    net_shutdown(net, fd);
    (void)world_next(net);
    net_close(net, fd);
    world_end(net);
}

static void what_a_read_left_is_ready(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    char bytes[8];
    int fd = world_connect(net, &target);
    world_ask(net, fd);
    for (size_t left = sizeof answer - 1; left > 0;) {
        world_await_ready(net, fd, POLLIN);
        ssize_t got = net_receive(net, fd, bytes, sizeof bytes);
        assert_true(got > 0);
        left -= (size_t)got;
    }
    net_close(net, fd);
    world_end(net);
}

/* recv(2) stops before it, with bytes left behind. */
static void bytes_behind_urgent_data_are_ready(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_URGES, &target);
    int fd = world_connect(net, &target);
    for (int round = 0; round < 3; round++) {
        char bytes[64];
        world_ask(net, fd);
        for (size_t total = 0; total < 6;) {
            world_await_ready(net, fd, POLLIN);
            ssize_t got = net_receive(net, fd, bytes, sizeof bytes);
            assert_true(got > 0 || got == -EAGAIN); /* the urgent byte alone */
            total += got > 0 ? (size_t)got : 0;
        }
    }
    net_close(net, fd);
    world_end(net);
}

static void any_descriptor_can_be_armed(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), ends[2];
    uint64_t value = 1;
    for (int round = 0; round < 3; round++) {
        net_arm(net, fd, ARM_TAG);
        world_expect_nothing(net);
        assert_int_equal(write(fd, &value, sizeof value), sizeof value);
        struct net_event event = world_next(net);
        assert_int_equal(event.tag, ARM_TAG);
        assert_int_equal(event.result, POLLIN);
        world_await_ready(net, fd, POLLIN); /* not read yet */
        assert_int_equal(read(fd, &value, sizeof value), sizeof value);
    }
    close(fd);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(ends[0], fd); /* the number again, and nobody said a word */
    net_arm(net, ends[0], ARM_TAG);
    world_expect_nothing(net);
    close(ends[1]);
    struct net_event event = world_next(net);
    assert_int_equal(event.tag, ARM_TAG);
    assert_int_equal(event.result, POLLHUP);
    close(ends[0]);
    world_end(net);
}

/* Holds a socket open, and tells when something has come. */
static pid_t fork_holder(int fd, int told[2]) {
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    if (child != 0)
        return child;
    char byte;
    (void)!recv(fd, &byte, 1, MSG_PEEK);
    while (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
        pause_for(1);
    (void)!write(told[1], "", 1);
    pause();
    _exit(0);
}

/* A child that was forked holds the socket open a while longer than we do. */
static void what_a_child_holds_open_is_nobodys(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_READS_LATE, &target);
    int fd = world_connect(net, &target), told[2];
    char byte;
    pid_t child = fork_holder(fd, told);
    world_ask(net, fd);
    net_close(net, fd); /* its answer is still to come */
    assert_int_equal(net_wait(net, net_now(net), 1), 0);
    assert_int_equal(world_connect(net, &target), fd);
    net_arm(net, fd, ARM_TAG);
    assert_int_equal(net_wait(net, net_now(net), 1), 0);
    assert_int_equal(read(told[0], &byte, 1), 1);
    world_expect_nothing(net);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    net_shutdown(net, fd);
    (void)world_next(net);
    net_close(net, fd);
    close(told[0]);
    close(told[1]);
    world_end(net);
}

static void many_are_held_at_once(void **state) {
    enum { MANY = 1500 };
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    static int fds[MANY];
    struct net_event events[32];
    size_t fired = 0;
    for (int i = 0; i < MANY; i++) {
        fds[i] = world_connect(net, &target);
        net_arm(net, fds[i], (uint64_t)i);
    }
    for (int i = 0; i < MANY; i++)
        net_shutdown(net, fds[i]);
    while (fired < MANY) {
        assert_int_equal(net_wait(net, instant_after(net_now(net), 10 * SECOND), 1), 0);
        for (size_t count; (count = net_take(net, events, 32)) > 0; fired += count)
            for (size_t i = 0; i < count; i++)
                assert_true(events[i].result > 0 && events[i].tag < MANY);
        net_gather(net);
    }
    for (int i = 0; i < MANY; i++)
        net_close(net, fds[i]);
    world_end(net);
}

/* Of events that are never all taken none is lost, and none comes twice. */
static void each_event_comes_once_however_many_there_are(void **state) {
    enum { AT_ONCE = 300, ROUNDS = 40 };
    (void)state;
    static uint8_t seen[AT_ONCE * ROUNDS];
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    struct net_event event;
    int fd = world_connect(net, &target);
    size_t sent = 0, taken = 0;
    memset(seen, 0, sizeof seen);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < AT_ONCE; i++)
            net_send_owned(net, fd, "x", 1, sent++);
        assert_int_equal(net_wait(net, instant_after(net_now(net), 10 * SECOND), 1), 0);
        for (int i = 0; i < AT_ONCE - 1 && net_take(net, &event, 1) == 1; i++, taken++)
            seen[event.tag]++;
    }
    for (; taken < sent; taken++)
        seen[world_next(net).tag]++;
    for (size_t i = 0; i < sent; i++)
        assert_int_equal(seen[i], 1);
    net_close(net, fd);
    world_end(net);
}

/* Who has none must not be left with half of one. */
static void a_door_that_cannot_be_made_is_none(void **state) {
    (void)state;
    struct rlimit before, none;
    struct net *net = NULL;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int error = net_create(&net, &(struct net_config){.entries = 256, .engine = engine});
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(error, -EMFILE);
    assert_null(net);
    net_destroy(net);
}

static void do_nothing(int number) {
    (void)number;
}

static void a_signal_ends_a_wait(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = do_nothing}, NULL);
    timer_t timer;
    assert_int_equal(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
    timer_settime(timer, 0, &(struct itimerspec){.it_value.tv_nsec = 50 * MILLISECOND}, NULL);
    instant before = net_now(net);
    assert_int_equal(net_wait(net, instant_after(before, 10 * SECOND), 1), 0);
    assert_true(instant_since(net_now(net), before) < 5 * SECOND);
    timer_delete(timer);
    world_end(net);
}

/* --- of a kernel alone: serving --- */

/* A client of the test's own, and what was accepted of it. */
static int accepted(struct net *net, int *own, int *client) {
    struct address address;
    assert_true(address_parse(&address, "127.0.0.1", 0));
    *own = net_listen(&address, false);
    assert_true(*own >= 0);
    assert_int_equal(net_accept(net, *own), -EAGAIN);
    net_arm(net, *own, ARM_TAG);
    world_expect_nothing(net);
    *client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(*client, &address.of.any, address.length), 0);
    struct net_event event = world_next(net);
    assert_int_equal(event.tag, ARM_TAG);
    int fd = net_accept(net, *own);
    assert_true(fd >= 0);
    return fd;
}

static void a_server_is_told_of_input_and_of_room(void **state) {
    (void)state;
    static char bytes[1 << 16];
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    int own, client, fd = accepted(net, &own, &client);
    net_arm(net, fd, ARM_TAG);
    world_expect_nothing(net);
    assert_int_equal(write(client, "ask", 3), 3);
    struct net_event event = world_next(net);
    assert_int_equal(event.tag, ARM_TAG);
    assert_int_equal(net_receive(net, fd, bytes, sizeof bytes), 3);
    net_arm_output(net, fd, OUTPUT_TAG);
    event = world_next(net);
    assert_int_equal(event.tag, OUTPUT_TAG);
    assert_int_equal(event.result, POLLOUT);
    struct iovec piece = {bytes, sizeof bytes};
    while (net_send_now(net, fd, &piece, 1) == (ssize_t)sizeof bytes)
        continue;
    net_arm_output(net, fd, OUTPUT_TAG);
    net_arm(net, fd, ARM_TAG);
    world_expect_nothing(net);
    for (int i = 0; i < 400; i++)
        (void)recv(client, bytes, sizeof bytes, MSG_DONTWAIT);
    event = world_next(net);
    assert_int_equal(event.tag, OUTPUT_TAG);
    close(client);
    event = world_next(net);
    assert_int_equal(event.tag, ARM_TAG);
    net_close(net, fd);
    net_close(net, own);
    world_end(net);
}

const struct CMUnitTest world_tests[] = {
    cmocka_unit_test(a_send_waits_for_room),
    cmocka_unit_test(an_owned_send_that_breaks_says_what_went_out),
    cmocka_unit_test(an_end_of_ours_completes_an_owned_send),
    cmocka_unit_test(a_connection_to_itself_is_told_from_one_to_a_server),
    cmocka_unit_test(a_read_of_all_there_is_leaves_nothing_ready),
    cmocka_unit_test(what_a_read_left_is_ready),
    cmocka_unit_test(bytes_behind_urgent_data_are_ready),
    cmocka_unit_test(any_descriptor_can_be_armed),
    cmocka_unit_test(what_a_child_holds_open_is_nobodys),
    cmocka_unit_test(many_are_held_at_once),
    cmocka_unit_test(each_event_comes_once_however_many_there_are),
    cmocka_unit_test(a_door_that_cannot_be_made_is_none),
    cmocka_unit_test(a_signal_ends_a_wait),
    cmocka_unit_test(a_server_is_told_of_input_and_of_room),
};
const size_t world_test_count = sizeof world_tests / sizeof *world_tests;
