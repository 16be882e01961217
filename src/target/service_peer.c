/* Drives one connection: what its socket has is read, requests are answered one after the other,
 * and what the socket does not take is held until it does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"
#include "sock/sock_serve.h"
#include "sock/sock_transport.h"
#include "target/choice.h"
#include "target/held.h"
#include "target/service_private.h"

enum { UNREAD_MAX = 64 * 1024 }; /* pipelined bytes kept for one connection */
static const duration LINGER = 1 * SECOND;

/* Steps the connection, and carries out what is to be done: which may step it again. */
static void handle_event(struct service *service, struct peer *peer, enum peer_event event);

static uint32_t index_of(const struct service *service, const struct peer *peer) {
    return (uint32_t)(peer - service->peers);
}

static uint64_t tag_of(const struct service *service, const struct peer *peer, uint8_t operation) {
    return slot_tag(operation, peer->sock.generation, index_of(service, peer));
}

/* The first tick that is not before the moment: nothing fires early. */
static void arm_timer(struct service *service, struct peer *peer, duration from_now) {
    int64_t due = service->now.ns + from_now;
    wheel_arm(service->wheel, index_of(service, peer),
              (uint32_t)((due + MILLISECOND - 1) / MILLISECOND));
}

static void arm_input(struct service *service, struct peer *peer) {
    sock_arm(&service->socks, &peer->sock, tag_of(service, peer, SERVICE_READY));
}

static void arm_output(struct service *service, struct peer *peer) {
    sock_arm_output(&service->socks, &peer->sock, tag_of(service, peer, SERVICE_WRITABLE));
}

/* A reader was leased or given back, or not. */
static void count_in_pieces(struct service *service) {
    counter_set(&service->counters->in_pieces, service->socks.reader_slots.taken);
}

static void return_reader(struct service *service, struct peer *peer) {
    sock_return_reader(&service->socks, &peer->sock);
    count_in_pieces(service);
}

/* --- the end --- */

static void drop_held(struct peer *peer) {
    free(peer->unsent);
    free(peer->unread);
    peer->unsent = peer->unread = NULL;
}

/* Closes the descriptor and frees the slot; a completion that still comes is known by its
 * generation. */
static void release(struct service *service, struct peer *peer) {
    sock_release(&service->socks, &peer->sock);
    slots_return(&service->slots, index_of(service, peer));
}

/* Close_notify, or why what came is broken, in front of the FIN: as far as the socket takes it at
 * once, and not behind a piece of a record. It is told once. */
static void tell_end(struct service *service, struct peer *peer) {
    struct sock_transport *transport = service->socks.transport;
    char bytes[SOCK_TRANSPORT_END_MAX];
    if (transport == NULL)
        return;
    struct iovec piece = {bytes, sock_transport_say_end(transport, &peer->sock, bytes)};
    uint8_t rule = service_rule(service, peer, FAULT_tls_no_notify);
    if (piece.iov_len == 0 || (peer->flags & PEER_SILENT) != 0)
        return;
    if (rule != PEER_NO_FAULT) {
        service_count_fired(service, rule);
        return;
    }
    ssize_t sent = net_send_now(service->parts.net, peer->sock.fd, &piece, 1);
    counter_add(&service->counters->bytes_out, sent > 0 ? (uint64_t)sent : 0);
}

static void end(struct service *service, struct peer *peer, bool by_reset) {
    if (!by_reset)
        tell_end(service, peer);
    if (sock_shut_down(&service->socks, &peer->sock, by_reset))
        handle_event(service, peer, PEER_QUIET);
}

static void finish(struct service *service, struct peer *peer) {
    tell_end(service, peer);
    net_finish(service->parts.net, peer->sock.fd);
    arm_timer(service, peer, LINGER);
}

/* --- sending --- */

/* ECONNRESET and EPIPE are the client's RST. */
static void handle_errno(struct service *service, struct peer *peer, int error) {
    bool reset = error == ECONNRESET || error == EPIPE;
    handle_event(service, peer, reset ? PEER_RST : PEER_ERROR);
}

/* An answer that is_dripping goes out by the clock, whatever room there is. */
static bool is_dripping(const struct peer *peer) {
    return peer->state == PEER_SENDING && peer->drip != PEER_NO_FAULT;
}

/* All that was to go out is out. */
static void sent_all(struct service *service, struct peer *peer) {
    if ((peer->flags & PEER_CUT) == 0) {
        counter_add(&service->counters->statuses[peer->status], 1);
        peer->answers += peer->page == PAGE_NONE;
    }
    handle_event(service, peer, PEER_SENT);
}

static void send_more(struct service *service, struct peer *peer) {
    const struct fault *drip =
        is_dripping(peer) ? &service->parts.settings->faults[peer->drip] : NULL;
    struct iovec pieces[2];
    int count = held_pieces(peer->unsent, drip != NULL ? drip->rate.count : SIZE_MAX, pieces);
    ssize_t sent = net_send_now(service->parts.net, peer->sock.fd, pieces, count);
    if (sent < 0) {
        handle_errno(service, peer, (int)-sent);
        return;
    }
    counter_add(&service->counters->bytes_out, (uint64_t)sent);
    if (!held_advance(peer->unsent, (size_t)sent)) {
        if (drip != NULL)
            arm_timer(service, peer, drip->rate.per);
        return;
    }
    free(peer->unsent);
    peer->unsent = NULL;
    if (peer->state == PEER_SENDING)
        sent_all(service, peer);
}

/* Sends what the socket takes; how much that is, 0 too when bytes wait before them or the answer
 * is_dripping. False: the connection is broken, and the event for that was handled. */
static bool send_now(struct service *service, struct peer *peer, struct iovec *pieces, int count,
                     size_t *sent) {
    *sent = 0;
    if (peer->unsent != NULL || is_dripping(peer))
        return true;
    ssize_t result = net_send_now(service->parts.net, peer->sock.fd, pieces, count);
    if (result < 0) {
        handle_errno(service, peer, (int)-result);
        return false;
    }
    *sent = (size_t)result;
    counter_add(&service->counters->bytes_out, *sent);
    return true;
}

/* The body of an ordinary answer outlives every connection; a page is written anew for each. */
static bool hold(struct peer *peer, struct exchange_bytes bytes, struct exchange_bytes rest) {
    if (!held_append(&peer->unsent, bytes.bytes, bytes.length))
        return false;
    if (peer->page != PAGE_NONE)
        return held_append(&peer->unsent, rest.bytes, rest.length);
    peer->unsent->rest = rest.bytes;
    peer->unsent->rest_length = rest.length;
    return true;
}

/* What is left when so many bytes are gone; count: how many are left of it. */
static struct exchange_bytes behind(struct exchange_bytes bytes, size_t *count) {
    size_t gone = *count < bytes.length ? *count : bytes.length;
    *count -= gone;
    return (struct exchange_bytes){(const char *)bytes.bytes + gone, bytes.length - gone};
}

static bool hold_sealed(struct service *service, struct peer *peer, struct exchange_bytes bytes) {
    struct sock_transport *transport = service->socks.transport;
    if (bytes.length == 0)
        return true;
    char *sealed = malloc(sock_transport_sealed_bytes(transport, bytes.length));
    if (sealed == NULL)
        return false;
    size_t length =
        sock_transport_seal_into(transport, &peer->sock, bytes.bytes, bytes.length, sealed);
    bool held = held_append(&peer->unsent, sealed, length);
    free(sealed);
    return held;
}

/* Over a transport all that goes out is sealed first, and what waits is sealed. */
static void send_sealed(struct service *service, struct peer *peer, struct exchange_bytes bytes,
                        struct exchange_bytes rest) {
    if (!hold_sealed(service, peer, bytes) || !hold_sealed(service, peer, rest))
        handle_event(service, peer, PEER_NO_MEMORY);
    else if (peer->unsent != NULL)
        send_more(service, peer);
    else if (peer->state == PEER_SENDING)
        sent_all(service, peer);
}

/* What goes out in place of an answer: an alert, or 64 bytes that no key sealed. */
static void break_tls(struct service *service, struct peer *peer) {
    static const char garbage[5 + 64] = {23, 3, 3, 0, 64};
    struct sock_transport *transport = service->socks.transport;
    struct exchange_bytes bytes = {garbage, sizeof garbage};
    char alert[SOCK_TRANSPORT_END_MAX];
    if ((peer->flags & PEER_ALERTS) != 0) {
        uint64_t number = service->parts.settings->faults[peer->fault].count;
        sock_transport_set_alert(transport, &peer->sock, (uint8_t)number);
        bytes =
            (struct exchange_bytes){alert, sock_transport_say_end(transport, &peer->sock, alert)};
    }
    peer->flags |= PEER_SILENT;
    if (!held_append(&peer->unsent, bytes.bytes, bytes.length))
        handle_event(service, peer, PEER_NO_MEMORY);
    else
        send_more(service, peer);
}

static void answer_by_records(struct service *service, struct peer *peer) {
    if ((peer->flags & (PEER_ALERTS | PEER_GARBAGE)) != 0) {
        break_tls(service, peer);
        return;
    }
    if ((peer->flags & PEER_REKEYS) != 0)
        sock_transport_rekey(service->socks.transport, &peer->sock);
    struct exchange_bytes rest, first = {service->buffer, service_compose(service, peer, &rest)};
    send_sealed(service, peer, first, rest);
}

static void answer(struct service *service, struct peer *peer) {
    size_t sent;
    if (service->socks.transport != NULL) {
        answer_by_records(service, peer);
        return;
    }
    struct exchange_bytes rest, first = {service->buffer, service_compose(service, peer, &rest)};
    struct iovec pieces[] = {{service->buffer, first.length}, {(void *)rest.bytes, rest.length}};
    if (!send_now(service, peer, pieces, rest.length > 0 ? 2 : 1, &sent))
        return;
    first = behind(first, &sent);
    rest = behind(rest, &sent);
    if (first.length + rest.length == 0)
        sent_all(service, peer);
    else if (!hold(peer, first, rest))
        handle_event(service, peer, PEER_NO_MEMORY);
    else if (is_dripping(peer))
        send_more(service, peer);
}

/* Bytes that the exchange owes before the answer. */
static void send_owed(struct service *service, struct peer *peer, struct exchange_bytes bytes) {
    size_t sent;
    if (service->socks.transport != NULL) {
        send_sealed(service, peer, bytes, (struct exchange_bytes){.length = 0});
        return;
    }
    struct iovec piece = {(void *)bytes.bytes, bytes.length};
    if (!send_now(service, peer, &piece, 1, &sent))
        return;
    bytes = behind(bytes, &sent);
    if (bytes.length > 0 && !held_append(&peer->unsent, bytes.bytes, bytes.length))
        handle_event(service, peer, PEER_NO_MEMORY);
}

/* --- steps --- */

/* A request may come: at the latest when the rules or the settings say so. */
static void wait_for_request(struct service *service, struct peer *peer) {
    enum counters_ending ending;
    duration wait =
        choice_idle(service->parts.settings, peer->faults, peer->answers, &ending, &peer->fault);
    peer->ending = (uint8_t)ending;
    if (wait > 0)
        arm_timer(service, peer, wait);
}

static void run_actions(struct service *service, struct peer *peer, unsigned todo) {
    if ((todo & PEER_DO_WAIT) != 0)
        wait_for_request(service, peer);
    if ((todo & PEER_DO_DELAY) != 0)
        arm_timer(service, peer, peer->delay_ms * MILLISECOND);
    if ((todo & PEER_DO_FINISH) != 0)
        finish(service, peer);
    if ((todo & PEER_DO_RELEASE) != 0)
        release(service, peer);
    /* The last thing done: it may step again. */
    if ((todo & PEER_DO_ANSWER) != 0)
        answer(service, peer);
    if ((todo & (PEER_DO_RESET | PEER_DO_END)) != 0)
        end(service, peer, (todo & PEER_DO_RESET) != 0);
}

static bool by_rule(enum peer_event event) {
    return event == PEER_REFUSED || event == PEER_IDLE || event == PEER_SENT;
}

static void handle_event(struct service *service, struct peer *peer, enum peer_event event) {
    struct peer_step step = peer_step(peer, event);
    require(step.legal);
    if (step.next == (enum counters_peer_state)peer->state)
        return;
    if (step.ending != ENDINGS) {
        if (by_rule(event))
            service_count_fired(service, peer->fault);
        return_reader(service, peer);
        if (peer->unsent != NULL) /* a piece of a record may be out */
            peer->flags |= PEER_SILENT;
        drop_held(peer);
    }
    wheel_cancel(service->wheel, index_of(service, peer));
    peer_enter(peer, service->counters, step.next, step.ending);
    run_actions(service, peer, step.todo);
}

/* --- reading --- */

static void handle_fact(struct service *service, struct peer *peer,
                        const struct exchange_fact *fact) {
    switch (fact->kind) {
    case EXCHANGE_REQUEST:
        handle_event(service, peer, service_take(service, peer, fact->request));
        break;
    case EXCHANGE_BAD: handle_event(service, peer, service_refuse(peer, fact->status)); break;
    case EXCHANGE_REPLY: send_owed(service, peer, fact->reply); break;
    default: require(fact->kind == EXCHANGE_MORE);
    }
}

/* What came behind a request waits while that one is answered; behind the last nothing is read. */
static void keep_unread(struct service *service, struct peer *peer, struct sock_reading *reading) {
    bool later = peer->state == PEER_DELAYING || peer->state == PEER_SENDING;
    if (reading->left > 0 && later && !held_append(&peer->unread, reading->at, reading->left))
        handle_event(service, peer, PEER_NO_MEMORY);
    reading->left = 0;
}

static bool next_fact(struct service *service, struct peer *peer, struct sock_reading *reading,
                      struct sock_fact *fact) {
    struct exchange_conn lent = {.word = 0};
    bool any = sock_next(&service->socks, &peer->sock, &lent, reading, fact);
    count_in_pieces(service);
    return any;
}

/* What the handshake owes the client. */
static void send_debts(struct service *service, struct peer *peer) {
    struct sock_transport *transport = service->socks.transport;
    const void *bytes;
    for (size_t length;
         (bytes = sock_transport_take_owed(transport, &peer->sock, &length)) != NULL;) {
        bool held = held_append(&peer->unsent, bytes, length);
        sock_transport_sent(transport, &peer->sock);
        if (!held) {
            handle_event(service, peer, PEER_NO_MEMORY);
            return;
        }
    }
    if (peer->unsent != NULL)
        send_more(service, peer);
}

static void end_handshake(struct service *service, struct peer *peer,
                          const struct sock_fact *fact) {
    struct counters *counters = service->counters;
    if (peer->state == PEER_SECURING) /* and not ended already */
        send_debts(service, peer);
    if (peer->state != PEER_SECURING)
        return;
    counters_take_transport(counters, service->parts.settings->transport);
    if (fact->kind == SOCK_UP)
        counter_add(fact->resumed ? &counters->handshakes_resumed : &counters->handshakes_full, 1);
    handle_event(service, peer, fact->kind == SOCK_UP ? PEER_SECURED : PEER_HANDSHAKE_FAILED);
}

static void use_facts(struct service *service, struct peer *peer, struct sock_reading *reading) {
    struct sock_fact fact;
    while (peer->state != PEER_CLOSING && peer->state != PEER_VACANT &&
           next_fact(service, peer, reading, &fact)) {
        switch (fact.kind) {
        case SOCK_BYTES: counter_add(&service->counters->bytes_in, fact.length); break;
        case SOCK_UP:
        case SOCK_FAILED: end_handshake(service, peer, &fact); break;
        case SOCK_ALERT: handle_event(service, peer, PEER_ALERT); break;
        case SOCK_BROKEN: handle_event(service, peer, PEER_BROKEN); break;
        case SOCK_RECORD: break;
        case SOCK_FACT: handle_fact(service, peer, &fact.exchange); break;
        case SOCK_FIN: handle_event(service, peer, PEER_FIN); break;
        case SOCK_ERROR: handle_errno(service, peer, fact.error); break;
        }
        if (peer->state != PEER_READING)
            keep_unread(service, peer, reading);
    }
}

static void take_held(struct service *service, struct peer *peer) {
    struct held *held = peer->unread;
    struct sock_reading reading = {.at = held->bytes, .left = held->length};
    peer->unread = NULL;
    use_facts(service, peer, &reading);
    free(held);
}

/* Only its end is of interest. */
static void discard(struct service *service, struct peer *peer) {
    ssize_t got =
        net_receive(service->parts.net, peer->sock.fd, service->scratch, sizeof service->scratch);
    if (got > 0)
        counter_add(&service->counters->bytes_in, (uint64_t)got);
    else if (got == 0)
        handle_event(service, peer, PEER_FIN);
    else if (got != -EAGAIN)
        handle_errno(service, peer, (int)-got);
}

static void receive(struct service *service, struct peer *peer) {
    struct sock_reading reading = {.reads = 1, .most = SIZE_MAX};
    if ((peer->flags & PEER_DEAF) != 0) {
        discard(service, peer);
        return;
    }
    use_facts(service, peer, &reading);
    if (peer->state == PEER_SECURING)
        send_debts(service, peer);
}

/* --- events from above --- */

/* After an event: goes on with bytes that waited, and arms what is to be waited for. While an
 * answer goes out nothing is read: what came waits in the socket, and an end shows when more is
 * sent. */
static void rearm(struct service *service, struct peer *peer) {
    while (peer->state == PEER_READING && peer->unread != NULL)
        take_held(service, peer);
    if (peer->unsent != NULL && !is_dripping(peer))
        arm_output(service, peer);
    switch ((enum counters_peer_state)peer->state) {
    case PEER_SECURING:
    case PEER_READING:
    case PEER_STALLED:
    case PEER_LINGERING: arm_input(service, peer); break;
    case PEER_DELAYING:
        if (peer->unread == NULL || peer->unread->length < UNREAD_MAX)
            arm_input(service, peer);
        break;
    case PEER_VACANT:
    case PEER_SENDING:
    case PEER_CLOSING:
    case PEER_STATES: break;
    }
}

/* A reset counts as fired where its ending is counted. */
static void meet_at_accept(struct service *service, struct peer *peer, uint8_t fault) {
    counter_add(&service->counters->fault_connections[fault], 1);
    peer->fault = fault;
    if (service->parts.settings->faults[fault].kind == FAULT_accept_reset) {
        handle_event(service, peer, PEER_REFUSED);
        return;
    }
    service_count_fired(service, fault);
    peer->flags |= PEER_DEAF;
    handle_event(service, peer, PEER_REQUEST_STALLED);
}

void service_open(struct service *service, int fd) {
    const struct target_settings *settings = service->parts.settings;
    uint32_t index = slots_take(&service->slots);
    struct peer *peer = &service->peers[index];
    *peer = (struct peer){.sock = sock_accepted(fd, peer->sock.generation),
                          .opened_tick = (uint32_t)(service->now.ns / MILLISECOND),
                          .fault = PEER_NO_FAULT,
                          .drip = PEER_NO_FAULT};
    uint64_t order = atomic_fetch_add(&service->parts.shared->accept_order, 1);
    handle_event(service, peer, target_speaks_tls(settings) ? PEER_ACCEPTED_TLS : PEER_ACCEPTED);
    uint8_t fault = choice_at_accept(settings, order);
    if (fault != PEER_NO_FAULT)
        meet_at_accept(service, peer, fault);
    else if (peer->state == PEER_SECURING &&
             !sock_transport_begin(service->socks.transport, &peer->sock))
        handle_event(service, peer, PEER_NO_MEMORY);
    rearm(service, peer);
}

void service_ready(struct service *service, struct peer *peer, bool output) {
    sock_done(&peer->sock, output ? SOCK_ARMED_OUTPUT : SOCK_ARMED);
    if (peer->state == PEER_CLOSING && sock_is_quiet(&peer->sock))
        handle_event(service, peer, PEER_QUIET);
    else if (output && peer->unsent != NULL && !is_dripping(peer))
        send_more(service, peer);
    else if (!output && peer->state != PEER_CLOSING && peer->state != PEER_SENDING)
        receive(service, peer);
    rearm(service, peer);
}

void service_timer(struct service *service, struct peer *peer) {
    switch ((enum counters_peer_state)peer->state) {
    case PEER_SECURING:
    case PEER_READING: handle_event(service, peer, PEER_IDLE); break;
    case PEER_DELAYING: handle_event(service, peer, PEER_DUE); break;
    case PEER_SENDING: send_more(service, peer); break;
    case PEER_LINGERING: handle_event(service, peer, PEER_TIMEOUT); break;
    default: require(false);
    }
    rearm(service, peer);
}

void service_stop(struct service *service, struct peer *peer) {
    if (peer->state != PEER_VACANT)
        handle_event(service, peer, PEER_STOP);
}
