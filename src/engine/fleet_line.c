/* Connections of the fleet that stand in line, and the requests of the pool and the schedule that
 * they take. */
#include "engine/fleet_inner.h"

uint32_t fleet_in_line(const struct fleet *fleet) {
    return fleet->line.count;
}

/* Whether a connection in line has a request to send, and when that was due. */
static bool find_request(struct fleet *fleet, instant *due) {
    *due = fleet->now;
    if (fleet->line.count == 0 || pool_is_empty(&fleet->hand))
        return false;
    if (fleet->schedule.rate == 0)
        return true;
    *due = schedule_next(&fleet->schedule);
    return !instant_before(fleet->now, *due);
}

static void serve(struct fleet *fleet, struct conn *conn, instant due) {
    fleet_leave_line(fleet, conn);
    if ((conn->flags & CONN_SENDING) != 0) { /* answered before it was sent whole: not free */
        fleet_stand_in_line(fleet, conn);
        return;
    }
    fleet_fall_due(fleet, conn, due);
    if (fleet->schedule.rate > 0 && conn->state == CONN_AWAITING) {
        fleet->schedule.taken++;
        fleet->served++;
        histogram_add(&fleet->tally->lateness, instant_since(fleet->now, due));
    }
    fleet_settle(fleet, conn);
}

static void count_scheduled(struct fleet *fleet) {
    if (fleet->frozen)
        return;
    struct counts *counts = fleet_counts_of(fleet);
    counts->scheduled = schedule_due(&fleet->schedule, fleet->now);
    counts->unsent = counts->scheduled - fleet->served;
}

bool fleet_serve_line(struct fleet *fleet) {
    uint32_t most = fleet->line.count, served = 0;
    for (instant due; served < most && find_request(fleet, &due); served++)
        serve(fleet, &fleet->conns[line_first(&fleet->line)], due);
    count_scheduled(fleet);
    return served > 0;
}

void fleet_hold(struct fleet *fleet, instant since) {
    fleet->holding = true;
    fleet->schedule.start = since;
    if (fleet->plan->options->given.warmup)
        fleet->warm_at = instant_after(since, fleet->plan->options->warmup);
}

bool fleet_awaits_hold(const struct fleet *fleet) {
    return !fleet->holding;
}

instant fleet_next_scheduled(const struct fleet *fleet) {
    return fleet->line.count > 0 && !pool_is_empty(&fleet->hand) ? schedule_next(&fleet->schedule)
                                                                 : INSTANT_NEVER;
}

void fleet_end_turn(struct fleet *fleet) {
    pool_release(&fleet->hand);
}

bool fleet_is_spent(const struct fleet *fleet) {
    return fleet->hand.pool != NULL && pool_is_empty(&fleet->hand) &&
           fleet->tally->counts.outstanding == 0;
}
