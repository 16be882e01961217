/* What the fleet records of its connections: times, answers and endings, each less our own
 * lateness: a request that went out late, an answer that lay in the socket while we stood still. */
#include "base/minmax.h"
#include "engine/fleet_private.h"

/* A shorter pause makes no burst, holds no send back for long and blurs no idle time. */
static const duration SHORT = 10 * MILLISECOND;
static const duration BURST = 100 * MILLISECOND;

/* So late we were stopped, not slow: when an ending was seen says nothing of when it happened. */
static const duration STOPPED = 1 * SECOND;
static const duration JUST_STOPPED = 200 * MILLISECOND;

/* Beside late_us where a request went out behind a pause: whatever waits behind one goes out at
 * once, and a server may take as long to answer all of it. */
#define LATE_BURST UINT32_C(0x80000000)

void fleet_set_clock(struct fleet *fleet, instant now) {
    fleet->now = now;
    if (fleet->late > LAG_PAUSE)
        fleet->pause_read = now;
}

void fleet_set_late(struct fleet *fleet, instant since, instant from, duration late) {
    fleet->late_since = since;
    fleet->late_from = from;
    fleet->late = late;
    if (late <= SHORT)
        return;
    fleet->pause_since = since;
    fleet->pause_from = from;
    fleet->pause_to = fleet->pause_read = fleet->now;
    duration length = instant_since(fleet->now, from);
    if (fleet->schedule.rate > 0 && length > fleet->schedule_late)
        fleet->schedule_late = length;
}

void fleet_set_unread(struct fleet *fleet, instant since) {
    fleet->unread_since = since;
}

/* The pause may grow between the two readings around the clock; then the clock's is taken again. */
instant fleet_now(const struct fleet *fleet) {
    int64_t before, after = 0;
    instant now;
    do {
        before = fleet->paused_ns != NULL ? atomic_load(fleet->paused_ns) : 0;
        now = net_now(fleet->net);
        after = fleet->paused_ns != NULL ? atomic_load(fleet->paused_ns) : 0;
    } while (before != after);
    return instant_after(now, -after);
}

/* In order, a stop delays what falls due in it and behind it by no more than its own length. */
void fleet_note_handed_over(struct fleet *fleet, const struct conn *conn, instant due) {
    duration window = instant_since(fleet->now, fleet->late_from);
    duration most = fleet->late <= LAG_ON_TIME ? 0 : window;
    if (fleet->schedule_late > most)
        most = fleet->schedule_late;
    if (most == 0 && !fleet->any_late)
        return;
    duration ours = min_i64(instant_since(fleet->now, due), most) / MICROSECOND;
    uint32_t late = ours > 0 ? (uint32_t)min_i64(ours, LATE_BURST - 1) : 0;
    if (fleet->late > BURST)
        late |= LATE_BURST;
    fleet->any_late |= late != 0;
    fleet->late_us[fleet_index_of(fleet, conn)] = late;
}

static uint32_t late_us_of(const struct fleet *fleet, const struct conn *conn) {
    return fleet->any_late ? fleet->late_us[fleet_index_of(fleet, conn)] : 0;
}

/* How late the connection's latest request or connect was handed over through us. */
static duration late_before(const struct fleet *fleet, const struct conn *conn) {
    return (duration)(late_us_of(fleet, conn) & ~LATE_BURST) * MICROSECOND;
}

/* How much of the time since the hand-over is ours. What is read now may have lain there, behind a
 * pause one turn longer: not all of it is shown at once. */
static duration late_since(const struct fleet *fleet, const struct conn *conn, int64_t handed_ns) {
    instant handed = {handed_ns};
    duration unread = instant_since(fleet->now, fleet->unread_since);
    duration ours = unread > BURST ? unread : 0;
    if (fleet->late > LAG_ON_TIME)
        ours = max_i64(ours, instant_since(fleet->now, fleet->late_from));
    else if (!instant_before(handed, fleet->pause_since) && instant_before(handed, fleet->pause_to))
        ours = max_i64(ours, instant_since(fleet->pause_to, fleet->pause_from));
    if ((late_us_of(fleet, conn) & LATE_BURST) != 0)
        ours += instant_since(fleet->pause_to, fleet->pause_from);
    return min_i64(ours, instant_since(fleet->now, handed));
}

/* Counts a time, and beside it the time less what of it is ours. */
static void count(struct fleet *fleet, enum tally_distribution distribution, duration value,
                  duration ours) {
    histogram_add(&fleet->tally->distributions[distribution], value);
    if (ours <= LAG_ON_TIME)
        return;
    struct tally_correction *correction = &fleet->tally->corrections[distribution];
    histogram_add(&correction->measured, value);
    histogram_add(&correction->without, value - min_i64(ours, value));
}

static void set_opened(struct conn *conn, instant moment) {
    uint64_t tick = (uint64_t)(moment.ns / MILLISECOND);
    conn->opened_epoch = (uint8_t)(tick >> 32);
    conn->opened_tick = conn->answered_tick = (uint32_t)tick;
}

/* How long what is read now may have lain there; less than SHORT is no time. */
static uint32_t unread_ms(const struct fleet *fleet) {
    duration unread = instant_since(fleet->now, fleet->unread_since);
    return unread <= SHORT ? 0 : (uint32_t)min_i64(unread / MILLISECOND, UINT16_MAX);
}

/* What the connection's idle time begins with was read now. */
static void note_read(struct fleet *fleet, const struct conn *conn) {
    uint32_t late = unread_ms(fleet);
    if (late == 0 && !fleet->any_read_late)
        return;
    fleet->any_read_late |= late > 0;
    fleet->read_late_ms[fleet_index_of(fleet, conn)] = (uint16_t)late;
}

static uint32_t read_late_ms(const struct fleet *fleet, const struct conn *conn) {
    return fleet->any_read_late ? fleet->read_late_ms[fleet_index_of(fleet, conn)] : 0;
}

static void note_opened(struct fleet *fleet, struct conn *conn, duration ours) {
    set_opened(conn, fleet->now);
    note_read(fleet, conn);
    if (conn->retries > 0)
        count(fleet, DISTRIBUTION_REFILL, fleet->now.ns - conn->sent_ns, ours);
}

void fleet_note_connected(struct fleet *fleet, struct conn *conn) {
    duration ours = late_since(fleet, conn, conn->due_ns);
    count(fleet, DISTRIBUTION_CONNECT, fleet->now.ns - conn->due_ns, ours);
    if (!sock_has_handshake(&fleet->socks)) {
        note_opened(fleet, conn, ours);
        return;
    }
    fleet_counts_of(fleet)->tls_begun++;
    conn->due_ns = fleet->now.ns;
}

void fleet_note_secured(struct fleet *fleet, struct conn *conn, bool resumed) {
    struct tally_counts *counts = fleet_counts_of(fleet);
    duration ours = late_since(fleet, conn, conn->due_ns);
    count(fleet, DISTRIBUTION_HANDSHAKE, fleet->now.ns - conn->due_ns, ours);
    ++*(resumed ? &counts->tls_resumed : &counts->tls_full);
    note_opened(fleet, conn, ours);
}

void fleet_note_secure_failed(struct fleet *fleet, enum handshake_reason reason, uint8_t alert) {
    struct tally_counts *counts = fleet_counts_of(fleet);
    counts->tls_failures[reason]++;
    counts->tls_alerts[alert] += alert != 0;
}

static uint32_t age_ms(const struct conn *conn, instant moment) {
    uint64_t tick = (uint64_t)(moment.ns / MILLISECOND);
    static const uint64_t wrap = (UINT64_C(1) << 40) - 1;
    uint64_t age = (tick - ((uint64_t)conn->opened_epoch << 32 | conn->opened_tick)) & wrap;
    return age < ENDINGS_AGE_MAX ? (uint32_t)age : ENDINGS_AGE_MAX;
}

/* The connection's age and idle time, were it to end at that moment. */
static struct ending standing(const struct fleet *fleet, const struct conn *conn, instant moment) {
    return (struct ending){.idle_ms = fleet_tick_at(moment) - conn->answered_tick,
                           .age_ms = age_ms(conn, moment),
                           .moment_ms = fleet_tick_at(fleet->now),
                           .answers = conn->answers};
}

/* What the connection survived: as it stood when the request was sent, since an answer that we read
 * late says nothing of the server's clock. */
static void note_survival(struct fleet *fleet, struct conn *conn, bool kept) {
    struct ending stood = standing(fleet, conn, (instant){conn->sent_ns});
    stood.sample_key = (uint32_t)random_next(&fleet->sample_rng);
    stood.late_ms = (uint16_t)read_late_ms(fleet, conn);
    endings_answered(&fleet->tally->endings, &stood, conn->sent_ns, kept);
    conn->answered_tick = fleet_tick_at(fleet->now);
    note_read(fleet, conn);
}

void fleet_note_answer(struct fleet *fleet, struct conn *conn, const struct exchange_answer *answer,
                       bool kept) {
    struct tally *tally = fleet->tally;
    conn->answers++;
    note_survival(fleet, conn, kept);
    conn->retries = 0;
    tally->counts.statuses[answer->status]++;
    fleet->answer_status = answer->status;
    tally->counts.interim += answer->interim;
    int64_t *least = &tally->counts.keep_alive_timeout_s;
    if (answer->keep_alive_timeout_s > 0 && (*least == 0 || answer->keep_alive_timeout_s < *least))
        *least = answer->keep_alive_timeout_s;
    if (conn->due_ns < fleet->warm_at.ns) {
        tally->counts.warmup++;
        return;
    }
    duration ours = late_since(fleet, conn, conn->sent_ns);
    count(fleet, DISTRIBUTION_LATENCY, fleet->now.ns - conn->due_ns,
          ours + late_before(fleet, conn));
    count(fleet, DISTRIBUTION_SERVICE, fleet->now.ns - conn->sent_ns, ours);
}

void fleet_note_scheduled(struct fleet *fleet, const struct conn *conn, instant due) {
    count(fleet, DISTRIBUTION_LATENESS, instant_since(fleet->now, due), late_before(fleet, conn));
}

/* What is seen now may have happened at any time of a stop of ours that has just ended. */
static bool just_stopped(const struct fleet *fleet) {
    return instant_since(fleet->pause_to, fleet->pause_from) > STOPPED &&
           instant_since(fleet->now, fleet->pause_to) <= JUST_STOPPED;
}

/* The latest answer was read behind a pause, and may have been there all that time. */
static bool read_behind_a_pause(const struct fleet *fleet, const struct conn *conn) {
    uint32_t since_pause = conn->answered_tick - fleet_tick_at(fleet->pause_to);
    return instant_since(fleet->pause_to, fleet->pause_from) > LAG_PAUSE &&
           since_pause <=
               (uint32_t)(fleet_tick_at(fleet->pause_read) - fleet_tick_at(fleet->pause_to));
}

/* Closed while our next request should have been there for more than a tenth of its think time:
 * perhaps for that reason. The clock is read again: we may have stood still since the turn did. */
static bool overdue(const struct fleet *fleet, const struct conn *conn) {
    if ((conn->flags & (CONN_QUEUED | CONN_REQUEST_NOW)) != 0)
        return false; /* these have no think time */
    uint32_t tick = fleet_tick_at(fleet_now(fleet));
    int64_t late = (int32_t)(tick - wheel_due(fleet->wheel, fleet_index_of(fleet, conn)));
    int64_t idle = (int32_t)(tick - conn->answered_tick);
    if (read_behind_a_pause(fleet, conn)) {
        int64_t pause = instant_since(fleet->pause_to, fleet->pause_from) / MILLISECOND;
        late += pause;
        idle += pause;
    }
    return !fleet->closed_loop && late > 0 && late * 11 > idle;
}

static void note_overdue(struct fleet *fleet, const struct conn *conn, enum outcome outcome) {
    if (outcome != OUTCOME_closed_idle && outcome != OUTCOME_reset_idle)
        return;
    struct tally_counts *counts = fleet_counts_of(fleet);
    if (overdue(fleet, conn))
        ++*(outcome == OUTCOME_closed_idle ? &counts->closed_overdue : &counts->reset_overdue);
}

/* Of outcomes that a request was outstanding for. */
static bool asked_last(enum outcome outcome) {
    return outcome == OUTCOME_closed_in_flight || outcome == OUTCOME_reset_in_flight ||
           outcome == OUTCOME_closed_mid_response || outcome == OUTCOME_reset_mid_response ||
           outcome == OUTCOME_response_timeout || outcome == OUTCOME_silent;
}

/* The facts of which the cause of a live connection's end is inferred. */
static void note_lifetime(struct fleet *fleet, const struct conn *conn, enum outcome outcome) {
    struct ending ending = standing(fleet, conn, fleet->now);
    ending.sample_key = (uint32_t)random_next(&fleet->sample_rng);
    if (asked_last(outcome))
        ending.waited_ms = fleet_tick_at(fleet->now) - fleet_tick_at((instant){conn->sent_ns});
    ending.status = outcome == OUTCOME_closed_announced ? fleet->answer_status : 0;
    ending.late_ms = (uint16_t)min_u32(read_late_ms(fleet, conn) + unread_ms(fleet), UINT16_MAX);
    if (fleet->late > STOPPED || just_stopped(fleet))
        endings_add_late(&fleet->tally->endings, outcome, &ending);
    else
        endings_add(&fleet->tally->endings, outcome, &ending);
    note_overdue(fleet, conn, outcome);
}

void fleet_note_ending(struct fleet *fleet, const struct conn *conn, enum outcome outcome) {
    if ((conn->flags & CONN_FROZEN) != 0)
        return;
    struct tally_counts *counts = fleet_counts_of(fleet);
    if (counts->first_ns[outcome] == 0)
        counts->first_ns[outcome] = fleet->now.ns;
    if (conn->error != 0)
        counts->errnos[conn->error < TALLY_ERRNO_MAX ? conn->error : TALLY_ERRNO_MAX]++;
    if (fleet_open_for_use(conn))
        note_lifetime(fleet, conn, outcome);
}

void fleet_note_outliving(struct fleet *fleet, const struct conn *conn) {
    struct ending stands = standing(fleet, conn, fleet->now);
    stands.sample_key = (uint32_t)random_next(&fleet->sample_rng);
    stands.late_ms = (uint16_t)read_late_ms(fleet, conn);
    endings_outlived(&fleet->tally->endings, &stands);
}

void fleet_note_frozen(struct fleet *fleet, const struct conn *conn) {
    endings_frozen(&fleet->tally->endings, age_ms(conn, fleet->now));
}
