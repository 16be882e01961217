/* The peer's state machine: one table of steps, one writer of the state. */
#include "target/peer.h"

#include "base/require.h"
#include "base/slots.h"

static const struct peer_step illegal = {PEER_VACANT, ENDINGS, 0, false};

static struct peer_step goes(enum peer_state next, unsigned todo) {
    return (struct peer_step){next, ENDINGS, todo, true};
}

static struct peer_step ends(enum ending ending, unsigned todo) {
    enum peer_state next = todo == PEER_DO_FINISH ? PEER_LINGERING : PEER_CLOSING;
    return (struct peer_step){next, ending, todo, true};
}

/* What can befall a connection in any state in which it is open. */
static struct peer_step step_open(enum peer_stimulus stimulus, enum ending on_fin) {
    switch (stimulus) {
    case PEER_FIN: return ends(on_fin, PEER_DO_END);
    case PEER_RST: return ends(ENDING_client_reset, PEER_DO_END);
    case PEER_ERROR: return ends(ENDING_io_error, PEER_DO_END);
    case PEER_NO_MEMORY: return ends(ENDING_no_memory, PEER_DO_END);
    case PEER_STOP: return ends(ENDING_stopped, PEER_DO_END);
    default: return illegal;
    }
}

static struct peer_step step_vacant(enum peer_stimulus stimulus) {
    return stimulus == PEER_ACCEPTED ? goes(PEER_READING, PEER_DO_WAIT) : illegal;
}

static struct peer_step step_reading(const struct peer *peer, enum peer_stimulus stimulus) {
    bool begun = peer->reader != SLOT_NONE;
    switch (stimulus) {
    case PEER_REFUSED: return ends(ENDING_accept_reset, PEER_DO_RESET);
    case PEER_ASKED: return goes(PEER_SENDING, PEER_DO_ANSWER);
    case PEER_ASKED_LATE: return goes(PEER_DELAYING, PEER_DO_DELAY);
    case PEER_ASKED_VAIN: return goes(PEER_STALLED, PEER_DO_LISTEN);
    case PEER_IDLE: return ends((enum ending)peer->ending, PEER_DO_FINISH);
    default: return step_open(stimulus, begun ? ENDING_client_gave_up : ENDING_client_closed);
    }
}

static struct peer_step step_delaying(enum peer_stimulus stimulus) {
    if (stimulus == PEER_DUE)
        return goes(PEER_SENDING, PEER_DO_ANSWER);
    return step_open(stimulus, ENDING_client_gave_up);
}

static struct peer_step step_sending(const struct peer *peer, enum peer_stimulus stimulus) {
    if (stimulus != PEER_SENT)
        return step_open(stimulus, ENDING_client_gave_up);
    switch ((enum peer_after)peer->after) {
    case AFTER_KEEP: return goes(PEER_READING, PEER_DO_WAIT);
    case AFTER_FINISH: return ends((enum ending)peer->ending, PEER_DO_FINISH);
    case AFTER_RESET: return ends((enum ending)peer->ending, PEER_DO_RESET);
    }
    return illegal;
}

static struct peer_step step_lingering(enum peer_stimulus stimulus) {
    switch (stimulus) {
    case PEER_FIN:
    case PEER_RST:
    case PEER_ERROR:
    case PEER_PATIENCE:
    case PEER_STOP: return goes(PEER_CLOSING, PEER_DO_END);
    default: return illegal;
    }
}

static struct peer_step step_closing(enum peer_stimulus stimulus) {
    switch (stimulus) {
    case PEER_STOP: return goes(PEER_CLOSING, 0);
    case PEER_QUIET: return goes(PEER_VACANT, PEER_DO_RELEASE);
    default: return illegal;
    }
}

struct peer_step peer_step(const struct peer *peer, enum peer_stimulus stimulus) {
    switch ((enum peer_state)peer->state) {
    case PEER_VACANT: return step_vacant(stimulus);
    case PEER_READING: return step_reading(peer, stimulus);
    case PEER_DELAYING: return step_delaying(stimulus);
    case PEER_SENDING: return step_sending(peer, stimulus);
    case PEER_STALLED: return step_open(stimulus, ENDING_client_gave_up);
    case PEER_LINGERING: return step_lingering(stimulus);
    case PEER_CLOSING: return step_closing(stimulus);
    case PEER_STATES: break;
    }
    return illegal;
}

bool peer_edge(enum peer_state from, enum peer_state to) {
    static const bool edges[PEER_STATES][PEER_STATES] = {
        [PEER_VACANT] = {[PEER_READING] = true},
        [PEER_READING] = {[PEER_DELAYING] = true,
                          [PEER_SENDING] = true,
                          [PEER_STALLED] = true,
                          [PEER_LINGERING] = true,
                          [PEER_CLOSING] = true},
        [PEER_DELAYING] = {[PEER_SENDING] = true, [PEER_CLOSING] = true},
        [PEER_SENDING] = {[PEER_READING] = true, [PEER_LINGERING] = true, [PEER_CLOSING] = true},
        [PEER_STALLED] = {[PEER_CLOSING] = true},
        [PEER_LINGERING] = {[PEER_CLOSING] = true},
        [PEER_CLOSING] = {[PEER_VACANT] = true},
    };
    return edges[from][to];
}

static bool is_open(enum peer_state state) {
    return state >= PEER_READING && state <= PEER_STALLED;
}

void peer_enter(struct peer *peer, struct counters *counters, enum peer_state next,
                enum ending ending) {
    enum peer_state from = (enum peer_state)peer->state;
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
