/* The door's simulated body: descriptors, submissions and completions as a kernel has them, and
 * strict about every promise that net.h asks of its user. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/require.h"
#include "world.h"

static const int open_errors[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES, EADDRINUSE};
static const int connect_errors[] = {ECONNREFUSED,  ETIMEDOUT, ECONNRESET, EHOSTUNREACH,
                                     EADDRNOTAVAIL, EPERM,     ENOMEM,     EPROTO};
static const int self_errors[] = {1};
static const int send_errors[] = {ECONNRESET, EPIPE, ENOBUFS, EHOSTUNREACH};
static const int receive_errors[] = {ECONNRESET, ETIMEDOUT, ENOMEM, ESHUTDOWN}; /* a FIN */
static const int arm_errors[] = {ENOMEM};
static const int unacknowledged_errors[] = {1};
static const int wait_errors[] = {EINTR, EBADR};

static const struct {
    const int *errors;
    uint32_t count;
} fallible[OPERATIONS] = {
#define ROW(operation, name) [operation] = {name, sizeof name / sizeof *name}
    ROW(OPERATION_OPEN, open_errors),
    ROW(OPERATION_CONNECT, connect_errors),
    ROW(OPERATION_SELF, self_errors),
    ROW(OPERATION_SEND, send_errors),
    ROW(OPERATION_RECEIVE, receive_errors),
    ROW(OPERATION_ARM, arm_errors),
    ROW(OPERATION_UNACKNOWLEDGED, unacknowledged_errors),
    ROW(OPERATION_WAIT, wait_errors),
#undef ROW
};

void world_wrong(const struct net *net, const char *what, int fd) {
    fprintf(stderr,
            "simulator: %s (descriptor %d, seed %" PRIu64 ", operation %" PRIu64 ", %.9f s)\n",
            what, fd, net->config.seed, net->truth.operations,
            duration_seconds(net->now_ns - net->config.start.ns));
    abort();
}

void world_note(struct net *net, uint64_t what, int fd, int64_t value) {
    uint64_t words[] = {what, (uint64_t)fd, (uint64_t)value, (uint64_t)net->now_ns};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        net->truth.hash = (net->truth.hash ^ words[i]) * 0x9e3779b97f4a7c15 + (words[i] >> 29);
}

uint64_t world_draw(struct net *net, uint64_t low, uint64_t high) {
    return random_between(&net->random, low, high);
}

bool world_chance(struct net *net, uint32_t of_a_million) {
    return of_a_million > 0 && world_draw(net, 0, 999999) < of_a_million;
}

/* Counts a fallible operation; the errno with which it is to fail, or 0. */
static int fallible_operation(struct net *net, enum operation operation) {
    uint64_t n = ++net->truth.operations;
    if (n <= OPERATIONS_KEPT)
        net->operations[n - 1] = (uint8_t)operation;
    if (net->denied[operation] != 0)
        return net->denied[operation];
    if (net->fail.n == 0 || n < net->fail.n || (n > net->fail.n && !net->fail.onward))
        return 0;
    return fallible[operation].errors[net->fail.which % fallible[operation].count];
}

void sim_fail(struct net *net, uint64_t n, uint32_t which, bool onward) {
    net->fail.n = n;
    net->fail.which = which;
    net->fail.onward = onward;
}

void sim_deny(struct net *net, enum operation operation, int error) {
    net->denied[operation] = error;
}

enum operation sim_operation(const struct net *net, uint64_t n) {
    require(n >= 1 && n <= OPERATIONS_KEPT && n <= net->truth.operations);
    return (enum operation)net->operations[n - 1];
}

uint32_t sim_errors(enum operation operation) {
    return fallible[operation].count;
}

/* Mapped: of its queues, made for the largest play, a short one touches a page or two. */
struct net *sim_create(const struct sim_config *config) {
    struct net *net =
        mmap(NULL, sizeof *net, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(net != MAP_FAILED);
    net->config = *config;
    net->now_ns = config->start.ns;
    net->stop = INSTANT_NEVER;
    random_seed(&net->random, config->seed, 0x51);
    policy_start(net);
    return net;
}

int net_create(struct net **out, const struct net_config *config) {
    (void)config;
    *out = sim_create(&(struct sim_config){.timeout = 3 * SECOND, .connect_timeout = 3 * SECOND});
    return 0;
}

void net_destroy(struct net *net) {
    if (net == NULL)
        return;
    records_free_all(net);
    free(net->sockets);
    queue_free(&net->peer);
    queue_free(&net->ring);
    munmap(net, sizeof *net);
}

const struct truth *sim_truth(const struct net *net) {
    return &net->truth;
}

void sim_freezing(struct net *net, bool freezing) {
    net->freezing = freezing;
}

void sim_down(struct net *net, bool down) {
    net->down = down;
    for (size_t fd = 0; down && fd < net->socket_count; fd++)
        if (net->sockets[fd].serial != 0 && net->sockets[fd].phase != PHASE_FAILED)
            server_stop(net, (int)fd);
}

void sim_wake(struct net *net) {
    net->woken = true;
}

void sim_stop_at(struct net *net, instant stop) {
    net->stop = stop;
}

uint64_t sim_stale_since(const struct net *net, instant since) {
    uint64_t stale = 0;
    for (size_t i = 0; i < net->socket_count; i++) {
        const struct socket *socket = &net->sockets[i];
        stale += socket->serial != 0 && socket->verdict == OUTCOME_COUNT &&
                 socket->answered_ns < since.ns;
    }
    return stale;
}

uint64_t sim_ports_held(const struct net *net, const struct address *source,
                        const struct address *target) {
    uint64_t held = 0;
    for (size_t i = 0; i < net->socket_count; i++) {
        const struct socket *socket = &net->sockets[i];
        held += socket->serial != 0 && socket->holds_port &&
                address_equal(&socket->source, source) && address_equal(&socket->target, target);
    }
    return held;
}

const char *net_engine(const struct net *net) {
    (void)net;
    return "simulation";
}

uint64_t net_overflows(const struct net *net) {
    (void)net;
    return 0;
}

void sim_pause(struct net *net, uint64_t reading, bool before, duration length,
               _Atomic int64_t *paused) {
    net->pause.reading = reading;
    net->pause.before = before;
    net->pause.length = length;
    net->pause.paused = paused;
}

static void stand_still(struct net *net) {
    net->now_ns += net->pause.length;
    net->pause.one = net->config.shows_one;
    if (net->pause.paused != NULL)
        atomic_fetch_add(net->pause.paused, net->pause.length);
}

/* Reading the clock takes a while, so that no two things happen at quite the same time; it shows
 * what the events before have cost. */
instant net_now(struct net *net) {
    net->now_ns += net->spent_ns;
    net->spent_ns = 0;
    bool pause = net->pause.reading > 0 && --net->pause.reading == 0;
    net->now_ns += (int64_t)world_draw(net, 1, 2000);
    if (pause && net->pause.before)
        stand_still(net);
    instant now = {net->now_ns};
    if (pause && !net->pause.before)
        stand_still(net);
    return now;
}

/* The socket behind a descriptor that the caller owns. */
static struct socket *owned(struct net *net, int fd) {
    if (fd < 0 || (size_t)fd >= net->socket_count || net->sockets[fd].serial == 0)
        world_wrong(net, "an operation on a descriptor that is not open", fd);
    if (net->sockets[fd].closing)
        world_wrong(net, "an operation on a descriptor that was given back", fd);
    return &net->sockets[fd];
}

/* The lowest number that is free, as a kernel gives it. */
static int take_number(struct net *net) {
    size_t fd = (size_t)net->lowest_free;
    while (fd < net->socket_count && net->sockets[fd].serial != 0)
        fd++;
    if (fd == net->socket_count) {
        size_t count = net->socket_count > 0 ? 2 * net->socket_count : 64;
        net->sockets = realloc(net->sockets, count * sizeof *net->sockets);
        require(net->sockets != NULL);
        memset(&net->sockets[net->socket_count], 0,
               (count - net->socket_count) * sizeof *net->sockets);
        net->socket_count = count;
    }
    net->lowest_free = (int)fd + 1;
    return (int)fd;
}

int net_open(struct net *net, const struct address *source, const struct address *target) {
    if (target->length == 0)
        world_wrong(net, "no address to connect to", -1);
    if (source != NULL && (source->of.any.sa_family != target->of.any.sa_family ||
                           source->length != target->length || address_port(source) != 0))
        world_wrong(net, "a source that does not go with the target", -1);
    net->truth.attempted++;
    struct socket fresh = {.verdict = OUTCOME_COUNT, .target = *target};
    if (source != NULL)
        fresh.source = *source;
    server_open(net, &fresh);
    int error = fallible_operation(net, OPERATION_OPEN);
    if (error == 0)
        error = fresh.script.open_error;
    world_note(net, OPERATION_OPEN, -1, error);
    if (error != 0) {
        records_free(net, &fresh);
        truth_open_failed(net, error);
        return -error;
    }
    int fd = take_number(net);
    fresh.serial = ++net->serial;
    fresh.connect_version = 1;
    net->sockets[fd] = fresh;
    net->truth.descriptors++;
    return fd;
}

static void prepare(struct net *net, enum operation operation, int fd, uint64_t tag) {
    require(net->prepared_count < PREPARED_MAX);
    net->prepared[net->prepared_count++] =
        (struct prepared){operation, fd, net->sockets[fd].serial, tag, 0, true};
}

void net_connect(struct net *net, int fd, const struct address *target, uint64_t tag) {
    struct socket *socket = owned(net, fd);
    if (target->length == 0)
        world_wrong(net, "no address to connect to", fd);
    if (!address_equal(target, &socket->target))
        world_wrong(net, "opened for one address and connected to another", fd);
    if (socket->phase != PHASE_NEW || socket->connect_owed)
        world_wrong(net, "a second connect", fd);
    socket->phase = PHASE_CONNECTING;
    socket->connect_owed = true;
    socket->connect_tag = tag;
    socket->attempted_ns = net->now_ns;
    prepare(net, OPERATION_CONNECT, fd, tag);
}

bool net_has_source(struct net *net, const struct address *target) {
    (void)net, (void)target;
    return true;
}

bool net_connected_to_itself(struct net *net, int fd, const struct address *target) {
    (void)target;
    struct socket *socket = owned(net, fd);
    if (socket->phase != PHASE_UP)
        world_wrong(net, "asked who it is connected to, and it is not", fd);
    if (fallible_operation(net, OPERATION_SELF) == 0 && socket->script.connect != CONNECT_SELF)
        return false;
    truth_self(net, socket);
    return true;
}

void net_send_shared(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag) {
    struct socket *socket = owned(net, fd);
    if (socket->phase != PHASE_UP || socket->shut)
        world_wrong(net, "a send on what is not connected", fd);
    if (socket->outstanding || socket->send_owed)
        world_wrong(net, "a second request outstanding", fd);
    if (length < 4 || memcmp((const char *)bytes + length - 4, "\r\n\r\n", 4) != 0)
        world_wrong(net, "a request that does not end", fd);
    truth_asked(net, socket);
    prepare(net, OPERATION_SEND, fd, tag);
}

void net_send_owned(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag) {
    struct socket *socket = owned(net, fd);
    if (socket->phase != PHASE_UP || socket->shut)
        world_wrong(net, "a send on what is not connected", fd);
    bool asks = socket->records == NULL || records_take(net, socket, bytes, length);
    if ((asks && socket->outstanding) || socket->send_owed)
        world_wrong(net, "a second request outstanding", fd);
    socket->send_owed = true;
    socket->send_tag = tag;
    socket->send_length = (int)length;
    if (asks)
        truth_asked(net, socket);
    prepare(net, OPERATION_SEND, fd, tag);
    net->prepared[net->prepared_count - 1].length = (int)length;
    net->prepared[net->prepared_count - 1].asks = asks;
}

void net_arm(struct net *net, int fd, uint64_t tag) {
    struct socket *socket = owned(net, fd);
    if (socket->ready_owed)
        world_wrong(net, "a second armed readiness", fd);
    socket->ready_owed = true;
    socket->ready_tag = tag;
    prepare(net, OPERATION_ARM, fd, tag);
}

static int readiness(const struct socket *socket) {
    bool ended = socket->fin || socket->dead || socket->shut;
    return (socket->piece_count > 0 || ended ? POLLIN : 0) | (ended ? POLLRDHUP : 0) |
           (socket->error != 0 ? POLLERR : 0) |
           (socket->dead || (socket->fin && socket->shut) ? POLLHUP : 0);
}

static void queue_completion(struct net *net, int fd, enum kind kind, duration most, int result) {
    struct socket *socket = &net->sockets[fd];
    duration after = (duration)world_draw(net, 0, (uint64_t)most);
    queue_push(&net->ring, &(struct happening){.at_ns = net->now_ns + after,
                                               .shuffle = random_next(&net->random),
                                               .serial = socket->serial,
                                               .version = socket->connect_version,
                                               .fd = fd,
                                               .result = result,
                                               .kind = kind});
}

/* Wakes the armed readiness when there is something to wake it for. */
static void poke(struct net *net, int fd) {
    struct socket *socket = &net->sockets[fd];
    if (!socket->polled || socket->firing || readiness(socket) == 0)
        return;
    socket->firing = true;
    duration most = net->config.ready_after > 0 ? net->config.ready_after : 20 * MICROSECOND;
    queue_completion(net, fd, RING_READY, most, 0);
}

static void post(struct net *net, int fd, enum operation operation, uint64_t tag, int result) {
    require(net->done_count < PREPARED_MAX);
    net->sockets[fd].connect_posted |= operation == OPERATION_CONNECT;
    net->done[net->done_count++] =
        (struct completion){{.tag = tag, .result = result}, net->sockets[fd].serial, operation, fd};
}

/* An owned send ends: now, because the connection has, or in its own time. */
static void queue_sent(struct net *net, int fd, duration most, int result) {
    struct socket *socket = &net->sockets[fd];
    queue_push(&net->ring, &(struct happening){
                               .at_ns = net->now_ns + (duration)world_draw(net, 0, (uint64_t)most),
                               .shuffle = random_next(&net->random),
                               .serial = socket->serial,
                               .version = socket->send_version,
                               .fd = fd,
                               .result = result,
                               .kind = RING_SENT});
}

/* The connection is gone, and some of the bytes with it. */
static void cut_send(struct net *net, int fd) {
    struct socket *socket = &net->sockets[fd];
    if (!socket->sending)
        return;
    socket->sending = false;
    socket->send_version++;
    queue_sent(net, fd, 50 * MICROSECOND,
               (int)world_draw(net, 1, (uint64_t)socket->send_length - 1));
}

static void submit_send(struct net *net, const struct prepared *prepared) {
    struct socket *socket = &net->sockets[prepared->fd];
    int error = fallible_operation(net, OPERATION_SEND);
    if (error == 0)
        error = prepared->asks ? server_refuses(net, socket) : server_refuses_flight(socket);
    if (error == ECONNRESET)
        socket->reset = socket->dead = true;
    if (error == EPIPE)
        socket->fin = true;
    if (error == 0 && socket->error != 0) {
        error = socket->error;
        socket->error = 0;
    } else if (error == 0 && (socket->dead || socket->shut || socket->written_into_fin)) {
        error = EPIPE;
    }
    if (error != 0) {
        post(net, prepared->fd, OPERATION_SEND, prepared->tag, -error);
        poke(net, prepared->fd);
        return;
    }
    socket->written_into_fin = socket->fin;
    socket->sending = prepared->length > 0;
    if (socket->sending)
        queue_sent(net, prepared->fd, net->config.sent_after, prepared->length);
    net->truth.received += prepared->asks;
    if (prepared->asks)
        server_request(net, prepared->fd);
    else
        server_flight(net, prepared->fd);
}

static void submit_arm(struct net *net, const struct prepared *prepared) {
    struct socket *socket = &net->sockets[prepared->fd];
    int error = fallible_operation(net, OPERATION_ARM);
    if (error == 0)
        error = socket->arm_error;
    if (error != 0) {
        post(net, prepared->fd, OPERATION_ARM, prepared->tag, -error);
        return;
    }
    socket->polled = true;
    poke(net, prepared->fd);
}

static void submit_connect(struct net *net, const struct prepared *prepared) {
    int error = fallible_operation(net, OPERATION_CONNECT);
    if (error != 0)
        post(net, prepared->fd, OPERATION_CONNECT, prepared->tag, -error);
    else
        server_connect(net, prepared->fd);
}

/* A submission finds its socket by number, now. */
static void submit(struct net *net) {
    for (size_t i = 0; i < net->prepared_count; i++) {
        const struct prepared *prepared = &net->prepared[i];
        world_note(net, 16 + (uint64_t)prepared->operation, prepared->fd, (int64_t)prepared->tag);
        if (net->sockets[prepared->fd].serial != prepared->serial)
            world_wrong(net, "a submission met another tenant of its number", prepared->fd);
        if (prepared->operation == OPERATION_SEND)
            submit_send(net, prepared);
        else if (prepared->operation == OPERATION_ARM)
            submit_arm(net, prepared);
        else
            submit_connect(net, prepared);
    }
    net->prepared_count = 0;
    for (size_t i = 0; i < net->closing_count; i++) {
        int fd = net->closing[i];
        records_free(net, &net->sockets[fd]);
        net->sockets[fd] = (struct socket){.serial = 0};
        if (fd < net->lowest_free)
            net->lowest_free = fd;
    }
    net->closing_count = 0;
}

static void arrive(struct net *net, const struct happening *happening) {
    struct socket *socket = &net->sockets[happening->fd];
    bool gone = socket->serial != happening->serial || socket->shut || socket->dead;
    world_note(net, 32 + (uint64_t)happening->kind, happening->fd, gone);
    if (gone) {
        net->truth.late += happening->kind == PEER_BYTES && happening->piece.mark == MARK_WHOLE;
        return;
    }
    switch (happening->kind) {
    case PEER_BYTES:
        require(socket->piece_count < PIECES_MAX);
        socket->pieces[(socket->piece_first + socket->piece_count++) % PIECES_MAX] =
            happening->piece;
        break;
    case PEER_FIN: socket->fin = true; break;
    case PEER_RST:
        socket->reset = socket->dead = true;
        socket->error = ECONNRESET;
        break;
    default:
        socket->dead = true;
        socket->error = happening->result;
        break;
    }
    if (socket->dead)
        cut_send(net, happening->fd);
    poke(net, happening->fd);
}

static void run_peers(struct net *net) {
    for (const struct happening *first;
         (first = queue_first(&net->peer)) != NULL && first->at_ns <= net->now_ns;) {
        struct happening happening = queue_pop(&net->peer);
        if (happening.kind == POLICY_TIMER || happening.kind == POLICY_HALT)
            policy_happening(net, &happening);
        else
            arrive(net, &happening);
    }
}

static void complete(struct net *net, const struct happening *happening) {
    struct socket *socket = &net->sockets[happening->fd];
    if (socket->serial != happening->serial)
        return;
    if (happening->kind == RING_SENT) {
        socket->sending &= socket->send_version != happening->version;
        if (socket->send_version == happening->version)
            post(net, happening->fd, OPERATION_SEND, socket->send_tag, happening->result);
    } else if (happening->kind == RING_READY) {
        socket->polled = socket->firing = false;
        post(net, happening->fd, OPERATION_ARM, socket->ready_tag, readiness(socket));
    } else if (socket->connect_version == happening->version) {
        socket->connect_version++;
        post(net, happening->fd, OPERATION_CONNECT, socket->connect_tag, happening->result);
    }
}

/* All that has happened by now; what the peers did comes first. */
static void run(struct net *net) {
    run_peers(net);
    for (const struct happening *first;
         (first = queue_first(&net->ring)) != NULL && first->at_ns <= net->now_ns;) {
        struct happening happening = queue_pop(&net->ring);
        complete(net, &happening);
    }
}

static int64_t next_at(const struct net *net) {
    const struct happening *peer = queue_first(&net->peer), *ring = queue_first(&net->ring);
    int64_t at_ns = peer != NULL ? peer->at_ns : INT64_MAX;
    return ring != NULL && ring->at_ns < at_ns ? ring->at_ns : at_ns;
}

static void advance(struct net *net, int64_t to_ns) {
    if (to_ns > net->now_ns)
        net->now_ns = to_ns;
}

/* Others had the processor: the world went on meanwhile. */
static void oversleep(struct net *net) {
    if (!world_chance(net, net->config.late_wakes))
        return;
    int64_t to_ns = net->now_ns + (int64_t)world_draw(net, 0, (uint64_t)net->config.late_by);
    advance(net, to_ns < net->stop.ns ? to_ns : net->stop.ns);
    run(net);
}

/* Sleeps in virtual time until there is a completion. */
static void sleep_until(struct net *net, instant until, uint32_t wanted) {
    if (net->stop.ns < until.ns)
        until = net->stop;
    if (net->woken)
        until.ns = net->now_ns;
    net->woken = false;
    run(net);
    while (net->done_count - net->done_first < wanted && net->now_ns < until.ns) {
        int64_t next = next_at(net);
        advance(net, next < until.ns ? next : until.ns);
        run(net);
    }
}

int net_wait(struct net *net, instant until, uint32_t wanted) {
    int error = fallible_operation(net, OPERATION_WAIT);
    if (error == EBADR)
        return -EBADR;
    net->pause.one = net->pause.shown = false;
    submit(net);
    if (error == EINTR && until.ns > net->now_ns + MILLISECOND)
        until.ns = net->now_ns + MILLISECOND;
    sleep_until(net, until, wanted);
    oversleep(net);
    world_note(net, OPERATION_WAIT, -1, (int64_t)(net->done_count - net->done_first));
    return 0;
}

int net_wait_together(struct net *net, instant until, duration most, uint32_t wanted,
                      duration *waited) {
    uint32_t ready = (uint32_t)(net->done_count - net->done_first);
    *waited = 0;
    if (!net->config.wakes_cost || ready == 0 || ready >= wanted)
        return 0;
    instant since = net_now(net);
    if (!instant_before(since, until))
        return 0;
    submit(net);
    sleep_until(net, instant_earlier(until, instant_after(since, most)), wanted);
    oversleep(net);
    *waited = instant_since(net_now(net), since);
    net->truth.together++;
    return 0;
}

/* The engine is about to see this completion. */
static void hand_out(struct net *net, const struct completion *completion) {
    struct socket *socket = &net->sockets[completion->fd];
    int result = completion->event.result;
    world_note(net, 64 + (uint64_t)completion->operation, completion->fd, result);
    if (net->config.event_cost > 0)
        net->spent_ns += (int64_t)world_draw(net, 0, (uint64_t)net->config.event_cost);
    if (socket->serial != completion->serial) {
        if (completion->operation != OPERATION_SEND)
            world_wrong(net, "closed with an event outstanding", completion->fd);
        net->truth.sends_failed++;
        return;
    }
    switch (completion->operation) {
    case OPERATION_CONNECT:
        socket->connect_owed = false;
        socket->phase = result < 0 ? PHASE_FAILED : PHASE_UP;
        truth_connected(net, socket, result);
        break;
    case OPERATION_ARM:
        socket->ready_owed = false;
        if (result < 0)
            truth_error(net, socket, -result);
        break;
    default:
        socket->send_owed = false;
        socket->send_version += result >= 0;
        if (result > 0)
            truth_sent(net, socket, result);
        else
            truth_send_failed(net, socket, -result);
        break;
    }
}

/* Two events of one socket never go out in one batch: the truth needs their order. */
/* Nothing is held back here: what is due was queued by the wait. */
void net_gather(struct net *net) {
    (void)net;
}

size_t net_take(struct net *net, struct net_event *events, size_t max) {
    if (net->done_first == net->done_count)
        net->done_first = net->done_count = 0;
    run(net);
    net->batch++;
    if (net->pause.one)
        max = net->pause.shown ? 0 : 1;
    size_t count = 0;
    while (count < max && net->done_first < net->done_count) {
        const struct completion *completion = &net->done[net->done_first];
        struct socket *socket = &net->sockets[completion->fd];
        if (socket->batch == net->batch)
            break;
        socket->batch = net->batch;
        hand_out(net, completion);
        events[count++] = completion->event;
        net->done_first++;
    }
    net->pause.shown |= net->pause.one && count > 0;
    return count;
}

size_t net_waiting(struct net *net, int fd) {
    const struct socket *socket = owned(net, fd);
    size_t bytes = 0;
    run_peers(net);
    for (uint32_t i = 0; i < socket->piece_count; i++)
        bytes += socket->pieces[(socket->piece_first + i) % PIECES_MAX].length;
    return bytes;
}

static ssize_t receive_nothing(struct net *net, struct socket *socket) {
    if (socket->error != 0) {
        int error = socket->error;
        socket->error = 0;
        truth_error(net, socket, error);
        return -error;
    }
    if (!socket->fin && !socket->dead && !socket->shut)
        return -EAGAIN;
    truth_end(net, socket);
    return 0;
}

static ssize_t receive_pieces(struct net *net, struct socket *socket, char *buffer, size_t size) {
    size_t got = 0;
    while (socket->piece_count > 0 && socket->pieces[socket->piece_first].length <= size - got) {
        const struct piece *piece = &socket->pieces[socket->piece_first];
        memcpy(buffer + got, piece->bytes, piece->length);
        got += piece->length;
        truth_bytes(net, socket, piece->mark);
        socket->piece_first = (socket->piece_first + 1) % PIECES_MAX;
        socket->piece_count--;
    }
    return (ssize_t)got;
}

ssize_t net_receive(struct net *net, int fd, void *buffer, size_t size) {
    struct socket *socket = owned(net, fd);
    if (socket->phase != PHASE_UP)
        world_wrong(net, "a receive on what is not connected", fd);
    run_peers(net);
    int error = fallible_operation(net, OPERATION_RECEIVE);
    if (error == ESHUTDOWN)
        socket->fin = true;
    else if (error != 0)
        socket->error = error;
    if (error == ECONNRESET)
        socket->reset = true;
    socket->dead |= error != 0 && error != ESHUTDOWN;
    if (error != 0)
        socket->piece_count = 0;
    ssize_t got = socket->piece_count > 0 && !socket->shut
                      ? receive_pieces(net, socket, buffer, size)
                      : receive_nothing(net, socket);
    world_note(net, OPERATION_RECEIVE, fd, got);
    poke(net, fd);
    return got;
}

static void end(struct net *net, int fd, bool by_reset) {
    struct socket *socket = owned(net, fd);
    truth_ended_by_us(net, socket);
    world_note(net, 80 + by_reset, fd, 0);
    net->truth.resets += by_reset && !socket->shut;
    socket->shut = true;
    socket->dead |= by_reset;
    if (socket->connect_owed && !socket->connect_posted && socket->phase == PHASE_CONNECTING) {
        socket->phase = PHASE_FAILED;
        socket->connect_version++;
        queue_completion(net, fd, RING_CONNECTED, 50 * MICROSECOND, -ECONNABORTED);
    }
    cut_send(net, fd);
    poke(net, fd);
}

void net_send_last(struct net *net, int fd, const void *bytes, size_t length) {
    struct socket *socket = owned(net, fd);
    if (socket->records == NULL || socket->send_owed || length == 0)
        world_wrong(net, "words for the end, where there are none", fd);
    (void)bytes;
}

void net_shutdown(struct net *net, int fd) {
    end(net, fd, false);
}

void net_reset(struct net *net, int fd) {
    end(net, fd, true);
}

void net_close(struct net *net, int fd) {
    struct socket *socket = owned(net, fd);
    if (socket->connect_owed || socket->ready_owed || socket->send_owed)
        world_wrong(net, "closed with an event outstanding", fd);
    truth_ended_by_us(net, socket);
    world_note(net, 90, fd, 0);
    socket->closing = true;
    require(net->closing_count < PREPARED_MAX);
    net->closing[net->closing_count++] = fd;
    net->truth.descriptors--;
}

bool net_unacknowledged(struct net *net, int fd) {
    struct socket *socket = owned(net, fd);
    bool unacknowledged =
        fallible_operation(net, OPERATION_UNACKNOWLEDGED) != 0 || socket->unacknowledged;
    socket->answered_unacknowledged = unacknowledged;
    return unacknowledged;
}
