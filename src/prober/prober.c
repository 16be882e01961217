/* All connections of a prober: which is opened when, what each does next, restarts, and the end. */
#include "prober/prober.h"

#include <stdlib.h>
#include <string.h>

#include "base/minmax.h"
#include "base/require.h"
#include "prober/prober_private.h"

/* From one opening to the next: births, answers and ends are never in step. */
static const duration BETWEEN = 137 * MILLISECOND;
/* Behind a first answer: what ends the connection within this does not keep it. */
static const duration FIRST_WAIT = 100 * MILLISECOND;
/* The clock is looked at so often, so that our own lateness is known. */
static const duration HEARTBEAT = 25 * MILLISECOND;
/* Connections that one event ends, end within this; and all of them within that. */
static const duration BURST = 150 * MILLISECOND, SWEEP = 400 * MILLISECOND;
static const duration RETRY = 500 * MILLISECOND;
/* What is closed as soon as it is open is refused. */
static const duration REFUSED_WITHIN = 200 * MILLISECOND;
/* Behind the longest wait: the last request, and its answer. */
static const duration GRACE = 9 * SECOND / 2;
static const duration ANSWER_MAX = 2 * SECOND;
enum { FIRSTS = 3, RETRIES_MAX = 40, BURST_LEAST = 3 };
enum { FAST_REQUESTS = 1050, STEADY_REQUESTS = 170, GENTLE_STEADY = 8, SPARE_REQUESTS = 60 };

/* ---- What is tried ---- */

#define IDLE(n)                                                                                    \
    { .role = PROBE_IDLE, .requests = n }
#define LADDER(from)                                                                               \
    { .role = PROBE_LADDER, .wait = from }
#define SILENT                                                                                     \
    { .role = PROBE_SILENT }
#define FAST                                                                                       \
    { .role = PROBE_FAST, .requests = FAST_REQUESTS }
#define STEADY(from, part, most, later)                                                            \
    { .role = PROBE_STEADY, .wait = from, .divisor = part, .requests = most, .not_before = later }

/* In the order in which they are opened, behind the first, which waits too. */
static const struct cohort all[] = {
    IDLE(2),
    STEADY(250 * MILLISECOND, 12, STEADY_REQUESTS, 0),
    SILENT,
    LADDER(1 * SECOND),
    IDLE(3),
    FAST,
    IDLE(1),
    SILENT,
    LADDER(3 * SECOND / 2),
    IDLE(2),
    STEADY(390 * MILLISECOND, 14, STEADY_REQUESTS, 9 * SECOND / 2),
};
static const struct cohort gentle[] = {
    IDLE(2), LADDER(1 * SECOND), STEADY(1 * SECOND, 4, GENTLE_STEADY, 0), SILENT, IDLE(1), IDLE(2),
};
static const struct cohort idle_alone[] = {
    IDLE(2), STEADY(250 * MILLISECOND, 12, STEADY_REQUESTS, 0), IDLE(3), LADDER(1 * SECOND),
    IDLE(1),
};

static const struct cohort *cohorts_of(enum probe_scope scope, size_t *count) {
    switch (scope) {
    case PROBE_SCOPE_GENTLE: *count = sizeof gentle / sizeof *gentle; return gentle;
    case PROBE_SCOPE_IDLE: *count = sizeof idle_alone / sizeof *idle_alone; return idle_alone;
    case PROBE_SCOPE_ALL: break;
    }
    *count = sizeof all / sizeof *all;
    return all;
}

static void enqueue(struct prober *prober, const struct cohort *cohort) {
    if (prober->queued < PROBER_QUEUE)
        prober->queue[prober->queued++] = *cohort;
}

static void enqueue_all(struct prober *prober) {
    size_t count;
    const struct cohort *cohorts = cohorts_of(prober->settings.scope, &count);
    for (size_t i = 0; i < count; i++)
        enqueue(prober, &cohorts[i]);
}

/* ---- Birth and end ---- */

static bool reserve(struct prober *prober) {
    const struct exchange *exchange = prober->settings.exchange;
    struct sock_set *socks = &prober->socks;
    size_t send_max = prober->settings.request->length;
    if (prober->settings.other != NULL)
        send_max = max_size(send_max, prober->settings.other->length);
    *socks = (struct sock_set){.net = prober->settings.net,
                               .exchange = exchange,
                               .shared = calloc(1, exchange->shared_bytes + 1),
                               .readers = calloc(PROBER_AT_ONCE, exchange->reader_bytes + 1),
                               .reader = calloc(1, exchange->reader_bytes + 1),
                               .scratch = prober->scratch,
                               .scratch_bytes = sizeof prober->scratch};
    slots_init(&socks->reader_slots, prober->reader_links, PROBER_AT_ONCE);
    const struct sock_transport_parts parts = {.transport = prober->settings.transport,
                                               .first = &prober->conns->sock,
                                               .stride = sizeof *prober->conns,
                                               .count = PROBER_AT_ONCE,
                                               .send_max = send_max};
    return socks->shared != NULL && socks->readers != NULL && socks->reader != NULL &&
           sock_transport_create(&socks->transport, &parts);
}

struct prober *prober_create(const struct prober_settings *settings) {
    struct prober *prober = calloc(1, sizeof *prober);
    if (prober == NULL)
        return NULL;
    prober->settings = *settings;
    prober->settings.timeout = min_i64(settings->timeout, ANSWER_MAX);
    prober->request = settings->request;
    prober->bounds = (struct cohort_bounds){.idle = settings->bound, .wait = INT64_MAX};
    prober->requests_max =
        settings->scope == PROBE_SCOPE_GENTLE ? PROBER_GENTLE_MAX : PROBER_REQUESTS_MAX;
    prober->facts.requests = settings->spent;
    prober->begun_at = prober->expected = net_now(settings->net);
    prober->opened_last = instant_after(prober->begun_at, -SECOND);
    for (size_t i = 0; i < PROBER_AT_ONCE; i++) {
        prober->conns[i].sock = sock_none(0);
        prober->conns[i].trace = PROBER_NO_TRACE;
        prober->conns[i].deadline = INSTANT_NEVER;
    }
    prober_judge(prober, &prober->result);
    if (reserve(prober))
        return prober;
    prober_destroy(prober);
    return NULL;
}

void prober_destroy(struct prober *prober) {
    if (prober == NULL)
        return;
    sock_transport_destroy(prober->socks.transport);
    free(prober->socks.shared);
    free(prober->socks.readers);
    free(prober->socks.reader);
    free(prober);
}

bool prober_quiet(const struct prober *prober) {
    for (size_t i = 0; i < PROBER_AT_ONCE; i++)
        if (prober->conns[i].trace != PROBER_NO_TRACE)
            return false;
    return true;
}

void prober_stop(struct prober *prober, instant now) {
    prober->stopped = true;
    prober->queued = 0;
    for (size_t i = 0; i < PROBER_AT_ONCE; i++)
        prober_conn_end(prober, &prober->conns[i], now);
}

bool prober_done(const struct prober *prober) {
    return prober->stopped;
}

/* ---- What is known ---- */

void prober_judge(const struct prober *prober, struct probe_result *result) {
    const struct probe_evidence evidence = {.traces = prober->traces,
                                            .count = prober->trace_count,
                                            .now = net_now(prober->settings.net)};
    probe_judge(result, &evidence);
}

const struct probe_result *prober_result(const struct prober *prober) {
    return &prober->result;
}

const struct probe_facts *prober_facts(const struct prober *prober) {
    return &prober->facts;
}

const struct probe_trace *prober_traces(const struct prober *prober, size_t *count) {
    *count = prober->trace_count;
    return prober->traces;
}

/* ---- Opening ---- */

static struct prober_conn *free_place(struct prober *prober) {
    for (size_t i = 0; i < PROBER_AT_ONCE; i++)
        if (prober->conns[i].trace == PROBER_NO_TRACE && !prober->conns[i].closing)
            return &prober->conns[i];
    return NULL;
}

static bool may_open(const struct prober *prober) {
    return prober->trace_count < PROBE_TRACES_MAX &&
           prober->facts.connections < prober->settings.connections;
}

static void open_one(struct prober *prober, struct prober_conn *conn, const struct cohort *cohort,
                     instant now) {
    uint32_t index = (uint32_t)prober->trace_count++;
    prober->traces[index] = (struct probe_trace){
        .role = cohort->role, .timeout_s = -1, .requests_announced = -1, .ended_at = now};
    prober->cohorts[index] = *cohort;
    prober->facts.connections++;
    prober->opened_last = now;
    prober_conn_open(prober, conn, index, now);
}

/* The one opened last is open, and has its first answer where it asks; or it has ended. */
static bool last_is_settled(const struct prober *prober) {
    if (prober->trace_count == 0)
        return true;
    const struct probe_trace *last = &prober->traces[prober->trace_count - 1];
    return last->end != PROBE_OPEN || last->answers > 0 || (last->role == PROBE_SILENT && last->up);
}

/* The first of the queue whose time has come; PROBER_QUEUE: none. */
static size_t next_in_queue(const struct prober *prober, instant now) {
    for (size_t i = 0; i < prober->queued; i++)
        if (!instant_before(now, instant_after(prober->waiting_since, prober->queue[i].not_before)))
            return i;
    return PROBER_QUEUE;
}

static void open_next(struct prober *prober, instant now) {
    struct prober_conn *conn = free_place(prober);
    size_t at = next_in_queue(prober, now);
    if (!prober->began || at == PROBER_QUEUE || conn == NULL || !last_is_settled(prober) ||
        instant_before(now, instant_after(prober->opened_last, BETWEEN)) ||
        instant_before(now, prober->retry_at) || instant_before(now, prober->swept_until) ||
        !sock_has_room(&prober->socks))
        return;
    if (!may_open(prober)) {
        prober->queued = 0;
        return;
    }
    struct cohort cohort = prober->queue[at];
    memmove(&prober->queue[at], &prober->queue[at + 1],
            (prober->queued - at - 1) * sizeof prober->queue[0]);
    prober->queued--;
    open_one(prober, conn, &cohort, now);
}

/* ---- The first ---- */

/* The first is asked; where it ends at once, two more are, by the other request where nothing was
 * announced. */
static void open_first(struct prober *prober, instant now) {
    static const struct cohort first = {.role = PROBE_FIRST, .requests = 1};
    struct prober_conn *conn = free_place(prober);
    if (conn != NULL)
        open_one(prober, conn, &first, now);
}

static void begin(struct prober *prober, instant now) {
    struct probe_trace *first = &prober->traces[prober->trace_count - 1];
    first->role = PROBE_IDLE;
    prober->cohorts[prober->trace_count - 1].role = PROBE_IDLE;
    prober->began = prober->facts.begun = true;
    prober->waiting_since = now;
    enqueue_all(prober);
}

static void give_up_first(struct prober *prober, instant now) {
    const struct probe_trace *last = &prober->traces[prober->trace_count - 1];
    prober->facts.not_kept = last->answers > 0;
    prober->facts.announced = last->end == PROBE_END_ANNOUNCED;
    prober->facts.gone = last->answers == 0;
    prober->facts.complete = true;
    prober_stop(prober, now);
}

/* What was not answered is tried again a moment later. */
static bool is_too_early(const struct probe_trace *last, instant now) {
    return last->answers == 0 && instant_since(now, last->ended_at) < RETRY;
}

static void step_first(struct prober *prober, instant now) {
    if (prober->trace_count == 0) {
        open_first(prober, now);
        return;
    }
    const struct probe_trace *last = &prober->traces[prober->trace_count - 1];
    bool kept = last->end == PROBE_OPEN && last->answers > 0;
    if (kept && instant_since(now, last->answered_at) >= FIRST_WAIT) {
        prober->facts.other_kept = prober->request != prober->settings.request;
        begin(prober, now);
    } else if (last->end != PROBE_OPEN && prober->trace_count >= FIRSTS) {
        give_up_first(prober, now);
    } else if (last->end != PROBE_OPEN && !is_too_early(last, now)) {
        if (last->end != PROBE_END_ANNOUNCED && last->answers > 0 && prober->settings.other != NULL)
            prober->request = prober->settings.other;
        open_first(prober, now);
    }
}

/* ---- What each does next ---- */

static instant rested_since(const struct probe_trace *trace) {
    return trace->answers > 0 ? trace->answered_at : trace->opened_at;
}

static bool is_over_time(const struct prober *prober, instant now, duration more) {
    return prober->began &&
           instant_since(now, prober->waiting_since) >= prober->settings.bound + more;
}

/* So late that no answer could be waited for. */
static bool is_beyond_end(const struct prober *prober, instant due) {
    return instant_since(due, prober->waiting_since) > prober->settings.bound + GRACE;
}

/* Some requests are kept back for those that ask once more at the end. */
static bool may_ask(const struct prober *prober, const struct probe_trace *trace) {
    bool waits = trace->role == PROBE_IDLE || trace->role == PROBE_SILENT;
    uint32_t spare = waits ? 0 : prober->settings.scope == PROBE_SCOPE_GENTLE ? 10 : SPARE_REQUESTS;
    return prober->facts.requests + spare < prober->requests_max;
}

/* The earliest moment at which it has something to do. */
static instant step_conn(struct prober *prober, struct prober_conn *conn, instant now) {
    duration wait;
    prober_conn_tick(prober, conn, now);
    if (!prober_conn_idles(prober, conn))
        return conn->trace != PROBER_NO_TRACE ? conn->deadline : INSTANT_NEVER;
    const struct probe_trace *trace = &prober->traces[conn->trace];
    const struct cohort *cohort = &prober->cohorts[conn->trace];
    enum cohort_step step = cohort_next(cohort, trace, &prober->bounds, &wait);
    instant due = instant_after(rested_since(trace), wait);
    bool over =
        is_over_time(prober, now, 0) && (trace->role == PROBE_STEADY || is_beyond_end(prober, due));
    if (step == COHORT_DONE || over) {
        if (trace->role != PROBE_FIRST)
            prober_conn_end(prober, conn, now);
        return INSTANT_NEVER;
    }
    if (trace->role == PROBE_FIRST && trace->answers > 0)
        return INSTANT_NEVER;
    if (instant_before(now, due))
        return due;
    prober_conn_read(prober, conn, now); /* its end may have come while we were late */
    if (!prober_conn_idles(prober, conn))
        return INSTANT_NEVER;
    if (may_ask(prober, trace))
        prober_conn_ask(prober, conn, now);
    else
        prober_conn_end(prober, conn, now);
    return conn->deadline;
}

/* ---- Restarts ---- */

static bool ended_lately(const struct probe_trace *trace, instant now) {
    return trace->up && !trace->swept && probe_trace_ended(trace) &&
           trace->end != PROBE_END_SILENT && instant_since(now, trace->ended_at) <= BURST;
}

/* Several ended together, of which one had been answered much later than others that lived as long:
 * a look at idle ones, no rarer than their timeout, ends none that was idle for half as long. */
static bool is_swept(const struct prober *prober, instant now) {
    size_t count = 0, left = prober->facts.open;
    duration least = INT64_MAX, greatest = 0;
    for (size_t i = 0; i < prober->trace_count; i++) {
        const struct probe_trace *trace = &prober->traces[i];
        if (!trace->up || trace->swept)
            continue;
        duration idle = probe_trace_idle(trace, now);
        count += ended_lately(trace, now);
        if (trace->answers == 0)
            continue;
        greatest = max_i64(greatest, max_i64(trace->gap, idle));
        if (ended_lately(trace, now) && !probe_trace_ended_by_answer(trace))
            least = min_i64(least, idle);
    }
    size_t enough = left == 0 ? 2 : BURST_LEAST;
    return count >= enough && least < greatest / 20 * 9;
}

static void sweep(struct prober *prober, instant now) {
    for (size_t i = 0; i < prober->trace_count; i++) {
        struct probe_trace *trace = &prober->traces[i];
        if (!ended_lately(trace, now))
            continue;
        trace->swept = true;
        prober->changed = true;
    }
}

/* What a restart ended is opened again, once; what it says is waited for as long as before. */
static void begin_again(struct prober *prober, instant now) {
    prober->swept_until = (instant){0};
    prober->facts.restarts++;
    if (prober->facts.restarts > 1)
        return;
    prober->waiting_since = now;
    for (size_t i = 0; i < prober->trace_count; i++) {
        const struct probe_trace *trace = &prober->traces[i];
        if (trace->swept && prober->cohorts[i].role != PROBE_FIRST)
            enqueue(prober, &prober->cohorts[i]);
    }
}

static void watch_for_restart(struct prober *prober, instant now) {
    bool sweeping = prober->swept_until.ns != 0;
    if (!sweeping && is_swept(prober, now)) {
        prober->swept_until = instant_after(now, SWEEP);
        sweep(prober, now);
    } else if (sweeping) {
        sweep(prober, now);
        if (!instant_before(now, prober->swept_until))
            begin_again(prober, now);
    }
}

/* ---- One that was not answered while others are ---- */

static bool is_refused(const struct prober *prober, const struct probe_trace *trace) {
    if (!probe_trace_ended(trace) && trace->end != PROBE_END_FAILED)
        return false;
    if (trace->answers == 0)
        return !trace->up || trace->role != PROBE_SILENT ||
               probe_trace_age(trace, trace->ended_at) < REFUSED_WITHIN;
    return trace->answers == 1 && trace->status >= 500 && prober->traces[0].status < 500;
}

/* It says nothing more than that it was not opened: its place is free for the next. */
static void forget_last(struct prober *prober) {
    prober->trace_count--;
    prober->facts.connections--;
    prober->seen = prober->trace_count;
}

/* Behind a restart it is tried again, as long as a server takes to start; else it is one more than
 * the server holds. */
static void use_refusal(struct prober *prober, instant now) {
    size_t last = prober->trace_count - 1;
    bool again = prober->facts.open == 0 || prober->facts.restarts > 0;
    if (!again) {
        prober->facts.holds = prober->facts.open;
        prober->queued = 0;
        return;
    }
    struct cohort cohort = prober->cohorts[last];
    if (prober->traces[last].end == PROBE_END_FAILED)
        forget_last(prober);
    if (prober->retries++ >= RETRIES_MAX) {
        prober->facts.gone = prober->facts.open == 0;
        prober->queued = 0;
        return;
    }
    prober->retry_at = instant_after(now, RETRY);
    cohort.not_before = 0;
    enqueue(prober, &cohort);
}

static void watch_for_refusal(struct prober *prober, instant now) {
    if (!prober->began || prober->seen == prober->trace_count || !last_is_settled(prober))
        return;
    const struct probe_trace *last = &prober->traces[prober->trace_count - 1];
    prober->seen = prober->trace_count;
    if (is_refused(prober, last) && prober->swept_until.ns == 0)
        use_refusal(prober, now);
}

/* ---- What follows of what is known ---- */

static uint32_t count_role(const struct prober *prober, enum probe_role role) {
    uint32_t count = 0;
    for (size_t i = 0; i < prober->trace_count; i++)
        count += prober->traces[i].role == role;
    return count;
}

/* The same count once more, at another age. */
static void follow_fast(struct prober *prober, const struct probe_trace *trace) {
    uint32_t needed =
        prober->facts.requests + trace->answers + SPARE_REQUESTS + STEADY_REQUESTS / 2;
    if (prober->fast_again || !probe_trace_ended_by_answer(trace) || needed > prober->requests_max)
        return;
    prober->fast_again = true;
    enqueue(prober, &(struct cohort){.role = PROBE_FAST, .requests = trace->answers + 8});
}

/* One more of that age; so slow that a limit of requests does not end it before. */
static void follow_steady(struct prober *prober, size_t index, instant now) {
    enum { STEADIES_MAX = 4 };
    const struct probe_trace *trace = &prober->traces[index];
    const struct probe_value *requests = &prober->result.values[PROBE_REQUESTS];
    struct cohort cohort = prober->cohorts[index];
    duration age = probe_trace_age(trace, now), bound = prober->settings.bound;
    if (count_role(prober, PROBE_STEADY) >= STEADIES_MAX || is_over_time(prober, now, -age))
        return;
    cohort.not_before = 0;
    if (requests->status == PROBE_FOUND && requests->value == trace->answers) {
        duration slow = trace->answers > 1 ? bound / (duration)(trace->answers - 1) : bound;
        if (slow > prober->bounds.wait)
            return;
        cohort.wait = slow;
    }
    enqueue(prober, &cohort);
}

static bool any_bisects(const struct prober *prober) {
    for (size_t i = 0; i < prober->queued; i++)
        if (prober->queue[i].once)
            return true;
    for (size_t i = 0; i < prober->trace_count; i++)
        if (prober->cohorts[i].once && prober->traces[i].end == PROBE_OPEN)
            return true;
    return false;
}

/* Waits between the longest that was answered and the shortest that was lost. */
static void follow_forgotten(struct prober *prober, instant now) {
    const struct probe_value *idle = &prober->result.values[PROBE_IDLE_TIMEOUT];
    enum { AT_ONCE = 3 };
    if (!idle->forgotten || any_bisects(prober))
        return;
    duration low = (duration)(idle->low * 1e9), high = (duration)(idle->high * 1e9);
    if (high - low <= max_i64(200 * MILLISECOND, high / 20) ||
        is_over_time(prober, now, GRACE - high - prober->settings.timeout - SECOND))
        return;
    for (int i = 1; i <= AT_ONCE; i++)
        enqueue(prober, &(struct cohort){.role = PROBE_LADDER,
                                         .once = true,
                                         .wait = low + (high - low) * i / (AT_ONCE + 1)});
}

/* All that waited ended at one moment: a look, or a restart that left the others alone. Some more,
 * apart from each other, tell. */
static void follow_moment(struct prober *prober, instant now) {
    const struct probe_value *idle = &prober->result.values[PROBE_IDLE_TIMEOUT];
    static const duration apart[] = {0, 900 * MILLISECOND, 1900 * MILLISECOND};
    enum { ROUNDS_MAX = 2 };
    if (!idle->one_moment || prober->queued > 0 || prober->rounds >= ROUNDS_MAX ||
        is_over_time(prober, now, GRACE - (duration)(idle->low * 1.5e9) - 2 * SECOND))
        return;
    for (size_t i = 0; i < prober->trace_count; i++)
        if (prober->traces[i].role == PROBE_IDLE && prober->traces[i].end == PROBE_OPEN)
            return;
    prober->rounds++;
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        enqueue(prober, &(struct cohort){.role = PROBE_IDLE,
                                         .requests = 1,
                                         .not_before =
                                             instant_since(now, prober->waiting_since) + apart[i]});
}

/* Once it is sure that no restart ended it. */
static void follow_ends(struct prober *prober, instant now) {
    for (size_t i = 0; i < prober->trace_count; i++) {
        const struct probe_trace *trace = &prober->traces[i];
        if (prober->followed[i] || !trace->up || !probe_trace_ended(trace) ||
            instant_since(now, trace->ended_at) <= BURST + HEARTBEAT)
            continue;
        prober->followed[i] = true;
        if (trace->swept)
            continue;
        if (trace->role == PROBE_FAST)
            follow_fast(prober, trace);
        if (trace->role == PROBE_STEADY)
            follow_steady(prober, i, now);
    }
}

static bool is_followed(const struct prober *prober) {
    for (size_t i = 0; i < prober->trace_count; i++)
        if (!prober->followed[i] && prober->traces[i].up && probe_trace_ended(&prober->traces[i]))
            return false;
    return true;
}

/* ---- One turn ---- */

static void judge_anew(struct prober *prober, instant now) {
    const struct probe_value *idle = &prober->result.values[PROBE_IDLE_TIMEOUT];
    if (!prober->changed || instant_since(now, prober->judged_at) < HEARTBEAT)
        return;
    prober->changed = false;
    prober->judged_at = now;
    prober_judge(prober, &prober->result);
    double shortest = idle->status != PROBE_AT_LEAST && idle->low > 0 ? idle->low : 1e9;
    prober->bounds.wait = (duration)(0.4 * shortest * 1e9);
}

/* The kernel may hold back, for a turn or two, what came while we were late. */
static void note_lateness(struct prober *prober, instant now) {
    duration late = instant_since(now, prober->expected);
    prober->facts.late_max = max_i64(prober->facts.late_max, late);
    if (late < HEARTBEAT || (late < prober->late && instant_before(now, prober->late_until)))
        return;
    prober->late = late;
    prober->late_until = instant_after(now, max_i64(4 * HEARTBEAT, late / 4));
}

static void note_progress(struct prober *prober, instant now) {
    struct probe_facts *facts = &prober->facts;
    note_lateness(prober, now);
    facts->elapsed = instant_since(now, prober->begun_at);
    facts->waited = prober->began ? instant_since(now, prober->waiting_since) : 0;
    facts->longest = 0;
    for (size_t i = 0; i < PROBER_AT_ONCE; i++) {
        const struct prober_conn *conn = &prober->conns[i];
        if (prober_conn_idles(prober, conn) && prober->traces[conn->trace].answers > 0)
            facts->longest =
                max_i64(facts->longest, probe_trace_idle(&prober->traces[conn->trace], now));
    }
}

/* Of the idle timeout alone, two ends and one more are enough. */
static bool is_enough(const struct prober *prober) {
    const struct probe_value *idle = &prober->result.values[PROBE_IDLE_TIMEOUT];
    return prober->settings.scope == PROBE_SCOPE_IDLE && is_followed(prober) &&
           idle->status == PROBE_FOUND && idle->agreeing >= 3;
}

static bool is_finished(const struct prober *prober) {
    return prober->began && prober->queued == 0 && prober->swept_until.ns == 0 &&
           prober_quiet(prober) && is_followed(prober);
}

static void finish_if_over(struct prober *prober, instant now) {
    bool complete = is_finished(prober) || is_enough(prober);
    if (!complete && !is_over_time(prober, now, GRACE))
        return;
    prober->facts.complete = true;
    prober_stop(prober, now);
}

instant prober_tick(struct prober *prober, instant now) {
    instant due = instant_after(now, HEARTBEAT);
    if (prober->stopped)
        return INSTANT_NEVER;
    note_progress(prober, now);
    for (size_t i = 0; i < PROBER_AT_ONCE; i++)
        due = instant_earlier(due, step_conn(prober, &prober->conns[i], now));
    if (!prober->began)
        step_first(prober, now);
    watch_for_restart(prober, now);
    watch_for_refusal(prober, now);
    judge_anew(prober, now);
    if (prober->began && prober->swept_until.ns == 0) {
        follow_ends(prober, now);
        follow_forgotten(prober, now);
        if (is_followed(prober))
            follow_moment(prober, now);
    }
    open_next(prober, now);
    finish_if_over(prober, now);
    prober->expected = due;
    return due;
}

void prober_event(struct prober *prober, const struct net_event *event, instant now) {
    uint32_t about = slot_tag_slot(event->tag) >> 8, index = slot_tag_slot(event->tag) & 0xff;
    require(index < PROBER_AT_ONCE);
    struct prober_conn *conn = &prober->conns[index];
    if (conn->trace == PROBER_NO_TRACE || slot_tag_generation(event->tag) != conn->sock.generation)
        return;
    prober_conn_event(prober, conn, about, event->result, now);
}
