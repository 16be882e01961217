/* The door over io_uring: submissions carry connects, sends, readiness and the wait; the rest are
 * plain system calls that do not block. */
#include "net/net.h"

#include <errno.h>
#include <liburing.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/net_serve.h"

/* Descriptors given back while submissions that may name them wait to be submitted. */
enum { CLOSES_MAX = 1024 };

struct net {
    struct io_uring ring;
    uint64_t overflows;
    int broken; /* -errno of a submission that cannot be repeated; net_wait() hands it out */
    uint32_t close_count;
    int closes[CLOSES_MAX];
};

/* Completions that the kernel may hold for us in its ring: bursts beyond it go to an overflow list
 * (IORING_FEAT_NODROP) and come out later. */
static int ring_try(struct net *net, uint32_t entries, unsigned flags) {
    uint32_t completions = entries * 4;
    for (int halvings = 0;; halvings++) {
        struct io_uring_params params = {
            .flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
            .cq_entries = completions,
        };
        int result = io_uring_queue_init_params(entries, &net->ring, &params);
        /* ENOMEM is RLIMIT_MEMLOCK: a smaller completion queue does the same work. */
        if (result != -ENOMEM || halvings == 2)
            return result;
        completions /= 2;
    }
}

/* The locked memory of a process that has just ended is given back a moment later: RLIMIT_MEMLOCK
 * is the user's, for all of them together. */
static int ring_make(struct net *net, uint32_t entries, unsigned flags) {
    enum { TRIES = 25 };
    const struct timespec moment = {.tv_nsec = 20 * MILLISECOND};
    int result = ring_try(net, entries, flags);
    for (int i = 1; i < TRIES && result == -ENOMEM; i++) {
        nanosleep(&moment, NULL);
        result = ring_try(net, entries, flags);
    }
    return result;
}

int net_create(struct net **out, const struct net_config *config) {
    /* In order of preference: EINVAL says that the kernel does not know a flag. */
    static const unsigned flags[] = {
        IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
            IORING_SETUP_TASKRUN_FLAG,
        IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
        0,
    };
    struct net *net = calloc(1, sizeof *net);
    if (net == NULL)
        return -ENOMEM;
    int result = -EINVAL;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0] && result == -EINVAL; i++)
        result = ring_make(net, config->entries, flags[i]);
    if (result < 0) {
        free(net);
        return result;
    }
    /* Waits with a timeout need EXT_ARG (5.11); silent successful sends CQE_SKIP (5.17). */
    unsigned needed = IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP | IORING_FEAT_NODROP;
    if ((net->ring.features & needed) != needed) {
        io_uring_queue_exit(&net->ring);
        free(net);
        return -EINVAL;
    }
    (void)io_uring_register_ring_fd(&net->ring); /* saves a look-up; absent before 5.18 */
    *out = net;
    return 0;
}

/* All prepared submissions are with the kernel: numbers may be used again. */
static void close_pending(struct net *net) {
    for (uint32_t i = 0; i < net->close_count; i++)
        close(net->closes[i]);
    net->close_count = 0;
}

void net_destroy(struct net *net) {
    if (net == NULL)
        return;
    close_pending(net);
    io_uring_queue_exit(&net->ring);
    free(net);
}

const char *net_engine(const struct net *net) {
    (void)net;
    return "io_uring";
}

uint64_t net_overflows(const struct net *net) {
    return net->overflows;
}

instant net_now(struct net *net) {
    (void)net;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (instant){(int64_t)now.tv_sec * SECOND + now.tv_nsec};
}

/* Tells the kernel all that was prepared. A full completion queue (EBUSY, EAGAIN) leaves some for
 * the next time; what is left keeps its descriptors open. */
static void submit(struct net *net) {
    int result = io_uring_submit(&net->ring);
    if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY)
        net->broken = result;
    if (io_uring_sq_ready(&net->ring) == 0)
        close_pending(net);
}

static struct io_uring_sqe *next_submission(struct net *net) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(&net->ring);
    while (sqe == NULL && net->broken == 0) {
        submit(net);
        sqe = io_uring_get_sqe(&net->ring);
        if (sqe == NULL)
            io_uring_get_events(&net->ring); /* makes room by running completions */
    }
    return sqe;
}

/* Linux 6.3, <linux/in.h>; older headers lack it. */
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

/* Ports are the kernel's choice, in its whole range: 1..65535 narrows nothing. But from 6.8 on it
 * then goes through them one by one; else it tries every other one first, and once half the range
 * is taken each connect scans that half in vain (docs/decisions/0020). Before 6.3 there is no such
 * option, and nothing else to be done. */
static void use_all_ports(int fd) {
    const uint32_t all = UINT32_C(65535) << 16 | 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &all, sizeof all);
}

int net_open(struct net *net, const struct address *source, const struct address *target) {
    (void)net;
    /* No O_NONBLOCK: io_uring never blocks on a socket, but would give EAGAIN for a connect or a
     * send that must wait instead of waiting for readiness itself. */
    int fd = socket(target->of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    int failed = setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    use_all_ports(fd);
    if (failed == 0 && source != NULL) {
        failed = setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (failed == 0)
            failed = bind(fd, &source->of.any, source->length);
    }
    if (failed == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

void net_connect(struct net *net, int fd, const struct address *target, uint64_t tag) {
    struct io_uring_sqe *sqe = next_submission(net);
    if (sqe == NULL)
        return;
    io_uring_prep_connect(sqe, fd, &target->of.any, target->length);
    io_uring_sqe_set_data64(sqe, tag);
}

bool net_connected_to_itself(struct net *net, int fd) {
    (void)net;
    struct address own = {.length = sizeof own.of}, peer = {.length = sizeof peer.of};
    if (getsockname(fd, &own.of.any, &own.length) != 0)
        return false;
    if (getpeername(fd, &peer.of.any, &peer.length) != 0)
        return false;
    return address_equal(&own, &peer);
}

static void prepare_send(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag,
                         unsigned flags) {
    struct io_uring_sqe *sqe = next_submission(net);
    if (sqe == NULL)
        return;
    /* MSG_WAITALL: io_uring itself sends the rest of a short send; without it a short send would
     * count as success and stay silent. */
    io_uring_prep_send(sqe, fd, bytes, length, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->flags |= (uint8_t)flags;
    io_uring_sqe_set_data64(sqe, tag);
}

void net_send(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag) {
    prepare_send(net, fd, bytes, length, tag, IOSQE_CQE_SKIP_SUCCESS);
}

void net_send_counted(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag) {
    prepare_send(net, fd, bytes, length, tag, 0);
}

ssize_t net_receive(struct net *net, int fd, void *buffer, size_t size) {
    (void)net;
    for (;;) {
        ssize_t got = recv(fd, buffer, size, MSG_DONTWAIT);
        if (got >= 0)
            return got;
        if (errno != EINTR)
            return -errno;
    }
}

size_t net_waiting(struct net *net, int fd) {
    (void)net;
    int bytes = 0;
    return ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? (size_t)bytes : 0;
}

static void arm(struct net *net, int fd, unsigned readiness, uint64_t tag) {
    struct io_uring_sqe *sqe = next_submission(net);
    if (sqe == NULL)
        return;
    io_uring_prep_poll_add(sqe, fd, readiness);
    io_uring_sqe_set_data64(sqe, tag);
}

void net_arm(struct net *net, int fd, uint64_t tag) {
    arm(net, fd, POLLIN | POLLRDHUP, tag);
}

void net_arm_output(struct net *net, int fd, uint64_t tag) {
    arm(net, fd, POLLOUT, tag);
}

void net_shutdown(struct net *net, int fd) {
    (void)net;
    /* The system call: IORING_OP_SHUTDOWN is always punted to a kernel thread. ENOTCONN is what a
     * peer's RST leaves; its completion is on its way. */
    (void)shutdown(fd, SHUT_RDWR);
}

void net_reset(struct net *net, int fd) {
    (void)net;
    /* connect(2): "dissolve the association by connecting to an address with AF_UNSPEC"; TCP sends
     * RST and skips TIME_WAIT. */
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    (void)connect(fd, &none, sizeof none);
}

void net_close(struct net *net, int fd) {
    if (io_uring_sq_ready(&net->ring) == 0) {
        close(fd);
        return;
    }
    while (net->close_count == CLOSES_MAX && net->broken == 0) {
        submit(net);
        io_uring_get_events(&net->ring);
    }
    if (net->close_count == CLOSES_MAX)
        close_pending(net); /* a broken ring submits no more */
    net->closes[net->close_count++] = fd;
}

bool net_unacknowledged(struct net *net, int fd) {
    (void)net;
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
        return false;
    return info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0;
}

int net_wait(struct net *net, instant until, uint32_t wanted) {
    if (IO_URING_READ_ONCE(*net->ring.sq.kflags) & IORING_SQ_CQ_OVERFLOW)
        net->overflows++;
    if (net->close_count > 0)
        submit(net);
    if (net->broken != 0)
        return net->broken;
    duration left = instant_since(until, net_now(net));
    if (left < 0)
        left = 0;
    struct __kernel_timespec timeout = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND};
    struct io_uring_cqe *cqe = NULL;
    int result = io_uring_submit_and_wait_timeout(&net->ring, &cqe, wanted, &timeout, NULL);
    if (result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
        result == -EBUSY)
        return 0;
    return result;
}

/* DEFER_TASKRUN runs about 20 completions at each enter, and an overflow list waits for one. */
void net_gather(struct net *net) {
    unsigned waiting = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
    if ((IO_URING_READ_ONCE(*net->ring.sq.kflags) & waiting) != 0)
        io_uring_get_events(&net->ring);
}

size_t net_take(struct net *net, struct net_event *events, size_t max) {
    struct io_uring *ring = &net->ring;
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
