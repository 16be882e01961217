/* Connections of the fleet dialled, for the first time and again, until they are up. */
#include "engine/fleet_inner.h"

#include <errno.h>

#include "base/require.h"

/* Its place in the plan's order. */
static uint32_t order_of(const struct fleet *fleet, const struct conn *conn) {
    return fleet_index_of(fleet, conn) * fleet->plan->workers + fleet->worker;
}

static void befall_open_failed(struct fleet *fleet, struct conn *conn, int error) {
    conn->error = (uint16_t)error;
    fleet_befall(fleet, conn, STIMULUS_OPEN_FAILED);
}

static void open_failed(struct fleet *fleet, struct conn *conn, int error) {
    if (error == EADDRNOTAVAIL)
        full_pairs_note(&fleet->full, order_of(fleet, conn), fleet->now);
    befall_open_failed(fleet, conn, error);
}

static void dial(struct fleet *fleet, uint32_t index) {
    struct conn *conn = &fleet->conns[index];
    fleet_wipe(conn, conn->generation);
    conn->asked_ns = fleet->now.ns;
    fleet_befall(fleet, conn, STIMULUS_DIAL);
    uint32_t order = order_of(fleet, conn);
    if (full_pairs_has(&fleet->full, order, fleet->now)) {
        fleet_counts_of(fleet)->ports_unasked++;
        befall_open_failed(fleet, conn, EADDRNOTAVAIL);
        return;
    }
    const struct address *address = plan_address(fleet->plan, order);
    struct address source;
    int fd = net_open(fleet->net, plan_source(fleet->plan, order, &source), address);
    if (fd < 0) {
        open_failed(fleet, conn, -fd);
        return;
    }
    conn->fd = fd;
    conn->flags |= CONN_DIALLING;
    fleet_counts_of(fleet)->descriptors++;
    net_connect(fleet->net, fd, address, fleet_tag_of(fleet, conn, FLEET_CONNECT));
    duration timeout = fleet->plan->options->connect_timeout;
    fleet_arm_timer(fleet, conn, fleet_tick_after(instant_after(fleet->now, timeout)));
}

void fleet_open(struct fleet *fleet, uint32_t index) {
    require(index < fleet->share);
    fleet->first_dials++;
    dial(fleet, index);
}

uint32_t fleet_first_dials(const struct fleet *fleet) {
    return fleet->first_dials;
}

uint32_t fleet_redials_due(const struct fleet *fleet) {
    return fleet->redials.count;
}

void fleet_redial(struct fleet *fleet) {
    require(!fleet->frozen);
    fleet_counts_of(fleet)->refilling--;
    dial(fleet, redial_pop(&fleet->redials));
}

static void set_opened(struct conn *conn, instant moment) {
    uint64_t tick = (uint64_t)(moment.ns / MILLISECOND);
    conn->opened_epoch = (uint8_t)(tick >> 32);
    conn->opened_tick = conn->answered_tick = (uint32_t)tick;
}

static void connected(struct fleet *fleet, struct conn *conn) {
    if (fleet->may_meet_itself && net_connected_to_itself(fleet->net, conn->fd)) {
        fleet_befall(fleet, conn, STIMULUS_SELF);
        return;
    }
    histogram_add(&fleet->tally->connect, fleet->now.ns - conn->asked_ns);
    set_opened(conn, fleet->now);
    if (conn->retries > 0)
        histogram_add(&fleet->tally->refill, fleet->now.ns - conn->sent_ns);
    fleet_befall(fleet, conn, STIMULUS_UP);
    fleet_fall_due(fleet, conn, fleet->now);
    fleet_settle(fleet, conn);
}

void fleet_connect_done(struct fleet *fleet, struct conn *conn, int result) {
    conn->flags &= (uint16_t)~CONN_DIALLING;
    if (conn->state == CONN_CLOSING)
        fleet_befall(fleet, conn, STIMULUS_QUIET);
    else if (result < 0)
        open_failed(fleet, conn, -result);
    else
        connected(fleet, conn);
}
