/* The connection's state machine: one table of steps, one writer of the state. */
#include "engine/conn.h"

#include "base/require.h"

static struct conn_step_result ends(enum outcome outcome) {
    return (struct conn_step_result){CONN_CLOSING, outcome, DO_SHUT_DOWN, true};
}

static struct conn_step_result goes(enum conn_state next, unsigned todo) {
    return (struct conn_step_result){next, OUTCOME_COUNT, todo, true};
}

static const struct conn_step_result illegal = {CONN_VACANT, OUTCOME_COUNT, 0, false};

/* Only before the freeze is there a connect under way, and only a freeze gives it up. */
static struct conn_step_result step_connecting(const struct conn *conn, enum conn_event event,
                                               bool frozen) {
    if (frozen)
        return event == CONN_EVENT_FREEZE ? ends(OUTCOME_abandoned) : illegal;
    switch (event) {
    case CONN_EVENT_SECURE: return goes(CONN_SECURING, 0);
    case CONN_EVENT_UP: return goes(CONN_IDLE, 0);
    case CONN_EVENT_OPEN_FAILED: return ends(outcome_of_open_errno(conn->error));
    case CONN_EVENT_NO_SOURCE: return ends(OUTCOME_unreachable);
    case CONN_EVENT_SELF: return ends(OUTCOME_refused);
    case CONN_EVENT_DEADLINE: return ends(OUTCOME_connect_timeout);
    default: return illegal;
    }
}

/* An errno is the network's or this host's, as in a connect: no TLS was told of. */
static struct conn_step_result step_securing(const struct conn *conn, enum conn_event event,
                                             bool frozen) {
    if (frozen)
        return event == CONN_EVENT_FREEZE ? ends(OUTCOME_abandoned) : illegal;
    switch (event) {
    case CONN_EVENT_UP: return goes(CONN_IDLE, 0);
    case CONN_EVENT_SECURE_FAILED: return ends(OUTCOME_tls_failed);
    case CONN_EVENT_ERROR: return ends(outcome_of_open_errno(conn->error));
    case CONN_EVENT_DEADLINE: return ends(OUTCOME_connect_timeout);
    default: return illegal;
    }
}

static struct conn_step_result step_idle(const struct conn *conn, enum conn_event event,
                                         struct conn_view view) {
    /* What began and stopped short is bytes nobody asked for, whatever ends it. */
    bool begun = view.residue == EXCHANGE_BEGUN, clean = view.residue == EXCHANGE_CLEAN;
    bool frozen = view.frozen;
    switch (event) {
    case CONN_EVENT_DUE:
        if (frozen)
            return illegal;
        return begun ? ends(OUTCOME_unsolicited) : goes(CONN_AWAITING, DO_SEND);
    case CONN_EVENT_FIN: return ends(clean ? OUTCOME_closed_idle : OUTCOME_unsolicited);
    case CONN_EVENT_RESET: return ends(clean ? OUTCOME_reset_idle : OUTCOME_unsolicited);
    case CONN_EVENT_ERROR: return ends(outcome_of_live_errno(conn->error));
    case CONN_EVENT_ALERT: return ends(OUTCOME_tls_alert);
    case CONN_EVENT_BROKEN: return ends(OUTCOME_tls_broken);
    case CONN_EVENT_UNSOLICITED: return ends(OUTCOME_unsolicited);
    case CONN_EVENT_IDLE_END: return ends(OUTCOME_closed_idle);
    case CONN_EVENT_FREEZE: return frozen ? goes(CONN_IDLE, DO_FREEZE) : illegal;
    case CONN_EVENT_DRAIN: return frozen ? ends(OUTCOME_drained) : illegal;
    default: return illegal;
    }
}

/* A freeze waits for the outstanding answer; the connection is frozen when that has come. */
static struct conn_step_result step_awaiting(const struct conn *conn, enum conn_event event,
                                             struct conn_view view) {
    bool mid = view.mid, frozen = view.frozen;
    switch (event) {
    case CONN_EVENT_ANSWER: return goes(CONN_IDLE, frozen ? DO_FREEZE : DO_THINK);
    case CONN_EVENT_LAST_ANSWER:
        return (struct conn_step_result){CONN_CLOSING, OUTCOME_closed_announced, DO_LINGER, true};
    case CONN_EVENT_EOF_ANSWER: return ends(OUTCOME_closed_announced);
    case CONN_EVENT_BAD_BYTES: return ends(OUTCOME_protocol_error);
    case CONN_EVENT_UNSOLICITED: return ends(OUTCOME_unsolicited);
    case CONN_EVENT_FIN: return ends(mid ? OUTCOME_closed_mid_response : OUTCOME_closed_in_flight);
    case CONN_EVENT_RESET: return ends(mid ? OUTCOME_reset_mid_response : OUTCOME_reset_in_flight);
    case CONN_EVENT_ERROR: return ends(outcome_of_live_errno(conn->error));
    case CONN_EVENT_ALERT: return ends(OUTCOME_tls_alert);
    case CONN_EVENT_BROKEN: return ends(OUTCOME_tls_broken);
    case CONN_EVENT_UNSENT: return goes(CONN_IDLE, 0);
    case CONN_EVENT_DEADLINE: return ends(OUTCOME_response_timeout);
    case CONN_EVENT_SILENCE: return ends(OUTCOME_silent);
    case CONN_EVENT_FREEZE: return frozen ? goes(CONN_AWAITING, 0) : illegal;
    default: return illegal;
    }
}

static struct conn_step_result step_closing(enum conn_event event, bool frozen) {
    switch (event) {
    case CONN_EVENT_FIN:
    case CONN_EVENT_RESET:
    case CONN_EVENT_ERROR:
    case CONN_EVENT_DEADLINE: return goes(CONN_CLOSING, DO_SHUT_DOWN);
    case CONN_EVENT_FREEZE: return frozen ? goes(CONN_CLOSING, 0) : illegal;
    case CONN_EVENT_QUIET: return goes(CONN_VACANT, DO_RELEASE | (frozen ? 0 : DO_BACK_OFF));
    default: return illegal;
    }
}

struct conn_step_result conn_step(const struct conn *conn, enum conn_event event,
                                  struct conn_view view) {
    switch ((enum conn_state)conn->state) {
    case CONN_VACANT:
        return event == CONN_EVENT_CONNECT && !view.frozen ? goes(CONN_CONNECTING, 0) : illegal;
    case CONN_CONNECTING: return step_connecting(conn, event, view.frozen);
    case CONN_SECURING: return step_securing(conn, event, view.frozen);
    case CONN_IDLE: return step_idle(conn, event, view);
    case CONN_AWAITING: return step_awaiting(conn, event, view);
    case CONN_CLOSING: return step_closing(event, view.frozen);
    case CONN_STATES: break;
    }
    return illegal;
}

bool conn_edge(enum conn_state from, enum conn_state to) {
    static const bool edges[CONN_STATES][CONN_STATES] = {
        [CONN_VACANT] = {[CONN_CONNECTING] = true},
        [CONN_CONNECTING] = {[CONN_SECURING] = true, [CONN_IDLE] = true, [CONN_CLOSING] = true},
        [CONN_SECURING] = {[CONN_IDLE] = true, [CONN_CLOSING] = true},
        [CONN_IDLE] = {[CONN_AWAITING] = true, [CONN_CLOSING] = true},
        [CONN_AWAITING] = {[CONN_IDLE] = true, [CONN_CLOSING] = true},
        [CONN_CLOSING] = {[CONN_VACANT] = true},
    };
    return edges[from][to];
}

static bool live(enum conn_state state) {
    return state == CONN_IDLE || state == CONN_AWAITING;
}

/* How the outstanding request ended, by how the connection did. */
static void count_request_end(struct tally_counts *counts, enum outcome outcome) {
    counts->outstanding--;
    if (outcome == OUTCOME_COUNT || outcome == OUTCOME_closed_announced)
        counts->answered++;
    else if (outcome == OUTCOME_response_timeout || outcome == OUTCOME_silent)
        counts->timed_out++;
    else
        counts->requests_lost++;
}

static void count_end(struct tally_counts *counts, enum conn_state from, enum outcome outcome,
                      bool frozen) {
    if (frozen) {
        counts->drain[outcome]++; /* connecting and live stay as the freeze found them */
        return;
    }
    counts->outcomes[outcome]++;
    if (live(from)) {
        counts->live--;
        counts->lost++;
    } else {
        counts->connecting--;
    }
}

void conn_enter(struct conn *conn, struct tally_counts *counts, enum conn_state next,
                enum outcome outcome) {
    enum conn_state from = (enum conn_state)conn->state;
    require(conn_edge(from, next));
    require((next == CONN_CLOSING) == (outcome != OUTCOME_COUNT));
    bool frozen = (conn->flags & CONN_FROZEN) != 0;
    require(next != CONN_CLOSING || frozen || !outcome_is_drain(outcome));
    conn->state = (uint8_t)next;
    if (from == CONN_VACANT) {
        counts->attempted++;
        counts->connecting++;
    }
    if ((from == CONN_CONNECTING || from == CONN_SECURING) && next == CONN_IDLE) {
        counts->connecting--;
        counts->live++;
        counts->opened++;
        counts->reconnected += (conn->flags & CONN_OPENED) != 0;
        conn->flags |= CONN_OPENED;
    }
    if (next == CONN_AWAITING) {
        counts->sent++;
        counts->outstanding++;
    }
    if (from == CONN_AWAITING)
        count_request_end(counts, outcome);
    if (next == CONN_CLOSING)
        count_end(counts, from, outcome, frozen);
}

void conn_unsend(struct conn *conn, struct tally_counts *counts) {
    require(conn->state == CONN_AWAITING);
    conn->state = CONN_IDLE;
    counts->sent--;
    counts->outstanding--;
}
