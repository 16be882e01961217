/* The fleet: connections driven through the door, one step at a time. */
#include "engine/fleet_inner.h"

#include <poll.h>

#include "base/pages.h"
#include "base/require.h"

static void set_think_ticks(struct fleet *fleet) {
    struct span think = fleet->plan->think;
    fleet->closed_loop = plan_is_closed_loop(fleet->plan);
    fleet->think_low = (uint32_t)((think.low + MILLISECOND - 1) / MILLISECOND);
    fleet->think_high = (uint32_t)(think.high / MILLISECOND);
    if (fleet->think_high < fleet->think_low)
        fleet->think_high = fleet->think_low;
}

struct fleet *fleet_create(const struct fleet_parts *parts) {
    struct fleet *fleet = pages_reserve(sizeof *fleet);
    if (fleet == NULL)
        return NULL;
    uint32_t share = plan_share(parts->plan, parts->worker);
    fleet->plan = parts->plan;
    fleet->worker = parts->worker;
    fleet->requests = parts->requests;
    fleet->net = parts->net;
    fleet->tally = parts->tally;
    fleet->share = share;
    fleet->quantum = 1;
    const struct host *host = &parts->plan->host;
    fleet->may_meet_itself = host->port_low < 0 || (parts->plan->dial_port >= host->port_low &&
                                                    parts->plan->dial_port <= host->port_high);
    fleet->now = net_now(parts->net);
    set_think_ticks(fleet);
    random_seed(&fleet->random, parts->plan->seed, parts->worker);
    random_seed(&fleet->lots, parts->plan->seed, ~(uint64_t)parts->worker);
    random_seed(&fleet->draws, parts->plan->seed, parts->worker + (UINT64_C(1) << 32));
    /* Workers begin in different places, so that all do not ask for the same at once. */
    fleet->turn = requests_round(parts->requests) * parts->worker / parts->plan->workers;
    bool several = parts->requests->count > 1;
    fleet->asked = several ? pages_reserve(share * sizeof *fleet->asked) : NULL;
    fleet->wheel = wheel_create(share, fleet_tick_at(fleet->now));
    fleet->conns = pages_reserve(share * sizeof *fleet->conns);
    fleet->readers = pages_reserve(share * sizeof *fleet->readers);
    fleet->reader_links = pages_reserve(share * sizeof *fleet->reader_links);
    fleet->redials.slots = pages_reserve(share * sizeof *fleet->redials.slots);
    fleet->redials.capacity = share;
    fleet->schedule = (struct schedule){.rate = parts->plan->rate,
                                        .worker = parts->worker,
                                        .workers = parts->plan->workers,
                                        .start = INSTANT_NEVER};
    fleet->warm_at = parts->plan->options->given.warmup ? INSTANT_NEVER : (instant){INT64_MIN};
    fleet->line.links = pages_reserve(share * sizeof *fleet->line.links);
    fleet->hand = (struct pool_hand){
        .pool = parts->pool, .taken = parts->taken, .workers = parts->plan->workers};
    fleet->full.pairs = full_pairs_count(parts->plan);
    fleet->full.until_ns = pages_reserve(fleet->full.pairs * sizeof *fleet->full.until_ns);
    if (!fleet->full.until_ns || !fleet->wheel || !fleet->conns || !fleet->readers ||
        !fleet->reader_links || (several && !fleet->asked) || !fleet->redials.slots ||
        !fleet->line.links) {
        fleet_destroy(fleet);
        return NULL;
    }
    slots_init(&fleet->reader_slots, fleet->reader_links, share);
    return fleet;
}

void fleet_destroy(struct fleet *fleet) {
    if (fleet == NULL)
        return;
    wheel_destroy(fleet->wheel);
    pages_release(fleet->conns, fleet->share * sizeof *fleet->conns);
    pages_release(fleet->readers, fleet->share * sizeof *fleet->readers);
    pages_release(fleet->reader_links, fleet->share * sizeof *fleet->reader_links);
    pages_release(fleet->redials.slots, fleet->share * sizeof *fleet->redials.slots);
    pages_release(fleet->full.until_ns, fleet->full.pairs * sizeof *fleet->full.until_ns);
    pages_release(fleet->asked, fleet->share * sizeof *fleet->asked);
    pages_release(fleet->line.links, fleet->share * sizeof *fleet->line.links);
    pages_release(fleet, sizeof *fleet);
}

void fleet_set_clock(struct fleet *fleet, instant now) {
    fleet->now = now;
}

void fleet_set_late(struct fleet *fleet, instant since, duration late) {
    fleet->late_since = since;
    fleet->late = late;
    if (late > STOPPED) {
        fleet->stopped_until = fleet->now;
        fleet->stopped_for = late;
    }
}

void fleet_set_quantum(struct fleet *fleet, uint32_t ticks) {
    fleet->quantum = ticks;
}

static void ready(struct fleet *fleet, struct conn *conn, int result) {
    conn->flags &= (uint16_t)~CONN_ARMED;
    if (conn->state == CONN_CLOSING) {
        if ((conn->flags & CONN_LINGERING) == 0)
            fleet_let_go(fleet, conn);
        else if (result < 0)
            fleet_befall(fleet, conn,
                         STIMULUS_ERROR); /* to arm it again and again would be a spin */
        else
            fleet_read_on_lingering(fleet, conn);
        return;
    }
    fleet->broken_off = result > 0 && (result & POLLHUP) != 0 && (conn->flags & CONN_SENDING) != 0;
    if (result < 0)
        fleet_use_error(fleet, conn, -result); /* the kernel could not arm it: ENOMEM */
    else
        fleet_receive(fleet, conn, (result & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
    fleet->broken_off = false;
    fleet_settle(fleet, conn);
}

void fleet_event(struct fleet *fleet, const struct net_event *event) {
    uint32_t slot = slot_tag_slot(event->tag);
    require(slot < fleet->share);
    struct conn *conn = &fleet->conns[slot];
    if (conn->state == CONN_VACANT || conn->generation != slot_tag_generation(event->tag)) {
        fleet_counts_of(fleet)->stale++;
        return;
    }
    switch (slot_tag_operation(event->tag)) {
    case FLEET_CONNECT: fleet_connect_done(fleet, conn, event->result); break;
    case FLEET_READY: ready(fleet, conn, event->result); break;
    case FLEET_SEND:
        if ((conn->flags & CONN_SENDING) != 0)
            fleet_send_done(fleet, conn, event->result);
        else
            fleet_send_failed(fleet, conn, -event->result);
        break;
    default: require(false); /* not an operation of the fleet */
    }
}

/* The 64-bit tick that a 32-bit one stands for, near now. */
static int64_t tick_whole(const struct fleet *fleet, uint32_t tick) {
    int64_t now = fleet->now.ns / MILLISECOND;
    return now + (int32_t)(tick - (uint32_t)now);
}

/* We were stopped, or late by more than a tenth of the deadline, before what it is for had reached
 * the kernel: nobody else could keep it. It begins anew, once, for by then it has reached it. */
static bool put_off(struct fleet *fleet, struct conn *conn, int64_t handed_ns, duration window) {
    if (fleet->late <= window / 10 || handed_ns < fleet->late_since.ns)
        return false;
    fleet_arm_timer(fleet, conn, fleet_tick_after(instant_after(fleet->now, window)));
    return true;
}

/* An answer that is already there is no timeout. */
static void answer_overdue(struct fleet *fleet, struct conn *conn) {
    fleet_receive_present(fleet, conn);
    if (conn->state == CONN_AWAITING &&
        !put_off(fleet, conn, conn->sent_ns, fleet->plan->options->timeout)) {
        bool silent = net_unacknowledged(fleet->net, conn->fd);
        fleet_befall(fleet, conn, silent ? STIMULUS_SILENCE : STIMULUS_DEADLINE);
    }
    fleet_settle(fleet, conn);
}

static void dial_overdue(struct fleet *fleet, struct conn *conn) {
    if (!put_off(fleet, conn, conn->asked_ns, fleet->plan->options->connect_timeout))
        fleet_befall(fleet, conn, STIMULUS_DEADLINE);
}

static void run_timer(struct fleet *fleet, uint32_t index, uint32_t tick) {
    struct conn *conn = &fleet->conns[index];
    switch ((enum conn_state)conn->state) {
    case CONN_IDLE:
        fleet_fall_due(fleet, conn, (instant){tick_whole(fleet, tick) * MILLISECOND});
        fleet_settle(fleet, conn);
        break;
    case CONN_AWAITING: answer_overdue(fleet, conn); break;
    case CONN_CONNECTING: dial_overdue(fleet, conn); break;
    case CONN_CLOSING: fleet_befall(fleet, conn, STIMULUS_DEADLINE); break;
    case CONN_VACANT: redial_push(&fleet->redials, index); break;
    default: require(false); /* no deadline in this state */
    }
}

bool fleet_run_timers(struct fleet *fleet) {
    uint32_t now = fleet_tick_at(fleet->now);
    bool any = false;
    for (uint32_t index; (index = wheel_take(fleet->wheel, now)) != WHEEL_NONE; any = true)
        run_timer(fleet, index, wheel_due(fleet->wheel, index));
    return any;
}

instant fleet_next_timer(const struct fleet *fleet) {
    uint32_t tick;
    if (!wheel_next(fleet->wheel, &tick))
        return INSTANT_NEVER;
    return (instant){tick_whole(fleet, tick) * MILLISECOND};
}

static void note_outliving(struct fleet *fleet, const struct conn *conn) {
    struct ending stands = fleet_standing(fleet, conn, fleet->now);
    endings_outlived(&fleet->tally->endings, &stands);
}

void fleet_freeze(struct fleet *fleet) {
    fleet->frozen = true;
    fleet->redials.count = 0;
    for (uint32_t i = 0; i < fleet->share; i++) {
        struct conn *conn = &fleet->conns[i];
        if (conn->state == CONN_VACANT) {
            wheel_cancel(fleet->wheel, i);
            continue;
        }
        if (conn->state == CONN_CONNECTING)
            conn->flags |= CONN_FIXED;
        if (conn->state == CONN_IDLE)
            note_outliving(fleet, conn);
        fleet_befall(fleet, conn, STIMULUS_FREEZE);
    }
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
        fleet_befall(fleet, conn, STIMULUS_DRAIN);
        most--;
    }
    return fleet->drained == fleet->share;
}

uint64_t fleet_descriptors(const struct fleet *fleet) {
    return fleet->tally->counts.descriptors;
}
