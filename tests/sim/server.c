/* The servers of the simulated world: what they answer, when, in how many pieces, and how they
 * misbehave. */
#include <errno.h>
#include <string.h>

#include "world.h"

static const char *const answers[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=75\r\n\r\n",
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno",
};
static const char closing[] = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
static const char version_10[] = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";
static const char until_fin[] = "HTTP/1.1 200 OK\r\n\r\nup to the end";
static const char twice[] = "HTTP/1.1 204 No Content\r\n\r\n";
static const char noise[] = "220 mail.example ESMTP\r\n";
static const char timed_out[] =
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

static struct piece piece_of(const char *bytes, enum mark mark) {
    return (struct piece){bytes, (uint32_t)strlen(bytes), mark};
}

void server_deliver(struct net *net, int fd, duration after, enum kind kind, struct piece piece,
                    int result) {
    struct socket *socket = &net->sockets[fd];
    int64_t at_ns = net->now_ns + after;
    if (at_ns <= socket->arrival_ns)
        at_ns = socket->arrival_ns + 1;
    socket->arrival_ns = at_ns;
    queue_push(&net->peer, &(struct happening){.at_ns = at_ns,
                                               .shuffle = random_next(&net->random),
                                               .serial = socket->serial,
                                               .piece = piece,
                                               .fd = fd,
                                               .result = result,
                                               .kind = kind});
}

/* Data of a connection whose handshake was done is sealed. */
void server_send(struct net *net, int fd, duration after, enum kind kind, struct piece piece,
                 int result) {
    if (net->sockets[fd].secured && kind == PEER_BYTES && piece.mark < MARK_HIDDEN)
        records_send(net, fd, after, piece);
    else
        server_deliver(net, fd, after, kind, piece, result);
}

static void end_with(struct net *net, int fd, duration after, enum kind kind, int result) {
    struct socket *socket = &net->sockets[fd];
    socket->over = true;
    if (kind == PEER_FIN && socket->secured && !socket->untold)
        records_send_end(net, fd, after, 0);
    server_send(net, fd, after, kind, (struct piece){.bytes = NULL}, result);
}

void server_end(struct net *net, int fd, duration after, enum kind kind) {
    end_with(net, fd, after, kind, 0);
}

void server_answer(struct net *net, int fd, duration after, const char *text, bool last) {
    server_send(net, fd, after, PEER_BYTES, piece_of(text, last ? MARK_LAST : MARK_WHOLE), 0);
}

static bool in_window(const struct net *net) {
    duration elapsed = net->now_ns - net->config.start.ns;
    return net->config.faults_until == 0 ||
           (elapsed >= net->config.faults_from && elapsed < net->config.faults_until);
}

static struct script draw_bad_connect(struct net *net) {
    static const int open_errors[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES, EADDRINUSE};
    /* No EADDRNOTAVAIL: that comes of ports_each alone, since the fleet believes it at its next
     * connect. */
    static const int failures[] = {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNRESET,
                                   EPERM,        ENOMEM,    EPROTO,       ENOBUFS};
    enum { OPENS = sizeof open_errors / sizeof *open_errors };
    enum { FAILURES = sizeof failures / sizeof *failures };
    uint64_t drawn = world_draw(net, 0, OPENS + FAILURES + 2);
    if (drawn < OPENS)
        return (struct script){.open_error = open_errors[drawn]};
    if (drawn < OPENS + FAILURES)
        return (struct script){.connect = CONNECT_FAILS, .connect_error = failures[drawn - OPENS]};
    static const enum script_connect others[] = {CONNECT_NEVER, CONNECT_SELF, CONNECT_GREETED};
    return (struct script){.connect = others[drawn - OPENS - FAILURES]};
}

void server_open(struct net *net, struct socket *socket) {
    const struct sim_config *config = &net->config;
    socket->scripted = net->script_next < config->script_count;
    if (socket->scripted)
        socket->script = config->scripts[net->script_next++];
    else if (net->down)
        socket->script = (struct script){.connect = CONNECT_FAILS, .connect_error = ECONNREFUSED};
    else if (in_window(net) && world_chance(net, config->bad_connects))
        socket->script = draw_bad_connect(net);
    else if (in_window(net) && world_chance(net, config->bad_handshakes))
        socket->script.handshake =
            (enum script_handshake)world_draw(net, HANDSHAKE_NEVER, HANDSHAKES - 1);
    if (config->transport != NULL)
        records_begin(net, socket);
}

duration server_latency(struct net *net) {
    return (duration)world_draw(net, (uint64_t)net->config.latency.low,
                                (uint64_t)net->config.latency.high);
}

/* One of the ports that each pair has; held until the descriptor is closed. */
static bool take_port(struct net *net, struct socket *socket) {
    uint64_t each = net->config.ports_each;
    socket->holds_port = each == 0 || sim_ports_held(net, &socket->source, &socket->target) < each;
    return socket->holds_port;
}

void server_connect(struct net *net, int fd) {
    struct socket *socket = &net->sockets[fd];
    const struct script *script = &socket->script;
    if (!take_port(net, socket)) {
        queue_push(&net->ring, &(struct happening){.at_ns = net->now_ns + MILLISECOND,
                                                   .shuffle = random_next(&net->random),
                                                   .serial = socket->serial,
                                                   .version = socket->connect_version,
                                                   .fd = fd,
                                                   .result = -EADDRNOTAVAIL,
                                                   .kind = RING_CONNECTED});
        return;
    }
    if (script->connect == CONNECT_NEVER)
        return;
    duration after = script->connect_after > 0 ? script->connect_after : server_latency(net);
    int result = script->connect == CONNECT_FAILS ? -script->connect_error : 0;
    queue_push(&net->ring, &(struct happening){.at_ns = net->now_ns + after,
                                               .shuffle = random_next(&net->random),
                                               .serial = socket->serial,
                                               .version = socket->connect_version,
                                               .fd = fd,
                                               .result = result,
                                               .kind = RING_CONNECTED});
    if (net->config.policies != NULL && result == 0)
        policy_connected(net, fd, after);
    if (script->connect == CONNECT_GREETED) {
        socket->over = true;
        server_send(net, fd, after, PEER_BYTES, piece_of(noise, MARK_NOISE), 0);
    }
}

void server_stop(struct net *net, int fd) {
    struct socket *socket = &net->sockets[fd];
    if (!socket->fin && !socket->dead)
        end_with(net, fd, server_latency(net), PEER_FIN, 0);
}

static enum deed deed_of(struct net *net, const struct socket *socket) {
    if (socket->scripted)
        return socket->requests == socket->script.deed_at ? socket->script.deed : DEED_ANSWER;
    if (!in_window(net) || !world_chance(net, net->config.bad_requests))
        return DEED_ANSWER;
    return (enum deed)world_draw(net, DEED_BLANK,
                                 (net->config.transport != NULL ? RECORD_DEEDS : DEEDS) - 1);
}

/* The client's last flight goes out when it is live. */
int server_refuses_flight(const struct socket *socket) {
    return socket->live && socket->script.handshake == HANDSHAKE_RST_AT_FLIGHT ? ECONNRESET : 0;
}

void server_flight(struct net *net, int fd) {
    struct socket *socket = &net->sockets[fd];
    duration after = server_latency(net);
    if (socket->over || socket->fin || socket->dead)
        return;
    switch (socket->script.handshake) {
    case HANDSHAKE_DONE:
    case HANDSHAKE_RST_AT_FLIGHT: records_answer(net, fd); break;
    case HANDSHAKE_FIN: end_with(net, fd, after, PEER_FIN, 0); break;
    case HANDSHAKE_RST: end_with(net, fd, after, PEER_RST, 0); break;
    case HANDSHAKE_ERROR: end_with(net, fd, after, PEER_ERROR, EHOSTUNREACH); break;
    case HANDSHAKE_NOISE:
        server_send(net, fd, after, PEER_BYTES, piece_of(noise, MARK_NOISE), 0);
        socket->over = true;
        break;
    default: socket->over = true; break;
    }
}

int server_refuses(struct net *net, struct socket *socket) {
    socket->deed = deed_of(net, socket);
    if (socket->deed == DEED_SEND_RESET)
        return ECONNRESET;
    return socket->deed == DEED_SEND_PIPE ? EPIPE : 0;
}

/* Cuts at random offsets, with a pause at each. Only the last piece has the answer's own mark. */
static void send_cut(struct net *net, int fd, duration after, struct piece whole) {
    const struct socket *socket = &net->sockets[fd];
    uint32_t cuts = 0;
    if (net->config.pieces_max > 1 && !socket->script.whole)
        cuts = (uint32_t)world_draw(net, 0, net->config.pieces_max - 1);
    for (; cuts > 0 && whole.length > 1; cuts--) {
        uint32_t length = (uint32_t)world_draw(net, 1, whole.length - 1);
        server_send(net, fd, after, PEER_BYTES, (struct piece){whole.bytes, length, MARK_PIECE}, 0);
        whole.bytes += length;
        whole.length -= length;
        after += (duration)world_draw(net, 0, (uint64_t)(2 * MILLISECOND));
    }
    server_send(net, fd, after, PEER_BYTES, whole, 0);
}

/* In as many pieces as a socket's buffer has pages of, all of them there at once. */
static void answer_large(struct net *net, int fd, duration after) {
    enum { PIECE = 65536, PIECES = 20 };
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1310720\r\n\r\n";
    static const char body[PIECE] = "large";
    server_send(net, fd, after, PEER_BYTES, piece_of(head, MARK_PIECE), 0);
    for (int i = 1; i < PIECES; i++)
        server_send(net, fd, after, PEER_BYTES, (struct piece){body, PIECE, MARK_PIECE}, 0);
    server_send(net, fd, after, PEER_BYTES, (struct piece){body, PIECE, MARK_WHOLE}, 0);
}

static void answer(struct net *net, int fd, duration after) {
    if (net->sockets[fd].script.large) {
        answer_large(net, fd, after);
        return;
    }
    size_t count = sizeof answers / sizeof *answers;
    const char *text = answers[world_draw(net, 0, count - 1)];
    send_cut(net, fd, after, piece_of(text, MARK_WHOLE));
}

/* How long after the last byte on its way. */
static duration behind(struct net *net, int fd, duration most) {
    duration drawn = most > 0 ? (duration)world_draw(net, 1, (uint64_t)most) : 1;
    return net->sockets[fd].arrival_ns - net->now_ns + drawn;
}

static void answer_then(struct net *net, int fd, duration after, enum deed deed) {
    answer(net, fd, after);
    duration later = behind(net, fd, net->config.idle_after);
    switch (deed) {
    case DEED_BLANK:
        server_send(net, fd, later, PEER_BYTES, piece_of("\r\n", MARK_BLANK), 0);
        break;
    case DEED_IDLE_NOISE:
        server_send(net, fd, later, PEER_BYTES, piece_of(noise, MARK_NOISE), 0);
        net->sockets[fd].over = true;
        break;
    case DEED_IDLE_408:
        server_send(net, fd, later, PEER_BYTES, piece_of(timed_out, MARK_408), 0);
        end_with(net, fd, later, PEER_FIN, 0);
        break;
    case DEED_IDLE_FIN: end_with(net, fd, later, PEER_FIN, 0); break;
    case DEED_IDLE_RST: end_with(net, fd, later, PEER_RST, 0); break;
    case DEED_ARM_FAILS: net->sockets[fd].arm_error = ENOMEM; break;
    default: break;
    }
}

static void do_deed(struct net *net, int fd, duration after, enum deed deed);

static void answer_in_part(struct net *net, int fd, duration after, enum kind end) {
    const char *text = answers[0];
    uint32_t length = (uint32_t)world_draw(net, 1, strlen(text) - 1);
    server_send(net, fd, after, PEER_BYTES, (struct piece){text, length, MARK_PIECE}, 0);
    end_with(net, fd, behind(net, fd, 3 * MILLISECOND), end, 0);
}

static void answer_last(struct net *net, int fd, duration after, const char *text) {
    send_cut(net, fd, after, piece_of(text, MARK_LAST));
    end_with(net, fd, behind(net, fd, 3 * MILLISECOND), PEER_FIN, 0);
}

/* The second is noise to whoever asked once. */
static void answer_twice(struct net *net, int fd, duration after) {
    server_send(net, fd, after, PEER_BYTES, piece_of(twice, MARK_WHOLE), 0);
    server_send(net, fd, after, PEER_BYTES, piece_of(noise, MARK_NOISE), 0);
    net->sockets[fd].over = true;
}

static void do_deed_of_records(struct net *net, int fd, duration after, enum deed deed) {
    static const char garbage[] = "\x17\x03\x03\x00\x20 a record of 32 bytes, that no-one";
    struct socket *socket = &net->sockets[fd];
    switch (deed) {
    case DEED_ALERT:
        records_send_end(net, fd, after, 116);
        end_with(net, fd, after, PEER_FIN, 0);
        break;
    case DEED_GARBAGE:
        server_send(net, fd, after, PEER_BYTES, (struct piece){garbage, 37, MARK_BROKEN}, 0);
        socket->over = true;
        break;
    case DEED_KEY_UPDATE:
        records_rekey(net, fd);
        answer(net, fd, after);
        break;
    case DEED_FIN_UNTOLD:
        socket->untold = true;
        answer_then(net, fd, after, DEED_IDLE_FIN);
        break;
    case DEED_CLOSE_UNTOLD:
        socket->untold = true;
        do_deed(net, fd, after, DEED_ANSWER_CLOSE);
        break;
    case DEED_CLOSE_TOLD:
        do_deed(net, fd, after, DEED_ANSWER_LINGER);
        records_send_end(net, fd, after, 0);
        break;
    default: socket->untold = true; do_deed(net, fd, after, DEED_ANSWER_EOF);
    }
}

static void do_deed(struct net *net, int fd, duration after, enum deed deed) {
    struct socket *socket = &net->sockets[fd];
    switch (deed) {
    case DEED_ANSWER_CLOSE: answer_last(net, fd, after, closing); break;
    case DEED_LINGER_ARM_FAILS: socket->arm_error = ENOMEM; /* fall through */
    case DEED_ANSWER_LINGER:
        send_cut(net, fd, after, piece_of(closing, MARK_LAST));
        socket->over = true;
        break;
    case DEED_ANSWER_10: answer_last(net, fd, after, version_10); break;
    case DEED_ANSWER_EOF:
        server_send(net, fd, after, PEER_BYTES, piece_of(until_fin, MARK_TO_EOF), 0);
        end_with(net, fd, behind(net, fd, 3 * MILLISECOND), PEER_FIN, 0);
        break;
    case DEED_ANSWER_TWICE: answer_twice(net, fd, after); break;
    case DEED_FIN: end_with(net, fd, after, PEER_FIN, 0); break;
    case DEED_RST: end_with(net, fd, after, PEER_RST, 0); break;
    case DEED_FIN_MID: answer_in_part(net, fd, after, PEER_FIN); break;
    case DEED_RST_MID: answer_in_part(net, fd, after, PEER_RST); break;
    case DEED_NEVER: socket->over = true; break;
    case DEED_SILENT: socket->over = socket->unacknowledged = true; break;
    case DEED_LATE:
        socket->over = true;
        answer(net, fd, net->config.timeout + 5 * MILLISECOND + after);
        break;
    case DEED_NOISE:
        server_send(net, fd, after, PEER_BYTES, piece_of(noise, MARK_NOISE), 0);
        socket->over = true;
        break;
    case DEED_ERROR: end_with(net, fd, after, PEER_ERROR, EHOSTUNREACH); break;
    case DEED_ALERT:
    case DEED_GARBAGE:
    case DEED_KEY_UPDATE:
    case DEED_FIN_UNTOLD:
    case DEED_EOF_UNTOLD:
    case DEED_CLOSE_UNTOLD:
    case DEED_CLOSE_TOLD: do_deed_of_records(net, fd, after, deed); break;
    default: answer_then(net, fd, after, deed); break;
    }
}

void server_request(struct net *net, int fd) {
    struct socket *socket = &net->sockets[fd];
    socket->requests++;
    if (socket->over || socket->fin || socket->dead)
        return;
    if (net->config.policies != NULL) {
        policy_request(net, fd);
        return;
    }
    duration latency = socket->script.latency > 0 ? socket->script.latency : server_latency(net);
    duration elapsed = net->now_ns - net->config.start.ns;
    if (elapsed >= net->config.stall_from && elapsed < net->config.stall_until)
        latency += net->config.stall_until - elapsed;
    do_deed(net, fd, latency, socket->deed);
}
