/* Checks every connection of the fleet against its counts. */
#include "engine/fleet_inner.h"

/* Every vacant slot that was dialled before is on its way back, in exactly one place. */
static const char *audit_redials(const struct fleet *fleet) {
    uint64_t vacant = 0, armed = 0;
    for (uint32_t i = 0; i < fleet->share; i++) {
        const struct conn *conn = &fleet->conns[i];
        if (conn->state != CONN_VACANT)
            continue;
        vacant += conn->retries > 0;
        armed += wheel_armed(fleet->wheel, i);
        if (wheel_armed(fleet->wheel, i) && conn->retries == 0)
            return "a vacant slot waits only to be dialled again";
    }
    if (fleet->frozen)
        return armed + fleet->redials.count == 0 ? NULL : "a frozen fleet dials nothing again";
    if (vacant != armed + fleet->redials.count)
        return "slots that were dialled before = waiting + due";
    if (vacant != fleet->tally->counts.refilling)
        return "refilling = slots waiting + due";
    return NULL;
}

const char *fleet_audit(const struct fleet *fleet) {
    uint64_t states[CONN_STATES] = {0}, fixed = 0, firsts = 0, files = 0, timers = 0, leases = 0;
    uint64_t in_line = 0;
    for (uint32_t i = 0; i < fleet->share; i++) {
        const struct conn *conn = &fleet->conns[i];
        bool is_fixed = (conn->flags & CONN_FIXED) != 0;
        fixed += is_fixed && fleet_open_for_use(conn);
        states[conn->state]++;
        files += conn->state != CONN_VACANT && conn->fd >= 0;
        timers += wheel_armed(fleet->wheel, i);
        leases += conn->state == CONN_AWAITING && conn->lease != SLOT_NONE;
        firsts += conn->state == CONN_CONNECTING && conn->retries == 0;
        bool lined = (conn->flags & CONN_IN_LINE) != 0;
        in_line += lined;
        if (lined && (conn->state != CONN_IDLE || is_fixed))
            return "only idle connections stand in line";
        bool held_up = (conn->flags & CONN_SENDING) != 0 && (conn->flags & CONN_ASK_NOW) != 0;
        bool waits = conn->state == CONN_CONNECTING || conn->state == CONN_AWAITING ||
                     (conn->state == CONN_IDLE && !is_fixed && !lined && !held_up) ||
                     (conn->flags & CONN_LINGERING) != 0;
        if (conn->state != CONN_VACANT && waits != wheel_armed(fleet->wheel, i))
            return "timers armed = connections with a deadline";
        if (fleet_open_for_use(conn) && (conn->flags & CONN_ARMED) == 0)
            return "readiness is always armed";
    }
    const struct counts *counts = &fleet->tally->counts;
    if (files != counts->descriptors)
        return "descriptors open = live + connecting + closing + fixed";
    if (timers != wheel_count(fleet->wheel))
        return "the wheel's count = timers armed";
    if (firsts != fleet->first_dials)
        return "first dials = connections connecting for the first time";
    if (in_line != fleet->line.count)
        return "the line's count = connections in line";
    if (leases != fleet->reader_slots.taken)
        return "readers leased = answers in pieces";
    if (endings_count(&fleet->tally->endings) != counts->lost)
        return "endings noted = live connections lost";
    if (counts->outstanding != states[CONN_AWAITING])
        return "outstanding = connections awaiting";
    if (!fleet->frozen && counts->live != states[CONN_IDLE] + states[CONN_AWAITING])
        return "live = connections idle or awaiting";
    if (!fleet->frozen && counts->connecting != states[CONN_CONNECTING])
        return "connecting = connections connecting";
    if (fleet->frozen &&
        fixed + states[CONN_AWAITING] + tally_drained(counts) != counts->live + counts->connecting)
        return "fixed + awaiting + drained = live + connecting of the freeze";
    return audit_redials(fleet);
}
