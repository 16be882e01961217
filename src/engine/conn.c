/* The connection's state machine: one table of steps, one writer of the state. */
#include "engine/conn.h"

#include "base/require.h"

static struct step ends(enum outcome outcome) {
    return (struct step){CONN_CLOSING, outcome, DO_END, true};
}

static struct step goes(enum conn_state next, unsigned todo) {
    return (struct step){next, OUTCOME_COUNT, todo, true};
}

static const struct step illegal = {CONN_VACANT, OUTCOME_COUNT, 0, false};

static struct step step_connecting(const struct conn *conn, enum stimulus stimulus) {
    switch (stimulus) {
    case STIMULUS_UP: return goes(CONN_IDLE, 0);
    case STIMULUS_OPEN_FAILED: return ends(outcome_of_open_errno(conn->error));
    case STIMULUS_SELF: return ends(OUTCOME_refused);
    case STIMULUS_DEADLINE: return ends(OUTCOME_connect_timeout);
    case STIMULUS_FREEZE: return ends(OUTCOME_abandoned);
    default: return illegal;
    }
}

static struct step step_idle(const struct conn *conn, enum stimulus stimulus) {
    /* A status line that began and stopped short is bytes nobody asked for, whatever ends it. */
    bool begun = conn->unasked != 0;
    switch (stimulus) {
    case STIMULUS_DUE: return begun ? ends(OUTCOME_unsolicited) : goes(CONN_AWAITING, DO_ASK);
    case STIMULUS_FIN: return ends(begun ? OUTCOME_unsolicited : OUTCOME_closed_idle);
    case STIMULUS_RESET: return ends(begun ? OUTCOME_unsolicited : OUTCOME_reset_idle);
    case STIMULUS_ERROR: return ends(outcome_of_live_errno(conn->error));
    case STIMULUS_UNASKED: return ends(OUTCOME_unsolicited);
    case STIMULUS_UNASKED_408: return ends(OUTCOME_closed_idle);
    case STIMULUS_FREEZE: return goes(CONN_IDLE, DO_FIX);
    case STIMULUS_DRAIN: return ends(OUTCOME_drained);
    default: return illegal;
    }
}

static struct step step_awaiting(const struct conn *conn, enum stimulus stimulus, bool mid) {
    switch (stimulus) {
    case STIMULUS_ANSWER: return goes(CONN_IDLE, DO_THINK);
    case STIMULUS_LAST_ANSWER:
        return (struct step){CONN_CLOSING, OUTCOME_closed_announced, DO_LINGER, true};
    case STIMULUS_EOF_ANSWER: return ends(OUTCOME_closed_announced);
    case STIMULUS_BAD_BYTES: return ends(OUTCOME_protocol_error);
    case STIMULUS_FIN: return ends(mid ? OUTCOME_closed_mid_response : OUTCOME_closed_in_flight);
    case STIMULUS_RESET: return ends(mid ? OUTCOME_reset_mid_response : OUTCOME_reset_in_flight);
    case STIMULUS_ERROR: return ends(outcome_of_live_errno(conn->error));
    case STIMULUS_UNSENT: return goes(CONN_IDLE, 0);
    case STIMULUS_DEADLINE: return ends(OUTCOME_response_timeout);
    case STIMULUS_SILENCE: return ends(OUTCOME_silent);
    case STIMULUS_FREEZE: return goes(CONN_AWAITING, 0);
    default: return illegal;
    }
}

static struct step step_closing(enum stimulus stimulus) {
    switch (stimulus) {
    case STIMULUS_FIN:
    case STIMULUS_RESET:
    case STIMULUS_ERROR:
    case STIMULUS_DEADLINE: return goes(CONN_CLOSING, DO_END);
    case STIMULUS_FREEZE: return goes(CONN_CLOSING, 0);
    case STIMULUS_QUIET: return goes(CONN_VACANT, DO_RELEASE);
    default: return illegal;
    }
}

struct step conn_step(const struct conn *conn, enum stimulus stimulus, bool mid) {
    switch ((enum conn_state)conn->state) {
    case CONN_VACANT: return stimulus == STIMULUS_DIAL ? goes(CONN_CONNECTING, 0) : illegal;
    case CONN_CONNECTING: return step_connecting(conn, stimulus);
    case CONN_IDLE: return step_idle(conn, stimulus);
    case CONN_AWAITING: return step_awaiting(conn, stimulus, mid);
    case CONN_CLOSING: return step_closing(stimulus);
    case CONN_STATES: break;
    }
    return illegal;
}

bool conn_edge(enum conn_state from, enum conn_state to) {
    static const bool edges[CONN_STATES][CONN_STATES] = {
        [CONN_VACANT] = {[CONN_CONNECTING] = true},
        [CONN_CONNECTING] = {[CONN_IDLE] = true, [CONN_CLOSING] = true},
        [CONN_IDLE] = {[CONN_AWAITING] = true, [CONN_CLOSING] = true},
        [CONN_AWAITING] = {[CONN_IDLE] = true, [CONN_CLOSING] = true},
        [CONN_CLOSING] = {[CONN_VACANT] = true},
    };
    return edges[from][to];
}

static bool live(enum conn_state state) {
    return state == CONN_IDLE || state == CONN_AWAITING;
}

/* How the outstanding request ended, by how its connection did. */
static void count_request_end(struct counts *counts, enum outcome outcome) {
    counts->outstanding--;
    if (outcome == OUTCOME_COUNT || outcome == OUTCOME_closed_announced)
        counts->answered++;
    else if (outcome == OUTCOME_response_timeout || outcome == OUTCOME_silent)
        counts->timed_out++;
    else
        counts->requests_lost++;
}

static void count_end(struct counts *counts, enum conn_state from, enum outcome outcome,
                      bool fixed) {
    if (fixed) {
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

void conn_enter(struct conn *conn, struct counts *counts, enum conn_state next,
                enum outcome outcome) {
    enum conn_state from = (enum conn_state)conn->state;
    require(conn_edge(from, next));
    require((next == CONN_CLOSING) == (outcome != OUTCOME_COUNT));
    bool fixed = (conn->flags & CONN_FIXED) != 0;
    require(next != CONN_CLOSING || fixed || !outcome_is_drain(outcome));
    conn->state = (uint8_t)next;
    if (from == CONN_VACANT) {
        counts->attempted++;
        counts->connecting++;
    }
    if (from == CONN_CONNECTING && next == CONN_IDLE) {
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
        count_end(counts, from, outcome, fixed);
}

void conn_unsend(struct conn *conn, struct counts *counts) {
    require(conn->state == CONN_AWAITING);
    conn->state = CONN_IDLE;
    counts->sent--;
    counts->outstanding--;
}
