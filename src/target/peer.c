/* The peer's state machine: one table of steps, one writer of the state. */
#include "target/peer.h"

#include "base/require.h"
#include "base/slots.h"

static const struct peer_step illegal = {PEER_VACANT, ENDINGS, 0, false};

static struct peer_step goes(enum counters_peer_state next, unsigned todo) {
    return (struct peer_step){next, ENDINGS, todo, true};
}

static struct peer_step ends(enum counters_ending ending, unsigned todo) {
    enum counters_peer_state next = todo == PEER_DO_FINISH ? PEER_LINGERING : PEER_CLOSING;
    return (struct peer_step){next, ending, todo, true};
}

/* Events that may come in any state in which the connection is open. */
static struct peer_step step_open(enum peer_event event, enum counters_ending on_fin) {
    switch (event) {
    case PEER_FIN: return ends(on_fin, PEER_DO_END);
    case PEER_RST: return ends(ENDING_client_reset, PEER_DO_END);
    case PEER_ERROR: return ends(ENDING_io_error, PEER_DO_END);
    case PEER_NO_MEMORY: return ends(ENDING_no_memory, PEER_DO_END);
    case PEER_STOP: return ends(ENDING_stopped, PEER_DO_END);
    case PEER_ALERT: return ends(ENDING_client_alert, PEER_DO_END);
    case PEER_BROKEN: return ends(ENDING_tls_broken, PEER_DO_FINISH);
    default: return illegal;
    }
}

static struct peer_step step_vacant(enum peer_event event) {
    if (event == PEER_ACCEPTED_TLS)
        return goes(PEER_SECURING, PEER_DO_WAIT);
    return event == PEER_ACCEPTED ? goes(PEER_READING, PEER_DO_WAIT) : illegal;
}

static struct peer_step step_securing(const struct peer *peer, enum peer_event event) {
    switch (event) {
    case PEER_REFUSED: return ends(ENDING_accept_reset, PEER_DO_RESET);
    case PEER_REQUEST_STALLED: return goes(PEER_STALLED, PEER_DO_LISTEN);
    case PEER_SECURED: return goes(PEER_READING, PEER_DO_WAIT);
    case PEER_HANDSHAKE_FAILED: return ends(ENDING_tls_failed, PEER_DO_FINISH);
    case PEER_IDLE: return ends((enum counters_ending)peer->ending, PEER_DO_FINISH);
    default: return step_open(event, ENDING_client_gave_up);
    }
}

static struct peer_step step_reading(const struct peer *peer, enum peer_event event) {
    bool begun = peer->sock.lease != SLOT_NONE;
    switch (event) {
    case PEER_REFUSED: return ends(ENDING_accept_reset, PEER_DO_RESET);
    case PEER_ASKED: return goes(PEER_SENDING, PEER_DO_ANSWER);
    case PEER_ASKED_LATE: return goes(PEER_DELAYING, PEER_DO_DELAY);
    case PEER_REQUEST_STALLED: return goes(PEER_STALLED, PEER_DO_LISTEN);
    case PEER_IDLE: return ends((enum counters_ending)peer->ending, PEER_DO_FINISH);
    default: return step_open(event, begun ? ENDING_client_gave_up : ENDING_client_closed);
    }
}

static struct peer_step step_delaying(enum peer_event event) {
    if (event == PEER_DUE)
        return goes(PEER_SENDING, PEER_DO_ANSWER);
    return step_open(event, ENDING_client_gave_up);
}

static struct peer_step step_sending(const struct peer *peer, enum peer_event event) {
    if (event != PEER_SENT)
        return step_open(event, ENDING_client_gave_up);
    switch ((enum peer_after)peer->after) {
    case AFTER_KEEP: return goes(PEER_READING, PEER_DO_WAIT);
    case AFTER_FINISH: return ends((enum counters_ending)peer->ending, PEER_DO_FINISH);
    case AFTER_RESET: return ends((enum counters_ending)peer->ending, PEER_DO_RESET);
    }
    return illegal;
}

static struct peer_step step_lingering(enum peer_event event) {
    switch (event) {
    case PEER_FIN:
    case PEER_RST:
    case PEER_ERROR:
    case PEER_ALERT:
    case PEER_BROKEN:
    case PEER_TIMEOUT:
    case PEER_STOP: return goes(PEER_CLOSING, PEER_DO_END);
    default: return illegal;
    }
}

static struct peer_step step_closing(enum peer_event event) {
    switch (event) {
    case PEER_STOP: return goes(PEER_CLOSING, 0);
    case PEER_QUIET: return goes(PEER_VACANT, PEER_DO_RELEASE);
    default: return illegal;
    }
}

struct peer_step peer_step(const struct peer *peer, enum peer_event event) {
    switch ((enum counters_peer_state)peer->state) {
    case PEER_VACANT: return step_vacant(event);
    case PEER_SECURING: return step_securing(peer, event);
    case PEER_READING: return step_reading(peer, event);
    case PEER_DELAYING: return step_delaying(event);
    case PEER_SENDING: return step_sending(peer, event);
    case PEER_STALLED: return step_open(event, ENDING_client_gave_up);
    case PEER_LINGERING: return step_lingering(event);
    case PEER_CLOSING: return step_closing(event);
    case PEER_STATES: break;
    }
    return illegal;
}

bool peer_edge(enum counters_peer_state from, enum counters_peer_state to) {
    static const bool edges[PEER_STATES][PEER_STATES] = {
        [PEER_VACANT] = {[PEER_SECURING] = true, [PEER_READING] = true},
        [PEER_SECURING] = {[PEER_READING] = true,
                           [PEER_STALLED] = true,
                           [PEER_LINGERING] = true,
                           [PEER_CLOSING] = true},
        [PEER_READING] = {[PEER_DELAYING] = true,
                          [PEER_SENDING] = true,
                          [PEER_STALLED] = true,
                          [PEER_LINGERING] = true,
                          [PEER_CLOSING] = true},
        [PEER_DELAYING] = {[PEER_SENDING] = true, [PEER_LINGERING] = true, [PEER_CLOSING] = true},
        [PEER_SENDING] = {[PEER_READING] = true, [PEER_LINGERING] = true, [PEER_CLOSING] = true},
        [PEER_STALLED] = {[PEER_LINGERING] = true, [PEER_CLOSING] = true},
        [PEER_LINGERING] = {[PEER_CLOSING] = true},
        [PEER_CLOSING] = {[PEER_VACANT] = true},
    };
    return edges[from][to];
}

static bool is_open(enum counters_peer_state state) {
    return state >= PEER_SECURING && state <= PEER_STALLED;
}

void peer_enter(struct peer *peer, struct counters *counters, enum counters_peer_state next,
                enum counters_ending ending) {
    enum counters_peer_state from = (enum counters_peer_state)peer->state;
    require(peer_edge(from, next));
    bool ended = is_open(from) && !is_open(next);
    require(ended == (ending != ENDINGS));
    peer->state = (uint8_t)next;
    if (from == PEER_VACANT)
        counter_add(&counters->accepted, 1);
    else
        counter_add(&counters->states[from], (uint64_t)-1);
    if (next != PEER_VACANT)
        counter_add(&counters->states[next], 1);
    if (ended)
        counter_add(&counters->endings[ending], 1);
}
