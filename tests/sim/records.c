/* The servers' side of a transport in the simulated world: what the engine sends is opened, and
 * what a server says is sealed, in the order in which it will arrive. */
#include <stdlib.h>
#include <string.h>

#include "base/require.h"
#include "wire/transport.h"
#include "world.h"

enum { REQUEST_MAX = 4096, FLIGHT_MAX = 16384 };

struct records {
    void *state, *fragment;
    bool cut;
    size_t have; /* bytes of a request */
    char request[REQUEST_MAX];
};

void records_begin(struct net *net, struct socket *socket) {
    const struct transport *transport = net->config.transport;
    struct records *records = calloc(1, sizeof *records);
    require(records != NULL);
    records->state = calloc(1, transport->state_bytes);
    records->fragment = malloc(transport->fragment_bytes);
    require(records->state != NULL && records->fragment != NULL);
    socket->records = records;
}

void records_free(struct net *net, struct socket *socket) {
    struct records *records = socket->records;
    if (records == NULL)
        return;
    net->config.transport->release(net->config.transport->shared, records->state);
    free(records->state);
    free(records->fragment);
    free(records);
    socket->records = NULL;
}

void records_free_all(struct net *net) {
    for (size_t i = 0; i < net->socket_count; i++)
        records_free(net, &net->sockets[i]);
    for (size_t i = 0; i < net->sealed_count; i++)
        free(net->sealed[i]);
    free(net->sealed);
}

/* ---- From the engine ---- */

static bool add_request(struct records *records, const struct exchange_bytes *plain) {
    require(records->have + plain->length <= REQUEST_MAX);
    memcpy(records->request + records->have, plain->bytes, plain->length);
    records->have += plain->length;
    bool whole =
        records->have >= 4 && memcmp(records->request + records->have - 4, "\r\n\r\n", 4) == 0;
    records->have = whole ? 0 : records->have;
    return whole;
}

/* The engine says nothing that is not as agreed. */
bool records_take(struct net *net, struct socket *socket, const char *bytes, size_t length) {
    const struct transport *transport = net->config.transport;
    struct records *records = socket->records;
    struct transport_conn lent = {transport->shared, records->state, records->fragment,
                                  records->cut};
    char sent[FLIGHT_MAX];
    bool whole = false;
    require(length <= sizeof sent);
    memcpy(sent, bytes, length);
    for (size_t at = 0; at < length;) {
        struct transport_fact fact;
        transport->open(&lent, sent + at, length - at, &fact);
        if (fact.kind == TRANSPORT_BROKEN || fact.kind == TRANSPORT_FAILED)
            world_wrong(net, "a record that is not as agreed", -1);
        socket->secured |= fact.kind == TRANSPORT_UP;
        if (fact.kind == TRANSPORT_DATA)
            whole |= add_request(records, &fact.plain);
        at += fact.taken;
    }
    records->cut = lent.cut;
    return whole;
}

/* ---- To the engine ---- */

static char *keep(struct net *net, const char *bytes, size_t length) {
    char *kept = malloc(length);
    net->sealed = realloc(net->sealed, (net->sealed_count + 1) * sizeof *net->sealed);
    require(kept != NULL && net->sealed != NULL);
    memcpy(kept, bytes, length);
    net->sealed[net->sealed_count++] = kept;
    return kept;
}

/* Cut at one place now and then, whatever is in it: the draws are as many for any length. */
static void push(struct net *net, int fd, duration after, const char *bytes, size_t length,
                 enum mark mark) {
    const char *kept = keep(net, bytes, length);
    uint64_t thousandths = net->config.pieces_max > 1 ? world_draw(net, 0, 1999) : 1000;
    size_t first = thousandths < 1000 ? length * thousandths / 1000 : 0;
    if (first > 0 && !net->sockets[fd].script.whole) {
        server_deliver(net, fd, after, PEER_BYTES,
                       (struct piece){kept, (uint32_t)first, MARK_HIDDEN}, 0);
        kept += first;
        length -= first;
    }
    server_deliver(net, fd, after, PEER_BYTES, (struct piece){kept, (uint32_t)length, mark}, 0);
}

void records_answer(struct net *net, int fd) {
    const struct transport *transport = net->config.transport;
    struct socket *socket = &net->sockets[fd];
    char flight[FLIGHT_MAX];
    size_t length =
        transport->take_owed(transport->shared, socket->records->state, flight, sizeof flight);
    if (length > 0)
        push(net, fd, server_latency(net), flight, length, socket->secured ? MARK_HIDDEN : MARK_UP);
}

void records_send(struct net *net, int fd, duration after, struct piece piece) {
    const struct transport *transport = net->config.transport;
    char *sealed = malloc(transport->sealed_bytes(piece.length));
    require(sealed != NULL);
    size_t length = transport->seal(transport->shared, net->sockets[fd].records->state, piece.bytes,
                                    piece.length, sealed);
    push(net, fd, after, sealed, length, piece.mark);
    free(sealed);
}

void records_send_end(struct net *net, int fd, duration after, uint8_t alert) {
    const struct transport *transport = net->config.transport;
    char words[FLIGHT_MAX];
    size_t length =
        transport->end(transport->shared, net->sockets[fd].records->state, alert, words);
    if (length > 0)
        push(net, fd, after, words, length, alert > 0 ? MARK_ALERT : MARK_NOTIFY);
}

void records_rekey(struct net *net, int fd) {
    const struct transport *transport = net->config.transport;
    transport->rekey(transport->shared, net->sockets[fd].records->state);
}
