/* What truly happened: judged from what the servers did and what the engine was shown, by words of
 * its own and not the engine's. */
#include <errno.h>

#include "world.h"

static void judge(struct net *net, struct socket *socket, enum outcome outcome) {
    if (socket->verdict != OUTCOME_COUNT)
        return;
    socket->verdict = outcome;
    net->truth.outcomes[outcome]++;
}

static enum outcome of_open_error(int error) {
    static const struct {
        int error;
        enum outcome outcome;
    } rows[] = {
        {EMFILE, OUTCOME_fd_limit},
        {ENFILE, OUTCOME_fd_limit_system},
        {EADDRNOTAVAIL, OUTCOME_ports_exhausted},
        {EADDRINUSE, OUTCOME_ports_exhausted},
        {ENOMEM, OUTCOME_no_memory},
        {ENOBUFS, OUTCOME_no_memory},
        {EPERM, OUTCOME_denied},
        {EACCES, OUTCOME_denied},
        {ECONNREFUSED, OUTCOME_refused},
        {EHOSTUNREACH, OUTCOME_unreachable},
        {ENETUNREACH, OUTCOME_unreachable},
        {ETIMEDOUT, OUTCOME_connect_timeout},
        {ECONNRESET, OUTCOME_connect_reset},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].error == error)
            return rows[i].outcome;
    return OUTCOME_connect_error;
}

void truth_open_failed(struct net *net, int error) {
    net->truth.outcomes[of_open_error(error)]++;
}

static void go_live(struct net *net, struct socket *socket) {
    net->truth.opened++;
    socket->live = true;
}

void truth_connected(struct net *net, struct socket *socket, int result) {
    if (socket->verdict != OUTCOME_COUNT)
        return;
    if (result < 0)
        judge(net, socket, of_open_error(-result));
    else if (net->config.transport == NULL)
        go_live(net, socket);
    socket->answered_ns = net->now_ns;
}

void truth_self(struct net *net, struct socket *socket) {
    net->truth.opened -= socket->live;
    judge(net, socket, OUTCOME_refused);
}

void truth_asked(struct net *net, struct socket *socket) {
    socket->outstanding = true;
    socket->asked_ns = net->now_ns;
}

/* As if never asked. EPIPE is an echo: what it echoes is still to be read. */
void truth_send_failed(struct net *net, struct socket *socket, int error) {
    net->truth.sends_failed++;
    if (socket->verdict != OUTCOME_COUNT)
        return;
    socket->outstanding = false;
    if (socket->first_error == 0 && error != EPIPE)
        socket->first_error = error;
}

/* What is left of a send that broke off is as lost as after a reset. */
void truth_sent(struct net *net, struct socket *socket, int result) {
    net->truth.bytes += (uint64_t)result;
    if (result == socket->send_length)
        return;
    net->truth.cut++;
    if (socket->verdict == OUTCOME_COUNT && socket->first_error == 0)
        socket->first_error = ECONNRESET;
}

static void answered(struct net *net, struct socket *socket) {
    net->truth.answered++;
    socket->outstanding = socket->begun = false;
    socket->answered_ns = net->now_ns;
}

/* What a record is beside data; false: it is data. */
static bool is_of_records(struct net *net, struct socket *socket, enum mark mark) {
    switch (mark) {
    case MARK_HIDDEN: return true;
    case MARK_UP: go_live(net, socket); return true;
    case MARK_ALERT: judge(net, socket, OUTCOME_tls_alert); return true;
    case MARK_BROKEN: judge(net, socket, OUTCOME_tls_broken); return true;
    case MARK_NOTIFY:
        socket->told = true;
        truth_end(net, socket);
        return true;
    default: return false;
    }
}

void truth_bytes(struct net *net, struct socket *socket, enum mark mark) {
    if (mark == MARK_BLANK || socket->verdict != OUTCOME_COUNT || is_of_records(net, socket, mark))
        return;
    if (!socket->live) {
        judge(net, socket, OUTCOME_tls_failed);
        return;
    }
    if (!socket->outstanding) {
        judge(net, socket, mark == MARK_408 ? OUTCOME_closed_idle : OUTCOME_unsolicited);
        return;
    }
    socket->begun = true;
    socket->to_eof = mark == MARK_TO_EOF;
    if (mark == MARK_NOISE)
        judge(net, socket, OUTCOME_protocol_error);
    if (mark == MARK_WHOLE || mark == MARK_LAST || mark == MARK_408)
        answered(net, socket);
    if (mark == MARK_LAST || mark == MARK_408)
        judge(net, socket, OUTCOME_closed_announced);
}

static enum outcome of_reset(const struct socket *socket) {
    if (!socket->outstanding)
        return OUTCOME_reset_idle;
    return socket->begun ? OUTCOME_reset_mid_response : OUTCOME_reset_in_flight;
}

static enum outcome of_fin(const struct net *net, const struct socket *socket) {
    if (!socket->outstanding)
        return OUTCOME_closed_idle;
    if (socket->to_eof && (net->config.transport == NULL || socket->told))
        return OUTCOME_closed_announced;
    return socket->begun ? OUTCOME_closed_mid_response : OUTCOME_closed_in_flight;
}

static enum outcome of_live_error(const struct socket *socket) {
    int error = socket->first_error;
    if (error == ECONNRESET)
        return of_reset(socket);
    return error == ENOMEM || error == ENOBUFS ? OUTCOME_no_memory : OUTCOME_io_error;
}

/* The peer's end; what the network or this host reports is theirs. */
static enum outcome of_handshake_end(const struct socket *socket) {
    int error = socket->first_error;
    return error == 0 || error == ECONNRESET ? OUTCOME_tls_failed : of_open_error(error);
}

void truth_end(struct net *net, struct socket *socket) {
    if (socket->verdict != OUTCOME_COUNT)
        return;
    enum outcome outcome = !socket->live ? of_handshake_end(socket)
                           : socket->reset || socket->first_error == ECONNRESET
                               ? of_reset(socket)
                               : of_fin(net, socket);
    if (outcome == OUTCOME_closed_announced)
        answered(net, socket);
    judge(net, socket, outcome);
}

/* The first error of a connection decides. */
void truth_error(struct net *net, struct socket *socket, int error) {
    if (socket->first_error == 0)
        socket->first_error = error;
    judge(net, socket, socket->live ? of_live_error(socket) : of_handshake_end(socket));
}

static bool passed(const struct net *net, int64_t since_ns, duration timeout) {
    return net->now_ns - since_ns >= timeout;
}

void truth_ended_by_us(struct net *net, struct socket *socket) {
    if (socket->verdict != OUTCOME_COUNT)
        return;
    if (socket->phase == PHASE_UP && !socket->live && socket->first_error != 0) {
        judge(net, socket, of_handshake_end(socket));
    } else if (!socket->live) {
        bool timed_out = passed(net, socket->attempted_ns, net->config.connect_timeout);
        net->truth.ended_early += !timed_out && !net->freezing;
        net->truth.either += timed_out && net->freezing;
        judge(net, socket, timed_out ? OUTCOME_connect_timeout : OUTCOME_abandoned);
    } else if (socket->first_error != 0) {
        judge(net, socket, of_live_error(socket));
    } else if (socket->outstanding) {
        net->truth.ended_early += !passed(net, socket->asked_ns, net->config.timeout);
        judge(net, socket,
              socket->answered_unacknowledged ? OUTCOME_silent : OUTCOME_response_timeout);
    } else {
        judge(net, socket, OUTCOME_drained);
    }
}
