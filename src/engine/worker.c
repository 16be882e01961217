/* A worker's turn: wait, take completions, run timers, open what the ramp owes and what is to be
 * refilled, publish. */
#include "engine/worker.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/minmax.h"
#include "base/require.h"
#include "base/slots.h"
#include "sock/gather.h"
#include "stats/lag.h"

enum {
    EVENTS_AT_ONCE = 32, /* between two readings of the clock */
    OPENS_MAX = 256,     /* in one turn: a ramp that was held up catches up in bounded bursts */
    DRAINS_MAX = 1024,   /* in one turn */
    GATHER_LIVE = 24,    /* connections from which on waiting pays, see wait() */
    WAITS_ALONE_MAX = 6, /* waits for others: then 63 turns' requests go without, see note_use() */
    WAKE_OPERATION = FLEET_OPERATIONS,
};
/* Not more often than this, and not later than that: between them lies the longest tick, so that
 * publishing wakes nobody who would not wake anyway. */
static const duration PUBLISH_GAP = 5 * MILLISECOND;
static const duration PUBLISH_LATEST = 20 * MILLISECOND;
static const duration POOL_CHECK = 100 * MILLISECOND; /* has a request come back to the pool? */
/* Requests of --rate that are due within this go out together: exact moments for up to 4,000 a
 * second of a worker, and beyond it a wake for each would cost more than the requests. */
static const duration SCHEDULE_GRAIN = 250 * MICROSECOND;
static const duration GATHER = 25 * MICROSECOND;   /* see wait() */
static const duration TOGETHER = 75 * MICROSECOND; /* see wait_for_others() */
static const duration HEARTBEAT = 1 * SECOND;
/* With requests or connects under way: a stop that ends before the next timer would not be seen. */
static const duration WATCHFUL = 100 * MILLISECOND;
static const duration DRAIN_TIMEOUT = 5 * SECOND;

int worker_init(struct worker *worker, const struct fleet_parts *parts,
                const struct worker_orders *orders, struct tally_seqlock *seqlock, int wake_fd,
                int notify_fd) {
    *worker = (struct worker){
        .parts = *parts,
        .orders = orders,
        .seqlock = seqlock,
        .wake_fd = wake_fd,
        .notify_fd = notify_fd,
        .phase = WORKER_STARTING,
        .share = plan_share(parts->plan, parts->worker),
        .quantum = 1,
        .reconnects = {.interval = reconnect_pace_interval(parts->plan->ramp.rate,
                                                           plan_workers_of_all(parts->plan))},
    };
    worker->parts.paused_ns = &orders->paused_ns;
    worker->fleet = fleet_create(&worker->parts);
    return worker->fleet == NULL ? -ENOMEM : 0;
}

void worker_free(struct worker *worker) {
    fleet_destroy(worker->fleet);
    worker->fleet = NULL;
}

static struct tally_counts *counts_of(struct worker *worker) {
    return &worker->parts.tally->counts;
}

/* The run clock: stands still while the run is stopped. */
static instant read_clock(struct worker *worker) {
    return fleet_now(worker->fleet);
}

static void set_late(struct worker *worker, instant from, duration late) {
    worker->late = late;
    worker->late_from = from;
    fleet_set_late(worker->fleet, worker->began_before, from, late);
}

static void take_clock(struct worker *worker, instant now) {
    worker->now = now;
    fleet_set_clock(worker->fleet, now);
}

/* A turn that itself takes longer than its wait was late is as late as it is long. */
static void set_clock(struct worker *worker) {
    take_clock(worker, read_clock(worker));
    if (instant_since(worker->now, worker->began) > worker->late)
        set_late(worker, worker->began, instant_since(worker->now, worker->began));
}

/* What is ready ended the wait, and is as old as that was late. Where the wait was over at once, it
 * may have come while the turn before was busy behind its last look, or before that turn: not all
 * that is ready at the end of a late wait is shown at once. */
static instant unread_since(struct worker *worker) {
    duration busy = instant_since(worker->waits_since, worker->taken);
    duration waited = instant_since(worker->now, worker->waits_since);
    instant before = instant_earlier(worker->taken, worker->ready_since);
    worker->ready_since = worker->late > LAG_ON_TIME ? worker->late_from : worker->now;
    return waited <= max_i64(busy, LAG_ON_TIME) ? instant_earlier(worker->ready_since, before)
                                                : worker->ready_since;
}

/* The wait that was to end at `until` is over, and with it a turn begins. If it is late, it may
 * have been held up before `until` too: for as long again, but no longer than it waited. */
static void begin_turn(struct worker *worker, instant until) {
    instant waited_from = worker->now;
    take_clock(worker, read_clock(worker));
    worker->began_before = worker->began;
    worker->began = worker->now;
    duration late = instant_before(until, worker->now) ? instant_since(worker->now, until) : 0;
    instant from = instant_after(worker->now, -2 * late);
    set_late(worker, instant_before(from, waited_from) ? waited_from : from, late);
    fleet_set_unread(worker->fleet, unread_since(worker));
}

/* All that came of a batch of events is one moment. */
static void share_live(struct worker *worker) {
    if (worker->level != NULL)
        level_set(worker->level, worker->level_share, counts_of(worker)->live);
}

static void publish(struct worker *worker) {
    share_live(worker);
    counts_of(worker)->phase = worker->phase;
    counts_of(worker)->cq_overflows = net_overflows(worker->parts.net);
    tally_publish(worker->seqlock, worker->parts.tally);
    worker->published_at = worker->now;
    worker->unpublished = false;
}

static void enter_phase(struct worker *worker, enum tally_worker_phase phase) {
    worker->phase = phase;
    publish(worker);
    uint64_t one = 1;
    if (worker->notify_fd >= 0)
        (void)!write(worker->notify_fd, &one, sizeof one);
}

uint32_t worker_quantum(double per_second, duration think_low) {
    double ticks = per_second > 0 ? 16 * 1000 / per_second : 10;
    double shortest = (double)think_low / (double)MILLISECOND / 100;
    if (ticks > shortest)
        ticks = shortest;
    return ticks >= 10 ? 10 : ticks <= 1 ? 1 : (uint32_t)ticks;
}

/* Fits the quantum to the worker's own rate, once a second. Think times are rounded to that of the
 * hold: drawn in a quick ramp they end in it, when nothing else goes out so often. */
static void pace(struct worker *worker) {
    if (instant_since(worker->now, worker->paced_at) < SECOND && worker->paced_at.ns != 0)
        return;
    worker->paced_at = worker->now;
    const struct plan *plan = worker->parts.plan;
    double think = duration_seconds(plan_think_mean(plan));
    double rate = think > 0 ? (double)counts_of(worker)->live / think : 0;
    if (worker->opened < worker->share || counts_of(worker)->refilling > 0)
        rate += (double)plan->ramp.rate.count / duration_seconds(plan->ramp.rate.per) /
                (double)plan_workers_of_all(plan);
    /* Exponential think times have no shortest one: one in ten is below a tenth of the mean. */
    duration shortest = plan->think_mean > 0 ? plan->think_mean / 10 : plan->think.low;
    worker->quantum = worker_quantum(rate, shortest);
    double held = think > 0 ? (double)worker->share / think : 0;
    fleet_set_quantum(worker->fleet, worker_quantum(held, shortest));
}

/* The place of the next connection that is to be opened in the order over all workers and parts. */
static uint64_t next_order(const struct worker *worker) {
    const struct plan *plan = worker->parts.plan;
    return plan_order(plan, worker->parts.worker, worker->opened);
}

/* When the plan wants it, rounded up to the quantum. */
static instant next_open_at(const struct worker *worker) {
    duration grain = (duration)worker->quantum * MILLISECOND;
    duration due = ramp_at(&worker->parts.plan->ramp, next_order(worker));
    return instant_after(worker->start, (due + grain - 1) / grain * grain);
}

static bool ramping(const struct worker *worker) {
    return worker->phase == WORKER_RAMPING && worker->opened < worker->share;
}

static void open_due(struct worker *worker) {
    for (int i = 0; i < OPENS_MAX && ramping(worker) && fleet_has_room(worker->fleet); i++) {
        duration elapsed = instant_since(worker->now, worker->start);
        if (ramp_due(&worker->parts.plan->ramp, elapsed) <= next_order(worker))
            return;
        duration late = instant_since(worker->now, next_open_at(worker));
        struct tally_counts *counts = counts_of(worker);
        if (late > 0 && (uint64_t)late > counts->ramp_late_ns)
            counts->ramp_late_ns = (uint64_t)late;
        if (counts->first_attempt_ns == 0)
            counts->first_attempt_ns = worker->now.ns;
        fleet_open(worker->fleet, worker->opened++);
        reconnect_pace_begin(&worker->reconnects, worker->now);
        worker->unpublished = true;
    }
}

/* Whether a connection waits for a place of the ramp's rate: first connects come first, and take
 * them all. */
static bool reconnecting(const struct worker *worker) {
    return (worker->phase == WORKER_RAMPING || worker->phase == WORKER_HOLDING) &&
           worker->opened == worker->share && fleet_reconnects_due(worker->fleet) > 0;
}

static duration tick_of(const struct worker *worker) {
    return (duration)worker->quantum * MILLISECOND;
}

static void reconnect_due(struct worker *worker) {
    for (int i = 0; i < OPENS_MAX && reconnecting(worker) && fleet_has_room(worker->fleet); i++) {
        if (!reconnect_pace_take(&worker->reconnects, worker->now, tick_of(worker)))
            return;
        fleet_reconnect(worker->fleet);
        worker->unpublished = true;
    }
}

/* The next place, rounded up to the quantum. */
static instant next_reconnect_at(const struct worker *worker) {
    duration grain = tick_of(worker);
    duration due = instant_since(worker->reconnects.next, worker->start);
    return instant_after(worker->start, (due + grain - 1) / grain * grain);
}

/* The ramp of this share is complete when the first attempt of each is open or has ended. */
static void end_ramp(struct worker *worker) {
    if (worker->phase != WORKER_RAMPING || worker->opened < worker->share ||
        fleet_first_connects(worker->fleet) > 0)
        return;
    counts_of(worker)->ramp_done_ns = worker->now.ns;
    enter_phase(worker, WORKER_HOLDING);
}

/* What the last handshakes of a ramp or of a mass reconnect took on the heap goes back to the
 * kernel when none is under way, and not more often than the parent looks. */
static void give_heap_back(struct worker *worker) {
    const struct tally_counts *counts = counts_of(worker);
    if (worker->phase != WORKER_HOLDING || counts->attempted == worker->trimmed ||
        counts->connecting > 0 || counts->refilling > 0 ||
        (worker->trimmed > 0 && instant_since(worker->now, worker->trimmed_at) < SECOND))
        return;
    heap_trim();
    worker->trimmed = counts->attempted;
    worker->trimmed_at = worker->now;
}

/* Nothing is live any more and nothing will be: the parent need not wait for its next look. */
static void notify_when_empty(struct worker *worker) {
    if (worker->phase != WORKER_HOLDING || worker->notified_empty || counts_of(worker)->live > 0 ||
        plan_reconnects(worker->parts.plan))
        return;
    worker->notified_empty = true;
    enter_phase(worker, WORKER_HOLDING);
}

/* The pool of -n is empty and all that was asked has ended: the same. */
static void notify_when_spent(struct worker *worker) {
    if (worker->phase != WORKER_HOLDING || !fleet_is_spent(worker->fleet)) {
        worker->notified_spent = false;
        return;
    }
    if (worker->notified_spent)
        return;
    worker->notified_spent = true;
    enter_phase(worker, WORKER_HOLDING);
}

static bool in_load(const struct worker *worker) {
    return worker->phase == WORKER_RAMPING || worker->phase == WORKER_HOLDING;
}

/* Requests of the schedule, and those that came back to the pool, go to who waited longest. */
static void serve_queue(struct worker *worker) {
    if (!in_load(worker))
        return;
    int64_t hold_ns = atomic_load(&worker->orders->hold_ns);
    if (hold_ns != 0 && fleet_awaits_hold(worker->fleet))
        fleet_hold(worker->fleet, (instant){hold_ns});
    if (!fleet_serve_queue(worker->fleet))
        return;
    worker->served_at = worker->now;
    worker->unpublished = true;
}

/* When the schedule next wants this worker to wake. */
static instant next_serve_at(const struct worker *worker) {
    instant due = fleet_next_scheduled(worker->fleet);
    instant earliest = instant_after(worker->served_at, SCHEDULE_GRAIN);
    return instant_before(due, earliest) ? earliest : due;
}

static void begin_run(struct worker *worker) {
    worker->start = (instant){atomic_load(&worker->orders->start_ns)};
    enter_phase(worker, WORKER_RAMPING);
}

static void begin_drain(struct worker *worker) {
    worker->drain_until = instant_after(worker->now, DRAIN_TIMEOUT);
    enter_phase(worker, WORKER_DRAINING);
}

/* Carries out what the parent ordered since the last turn, one step after the other. */
static void follow_orders(struct worker *worker) {
    uint32_t order = atomic_load(&worker->orders->order);
    if (order >= ORDER_RUN && worker->phase == WORKER_READY)
        begin_run(worker);
    if (order >= ORDER_FREEZE &&
        (worker->phase == WORKER_RAMPING || worker->phase == WORKER_HOLDING)) {
        fleet_freeze(worker->fleet);
        enter_phase(worker, WORKER_FREEZING);
    }
    if (worker->phase == WORKER_FREEZING && fleet_frozen(worker->fleet)) {
        counts_of(worker)->frozen_ns = worker->now.ns;
        enter_phase(worker, WORKER_FROZEN);
    }
    if (order >= ORDER_DRAIN && worker->phase == WORKER_FROZEN)
        begin_drain(worker);
}

static void drain(struct worker *worker) {
    if (worker->phase != WORKER_DRAINING)
        return;
    bool by_reset = atomic_load(&worker->orders->drain_by_reset) != 0;
    bool all = fleet_drain(worker->fleet, DRAINS_MAX, by_reset);
    worker->unpublished = true;
    bool late = !instant_before(worker->now, worker->drain_until);
    if (all && (fleet_descriptors(worker->fleet) == 0 || late))
        enter_phase(worker, WORKER_DONE);
}

static instant next_wake(struct worker *worker) {
    const struct tally_counts *counts = counts_of(worker);
    bool under_way = counts->outstanding + counts->connecting > 0;
    instant until = instant_earlier(instant_after(worker->now, under_way ? WATCHFUL : HEARTBEAT),
                                    fleet_next_timer(worker->fleet));
    bool has_room = fleet_has_room(worker->fleet); /* else the end of a handshake wakes us */
    if (ramping(worker) && has_room)
        until = instant_earlier(until, next_open_at(worker));
    if (reconnecting(worker) && has_room)
        until = instant_earlier(until, next_reconnect_at(worker));
    if (in_load(worker) && worker->parts.plan->rate > 0)
        until = instant_earlier(until, next_serve_at(worker));
    if (in_load(worker) && worker->parts.pool != NULL && fleet_queued(worker->fleet) > 0)
        until = instant_earlier(until, instant_after(worker->now, POOL_CHECK));
    if (worker->unpublished)
        until = instant_earlier(until, instant_after(worker->published_at, PUBLISH_LATEST));
    if (worker->phase == WORKER_DRAINING)
        until = instant_earlier(until, instant_after(worker->now, MILLISECOND));
    return until;
}

static void note_pause(struct worker *worker, duration lag) {
    struct tally_counts *counts = counts_of(worker);
    uint64_t length = (uint64_t)instant_since(worker->now, worker->late_from);
    if (lag < LAG_PAUSE)
        return;
    counts->pauses++;
    counts->pauses_ns += length;
    counts->pause_from_ns = worker->late_from.ns;
    counts->pause_to_ns = worker->now.ns;
    if (length > counts->pause_max_ns)
        counts->pause_max_ns = length;
    worker->unpublished = true;
}

static void add_lag(struct worker *worker, duration lag) {
    duration since = instant_since(worker->now, worker->lag_at);
    lag_add_without_omission(&worker->parts.tally->lag, lag, worker->lag_usual,
                             worker->lag_at.ns != 0 ? since : lag);
    worker->lag_at = worker->now;
    worker->lag_usual = lag;
    note_pause(worker, lag);
    duration window = worker->parts.plan->timeout;
    if (instant_since(worker->now, worker->lag_window_since) >= window) {
        worker->lag_window[1] = worker->lag_window[0];
        worker->lag_window[0] = 0;
        worker->lag_window_since = worker->now;
    }
    if (lag > worker->lag_window[0])
        worker->lag_window[0] = lag;
}

static bool loaded(const struct worker *worker) {
    return worker->phase >= WORKER_RAMPING && worker->phase < WORKER_FROZEN;
}

/* Lateness counts where something was due: it is how we know that we, and not the server, were
 * slow. */
static void note_lag(struct worker *worker, instant until) {
    if (loaded(worker) && !instant_before(worker->now, until))
        add_lag(worker, instant_since(worker->now, until));
}

/* Stopped in the midst of a turn: its timers run late, and no wait was. */
static void note_stall(struct worker *worker) {
    duration stall = instant_since(worker->now, worker->began);
    duration tenth = worker->parts.plan->timeout / 10;
    if (loaded(worker) && stall > (tenth < LAG_PAUSE ? tenth : LAG_PAUSE))
        add_lag(worker, stall);
}

/* Deadlines passed in this turn: how late were we in their window? Our lateness is above what it
 * may be where it is above a tenth. */
static void note_deadlines(struct worker *worker, uint64_t answers_before,
                           uint64_t connects_before) {
    enum { LATE_PART = 10 };
    struct tally_counts *counts = counts_of(worker);
    const struct plan *plan = worker->parts.plan;
    uint64_t answers = counts->timed_out - answers_before;
    uint64_t connects = counts->outcomes[OUTCOME_connect_timeout] - connects_before;
    if (answers + connects == 0)
        return;
    duration *windows = worker->lag_window;
    duration worst = windows[0] > windows[1] ? windows[0] : windows[1];
    if (worst > 0 && (uint64_t)worst > counts->deadline_lag_ns)
        counts->deadline_lag_ns = (uint64_t)worst;
    counts->timed_out_late += worst > plan->timeout / LATE_PART ? answers : 0;
    counts->connects_late += worst > plan->connect_timeout / LATE_PART ? connects : 0;
}

static void take_events(struct worker *worker) {
    struct net_event events[EVENTS_AT_ONCE];
    for (size_t count; (count = net_take(worker->parts.net, events, EVENTS_AT_ONCE)) > 0;) {
        for (size_t i = 0; i < count; i++) {
            if (slot_tag_operation(events[i].tag) != WAKE_OPERATION) {
                fleet_event(worker->fleet, &events[i]);
                continue;
            }
            uint64_t orders;
            (void)!read(worker->wake_fd, &orders, sizeof orders);
            net_arm(worker->parts.net, worker->wake_fd, events[i].tag);
        }
        counts_of(worker)->events += count;
        worker->unpublished = true;
        share_live(worker);
        set_clock(worker);
    }
}

static bool timer_is_due(const void *owner) {
    const struct worker *worker = owner;
    return !instant_before(worker->now, fleet_next_timer(worker->fleet));
}

static bool take_more_events(void *owner) {
    struct worker *worker = owner;
    uint64_t before = counts_of(worker)->events;
    take_events(worker);
    return counts_of(worker)->events != before;
}

static void start(struct worker *worker) {
    take_clock(worker, read_clock(worker));
    worker->began = worker->now;
    if (worker->wake_fd >= 0)
        net_arm(worker->parts.net, worker->wake_fd, slot_tag(WAKE_OPERATION, 0, 0));
    enter_phase(worker, WORKER_READY);
}

/* In a closed loop answers come as fast as they are asked for, and each wake costs a server on the
 * same machine as much as a tenth of a request: those that come within GATHER of what was sent are
 * taken together. One that comes later, or all that can come, waits for nothing. Few connections
 * are not waited for: the server would have nothing to do meanwhile. */
static int wait(struct worker *worker, instant until) {
    int64_t paused = atomic_load(&worker->orders->paused_ns);
    uint64_t live = counts_of(worker)->live;
    int result = 0;
    if (plan_is_closed_loop(worker->parts.plan) && live >= GATHER_LIVE) {
        instant soon = instant_earlier(until, instant_after(read_clock(worker), GATHER));
        result = net_wait(worker->parts.net, instant_after(soon, paused), (uint32_t)live);
    }
    return result < 0 ? result : net_wait(worker->parts.net, instant_after(until, paused), 1);
}

/* Answers to requests that went out together come one after the other, and each would wake us,
 * which costs more than to read it: once the first is there the others are waited for, TOGETHER at
 * most. We are late from the first one on. Not with --rate, which asks for exact times. */
static int wait_for_others(struct worker *worker, instant *until) {
    const struct plan *plan = worker->parts.plan;
    if (worker->owed < 2 || plan_is_closed_loop(plan) || plan->rate > 0)
        return 0;
    int64_t paused = atomic_load(&worker->orders->paused_ns);
    duration waited;
    int result = net_wait_together(worker->parts.net, instant_after(*until, paused), TOGETHER,
                                   (uint32_t)worker->owed, &waited);
    if (waited == 0)
        return result;
    worker->waited_for_others = true;
    waited -= atomic_load(&worker->orders->paused_ns) - paused;
    instant since = instant_after(read_clock(worker), -waited);
    take_clock(worker, since);
    *until = instant_earlier(*until, since);
    return result;
}

/* Where answers are too far from each other to be taken together, the wait is a wake more: after
 * each one that brought no other answer twice as many turns' requests go without. */
static void note_use(struct worker *worker, uint64_t events) {
    if (!worker->waited_for_others)
        return;
    worker->waited_for_others = false;
    if (events > 1) {
        worker->waits_alone = 0;
        return;
    }
    worker->owed = 0;
    worker->waits_alone = min_u32(worker->waits_alone + 1, WAITS_ALONE_MAX);
    worker->passed_by = (1U << worker->waits_alone) - 1;
}

static void note_owed(struct worker *worker) {
    const struct tally_counts *counts = counts_of(worker);
    uint64_t ended = counts->sent - counts->outstanding;
    worker->owed -= min_u64(worker->owed, ended - worker->ended);
    note_use(worker, counts->events - worker->events);
    if (counts->sent > worker->sent + 1) {
        worker->owed = worker->passed_by > 0 ? 0 : counts->sent - worker->sent;
        worker->passed_by -= worker->passed_by > 0;
    } else if (counts->sent > worker->sent) {
        worker->owed = 0;
    }
    worker->sent = counts->sent;
    worker->ended = ended;
    worker->events = counts->events;
}

/* A turn that sent or connected may have been busy for a while behind its last look. */
static void note_busy(struct worker *worker) {
    const struct tally_counts *counts = counts_of(worker);
    bool busy = counts->sent > worker->sent || counts->attempted > worker->attempted;
    worker->attempted = counts->attempted;
    worker->taken = worker->now;
    worker->waits_since = busy ? read_clock(worker) : worker->now;
}

int worker_turn(struct worker *worker) {
    if (worker->phase == WORKER_STARTING)
        start(worker);
    instant until = next_wake(worker);
    int result = wait(worker, until);
    if (result == 0)
        result = wait_for_others(worker, &until);
    if (result < 0)
        return result;
    begin_turn(worker, until);
    counts_of(worker)->turns++;
    note_lag(worker, until);
    uint64_t answers = counts_of(worker)->timed_out;
    uint64_t connects = counts_of(worker)->outcomes[OUTCOME_connect_timeout];
    take_events(worker);
    gather_before_timers(worker->parts.net, worker, timer_is_due, take_more_events);
    note_stall(worker);
    worker->unpublished |= fleet_run_timers(worker->fleet);
    note_deadlines(worker, answers, connects);
    pace(worker);
    serve_queue(worker); /* before a freeze: what is due by then is sent */
    fleet_count_transport(worker->fleet);
    follow_orders(worker);
    open_due(worker);
    reconnect_due(worker);
    fleet_end_turn(worker->fleet);
    end_ramp(worker);
    give_heap_back(worker);
    notify_when_empty(worker);
    notify_when_spent(worker);
    drain(worker);
    note_busy(worker);
    note_owed(worker);
    share_live(worker);
    if (worker->unpublished && instant_since(worker->now, worker->published_at) >= PUBLISH_GAP)
        publish(worker);
    return 0;
}
