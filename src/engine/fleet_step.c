/* The one way a connection of the fleet changes, and what its end means for the ledger and the
 * slot. */
#include "engine/fleet_inner.h"

#include "base/require.h"

static const duration LINGER = 1 * SECOND; /* contract: closed_announced */

static bool reconnects(const struct fleet *fleet) {
    return plan_reconnects(fleet->plan);
}

/* Wipes the slot but for what outlives a journey. */
void fleet_wipe(struct conn *conn, uint32_t generation) {
    *conn = (struct conn){.fd = -1,
                          .generation = generation,
                          .lease = SLOT_NONE,
                          .sent_ns = conn->sent_ns,
                          .flags = conn->flags & CONN_OPENED,
                          .retries = conn->retries};
}

/* Draws how long the slot stays empty: full jitter, one tick at least. */
static void back_off(struct fleet *fleet, struct conn *conn) {
    duration most = redial_wait_most(fleet->plan->reconnect, conn->retries);
    uint64_t ticks = random_between(&fleet->random, 0, (uint64_t)(most / MILLISECOND));
    fleet_arm_ticks(fleet, conn, ticks > 0 ? ticks : 1);
    if (conn->retries < UINT8_MAX)
        conn->retries++;
    fleet_counts_of(fleet)->refilling++;
}

/* Closes the descriptor and frees the slot; a completion that still comes is told by generation. */
static void release(struct fleet *fleet, struct conn *conn) {
    if (conn->fd >= 0) {
        net_close(fleet->net, conn->fd);
        fleet_counts_of(fleet)->descriptors--;
    }
    wheel_cancel(fleet->wheel, fleet_index_of(fleet, conn));
    fleet_wipe(conn, (conn->generation + 1) & 0xffffff);
    if (reconnects(fleet) && !fleet->frozen)
        back_off(fleet, conn);
}

/* Closing has three steps: shut down, wait until the kernel owns nothing, close. */
static void end(struct fleet *fleet, struct conn *conn) {
    conn->flags &= (uint16_t)~CONN_LINGERING;
    wheel_cancel(fleet->wheel, fleet_index_of(fleet, conn));
    bool owned = fleet_kernel_owns(conn);
    if ((conn->flags & CONN_BY_RESET) != 0)
        net_reset(fleet->net, conn->fd);
    else if (owned)
        net_shutdown(fleet->net, conn->fd);
    if (!owned)
        fleet_befall(fleet, conn, STIMULUS_QUIET);
}

static void linger(struct fleet *fleet, struct conn *conn) {
    conn->flags |= CONN_LINGERING;
    fleet_arm_timer(fleet, conn, fleet_tick_after(instant_after(fleet->now, LINGER)));
    fleet_arm_readiness(fleet, conn);
}

static void count_errno(struct fleet *fleet, const struct conn *conn) {
    int error = conn->error < TALLY_ERRNO_MAX ? conn->error : TALLY_ERRNO_MAX;
    if (error != 0 && (conn->flags & CONN_FIXED) == 0)
        fleet_counts_of(fleet)->errnos[error]++;
}

static void note_first(struct fleet *fleet, const struct conn *conn, enum outcome outcome) {
    int64_t *first = &fleet_counts_of(fleet)->first_ns[outcome];
    if (*first == 0 && (conn->flags & CONN_FIXED) == 0)
        *first = fleet->now.ns;
}

/* Closed while our next request should have been there for more than a tenth of its think time: it
 * may be for that. An answer that was read when we had just been stopped may have been there all
 * that time. */
static bool overdue(const struct fleet *fleet, const struct conn *conn, uint32_t idle_ms) {
    enum { JUST_MS = 200 };
    if ((conn->flags & (CONN_IN_LINE | CONN_ASK_NOW)) != 0)
        return false; /* it had no think time */
    int64_t late =
        (int32_t)(fleet_tick_at(fleet->now) - wheel_due(fleet->wheel, fleet_index_of(fleet, conn)));
    int64_t idle = idle_ms;
    int64_t since = instant_since(fleet->now, fleet->stopped_until) / MILLISECOND;
    if (fleet->stopped_for > 0 && since <= JUST_MS && idle <= since) {
        late += fleet->stopped_for / MILLISECOND;
        idle += fleet->stopped_for / MILLISECOND;
    }
    return !fleet->closed_loop && late > 0 && late * 11 > idle;
}

/* A live connection ends, other than in the drain: the facts of which its cause is inferred. */
static void note_ending(struct fleet *fleet, const struct conn *conn, enum outcome outcome) {
    if (!fleet_open_for_use(conn) || (conn->flags & CONN_FIXED) != 0)
        return;
    struct ending ending = fleet_standing(fleet, conn, fleet->now);
    ending.lot = (uint32_t)random_next(&fleet->lots);
    if (fleet->late > STOPPED)
        endings_add_late(&fleet->tally->endings, outcome, &ending);
    else
        endings_add(&fleet->tally->endings, outcome, &ending);
    if (outcome == OUTCOME_closed_idle && overdue(fleet, conn, ending.idle_ms))
        fleet_counts_of(fleet)->closed_overdue++;
}

/* What a journey's end, and the end of its first part, mean for the slot. */
static void note_journey(struct fleet *fleet, struct conn *conn, enum conn_state from) {
    bool first = conn->retries == 0;
    if (from == CONN_CONNECTING && conn->state != CONN_CONNECTING && first)
        fleet->first_dials--;
    bool was_live = from == CONN_IDLE || from == CONN_AWAITING;
    if (conn->state == CONN_CLOSING && (was_live || (from == CONN_CONNECTING && first)))
        conn->sent_ns = fleet->now.ns; /* else it was empty before */
}

/* The one way a connection changes: step, enter, act. */
void fleet_befall(struct fleet *fleet, struct conn *conn, enum stimulus stimulus) {
    struct step step = conn_step(conn, stimulus, fleet_answer_begun(fleet, conn));
    require(step.legal);
    if (step.outcome != OUTCOME_COUNT) {
        note_first(fleet, conn, step.outcome);
        note_ending(fleet, conn, step.outcome);
    }
    enum conn_state from = (enum conn_state)conn->state;
    if (step.next != CONN_IDLE || (step.todo & DO_FIX) != 0)
        fleet_leave_line(fleet, conn);
    if (stimulus == STIMULUS_UNSENT)
        conn_unsend(conn, fleet_counts_of(fleet));
    else if (step.next == CONN_VACANT && conn->state == CONN_CLOSING)
        conn_enter(conn, fleet_counts_of(fleet), CONN_VACANT, OUTCOME_COUNT);
    else if (step.next != (enum conn_state)conn->state)
        conn_enter(conn, fleet_counts_of(fleet), step.next, step.outcome);
    note_journey(fleet, conn, from);
    if (step.outcome != OUTCOME_COUNT) {
        fleet_return_reader(fleet, conn);
        count_errno(fleet, conn);
    }
    if (step.todo & DO_THINK) {
        if (fleet->frozen)
            step.todo = DO_FIX;
        else
            fleet_think(fleet, conn);
    }
    if (step.todo & DO_FIX) {
        conn->flags |= CONN_FIXED;
        conn->flags &= (uint16_t)~CONN_ASK_NOW;
        wheel_cancel(fleet->wheel, fleet_index_of(fleet, conn));
        struct ending stands = fleet_standing(fleet, conn, fleet->now);
        endings_fixed(&fleet->tally->endings, stands.age_ms);
    }
    if (step.todo & DO_LINGER)
        linger(fleet, conn);
    if (step.todo & DO_END)
        end(fleet, conn);
    if (step.todo & DO_RELEASE)
        release(fleet, conn);
}

/* It was shut, and one of the kernel's hands is off it. */
void fleet_let_go(struct fleet *fleet, struct conn *conn) {
    if (!fleet_kernel_owns(conn))
        fleet_befall(fleet, conn, STIMULUS_QUIET);
}
