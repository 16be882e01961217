/* What the sockets of the fleet say: answers read, counted and stepped with, and ends of all kinds.
 */
#include "engine/fleet_inner.h"

#include <errno.h>

#include "base/require.h"

enum {
    READS_MAX = 16, /* scratch buffers read for one event, so that an endless body starves nobody */
};

/* What it came through: as it stood when it asked, since an answer that we read late says nothing
 * of the server's clock. */
static void note_survival(struct fleet *fleet, struct conn *conn, bool kept) {
    struct ending stood = fleet_standing(fleet, conn, (instant){conn->sent_ns});
    endings_answered(&fleet->tally->endings, &stood, conn->sent_ns, kept);
    conn->answered_tick = fleet_tick_at(fleet->now);
}

static void count_answer(struct fleet *fleet, struct conn *conn, const struct response_facts *facts,
                         bool kept) {
    struct tally *tally = fleet->tally;
    conn->answers++;
    note_survival(fleet, conn, kept);
    conn->retries = 0;
    tally->counts.statuses[facts->status]++;
    tally->counts.interim += facts->interim;
    int64_t *least = &tally->counts.keep_alive_timeout_s;
    if (facts->keep_alive_timeout_s > 0 && (*least == 0 || facts->keep_alive_timeout_s < *least))
        *least = facts->keep_alive_timeout_s;
    if (conn->asked_ns < fleet->warm_at.ns) {
        tally->counts.warmup++;
        return;
    }
    histogram_add(&tally->latency, fleet->now.ns - conn->asked_ns);
    histogram_add(&tally->service, fleet->now.ns - conn->sent_ns);
}

/* The reader that holds the state of the outstanding answer: the leased one, or the fleet's own for
 * an answer that begins here. */
static struct response *reader_of(struct fleet *fleet, struct conn *conn) {
    if (conn->lease != SLOT_NONE)
        return &fleet->readers[conn->lease];
    response_begin(&fleet->reader, fleet_asked(fleet, conn)->head, NULL);
    return &fleet->reader;
}

static void keep_reader(struct fleet *fleet, struct conn *conn) {
    if (conn->lease != SLOT_NONE)
        return;
    conn->lease = slots_take(&fleet->reader_slots);
    require(conn->lease != SLOT_NONE); /* one for each connection there is */
    fleet->readers[conn->lease] = fleet->reader;
}

static void use_answer(struct fleet *fleet, struct conn *conn, const struct response_facts *facts) {
    bool last = facts->announced_end;
    count_answer(fleet, conn, facts, !last);
    fleet_return_reader(fleet, conn);
    fleet_befall(fleet, conn, last ? STIMULUS_LAST_ANSWER : STIMULUS_ANSWER);
}

/* Reads the outstanding answer; returns how many bytes were its own. */
static size_t read_answer(struct fleet *fleet, struct conn *conn, const char *bytes,
                          size_t length) {
    bool begins = conn->lease == SLOT_NONE;
    struct memo *memo = &fleet->memos[fleet_asked(fleet, conn)->head];
    const struct response_facts *known = begins ? memo_find(memo, bytes, length) : NULL;
    if (known != NULL) {
        use_answer(fleet, conn, known);
        return length;
    }
    struct response *reader = reader_of(fleet, conn);
    size_t taken = 0;
    switch (response_feed(reader, bytes, length, &taken)) {
    case RESPONSE_MORE: keep_reader(fleet, conn); return length;
    case RESPONSE_BAD:
        fleet_counts_of(fleet)->reasons[reader->reason]++;
        fleet_befall(fleet, conn, STIMULUS_BAD_BYTES);
        return length;
    case RESPONSE_COMPLETE: break;
    }
    if (begins && taken == length)
        memo_keep(memo, bytes, length, &reader->facts);
    use_answer(fleet, conn, &reader->facts);
    return taken;
}

static void read_unasked(struct fleet *fleet, struct conn *conn, const char *bytes, size_t length) {
    switch (response_unasked(&conn->unasked, bytes, length)) {
    case UNASKED_NOTHING:
    case UNASKED_MORE: break;
    case UNASKED_408: fleet_befall(fleet, conn, STIMULUS_UNASKED_408); break;
    case UNASKED_UNSOLICITED: fleet_befall(fleet, conn, STIMULUS_UNASKED); break;
    }
}

static void use_bytes(struct fleet *fleet, struct conn *conn, const char *bytes, size_t length) {
    if ((conn->flags & CONN_FIXED) == 0)
        fleet_counts_of(fleet)->bytes_in += length;
    size_t taken = 0;
    if (conn->state == CONN_AWAITING)
        taken = read_answer(fleet, conn, bytes, length);
    if (conn->state == CONN_IDLE && taken < length)
        read_unasked(fleet, conn, bytes + taken, length - taken);
}

/* FIN, after all bytes before it were used. An earlier errno means that the kernel spent the reset
 * on another call: it is still a reset. */
static void use_fin(struct fleet *fleet, struct conn *conn) {
    if (conn->error == ECONNRESET || fleet->broken_off) {
        fleet_befall(fleet, conn, STIMULUS_RESET);
        return;
    }
    if (conn->state == CONN_AWAITING && conn->lease != SLOT_NONE) {
        struct response *reader = &fleet->readers[conn->lease];
        if (response_finish(reader) == RESPONSE_COMPLETE) {
            count_answer(fleet, conn, &reader->facts, false);
            fleet_befall(fleet, conn, STIMULUS_EOF_ANSWER);
            return;
        }
    }
    fleet_befall(fleet, conn, STIMULUS_FIN);
}

void fleet_use_error(struct fleet *fleet, struct conn *conn, int error) {
    if (conn->error == 0)
        conn->error = (uint16_t)error;
    fleet_befall(fleet, conn, conn->error == ECONNRESET ? STIMULUS_RESET : STIMULUS_ERROR);
}

/* Reads once, and steps with it; what net_receive() gave. */
static ssize_t receive_once(struct fleet *fleet, struct conn *conn) {
    ssize_t got = net_receive(fleet->net, conn->fd, fleet->scratch, FLEET_SCRATCH);
    if (got > 0)
        use_bytes(fleet, conn, fleet->scratch, (size_t)got);
    else if (got == 0)
        use_fin(fleet, conn);
    else if (got != -EAGAIN)
        fleet_use_error(fleet, conn, (int)-got);
    return got;
}

/* Reads what is there until nothing more is, and steps with it. all: something behind the bytes is
 * known to wait (HUP, RDHUP or ERR), so a short read is not the end. */
void fleet_receive(struct fleet *fleet, struct conn *conn, bool all) {
    for (int i = 0; i < READS_MAX && fleet_open_for_use(conn); i++) {
        ssize_t got = receive_once(fleet, conn);
        if (got == -EAGAIN || (got > 0 && got < FLEET_SCRATCH && !all))
            return;
    }
}

/* Reads all that has come by now, and a FIN behind it, however much that is; what comes while we
 * read has come too late, so that an endless body ends here. */
void fleet_receive_present(struct fleet *fleet, struct conn *conn) {
    size_t present = net_waiting(fleet->net, conn->fd), taken = 0;
    while (fleet_open_for_use(conn) && taken <= present) {
        ssize_t got = receive_once(fleet, conn);
        if (got == -EAGAIN)
            return;
        taken += got > 0 ? (size_t)got : 0;
    }
}

/* The peer's end, or the end of our patience, while an announced end lingers: bytes are let pass.
 */
void fleet_read_on_lingering(struct fleet *fleet, struct conn *conn) {
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t got = net_receive(fleet->net, conn->fd, fleet->scratch, FLEET_SCRATCH);
        if (got == -EAGAIN)
            break;
        if (got <= 0) {
            fleet_befall(fleet, conn, got == 0 ? STIMULUS_FIN : STIMULUS_ERROR);
            return;
        }
    }
    fleet_arm_readiness(fleet, conn);
}
