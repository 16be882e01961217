/* The fleet: connections driven through the door, one step at a time. */
#include "engine/fleet.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/random.h"
#include "base/require.h"
#include "base/slots.h"
#include "base/wheel.h"
#include "engine/conn.h"
#include "engine/full_pairs.h"
#include "engine/line.h"
#include "engine/redial.h"
#include "engine/schedule.h"
#include "engine/think.h"
#include "http/memo.h"
#include "http/response.h"

enum {
    SCRATCH_BYTES = 64 * 1024,
    READS_MAX = 16, /* scratch buffers read for one event, so that an endless body starves nobody */
};
static const duration LINGER = 1 * SECOND; /* contract: closed_announced */
/* So late we were stopped, not slow: when an ending was seen says nothing of when it happened. */
static const duration STOPPED = 1 * SECOND;

struct fleet {
    const struct plan *plan;
    const struct request *request;
    struct net *net;
    struct tally *tally;
    struct wheel *wheel;
    struct conn *conns;
    struct response *readers; /* leased while an answer is in pieces */
    uint32_t *reader_links;
    struct slots reader_slots;
    struct response reader; /* for an answer that comes whole */
    struct memo memo;       /* of the last one that did */
    struct random random;
    struct random lots; /* of endings; a stream of its own, so that think times stay theirs */
    instant now;
    instant late_since;
    duration late; /* see fleet_set_late() */
    uint32_t worker;
    uint32_t share;
    uint32_t quantum;
    uint32_t think_low, think_high; /* ticks */
    uint32_t drained;               /* where fleet_drain() goes on */
    uint32_t first_dials;           /* connecting for the first time */
    struct redial_queue redials;    /* vacant, their backoff over */
    struct full_pairs full;         /* without a free port a moment ago */
    struct pool_hand hand;          /* in the pool of -n */
    struct line line;               /* idle, and no request is there for them */
    struct schedule schedule;       /* of --rate */
    uint64_t served;                /* of it: handed over */
    instant warm_at;                /* what was due before is left out of latency */
    bool closed_loop;
    bool may_meet_itself; /* the target's port is one that the kernel may choose for us */
    bool holding;
    bool frozen;
    bool broken_off; /* the event being used ends both directions while a send is under way: a reset
                      * whose error the kernel spent on the send */
    char scratch[SCRATCH_BYTES];
};

/* Address space that costs nothing until it is touched. */
static void *reserve(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void unreserve(void *memory, size_t bytes) {
    if (memory != NULL)
        munmap(memory, bytes);
}

static uint32_t tick_at(instant moment) {
    return (uint32_t)(moment.ns / MILLISECOND);
}

/* The first tick that is not before the moment: a deadline never fires early. */
static uint32_t tick_after(instant moment) {
    return (uint32_t)((moment.ns + MILLISECOND - 1) / MILLISECOND);
}

/* The 64-bit tick that a 32-bit one stands for, near now. */
static int64_t tick_whole(const struct fleet *fleet, uint32_t tick) {
    int64_t now = fleet->now.ns / MILLISECOND;
    return now + (int32_t)(tick - (uint32_t)now);
}

static void set_think_ticks(struct fleet *fleet) {
    struct span think = fleet->plan->think;
    fleet->closed_loop = think.high == 0;
    fleet->think_low = (uint32_t)((think.low + MILLISECOND - 1) / MILLISECOND);
    fleet->think_high = (uint32_t)(think.high / MILLISECOND);
    if (fleet->think_high < fleet->think_low)
        fleet->think_high = fleet->think_low;
}

struct fleet *fleet_create(const struct fleet_parts *parts) {
    struct fleet *fleet = reserve(sizeof *fleet);
    if (fleet == NULL)
        return NULL;
    uint32_t share = plan_share(parts->plan, parts->worker);
    fleet->plan = parts->plan;
    fleet->worker = parts->worker;
    fleet->request = parts->request;
    fleet->net = parts->net;
    fleet->tally = parts->tally;
    fleet->share = share;
    fleet->quantum = 1;
    const struct host *host = &parts->plan->host;
    fleet->may_meet_itself = host->port_low < 0 || (parts->plan->dial_port >= host->port_low &&
                                                    parts->plan->dial_port <= host->port_high);
    fleet->now = net_now(parts->net);
    set_think_ticks(fleet);
    random_seed(&fleet->random, parts->plan->seed, parts->worker);
    random_seed(&fleet->lots, parts->plan->seed, ~(uint64_t)parts->worker);
    fleet->wheel = wheel_create(share, tick_at(fleet->now));
    fleet->conns = reserve(share * sizeof *fleet->conns);
    fleet->readers = reserve(share * sizeof *fleet->readers);
    fleet->reader_links = reserve(share * sizeof *fleet->reader_links);
    fleet->redials.slots = reserve(share * sizeof *fleet->redials.slots);
    fleet->redials.capacity = share;
    fleet->schedule = (struct schedule){.rate = parts->plan->rate,
                                        .worker = parts->worker,
                                        .workers = parts->plan->workers,
                                        .start = INSTANT_NEVER};
    fleet->warm_at = parts->plan->options->given.warmup ? INSTANT_NEVER : (instant){INT64_MIN};
    fleet->line.links = reserve(share * sizeof *fleet->line.links);
    fleet->hand = (struct pool_hand){
        .pool = parts->pool, .taken = parts->taken, .workers = parts->plan->workers};
    fleet->full.pairs = full_pairs_count(parts->plan);
    fleet->full.until_ns = reserve(fleet->full.pairs * sizeof *fleet->full.until_ns);
    if (!fleet->full.until_ns || !fleet->wheel || !fleet->conns || !fleet->readers ||
        !fleet->reader_links || !fleet->redials.slots || !fleet->line.links) {
        fleet_destroy(fleet);
        return NULL;
    }
    slots_init(&fleet->reader_slots, fleet->reader_links, share);
    return fleet;
}

void fleet_destroy(struct fleet *fleet) {
    if (fleet == NULL)
        return;
    wheel_destroy(fleet->wheel);
    unreserve(fleet->conns, fleet->share * sizeof *fleet->conns);
    unreserve(fleet->readers, fleet->share * sizeof *fleet->readers);
    unreserve(fleet->reader_links, fleet->share * sizeof *fleet->reader_links);
    unreserve(fleet->redials.slots, fleet->share * sizeof *fleet->redials.slots);
    unreserve(fleet->full.until_ns, fleet->full.pairs * sizeof *fleet->full.until_ns);
    unreserve(fleet->line.links, fleet->share * sizeof *fleet->line.links);
    unreserve(fleet, sizeof *fleet);
}

void fleet_set_clock(struct fleet *fleet, instant now) {
    fleet->now = now;
}

void fleet_set_late(struct fleet *fleet, instant since, duration late) {
    fleet->late_since = since;
    fleet->late = late;
}

void fleet_set_quantum(struct fleet *fleet, uint32_t ticks) {
    fleet->quantum = ticks;
}

static struct counts *counts_of(struct fleet *fleet) {
    return &fleet->tally->counts;
}

static uint32_t index_of(const struct fleet *fleet, const struct conn *conn) {
    return (uint32_t)(conn - fleet->conns);
}

static uint64_t tag_of(const struct fleet *fleet, const struct conn *conn, uint8_t operation) {
    return slot_tag(operation, conn->generation, index_of(fleet, conn));
}

static void arm_timer(struct fleet *fleet, struct conn *conn, uint32_t tick) {
    wheel_arm(fleet->wheel, index_of(fleet, conn), tick);
}

static void arm_readiness(struct fleet *fleet, struct conn *conn) {
    if ((conn->flags & CONN_ARMED) != 0)
        return;
    conn->flags |= CONN_ARMED;
    net_arm(fleet->net, conn->fd, tag_of(fleet, conn, FLEET_READY));
}

static bool open_for_use(const struct conn *conn) {
    return conn->state == CONN_IDLE || conn->state == CONN_AWAITING;
}

static bool answer_begun(const struct fleet *fleet, const struct conn *conn) {
    return conn->state == CONN_AWAITING && conn->lease != SLOT_NONE &&
           fleet->readers[conn->lease].started;
}

static void return_reader(struct fleet *fleet, struct conn *conn) {
    if (conn->lease == SLOT_NONE)
        return;
    slots_return(&fleet->reader_slots, conn->lease);
    conn->lease = SLOT_NONE;
}

/* Hands over one request that was due at `asked`. */
static void ask(struct fleet *fleet, struct conn *conn, instant asked) {
    const struct request *request = fleet->request;
    conn->asked_ns = asked.ns;
    conn->sent_ns = fleet->now.ns;
    uint64_t tag = tag_of(fleet, conn, FLEET_SEND);
    if (request->body_length > 0) {
        conn->flags |= CONN_SENDING;
        net_send_counted(fleet->net, conn->fd, request->bytes, request->length, tag);
    } else {
        counts_of(fleet)->bytes_out += request->length;
        net_send(fleet->net, conn->fd, request->bytes, request->length, tag);
    }
    arm_timer(fleet, conn, tick_after(instant_after(fleet->now, fleet->plan->options->timeout)));
}

/* Arms the timer that many whole ticks from now, rounded up to the quantum. */
static void arm_ticks(struct fleet *fleet, struct conn *conn, uint64_t ticks) {
    uint64_t due = (uint64_t)(fleet->now.ns / MILLISECOND) + ticks;
    due += (fleet->quantum - due % fleet->quantum) % fleet->quantum;
    arm_timer(fleet, conn, (uint32_t)due);
}

/* Idle, until there is a request for it. */
static void stand_in_line(struct fleet *fleet, struct conn *conn) {
    conn->flags |= CONN_IN_LINE;
    wheel_cancel(fleet->wheel, index_of(fleet, conn)); /* of the connect, for one that is new */
    line_join(&fleet->line, index_of(fleet, conn));
}

static void leave_line(struct fleet *fleet, struct conn *conn) {
    if ((conn->flags & CONN_IN_LINE) == 0)
        return;
    conn->flags &= (uint16_t)~CONN_IN_LINE;
    line_leave(&fleet->line, index_of(fleet, conn));
}

/* Draws the think time; in an open loop the schedule decides who asks. */
static void think(struct fleet *fleet, struct conn *conn) {
    if (fleet->schedule.rate > 0) {
        stand_in_line(fleet, conn);
        return;
    }
    if (fleet->closed_loop) {
        conn->flags |= CONN_ASK_NOW;
        conn->asked_ns = fleet->now.ns;
        wheel_cancel(fleet->wheel, index_of(fleet, conn));
        return;
    }
    duration mean = fleet->plan->think_mean;
    arm_ticks(fleet, conn,
              mean > 0 ? think_exponential(random_next(&fleet->random), mean)
                       : random_between(&fleet->random, fleet->think_low, fleet->think_high));
}

static bool reconnects(const struct fleet *fleet) {
    return plan_reconnects(fleet->plan);
}

/* Wipes the slot but for what outlives a journey. */
static void wipe(struct conn *conn, uint32_t generation) {
    *conn = (struct conn){.fd = -1,
                          .generation = generation,
                          .lease = SLOT_NONE,
                          .sent_ns = conn->sent_ns,
                          .flags = conn->flags & CONN_OPENED,
                          .retries = conn->retries};
}

/* Draws how long the slot stays empty: full jitter, one tick at least. */
static void back_off(struct fleet *fleet, struct conn *conn) {
    duration most = redial_wait_most(fleet->plan->reconnect, conn->retries);
    uint64_t ticks = random_between(&fleet->random, 0, (uint64_t)(most / MILLISECOND));
    arm_ticks(fleet, conn, ticks > 0 ? ticks : 1);
    if (conn->retries < UINT8_MAX)
        conn->retries++;
    counts_of(fleet)->refilling++;
}

/* Closes the descriptor and frees the slot; a completion that still comes is told by generation. */
static void release(struct fleet *fleet, struct conn *conn) {
    if (conn->fd >= 0) {
        net_close(fleet->net, conn->fd);
        counts_of(fleet)->descriptors--;
    }
    wheel_cancel(fleet->wheel, index_of(fleet, conn));
    wipe(conn, (conn->generation + 1) & 0xffffff);
    if (reconnects(fleet) && !fleet->frozen)
        back_off(fleet, conn);
}

static void befall(struct fleet *fleet, struct conn *conn, enum stimulus stimulus);

static bool kernel_owns(const struct conn *conn) {
    return (conn->flags & (CONN_ARMED | CONN_DIALLING | CONN_SENDING)) != 0;
}

/* Closing has three steps: shut down, wait until the kernel owns nothing, close. */
static void end(struct fleet *fleet, struct conn *conn) {
    conn->flags &= (uint16_t)~CONN_LINGERING;
    wheel_cancel(fleet->wheel, index_of(fleet, conn));
    bool owned = kernel_owns(conn);
    if ((conn->flags & CONN_BY_RESET) != 0)
        net_reset(fleet->net, conn->fd);
    else if (owned)
        net_shutdown(fleet->net, conn->fd);
    if (!owned)
        befall(fleet, conn, STIMULUS_QUIET);
}

static void linger(struct fleet *fleet, struct conn *conn) {
    conn->flags |= CONN_LINGERING;
    arm_timer(fleet, conn, tick_after(instant_after(fleet->now, LINGER)));
    arm_readiness(fleet, conn);
}

static void count_errno(struct fleet *fleet, const struct conn *conn) {
    int error = conn->error < TALLY_ERRNO_MAX ? conn->error : TALLY_ERRNO_MAX;
    if (error != 0 && (conn->flags & CONN_FIXED) == 0)
        counts_of(fleet)->errnos[error]++;
}

static void set_opened(struct conn *conn, instant moment) {
    uint64_t tick = (uint64_t)(moment.ns / MILLISECOND);
    conn->opened_epoch = (uint8_t)(tick >> 32);
    conn->opened_tick = conn->answered_tick = (uint32_t)tick;
}

static uint32_t age_ms(const struct conn *conn, instant moment) {
    uint64_t tick = (uint64_t)(moment.ns / MILLISECOND);
    static const uint64_t wrap = (UINT64_C(1) << 40) - 1;
    uint64_t age = (tick - ((uint64_t)conn->opened_epoch << 32 | conn->opened_tick)) & wrap;
    return age < ENDINGS_AGE_MAX ? (uint32_t)age : ENDINGS_AGE_MAX;
}

/* How old it is and how long idle, were it to end at that moment. */
static struct ending standing(const struct fleet *fleet, const struct conn *conn, instant moment) {
    return (struct ending){.idle_ms = tick_at(moment) - conn->answered_tick,
                           .age_ms = age_ms(conn, moment),
                           .moment_ms = tick_at(fleet->now),
                           .answers = conn->answers};
}

static void note_first(struct fleet *fleet, const struct conn *conn, enum outcome outcome) {
    int64_t *first = &counts_of(fleet)->first_ns[outcome];
    if (*first == 0 && (conn->flags & CONN_FIXED) == 0)
        *first = fleet->now.ns;
}

/* Closed while our next request should have been there for more than a tenth of its think time: it
 * may be for that. */
static bool overdue(const struct fleet *fleet, const struct conn *conn, uint32_t idle_ms) {
    if ((conn->flags & (CONN_IN_LINE | CONN_ASK_NOW)) != 0)
        return false; /* it had no think time */
    int32_t late = (int32_t)(tick_at(fleet->now) - wheel_due(fleet->wheel, index_of(fleet, conn)));
    return !fleet->closed_loop && late > 0 && (int64_t)late * 11 > (int64_t)idle_ms;
}

/* A live connection ends, other than in the drain: the facts of which its cause is inferred. */
static void note_ending(struct fleet *fleet, const struct conn *conn, enum outcome outcome) {
    if (!open_for_use(conn) || (conn->flags & CONN_FIXED) != 0)
        return;
    struct ending ending = standing(fleet, conn, fleet->now);
    ending.lot = (uint32_t)random_next(&fleet->lots);
    if (fleet->late > STOPPED)
        endings_add_late(&fleet->tally->endings, outcome, &ending);
    else
        endings_add(&fleet->tally->endings, outcome, &ending);
    if (outcome == OUTCOME_closed_idle && overdue(fleet, conn, ending.idle_ms))
        counts_of(fleet)->closed_overdue++;
}

/* What a journey's end, and the end of its first part, mean for the slot. */
static void note_journey(struct fleet *fleet, struct conn *conn, enum conn_state from) {
    bool first = conn->retries == 0;
    if (from == CONN_CONNECTING && conn->state != CONN_CONNECTING && first)
        fleet->first_dials--;
    bool was_live = from == CONN_IDLE || from == CONN_AWAITING;
    if (conn->state == CONN_CLOSING && (was_live || (from == CONN_CONNECTING && first)))
        conn->sent_ns = fleet->now.ns; /* else it was empty before */
}

/* The one way a connection changes: step, enter, act. */
static void befall(struct fleet *fleet, struct conn *conn, enum stimulus stimulus) {
    struct step step = conn_step(conn, stimulus, answer_begun(fleet, conn));
    require(step.legal);
    if (step.outcome != OUTCOME_COUNT) {
        note_first(fleet, conn, step.outcome);
        note_ending(fleet, conn, step.outcome);
    }
    enum conn_state from = (enum conn_state)conn->state;
    if (step.next != CONN_IDLE || (step.todo & DO_FIX) != 0)
        leave_line(fleet, conn);
    if (stimulus == STIMULUS_UNSENT)
        conn_unsend(conn, counts_of(fleet));
    else if (step.next == CONN_VACANT && conn->state == CONN_CLOSING)
        conn_enter(conn, counts_of(fleet), CONN_VACANT, OUTCOME_COUNT);
    else if (step.next != (enum conn_state)conn->state)
        conn_enter(conn, counts_of(fleet), step.next, step.outcome);
    note_journey(fleet, conn, from);
    if (step.outcome != OUTCOME_COUNT) {
        return_reader(fleet, conn);
        count_errno(fleet, conn);
    }
    if (step.todo & DO_THINK) {
        if (fleet->frozen)
            step.todo = DO_FIX;
        else
            think(fleet, conn);
    }
    if (step.todo & DO_FIX) {
        conn->flags |= CONN_FIXED;
        conn->flags &= (uint16_t)~CONN_ASK_NOW;
        wheel_cancel(fleet->wheel, index_of(fleet, conn));
        struct ending stands = standing(fleet, conn, fleet->now);
        endings_fixed(&fleet->tally->endings, stands.age_ms);
    }
    if (step.todo & DO_LINGER)
        linger(fleet, conn);
    if (step.todo & DO_END)
        end(fleet, conn);
    if (step.todo & DO_RELEASE)
        release(fleet, conn);
}

/* What it came through: as it stood when it asked, since an answer that we read late says nothing
 * of the server's clock. */
static void note_survival(struct fleet *fleet, struct conn *conn, bool kept) {
    struct ending stood = standing(fleet, conn, (instant){conn->sent_ns});
    endings_answered(&fleet->tally->endings, &stood, conn->sent_ns, kept);
    conn->answered_tick = tick_at(fleet->now);
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
    response_begin(&fleet->reader, fleet->request->head, NULL);
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
    return_reader(fleet, conn);
    befall(fleet, conn, last ? STIMULUS_LAST_ANSWER : STIMULUS_ANSWER);
}

/* Reads the outstanding answer; returns how many bytes were its own. */
static size_t read_answer(struct fleet *fleet, struct conn *conn, const char *bytes,
                          size_t length) {
    bool begins = conn->lease == SLOT_NONE;
    const struct response_facts *known = begins ? memo_find(&fleet->memo, bytes, length) : NULL;
    if (known != NULL) {
        use_answer(fleet, conn, known);
        return length;
    }
    struct response *reader = reader_of(fleet, conn);
    size_t taken = 0;
    switch (response_feed(reader, bytes, length, &taken)) {
    case RESPONSE_MORE: keep_reader(fleet, conn); return length;
    case RESPONSE_BAD:
        counts_of(fleet)->reasons[reader->reason]++;
        befall(fleet, conn, STIMULUS_BAD_BYTES);
        return length;
    case RESPONSE_COMPLETE: break;
    }
    if (begins && taken == length)
        memo_keep(&fleet->memo, bytes, length, &reader->facts);
    use_answer(fleet, conn, &reader->facts);
    return taken;
}

static void read_unasked(struct fleet *fleet, struct conn *conn, const char *bytes, size_t length) {
    switch (response_unasked(&conn->unasked, bytes, length)) {
    case UNASKED_NOTHING:
    case UNASKED_MORE: break;
    case UNASKED_408: befall(fleet, conn, STIMULUS_UNASKED_408); break;
    case UNASKED_UNSOLICITED: befall(fleet, conn, STIMULUS_UNASKED); break;
    }
}

static void use_bytes(struct fleet *fleet, struct conn *conn, const char *bytes, size_t length) {
    if ((conn->flags & CONN_FIXED) == 0)
        counts_of(fleet)->bytes_in += length;
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
        befall(fleet, conn, STIMULUS_RESET);
        return;
    }
    if (conn->state == CONN_AWAITING && conn->lease != SLOT_NONE) {
        struct response *reader = &fleet->readers[conn->lease];
        if (response_finish(reader) == RESPONSE_COMPLETE) {
            count_answer(fleet, conn, &reader->facts, false);
            befall(fleet, conn, STIMULUS_EOF_ANSWER);
            return;
        }
    }
    befall(fleet, conn, STIMULUS_FIN);
}

static void use_error(struct fleet *fleet, struct conn *conn, int error) {
    if (conn->error == 0)
        conn->error = (uint16_t)error;
    befall(fleet, conn, conn->error == ECONNRESET ? STIMULUS_RESET : STIMULUS_ERROR);
}

/* Reads once, and steps with it; what net_receive() gave. */
static ssize_t receive_once(struct fleet *fleet, struct conn *conn) {
    ssize_t got = net_receive(fleet->net, conn->fd, fleet->scratch, SCRATCH_BYTES);
    if (got > 0)
        use_bytes(fleet, conn, fleet->scratch, (size_t)got);
    else if (got == 0)
        use_fin(fleet, conn);
    else if (got != -EAGAIN)
        use_error(fleet, conn, (int)-got);
    return got;
}

/* Reads what is there until nothing more is, and steps with it. all: something behind the bytes is
 * known to wait (HUP, RDHUP or ERR), so a short read is not the end. */
static void receive(struct fleet *fleet, struct conn *conn, bool all) {
    for (int i = 0; i < READS_MAX && open_for_use(conn); i++) {
        ssize_t got = receive_once(fleet, conn);
        if (got == -EAGAIN || (got > 0 && got < SCRATCH_BYTES && !all))
            return;
    }
}

/* Reads all that has come by now, and a FIN behind it, however much that is; what comes while we
 * read has come too late, so that an endless body ends here. */
static void receive_present(struct fleet *fleet, struct conn *conn) {
    size_t present = net_waiting(fleet->net, conn->fd), taken = 0;
    while (open_for_use(conn) && taken <= present) {
        ssize_t got = receive_once(fleet, conn);
        if (got == -EAGAIN)
            return;
        taken += got > 0 ? (size_t)got : 0;
    }
}

/* An idle connection's request is due: it asks, when there is one left to be sent. */
static void begin_request(struct fleet *fleet, struct conn *conn, instant asked) {
    if ((conn->flags & CONN_SENDING) != 0) { /* answered before it was sent whole */
        conn->flags |= CONN_ASK_NOW;
        conn->asked_ns = asked.ns;
        return;
    }
    if (!pool_take(&fleet->hand)) {
        stand_in_line(fleet, conn);
        return;
    }
    befall(fleet, conn, STIMULUS_DUE);
    if (conn->state == CONN_AWAITING)
        ask(fleet, conn, asked);
    else
        pool_put_back(&fleet->hand);
}

/* Asks when the think time is over; never into a FIN or bytes already waiting. */
static void fall_due(struct fleet *fleet, struct conn *conn, instant asked) {
    receive(fleet, conn, true);
    if (conn->state == CONN_IDLE)
        begin_request(fleet, conn, asked);
}

/* After bytes were used: a closed loop asks again at once, and readiness is always armed. */
static void settle(struct fleet *fleet, struct conn *conn) {
    if (!open_for_use(conn))
        return;
    if (conn->state == CONN_IDLE && (conn->flags & CONN_ASK_NOW) != 0) {
        conn->flags &= (uint16_t)~CONN_ASK_NOW;
        begin_request(fleet, conn, (instant){conn->asked_ns});
        if (!open_for_use(conn))
            return;
    }
    arm_readiness(fleet, conn);
}

/* Its place in the plan's order. */
static uint32_t order_of(const struct fleet *fleet, const struct conn *conn) {
    return index_of(fleet, conn) * fleet->plan->workers + fleet->worker;
}

static void befall_open_failed(struct fleet *fleet, struct conn *conn, int error) {
    conn->error = (uint16_t)error;
    befall(fleet, conn, STIMULUS_OPEN_FAILED);
}

static void open_failed(struct fleet *fleet, struct conn *conn, int error) {
    if (error == EADDRNOTAVAIL)
        full_pairs_note(&fleet->full, order_of(fleet, conn), fleet->now);
    befall_open_failed(fleet, conn, error);
}

static void dial(struct fleet *fleet, uint32_t index) {
    struct conn *conn = &fleet->conns[index];
    wipe(conn, conn->generation);
    conn->asked_ns = fleet->now.ns;
    befall(fleet, conn, STIMULUS_DIAL);
    uint32_t order = order_of(fleet, conn);
    if (full_pairs_has(&fleet->full, order, fleet->now)) {
        counts_of(fleet)->ports_unasked++;
        befall_open_failed(fleet, conn, EADDRNOTAVAIL);
        return;
    }
    const struct address *address = plan_address(fleet->plan, order);
    struct address source;
    int fd = net_open(fleet->net, plan_source(fleet->plan, order, &source), address);
    if (fd < 0) {
        open_failed(fleet, conn, -fd);
        return;
    }
    conn->fd = fd;
    conn->flags |= CONN_DIALLING;
    counts_of(fleet)->descriptors++;
    net_connect(fleet->net, fd, address, tag_of(fleet, conn, FLEET_CONNECT));
    duration timeout = fleet->plan->options->connect_timeout;
    arm_timer(fleet, conn, tick_after(instant_after(fleet->now, timeout)));
}

void fleet_open(struct fleet *fleet, uint32_t index) {
    require(index < fleet->share);
    fleet->first_dials++;
    dial(fleet, index);
}

uint32_t fleet_first_dials(const struct fleet *fleet) {
    return fleet->first_dials;
}

uint32_t fleet_redials_due(const struct fleet *fleet) {
    return fleet->redials.count;
}

void fleet_redial(struct fleet *fleet) {
    require(!fleet->frozen);
    counts_of(fleet)->refilling--;
    dial(fleet, redial_pop(&fleet->redials));
}

uint32_t fleet_in_line(const struct fleet *fleet) {
    return fleet->line.count;
}

/* Whether a connection in line has a request to send, and when that was due. */
static bool find_request(struct fleet *fleet, instant *due) {
    *due = fleet->now;
    if (fleet->line.count == 0 || pool_is_empty(&fleet->hand))
        return false;
    if (fleet->schedule.rate == 0)
        return true;
    *due = schedule_next(&fleet->schedule);
    return !instant_before(fleet->now, *due);
}

static void serve(struct fleet *fleet, struct conn *conn, instant due) {
    leave_line(fleet, conn);
    if ((conn->flags & CONN_SENDING) != 0) { /* answered before it was sent whole: not free */
        stand_in_line(fleet, conn);
        return;
    }
    fall_due(fleet, conn, due);
    if (fleet->schedule.rate > 0 && conn->state == CONN_AWAITING) {
        fleet->schedule.taken++;
        fleet->served++;
        histogram_add(&fleet->tally->lateness, instant_since(fleet->now, due));
    }
    settle(fleet, conn);
}

static void count_scheduled(struct fleet *fleet) {
    if (fleet->frozen)
        return;
    struct counts *counts = counts_of(fleet);
    counts->scheduled = schedule_due(&fleet->schedule, fleet->now);
    counts->unsent = counts->scheduled - fleet->served;
}

bool fleet_serve_line(struct fleet *fleet) {
    uint32_t most = fleet->line.count, served = 0;
    for (instant due; served < most && find_request(fleet, &due); served++)
        serve(fleet, &fleet->conns[fleet->line.first - 1], due);
    count_scheduled(fleet);
    return served > 0;
}

void fleet_hold(struct fleet *fleet, instant since) {
    fleet->holding = true;
    fleet->schedule.start = since;
    if (fleet->plan->options->given.warmup)
        fleet->warm_at = instant_after(since, fleet->plan->options->warmup);
}

bool fleet_awaits_hold(const struct fleet *fleet) {
    return !fleet->holding;
}

instant fleet_next_scheduled(const struct fleet *fleet) {
    return fleet->line.count > 0 && !pool_is_empty(&fleet->hand) ? schedule_next(&fleet->schedule)
                                                                 : INSTANT_NEVER;
}

void fleet_end_turn(struct fleet *fleet) {
    pool_release(&fleet->hand);
}

bool fleet_is_spent(const struct fleet *fleet) {
    return fleet->hand.pool != NULL && pool_is_empty(&fleet->hand) &&
           fleet->tally->counts.outstanding == 0;
}

static void connected(struct fleet *fleet, struct conn *conn) {
    if (fleet->may_meet_itself && net_connected_to_itself(fleet->net, conn->fd)) {
        befall(fleet, conn, STIMULUS_SELF);
        return;
    }
    histogram_add(&fleet->tally->connect, fleet->now.ns - conn->asked_ns);
    set_opened(conn, fleet->now);
    if (conn->retries > 0)
        histogram_add(&fleet->tally->refill, fleet->now.ns - conn->sent_ns);
    befall(fleet, conn, STIMULUS_UP);
    fall_due(fleet, conn, fleet->now);
    settle(fleet, conn);
}

static void connect_done(struct fleet *fleet, struct conn *conn, int result) {
    conn->flags &= (uint16_t)~CONN_DIALLING;
    if (conn->state == CONN_CLOSING)
        befall(fleet, conn, STIMULUS_QUIET);
    else if (result < 0)
        open_failed(fleet, conn, -result);
    else
        connected(fleet, conn);
}

/* The peer's end, or the end of our patience, while an announced end lingers: bytes are let pass.
 */
static void read_on_lingering(struct fleet *fleet, struct conn *conn) {
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t got = net_receive(fleet->net, conn->fd, fleet->scratch, SCRATCH_BYTES);
        if (got == -EAGAIN)
            break;
        if (got <= 0) {
            befall(fleet, conn, got == 0 ? STIMULUS_FIN : STIMULUS_ERROR);
            return;
        }
    }
    arm_readiness(fleet, conn);
}

/* It was shut, and one of the kernel's hands is off it. */
static void let_go(struct fleet *fleet, struct conn *conn) {
    if (!kernel_owns(conn))
        befall(fleet, conn, STIMULUS_QUIET);
}

static void ready(struct fleet *fleet, struct conn *conn, int result) {
    conn->flags &= (uint16_t)~CONN_ARMED;
    if (conn->state == CONN_CLOSING) {
        if ((conn->flags & CONN_LINGERING) == 0)
            let_go(fleet, conn);
        else if (result < 0)
            befall(fleet, conn, STIMULUS_ERROR); /* to arm it again and again would be a spin */
        else
            read_on_lingering(fleet, conn);
        return;
    }
    fleet->broken_off = result > 0 && (result & POLLHUP) != 0 && (conn->flags & CONN_SENDING) != 0;
    if (result < 0)
        use_error(fleet, conn, -result); /* the kernel could not arm it: ENOMEM */
    else
        receive(fleet, conn, (result & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
    fleet->broken_off = false;
    settle(fleet, conn);
}

/* The request was not handed over: as if it had not been asked. What the socket says next tells
 * how the connection ended. */
static void send_failed(struct fleet *fleet, struct conn *conn, int error) {
    if (conn->state != CONN_AWAITING)
        return;
    if (answer_begun(fleet, conn)) {
        use_error(fleet, conn, error == EPIPE ? ECONNRESET : error);
        return;
    }
    return_reader(fleet, conn);
    if (fleet->request->body_length == 0)
        counts_of(fleet)->bytes_out -= fleet->request->length;
    befall(fleet, conn, STIMULUS_UNSENT);
    pool_put_back(&fleet->hand);
    if (fleet->schedule.rate > 0 && conn->answers > 0)
        fleet->served--; /* its turn is over: it stays unsent */
    wheel_cancel(fleet->wheel, index_of(fleet, conn));
    if (conn->error == 0 && error != EPIPE)
        conn->error = (uint16_t)error;
    receive(fleet, conn, true);
    /* EPIPE alone is the echo of a FIN; nothing else is left to be read. */
    if (open_for_use(conn) && error == EPIPE)
        befall(fleet, conn, STIMULUS_FIN);
    else if (open_for_use(conn))
        use_error(fleet, conn, error);
}

/* A request with a body went out, in whole or in part. In part: the connection was reset in
 * between, and what the server said before is still to be read. */
static void send_done(struct fleet *fleet, struct conn *conn, int result) {
    conn->flags &= (uint16_t)~CONN_SENDING;
    if (result > 0 && (conn->flags & CONN_FIXED) == 0)
        counts_of(fleet)->bytes_out += (uint64_t)result;
    if (conn->state == CONN_CLOSING) {
        if ((conn->flags & CONN_LINGERING) == 0)
            let_go(fleet, conn);
        return;
    }
    if (result <= 0) {
        send_failed(fleet, conn, result < 0 ? -result : EPIPE);
        return;
    }
    if ((size_t)result < fleet->request->length && conn->error == 0)
        conn->error = ECONNRESET;
    settle(fleet, conn);
}

void fleet_event(struct fleet *fleet, const struct net_event *event) {
    uint32_t slot = slot_tag_slot(event->tag);
    require(slot < fleet->share);
    struct conn *conn = &fleet->conns[slot];
    if (conn->state == CONN_VACANT || conn->generation != slot_tag_generation(event->tag)) {
        counts_of(fleet)->stale++;
        return;
    }
    switch (slot_tag_operation(event->tag)) {
    case FLEET_CONNECT: connect_done(fleet, conn, event->result); break;
    case FLEET_READY: ready(fleet, conn, event->result); break;
    case FLEET_SEND:
        if ((conn->flags & CONN_SENDING) != 0)
            send_done(fleet, conn, event->result);
        else
            send_failed(fleet, conn, -event->result);
        break;
    default: require(false); /* not an operation of the fleet */
    }
}

/* We were stopped, or late by more than a tenth of the deadline, before what it is for had reached
 * the kernel: nobody else could keep it. It begins anew, once, for by then it has reached it. */
static bool put_off(struct fleet *fleet, struct conn *conn, int64_t handed_ns, duration window) {
    if (fleet->late <= window / 10 || handed_ns < fleet->late_since.ns)
        return false;
    arm_timer(fleet, conn, tick_after(instant_after(fleet->now, window)));
    return true;
}

/* An answer that is already there is no timeout. */
static void answer_overdue(struct fleet *fleet, struct conn *conn) {
    receive_present(fleet, conn);
    if (conn->state == CONN_AWAITING &&
        !put_off(fleet, conn, conn->sent_ns, fleet->plan->options->timeout)) {
        bool silent = net_unacknowledged(fleet->net, conn->fd);
        befall(fleet, conn, silent ? STIMULUS_SILENCE : STIMULUS_DEADLINE);
    }
    settle(fleet, conn);
}

static void dial_overdue(struct fleet *fleet, struct conn *conn) {
    if (!put_off(fleet, conn, conn->asked_ns, fleet->plan->options->connect_timeout))
        befall(fleet, conn, STIMULUS_DEADLINE);
}

static void run_timer(struct fleet *fleet, uint32_t index, uint32_t tick) {
    struct conn *conn = &fleet->conns[index];
    switch ((enum conn_state)conn->state) {
    case CONN_IDLE:
        fall_due(fleet, conn, (instant){tick_whole(fleet, tick) * MILLISECOND});
        settle(fleet, conn);
        break;
    case CONN_AWAITING: answer_overdue(fleet, conn); break;
    case CONN_CONNECTING: dial_overdue(fleet, conn); break;
    case CONN_CLOSING: befall(fleet, conn, STIMULUS_DEADLINE); break;
    case CONN_VACANT: redial_push(&fleet->redials, index); break;
    default: require(false); /* no deadline in this state */
    }
}

bool fleet_run_timers(struct fleet *fleet) {
    uint32_t now = tick_at(fleet->now);
    bool any = false;
    for (uint32_t index; (index = wheel_take(fleet->wheel, now)) != WHEEL_NONE; any = true)
        run_timer(fleet, index, wheel_due(fleet->wheel, index));
    return any;
}

instant fleet_next_timer(const struct fleet *fleet) {
    uint32_t tick;
    if (!wheel_next(fleet->wheel, &tick))
        return INSTANT_NEVER;
    return (instant){tick_whole(fleet, tick) * MILLISECOND};
}

static void note_outliving(struct fleet *fleet, const struct conn *conn) {
    struct ending stands = standing(fleet, conn, fleet->now);
    endings_outlived(&fleet->tally->endings, &stands);
}

void fleet_freeze(struct fleet *fleet) {
    fleet->frozen = true;
    fleet->redials.count = 0;
    for (uint32_t i = 0; i < fleet->share; i++) {
        struct conn *conn = &fleet->conns[i];
        if (conn->state == CONN_VACANT) {
            wheel_cancel(fleet->wheel, i);
            continue;
        }
        if (conn->state == CONN_CONNECTING)
            conn->flags |= CONN_FIXED;
        if (conn->state == CONN_IDLE)
            note_outliving(fleet, conn);
        befall(fleet, conn, STIMULUS_FREEZE);
    }
}

bool fleet_frozen(const struct fleet *fleet) {
    return fleet->frozen && fleet->tally->counts.outstanding == 0;
}

bool fleet_drain(struct fleet *fleet, uint32_t most, bool by_reset) {
    for (; fleet->drained < fleet->share && most > 0; fleet->drained++) {
        struct conn *conn = &fleet->conns[fleet->drained];
        if (conn->state == CONN_VACANT || conn->state == CONN_CLOSING)
            continue;
        if (by_reset)
            conn->flags |= CONN_BY_RESET;
        befall(fleet, conn, STIMULUS_DRAIN);
        most--;
    }
    return fleet->drained == fleet->share;
}

uint64_t fleet_descriptors(const struct fleet *fleet) {
    return fleet->tally->counts.descriptors;
}

/* Every vacant slot that was dialled before is on its way back, in exactly one place. */
static const char *audit_redials(const struct fleet *fleet) {
    uint64_t vacant = 0, armed = 0;
    for (uint32_t i = 0; i < fleet->share; i++) {
        const struct conn *conn = &fleet->conns[i];
        if (conn->state != CONN_VACANT)
            continue;
        vacant += conn->retries > 0;
        armed += wheel_armed(fleet->wheel, i);
        if (wheel_armed(fleet->wheel, i) && conn->retries == 0)
            return "a vacant slot waits only to be dialled again";
    }
    if (fleet->frozen)
        return armed + fleet->redials.count == 0 ? NULL : "a frozen fleet dials nothing again";
    if (vacant != armed + fleet->redials.count)
        return "slots that were dialled before = waiting + due";
    if (vacant != fleet->tally->counts.refilling)
        return "refilling = slots waiting + due";
    return NULL;
}

const char *fleet_audit(const struct fleet *fleet) {
    uint64_t states[CONN_STATES] = {0}, fixed = 0, firsts = 0, files = 0, timers = 0, leases = 0;
    uint64_t in_line = 0;
    for (uint32_t i = 0; i < fleet->share; i++) {
        const struct conn *conn = &fleet->conns[i];
        bool is_fixed = (conn->flags & CONN_FIXED) != 0;
        fixed += is_fixed && open_for_use(conn);
        states[conn->state]++;
        files += conn->state != CONN_VACANT && conn->fd >= 0;
        timers += wheel_armed(fleet->wheel, i);
        leases += conn->state == CONN_AWAITING && conn->lease != SLOT_NONE;
        firsts += conn->state == CONN_CONNECTING && conn->retries == 0;
        bool lined = (conn->flags & CONN_IN_LINE) != 0;
        in_line += lined;
        if (lined && (conn->state != CONN_IDLE || is_fixed))
            return "only idle connections stand in line";
        bool held_up = (conn->flags & CONN_SENDING) != 0 && (conn->flags & CONN_ASK_NOW) != 0;
        bool waits = conn->state == CONN_CONNECTING || conn->state == CONN_AWAITING ||
                     (conn->state == CONN_IDLE && !is_fixed && !lined && !held_up) ||
                     (conn->flags & CONN_LINGERING) != 0;
        if (conn->state != CONN_VACANT && waits != wheel_armed(fleet->wheel, i))
            return "timers armed = connections with a deadline";
        if (open_for_use(conn) && (conn->flags & CONN_ARMED) == 0)
            return "readiness is always armed";
    }
    const struct counts *counts = &fleet->tally->counts;
    if (files != counts->descriptors)
        return "descriptors open = live + connecting + closing + fixed";
    if (timers != wheel_count(fleet->wheel))
        return "the wheel's count = timers armed";
    if (firsts != fleet->first_dials)
        return "first dials = connections connecting for the first time";
    if (in_line != fleet->line.count)
        return "the line's count = connections in line";
    if (leases != fleet->reader_slots.taken)
        return "readers leased = answers in pieces";
    if (endings_count(&fleet->tally->endings) != counts->lost)
        return "endings noted = live connections lost";
    if (counts->outstanding != states[CONN_AWAITING])
        return "outstanding = connections awaiting";
    if (!fleet->frozen && counts->live != states[CONN_IDLE] + states[CONN_AWAITING])
        return "live = connections idle or awaiting";
    if (!fleet->frozen && counts->connecting != states[CONN_CONNECTING])
        return "connecting = connections connecting";
    if (fleet->frozen &&
        fixed + states[CONN_AWAITING] + tally_drained(counts) != counts->live + counts->connecting)
        return "fixed + awaiting + drained = live + connecting of the freeze";
    return audit_redials(fleet);
}
