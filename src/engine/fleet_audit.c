/* Checks every connection of the fleet against its counts. */
#include "engine/fleet_private.h"

/* Every vacant slot that was connecting before waits to reconnect, in exactly one place. */
static const char *audit_reconnects(const struct fleet *fleet) {
    uint64_t vacant = 0, armed = 0;
    for (uint32_t i = 0; i < fleet->share; i++) {
        const struct conn *conn = &fleet->conns[i];
        if (conn->state != CONN_VACANT)
            continue;
        vacant += conn->retries > 0;
        armed += wheel_armed(fleet->wheel, i);
        if (wheel_armed(fleet->wheel, i) && conn->retries == 0)
            return "a vacant slot waits only to reconnect";
    }
    if (fleet->frozen)
        return armed + fleet->reconnects.count == 0 ? NULL : "a frozen fleet does not reconnect";
    if (vacant != armed + fleet->reconnects.count)
        return "slots that were connecting before = waiting + due";
    if (vacant != fleet->tally->counts.refilling)
        return "refilling = slots waiting + due";
    return NULL;
}

const char *fleet_audit(const struct fleet *fleet) {
    uint64_t states[CONN_STATES] = {0}, frozen = 0, firsts = 0, files = 0, timers = 0, leases = 0;
    uint64_t queued = 0;
    for (uint32_t i = 0; i < fleet->share; i++) {
        const struct conn *conn = &fleet->conns[i];
        bool is_frozen = (conn->flags & CONN_FROZEN) != 0;
        frozen += is_frozen && fleet_open_for_use(conn);
        states[conn->state]++;
        files += conn->state != CONN_VACANT && conn->sock.fd >= 0;
        timers += wheel_armed(fleet->wheel, i);
        leases += conn->state == CONN_AWAITING && conn->sock.lease != SLOT_NONE;
        bool on_its_way = conn->state == CONN_CONNECTING || conn->state == CONN_SECURING;
        firsts += on_its_way && conn->retries == 0;
        bool is_queued = (conn->flags & CONN_QUEUED) != 0;
        queued += is_queued;
        if (is_queued && (conn->state != CONN_IDLE || is_frozen))
            return "only idle connections are queued";
        bool held_up =
            (conn->sock.owned & SOCK_SENDING) != 0 && (conn->flags & CONN_REQUEST_NOW) != 0;
        bool waits = on_its_way || conn->state == CONN_AWAITING ||
                     (conn->state == CONN_IDLE && !is_frozen && !is_queued && !held_up) ||
                     (conn->flags & CONN_LINGERING) != 0;
        if (conn->state != CONN_VACANT && waits != wheel_armed(fleet->wheel, i))
            return "timers armed = connections with a deadline";
        if (fleet_open_for_reading(conn) && (conn->sock.owned & SOCK_ARMED) == 0)
            return "readiness is always armed";
    }
    const struct tally_counts *counts = &fleet->tally->counts;
    if (files != counts->descriptors)
        return "descriptors open = live + connecting + closing + frozen";
    if (timers != wheel_count(fleet->wheel))
        return "the wheel's count = timers armed";
    if (firsts != fleet->first_connects)
        return "first connects = connections connecting for the first time";
    if (queued != fleet->queue.count)
        return "the queue's count = connections queued";
    if (leases != fleet->socks.reader_slots.taken)
        return "readers leased = answers in pieces";
    if (endings_count(&fleet->tally->endings) != counts->lost)
        return "endings noted = live connections lost";
    if (counts->outstanding != states[CONN_AWAITING])
        return "outstanding = connections awaiting";
    if (!fleet->frozen && counts->live != states[CONN_IDLE] + states[CONN_AWAITING])
        return "live = connections idle or awaiting";
    if (!fleet->frozen && counts->connecting != states[CONN_CONNECTING] + states[CONN_SECURING])
        return "connecting = connections connecting";
    if (fleet->frozen &&
        frozen + states[CONN_AWAITING] + tally_drained(counts) != counts->live + counts->connecting)
        return "frozen + awaiting + drained = live + connecting of the freeze";
    return audit_reconnects(fleet);
}
