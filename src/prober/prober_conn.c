/* One connection of a prober: connects, asks, and keeps what became of it. */
#include <errno.h>
#include <string.h>

#include "base/minmax.h"
#include "prober/prober_private.h"

/* For one event: a body without an end keeps nobody else waiting. */
enum { READS_MAX = 16 };

static uint64_t tag_of(const struct prober *prober, const struct prober_conn *conn,
                       uint32_t about) {
    uint32_t index = (uint32_t)(conn - prober->conns);
    return slot_tag(prober->settings.operation, conn->sock.generation, about << 8 | index);
}

/* The kernel owns nothing of the descriptor any more: the place is free. */
static void release_if_quiet(struct prober *prober, struct prober_conn *conn) {
    if (!conn->closing || !sock_is_quiet(&conn->sock))
        return;
    sock_release(&prober->socks, &conn->sock);
    conn->closing = false;
    conn->trace = PROBER_NO_TRACE;
}

static void close_conn(struct prober *prober, struct prober_conn *conn) {
    conn->deadline = INSTANT_NEVER;
    if (conn->closing)
        return;
    if (conn->sock.fd < 0) { /* it could not even be made */
        conn->trace = PROBER_NO_TRACE;
        return;
    }
    conn->closing = true;
    sock_shut_down(&prober->socks, &conn->sock, false);
    release_if_quiet(prober, conn);
}

/* Once for each trace. */
static void end(struct prober *prober, struct prober_conn *conn, enum probe_end how, instant now) {
    struct probe_trace *trace = prober_trace(prober, conn);
    if (trace->end == PROBE_OPEN) {
        trace->end = how;
        trace->ended_at = now;
        trace->outstanding = conn->outstanding && how != PROBE_END_OURS;
        trace->late = max_i64(0, instant_since(now, prober->expected));
        if (instant_before(now, prober->late_until))
            trace->late = max_i64(trace->late, prober->late);
        prober->changed = true;
        if (trace->up)
            prober->facts.open--;
    }
    close_conn(prober, conn);
}

void prober_conn_end(struct prober *prober, struct prober_conn *conn, instant now) {
    if (conn->trace != PROBER_NO_TRACE && !conn->closing)
        end(prober, conn, PROBE_END_OURS, now);
}

bool prober_conn_idles(const struct prober *prober, const struct prober_conn *conn) {
    return conn->trace != PROBER_NO_TRACE && !conn->closing && prober->traces[conn->trace].up &&
           !conn->outstanding && !sock_is_sending(&conn->sock);
}

static void arm(struct prober *prober, struct prober_conn *conn) {
    sock_arm(&prober->socks, &conn->sock, tag_of(prober, conn, PROBER_READY));
}

void prober_conn_open(struct prober *prober, struct prober_conn *conn, uint32_t trace,
                      instant now) {
    const struct prober_settings *settings = &prober->settings;
    uint32_t generation = conn->sock.generation;
    *conn = (struct prober_conn){
        .sock = sock_none(generation), .trace = trace, .request = prober->request};
    int error = sock_connect(&prober->socks, &conn->sock, settings->source, settings->address,
                             tag_of(prober, conn, PROBER_CONNECT));
    conn->deadline = instant_after(now, settings->connect_timeout);
    if (error < 0)
        end(prober, conn, PROBE_END_FAILED, now);
}

void prober_conn_ask(struct prober *prober, struct prober_conn *conn, instant now) {
    struct probe_trace *trace = prober_trace(prober, conn);
    trace->asked_at = now;
    trace->sent++;
    prober->facts.requests++;
    conn->outstanding = true;
    conn->send_error = 0;
    conn->deadline = instant_after(now, prober->settings.timeout);
    sock_send_shared(&prober->socks, &conn->sock, conn->request->bytes, conn->request->length,
                     tag_of(prober, conn, PROBER_SEND));
    arm(prober, conn);
}

/* ---- Facts ---- */

static void note_announced(struct probe_trace *trace, const struct exchange_answer *answer) {
    if (trace->timeout_s < 0)
        trace->timeout_s = answer->keep_alive_timeout_s;
    if (trace->requests_announced < 0 && answer->keep_alive_max >= 0)
        trace->requests_announced = (int64_t)answer->keep_alive_max + trace->answers;
    if (trace->answers == 1)
        trace->status = answer->status;
}

static void note_status(struct probe_facts *facts, uint16_t status) {
    enum { FIRST_ERROR = 400 };
    facts->answers++;
    if (status >= FIRST_ERROR && facts->errors++ == 0)
        facts->error_status = status;
}

static void answered(struct prober *prober, struct prober_conn *conn,
                     const struct exchange_fact *fact, instant now) {
    struct probe_trace *trace = prober_trace(prober, conn);
    if (fact->answer->idle_end && trace->answers > 0) {
        end(prober, conn, PROBE_END_408, now);
        return;
    }
    if (trace->answers > 0)
        trace->gap = max_i64(trace->gap, instant_since(trace->asked_at, trace->answered_at));
    else
        trace->first_gap = instant_since(trace->asked_at, trace->opened_at);
    trace->before_at = trace->answers > 0 ? trace->answered_at : trace->opened_at;
    trace->answered_at = now;
    trace->answers++;
    conn->outstanding = false;
    conn->deadline = INSTANT_NEVER;
    prober->changed = true;
    note_announced(trace, fact->answer);
    note_status(&prober->facts, fact->answer->status);
    if (fact->kind == EXCHANGE_LAST_ANSWER)
        end(prober, conn, PROBE_END_ANNOUNCED, now);
}

static void use_exchange(struct prober *prober, struct prober_conn *conn,
                         const struct exchange_fact *fact, instant now) {
    switch (fact->kind) {
    case EXCHANGE_ANSWER:
    case EXCHANGE_LAST_ANSWER: answered(prober, conn, fact, now); break;
    case EXCHANGE_IDLE_END: end(prober, conn, PROBE_END_408, now); break;
    case EXCHANGE_UNSOLICITED:
    case EXCHANGE_BAD: end(prober, conn, PROBE_END_OTHER, now); break;
    default: break;
    }
}

/* A failed send took the socket's error with it: what is left to receive looks like a clean end. */
static void use_end(struct prober *prober, struct prober_conn *conn, const struct sock_fact *fact,
                    instant now) {
    int error = fact->kind == SOCK_ERROR ? fact->error : conn->send_error;
    if (conn->securing)
        end(prober, conn, PROBE_END_FAILED, now);
    else if (error == ETIMEDOUT)
        end(prober, conn, PROBE_END_SILENT, now);
    else if (error != 0)
        end(prober, conn, PROBE_END_RST, now);
    else if (conn->outstanding && fact->exchange.kind == EXCHANGE_LAST_ANSWER)
        answered(prober, conn, &fact->exchange, now);
    else
        end(prober, conn, fact->told ? PROBE_END_CLOSE_NOTIFY : PROBE_END_FIN, now);
}

static void use_fact(struct prober *prober, struct prober_conn *conn, const struct sock_fact *fact,
                     instant now) {
    switch (fact->kind) {
    case SOCK_FACT: use_exchange(prober, conn, &fact->exchange, now); break;
    case SOCK_FIN:
    case SOCK_ERROR: use_end(prober, conn, fact, now); break;
    case SOCK_UP: conn->secured = true; break;
    case SOCK_FAILED: end(prober, conn, PROBE_END_FAILED, now); break;
    case SOCK_ALERT:
    case SOCK_BROKEN: end(prober, conn, PROBE_END_OTHER, now); break;
    case SOCK_BYTES:
    case SOCK_RECORD: break;
    }
}

static bool next_fact(struct prober *prober, struct prober_conn *conn, struct sock_reading *reading,
                      struct sock_fact *fact) {
    struct exchange_conn lent = {.word = conn->word,
                                 .outstanding = conn->outstanding ? conn->request : NULL};
    bool any = sock_next(&prober->socks, &conn->sock, &lent, reading, fact);
    conn->word = lent.word;
    return any;
}

/* ---- Steps ---- */

static void established(struct prober *prober, struct prober_conn *conn, instant now) {
    struct probe_trace *trace = prober_trace(prober, conn);
    trace->up = true;
    trace->opened_at = trace->before_at = now;
    conn->deadline = INSTANT_NEVER;
    prober->facts.open++;
    prober->facts.open_peak = max_u32(prober->facts.open_peak, prober->facts.open);
    prober->changed = true;
    arm(prober, conn);
}

/* Sends what the handshake wants sent; behind the last of it the connection is up. */
static void secure(struct prober *prober, struct prober_conn *conn, instant now) {
    if (conn->closing || !conn->securing)
        return;
    sock_flush(&prober->socks, &conn->sock, tag_of(prober, conn, PROBER_SEND));
    arm(prober, conn);
    if (!conn->secured || sock_is_sending(&conn->sock))
        return;
    conn->securing = false;
    established(prober, conn, now);
}

static bool in_use(const struct prober_conn *conn) {
    return conn->trace != PROBER_NO_TRACE && !conn->closing;
}

static void read_all(struct prober *prober, struct prober_conn *conn, instant now) {
    struct sock_reading reading = {.reads = READS_MAX, .most = SIZE_MAX, .all = true};
    struct sock_fact fact;
    while (in_use(conn) && next_fact(prober, conn, &reading, &fact))
        use_fact(prober, conn, &fact, now);
    if (!in_use(conn))
        return;
    arm(prober, conn);
    secure(prober, conn, now);
}

static void connected(struct prober *prober, struct prober_conn *conn, int result, instant now) {
    bool itself = result == 0 && net_connected_to_itself(prober->settings.net, conn->sock.fd,
                                                         prober->settings.address);
    if (result < 0 || itself) {
        end(prober, conn, PROBE_END_FAILED, now);
        return;
    }
    conn->securing = sock_has_handshake(&prober->socks);
    if (conn->securing)
        secure(prober, conn, now);
    else
        established(prober, conn, now);
}

/* EPIPE is the echo of a FIN; less than all: the kernel has spent a reset on the send. */
static void sent(struct prober *prober, struct prober_conn *conn, int result) {
    if (!sock_sent(&prober->socks, &conn->sock, conn->request->length, result) && result != -EPIPE)
        conn->send_error = result < 0 ? -result : ECONNRESET;
}

void prober_conn_event(struct prober *prober, struct prober_conn *conn, uint32_t about, int result,
                       instant now) {
    if (about == PROBER_CONNECT)
        sock_done(&conn->sock, SOCK_CONNECTING);
    if (about == PROBER_READY)
        sock_done(&conn->sock, SOCK_ARMED);
    if (about == PROBER_SEND)
        sent(prober, conn, result);
    if (conn->closing)
        release_if_quiet(prober, conn);
    else if (about == PROBER_CONNECT)
        connected(prober, conn, result, now);
    else
        read_all(prober, conn, now); /* a failed send too: the socket says how it ended */
}

void prober_conn_read(struct prober *prober, struct prober_conn *conn, instant now) {
    if (in_use(conn) && !conn->securing && prober_trace(prober, conn)->up)
        read_all(prober, conn, now);
}

void prober_conn_tick(struct prober *prober, struct prober_conn *conn, instant now) {
    if (conn->trace == PROBER_NO_TRACE || instant_before(now, conn->deadline))
        return;
    prober_conn_read(prober, conn, now); /* an answer may have come while we were late */
    if (!in_use(conn) || instant_before(now, conn->deadline))
        return;
    bool up = prober_trace(prober, conn)->up;
    end(prober, conn, up ? PROBE_END_SILENT : PROBE_END_FAILED, now);
}
