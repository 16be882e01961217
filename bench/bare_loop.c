/* The least possible io_uring loop for the main job: what the work costs without any bookkeeping.
 *
 * Opens connections by an absolute ramp, sends a HEAD on each after a random think time, and holds
 * them: sends in one submission per 10 ms tick, a one-shot poll armed on each connection, one recv
 * per answer. No response is parsed (an answer is a recv that gave bytes), no deadline is kept and
 * nothing is measured but three counts. Several processes share the connections where one may not
 * hold them all, from loopback addresses of their own. It is the floor holdfast's own cost is
 * compared with, not a tool. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 10, SQ_ENTRIES = 4096, CQ_ENTRIES = 16384, NONE = -1 };
enum op { OP_CONNECT, OP_POLL, OP_SEND };

static struct {
    int connections, ramp, hold_s, think_low_s, think_high_s, port, workers;
    const char *host;
} asked = {10000, 10, 60, 1, 30, 8080, 1, "127.0.0.1"};

/* What all processes count, in memory they share. */
static struct { _Atomic uint64_t live, sent, answered, lost; } * total;

static int worker; /* which process this is, from 0 */
static int share;  /* of the connections: those whose number modulo workers is worker */

static struct io_uring ring;
static struct sockaddr_in target;
static char request[256];
static size_t request_length;
static int *fds;       /* by connection; NONE when not open */
static int *next_due;  /* by connection: the next one due in the same tick */
static int *first_due; /* by tick modulo slots: the first connection due then */
static uint64_t slots; /* ticks the wheel can look ahead */
static uint64_t tick;  /* the one we are in, from the start */
static int live, awaiting;
static bool freezing; /* the hold is over: nothing more is asked, and an end is not a loss */
static uint64_t sent, answered, lost;

static void die(const char *what, int error) {
    fprintf(stderr, "bare_loop: %s: %s\n", what, strerror(error));
    exit(1);
}

static void *take(size_t count, size_t size) {
    void *memory = malloc(count * size);
    if (!memory)
        die("malloc", errno);
    return memory;
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static struct io_uring_sqe *prepare(void) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
    while (!sqe) { /* the queue is full: hand it over first */
        int done = io_uring_submit(&ring);
        if (done < 0 && done != -EBUSY && done != -EINTR)
            die("submit", -done);
        sqe = io_uring_get_sqe(&ring);
    }
    return sqe;
}

static void tag(struct io_uring_sqe *sqe, enum op op, int c) {
    io_uring_sqe_set_data64(sqe, (uint64_t)op << 32 | (uint32_t)c);
}

static void watch(int c) {
    struct io_uring_sqe *sqe = prepare();
    io_uring_prep_poll_add(sqe, fds[c], POLLIN | POLLRDHUP);
    tag(sqe, OP_POLL, c);
}

static void ask(int c) {
    struct io_uring_sqe *sqe = prepare();
    io_uring_prep_send(sqe, fds[c], request, request_length, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    tag(sqe, OP_SEND, c);
    sent++;
    awaiting++;
}

static void think(int c) {
    int low = asked.think_low_s * 1000 / TICK_MS, high = asked.think_high_s * 1000 / TICK_MS;
    uint64_t due = tick + (uint64_t)(low + (int)(random() % (high - low + 1)));
    if (due == tick)
        due++;
    next_due[c] = first_due[due % slots];
    first_due[due % slots] = c;
}

static void ask_due(void) {
    int c = first_due[tick % slots];
    first_due[tick % slots] = NONE;
    while (c != NONE) {
        int next = next_due[c];
        if (fds[c] != NONE)
            ask(c);
        c = next;
    }
}

/* One source address has too few ports for what several processes hold, and the kernel searches
 * long for one beyond half of them: two addresses a process. */
static void bind_source(int c) {
    int one = 1;
    uint32_t address = INADDR_LOOPBACK + 1 + 2 * (uint32_t)worker + (uint32_t)c % 2;
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    setsockopt(fds[c], IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fds[c], (struct sockaddr *)&source, sizeof source) != 0)
        die("bind", errno);
}

static void connect_one(int c) {
    int one = 1;
    fds[c] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fds[c] < 0)
        die("socket", errno);
    setsockopt(fds[c], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (asked.workers > 1)
        bind_source(c);
    struct io_uring_sqe *sqe = prepare();
    io_uring_prep_connect(sqe, fds[c], (struct sockaddr *)&target, sizeof target);
    tag(sqe, OP_CONNECT, c);
}

static void lose(int c) {
    close(fds[c]);
    fds[c] = NONE;
    lost += !freezing;
}

static void connected(int c, int result) {
    if (result < 0) {
        lose(c);
        return;
    }
    live++;
    ask(c);
    watch(c);
}

static void readable(int c) {
    static char scratch[65536];
    ssize_t got = recv(fds[c], scratch, sizeof scratch, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        live--;
        lose(c);
        return;
    }
    if (got > 0) {
        answered++;
        awaiting--;
        if (!freezing)
            think(c);
    }
    watch(c);
}

static void take_completions(void) {
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;
    io_uring_for_each_cqe(&ring, head, cqe) {
        enum op op = (enum op)(cqe->user_data >> 32);
        int c = (int)(uint32_t)cqe->user_data;
        if (op == OP_CONNECT)
            connected(c, cqe->res);
        else if (op == OP_POLL)
            readable(c);
        count++; /* a failed send is followed by its poll, which says the same */
    }
    io_uring_cq_advance(&ring, count);
}

static void turn(int64_t until_ns) {
    int64_t left = until_ns - now_ns();
    struct __kernel_timespec wait = {.tv_nsec = left > 0 ? left : 0};
    struct io_uring_cqe *cqe;
    int result = io_uring_submit_and_wait_timeout(&ring, &cqe, 1, &wait, NULL);
    if (result < 0 && result != -ETIME && result != -EINTR && result != -EBUSY)
        die("wait", -result);
    take_completions();
}

/* The place of a connection of ours in the ramp of all processes together. */
static int64_t order_of(int c) {
    return (int64_t)c * asked.workers + worker;
}

static void soak(void) {
    int64_t start = now_ns(), tick_ns = TICK_MS * INT64_C(1000000);
    uint64_t ramp_ticks =
        ((uint64_t)asked.connections + (uint64_t)asked.ramp - 1) / (uint64_t)asked.ramp;
    uint64_t last = ramp_ticks + (uint64_t)asked.hold_s * 1000 / TICK_MS;
    int opened = 0;
    for (tick = 0; tick <= last; tick++) {
        while (opened < share && order_of(opened) < (int64_t)(tick + 1) * asked.ramp)
            connect_one(opened++);
        ask_due();
        int64_t end = start + ((int64_t)tick + 1) * tick_ns;
        do
            turn(end);
        while (now_ns() < end);
    }
    total->live += (uint64_t)live;
    freezing = true;
    for (int64_t end = now_ns() + 3000000000; awaiting > 0 && now_ns() < end;)
        turn(now_ns() + tick_ns);
}

/* Ends each connection: shutdown sends the FIN and ends the armed poll. */
static void drain(void) {
    for (int c = 0; c < share; c++)
        if (fds[c] != NONE)
            shutdown(fds[c], SHUT_RDWR);
    while (live > 0)
        turn(now_ns() + TICK_MS * INT64_C(1000000));
}

static void make_ring(void) {
    struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                         IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE |
                                         IORING_SETUP_CLAMP,
                                .cq_entries = CQ_ENTRIES};
    int result = io_uring_queue_init_params(SQ_ENTRIES, &ring, &p);
    if (result < 0)
        die("io_uring_queue_init", -result);
    io_uring_register_ring_fd(&ring);
}

static void make_tables(void) {
    size_t n = (size_t)share;
    slots = (uint64_t)asked.think_high_s * 1000 / TICK_MS + 2;
    fds = take(n, sizeof *fds);
    next_due = take(n, sizeof *next_due);
    first_due = take(slots, sizeof *first_due);
    for (size_t c = 0; c < n; c++)
        fds[c] = NONE;
    for (size_t s = 0; s < slots; s++)
        first_due[s] = NONE;
    request_length = (size_t)snprintf(request, sizeof request,
                                      "HEAD / HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: bare_loop\r\n"
                                      "Accept: */*\r\n\r\n",
                                      asked.host, asked.port);
}

static int number(const char *text, int least) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least || value > 10000000) {
        fprintf(stderr, "bare_loop: not a number from %d on: %s\n", least, text);
        exit(2);
    }
    return (int)value;
}

static void read_options(int argc, char **argv) {
    int option;
    while ((option = getopt(argc, argv, "c:r:d:l:u:h:p:w:")) != -1) {
        switch (option) {
        case 'c': asked.connections = number(optarg, 1); break;
        case 'r': asked.ramp = number(optarg, 1); break;
        case 'd': asked.hold_s = number(optarg, 0); break;
        case 'l': asked.think_low_s = number(optarg, 0); break;
        case 'u': asked.think_high_s = number(optarg, asked.think_low_s); break;
        case 'h': asked.host = optarg; break;
        case 'p': asked.port = number(optarg, 1); break;
        case 'w': asked.workers = number(optarg, 1); break;
        default:
            fprintf(stderr,
                    "usage: %s [-c connections] [-r connections per 10 ms] [-d hold seconds]\n"
                    "       [-l think low seconds] [-u think high seconds] [-h IPv4] [-p port]\n"
                    "       [-w processes, from loopback addresses of their own]\n",
                    argv[0]);
            exit(2);
        }
    }
}

/* One process' share, from nothing to drained. */
static void work(int index) {
    worker = index;
    share = asked.connections / asked.workers + (index < asked.connections % asked.workers);
    srandom((unsigned)index + 1);
    make_tables();
    make_ring();
    soak();
    drain();
    io_uring_queue_exit(&ring);
    total->sent += sent;
    total->answered += answered;
    total->lost += lost;
}

/* The shares in processes of their own; false when one of them failed. */
static bool work_in_processes(void) {
    for (int i = 0; i < asked.workers; i++) {
        pid_t pid = fork();
        if (pid < 0)
            die("fork", errno);
        if (pid > 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        work(i);
        exit(0);
    }
    bool well = true;
    for (int status; wait(&status) > 0;)
        well = well && status == 0;
    return well;
}

static void raise_limit(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)asked.port)};
    if (inet_pton(AF_INET, asked.host, &target.sin_addr) != 1 || strlen(asked.host) > 100)
        die(asked.host, EINVAL);
    raise_limit();
    total = mmap(NULL, sizeof *total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (total == MAP_FAILED)
        die("mmap", errno);
    bool well = true;
    if (asked.workers > 1)
        well = work_in_processes();
    else
        work(0);
    printf("live %llu\nsent %llu\nanswered %llu\nlost %llu\n", (unsigned long long)total->live,
           (unsigned long long)total->sent, (unsigned long long)total->answered,
           (unsigned long long)total->lost);
    return well ? 0 : 1;
}
