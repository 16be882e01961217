/* The door over io_uring: submissions carry connects, sends, readiness and the wait. */
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/body.h"

/* Descriptors given back while submissions that may name them wait to be submitted. */
enum { CLOSES_MAX = 1024 };

struct uring {
    struct net net;
    struct io_uring ring;
    uint64_t overflows;
    int broken; /* -errno of a submission that cannot be repeated; net_wait() hands it out */
    uint32_t close_count;
    int closes[CLOSES_MAX];
};

/* Completions that the kernel may hold for us in its ring: bursts beyond it go to an overflow list
 * (IORING_FEAT_NODROP) and come out later. */
static int ring_try(struct uring *uring, uint32_t entries, unsigned flags) {
    uint32_t completions = entries * 4;
    for (int halvings = 0;; halvings++) {
        struct io_uring_params params = {
            .flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
            .cq_entries = completions,
        };
        int result = io_uring_queue_init_params(entries, &uring->ring, &params);
        /* ENOMEM is RLIMIT_MEMLOCK: a smaller completion queue does the same work. */
        if (result != -ENOMEM || halvings == 2)
            return result;
        completions /= 2;
    }
}

/* The locked memory of a process that has just ended is given back a moment later: RLIMIT_MEMLOCK
 * is the user's, for all of them together. */
static int ring_make(struct uring *uring, uint32_t entries, unsigned flags) {
    enum { TRIES = 25 };
    const struct timespec moment = {.tv_nsec = 20 * MILLISECOND};
    int result = ring_try(uring, entries, flags);
    for (int i = 1; i < TRIES && result == -ENOMEM; i++) {
        nanosleep(&moment, NULL);
        result = ring_try(uring, entries, flags);
    }
    return result;
}

static int uring_create(struct net **out, const struct net_config *config) {
    /* In order of preference: EINVAL says that the kernel does not know a flag. */
    static const unsigned flags[] = {
        IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
            IORING_SETUP_TASKRUN_FLAG,
        IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
        0,
    };
    struct uring *uring = calloc(1, sizeof *uring);
    if (uring == NULL)
        return -ENOMEM;
    uring->net.body = &net_body_uring;
    int result = -EINVAL;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0] && result == -EINVAL; i++)
        result = ring_make(uring, config->entries, flags[i]);
    if (result < 0) {
        free(uring);
        return result;
    }
    /* Waits with a timeout need EXT_ARG (5.11); silent successful sends CQE_SKIP (5.17). */
    unsigned needed = IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP | IORING_FEAT_NODROP;
    if ((uring->ring.features & needed) != needed) {
        io_uring_queue_exit(&uring->ring);
        free(uring);
        return -EINVAL;
    }
    /* A child that had the mapping would keep the ring, and all that waits in it, after our end. */
    (void)io_uring_ring_dontfork(&uring->ring);
    (void)io_uring_register_ring_fd(&uring->ring); /* saves a look-up; absent before 5.18 */
    *out = &uring->net;
    return 0;
}

/* All prepared submissions are with the kernel: numbers may be used again. */
static void close_pending(struct uring *uring) {
    for (uint32_t i = 0; i < uring->close_count; i++)
        close(uring->closes[i]);
    uring->close_count = 0;
}

static void uring_destroy(struct net *net) {
    struct uring *uring = (struct uring *)net;
    close_pending(uring);
    io_uring_queue_exit(&uring->ring);
    free(uring);
}

static uint64_t uring_overflows(const struct net *net) {
    const struct uring *uring = (const struct uring *)net;
    return uring->overflows;
}

/* Tells the kernel all that was prepared. A full completion queue (EBUSY, EAGAIN) leaves some for
 * the next time; what is left keeps its descriptors open. */
static void submit(struct uring *uring) {
    int result = io_uring_submit(&uring->ring);
    if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY)
        uring->broken = result;
    if (io_uring_sq_ready(&uring->ring) == 0)
        close_pending(uring);
}

static struct io_uring_sqe *next_submission(struct uring *uring) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);
    while (sqe == NULL && uring->broken == 0) {
        submit(uring);
        sqe = io_uring_get_sqe(&uring->ring);
        if (sqe == NULL)
            io_uring_get_events(&uring->ring); /* makes room by running completions */
    }
    return sqe;
}

/* No O_NONBLOCK: io_uring never blocks on a socket, but would give EAGAIN for a connect or a send
 * that must wait instead of waiting for readiness itself. */
static int uring_open(struct net *net, const struct address *source, const struct address *target) {
    (void)net;
    return net_open_socket(source, target, 0);
}

static int uring_adopt(struct net *net, int fd) {
    (void)net, (void)fd;
    return 0;
}

static void uring_connect(struct net *net, int fd, const struct address *target, uint64_t tag) {
    struct io_uring_sqe *sqe = next_submission((struct uring *)net);
    if (sqe == NULL)
        return;
    io_uring_prep_connect(sqe, fd, &target->of.any, target->length);
    io_uring_sqe_set_data64(sqe, tag);
}

static void prepare_send(struct uring *uring, int fd, const void *bytes, size_t length,
                         uint64_t tag, unsigned flags) {
    struct io_uring_sqe *sqe = next_submission(uring);
    if (sqe == NULL)
        return;
    /* MSG_WAITALL: io_uring itself sends the rest of a short send; without it a short send would
     * count as success and stay silent. */
    io_uring_prep_send(sqe, fd, bytes, length, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->flags |= (uint8_t)flags;
    io_uring_sqe_set_data64(sqe, tag);
}

static void uring_send_shared(struct net *net, int fd, const void *bytes, size_t length,
                              uint64_t tag) {
    prepare_send((struct uring *)net, fd, bytes, length, tag, IOSQE_CQE_SKIP_SUCCESS);
}

static void uring_send_owned(struct net *net, int fd, const void *bytes, size_t length,
                             uint64_t tag) {
    prepare_send((struct uring *)net, fd, bytes, length, tag, 0);
}

static ssize_t uring_receive(struct net *net, int fd, void *buffer, size_t size) {
    (void)net;
    return net_receive_now(fd, buffer, size);
}

static void arm(struct uring *uring, int fd, unsigned readiness, uint64_t tag) {
    struct io_uring_sqe *sqe = next_submission(uring);
    if (sqe == NULL)
        return;
    io_uring_prep_poll_add(sqe, fd, readiness);
    io_uring_sqe_set_data64(sqe, tag);
}

static void uring_arm(struct net *net, int fd, uint64_t tag) {
    arm((struct uring *)net, fd, POLLIN | POLLRDHUP, tag);
}

static void uring_arm_output(struct net *net, int fd, uint64_t tag) {
    arm((struct uring *)net, fd, POLLOUT, tag);
}

static void uring_close(struct net *net, int fd) {
    struct uring *uring = (struct uring *)net;
    if (io_uring_sq_ready(&uring->ring) == 0) {
        close(fd);
        return;
    }
    while (uring->close_count == CLOSES_MAX && uring->broken == 0) {
        submit(uring);
        io_uring_get_events(&uring->ring);
    }
    if (uring->close_count == CLOSES_MAX)
        close_pending(uring); /* a broken ring submits no more */
    uring->closes[uring->close_count++] = fd;
}

static int uring_wait(struct net *net, instant until, uint32_t wanted) {
    struct uring *uring = (struct uring *)net;
    if (IO_URING_READ_ONCE(*uring->ring.sq.kflags) & IORING_SQ_CQ_OVERFLOW)
        uring->overflows++;
    if (uring->close_count > 0)
        submit(uring);
    if (uring->broken != 0)
        return uring->broken;
    duration left = instant_since(until, net_now(net));
    if (left < 0)
        left = 0;
    struct __kernel_timespec timeout = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND};
    struct io_uring_cqe *cqe = NULL;
    int result = io_uring_submit_and_wait_timeout(&uring->ring, &cqe, wanted, &timeout, NULL);
    if (result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
        result == -EBUSY)
        return 0;
    return result;
}

static size_t uring_ready(const struct net *net) {
    return io_uring_cq_ready(&((const struct uring *)net)->ring);
}

/* DEFER_TASKRUN runs about 20 completions at each enter, and an overflow list waits for one. */
static void uring_gather(struct net *net) {
    struct uring *uring = (struct uring *)net;
    unsigned waiting = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
    if ((IO_URING_READ_ONCE(*uring->ring.sq.kflags) & waiting) != 0)
        io_uring_get_events(&uring->ring);
}

static size_t uring_take(struct net *net, struct net_event *events, size_t max) {
    struct io_uring *ring = &((struct uring *)net)->ring;
    size_t count = 0;
    unsigned head;
    struct io_uring_cqe *cqe;
    io_uring_for_each_cqe(ring, head, cqe) {
        if (count == max)
            break;
        events[count++] = (struct net_event){.tag = cqe->user_data, .result = cqe->res};
    }
    io_uring_cq_advance(ring, (unsigned)count);
    return count;
}

const struct net_body net_body_uring = {
    .name = "io_uring",
    .locked_bytes_of_entry = 75,    /* a submission of 64 bytes, and a completion queue cut twice */
    .objects = {{"io_kiocb", 256}}, /* the armed poll */
    .create = uring_create,
    .destroy = uring_destroy,
    .overflows = uring_overflows,
    .open = uring_open,
    .adopt = uring_adopt,
    .connect = uring_connect,
    .send_shared = uring_send_shared,
    .send_owned = uring_send_owned,
    .receive = uring_receive,
    .arm = uring_arm,
    .arm_output = uring_arm_output,
    .close = uring_close,
    .wait = uring_wait,
    .ready = uring_ready,
    .gather = uring_gather,
    .take = uring_take,
};
