/* A worker's turn: wait, take completions, run timers, open what the ramp owes and what is to be
 * refilled, publish. */
#include "engine/worker.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/require.h"
#include "base/slots.h"

enum {
    EVENTS_AT_ONCE = 32, /* between two readings of the clock */
    OPENS_MAX = 256,     /* in one turn: a ramp that was held up catches up in bounded bursts */
    DRAINS_MAX = 1024,   /* in one turn */
    GATHER_LIVE = 24,    /* connections from which on waiting pays, see wait() */
    WAKE_OPERATION = FLEET_OPERATIONS,
};
/* Not more often than this, and not later than that: between them lies the longest tick, so that
 * publishing wakes nobody who would not wake anyway. */
static const duration PUBLISH_GAP = 5 * MILLISECOND;
static const duration PUBLISH_LATEST = 20 * MILLISECOND;
static const duration LINE_LOOK = 100 * MILLISECOND; /* has a request come back to the pool? */
/* Requests of --rate that are due within this go out together: exact moments for up to 4,000 a
 * second of a worker, and beyond it a wake for each would cost more than the requests. */
static const duration SCHEDULE_GRAIN = 250 * MICROSECOND;
static const duration GATHER = 25 * MICROSECOND; /* see wait() */
static const duration HEARTBEAT = 1 * SECOND;
static const duration DRAIN_PATIENCE = 5 * SECOND;

int worker_init(struct worker *worker, const struct fleet_parts *parts, const struct orders *orders,
                struct tally_board *board, int wake_fd, int notify_fd) {
    *worker = (struct worker){
        .parts = *parts,
        .orders = orders,
        .board = board,
        .wake_fd = wake_fd,
        .notify_fd = notify_fd,
        .phase = WORKER_STARTING,
        .share = plan_share(parts->plan, parts->worker),
        .quantum = 1,
        .redials = {.interval = cadence_interval(parts->plan->ramp.rate, parts->plan->workers)},
    };
    worker->fleet = fleet_create(parts);
    return worker->fleet == NULL ? -ENOMEM : 0;
}

void worker_free(struct worker *worker) {
    fleet_destroy(worker->fleet);
    worker->fleet = NULL;
}

static struct counts *counts_of(struct worker *worker) {
    return &worker->parts.tally->counts;
}

/* The run clock: stands still while the run is stopped. The pause may grow between the two readings
 * around the clock; then the clock's is taken again. */
static instant read_clock(struct worker *worker) {
    int64_t before, after;
    instant now;
    do {
        before = atomic_load(&worker->orders->paused_ns);
        now = net_now(worker->parts.net);
        after = atomic_load(&worker->orders->paused_ns);
    } while (before != after);
    return instant_after(now, -after);
}

static void set_late(struct worker *worker, duration late) {
    worker->late = late;
    fleet_set_late(worker->fleet, worker->began_before, late);
}

static void take_clock(struct worker *worker, instant now) {
    worker->now = now;
    fleet_set_clock(worker->fleet, now);
}

/* A turn that itself takes longer than its wait was late is as late as it is long. */
static void set_clock(struct worker *worker) {
    take_clock(worker, read_clock(worker));
    if (instant_since(worker->now, worker->began) > worker->late)
        set_late(worker, instant_since(worker->now, worker->began));
}

/* The wait that was to end at `until` is over, and with it a turn begins. */
static void begin_turn(struct worker *worker, instant until) {
    take_clock(worker, read_clock(worker));
    worker->began_before = worker->began;
    worker->began = worker->now;
    bool late = instant_before(until, worker->now);
    set_late(worker, late ? instant_since(worker->now, until) : 0);
}

static void publish(struct worker *worker) {
    counts_of(worker)->phase = worker->phase;
    counts_of(worker)->cq_overflows = net_overflows(worker->parts.net);
    tally_publish(worker->board, worker->parts.tally);
    worker->published_at = worker->now;
    worker->unpublished = false;
}

static void enter_phase(struct worker *worker, enum worker_phase phase) {
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

/* Fits the quantum to the worker's own rate, once a second. */
static void pace(struct worker *worker) {
    if (instant_since(worker->now, worker->paced_at) < SECOND && worker->paced_at.ns != 0)
        return;
    worker->paced_at = worker->now;
    const struct plan *plan = worker->parts.plan;
    double think = duration_seconds(plan_think_mean(plan));
    double rate = think > 0 ? (double)counts_of(worker)->live / think : 0;
    if (worker->opened < worker->share || counts_of(worker)->refilling > 0)
        rate +=
            (double)plan->ramp.rate.count / duration_seconds(plan->ramp.rate.per) / plan->workers;
    /* Exponential think times have no shortest one: one in ten is below a tenth of the mean. */
    duration shortest = plan->think_mean > 0 ? plan->think_mean / 10 : plan->think.low;
    worker->quantum = worker_quantum(rate, shortest);
    fleet_set_quantum(worker->fleet, worker->quantum);
}

/* The global order of the next connection that is to be opened. */
static uint64_t next_order(const struct worker *worker) {
    return (uint64_t)worker->opened * worker->parts.plan->workers + worker->parts.worker;
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
    for (int i = 0; i < OPENS_MAX && ramping(worker); i++) {
        duration elapsed = instant_since(worker->now, worker->start);
        if (ramp_due(&worker->parts.plan->ramp, elapsed) <= next_order(worker))
            return;
        duration late = instant_since(worker->now, next_open_at(worker));
        struct counts *counts = counts_of(worker);
        if (late > 0 && (uint64_t)late > counts->ramp_late_ns)
            counts->ramp_late_ns = (uint64_t)late;
        if (counts->first_attempt_ns == 0)
            counts->first_attempt_ns = worker->now.ns;
        fleet_open(worker->fleet, worker->opened++);
        cadence_begin(&worker->redials, worker->now);
        worker->unpublished = true;
    }
}

/* Whether a connection waits for a place of the ramp's rate: first dials come first, and take them
 * all. */
static bool redialling(const struct worker *worker) {
    return (worker->phase == WORKER_RAMPING || worker->phase == WORKER_HOLDING) &&
           worker->opened == worker->share && fleet_redials_due(worker->fleet) > 0;
}

static duration tick_of(const struct worker *worker) {
    return (duration)worker->quantum * MILLISECOND;
}

static void redial_due(struct worker *worker) {
    for (int i = 0; i < OPENS_MAX && redialling(worker); i++) {
        if (!cadence_take(&worker->redials, worker->now, tick_of(worker)))
            return;
        fleet_redial(worker->fleet);
        worker->unpublished = true;
    }
}

/* The next place, rounded up to the quantum. */
static instant next_redial_at(const struct worker *worker) {
    duration grain = tick_of(worker);
    duration due = instant_since(worker->redials.next, worker->start);
    return instant_after(worker->start, (due + grain - 1) / grain * grain);
}

/* The ramp of this share is complete when the first attempt of each is open or has ended. */
static void end_ramp(struct worker *worker) {
    if (worker->phase != WORKER_RAMPING || worker->opened < worker->share ||
        fleet_first_dials(worker->fleet) > 0)
        return;
    counts_of(worker)->ramp_done_ns = worker->now.ns;
    enter_phase(worker, WORKER_HOLDING);
}

/* Nothing is live any more and nothing will be: the parent need not wait for its next look. */
static void tell_when_empty(struct worker *worker) {
    if (worker->phase != WORKER_HOLDING || worker->told_empty || counts_of(worker)->live > 0 ||
        plan_reconnects(worker->parts.plan))
        return;
    worker->told_empty = true;
    enter_phase(worker, WORKER_HOLDING);
}

/* The pool of -n is empty and all that was asked has ended: the same. */
static void tell_when_spent(struct worker *worker) {
    if (worker->phase != WORKER_HOLDING || !fleet_is_spent(worker->fleet)) {
        worker->told_spent = false;
        return;
    }
    if (worker->told_spent)
        return;
    worker->told_spent = true;
    enter_phase(worker, WORKER_HOLDING);
}

static bool in_load(const struct worker *worker) {
    return worker->phase == WORKER_RAMPING || worker->phase == WORKER_HOLDING;
}

/* Requests of the schedule, and those that came back to the pool, go to who waited longest. */
static void serve_line(struct worker *worker) {
    if (!in_load(worker))
        return;
    int64_t hold_ns = atomic_load(&worker->orders->hold_ns);
    if (hold_ns != 0 && fleet_awaits_hold(worker->fleet))
        fleet_hold(worker->fleet, (instant){hold_ns});
    if (!fleet_serve_line(worker->fleet))
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
    worker->drain_until = instant_after(worker->now, DRAIN_PATIENCE);
    enter_phase(worker, WORKER_DRAINING);
}

/* Carries out what the parent ordered since the last turn, one step after the other. */
static void obey(struct worker *worker) {
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
    instant until =
        instant_earlier(instant_after(worker->now, HEARTBEAT), fleet_next_timer(worker->fleet));
    if (ramping(worker))
        until = instant_earlier(until, next_open_at(worker));
    if (redialling(worker))
        until = instant_earlier(until, next_redial_at(worker));
    if (in_load(worker) && worker->parts.plan->rate > 0)
        until = instant_earlier(until, next_serve_at(worker));
    if (in_load(worker) && worker->parts.pool != NULL && fleet_in_line(worker->fleet) > 0)
        until = instant_earlier(until, instant_after(worker->now, LINE_LOOK));
    if (worker->unpublished)
        until = instant_earlier(until, instant_after(worker->published_at, PUBLISH_LATEST));
    if (worker->phase == WORKER_DRAINING)
        until = instant_earlier(until, instant_after(worker->now, MILLISECOND));
    return until;
}

static void add_lag(struct worker *worker, duration lag) {
    histogram_add(&worker->parts.tally->lag, lag);
    duration window = worker->parts.plan->options->timeout;
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
    if (loaded(worker) && stall > worker->parts.plan->options->timeout / 10)
        add_lag(worker, stall);
}

/* A deadline passed in this turn: how late were we in its window? */
static void note_deadlines(struct worker *worker, uint64_t deadlines_before) {
    struct counts *counts = counts_of(worker);
    if (counts->timed_out + counts->outcomes[OUTCOME_connect_timeout] == deadlines_before)
        return;
    for (int i = 0; i < 2; i++)
        if (worker->lag_window[i] > 0 && (uint64_t)worker->lag_window[i] > counts->deadline_lag_ns)
            counts->deadline_lag_ns = (uint64_t)worker->lag_window[i];
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
        set_clock(worker);
    }
}

/* No timer fires before the completions that were ready are taken. The kernel may have run only
 * some of them, so it is asked again until it has no more; bounded, for new ones may come as fast
 * as we take. */
static void gather_before_timers(struct worker *worker) {
    enum { ROUNDS = 64 };
    for (int i = 0; i < ROUNDS; i++) {
        if (instant_before(worker->now, fleet_next_timer(worker->fleet)))
            return;
        uint64_t before = counts_of(worker)->events;
        net_gather(worker->parts.net);
        take_events(worker);
        if (counts_of(worker)->events == before)
            return;
    }
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

int worker_turn(struct worker *worker) {
    if (worker->phase == WORKER_STARTING)
        start(worker);
    instant until = next_wake(worker);
    int result = wait(worker, until);
    if (result < 0)
        return result;
    begin_turn(worker, until);
    counts_of(worker)->turns++;
    note_lag(worker, until);
    uint64_t deadlines =
        counts_of(worker)->timed_out + counts_of(worker)->outcomes[OUTCOME_connect_timeout];
    take_events(worker);
    gather_before_timers(worker);
    note_stall(worker);
    worker->unpublished |= fleet_run_timers(worker->fleet);
    note_deadlines(worker, deadlines);
    pace(worker);
    serve_line(worker); /* before a freeze: what is due by then is sent */
    obey(worker);
    open_due(worker);
    redial_due(worker);
    fleet_end_turn(worker->fleet);
    end_ramp(worker);
    tell_when_empty(worker);
    tell_when_spent(worker);
    drain(worker);
    if (worker->unpublished && instant_since(worker->now, worker->published_at) >= PUBLISH_GAP)
        publish(worker);
    return 0;
}
