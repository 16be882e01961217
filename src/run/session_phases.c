/* The phases of a session: what ends each, and which figures are frozen then. */
#include "options/options.h"
#include "run/orders.h"
#include "run/session_private.h"

#include <string.h>
#include <sys/wait.h>

duration session_start_left(const struct session *session) {
    if (orders_await_go())
        return SECOND; /* it is looked at again when an order comes */
    if (orders_go().ns != 0)
        return instant_since(orders_go(), net_now(session->loop.net));
    return session->plan->start_at == 0 ? 0 : session->plan->start_at - wall_time_now();
}

/* Whether the ramp may begin: everybody is ready, and the time of --start-at has come. */
static bool may_start(struct session *session) {
    if (!crew_reached(session->crew, WORKER_READY) || !observers_ready(&session->observers))
        return false;
    duration left = session_start_left(session);
    if (!session->ready) {
        notes_start(&session->notes, session->plan->start_at, left);
        session_tell_ready(session);
    }
    session->ready = true;
    return left <= 0;
}

static void begin_ramp(struct session *session) {
    session->phase = PHASE_RAMP;
    session->begun = true;
    clock_gettime(CLOCK_REALTIME, &session->record->started_at);
    session->started = session->now;
    session->next_tick = instant_after(session->now, SECOND);
    meter_begin_run(&session->meter, session->crew);
    session_begin_timeline(session);
    crew_run(session->crew, session->now);
}

static void begin_hold(struct session *session) {
    struct record *record = session->record;
    const struct tally_counts *counts = &session->total->counts;
    /* As the workers saw it: a moment ago, or while they were asked. */
    if (session->now.ns < counts->ramp_done_ns)
        session->now.ns = counts->ramp_done_ns;
    /* The next one begins anew, and no gap may be longer than one. */
    if (!meter_ticked(&session->meter, session->now))
        session_take_second(session);
    session->phase = PHASE_HOLD;
    session->hold_since = session->now;
    if (counts->ramp_done_ns != 0)
        session->hold_since.ns = counts->ramp_done_ns;
    if (counts->first_attempt_ns != 0)
        record->ramp_seconds = duration_seconds(session->hold_since.ns - counts->first_attempt_ns);
    if (crew_pool_is_over(session->crew)) /* there is no hold */
        session->hold_since = session->now;
    session->answered_before_hold = counts->answered;
    session_take_level(session, crew_restart_level(session->crew));
    record->live_min = UINT64_MAX; /* until it is looked at, below */
    record->live_min_measured = true;
    if (!session_has_leader(session)) /* whose parts have the same seconds */
        session->next_tick = instant_after(session->hold_since, SECOND);
    session_tell_phase(session);
    if (session->plan->rate > 0 || session->plan->options->given.warmup)
        crew_hold(session->crew, session->now);
    meter_begin_hold(&session->meter, session->hold_since, counts->answered);
    observers_hold(&session->observers, true, session->now, counts);
    /* Not before: the kernel makes whoever reads it wait for a worker that is just growing. */
    meter_memory(&session->meter, session->crew);
    session_sample(session);
}

static void begin_freeze(struct session *session) {
    struct record *record = session->record;
    session_sample(session);
    if (session->phase == PHASE_HOLD) {
        if (session_has_leader(session) && !meter_ticked(&session->meter, session->now))
            session_take_second(session); /* what is left of one: nothing of a hold is kept back */
        session_measure_hold(session, session->record);
        meter_end_hold(&session->meter, session->now, session->total->counts.answered);
        meter_memory(&session->meter, session->crew);
    } else {
        record->ramp_cut = session->stopping || session->aborting;
    }
    observers_hold(&session->observers, false, session->now, &session->total->counts);
    session->phase = PHASE_FREEZE;
    session_tell_phase(session);
    crew_freeze(session->crew);
}

/* Whether FINs would fill too much of the port range with TIME_WAIT: more than a quarter. */
static bool drains_by_reset(const struct session *session) {
    const struct plan *plan = session->plan;
    if (plan->options->command == COMMAND_CAPACITY)
        return true; /* the next step needs the ports, and the server's side free */
    if (plan->host.port_low < 0)
        return false;
    int64_t range =
        (plan->host.port_high - plan->host.port_low + 1) * (int64_t)setup_pairs(session->setup);
    return (int64_t)session->total->counts.live > range / 4;
}

/* All figures are frozen: they are taken now; of what follows only the drain's own counts. */
static void begin_drain(struct session *session) {
    session_sample(session);
    session->pauses.due = session->now; /* none is left to come */
    pauses_report(&session->pauses, session->now, session->started, &session->record->marks,
                  &session->notes);
    session_take_total(session);
    session->phase = PHASE_DRAIN;
    session->drain_since = session->now;
    session->record->drain_by_reset = drains_by_reset(session);
    session_refresh(session);
    session_publish(session, session->so_far);
    crew_drain(session->crew, session->record->drain_by_reset);
}

static bool all_gone(const struct session *session) {
    for (size_t i = 0; i < crew_count(session->crew); i++)
        if (!crew_member(session->crew, i)->gone)
            return false;
    return true;
}

static void end_drain(struct session *session) {
    struct record *record = session->record;
    session_sample(session);
    memcpy(record->total.counts.drain, session->total->counts.drain,
           sizeof record->total.counts.drain);
    if (!tally_drain_balances(&record->total.counts) && record->imbalance == NULL)
        record->imbalance = "sum of drain outcomes = connecting + live of the freeze";
    record->drain_seconds = duration_seconds(instant_since(session->now, session->drain_since));
    session->phase = PHASE_OVER;
}

/* Nothing is live and nothing will reconnect. */
static bool nothing_left(const struct session *session) {
    const struct tally_counts *counts = &session->total->counts;
    bool refills = plan_reconnects(session->plan) && crew_alive(session->crew) > 0;
    return counts->live == 0 && counts->connecting == 0 && !refills;
}

static bool hold_is_over(struct session *session) {
    if (session->stopping || session->aborting)
        return true;
    if (nothing_left(session)) {
        session->record->ended_empty = true;
        notes_print(&session->notes, "ended early: " RECORD_ENDED_EMPTY);
        return true;
    }
    if (crew_pool_is_over(session->crew))
        return true;
    duration hold = session->plan->hold;
    return hold > 0 && instant_since(session->now, session->hold_since) >= hold;
}

/* One step forward, if it is time for one; true when there may be another. */
bool session_advance(struct session *session) {
    enum session_phase before = session->phase;
    switch (session->phase) {
    case PHASE_START:
        if (session->stopping || crew_failure(session->crew) != 0 || crew_alive(session->crew) == 0)
            begin_freeze(session); /* no load: the plan cannot be carried out whole */
        else if (may_start(session))
            begin_ramp(session);
        break;
    case PHASE_RAMP:
        if (session->stopping || session->aborting)
            begin_freeze(session);
        else if (crew_reached(session->crew, WORKER_HOLDING))
            begin_hold(session);
        break;
    case PHASE_HOLD:
        if (hold_is_over(session))
            begin_freeze(session);
        break;
    case PHASE_FREEZE:
        if (crew_reached(session->crew, WORKER_FROZEN) &&
            observers_over(&session->observers, session->now, session->total->counts.sent))
            begin_drain(session);
        break;
    case PHASE_DRAIN:
        if (all_gone(session))
            end_drain(session);
        break;
    case PHASE_OVER: break;
    }
    return session->phase != before;
}

/* Leaves at once: what the last sample says is what is reported. */
void session_cut_short(struct session *session) {
    struct record *record = session->record;
    if (session->phase < PHASE_FREEZE)
        begin_freeze(session);
    session_sample(session);
    record->cut = true;
    if (session->phase < PHASE_DRAIN)
        session_take_total(session);
    struct tally_counts *counts = &record->total.counts;
    memcpy(counts->drain, session->total->counts.drain, sizeof counts->drain);
    record->unfinished = counts->outstanding;
    uint64_t left = counts->connecting + counts->live - tally_drained(counts);
    uint64_t given_up = counts->connecting - counts->drain[OUTCOME_abandoned];
    counts->drain[OUTCOME_abandoned] += given_up;
    counts->drain[OUTCOME_drained] += left - given_up;
    if (session->phase == PHASE_DRAIN)
        record->drain_seconds = duration_seconds(instant_since(session->now, session->drain_since));
    crew_kill(session->crew);
    for (size_t i = 0; i < crew_count(session->crew); i++) {
        const struct crew_member *member = crew_member(session->crew, i);
        siginfo_t info;
        if (!member->gone)
            waitid(P_PID, (id_t)member->pid, &info, WEXITED | WNOWAIT);
        crew_reap(session->crew, i);
    }
    session->phase = PHASE_OVER;
}
