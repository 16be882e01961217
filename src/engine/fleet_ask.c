/* When a connection of the fleet asks, the request handed over, and what became of the send. */
#include "engine/fleet_inner.h"

#include <errno.h>

#include "engine/think.h"

/* Chooses the request of a connection that is about to ask. */
static const struct request *choose(struct fleet *fleet, const struct conn *conn) {
    const struct requests *requests = fleet->requests;
    if (fleet->asked != NULL) {
        uint64_t round = requests_round(requests);
        uint64_t place = fleet->plan->options->urls_order == SEQUENCE_RANDOM
                             ? random_between(&fleet->draws, 0, round - 1)
                             : fleet->turn++ % round;
        fleet->asked[fleet_index_of(fleet, conn)] = (uint16_t)requests_at(requests, place);
    }
    return fleet_asked(fleet, conn);
}

/* Hands over one request that was due at `asked`. */
static void ask(struct fleet *fleet, struct conn *conn, instant asked) {
    const struct request *request = choose(fleet, conn);
    conn->asked_ns = asked.ns;
    conn->sent_ns = fleet->now.ns;
    uint64_t tag = fleet_tag_of(fleet, conn, FLEET_SEND);
    if (request->body_length > 0) {
        conn->flags |= CONN_SENDING;
        net_send_counted(fleet->net, conn->fd, request->bytes, request->length, tag);
    } else {
        fleet_counts_of(fleet)->bytes_out += request->length;
        net_send(fleet->net, conn->fd, request->bytes, request->length, tag);
    }
    fleet_arm_timer(fleet, conn,
                    fleet_tick_after(instant_after(fleet->now, fleet->plan->options->timeout)));
}

/* Idle, until there is a request for it. */
void fleet_stand_in_line(struct fleet *fleet, struct conn *conn) {
    conn->flags |= CONN_IN_LINE;
    /* Of the connect, for one that is new. */
    wheel_cancel(fleet->wheel, fleet_index_of(fleet, conn));
    line_join(&fleet->line, fleet_index_of(fleet, conn));
}

/* Draws the think time; in an open loop the schedule decides who asks. */
void fleet_think(struct fleet *fleet, struct conn *conn) {
    if (fleet->schedule.rate > 0) {
        fleet_stand_in_line(fleet, conn);
        return;
    }
    if (fleet->closed_loop) {
        conn->flags |= CONN_ASK_NOW;
        conn->asked_ns = fleet->now.ns;
        wheel_cancel(fleet->wheel, fleet_index_of(fleet, conn));
        return;
    }
    duration mean = fleet->plan->think_mean;
    fleet_arm_ticks(fleet, conn,
                    mean > 0 ? think_exponential(random_next(&fleet->random), mean)
                             : random_between(&fleet->random, fleet->think_low, fleet->think_high));
}

/* An idle connection's request is due: it asks, when there is one left to be sent. */
static void begin_request(struct fleet *fleet, struct conn *conn, instant asked) {
    if ((conn->flags & CONN_SENDING) != 0) { /* answered before it was sent whole */
        conn->flags |= CONN_ASK_NOW;
        conn->asked_ns = asked.ns;
        return;
    }
    if (!pool_take(&fleet->hand)) {
        fleet_stand_in_line(fleet, conn);
        return;
    }
    fleet_befall(fleet, conn, STIMULUS_DUE);
    if (conn->state == CONN_AWAITING)
        ask(fleet, conn, asked);
    else
        pool_put_back(&fleet->hand);
}

/* Asks when the think time is over; never into a FIN or bytes already waiting. */
void fleet_fall_due(struct fleet *fleet, struct conn *conn, instant asked) {
    fleet_receive(fleet, conn, true);
    if (conn->state == CONN_IDLE)
        begin_request(fleet, conn, asked);
}

/* After bytes were used: a closed loop asks again at once, and readiness is always armed. */
void fleet_settle(struct fleet *fleet, struct conn *conn) {
    if (!fleet_open_for_use(conn))
        return;
    if (conn->state == CONN_IDLE && (conn->flags & CONN_ASK_NOW) != 0) {
        conn->flags &= (uint16_t)~CONN_ASK_NOW;
        begin_request(fleet, conn, (instant){conn->asked_ns});
        if (!fleet_open_for_use(conn))
            return;
    }
    fleet_arm_readiness(fleet, conn);
}

/* The request was not handed over: as if it had not been asked. What the socket says next tells
 * how the connection ended. */
void fleet_send_failed(struct fleet *fleet, struct conn *conn, int error) {
    if (conn->state != CONN_AWAITING)
        return;
    if (fleet_answer_begun(fleet, conn)) {
        fleet_use_error(fleet, conn, error == EPIPE ? ECONNRESET : error);
        return;
    }
    fleet_return_reader(fleet, conn);
    const struct request *request = fleet_asked(fleet, conn);
    if (request->body_length == 0)
        fleet_counts_of(fleet)->bytes_out -= request->length;
    fleet_befall(fleet, conn, STIMULUS_UNSENT);
    pool_put_back(&fleet->hand);
    if (fleet->schedule.rate > 0 && conn->answers > 0)
        fleet->served--; /* its turn is over: it stays unsent */
    wheel_cancel(fleet->wheel, fleet_index_of(fleet, conn));
    if (conn->error == 0 && error != EPIPE)
        conn->error = (uint16_t)error;
    fleet_receive(fleet, conn, true);
    /* EPIPE alone is the echo of a FIN; nothing else is left to be read. */
    if (fleet_open_for_use(conn) && error == EPIPE)
        fleet_befall(fleet, conn, STIMULUS_FIN);
    else if (fleet_open_for_use(conn))
        fleet_use_error(fleet, conn, error);
}

/* A request with a body went out, in whole or in part. In part: the connection was reset in
 * between, and what the server said before is still to be read. */
void fleet_send_done(struct fleet *fleet, struct conn *conn, int result) {
    conn->flags &= (uint16_t)~CONN_SENDING;
    if (result > 0 && (conn->flags & CONN_FIXED) == 0)
        fleet_counts_of(fleet)->bytes_out += (uint64_t)result;
    if (conn->state == CONN_CLOSING) {
        if ((conn->flags & CONN_LINGERING) == 0)
            fleet_let_go(fleet, conn);
        return;
    }
    if (result <= 0) {
        fleet_send_failed(fleet, conn, result < 0 ? -result : EPIPE);
        return;
    }
    if ((size_t)result < fleet_asked(fleet, conn)->length && conn->error == 0)
        conn->error = ECONNRESET;
    fleet_settle(fleet, conn);
}
