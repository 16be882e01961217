/* The connection machine of the fleet, in the order of a connection's life: its one way to change,
 * connecting, reading, sending requests; at the end the events and timers that drive it. */
#include "engine/fleet_private.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "base/require.h"

enum {
    READS_MAX = 16, /* scratch buffers read for one event, so that an endless body starves nobody */
};

static const duration LINGER = 1 * SECOND;   /* contract: closed_announced */
static const duration FULL_FOR = 1 * SECOND; /* a pair of addresses without a free port */

static uint64_t tag_of(const struct fleet *fleet, const struct conn *conn, uint8_t operation) {
    return slot_tag(operation, conn->sock.generation, fleet_index_of(fleet, conn));
}

static void cancel_timer(struct fleet *fleet, const struct conn *conn) {
    wheel_cancel(fleet->wheel, fleet_index_of(fleet, conn));
}

/* Rounded up to a tick: a deadline never fires early. */
static void arm_timer(struct fleet *fleet, const struct conn *conn, duration after) {
    int64_t due_ns = instant_after(fleet->now, after).ns;
    wheel_arm(fleet->wheel, fleet_index_of(fleet, conn),
              (uint32_t)((due_ns + MILLISECOND - 1) / MILLISECOND));
}

/* Arms the timer that many whole ticks from now, rounded up to the quantum. */
static void arm_ticks(struct fleet *fleet, const struct conn *conn, uint64_t ticks) {
    uint64_t due = (uint64_t)(fleet->now.ns / MILLISECOND) + ticks;
    due += (fleet->quantum - due % fleet->quantum) % fleet->quantum;
    wheel_arm(fleet->wheel, fleet_index_of(fleet, conn), (uint32_t)due);
}

static void arm_readiness(struct fleet *fleet, struct conn *conn) {
    sock_arm(&fleet->socks, &conn->sock, tag_of(fleet, conn, FLEET_READY));
}

static void enqueue(struct fleet *fleet, struct conn *conn) {
    conn->flags |= CONN_QUEUED;
    cancel_timer(fleet, conn); /* of the connect, for one that is new */
    request_queue_join(&fleet->queue, fleet_index_of(fleet, conn));
}

static void dequeue(struct fleet *fleet, struct conn *conn) {
    if ((conn->flags & CONN_QUEUED) == 0)
        return;
    conn->flags &= (uint8_t)~CONN_QUEUED;
    request_queue_leave(&fleet->queue, fleet_index_of(fleet, conn));
}

static bool answer_begun(const struct fleet *fleet, const struct conn *conn) {
    return conn->state == CONN_AWAITING && sock_answer_begun(&fleet->socks, &conn->sock);
}

/* ---- The one way a connection changes ---- */

/* Draws the think time; in an open loop the schedule decides who sends. */
static void think(struct fleet *fleet, struct conn *conn) {
    if (fleet->schedule.rate > 0) {
        enqueue(fleet, conn);
        return;
    }
    if (fleet->closed_loop) {
        conn->flags |= CONN_REQUEST_NOW;
        conn->due_ns = fleet->now.ns;
        cancel_timer(fleet, conn);
        return;
    }
    duration mean = fleet->plan->think_mean;
    arm_ticks(fleet, conn,
              mean > 0 ? schedule_exponential(random_next(&fleet->random), mean)
                       : random_between(&fleet->random, fleet->think_low, fleet->think_high));
}

static void freeze(struct fleet *fleet, struct conn *conn) {
    conn->flags |= CONN_FROZEN;
    conn->flags &= (uint8_t)~CONN_REQUEST_NOW;
    cancel_timer(fleet, conn);
    fleet_note_frozen(fleet, conn);
}

static void linger(struct fleet *fleet, struct conn *conn) {
    conn->flags |= CONN_LINGERING;
    arm_timer(fleet, conn, LINGER);
    arm_readiness(fleet, conn);
}

static void shut_down(struct fleet *fleet, struct conn *conn) {
    conn->flags &= (uint8_t)~CONN_LINGERING;
    cancel_timer(fleet, conn);
    if (sock_shut_down(&fleet->socks, &conn->sock, (conn->flags & CONN_BY_RESET) != 0))
        fleet_handle_event(fleet, conn, CONN_EVENT_QUIET);
}

/* Wipes the slot but for what outlives a connection attempt. */
static void reset_slot(struct conn *conn) {
    *conn = (struct conn){.sock = sock_none(conn->sock.generation),
                          .sent_ns = conn->sent_ns,
                          .flags = conn->flags & CONN_OPENED,
                          .retries = conn->retries};
}

/* Closes the descriptor and frees the slot; the generation marks a completion that still comes as
 * stale. */
static void release(struct fleet *fleet, struct conn *conn) {
    fleet_counts_of(fleet)->descriptors -= conn->sock.fd >= 0;
    sock_release(&fleet->socks, &conn->sock);
    cancel_timer(fleet, conn);
    reset_slot(conn);
}

/* Draws how long the slot stays empty: full jitter, one tick at least. */
static void back_off(struct fleet *fleet, struct conn *conn) {
    duration most = reconnect_wait_max(fleet->plan->reconnect, conn->retries);
    uint64_t ticks = random_between(&fleet->random, 0, (uint64_t)(most / MILLISECOND));
    arm_ticks(fleet, conn, ticks > 0 ? ticks : 1);
    if (conn->retries < CONN_RETRIES_MAX)
        conn->retries++;
    fleet_counts_of(fleet)->refilling++;
}

/* What the end of an attempt, and the end of its connect, mean for the slot. */
static void note_attempt(struct fleet *fleet, struct conn *conn, enum conn_state from) {
    bool first = conn->retries == 0;
    bool was_connecting = from == CONN_CONNECTING || from == CONN_SECURING;
    bool is_connecting = conn->state == CONN_CONNECTING || conn->state == CONN_SECURING;
    if (was_connecting && !is_connecting && first)
        fleet->first_connects--;
    bool was_live = from == CONN_IDLE || from == CONN_AWAITING;
    if (conn->state == CONN_CLOSING && (was_live || (was_connecting && first)))
        conn->sent_ns = fleet->now.ns; /* else the slot was empty before */
}

static void enter(struct fleet *fleet, struct conn *conn, enum conn_event event,
                  const struct conn_step_result *step) {
    enum conn_state from = (enum conn_state)conn->state;
    if (event == CONN_EVENT_UNSENT)
        conn_unsend(conn, fleet_counts_of(fleet));
    else if (step->next != from)
        conn_enter(conn, fleet_counts_of(fleet), step->next, step->outcome);
    note_attempt(fleet, conn, from);
}

static void act(struct fleet *fleet, struct conn *conn, unsigned todo) {
    if (todo & DO_THINK)
        think(fleet, conn);
    if (todo & DO_FREEZE)
        freeze(fleet, conn);
    if (todo & DO_LINGER)
        linger(fleet, conn);
    if (todo & DO_SHUT_DOWN)
        shut_down(fleet, conn);
    if (todo & DO_RELEASE)
        release(fleet, conn);
    if ((todo & DO_BACK_OFF) && plan_reconnects(fleet->plan))
        back_off(fleet, conn);
}

void fleet_handle_event(struct fleet *fleet, struct conn *conn, enum conn_event event) {
    struct conn_view view = {.mid = answer_begun(fleet, conn),
                             .frozen = fleet->frozen,
                             .residue = exchange_residue(fleet->socks.exchange, conn->word)};
    struct conn_step_result step = conn_step(conn, event, view);
    require(step.legal);
    bool ends = step.outcome != OUTCOME_COUNT;
    if (ends)
        fleet_note_ending(fleet, conn, step.outcome);
    if (step.next != CONN_IDLE || (step.todo & DO_FREEZE) != 0)
        dequeue(fleet, conn);
    enter(fleet, conn, event, &step);
    if (ends)
        sock_return_reader(&fleet->socks, &conn->sock);
    act(fleet, conn, step.todo);
}

/* ---- Connecting ---- */

/* The connection's place in the plan's order. */
static uint32_t order_of(const struct fleet *fleet, const struct conn *conn) {
    return fleet_index_of(fleet, conn) * fleet->plan->workers + fleet->worker;
}

static void open_failed(struct fleet *fleet, struct conn *conn, int error) {
    conn->error = (uint16_t)error;
    fleet_handle_event(fleet, conn, CONN_EVENT_OPEN_FAILED);
}

static bool lacks_source(struct fleet *fleet, uint32_t order) {
    struct address source;
    return setup_source(fleet->setup, order, &source) == NULL &&
           !net_has_source(fleet->net, setup_address(fleet->setup, order));
}

/* EADDRNOTAVAIL is "no local address" as well as "no local port" (connect(2)). */
static void connect_failed(struct fleet *fleet, struct conn *conn, int error) {
    uint32_t order = order_of(fleet, conn);
    if (error == EADDRNOTAVAIL && lacks_source(fleet, order)) {
        conn->error = (uint16_t)error;
        fleet_handle_event(fleet, conn, CONN_EVENT_NO_SOURCE);
        return;
    }
    if (error == EADDRNOTAVAIL)
        fleet->full_until_ns[order % fleet->pairs] = instant_after(fleet->now, FULL_FOR).ns;
    open_failed(fleet, conn, error);
}

/* The kernel need not scan its whole range of ports again for each connection that would go there
 * (1 ms each). */
static bool ports_are_full(const struct fleet *fleet, uint32_t order) {
    return fleet->now.ns < fleet->full_until_ns[order % fleet->pairs];
}

/* Where the name has moved to since it was planned; NULL: nowhere. */
static const struct address *moved_address_of(const struct fleet *fleet, uint32_t order) {
    return fleet->addresses != NULL ? moved_addresses_at(fleet->addresses, order) : NULL;
}

static const struct address *address_of(const struct fleet *fleet, uint32_t order) {
    const struct address *moved = moved_address_of(fleet, order);
    return moved != NULL ? moved : setup_address(fleet->setup, order);
}

void fleet_connect(struct fleet *fleet, uint32_t index) {
    struct conn *conn = &fleet->conns[index];
    reset_slot(conn);
    conn->due_ns = fleet->now.ns;
    fleet_note_handed_over(fleet, conn, fleet->now);
    fleet_handle_event(fleet, conn, CONN_EVENT_CONNECT);
    uint32_t order = order_of(fleet, conn);
    if (ports_are_full(fleet, order)) {
        fleet_counts_of(fleet)->ports_unasked++;
        open_failed(fleet, conn, EADDRNOTAVAIL);
        return;
    }
    const struct address *address = address_of(fleet, order);
    struct address source;
    int error = sock_connect(&fleet->socks, &conn->sock, setup_source(fleet->setup, order, &source),
                             address, tag_of(fleet, conn, FLEET_CONNECT));
    if (error < 0) {
        connect_failed(fleet, conn, -error);
        return;
    }
    fleet_counts_of(fleet)->descriptors++;
    arm_timer(fleet, conn, fleet->plan->connect_timeout);
}

/* ---- Reading ---- */

/* The request that is outstanding, or being sent. */
static const struct request *request_of(const struct fleet *fleet, const struct conn *conn) {
    return &fleet->requests
                ->items[fleet->chosen == NULL ? 0 : fleet->chosen[fleet_index_of(fleet, conn)]];
}

static void handle_fact(struct fleet *fleet, struct conn *conn, const struct exchange_fact *fact) {
    switch (fact->kind) {
    case EXCHANGE_MORE: break;
    case EXCHANGE_ANSWER:
        fleet_note_answer(fleet, conn, fact->answer, true);
        fleet_handle_event(fleet, conn, CONN_EVENT_ANSWER);
        break;
    case EXCHANGE_LAST_ANSWER:
        fleet_note_answer(fleet, conn, fact->answer, false);
        fleet_handle_event(fleet, conn, CONN_EVENT_LAST_ANSWER);
        break;
    case EXCHANGE_UNSOLICITED: fleet_handle_event(fleet, conn, CONN_EVENT_UNSOLICITED); break;
    case EXCHANGE_IDLE_END: fleet_handle_event(fleet, conn, CONN_EVENT_IDLE_END); break;
    case EXCHANGE_BAD:
        fleet_counts_of(fleet)->reasons[fact->reason]++;
        fleet_handle_event(fleet, conn, CONN_EVENT_BAD_BYTES);
        break;
    case EXCHANGE_REQUEST:
    case EXCHANGE_REPLY: require(false); /* facts of a server */
    }
}

/* ---- What ends a handshake ---- */

static void secure_failed(struct fleet *fleet, struct conn *conn, enum handshake_reason reason,
                          uint8_t alert) {
    fleet_note_secure_failed(fleet, reason, alert);
    fleet_handle_event(fleet, conn, CONN_EVENT_SECURE_FAILED);
}

/* It is live. Its first request follows what the handshake still sends. */
static void secured(struct fleet *fleet, struct conn *conn, bool resumed) {
    fleet_note_secured(fleet, conn, resumed);
    fleet_handle_event(fleet, conn, CONN_EVENT_UP);
    cancel_timer(fleet, conn); /* of the connect */
    conn->flags |= CONN_REQUEST_NOW;
    conn->due_ns = fleet->now.ns;
}

/* reset: the kernel spent it on another call, and what is left of it looks like a FIN. */
static void note_fin(struct fleet *fleet, const struct conn *conn, bool told, bool reset) {
    if (sock_has_handshake(&fleet->socks) && !told && !reset && (conn->flags & CONN_FROZEN) == 0)
        fleet_counts_of(fleet)->tls_closed_without_notify++;
}

/* FIN, after all bytes before it were used; completes: the outstanding answer. An earlier errno
 * means that the kernel spent the reset on another call: the connection was reset all the same. */
static void use_fin(struct fleet *fleet, struct conn *conn, const struct sock_fact *sock_fact) {
    const struct exchange_fact *fact = &sock_fact->exchange;
    bool reset = conn->error == ECONNRESET || fleet->reset_on_send;
    if (conn->state == CONN_SECURING) {
        secure_failed(fleet, conn, reset ? HANDSHAKE_REASON_reset : HANDSHAKE_REASON_closed, 0);
        return;
    }
    note_fin(fleet, conn, sock_fact->told, reset);
    if (reset) {
        fleet_handle_event(fleet, conn, CONN_EVENT_RESET);
    } else if (fact->kind == EXCHANGE_LAST_ANSWER) {
        fleet_note_answer(fleet, conn, fact->answer, false);
        fleet_handle_event(fleet, conn, CONN_EVENT_EOF_ANSWER);
    } else {
        fleet_handle_event(fleet, conn, CONN_EVENT_FIN);
    }
}

static void use_error(struct fleet *fleet, struct conn *conn, int error) {
    if (conn->error == 0)
        conn->error = (uint16_t)error;
    bool reset = conn->error == ECONNRESET;
    if (conn->state == CONN_SECURING && reset)
        secure_failed(fleet, conn, HANDSHAKE_REASON_reset, 0);
    else
        fleet_handle_event(fleet, conn, reset ? CONN_EVENT_RESET : CONN_EVENT_ERROR);
}

/* What is short of memory in a handshake is this host. */
static void use_failure(struct fleet *fleet, struct conn *conn, const struct sock_fact *fact) {
    if (fact->failure == HANDSHAKE_REASON_no_memory)
        use_error(fleet, conn, ENOMEM);
    else
        secure_failed(fleet, conn, fact->failure, fact->alert);
}

static void use_alert(struct fleet *fleet, struct conn *conn, uint8_t alert) {
    if ((conn->flags & CONN_FROZEN) == 0)
        fleet_counts_of(fleet)->tls_alerts[alert]++;
    fleet_handle_event(fleet, conn, CONN_EVENT_ALERT);
}

static void use_break(struct fleet *fleet, struct conn *conn, enum record_reason reason) {
    if ((conn->flags & CONN_FROZEN) == 0)
        fleet_counts_of(fleet)->tls_breaks[reason]++;
    fleet_handle_event(fleet, conn, CONN_EVENT_BROKEN);
}

static bool next_fact(struct fleet *fleet, struct conn *conn, struct sock_reading *reading,
                      struct sock_fact *fact) {
    struct exchange_conn lent = {.word = conn->word,
                                 .outstanding =
                                     conn->state == CONN_AWAITING ? request_of(fleet, conn) : NULL};
    bool any = sock_next(&fleet->socks, &conn->sock, &lent, reading, fact);
    conn->word = lent.word & ((1u << EXCHANGE_WORD_BITS) - 1);
    return any;
}

/* What comes behind an announced end is dropped, but for the peer's own end. */
static void use_end(struct fleet *fleet, struct conn *conn, struct sock_reading *reading) {
    struct sock_fact fact;
    if (!sock_next_end(&fleet->socks, &conn->sock, reading, &fact))
        return;
    if (fact.kind == SOCK_FIN)
        note_fin(fleet, conn, fact.told, conn->error == ECONNRESET || fleet->reset_on_send);
    fleet_handle_event(fleet, conn, fact.kind == SOCK_FIN ? CONN_EVENT_FIN : CONN_EVENT_ERROR);
}

static void use_facts(struct fleet *fleet, struct conn *conn, struct sock_reading *reading) {
    struct sock_fact fact;
    while (fleet_open_for_reading(conn) && next_fact(fleet, conn, reading, &fact)) {
        switch (fact.kind) {
        case SOCK_BYTES:
            if ((conn->flags & CONN_FROZEN) == 0)
                fleet_counts_of(fleet)->bytes_in += fact.length;
            break;
        case SOCK_RECORD: break;
        case SOCK_FACT: handle_fact(fleet, conn, &fact.exchange); break;
        case SOCK_FIN: use_fin(fleet, conn, &fact); break;
        case SOCK_ERROR: use_error(fleet, conn, fact.error); break;
        case SOCK_UP: secured(fleet, conn, fact.resumed); break;
        case SOCK_FAILED: use_failure(fleet, conn, &fact); break;
        case SOCK_ALERT: use_alert(fleet, conn, fact.alert); break;
        case SOCK_BROKEN: use_break(fleet, conn, fact.reason); break;
        }
    }
    if ((conn->flags & CONN_LINGERING) != 0)
        use_end(fleet, conn, reading); /* it may stand right behind the answer */
}

/* Reads until nothing more is there. all: something behind the bytes is known to wait (HUP, RDHUP
 * or ERR), so a short read is not the end. */
static void receive(struct fleet *fleet, struct conn *conn, bool all) {
    struct sock_reading reading = {.reads = READS_MAX, .most = SIZE_MAX, .all = all};
    use_facts(fleet, conn, &reading);
}

/* Reads all that has come by now, and a FIN behind it, however much that is; what comes while we
 * read has come too late, so that an endless body ends here. */
static void receive_present(struct fleet *fleet, struct conn *conn) {
    struct sock_reading reading = {
        .reads = INT_MAX, .most = net_waiting(fleet->net, conn->sock.fd), .all = true};
    use_facts(fleet, conn, &reading);
}

/* Behind an announced end, for which the peer's own is waited for; true when that has come. */
static bool receive_end(struct fleet *fleet, struct conn *conn) {
    struct sock_reading reading = {.reads = READS_MAX, .most = SIZE_MAX, .all = true};
    use_end(fleet, conn, &reading);
    return (conn->flags & CONN_LINGERING) == 0;
}

/* ---- Requests ---- */

static const struct request *choose_request(struct fleet *fleet, const struct conn *conn) {
    const struct requests *requests = fleet->requests;
    if (fleet->chosen != NULL) {
        uint64_t round = requests_round(requests);
        uint64_t place = fleet->plan->urls_random ? random_between(&fleet->urls_rng, 0, round - 1)
                                                  : fleet->round_place++ % round;
        fleet->chosen[fleet_index_of(fleet, conn)] = (uint16_t)requests_at(requests, place);
    }
    return request_of(fleet, conn);
}

/* Hands over one request that was due at `due`. */
static void send_request(struct fleet *fleet, struct conn *conn, instant due) {
    const struct request *request = choose_request(fleet, conn);
    conn->due_ns = due.ns;
    conn->sent_ns = fleet->now.ns;
    fleet_note_handed_over(fleet, conn, due);
    uint64_t tag = tag_of(fleet, conn, FLEET_SEND);
    if (request->body_length > 0) {
        sock_send_owned(&fleet->socks, &conn->sock, request->bytes, request->length, tag);
    } else {
        sock_send_shared(&fleet->socks, &conn->sock, request->bytes, request->length, tag);
        if (!sock_is_sending(&conn->sock))
            fleet_counts_of(fleet)->bytes_out += request->length;
    }
    arm_timer(fleet, conn, fleet->plan->timeout);
}

/* An idle connection's request is due: sends one, when there is one left. */
static void begin_request(struct fleet *fleet, struct conn *conn, instant due) {
    if (sock_is_sending(&conn->sock)) { /* the last was answered before it was sent whole */
        conn->flags |= CONN_REQUEST_NOW;
        conn->due_ns = due.ns;
        return;
    }
    if (!pool_take(&fleet->hand)) {
        enqueue(fleet, conn);
        return;
    }
    fleet_handle_event(fleet, conn, CONN_EVENT_DUE);
    if (conn->state == CONN_AWAITING)
        send_request(fleet, conn, due);
    else
        pool_put_back(&fleet->hand);
}

/* A request never goes out into a FIN or into bytes already waiting. */
static void request_due(struct fleet *fleet, struct conn *conn, instant due) {
    receive(fleet, conn, true);
    if (conn->state == CONN_IDLE)
        begin_request(fleet, conn, due);
}

/* After bytes were used: a closed loop sends again at once, and readiness is always armed. */
static void rearm(struct fleet *fleet, struct conn *conn) {
    if (!fleet_open_for_reading(conn))
        return;
    sock_flush(&fleet->socks, &conn->sock, tag_of(fleet, conn, FLEET_SEND));
    if (conn->state == CONN_IDLE && (conn->flags & CONN_REQUEST_NOW) != 0) {
        conn->flags &= (uint8_t)~CONN_REQUEST_NOW;
        begin_request(fleet, conn, (instant){conn->due_ns});
        if (!fleet_open_for_use(conn))
            return;
    }
    arm_readiness(fleet, conn);
}

bool fleet_serve_first(struct fleet *fleet, instant due) {
    struct conn *conn = &fleet->conns[request_queue_first(&fleet->queue)];
    dequeue(fleet, conn);
    if (sock_is_sending(&conn->sock)) { /* the last was answered before it was sent whole */
        enqueue(fleet, conn);
        return false;
    }
    request_due(fleet, conn, due);
    bool sent = conn->state == CONN_AWAITING;
    if (sent && fleet->schedule.rate > 0)
        fleet_note_scheduled(fleet, conn, due);
    rearm(fleet, conn);
    return sent;
}

/* The request was not handed over, and counts as never sent. What can be read next decides how the
 * connection ended. */
static void send_failed(struct fleet *fleet, struct conn *conn, int error) {
    if (conn->state != CONN_AWAITING)
        return;
    if (answer_begun(fleet, conn)) {
        use_error(fleet, conn, error == EPIPE ? ECONNRESET : error);
        return;
    }
    sock_return_reader(&fleet->socks, &conn->sock);
    const struct request *request = request_of(fleet, conn);
    if (request->body_length == 0 && fleet->socks.transport == NULL)
        fleet_counts_of(fleet)->bytes_out -= request->length; /* counted when it was handed over */
    fleet_handle_event(fleet, conn, CONN_EVENT_UNSENT);
    pool_put_back(&fleet->hand);
    if (fleet->schedule.rate > 0 && conn->answers > 0)
        fleet->served--; /* its turn is over: the request stays unsent */
    cancel_timer(fleet, conn);
    if (conn->error == 0 && error != EPIPE)
        conn->error = (uint16_t)error;
    receive(fleet, conn, true);
    /* EPIPE alone is the echo of a FIN; nothing else is left to be read. */
    if (fleet_open_for_use(conn) && error == EPIPE)
        fleet_handle_event(fleet, conn, CONN_EVENT_FIN);
    else if (fleet_open_for_use(conn))
        use_error(fleet, conn, error);
}

/* ---- Events of the door ---- */

/* The kernel lets go of something of a connection that is shut down. */
static void operation_done(struct fleet *fleet, struct conn *conn) {
    if (sock_is_quiet(&conn->sock))
        fleet_handle_event(fleet, conn, CONN_EVENT_QUIET);
}

/* From an address of its own that is not the target's. */
static bool connects_from_elsewhere(const struct fleet *fleet, uint32_t order) {
    struct address room;
    const struct address *source = setup_source(fleet->setup, order, &room);
    const struct address *target = setup_address(fleet->setup, order);
    return source != NULL && !address_is_any(source) && !address_is_any(target) &&
           !address_same_host(source, target) && moved_address_of(fleet, order) == NULL;
}

static bool connected_to_itself(struct fleet *fleet, const struct conn *conn) {
    if (!fleet->may_self_connect)
        return false;
    uint32_t order = order_of(fleet, conn);
    return !connects_from_elsewhere(fleet, order) &&
           net_connected_to_itself(fleet->net, conn->sock.fd, address_of(fleet, order));
}

static void connected(struct fleet *fleet, struct conn *conn) {
    if (connected_to_itself(fleet, conn)) {
        fleet_handle_event(fleet, conn, CONN_EVENT_SELF);
        return;
    }
    fleet_note_connected(fleet, conn);
    if (sock_has_handshake(&fleet->socks)) {
        fleet_handle_event(fleet, conn, CONN_EVENT_SECURE);
    } else {
        fleet_handle_event(fleet, conn, CONN_EVENT_UP);
        request_due(fleet, conn, fleet->now);
    }
    rearm(fleet, conn);
}

static void connect_done(struct fleet *fleet, struct conn *conn, int result) {
    sock_done(&conn->sock, SOCK_CONNECTING);
    if (conn->state == CONN_CLOSING)
        fleet_handle_event(fleet, conn, CONN_EVENT_QUIET);
    else if (result < 0)
        connect_failed(fleet, conn, -result);
    else
        connected(fleet, conn);
}

/* Of what the handshake sends nothing went out: what the server said before is still to be read.
 * The send took the socket's error with it: a reset looks like a FIN behind that. */
static void flight_failed(struct fleet *fleet, struct conn *conn, int error) {
    if (conn->error == 0 && error != EPIPE)
        conn->error = (uint16_t)error;
    receive(fleet, conn, true);
    if (fleet_open_for_reading(conn))
        use_error(fleet, conn, error == EPIPE ? ECONNRESET : error);
}

/* An owned send went out, in whole or in part. In part: the connection was reset in
 * between, and what the server sent before is still to be read. */
static void send_done(struct fleet *fleet, struct conn *conn, int result) {
    bool whole = sock_sent(&fleet->socks, &conn->sock, request_of(fleet, conn)->length, result);
    if (result > 0 && (conn->flags & CONN_FROZEN) == 0)
        fleet_counts_of(fleet)->bytes_out += (uint64_t)result;
    if (conn->state == CONN_CLOSING) {
        if ((conn->flags & CONN_LINGERING) == 0)
            operation_done(fleet, conn);
        return;
    }
    if (result <= 0 && conn->state != CONN_AWAITING && conn->answers == 0 &&
        sock_has_handshake(&fleet->socks)) {
        flight_failed(fleet, conn, result < 0 ? -result : EPIPE);
        return;
    }
    if (result <= 0) {
        send_failed(fleet, conn, result < 0 ? -result : EPIPE);
        return;
    }
    if (!whole && conn->error == 0)
        conn->error = ECONNRESET;
    rearm(fleet, conn);
}

static void closing_ready(struct fleet *fleet, struct conn *conn, int result) {
    if ((conn->flags & CONN_LINGERING) == 0)
        operation_done(fleet, conn);
    else if (result < 0)
        fleet_handle_event(fleet, conn,
                           CONN_EVENT_ERROR); /* to arm it again and again would be a spin */
    else if (!receive_end(fleet, conn))
        arm_readiness(fleet, conn);
}

static void ready(struct fleet *fleet, struct conn *conn, int result) {
    sock_done(&conn->sock, SOCK_ARMED);
    if (conn->state == CONN_CLOSING) {
        closing_ready(fleet, conn, result);
        return;
    }
    fleet->reset_on_send = result > 0 && (result & POLLHUP) != 0 && sock_is_sending(&conn->sock);
    if (result < 0)
        use_error(fleet, conn, -result); /* the kernel could not arm it: ENOMEM */
    else
        receive(fleet, conn, (result & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
    fleet->reset_on_send = false;
    rearm(fleet, conn);
}

void fleet_event(struct fleet *fleet, const struct net_event *event) {
    uint32_t slot = slot_tag_slot(event->tag);
    require(slot < fleet->share);
    struct conn *conn = &fleet->conns[slot];
    if (conn->state == CONN_VACANT || conn->sock.generation != slot_tag_generation(event->tag)) {
        fleet_counts_of(fleet)->stale++;
        return;
    }
    switch (slot_tag_operation(event->tag)) {
    case FLEET_CONNECT: connect_done(fleet, conn, event->result); break;
    case FLEET_READY: ready(fleet, conn, event->result); break;
    case FLEET_SEND:
        if (sock_is_sending(&conn->sock))
            send_done(fleet, conn, event->result);
        else
            send_failed(fleet, conn, -event->result);
        break;
    default: require(false); /* not an operation of the fleet */
    }
}

/* ---- Timers ---- */

/* We were stopped, or late by more than a tenth of the deadline, before what the deadline is for
 * had reached the kernel: no server could keep it. The deadline begins anew, once, for by then it
 * has reached it. */
static bool put_off(struct fleet *fleet, struct conn *conn, int64_t handed_ns, duration window) {
    if (fleet->late <= window / 10 || handed_ns < fleet->late_since.ns)
        return false;
    arm_timer(fleet, conn, window);
    return true;
}

/* An answer that is already there is no timeout. */
static void response_timeout(struct fleet *fleet, struct conn *conn) {
    receive_present(fleet, conn);
    if (conn->state == CONN_AWAITING &&
        !put_off(fleet, conn, conn->sent_ns, fleet->plan->timeout)) {
        bool silent = net_unacknowledged(fleet->net, conn->sock.fd);
        fleet_handle_event(fleet, conn, silent ? CONN_EVENT_SILENCE : CONN_EVENT_DEADLINE);
    }
    rearm(fleet, conn);
}

static void connect_timeout(struct fleet *fleet, struct conn *conn) {
    if (put_off(fleet, conn, conn->due_ns, fleet->plan->connect_timeout))
        return;
    fleet_counts_of(fleet)->tls_timed_out += conn->state == CONN_SECURING;
    fleet_handle_event(fleet, conn, CONN_EVENT_DEADLINE);
}

void fleet_handle_timer(struct fleet *fleet, struct conn *conn, instant due) {
    switch ((enum conn_state)conn->state) {
    case CONN_IDLE:
        request_due(fleet, conn, due);
        rearm(fleet, conn);
        break;
    case CONN_AWAITING: response_timeout(fleet, conn); break;
    case CONN_CONNECTING:
    case CONN_SECURING: connect_timeout(fleet, conn); break;
    case CONN_CLOSING:
        if (!receive_end(fleet, conn))
            fleet_handle_event(fleet, conn, CONN_EVENT_DEADLINE);
        break;
    case CONN_VACANT: reconnect_push(&fleet->reconnects, fleet_index_of(fleet, conn)); break;
    default: require(false); /* no deadline in this state */
    }
}
