/* The service: connections driven through the door, one step at a time. */
#include "target/service.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/pages.h"
#include "base/require.h"
#include "target/choice.h"
#include "target/service_inner.h"

enum { EVENTS_AT_ONCE = 32, GATHER_ROUNDS = 64 };
static const duration LINGER = 1 * SECOND;
static const duration HEARTBEAT = 1 * SECOND;

/* Of --max-connections, this worker's share. */
static uint32_t capacity_of(const struct target_settings *settings, uint32_t worker) {
    uint64_t most = settings->max_connections;
    if (most == 0)
        return settings->capacity;
    uint64_t share = most / settings->workers + (worker < most % settings->workers);
    return share < settings->capacity ? (uint32_t)share : settings->capacity;
}

static duration accept_interval(const struct target_settings *settings) {
    const struct rate *rate = &settings->accept_rate;
    return rate->count > 0 ? rate->per * settings->workers / (duration)rate->count : 0;
}

struct service *service_create(const struct service_parts *parts) {
    struct service *service = pages_reserve(sizeof *service);
    if (service == NULL)
        return NULL;
    uint32_t capacity = capacity_of(parts->settings, parts->worker);
    service->parts = *parts;
    service->counters = &parts->shared->workers[parts->worker];
    service->capacity = capacity;
    service->now = net_now(parts->net);
    service->gate.interval = accept_interval(parts->settings);
    random_seed(&service->random, parts->settings->seed, ~(uint64_t)parts->worker);
    service->wheel = wheel_create(capacity, (uint32_t)(service->now.ns / MILLISECOND));
    service->peers = pages_reserve(capacity * sizeof *service->peers + 1);
    service->links = pages_reserve(capacity * sizeof *service->links + 1);
    service->readers = pages_reserve(capacity * sizeof *service->readers + 1);
    service->reader_links = pages_reserve(capacity * sizeof *service->reader_links + 1);
    if (!service->wheel || !service->peers || !service->links || !service->readers ||
        !service->reader_links) {
        service_destroy(service);
        return NULL;
    }
    slots_init(&service->slots, service->links, capacity);
    slots_init(&service->reader_slots, service->reader_links, capacity);
    net_arm(parts->net, parts->stop_fd, slot_tag(SERVICE_STOP, 0, 0));
    service_open_gate(service);
    return service;
}

void service_destroy(struct service *service) {
    if (service == NULL)
        return;
    uint32_t capacity = service->capacity;
    wheel_destroy(service->wheel);
    pages_release(service->peers, capacity * sizeof *service->peers + 1);
    pages_release(service->links, capacity * sizeof *service->links + 1);
    pages_release(service->readers, capacity * sizeof *service->readers + 1);
    pages_release(service->reader_links, capacity * sizeof *service->reader_links + 1);
    pages_release(service, sizeof *service);
}

bool service_over(const struct service *service) {
    return service->stopping &&
           (service->slots.taken == 0 || !instant_before(service->now, service->stop_by));
}

static uint32_t index_of(const struct service *service, const struct peer *peer) {
    return (uint32_t)(peer - service->peers);
}

static uint64_t tag_of(const struct service *service, const struct peer *peer, uint8_t operation) {
    return slot_tag(operation, peer->generation, index_of(service, peer));
}

/* The first tick that is not before the moment: nothing fires early. */
void service_arm_timer(struct service *service, struct peer *peer, duration from_now) {
    int64_t due = service->now.ns + from_now;
    wheel_arm(service->wheel, index_of(service, peer),
              (uint32_t)((due + MILLISECOND - 1) / MILLISECOND));
}

enum peer_stimulus service_errno(int error) {
    return error == ECONNRESET || error == EPIPE ? PEER_RST : PEER_ERROR;
}

static void arm_input(struct service *service, struct peer *peer) {
    if ((peer->flags & PEER_ARMED) != 0)
        return;
    peer->flags |= PEER_ARMED;
    net_arm(service->parts.net, peer->fd, tag_of(service, peer, SERVICE_READY));
}

static void arm_output(struct service *service, struct peer *peer) {
    if ((peer->flags & PEER_ARMED_OUTPUT) != 0)
        return;
    peer->flags |= PEER_ARMED_OUTPUT;
    net_arm_output(service->parts.net, peer->fd, tag_of(service, peer, SERVICE_WRITABLE));
}

/* A request may come: at the latest when the rules or the settings say so. */
static void wait_for_request(struct service *service, struct peer *peer) {
    enum ending ending;
    duration wait =
        choice_idle(service->parts.settings, peer->faults, peer->answers, &ending, &peer->fault);
    peer->ending = (uint8_t)ending;
    if (wait > 0)
        service_arm_timer(service, peer, wait);
}

static void drop_held(struct peer *peer) {
    free(peer->unsent);
    free(peer->unread);
    peer->unsent = peer->unread = NULL;
}

/* Closes the descriptor and frees the slot; a completion that still comes is told by generation. */
static void release(struct service *service, struct peer *peer) {
    net_close(service->parts.net, peer->fd);
    peer->fd = -1;
    peer->generation = (peer->generation + 1) & 0xffffff;
    slots_return(&service->slots, index_of(service, peer));
}

static bool is_owned(const struct peer *peer) {
    return (peer->flags & (PEER_ARMED | PEER_ARMED_OUTPUT)) != 0;
}

/* Closing has three steps: shut down or reset, wait until the kernel owns nothing, close. */
static void end(struct service *service, struct peer *peer, bool by_reset) {
    bool owned = is_owned(peer);
    if (by_reset)
        net_reset(service->parts.net, peer->fd);
    else if (owned)
        net_shutdown(service->parts.net, peer->fd);
    if (!owned)
        service_befall(service, peer, PEER_QUIET);
}

static void finish(struct service *service, struct peer *peer) {
    net_finish(service->parts.net, peer->fd);
    service_arm_timer(service, peer, LINGER);
}

static void carry_out(struct service *service, struct peer *peer, unsigned todo) {
    if ((todo & PEER_DO_WAIT) != 0)
        wait_for_request(service, peer);
    if ((todo & PEER_DO_DELAY) != 0)
        service_arm_timer(service, peer, peer->delay_ms * MILLISECOND);
    if ((todo & PEER_DO_FINISH) != 0)
        finish(service, peer);
    if ((todo & PEER_DO_RELEASE) != 0)
        release(service, peer);
    /* The last thing done: it may step again. */
    if ((todo & PEER_DO_ANSWER) != 0)
        service_answer(service, peer);
    if ((todo & (PEER_DO_RESET | PEER_DO_END)) != 0)
        end(service, peer, (todo & PEER_DO_RESET) != 0);
}

static bool by_rule(enum peer_stimulus stimulus) {
    return stimulus == PEER_REFUSED || stimulus == PEER_IDLE || stimulus == PEER_SENT;
}

void service_befall(struct service *service, struct peer *peer, enum peer_stimulus stimulus) {
    struct peer_step step = peer_step(peer, stimulus);
    require(step.legal);
    if (step.next == (enum peer_state)peer->state)
        return;
    if (step.ending != ENDINGS) {
        if (by_rule(stimulus) && peer->fault != PEER_NO_FAULT)
            counter_add(&service->counters->fault_fired[peer->fault], 1);
        service_return_reader(service, peer);
        drop_held(peer);
    }
    wheel_cancel(service->wheel, index_of(service, peer));
    peer_enter(peer, service->counters, step.next, step.ending);
    carry_out(service, peer, step.todo);
}

void service_settle(struct service *service, struct peer *peer) {
    while (peer->state == PEER_READING && peer->unread != NULL)
        service_read_held(service, peer);
    switch ((enum peer_state)peer->state) {
    case PEER_READING:
    case PEER_STALLED:
    case PEER_LINGERING: arm_input(service, peer); break;
    case PEER_DELAYING:
        if (peer->unread == NULL || peer->unread->length < SERVICE_UNREAD_MAX)
            arm_input(service, peer);
        break;
    case PEER_SENDING:
        if (peer->drip == PEER_NO_FAULT)
            arm_output(service, peer);
        break;
    case PEER_VACANT:
    case PEER_CLOSING:
    case PEER_STATES: break;
    }
}

/* While an answer goes out nothing is read: what came waits in the socket, and an end shows when
 * more is sent. */
static void take_readiness(struct service *service, uint64_t tag, bool output) {
    struct peer *peer = &service->peers[slot_tag_slot(tag)];
    require(peer->generation == slot_tag_generation(tag)); /* none is freed while one is armed */
    peer->flags &= (uint16_t) ~(output ? PEER_ARMED_OUTPUT : PEER_ARMED);
    if (peer->state == PEER_CLOSING && !is_owned(peer))
        service_befall(service, peer, PEER_QUIET);
    else if (output && peer->state == PEER_SENDING && peer->drip == PEER_NO_FAULT)
        service_send_more(service, peer);
    else if (!output && peer->state != PEER_CLOSING && peer->state != PEER_SENDING)
        service_read(service, peer);
    service_settle(service, peer);
}

static void stop(struct service *service) {
    service->stopping = true;
    service->stop_by = instant_after(service->now, LINGER);
    net_shutdown(service->parts.net, service->parts.listener); /* resets what still waits */
    for (uint32_t i = 0; i < service->slots.fresh; i++)
        if (service->peers[i].state != PEER_VACANT)
            service_befall(service, &service->peers[i], PEER_STOP);
}

static void take_event(struct service *service, const struct net_event *event) {
    switch (slot_tag_operation(event->tag)) {
    case SERVICE_READY: take_readiness(service, event->tag, false); break;
    case SERVICE_WRITABLE: take_readiness(service, event->tag, true); break;
    case SERVICE_LISTEN:
        if (!service->stopping)
            service_accept(service);
        break;
    case SERVICE_STOP: stop(service); break;
    default: require(false);
    }
}

static void set_clock(struct service *service) {
    struct timespec day;
    service->now = net_now(service->parts.net);
    clock_gettime(CLOCK_REALTIME_COARSE, &day);
    answer_date_set(&service->date, day.tv_sec);
}

static bool take_events(struct service *service) {
    struct net_event events[EVENTS_AT_ONCE];
    bool any = false;
    for (size_t count; (count = net_take(service->parts.net, events, EVENTS_AT_ONCE)) > 0;) {
        for (size_t i = 0; i < count; i++)
            take_event(service, &events[i]);
        set_clock(service);
        any = true;
    }
    return any;
}

static void run_timer(struct service *service, struct peer *peer) {
    switch ((enum peer_state)peer->state) {
    case PEER_READING: service_befall(service, peer, PEER_IDLE); break;
    case PEER_DELAYING: service_befall(service, peer, PEER_DUE); break;
    case PEER_SENDING: service_send_more(service, peer); break;
    case PEER_LINGERING: service_befall(service, peer, PEER_PATIENCE); break;
    default: require(false);
    }
    service_settle(service, peer);
}

static void run_timers(struct service *service) {
    uint32_t tick = (uint32_t)(service->now.ns / MILLISECOND);
    for (uint32_t index; (index = wheel_take(service->wheel, tick)) != WHEEL_NONE;)
        run_timer(service, &service->peers[index]);
}

static instant next_timer(const struct service *service) {
    uint32_t tick;
    if (!wheel_next(service->wheel, &tick))
        return INSTANT_NEVER;
    int64_t now = service->now.ns / MILLISECOND;
    return (instant){(now + (int32_t)(tick - (uint32_t)now)) * MILLISECOND};
}

/* No timer fires before the completions that were ready are taken. */
static void gather(struct service *service) {
    for (int i = 0; i < GATHER_ROUNDS && !instant_before(service->now, next_timer(service)); i++) {
        net_gather(service->parts.net);
        if (!take_events(service))
            return;
    }
}

int service_turn(struct service *service) {
    instant until = instant_earlier(instant_after(service->now, HEARTBEAT), next_timer(service));
    until = instant_earlier(until, service_next_accept(service));
    if (service->stopping)
        until = instant_earlier(until, service->stop_by);
    int result = net_wait(service->parts.net, until, 1);
    if (result < 0)
        return result;
    set_clock(service);
    take_events(service);
    gather(service);
    run_timers(service);
    service_open_gate(service);
    return 0;
}
