/* Accepts connections: as many as there is room for, no faster than asked, and never spinning. */
#include <errno.h>

#include "target/choice.h"
#include "target/service_inner.h"

static const duration FAILURE_PAUSE = 100 * MILLISECOND;
static const duration LATE_MOST = 10 * MILLISECOND; /* of the rate, made up for */

static void open_peer(struct service *service, int fd) {
    const struct target_settings *settings = service->parts.settings;
    uint32_t index = slots_take(&service->slots);
    struct peer *peer = &service->peers[index];
    *peer = (struct peer){.fd = fd,
                          .generation = peer->generation,
                          .reader = SLOT_NONE,
                          .opened_tick = (uint32_t)(service->now.ns / MILLISECOND),
                          .fault = PEER_NO_FAULT,
                          .drip = PEER_NO_FAULT};
    uint64_t order = atomic_fetch_add(&service->parts.shared->accept_order, 1);
    service_befall(service, peer, PEER_ACCEPTED);
    peer->fault = choice_at_accept(settings, order);
    if (peer->fault != PEER_NO_FAULT) {
        counter_add(&service->counters->fault_connections[peer->fault], 1);
        service_befall(service, peer, PEER_REFUSED);
    }
    service_settle(service, peer);
}

/* The gate's rate allows the next one only so much later. */
static void pace(struct service *service) {
    struct gate *gate = &service->gate;
    if (gate->interval == 0)
        return;
    instant earliest = instant_after(service->now, -LATE_MOST);
    if (instant_before(gate->next, earliest))
        gate->next = earliest;
    gate->next = instant_after(gate->next, gate->interval);
}

static bool may_accept(const struct service *service) {
    return !service->stopping && service->slots.taken < service->capacity &&
           !instant_before(service->now, service->gate.next);
}

void service_accept(struct service *service) {
    service->gate.armed = false;
    for (int i = 0; i < SERVICE_ACCEPTS_AT_ONCE && may_accept(service); i++) {
        int fd = net_accept(service->parts.net, service->parts.listener);
        if (fd == -EAGAIN)
            break;
        if (fd < 0) {
            counter_add(&service->counters->accept_failures, 1);
            service->gate.next = instant_after(service->now, FAILURE_PAUSE);
            break;
        }
        pace(service);
        open_peer(service, fd);
    }
    service_open_gate(service);
}

void service_open_gate(struct service *service) {
    if (service->gate.armed || !may_accept(service))
        return;
    service->gate.armed = true;
    net_arm(service->parts.net, service->parts.listener, slot_tag(SERVICE_LISTEN, 0, 0));
}

instant service_next_accept(const struct service *service) {
    bool waits =
        !service->gate.armed && !service->stopping && service->slots.taken < service->capacity;
    return waits ? service->gate.next : INSTANT_NEVER;
}
