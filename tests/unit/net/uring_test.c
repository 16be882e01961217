/* The ring's body on kernels that lack a part of what it asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net.h"

/* What the kernel of a test knows, beside what this one does. */
static unsigned known_flags, lacking_features, flags_taken;

int __real_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                      struct io_uring_params *params);
int __wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                      struct io_uring_params *params);
int __wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                      struct io_uring_params *params) {
    if ((params->flags & ~known_flags) != 0)
        return -EINVAL;
    flags_taken = params->flags;
    int result = __real_io_uring_queue_init_params(entries, ring, params);
    params->features &= ~lacking_features;
    ring->features = params->features;
    return result;
}

enum {
    FLAGS_5_6 = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
    FLAGS_5_18 = FLAGS_5_6 | IORING_SETUP_SUBMIT_ALL,
    FLAGS_5_19 = FLAGS_5_18 | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    FLAGS_6_0 = FLAGS_5_19 | IORING_SETUP_SINGLE_ISSUER,
    FLAGS_6_1 = FLAGS_6_0 | IORING_SETUP_DEFER_TASKRUN,
};

static const struct net_config config = {.entries = 64, .engine = ENGINE_URING};

static int next_descriptor(void) {
    int fd = dup(0);
    close(fd);
    return fd;
}

static struct net_event next_event(struct net *net) {
    struct net_event event;
    instant until = instant_after(net_now(net), 30 * SECOND);
    while (net_take(net, &event, 1) == 0) {
        assert_int_equal(net_wait(net, until, 1), 0);
        assert_true(instant_before(net_now(net), until));
    }
    return event;
}

/* A byte goes through, and nothing is left behind. */
static void make_a_turn(void) {
    struct net *net = NULL;
    int pair[2], before = next_descriptor();
    assert_int_equal(net_create(&net, &config), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    net_send_shared(net, pair[0], "x", 1, 1); /* gives no event */
    net_arm(net, pair[1], 2);
    struct net_event event = next_event(net);
    assert_int_equal(event.tag, 2);
    assert_int_equal(event.result, POLLIN);
    close(pair[0]);
    close(pair[1]);
    net_destroy(net);
    assert_int_equal(next_descriptor(), before);
}

/* Each flag is a wish: what a kernel does not know is left out, for the next best. */
static void a_kernel_that_knows_fewer_flags_is_asked_for_fewer(void **state) {
    (void)state;
    const struct {
        unsigned known, lacks;
    } kernels[] = {
        {FLAGS_6_1, IORING_SETUP_COOP_TASKRUN},
        {FLAGS_6_0, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN},
        {FLAGS_5_19, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN},
        {FLAGS_5_18, ~(unsigned)FLAGS_5_6},
        {FLAGS_5_6, ~(unsigned)FLAGS_5_6},
    };
    lacking_features = 0;
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        known_flags = kernels[i].known;
        make_a_turn();
        assert_int_equal(flags_taken & kernels[i].lacks, 0);
    }
}

/* 5.4 and 5.10 cannot wait for a time, 5.15 cannot be silent of what went out. */
static void a_kernel_that_lacks_what_is_needed_gives_no_ring_and_says_why(void **state) {
    (void)state;
    const struct {
        unsigned flags, lacking;
    } kernels[] = {
        {0, IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP},
        {FLAGS_5_6, IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP},
        {FLAGS_5_6, IORING_FEAT_CQE_SKIP},
        {FLAGS_6_1, IORING_FEAT_CQE_SKIP}, /* as a kernel that only plays one */
    };
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        struct net *net = NULL;
        struct engine_refusal refusal;
        int before = next_descriptor();
        known_flags = kernels[i].flags;
        lacking_features = kernels[i].lacking;
        assert_int_equal(net_create(&net, &config), -EINVAL);
        assert_null(net);
        assert_int_equal(next_descriptor(), before);
        net_explain(&refusal, -EINVAL);
        assert_non_null(strstr(refusal.reason, "lacks what is needed (kernel "));
        assert_non_null(strstr(refusal.remedies[0], "6.1 or later"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_that_knows_fewer_flags_is_asked_for_fewer),
        cmocka_unit_test(a_kernel_that_lacks_what_is_needed_gives_no_ring_and_says_why),
    };
    struct net *net = NULL;
    known_flags = FLAGS_6_1;
    int error = net_create(&net, &config);
    if (error < 0) {
        print_message("skipped: no io_uring here (%s)\n", strerror(-error));
        return 77;
    }
    net_destroy(net);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
