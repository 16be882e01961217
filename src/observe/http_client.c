/* An http_client: connect, send, read, give up in time; one step an event. */
#include "observe/http_client.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/require.h"
#include "base/slots.h"
#include "base/tls_alert.h"
#include "sock/sock_transport.h"

/* The slot of a tag holds the kind of its event. */
enum { EVENT_CONNECT, EVENT_READY, EVENT_SEND };
enum { CHUNK_BYTES = 16 * 1024 };
/* For one event: a body without an end keeps nobody else waiting. */
enum { READS_MAX = 16 };

void http_client_init(struct http_client *http_client, struct net *net, uint8_t operation,
                      const struct address *addresses, size_t address_count,
                      const struct exchange *exchange, const struct request *request,
                      duration connect_timeout, duration timeout) {
    require(address_count > 0);
    *http_client = (struct http_client){
        .state = HTTP_CLIENT_IDLE,
        .socks = {.net = net,
                  .exchange = exchange,
                  .readers = http_client->readers[0],
                  .reader = http_client->readers[1]},
        .sock = sock_none(0),
        .addresses = addresses,
        .address_count = address_count,
        .request = request,
        .connect_timeout = connect_timeout,
        .timeout = timeout,
        .body_max = UINT64_MAX,
        .deadline = INSTANT_NEVER,
        .operation = operation,
    };
    slots_init(&http_client->socks.reader_slots, &http_client->reader_link, 1);
}

void http_client_from(struct http_client *http_client, const struct address *source) {
    http_client->source = *source;
}

void http_client_limit_body(struct http_client *http_client, uint64_t bytes) {
    http_client->body_max = bytes;
}

const struct address *http_client_address(const struct http_client *http_client) {
    return &http_client->addresses[http_client->address_at];
}

static uint64_t tag_of(const struct http_client *http_client, uint32_t about) {
    return slot_tag(http_client->operation, http_client->sock.generation, about);
}

/* A client has no end at which memory would be given back: each connection has its own. */
static bool make_transport(struct http_client *http_client) {
    const struct request *request = http_client->request;
    struct sock_transport_parts parts = {.transport = http_client->transport,
                                         .first = &http_client->sock,
                                         .stride = sizeof http_client->sock,
                                         .count = 1,
                                         .send_max = request != NULL ? request->length : 0};
    return sock_transport_create(&http_client->socks.transport, &parts);
}

static void drop_transport(struct http_client *http_client) {
    sock_transport_destroy(http_client->socks.transport);
    http_client->socks.transport = NULL;
}

/* The kernel owns nothing of the descriptor any more: give it back. */
static void release_if_quiet(struct http_client *http_client) {
    if (!http_client->closing || !sock_is_quiet(&http_client->sock))
        return;
    sock_release(&http_client->socks, &http_client->sock);
    drop_transport(http_client);
    http_client->closing = false;
}

void http_client_close(struct http_client *http_client) {
    if (http_client->sock.fd < 0 || http_client->closing)
        return;
    http_client->closing = true;
    sock_shut_down(&http_client->socks, &http_client->sock, true);
    release_if_quiet(http_client);
}

bool http_client_quiet(const struct http_client *http_client) {
    return http_client->sock.fd < 0;
}

static void fail(struct http_client *http_client, instant now, int error, const char *why) {
    http_client->state = HTTP_CLIENT_FAILED;
    http_client->ended_at = now;
    http_client->error_number = error;
    snprintf(http_client->error, sizeof http_client->error, "%s", why);
    http_client->deadline = INSTANT_NEVER;
    http_client->reconnect_pending = false;
    http_client_close(http_client);
}

static void fail_errno(struct http_client *http_client, instant now, int error) {
    fail(http_client, now, error, strerror(error));
}

static void arm(struct http_client *http_client) {
    sock_arm(&http_client->socks, &http_client->sock, tag_of(http_client, EVENT_READY));
}

static void send_request(struct http_client *http_client, instant now) {
    http_client->state = HTTP_CLIENT_WAITING;
    http_client->connected = true;
    http_client->sent++;
    memset(&http_client->kept, 0, sizeof http_client->kept);
    http_client->answer_begun = false;
    http_client->so_far = (struct exchange_answer){.status = 0};
    http_client->asked_at = now;
    http_client->deadline = instant_after(now, http_client->timeout);
    http_client->send_error = 0;
    sock_send_shared(&http_client->socks, &http_client->sock, http_client->request->bytes,
                     http_client->request->length, tag_of(http_client, EVENT_SEND));
    arm(http_client);
}

/* The rest of the time to connect is divided among the addresses that are left. */
static duration connect_share(const struct http_client *http_client, instant now) {
    duration left = http_client->connect_timeout - instant_since(now, http_client->asked_at);
    size_t untried = http_client->address_count - http_client->tried;
    return left > 0 ? left / (duration)untried : 0;
}

/* 0 or -errno. */
static int connect_address(struct http_client *http_client, instant now) {
    const struct address *source = http_client->source.length > 0 ? &http_client->source : NULL;
    const struct address *address = http_client_address(http_client);
    if (!make_transport(http_client))
        return -ENOMEM;
    int error = sock_connect(&http_client->socks, &http_client->sock, source, address,
                             tag_of(http_client, EVENT_CONNECT));
    if (error < 0) {
        drop_transport(http_client);
        return error;
    }
    http_client->reused = http_client->connection_begun = false;
    http_client->securing = false;
    http_client->word = 0;
    http_client->deadline = instant_after(now, connect_share(http_client, now));
    return 0;
}

/* Connects to the present address; those whose socket cannot even be made are passed over. */
static void connect_next(struct http_client *http_client, instant now) {
    http_client->state = HTTP_CLIENT_CONNECTING;
    http_client->reconnect_pending = false;
    for (;;) {
        int error = connect_address(http_client, now);
        if (error == 0)
            return;
        if (++http_client->tried == http_client->address_count) {
            fail_errno(http_client, now, -error);
            return;
        }
        http_client->address_at = (http_client->address_at + 1) % http_client->address_count;
    }
}

/* A new connection; when the kernel still owns something of the former one, a moment later. */
static void connect_from_first(struct http_client *http_client, instant now) {
    http_client->state = HTTP_CLIENT_CONNECTING;
    http_client->deadline = instant_after(now, http_client->connect_timeout);
    if (http_client->sock.fd >= 0)
        http_client->reconnect_pending = true;
    else
        connect_next(http_client, now);
}

/* The address of the former connection is the first, then those behind it. */
static void begin_connecting(struct http_client *http_client, instant now) {
    http_client->tried = 0;
    http_client->asked_at = now;
    connect_from_first(http_client, now);
}

static void connect_failed(struct http_client *http_client, instant now, int error,
                           const char *why) {
    if (++http_client->tried == http_client->address_count) {
        fail(http_client, now, error, why);
        return;
    }
    http_client->address_at = (http_client->address_at + 1) % http_client->address_count;
    http_client_close(http_client);
    http_client->securing = false;
    connect_from_first(http_client, now);
}

/* A connection on which something began that no request asked for is not asked again. */
static bool is_usable(const struct http_client *http_client) {
    return http_client->sock.fd >= 0 && !http_client->closing &&
           !sock_is_sending(&http_client->sock) &&
           exchange_residue(http_client->socks.exchange, http_client->word) != EXCHANGE_BEGUN;
}

void http_client_ask(struct http_client *http_client, instant now) {
    require(http_client->state != HTTP_CLIENT_CONNECTING &&
            http_client->state != HTTP_CLIENT_WAITING);
    http_client->error[0] = '\0';
    http_client->error_number = 0;
    http_client->connected = false;
    http_client->after = AFTER_NOTHING;
    http_client->asked_at = http_client->ended_at = now;
    if (is_usable(http_client)) {
        send_request(http_client, now);
        return;
    }
    http_client_close(http_client);
    begin_connecting(http_client, now);
}

static void came_after(struct http_client *http_client, instant now,
                       enum record_after_answer after) {
    if (http_client->after == AFTER_NOTHING) {
        http_client->after = after;
        http_client->after_at = now;
    }
    http_client_close(http_client); /* not to be used again */
}

static void ask_again(struct http_client *http_client, instant now) {
    http_client_close(http_client);
    begin_connecting(http_client, now);
}

/* An answer of the idle connection that crossed our request counts nothing. */
static void answered(struct http_client *http_client, instant now,
                     const struct exchange_fact *fact) {
    if (http_client->reused && fact->answer->idle_end) {
        http_client->begun--;
        ask_again(http_client, now);
        return;
    }
    http_client->facts = *fact->answer;
    http_client->state = HTTP_CLIENT_ANSWERED;
    http_client->ended_at = now;
    http_client->deadline = INSTANT_NEVER;
    http_client->reused = true;
    if (fact->kind == EXCHANGE_LAST_ANSWER)
        http_client_close(http_client);
}

static bool is_complete(const struct exchange_fact *fact) {
    return fact->kind == EXCHANGE_ANSWER || fact->kind == EXCHANGE_LAST_ANSWER;
}

/* lent: to the exchange, as it came back. */
static void note_begun(struct http_client *http_client, const struct exchange_fact *fact,
                       const struct exchange_conn *lent) {
    if (http_client->answer_begun || fact->kind == EXCHANGE_UNSOLICITED)
        return;
    http_client->answer_begun =
        is_complete(fact) || exchange_answer_begun(http_client->socks.exchange, lent->reader);
    if (!http_client->answer_begun)
        return;
    http_client->begun++;
    http_client->connections_begun += !http_client->connection_begun;
    http_client->connection_begun = true;
}

static bool next_fact(struct http_client *http_client, struct sock_reading *reading,
                      struct sock_fact *fact) {
    bool waiting = http_client->state == HTTP_CLIENT_WAITING;
    struct exchange_conn lent = {.word = http_client->word,
                                 .outstanding = waiting ? http_client->request : NULL,
                                 .keep = &http_client->kept};
    bool any = sock_next(&http_client->socks, &http_client->sock, &lent, reading, fact);
    http_client->word = lent.word;
    if (any && fact->kind == SOCK_FACT && waiting)
        note_begun(http_client, &fact->exchange, &lent);
    return any;
}

static void use_fact(struct http_client *http_client, instant now,
                     const struct exchange_fact *fact) {
    switch (fact->kind) {
    case EXCHANGE_MORE:
        if (fact->answer != NULL)
            http_client->so_far = *fact->answer;
        if (http_client->so_far.body_bytes > http_client->body_max)
            fail(http_client, now, 0, "the answer is longer than what was asked for can be");
        break;
    case EXCHANGE_ANSWER:
    case EXCHANGE_LAST_ANSWER: answered(http_client, now, fact); break;
    case EXCHANGE_IDLE_END: came_after(http_client, now, AFTER_END); break;
    case EXCHANGE_UNSOLICITED:
        if (http_client->state == HTTP_CLIENT_WAITING)
            fail(http_client, now, 0, reason_text(fact->reason));
        else
            came_after(http_client, now, AFTER_BYTES);
        break;
    case EXCHANGE_BAD: fail(http_client, now, 0, reason_text(fact->reason)); break;
    case EXCHANGE_REQUEST:
    case EXCHANGE_REPLY: require(false); /* facts of a server */
    }
}

/* A connection that is up: not one that has taken the place of what ended. */
static bool in_use(const struct http_client *http_client) {
    return http_client->sock.fd >= 0 && !http_client->closing &&
           (http_client->state != HTTP_CLIENT_CONNECTING || http_client->securing);
}

/* The answer's body ends with the connection, or the answer is cut, or there is none. */
static void use_end_of_answer(struct http_client *http_client, instant now, int error,
                              const struct exchange_fact *fact) {
    bool begun = http_client->answer_begun;
    if (!begun && http_client->reused)
        ask_again(http_client, now);
    else if (error != 0)
        fail_errno(http_client, now, error);
    else if (is_complete(fact))
        answered(http_client, now, fact);
    else
        fail(http_client, now, 0, begun ? "closed inside the answer" : "closed without an answer");
}

static void fail_tls(struct http_client *http_client, instant now, const char *why) {
    char text[HTTP_CLIENT_ERROR_MAX];
    snprintf(text, sizeof text, "TLS: %s", why);
    (http_client->securing ? connect_failed : fail)(http_client, now, 0, text);
}

/* The server gives the connection up, or what came is no record; also before what the handshake
 * still sends is out. */
static void use_break(struct http_client *http_client, instant now, const struct sock_fact *fact) {
    char text[HTTP_CLIENT_ERROR_MAX - sizeof "TLS: "];
    if (fact->kind == SOCK_ALERT)
        snprintf(text, sizeof text, "the server sent alert %u (%s)", fact->alert,
                 tls_alert_text(fact->alert));
    else
        snprintf(text, sizeof text, "%s", record_reason_text(fact->reason));
    if (http_client->securing || http_client->state == HTTP_CLIENT_WAITING)
        fail_tls(http_client, now, text);
    else
        came_after(http_client, now, AFTER_END);
}

/* A failed send took the socket's error with it: what is left to receive looks like a clean end. */
static void use_end(struct http_client *http_client, instant now, const struct sock_fact *fact) {
    int error = fact->kind == SOCK_ERROR ? fact->error : http_client->send_error;
    if (http_client->securing) {
        fail_tls(http_client, now,
                 error != 0 ? handshake_reason_text(HANDSHAKE_REASON_reset)
                            : handshake_reason_text(HANDSHAKE_REASON_closed));
        return;
    }
    if (http_client->state == HTTP_CLIENT_WAITING)
        use_end_of_answer(http_client, now, error, &fact->exchange);
    else
        came_after(http_client, now, error != 0 ? AFTER_RESET : AFTER_END);
}

/* To be connected was all that was asked. */
static void accepted(struct http_client *http_client, instant now) {
    http_client->state = HTTP_CLIENT_ANSWERED;
    http_client->connected = true;
    http_client->ended_at = now;
    http_client->deadline = INSTANT_NEVER;
    http_client_close(http_client);
}

static void established(struct http_client *http_client, instant now) {
    if (http_client->request == NULL)
        accepted(http_client, now);
    else
        send_request(http_client, now);
}

/* Sends what the handshake wants sent; behind the last of it the request goes out. */
static void secure(struct http_client *http_client, instant now) {
    if (!in_use(http_client) || !http_client->securing)
        return;
    sock_flush(&http_client->socks, &http_client->sock, tag_of(http_client, EVENT_SEND));
    arm(http_client);
    if (!http_client->secured || sock_is_sending(&http_client->sock))
        return;
    http_client->securing = false;
    established(http_client, now);
}

/* An endless body is read in turns: nothing else would have one. */
static void readable(struct http_client *http_client, instant now) {
    char chunk[CHUNK_BYTES];
    http_client->socks.scratch = chunk;
    http_client->socks.scratch_bytes = sizeof chunk;
    struct sock_reading reading = {.reads = READS_MAX, .most = SIZE_MAX, .all = true};
    struct sock_fact fact;
    while (in_use(http_client) && next_fact(http_client, &reading, &fact)) {
        if (fact.kind == SOCK_FACT)
            use_fact(http_client, now, &fact.exchange);
        else if (fact.kind == SOCK_FIN || fact.kind == SOCK_ERROR)
            use_end(http_client, now, &fact);
        else if (fact.kind == SOCK_ALERT || fact.kind == SOCK_BROKEN)
            use_break(http_client, now, &fact);
        else if (fact.kind == SOCK_FAILED)
            fail_tls(http_client, now, sock_explain(&http_client->socks));
        else if (fact.kind == SOCK_UP)
            http_client->secured = true;
    }
    if (in_use(http_client))
        arm(http_client); /* a kept connection's end is noticed when it happens */
    secure(http_client, now);
}

static void connected(struct http_client *http_client, instant now, int result) {
    if (result == 0 && net_connected_to_itself(http_client->socks.net, http_client->sock.fd,
                                               http_client_address(http_client)))
        result = -ECONNREFUSED;
    if (result < 0) {
        connect_failed(http_client, now, -result, strerror(-result));
        return;
    }
    http_client->connections++;
    http_client->securing = sock_has_handshake(&http_client->socks);
    http_client->secured = false;
    if (http_client->securing) {
        http_client->connected = true;
        secure(http_client, now);
    } else {
        established(http_client, now);
    }
}

static void step_closing(struct http_client *http_client, instant now) {
    release_if_quiet(http_client);
    if (http_client->sock.fd < 0 && http_client->reconnect_pending)
        connect_next(http_client, now);
}

/* EPIPE is the echo of a FIN; less than all: the kernel has spent a reset on the send. */
static void sent(struct http_client *http_client, int result) {
    size_t length = http_client->request != NULL ? http_client->request->length : 0;
    if (sock_sent(&http_client->socks, &http_client->sock, length, result))
        return;
    if (result != -EPIPE)
        http_client->send_error = result < 0 ? -result : ECONNRESET;
}

void http_client_event(struct http_client *http_client, const struct net_event *event,
                       instant now) {
    if (http_client->sock.fd < 0 || slot_tag_generation(event->tag) != http_client->sock.generation)
        return;
    uint32_t about = slot_tag_slot(event->tag);
    if (about == EVENT_CONNECT)
        sock_done(&http_client->sock, SOCK_CONNECTING);
    if (about == EVENT_READY)
        sock_done(&http_client->sock, SOCK_ARMED);
    if (about == EVENT_SEND)
        sent(http_client, event->result);
    if (http_client->closing)
        step_closing(http_client, now);
    else if (about == EVENT_CONNECT)
        connected(http_client, now, event->result);
    else
        readable(http_client, now); /* a failed send too: the socket says how it ended */
}

/* How far the answer has come. */
static void fail_unfinished(struct http_client *http_client, instant now) {
    const struct exchange_answer *answer = &http_client->so_far;
    char why[HTTP_CLIENT_ERROR_MAX] = "no answer in time";
    if (answer->has_head && answer->has_length)
        snprintf(why, sizeof why,
                 "answered %u, and its body was not whole in time: %" PRIu64 " of %" PRIu64
                 " bytes came",
                 answer->status, answer->body_bytes, answer->body_length);
    else if (answer->has_head)
        snprintf(why, sizeof why,
                 "answered %u, and its body had no end in time: %" PRIu64 " bytes came",
                 answer->status, answer->body_bytes);
    else if (http_client->answer_begun)
        snprintf(why, sizeof why, "an answer began, and its head was not whole in time");
    fail(http_client, now, ETIMEDOUT, why);
}

instant http_client_tick(struct http_client *http_client, instant now) {
    if (instant_before(now, http_client->deadline))
        return http_client->deadline;
    if (http_client->reconnect_pending)
        fail(http_client, now, 0, "the former connection is still being closed");
    else if (http_client->state == HTTP_CLIENT_CONNECTING)
        connect_failed(http_client, now, ETIMEDOUT,
                       http_client->securing ? "TLS: the handshake was not done in time"
                                             : "no connection in time");
    else if (http_client->state == HTTP_CLIENT_WAITING)
        fail_unfinished(http_client, now);
    return http_client->deadline;
}
