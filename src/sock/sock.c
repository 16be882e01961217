/* Pulls facts out of a socket: the door's bytes, through the transport where there is one, through
 * the exchange; and keeps what the kernel owns of it. */
#include "sock/sock.h"

#include <errno.h>
#include <string.h>

#include "base/require.h"
#include "sock/sock_transport.h"

struct sock sock_none(uint32_t generation) {
    return (struct sock){
        .fd = -1, .generation = generation & SOCK_GENERATION_MASK, .lease = SLOT_NONE};
}

int sock_connect(struct sock_set *set, struct sock *sock, const struct address *source,
                 const struct address *target, uint64_t tag) {
    if (set->transport != NULL && !sock_transport_begin(set->transport, sock))
        return -ENOMEM;
    int fd = net_open(set->net, source, target);
    if (fd < 0) {
        if (set->transport != NULL)
            sock_transport_end(set->transport, sock);
        return fd;
    }
    sock->fd = fd;
    sock->owned = SOCK_CONNECTING;
    net_connect(set->net, fd, target, tag);
    return 0;
}

void sock_arm(struct sock_set *set, struct sock *sock, uint64_t tag) {
    if ((sock->owned & SOCK_ARMED) != 0)
        return;
    sock->owned |= SOCK_ARMED;
    net_arm(set->net, sock->fd, tag);
}

void sock_send_shared(struct sock_set *set, struct sock *sock, const void *bytes, size_t length,
                      uint64_t tag) {
    if (set->transport == NULL)
        net_send_shared(set->net, sock->fd, bytes, length, tag);
    else
        sock_send_owned(set, sock, bytes, length, tag);
}

void sock_send_owned(struct sock_set *set, struct sock *sock, const void *bytes, size_t length,
                     uint64_t tag) {
    require((sock->owned & SOCK_SENDING) == 0);
    sock->owned |= SOCK_SENDING;
    if (set->transport != NULL)
        bytes = sock_transport_seal(set->transport, sock, bytes, &length);
    net_send_owned(set->net, sock->fd, bytes, length, tag);
}

bool sock_sent(struct sock_set *set, struct sock *sock, size_t length, int result) {
    sock_done(sock, SOCK_SENDING);
    if (set->transport != NULL)
        length = sock_transport_sent(set->transport, sock);
    return result >= 0 && (size_t)result >= length;
}

bool sock_has_handshake(const struct sock_set *set) {
    return set->transport != NULL && sock_transport_has_handshake(set->transport);
}

bool sock_has_room(const struct sock_set *set) {
    return set->transport == NULL || sock_transport_has_room(set->transport);
}

const char *sock_explain(const struct sock_set *set) {
    const struct transport *table = sock_transport_table(set->transport);
    return table->explain(table->shared);
}

void sock_flush(struct sock_set *set, struct sock *sock, uint64_t tag) {
    size_t length;
    if (set->transport == NULL || (sock->owned & SOCK_SENDING) != 0)
        return;
    const void *bytes = sock_transport_take_owed(set->transport, sock, &length);
    if (bytes == NULL)
        return;
    sock->owned |= SOCK_SENDING;
    net_send_owned(set->net, sock->fd, bytes, length, tag);
}

/* What the socket does not take at once is not said: the peer is not waited for. */
static void say_end(struct sock_set *set, const struct sock *sock) {
    char bytes[SOCK_TRANSPORT_END_MAX];
    bool sending = (sock->owned & (SOCK_SENDING | SOCK_CONNECTING)) != 0;
    if (set->transport == NULL || sending || sock->fd < 0)
        return;
    size_t length = sock_transport_say_end(set->transport, sock, bytes);
    if (length > 0)
        net_send_last(set->net, sock->fd, bytes, length);
}

bool sock_shut_down(struct sock_set *set, struct sock *sock, bool by_reset) {
    bool quiet = sock_is_quiet(sock);
    if (!by_reset)
        say_end(set, sock);
    if (by_reset)
        net_reset(set->net, sock->fd);
    else if (!quiet)
        net_shutdown(set->net, sock->fd);
    return quiet;
}

void sock_release(struct sock_set *set, struct sock *sock) {
    require(sock_is_quiet(sock));
    sock_return_reader(set, sock);
    if (set->transport != NULL)
        sock_transport_end(set->transport, sock);
    if (sock->fd >= 0)
        net_close(set->net, sock->fd);
    *sock = sock_none(sock->generation + 1);
}

/* ---- Readers ---- */

static size_t reader_bytes(const struct sock_set *set) {
    return set->serves ? set->exchange->server_reader_bytes : set->exchange->reader_bytes;
}

static void *leased_reader(const struct sock_set *set, const struct sock *sock) {
    return set->readers + sock->lease * reader_bytes(set);
}

void sock_return_reader(struct sock_set *set, struct sock *sock) {
    if (sock->lease == SLOT_NONE)
        return;
    slots_return(&set->reader_slots, sock->lease);
    sock->lease = SLOT_NONE;
}

bool sock_answer_begun(const struct sock_set *set, const struct sock *sock) {
    return sock->lease != SLOT_NONE &&
           exchange_answer_begun(set->exchange, leased_reader(set, sock));
}

static void lend_reader(struct sock_set *set, const struct sock *sock, struct exchange_conn *lent) {
    lent->shared = set->shared;
    lent->begun = sock->lease != SLOT_NONE;
    lent->reader = lent->begun ? leased_reader(set, sock) : set->reader;
}

static void keep_reader(struct sock_set *set, struct sock *sock) {
    sock->lease = slots_take(&set->reader_slots);
    require(sock->lease != SLOT_NONE); /* one for each socket there is */
    memcpy(leased_reader(set, sock), set->reader, reader_bytes(set));
}

/* What is in pieces goes on in a reader of its own. */
static void take_back(struct sock_set *set, struct sock *sock, const struct exchange_conn *lent) {
    if (!lent->begun)
        sock_return_reader(set, sock);
    else if (sock->lease == SLOT_NONE)
        keep_reader(set, sock);
}

/* ---- Pulling facts ---- */

static void read_fact(struct sock_set *set, struct sock *sock, struct exchange_conn *lent,
                      struct sock_reading *reading, struct exchange_fact *fact) {
    lend_reader(set, sock, lent);
    if (set->serves)
        set->exchange->read_request(lent, reading->at, reading->left, fact);
    else
        set->exchange->read(lent, reading->at, reading->left, fact);
    require(fact->taken <= reading->left);
    reading->at += fact->taken;
    reading->left -= fact->taken;
    take_back(set, sock, lent);
}

/* Over a transport that has words for the end, a FIN without them completes nothing: anybody may
 * have cut the answer (RFC 9112 9.8). */
static bool may_finish(const struct sock_set *set, const struct sock *sock, bool told) {
    if (set->transport == NULL)
        return true;
    bool has_words = sock_transport_table(set->transport)->end_bytes > 0;
    return has_words ? told : !sock_transport_is_cut(set->transport, sock);
}

static void finish(struct sock_set *set, struct sock *sock, struct exchange_conn *lent,
                   struct sock_fact *fact, bool told) {
    fact->kind = SOCK_FIN;
    fact->told = told;
    fact->exchange.kind = EXCHANGE_MORE;
    if (lent->outstanding == NULL || sock->lease == SLOT_NONE || set->exchange->finish == NULL ||
        !may_finish(set, sock, told))
        return;
    lend_reader(set, sock, lent);
    set->exchange->finish(lent, &fact->exchange);
}

/* Whether the door has something to read, or may have. */
static bool goes_on(struct sock_reading *reading) {
    return !reading->over && reading->reads-- > 0;
}

static void take_bytes(struct sock_set *set, struct sock_reading *reading, size_t length) {
    if (set->transport == NULL) {
        reading->at = set->scratch;
        reading->left = length;
    } else {
        reading->sealed = set->scratch;
        reading->sealed_left = length;
    }
    bool last = length > reading->most || (length < set->scratch_bytes && !reading->all);
    reading->over = last;
    reading->most -= last ? 0 : length;
}

/* What a record says beside data; false: nothing that is the caller's. */
static bool use_opened(struct sock_set *set, struct sock *sock, struct exchange_conn *lent,
                       const struct transport_fact *opened, struct sock_fact *fact) {
    switch (opened->kind) {
    case TRANSPORT_MORE:
    case TRANSPORT_CONTROL:
    case TRANSPORT_DATA: return false;
    case TRANSPORT_CLOSED: finish(set, sock, lent, fact, true); return true;
    case TRANSPORT_ALERT:
        fact->kind = SOCK_ALERT;
        fact->alert = opened->alert;
        return true;
    case TRANSPORT_BROKEN:
        fact->kind = SOCK_BROKEN;
        fact->reason = opened->reason;
        return true;
    case TRANSPORT_UP:
        fact->kind = SOCK_UP;
        fact->resumed = opened->resumed;
        return true;
    case TRANSPORT_FAILED:
        fact->kind = SOCK_FAILED;
        fact->failure = opened->failure;
        fact->alert = opened->alert;
        return true;
    }
    return false;
}

/* The next record with bytes in it, or with a fact; false when no record is whole. */
static bool open_record(struct sock_set *set, struct sock *sock, struct exchange_conn *lent,
                        struct sock_reading *reading, struct sock_fact *fact) {
    struct transport_fact opened;
    while (reading->sealed_left > 0 && reading->left == 0) {
        sock_transport_open(set->transport, sock, reading->sealed, reading->sealed_left, &opened);
        reading->sealed += opened.taken;
        reading->sealed_left -= opened.taken;
        if (use_opened(set, sock, lent, &opened, fact))
            return true;
        if (opened.kind == TRANSPORT_DATA) {
            reading->at = opened.plain.bytes;
            reading->left = opened.plain.length;
        }
    }
    fact->kind = SOCK_RECORD;
    return reading->left > 0;
}

bool sock_next(struct sock_set *set, struct sock *sock, struct exchange_conn *lent,
               struct sock_reading *reading, struct sock_fact *fact) {
    if (reading->left > 0) {
        fact->kind = SOCK_FACT;
        read_fact(set, sock, lent, reading, &fact->exchange);
        return true;
    }
    if (reading->sealed_left > 0 && open_record(set, sock, lent, reading, fact))
        return true;
    if (!goes_on(reading))
        return false;
    ssize_t got = net_receive(set->net, sock->fd, set->scratch, set->scratch_bytes);
    if (got == -EAGAIN)
        return false;
    if (got > 0) {
        fact->kind = SOCK_BYTES;
        fact->length = (size_t)got;
        take_bytes(set, reading, (size_t)got);
    } else if (got == 0) {
        finish(set, sock, lent, fact, false);
    } else {
        fact->kind = SOCK_ERROR;
        fact->error = (int)-got;
    }
    return true;
}

bool sock_next_end(struct sock_set *set, struct sock *sock, struct sock_reading *reading,
                   struct sock_fact *fact) {
    struct exchange_conn nothing = {.outstanding = NULL};
    do {
        reading->left = 0;
        if (!sock_next(set, sock, &nothing, reading, fact))
            return false;
    } while (fact->kind == SOCK_BYTES || fact->kind == SOCK_RECORD);
    return true;
}
