/* The contract of net.h: what each body of the door keeps, and the simulated one too. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "world.h"

const char world_request[] = "GET / HTTP/1.1\r\n\r\n";
const size_t world_request_length = sizeof world_request - 1;

struct net_event world_next(struct net *net) {
    struct net_event event = {0};
    instant until = instant_after(net_now(net), 10 * SECOND);
    while (net_take(net, &event, 1) == 0) {
        if (!instant_before(net_now(net), until))
            fail_msg("no event came");
        assert_int_equal(net_wait(net, until, 1), 0);
    }
    return event;
}

void world_expect_nothing(struct net *net) {
    struct net_event event;
    instant until = instant_after(net_now(net), 60 * MILLISECOND);
    while (instant_before(net_now(net), until)) {
        assert_int_equal(net_wait(net, until, 1), 0);
        net_gather(net);
        if (net_take(net, &event, 1) != 0)
            fail_msg("an event came: tag %d, result %d", (int)event.tag, event.result);
    }
}

static void expect(struct net *net, uint64_t tag, int result) {
    struct net_event event = world_next(net);
    assert_int_equal(event.tag, tag);
    assert_int_equal(event.result, result);
}

int world_connect(struct net *net, const struct address *target) {
    int fd = net_open(net, NULL, target);
    assert_true(fd >= 0);
    net_connect(net, fd, target, CONNECT_TAG);
    expect(net, CONNECT_TAG, 0);
    return fd;
}

void world_ask(struct net *net, int fd) {
    net_send_shared(net, fd, world_request, world_request_length, SEND_TAG);
}

void world_await_ready(struct net *net, int fd, int bits) {
    net_arm(net, fd, ARM_TAG);
    struct net_event event = world_next(net);
    assert_int_equal(event.tag, ARM_TAG);
    assert_int_equal(event.result & bits, bits);
}

ssize_t world_read_all(struct net *net, int fd, size_t *total) {
    static char bytes[1 << 16];
    ssize_t got;
    *total = 0;
    while ((got = net_receive(net, fd, bytes, sizeof bytes)) > 0)
        *total += (size_t)got;
    return got;
}

/* A connection of a peer, until it has asked and been answered. */
static int answered(struct net *net, const struct address *target) {
    int fd = world_connect(net, target);
    world_ask(net, fd);
    world_await_ready(net, fd, POLLIN);
    return fd;
}

/* --- connecting --- */

static void a_refused_connect_says_so(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_REFUSES, &target);
    int fd = net_open(net, NULL, &target);
    net_connect(net, fd, &target, CONNECT_TAG);
    expect(net, CONNECT_TAG, -ECONNREFUSED);
    net_close(net, fd);
    world_end(net);
}

static void an_end_of_ours_completes_a_connect_under_way(void **state) {
    (void)state;
    void (*const ends[])(struct net *, int) = {net_shutdown, net_reset};
    for (size_t i = 0; i < 2; i++) {
        struct address target;
        struct net *net = world_begin(PEER_NEVER_ACCEPTS, &target);
        int fd = net_open(net, NULL, &target);
        net_connect(net, fd, &target, CONNECT_TAG);
        world_expect_nothing(net);
        ends[i](net, fd);
        struct net_event event = world_next(net);
        assert_int_equal(event.tag, CONNECT_TAG);
        assert_true(event.result < 0);
        net_close(net, fd);
        world_end(net);
    }
}

/* --- asking and reading --- */

static void an_answer_is_read_whole(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    int fd = world_connect(net, &target);
    for (int i = 0; i < 3; i++) {
        size_t total;
        assert_int_equal(net_waiting(net, fd), 0);
        world_ask(net, fd);
        world_await_ready(net, fd, POLLIN);
        size_t waiting = net_waiting(net, fd);
        assert_true(waiting > 0);
        assert_int_equal(world_read_all(net, fd, &total), -EAGAIN);
        assert_int_equal(total, waiting);
    }
    net_close(net, fd);
    world_end(net);
}

static void a_send_that_went_out_whole_gives_no_event(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    int fd = world_connect(net, &target);
    world_ask(net, fd);
    world_expect_nothing(net);
    net_close(net, fd);
    world_end(net);
}

static void an_owned_send_says_how_much_went_out(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    int fd = world_connect(net, &target);
    net_send_owned(net, fd, world_request, world_request_length, SEND_TAG);
    expect(net, SEND_TAG, (int)world_request_length);
    net_close(net, fd);
    world_end(net);
}

/* --- readiness --- */

static void readiness_fires_once_and_at_once_for_what_is_there(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    int fd = world_connect(net, &target);
    world_ask(net, fd);
    world_expect_nothing(net);
    for (int i = 0; i < 3; i++) {
        net_arm(net, fd, ARM_TAG);
        expect(net, ARM_TAG, POLLIN);
        world_expect_nothing(net);
    }
    net_close(net, fd);
    world_end(net);
}

/* Whoever takes events until there are none, and arms at each, would else never be done. */
static void what_is_prepared_while_taking_comes_with_the_next_wait(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    struct net_event event;
    int fd = answered(net, &target);
    net_arm(net, fd, ARM_TAG);
    assert_int_equal(net_take(net, &event, 1), 0);
    expect(net, ARM_TAG, POLLIN);
    net_close(net, fd);
    world_end(net);
}

static void readiness_waits_for_more_than_was_read(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    int fd = answered(net, &target);
    size_t total;
    (void)world_read_all(net, fd, &total);
    net_arm(net, fd, ARM_TAG);
    world_expect_nothing(net);
    world_ask(net, fd);
    expect(net, ARM_TAG, POLLIN);
    net_close(net, fd);
    world_end(net);
}

static void an_end_of_ours_completes_an_armed_readiness(void **state) {
    (void)state;
    void (*const ends[])(struct net *, int) = {net_shutdown, net_reset};
    for (size_t i = 0; i < 2; i++) {
        struct address target;
        struct net *net = world_begin(PEER_ANSWERS, &target);
        int fd = world_connect(net, &target);
        net_arm(net, fd, ARM_TAG);
        world_expect_nothing(net);
        ends[i](net, fd);
        struct net_event event = world_next(net);
        assert_int_equal(event.tag, ARM_TAG);
        assert_true(event.result > 0);
        net_close(net, fd);
        world_end(net);
    }
}

/* --- the peer's end --- */

static void a_fin_is_ready_and_reads_as_nothing(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ENDS, &target);
    int fd = answered(net, &target);
    size_t total;
    ssize_t last = world_read_all(net, fd, &total);
    assert_true(total > 0);
    assert_true(last == 0 || last == -EAGAIN);
    /* And it stays so. */
    for (int i = 0; i < 2; i++) {
        world_await_ready(net, fd, POLLIN | POLLRDHUP);
        assert_int_equal(world_read_all(net, fd, &total), 0);
    }
    net_close(net, fd);
    world_end(net);
}

/* Data, then the error, then the end: what a kernel gives. */
static void a_reset_is_handed_out_once(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ENDS_MIDWAY, &target);
    char bytes[256];
    int fd = answered(net, &target);
    assert_true(net_receive(net, fd, bytes, sizeof bytes) > 0);
    world_await_ready(net, fd, POLLIN | POLLERR | POLLHUP);
    assert_int_equal(net_receive(net, fd, bytes, sizeof bytes), -ECONNRESET);
    assert_int_equal(net_receive(net, fd, bytes, sizeof bytes), 0);
    net_close(net, fd);
    world_end(net);
}

/* After which a reset looks like a clean end. */
static void a_request_into_a_reset_fails_and_spends_the_error(void **state) {
    (void)state;
    for (int owned = 0; owned < 2; owned++) {
        struct address target;
        struct net *net = world_begin(PEER_RESETS, &target);
        char bytes[256];
        int fd = answered(net, &target);
        assert_true(net_receive(net, fd, bytes, sizeof bytes) > 0);
        world_await_ready(net, fd, POLLIN | POLLERR);
        if (owned)
            net_send_owned(net, fd, world_request, world_request_length, SEND_TAG);
        else
            world_ask(net, fd);
        expect(net, SEND_TAG, -ECONNRESET);
        assert_int_equal(net_receive(net, fd, bytes, sizeof bytes), 0);
        net_close(net, fd);
        world_end(net);
    }
}

/* --- descriptors and time --- */

static void a_number_is_free_again_after_the_next_submission(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    int first = net_open(net, NULL, &target), second = net_open(net, NULL, &target);
    assert_true(first >= 0 && second > first);
    net_close(net, second);
    net_close(net, first);
    assert_int_equal(net_wait(net, net_now(net), 1), 0);
    assert_int_equal(net_open(net, NULL, &target), first);
    net_close(net, first);
    world_end(net);
}

/* What the last owner of a number left behind is not the next one's. */
static void a_number_used_again_begins_anew(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    int fd = answered(net, &target);
    net_close(net, fd);
    assert_int_equal(net_wait(net, net_now(net), 1), 0);
    assert_int_equal(world_connect(net, &target), fd);
    net_arm(net, fd, ARM_TAG);
    world_expect_nothing(net);
    world_ask(net, fd);
    expect(net, ARM_TAG, POLLIN);
    net_close(net, fd);
    world_end(net);
}

static void a_wait_ends_in_time(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    const duration lengths[] = {0, 300 * MICROSECOND, 5 * MILLISECOND, 80 * MILLISECOND};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (uint32_t wanted = 1; wanted < 4; wanted += 2) {
            instant before = net_now(net);
            assert_int_equal(net_wait(net, instant_after(before, lengths[i]), wanted), 0);
            duration took = instant_since(net_now(net), before);
            assert_in_range(took, lengths[i], lengths[i] + 5 * SECOND);
        }
    world_end(net);
}

static void several_events_are_waited_for(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    struct net_event events[4];
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = world_connect(net, &target);
        net_arm(net, fds[i], (uint64_t)(100 + i));
    }
    world_expect_nothing(net);
    for (int i = 0; i < 3; i++)
        world_ask(net, fds[i]);
    assert_int_equal(net_wait(net, instant_after(net_now(net), 10 * SECOND), 3), 0);
    assert_int_equal(
        net_take(net, events, 2) + net_take(net, events + 2, 2) + net_take(net, events + 3, 1), 3);
    for (int i = 0; i < 3; i++)
        net_close(net, fds[i]);
    world_end(net);
}

/* With the first event more are waited for, and not longer than was said; what comes is there. */
static void events_are_waited_for_together(void **state) {
    (void)state;
    struct address target;
    struct net *net = world_begin(PEER_ANSWERS, &target);
    struct net_event events[4];
    int fds[3];
    duration waited;
    instant later = instant_after(net_now(net), 100 * SECOND);
    assert_int_equal(net_wait_together(net, later, 10 * SECOND, 3, &waited), 0);
    assert_int_equal(waited, 0); /* for none without a first */
    for (int i = 0; i < 3; i++) {
        fds[i] = world_connect(net, &target);
        net_arm(net, fds[i], (uint64_t)(100 + i));
    }
    world_expect_nothing(net);
    world_ask(net, fds[0]);
    assert_int_equal(net_wait(net, instant_after(net_now(net), 10 * SECOND), 1), 0);
    assert_int_equal(net_wait_together(net, later, 10 * SECOND, 1, &waited), 0);
    assert_int_equal(waited, 0);
    assert_int_equal(net_wait_together(net, net_now(net), 10 * SECOND, 3, &waited), 0);
    assert_int_equal(waited, 0);
    assert_int_equal(net_wait_together(net, later, 20 * MILLISECOND, 3, &waited), 0);
    assert_in_range(waited, 20 * MILLISECOND, 5 * SECOND);
    world_ask(net, fds[1]);
    world_ask(net, fds[2]);
    assert_int_equal(net_wait_together(net, later, 10 * SECOND, 3, &waited), 0);
    assert_in_range(waited, 1, 5 * SECOND);
    assert_int_equal(
        net_take(net, events, 2) + net_take(net, events + 2, 2) + net_take(net, events + 3, 1), 3);
    for (int i = 0; i < 3; i++)
        net_close(net, fds[i]);
    world_end(net);
}

int main(int argc, char **argv) {
    const struct CMUnitTest contract[] = {
        cmocka_unit_test(a_refused_connect_says_so),
        cmocka_unit_test(an_end_of_ours_completes_a_connect_under_way),
        cmocka_unit_test(an_answer_is_read_whole),
        cmocka_unit_test(a_send_that_went_out_whole_gives_no_event),
        cmocka_unit_test(an_owned_send_says_how_much_went_out),
        cmocka_unit_test(readiness_fires_once_and_at_once_for_what_is_there),
        cmocka_unit_test(what_is_prepared_while_taking_comes_with_the_next_wait),
        cmocka_unit_test(readiness_waits_for_more_than_was_read),
        cmocka_unit_test(an_end_of_ours_completes_an_armed_readiness),
        cmocka_unit_test(a_fin_is_ready_and_reads_as_nothing),
        cmocka_unit_test(a_reset_is_handed_out_once),
        cmocka_unit_test(a_request_into_a_reset_fails_and_spends_the_error),
        cmocka_unit_test(a_number_is_free_again_after_the_next_submission),
        cmocka_unit_test(a_number_used_again_begins_anew),
        cmocka_unit_test(a_wait_ends_in_time),
        cmocka_unit_test(several_events_are_waited_for),
        cmocka_unit_test(events_are_waited_for_together),
    };
    if (!world_choose(argc, argv))
        return 2;
    int failed = cmocka_run_group_tests(contract, NULL, NULL);
    return failed + _cmocka_run_group_tests("world", world_tests, world_test_count, NULL, NULL);
}
