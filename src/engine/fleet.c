/* The fleet: its memory, and what a worker wants of all its connections: to open them, to serve
 * their queue, to run their timers, to freeze and to drain them. */
#include "engine/fleet_private.h"

#include <stdio.h>

#include "base/minmax.h"
#include "base/pages.h"
#include "base/require.h"
#include "sock/sock_transport.h"

static void set_think_ticks(struct fleet *fleet) {
    struct units_span think = fleet->plan->think;
    fleet->closed_loop = plan_is_closed_loop(fleet->plan);
    fleet->think_low = (uint32_t)((think.low + MILLISECOND - 1) / MILLISECOND);
    fleet->think_high = (uint32_t)(think.high / MILLISECOND);
    if (fleet->think_high < fleet->think_low)
        fleet->think_high = fleet->think_low;
}

/* Readers, and what is shared: pages that are not touched before they are used. */
static bool reserve_for_exchange(struct fleet *fleet) {
    struct sock_set *socks = &fleet->socks;
    const struct exchange *exchange = fleet->requests->exchange;
    require(exchange->reader_bytes <= sizeof fleet->reader);
    *socks = (struct sock_set){.net = fleet->net,
                               .exchange = exchange,
                               .readers = pages_reserve(fleet->share * exchange->reader_bytes),
                               .reader = fleet->reader,
                               .scratch = fleet->scratch,
                               .scratch_bytes = sizeof fleet->scratch};
    fleet->reader_links = pages_reserve(fleet->share * sizeof *fleet->reader_links);
    if (exchange->shared_bytes > 0)
        socks->shared = pages_reserve(exchange->shared_bytes);
    if (fleet->reader_links != NULL)
        slots_init(&socks->reader_slots, fleet->reader_links, fleet->share);
    return socks->readers != NULL && fleet->reader_links != NULL &&
           (socks->shared != NULL || exchange->shared_bytes == 0);
}

static void release_for_exchange(struct fleet *fleet) {
    const struct exchange *exchange = fleet->requests->exchange;
    pages_release(fleet->socks.readers, fleet->share * exchange->reader_bytes);
    pages_release(fleet->socks.shared, exchange->shared_bytes);
    pages_release(fleet->reader_links, fleet->share * sizeof *fleet->reader_links);
}

static size_t longest_request(const struct requests *requests) {
    size_t longest = 0;
    for (uint32_t i = 0; i < requests->count; i++)
        longest = max_size(longest, requests->items[i].length);
    return longest;
}

static bool reserve_for_transport(struct fleet *fleet, const struct transport *transport) {
    struct sock_transport_parts parts = {.transport = transport,
                                         .first = &fleet->conns->sock,
                                         .stride = sizeof *fleet->conns,
                                         .count = fleet->share,
                                         .send_max = longest_request(fleet->requests)};
    return sock_transport_create(&fleet->socks.transport, &parts);
}

struct fleet *fleet_create(const struct fleet_parts *parts) {
    struct fleet *fleet = pages_reserve(sizeof *fleet);
    if (fleet == NULL)
        return NULL;
    uint32_t share = plan_share(parts->plan, parts->worker);
    fleet->plan = parts->plan;
    fleet->setup = parts->setup;
    fleet->worker = parts->worker;
    fleet->requests = parts->requests;
    fleet->addresses = parts->addresses;
    fleet->net = parts->net;
    fleet->tally = parts->tally;
    fleet->share = share;
    fleet->quantum = 1;
    const struct host *host = &parts->plan->host;
    fleet->may_self_connect = host->port_low < 0 || (parts->plan->connect_port >= host->port_low &&
                                                     parts->plan->connect_port <= host->port_high);
    fleet->now = net_now(parts->net);
    fleet->unread_since = INSTANT_NEVER;
    set_think_ticks(fleet);
    uint64_t worker = plan_worker_of_all(parts->plan, parts->worker);
    uint64_t workers = plan_workers_of_all(parts->plan);
    random_seed(&fleet->random, parts->plan->seed, worker);
    random_seed(&fleet->sample_rng, parts->plan->seed, ~worker);
    random_seed(&fleet->urls_rng, parts->plan->seed, worker + (UINT64_C(1) << 32));
    /* Workers begin in different places, so that all do not send the same at once. */
    fleet->round_place = requests_round(parts->requests) * worker / workers;
    bool several = parts->requests->count > 1;
    fleet->chosen = several ? pages_reserve(share * sizeof *fleet->chosen) : NULL;
    fleet->wheel = wheel_create(share, fleet_tick_at(fleet->now));
    fleet->conns = pages_reserve(share * sizeof *fleet->conns);
    fleet->reconnects.slots = pages_reserve(share * sizeof *fleet->reconnects.slots);
    fleet->reconnects.capacity = share;
    fleet->schedule = (struct schedule){
        .rate = parts->plan->rate, .worker = worker, .workers = workers, .start = INSTANT_NEVER};
    fleet->warm_at = parts->plan->has_warmup ? INSTANT_NEVER : (instant){INT64_MIN};
    fleet->paused_ns = parts->paused_ns;
    fleet->late_us = pages_reserve(share * sizeof *fleet->late_us);
    fleet->read_late_ms = pages_reserve(share * sizeof *fleet->read_late_ms);
    fleet->queue.links = pages_reserve(share * sizeof *fleet->queue.links);
    fleet->hand = (struct pool_hand){
        .pool = parts->pool, .taken = parts->taken, .workers = parts->plan->workers};
    uint32_t pairs = setup_pairs(parts->setup);
    fleet->pairs = pairs < parts->plan->connections ? pairs : parts->plan->connections;
    fleet->full_until_ns = pages_reserve(fleet->pairs * sizeof *fleet->full_until_ns);
    if (!fleet->late_us || !fleet->read_late_ms || !fleet->full_until_ns || !fleet->wheel ||
        !fleet->conns || !reserve_for_exchange(fleet) ||
        !reserve_for_transport(fleet, parts->transport) || (several && !fleet->chosen) ||
        !fleet->reconnects.slots || !fleet->queue.links) {
        fleet_destroy(fleet);
        return NULL;
    }
    return fleet;
}

/* Of a worker that broke: what is held for connections that never ended. */
static void abandon_transport(struct fleet *fleet) {
    if (fleet->socks.transport == NULL || fleet->conns == NULL)
        return;
    for (uint32_t i = 0; i < fleet->share; i++)
        if (fleet->conns[i].state != CONN_VACANT)
            sock_transport_abandon(fleet->socks.transport, &fleet->conns[i].sock);
}

void fleet_destroy(struct fleet *fleet) {
    if (fleet == NULL)
        return;
    abandon_transport(fleet);
    wheel_destroy(fleet->wheel);
    pages_release(fleet->conns, fleet->share * sizeof *fleet->conns);
    release_for_exchange(fleet);
    sock_transport_destroy(fleet->socks.transport);
    pages_release(fleet->reconnects.slots, fleet->share * sizeof *fleet->reconnects.slots);
    pages_release(fleet->full_until_ns, fleet->pairs * sizeof *fleet->full_until_ns);
    pages_release(fleet->late_us, fleet->share * sizeof *fleet->late_us);
    pages_release(fleet->read_late_ms, fleet->share * sizeof *fleet->read_late_ms);
    pages_release(fleet->chosen, fleet->share * sizeof *fleet->chosen);
    pages_release(fleet->queue.links, fleet->share * sizeof *fleet->queue.links);
    pages_release(fleet, sizeof *fleet);
}

void fleet_set_quantum(struct fleet *fleet, uint32_t ticks) {
    fleet->quantum = ticks;
}

bool fleet_has_room(const struct fleet *fleet) {
    return sock_has_room(&fleet->socks);
}

void fleet_open(struct fleet *fleet, uint32_t index) {
    require(index < fleet->share);
    fleet->first_connects++;
    fleet_connect(fleet, index);
}

uint32_t fleet_first_connects(const struct fleet *fleet) {
    return fleet->first_connects;
}

uint32_t fleet_reconnects_due(const struct fleet *fleet) {
    return fleet->reconnects.count;
}

void fleet_reconnect(struct fleet *fleet) {
    fleet_counts_of(fleet)->refilling--;
    fleet_connect(fleet, reconnect_pop(&fleet->reconnects));
}

uint32_t fleet_queued(const struct fleet *fleet) {
    return fleet->queue.count;
}

/* Whether there is a request for a connection of the queue, and when that was due. */
static bool find_request(struct fleet *fleet, instant *due) {
    *due = fleet->now;
    if (fleet->queue.count == 0 || pool_is_empty(&fleet->hand))
        return false;
    if (fleet->schedule.rate == 0)
        return true;
    *due = schedule_next(&fleet->schedule);
    return !instant_before(fleet->now, *due);
}

static void count_scheduled(struct fleet *fleet) {
    if (fleet->frozen)
        return;
    struct tally_counts *counts = fleet_counts_of(fleet);
    counts->scheduled = schedule_due(&fleet->schedule, fleet->now);
    counts->unsent = counts->scheduled - fleet->served;
}

bool fleet_serve_queue(struct fleet *fleet) {
    uint32_t most = fleet->queue.count, served = 0;
    for (instant due; served < most && find_request(fleet, &due); served++) {
        if (!fleet_serve_first(fleet, due) || fleet->schedule.rate == 0)
            continue;
        fleet->schedule.taken++;
        fleet->served++;
    }
    count_scheduled(fleet);
    if (fleet->queue.count > 0 && instant_before(fleet->now, schedule_next(&fleet->schedule)))
        fleet->schedule_late = 0; /* all that was due is out */
    return served > 0;
}

void fleet_hold(struct fleet *fleet, instant since) {
    fleet->holding = true;
    fleet->schedule.start = since;
    if (fleet->plan->has_warmup)
        fleet->warm_at = instant_after(since, fleet->plan->warmup);
}

bool fleet_awaits_hold(const struct fleet *fleet) {
    return !fleet->holding;
}

instant fleet_next_scheduled(const struct fleet *fleet) {
    return fleet->queue.count > 0 && !pool_is_empty(&fleet->hand) ? schedule_next(&fleet->schedule)
                                                                  : INSTANT_NEVER;
}

static void copy_certificate(struct tally_certificate *out, const struct tls_peer *peer) {
    out->not_after = peer->not_after;
    snprintf(out->subject, sizeof out->subject, "%.95s", peer->subject);
}

static void note_change(struct fleet *fleet, const struct transport_counts *of_transport) {
    struct tally_certificate_change *change = &fleet_counts_of(fleet)->tls_change;
    change->at_ns = fleet->now.ns;
    copy_certificate(&change->before, of_transport->before);
    copy_certificate(&change->after, of_transport->other);
}

/* Whether a server that takes over from another of its own would have done so: handshakes that the
 * former began are over, one way or the other. */
static bool is_long_after_change(struct fleet *fleet) {
    enum { RELOAD_S = 5 };
    instant changed = {fleet_counts_of(fleet)->tls_change.at_ns};
    return changed.ns != 0 &&
           instant_since(fleet->now, changed) >= fleet->plan->connect_timeout + RELOAD_S * SECOND;
}

static void count_certificates(struct fleet *fleet, const struct transport_counts *of_transport) {
    struct tally_counts *counts = fleet_counts_of(fleet);
    uint64_t others = of_transport->other_certificates,
             again = of_transport->first_certificate_again;
    if (is_long_after_change(fleet)) {
        counts->tls_other_certificates_later += others - counts->tls_other_certificates;
        counts->tls_first_certificate_later += again - counts->tls_first_certificate_again;
    }
    counts->tls_other_certificates = others;
    counts->tls_first_certificate_again = again;
    if (of_transport->other != NULL && counts->tls_change.at_ns == 0)
        note_change(fleet, of_transport);
}

void fleet_count_transport(struct fleet *fleet) {
    if (fleet->transport_counted || !sock_has_handshake(&fleet->socks))
        return;
    fleet->transport_counted = fleet_frozen(fleet);
    struct tally_counts *counts = fleet_counts_of(fleet);
    const struct transport *table = sock_transport_table(fleet->socks.transport);
    struct transport_counts of_transport;
    table->count(table->shared, &of_transport);
    counts->tls_tickets = of_transport.tickets;
    counts->tls_tickets_not_kept = of_transport.tickets_not_kept;
    counts->tls_key_updates_in = of_transport.key_updates_in;
    counts->tls_key_updates_out = of_transport.key_updates_out;
    counts->tls_resumptions_refused = of_transport.resumptions_refused;
    count_certificates(fleet, &of_transport);
}

void fleet_end_turn(struct fleet *fleet) {
    pool_release(&fleet->hand);
}

bool fleet_is_spent(const struct fleet *fleet) {
    return fleet->hand.pool != NULL && pool_is_empty(&fleet->hand) &&
           fleet->tally->counts.outstanding == 0;
}

/* When a 32-bit tick is, near now. */
static instant tick_moment(const struct fleet *fleet, uint32_t tick) {
    int64_t now = fleet->now.ns / MILLISECOND;
    return (instant){(now + (int32_t)(tick - (uint32_t)now)) * MILLISECOND};
}

bool fleet_run_timers(struct fleet *fleet) {
    uint32_t now = fleet_tick_at(fleet->now);
    bool any = false;
    for (uint32_t index; (index = wheel_take(fleet->wheel, now)) != WHEEL_NONE; any = true)
        fleet_handle_timer(fleet, &fleet->conns[index],
                           tick_moment(fleet, wheel_due(fleet->wheel, index)));
    return any;
}

instant fleet_next_timer(const struct fleet *fleet) {
    uint32_t tick;
    return wheel_next(fleet->wheel, &tick) ? tick_moment(fleet, tick) : INSTANT_NEVER;
}

void fleet_freeze(struct fleet *fleet) {
    fleet->frozen = true;
    fleet->reconnects.count = 0;
    for (uint32_t i = 0; i < fleet->share; i++) {
        struct conn *conn = &fleet->conns[i];
        if (conn->state == CONN_VACANT) {
            wheel_cancel(fleet->wheel, i);
            continue;
        }
        if (conn->state == CONN_CONNECTING || conn->state == CONN_SECURING)
            conn->flags |= CONN_FROZEN;
        if (conn->state == CONN_IDLE)
            fleet_note_outliving(fleet, conn);
        fleet_handle_event(fleet, conn, CONN_EVENT_FREEZE);
    }
    fleet->transport_counted = fleet_frozen(fleet);
}

bool fleet_frozen(const struct fleet *fleet) {
    return fleet->frozen && fleet->tally->counts.outstanding == 0;
}

bool fleet_drain(struct fleet *fleet, uint32_t most, bool by_reset) {
    for (; fleet->drained < fleet->share && most > 0; fleet->drained++) {
        struct conn *conn = &fleet->conns[fleet->drained];
        if (conn->state == CONN_VACANT || conn->state == CONN_CLOSING)
            continue;
        if (by_reset)
            conn->flags |= CONN_BY_RESET;
        fleet_handle_event(fleet, conn, CONN_EVENT_DRAIN);
        most--;
    }
    return fleet->drained == fleet->share;
}

uint64_t fleet_descriptors(const struct fleet *fleet) {
    return fleet->tally->counts.descriptors;
}
