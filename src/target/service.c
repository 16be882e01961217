/* Turns the service: accepts, completions and timers, each handed to its connection. */
#include "target/service.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/pages.h"
#include "base/require.h"
#include "sock/gather.h"
#include "sock/sock_transport.h"
#include "target/service_private.h"

enum { HANDSHAKE_PIECE = 2048 }; /* of what a handshake sends */
enum { EVENTS_AT_ONCE = 32, ACCEPTS_AT_ONCE = 64 };
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
    const struct units_rate *rate = &settings->accept_rate;
    return rate->count > 0 ? rate->per * settings->workers / (duration)rate->count : 0;
}

static bool may_accept(const struct service *service) {
    return !service->stopping && service->slots.taken < service->capacity &&
           !instant_before(service->now, service->gate.next);
}

/* Arms the gate when one may be accepted. */
static void open_gate(struct service *service) {
    if (service->gate.armed || !may_accept(service))
        return;
    service->gate.armed = true;
    net_arm(service->parts.net, service->parts.listener, slot_tag(SERVICE_LISTEN, 0, 0));
}

/* What it sends is sealed where it is held: no send is an owned one, and nothing but bytes of a
 * handshake is ever in a buffer. */
static bool reserve_for_transport(struct service *service) {
    struct sock_transport_parts parts = {.transport = service->parts.settings->transport,
                                         .first = &service->peers->sock,
                                         .stride = sizeof *service->peers,
                                         .count = service->capacity,
                                         .send_max = HANDSHAKE_PIECE};
    return sock_transport_create(&service->socks.transport, &parts);
}

/* All memory of a service. */
static bool reserve(struct service *service) {
    const struct exchange *exchange = service->exchange;
    uint32_t capacity = service->capacity;
    service->wheel = wheel_create(capacity, (uint32_t)(service->now.ns / MILLISECOND));
    service->peers = pages_reserve(capacity * sizeof *service->peers + 1);
    service->links = pages_reserve(capacity * sizeof *service->links + 1);
    service->reader_links = pages_reserve(capacity * sizeof *service->reader_links + 1);
    service->buffer = malloc(exchange->reply_bytes + 1);
    service->socks =
        (struct sock_set){.net = service->parts.net,
                          .exchange = exchange,
                          .serves = true,
                          .shared = calloc(1, exchange->server_shared_bytes + 1),
                          .readers = pages_reserve(capacity * exchange->server_reader_bytes + 1),
                          .reader = calloc(1, exchange->server_reader_bytes + 1),
                          .scratch = service->scratch,
                          .scratch_bytes = sizeof service->scratch};
    return service->wheel && service->peers && service->links && service->socks.readers &&
           service->reader_links && service->socks.reader && service->socks.shared &&
           service->buffer && reserve_for_transport(service);
}

struct service *service_create(const struct service_parts *parts) {
    struct service *service = pages_reserve(sizeof *service);
    if (service == NULL)
        return NULL;
    service->parts = *parts;
    service->counters = &parts->shared->workers[parts->worker];
    service->exchange = parts->settings->exchange;
    service->capacity = capacity_of(parts->settings, parts->worker);
    service->now = net_now(parts->net);
    service->gate.interval = accept_interval(parts->settings);
    random_seed(&service->random, parts->settings->seed, ~(uint64_t)parts->worker);
    if (!reserve(service)) {
        service_destroy(service);
        return NULL;
    }
    slots_init(&service->slots, service->links, service->capacity);
    slots_init(&service->socks.reader_slots, service->reader_links, service->capacity);
    net_arm(parts->net, parts->stop_fd, slot_tag(SERVICE_STOP, 0, 0));
    open_gate(service);
    return service;
}

void service_destroy(struct service *service) {
    if (service == NULL)
        return;
    uint32_t capacity = service->capacity;
    size_t reader_bytes = service->exchange->server_reader_bytes;
    wheel_destroy(service->wheel);
    pages_release(service->peers, capacity * sizeof *service->peers + 1);
    pages_release(service->links, capacity * sizeof *service->links + 1);
    pages_release(service->socks.readers, capacity * reader_bytes + 1);
    pages_release(service->reader_links, capacity * sizeof *service->reader_links + 1);
    sock_transport_destroy(service->socks.transport);
    free(service->socks.reader);
    free(service->socks.shared);
    free(service->buffer);
    pages_release(service, sizeof *service);
}

bool service_over(const struct service *service) {
    return service->stopping &&
           (service->slots.taken == 0 || !instant_before(service->now, service->stop_by));
}

/* As many as there is room for, no faster than asked, and never spinning. */
static void accept_waiting(struct service *service) {
    service->gate.armed = false;
    for (int i = 0; i < ACCEPTS_AT_ONCE && may_accept(service); i++) {
        int fd = net_accept(service->parts.net, service->parts.listener);
        if (fd == -EAGAIN)
            break;
        if (fd < 0) {
            counter_add(&service->counters->accept_failures, 1);
            gate_fail(&service->gate, service->now);
            break;
        }
        gate_pass(&service->gate, service->now);
        service_open(service, fd);
    }
    open_gate(service);
}

static instant next_accept(const struct service *service) {
    bool waits =
        !service->gate.armed && !service->stopping && service->slots.taken < service->capacity;
    return waits ? service->gate.next : INSTANT_NEVER;
}

static void take_readiness(struct service *service, uint64_t tag, bool output) {
    struct peer *peer = &service->peers[slot_tag_slot(tag)];
    /* None is freed while one is armed. */
    require(peer->sock.generation == slot_tag_generation(tag));
    service_ready(service, peer, output);
}

static void stop(struct service *service) {
    service->stopping = true;
    service->stop_by = instant_after(service->now, LINGER);
    net_shutdown(service->parts.net, service->parts.listener); /* resets what still waits */
    for (uint32_t i = 0; i < service->slots.fresh; i++)
        service_stop(service, &service->peers[i]);
}

static void take_event(struct service *service, const struct net_event *event) {
    switch (slot_tag_operation(event->tag)) {
    case SERVICE_READY: take_readiness(service, event->tag, false); break;
    case SERVICE_WRITABLE: take_readiness(service, event->tag, true); break;
    case SERVICE_LISTEN:
        if (!service->stopping)
            accept_waiting(service);
        break;
    case SERVICE_STOP: stop(service); break;
    default: require(false);
    }
}

static void set_clock(struct service *service) {
    struct timespec day;
    service->now = net_now(service->parts.net);
    clock_gettime(CLOCK_REALTIME_COARSE, &day);
    service->second = day.tv_sec;
}

static bool take_events(void *owner) {
    struct service *service = owner;
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

static void run_timers(struct service *service) {
    uint32_t tick = (uint32_t)(service->now.ns / MILLISECOND);
    for (uint32_t index; (index = wheel_take(service->wheel, tick)) != WHEEL_NONE;)
        service_timer(service, &service->peers[index]);
}

static instant next_timer(const struct service *service) {
    uint32_t tick;
    if (!wheel_next(service->wheel, &tick))
        return INSTANT_NEVER;
    int64_t now = service->now.ns / MILLISECOND;
    return (instant){(now + (int32_t)(tick - (uint32_t)now)) * MILLISECOND};
}

static bool timer_is_due(const void *owner) {
    const struct service *service = owner;
    return !instant_before(service->now, next_timer(service));
}

int service_turn(struct service *service) {
    instant until = instant_earlier(instant_after(service->now, HEARTBEAT), next_timer(service));
    until = instant_earlier(until, next_accept(service));
    if (service->stopping)
        until = instant_earlier(until, service->stop_by);
    int result = net_wait(service->parts.net, until, 1);
    if (result < 0)
        return result;
    set_clock(service);
    take_events(service);
    gather_before_timers(service->parts.net, service, timer_is_due, take_events);
    run_timers(service);
    counters_take_transport(service->counters, service->parts.settings->transport);
    open_gate(service);
    return 0;
}
