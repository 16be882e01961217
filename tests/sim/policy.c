/* Servers of the simulated world that keep connections by rules: timers that run or look now and
 * then, counts, ages, limits, restarts, and paths that forget. */
#include <string.h>

#include "world.h"

static const char kept[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
static const char last[] = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
static const char busy[] =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";

enum timer { TIMER_IDLE, TIMER_AGE };

static void arm(struct net *net, int fd, enum timer timer, int64_t at_ns) {
    struct socket *socket = &net->sockets[fd];
    queue_push(&net->peer, &(struct happening){.at_ns = at_ns,
                                               .shuffle = random_next(&net->random),
                                               .serial = socket->serial,
                                               .version = socket->timer_version,
                                               .fd = fd,
                                               .result = (int)timer,
                                               .kind = POLICY_TIMER});
}

static duration drawn_up_to(struct net *net, duration most) {
    return most > 0 ? (duration)world_draw(net, 0, (uint64_t)most) : 0;
}

/* The first look at or after that moment. */
static int64_t next_look(const struct net *net, const struct sim_policy *policy, int64_t at_ns) {
    int64_t since = at_ns - net->config.start.ns - policy->phase;
    int64_t looks = since <= 0 ? 0 : (since + policy->tick - 1) / policy->tick;
    return net->config.start.ns + policy->phase + looks * policy->tick;
}

static void rest(struct net *net, int fd, int64_t since_ns) {
    struct socket *socket = &net->sockets[fd];
    const struct sim_policy *policy = socket->policy;
    socket->rested_ns = since_ns;
    socket->timer_version++;
    if (policy->idle == 0)
        return;
    if (world_chance(net, net->config.late_wakes))
        since_ns -= drawn_up_to(net, policy->clock_late);
    int64_t at_ns = since_ns + policy->idle + drawn_up_to(net, policy->idle_jitter);
    if (policy->tick > 0)
        at_ns = next_look(net, policy, at_ns);
    arm(net, fd, TIMER_IDLE, at_ns + drawn_up_to(net, policy->timer_late));
}

static uint32_t open_now(const struct net *net) {
    uint32_t count = 0;
    for (size_t fd = 0; fd < net->socket_count; fd++) {
        const struct socket *socket = &net->sockets[fd];
        count += socket->serial != 0 && socket->up_ns > 0 && !socket->over && !socket->shut;
    }
    return count;
}

static void refuse(struct net *net, int fd, duration after) {
    struct socket *socket = &net->sockets[fd];
    switch (socket->policy->refusal) {
    case REFUSAL_FIN: server_end(net, fd, after + MILLISECOND, PEER_FIN); break;
    case REFUSAL_RST: server_end(net, fd, after + MILLISECOND, PEER_RST); break;
    default: socket->refused = true; break;
    }
}

void policy_connected(struct net *net, int fd, duration after) {
    struct socket *socket = &net->sockets[fd];
    bool second =
        net->config.second_percent > 0 && world_draw(net, 0, 99) < net->config.second_percent;
    const struct sim_policy *policy = socket->policy = &net->config.policies[second];
    bool full = policy->limit > 0 && open_now(net) >= policy->limit;
    socket->up_ns = net->now_ns + after;
    socket->process =
        policy->processes > 1 ? (uint32_t)world_draw(net, 0, policy->processes - 1) : 0;
    rest(net, fd, socket->up_ns);
    if (policy->age_timer > 0)
        arm(net, fd, TIMER_AGE,
            socket->up_ns + policy->age_timer + drawn_up_to(net, policy->timer_late));
    if (full)
        refuse(net, fd, after);
}

static void end_process(struct net *net, uint32_t process, bool all, enum kind end) {
    for (size_t fd = 0; fd < net->socket_count; fd++) {
        struct socket *socket = &net->sockets[fd];
        if (socket->serial != 0 && socket->up_ns > 0 && !socket->over &&
            (all || socket->process == process))
            server_end(net, (int)fd, drawn_up_to(net, 3 * MILLISECOND), end);
    }
}

static void count_for_process(struct net *net, const struct socket *socket) {
    uint32_t *requests = &net->process_requests[socket->process];
    if (socket->policy->process_requests == 0 || ++*requests < socket->policy->process_requests)
        return;
    *requests = 0;
    end_process(net, socket->process, false, PEER_FIN);
}

/* What the path does; whether the server gets to see it. */
static bool dropped(struct net *net, int fd) {
    struct socket *socket = &net->sockets[fd];
    const struct sim_policy *policy = socket->policy;
    bool forgotten = policy->forgets > 0 && net->now_ns - socket->rested_ns > policy->forgets;
    bool silent = policy->halt == HALT_SILENCE && net->halted > 0;
    if (forgotten && policy->forgets_by_reset) {
        server_end(net, fd, server_latency(net), PEER_RST);
        return true;
    }
    if (forgotten || silent)
        socket->over = socket->unacknowledged = true;
    return forgotten || silent;
}

static bool is_last(const struct net *net, const struct socket *socket) {
    const struct sim_policy *policy = socket->policy;
    return (policy->requests > 0 && socket->requests >= policy->requests) ||
           (policy->age > 0 && net->now_ns - socket->up_ns >= policy->age) ||
           (policy->halt == HALT_ANNOUNCE && net->halted > 0);
}

void policy_request(struct net *net, int fd) {
    struct socket *socket = &net->sockets[fd];
    const struct sim_policy *policy = socket->policy;
    duration latency = server_latency(net);
    if (dropped(net, fd))
        return;
    socket->timer_version++;
    if ((policy->halt == HALT_FREEZE && net->halted == 1) ||
        (socket->refused && policy->refusal == REFUSAL_QUEUE))
        return;
    if (socket->refused) {
        server_answer(net, fd, latency, busy, true);
        server_end(net, fd, latency, PEER_FIN);
    } else if (is_last(net, socket)) {
        server_answer(net, fd, latency, policy->quiet ? kept : last, !policy->quiet);
        server_end(net, fd, latency + 100 * MICROSECOND, PEER_FIN);
    } else {
        server_answer(net, fd, latency, kept, false);
        rest(net, fd, socket->arrival_ns);
        if (world_chance(net, policy->random_ends))
            server_end(net, fd, latency + drawn_up_to(net, 20 * SECOND), PEER_FIN);
        count_for_process(net, socket);
    }
}

static void ring(struct net *net, const struct happening *happening) {
    struct socket *socket = &net->sockets[happening->fd];
    if (socket->serial != happening->serial || socket->over || socket->shut || socket->dead)
        return;
    if (happening->result == TIMER_IDLE && socket->timer_version != happening->version)
        return;
    server_end(net, happening->fd, 50 * MICROSECOND, PEER_FIN);
}

static void halt_at(struct net *net, int step, duration after) {
    queue_push(&net->peer, &(struct happening){.at_ns = net->config.start.ns + after,
                                               .shuffle = random_next(&net->random),
                                               .result = step,
                                               .kind = POLICY_HALT});
}

void policy_start(struct net *net) {
    const struct sim_policy *policy = net->config.policies;
    if (policy == NULL || policy->halt == HALT_NONE)
        return;
    halt_at(net, 1, policy->halt_at);
    if (policy->halt == HALT_FREEZE)
        halt_at(net, 2, policy->halt_at + policy->halt_length);
}

static void end_gracefully(struct net *net) {
    for (size_t fd = 0; fd < net->socket_count; fd++) {
        struct socket *socket = &net->sockets[fd];
        bool waits = socket->arrival_ns > net->now_ns;
        if (socket->serial != 0 && socket->up_ns > 0 && !socket->over && !waits)
            server_end(net, (int)fd, drawn_up_to(net, 3 * MILLISECOND), PEER_FIN);
    }
}

static void halt(struct net *net, int step) {
    net->halted = step;
    switch (net->config.policies->halt) {
    case HALT_KILL: end_process(net, 0, net->config.policies->processes < 2, PEER_RST); break;
    case HALT_STOP: end_process(net, 0, net->config.policies->processes < 2, PEER_FIN); break;
    case HALT_GRACEFUL: end_gracefully(net); break;
    case HALT_FREEZE:
        if (step == 2)
            end_process(net, 0, true, PEER_RST);
        break;
    default: break;
    }
}

void policy_happening(struct net *net, const struct happening *happening) {
    if (happening->kind == POLICY_TIMER)
        ring(net, happening);
    else
        halt(net, happening->result);
}
