/* The server's own numbers beside a run on many hosts: this host alone asks for them, and they are
 * held against what all parts sent. */
#include "hosts/leader_private.h"

static instant now_of(const struct leader *leader) {
    return net_now(leader->loop.net);
}

/* What all parts have sent, as far as it was heard. */
static uint64_t sent_by_all(const struct leader *leader) {
    uint64_t sent = 0;
    for (size_t i = 0; i < leader->count; i++) {
        const struct record *record = leader_record_of(&leader->parts[i]);
        sent += record != NULL ? record->total.counts.sent : 0;
    }
    return sent;
}

static void take_poll(void *owner, const struct net_event *event, instant now) {
    struct leader *leader = owner;
    observers_event(&leader->observers, event, now, sent_by_all(leader));
}

/* The log was opened before the preflights, whose lines are the parts' own. */
int leader_server_start(struct leader *leader) {
    struct setup *setup = leader->setup;
    for (size_t i = 0; i < leader->count; i++)
        setup->server_log.own_requests += leader->parts[i].asked_target;
    loop_handle(&leader->loop, STATUS_OPERATION, take_poll, leader);
    leader->observing = true;
    return observers_start(&leader->observers, leader->plan, setup, &leader->notes,
                           leader->loop.net, STATUS_OPERATION, now_of(leader));
}

static bool is_closed(const void *with) {
    return observers_closed(with);
}

/* The poller's connection ends with the run: its last events still come. */
void leader_server_end(struct leader *leader) {
    struct loop *loop = &leader->loop;
    if (!leader->observing)
        return;
    observers_close(&leader->observers);
    loop_turn_until(loop, instant_after(net_now(loop->net), SECOND), is_closed, &leader->observers);
    observers_free(&leader->observers);
    leader->observing = false;
}

/* --- the hold of the whole --- */

/* From when the last part began to hold, until the first one holds no more; a part that is lost
 * ends no hold. */
static bool all_hold(const struct leader *leader) {
    bool any = false;
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        if (part->state == PART_LOST)
            continue;
        if (part->state == PART_ENDED || part->phase != IN_HOLD)
            return false;
        any = true;
    }
    return any;
}

static void look_at_hold(struct leader *leader) {
    bool holding = all_hold(leader);
    if (holding == leader->holding || (holding && leader->held))
        return;
    leader->holding = holding;
    leader->held = true;
    leader_add_up(leader);
    observers_hold(&leader->observers, holding, now_of(leader), &leader->sum->total.counts);
}

/* --- while it goes on --- */

/* The tick at which the server's count is asked for. */
static instant counted_tick(const struct leader *leader) {
    return leader_phase(leader) <= IN_HOLD ? leader->next_tick : INSTANT_NEVER;
}

instant leader_server_due(const struct leader *leader) {
    return observers_due(&leader->observers, counted_tick(leader));
}

void leader_server_turn(struct leader *leader) {
    instant now = now_of(leader);
    look_at_hold(leader);
    if (!instant_before(now, leader_server_due(leader)))
        observers_turn(&leader->observers, now, counted_tick(leader), sent_by_all(leader));
}

bool leader_server_is_over(struct leader *leader) {
    look_at_hold(leader);
    return observers_over(&leader->observers, now_of(leader), sent_by_all(leader));
}
