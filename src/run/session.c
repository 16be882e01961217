/* One run in the parent: what each signal, event and timer of its loop does. */
#include "options/options.h"
#include "run/session_private.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/require.h"
#include "base/slots.h"
#include "base/text.h"
#include "report/format/log.h"
#include "run/orders.h"
#include "run/priority.h"
#include "wire/http/http_exchange.h"

enum {
    SIGNAL_OPERATION,
    NOTIFY_OPERATION,
    MEMBER_OPERATION,
    STATUS_OPERATION,
    EXEC_OPERATION,
    ORDERS_OPERATION
};
enum { AUTO_LINE_TICKS = 10, MEMORY_TICKS = 10 };
static const duration LEADERLESS_TIME = 1500 * MILLISECOND;

static void set_clock(struct session *session) {
    session->now = instant_after(net_now(session->loop.net), -crew_paused(session->crew));
}

/* Thousands of workers may come and go one by one: to sum up all of them for each takes long. */
static instant sample_due(const void *owner) {
    enum { PAUSE_TIMES = 10 };
    const struct session *session = owner;
    instant due = instant_after(session->sampled_at, PAUSE_TIMES * session->sample_took);
    return session->sample_wanted ? instant_after(due, -crew_paused(session->crew)) : INSTANT_NEVER;
}

static void sample_wanted(void *owner) {
    struct session *session = owner;
    session_record_members(session); /* how they ended, for whoever explains it */
    session_sample(session);
}

/* --- signals --- */

/* ^Z: the crew stops first and continues last, with the time between taken out of the run clock. */
static void suspend(struct session *session) {
    crew_stop(session->crew);
    instant stopped = net_now(session->loop.net);
    raise(SIGSTOP);
    crew_continue(session->crew, instant_since(net_now(session->loop.net), stopped));
    set_clock(session);
}

/* The run is over: but for the poller's, which still closes its connection, no event counts. */
static void remove_sources(struct session *session) {
    static const uint8_t over[] = {SIGNAL_OPERATION, NOTIFY_OPERATION, MEMBER_OPERATION,
                                   EXEC_OPERATION, ORDERS_OPERATION};
    for (size_t i = 0; i < sizeof over; i++)
        loop_forget(&session->loop, over[i]);
}

/* Whoever has the order pipe stops a run once; a signal after that says that it is gone. */
static void interrupt(struct session *session) {
    if (session->stopping && orders_fd() >= 0)
        return;
    if (session->stopping) {
        session_cut_short(session);
        remove_sources(session);
        return;
    }
    session->stopping = true;
    session->record->stopped = true;
    bool planned =
        session->plan->hold == 0 && session->plan->requests == 0 && session->phase == PHASE_HOLD;
    session->record->interrupted = !planned && session->phase < PHASE_FREEZE;
    notes_print(&session->notes, "ending in order; a second interrupt leaves at once");
}

/* A part's end is its leader's to ask for: a signal there is never the end that was planned. */
static void take_interrupt(struct session *session) {
    bool first = !session->stopping;
    interrupt(session);
    session->record->interrupted |=
        first && session_has_leader(session) && session->phase < PHASE_FREEZE;
}

/* --- marks --- */

static void mark(struct session *session, const char *text, uint32_t number) {
    struct marks *marks = &session->record->marks;
    session_sample(session);
    struct mark_look now = session_look(session);
    if (session->phase == PHASE_START) {
        notes_print(&session->notes, "%s: the run has not begun yet: no mark", text);
        return;
    }
    size_t index = marks_add(marks, MARK_SIGNAL, text, &now);
    if (index == MARKS_MAX) {
        notes_print(&session->notes, "%s: more than %d marks are not kept", text, MARKS_MAX);
        return;
    }
    marks->items[index].number = number;
    notes_print(&session->notes, "mark: %s", text);
}

/* A rule can no longer hold, as whoever judges it says: the run ends in order. */
static void abort_run(struct session *session, const char *rule) {
    struct record *record = session->record;
    if (session->aborting || session->phase >= PHASE_FREEZE)
        return;
    session->aborting = true;
    record->ended_seconds = session_run_time(session);
    snprintf(record->ended_by, sizeof record->ended_by, "%s", rule);
    notes_print(&session->notes, "%s can no longer hold: ending in order", rule);
}

/* The end, in order, with as little time for what is outstanding as without a leader. */
static void hurry(struct session *session) {
    session->leader_lost = session->now;
    interrupt(session);
}

/* Whoever started us to give orders is gone; the kernel may have said so by a signal too. */
static void lose_leader(struct session *session) {
    loop_forget(&session->loop, ORDERS_OPERATION);
    hurry(session);
}

static void take_orders(void *owner, const struct net_event *event, instant now) {
    struct session *session = owner;
    char shown[2 * MARK_TEXT_MAX];
    struct order order;
    (void)event, (void)now;
    set_clock(session);
    while (orders_next(&order) != ORDER_NONE && order.kind != ORDER_END)
        if (order.kind == ORDER_MARK)
            mark(session, text_escape(shown, sizeof shown, order.text), order.number);
        else if (order.kind == ORDER_ABORT)
            abort_run(session, order.text);
        else if (order.kind == ORDER_STOP)
            interrupt(session);
        else if (order.kind == ORDER_HURRY)
            hurry(session);
    if (order.kind == ORDER_END)
        lose_leader(session);
    else
        loop_arm(&session->loop, orders_fd(), ORDERS_OPERATION, 0);
}

/* Without a leader what is still outstanding is not waited for as long as its deadline is. */
static instant leaderless_end(const void *owner) {
    const struct session *session = owner;
    bool cut = session->record->cut || session->phase == PHASE_OVER;
    return session->leader_lost.ns == 0 || cut
               ? INSTANT_NEVER
               : instant_after(session->leader_lost, LEADERLESS_TIME);
}

static void cut_leaderless(void *owner) {
    struct session *session = owner;
    session_cut_short(session);
    remove_sources(session);
}

static bool is_loaded(const struct session *session) {
    return session->phase == PHASE_RAMP || session->phase == PHASE_HOLD;
}

static instant exec_due(const void *owner) {
    const struct session *session = owner;
    duration due = execs_due(&session->execs);
    return is_loaded(session) && due < INT64_MAX ? instant_after(session->started, due)
                                                 : INSTANT_NEVER;
}

static void start_execs(void *owner) {
    struct session *session = owner;
    session_sample(session);
    struct mark_look now = session_look(session);
    execs_turn(&session->execs, instant_since(session->now, session->started), &now);
}

/* The end of a mark's window, while what is lost is still counted. */
static instant window_end(const void *owner) {
    const struct session *session = owner;
    double due = session->phase < PHASE_DRAIN ? marks_due(&session->record->marks) : INFINITY;
    return isfinite(due) ? instant_after(session->started, (duration)llround(due * 1e9))
                         : INSTANT_NEVER;
}

static void end_windows(void *owner) {
    session_sample(owner);
}

static void take_signal(void *owner, int number) {
    struct session *session = owner;
    set_clock(session);
    switch (number) {
    case SIGTSTP: suspend(session); break;
    case SIGUSR1:
        session_sample(session);
        session_print_line(session);
        break;
    case SIGUSR2: mark(session, "SIGUSR2", 0); break;
    case SIGWINCH: screen_resized(&session->screen); break;
    case SIGCONT: screen_resumed(&session->screen); break;
    default: take_interrupt(session);
    }
}

/* --- events --- */

static void reap(struct session *session, uint32_t index) {
    crew_reap(session->crew, index);
    const struct crew_member *member = crew_member(session->crew, index);
    if (!member->gone) {
        loop_arm(&session->loop, member->pidfd, MEMBER_OPERATION, index);
        return;
    }
    session->sample_wanted = true;
    if (!member->lost)
        return;
    if (WIFEXITED(member->status) && WEXITSTATUS(member->status) == EXIT_BUG)
        session->record->bug_exit = EXIT_BUG;
    notes_print(&session->notes,
                "worker %" PRIu32 " (pid %d) %s %d: its share of %" PRIu32 " connections is lost",
                index, (int)member->pid,
                WIFSIGNALED(member->status) ? "was killed by signal" : "left with exit code",
                WIFSIGNALED(member->status) ? WTERMSIG(member->status)
                                            : WEXITSTATUS(member->status),
                member->share);
}

static void take_member(void *owner, const struct net_event *event, instant now) {
    (void)now;
    reap(owner, slot_tag_slot(event->tag));
}

static void take_notice(void *owner, const struct net_event *event, instant now) {
    struct session *session = owner;
    uint64_t count;
    (void)event, (void)now;
    (void)!read(crew_notify_fd(session->crew), &count, sizeof count);
    loop_arm(&session->loop, crew_notify_fd(session->crew), NOTIFY_OPERATION, 0);
    session->sample_wanted = true;
}

static void take_exec(void *owner, const struct net_event *event, instant now) {
    struct session *session = owner;
    (void)now;
    execs_event(&session->execs, slot_tag_slot(event->tag));
}

static void take_poll(void *owner, const struct net_event *event, instant now) {
    struct session *session = owner;
    (void)now;
    set_clock(session);
    if (session->phase != PHASE_OVER)
        session_sample(session);
    observers_event(&session->observers, event, session->now, session->total->counts.sent);
}

/* --- the tick --- */

static bool shows_line(const struct session *session) {
    const struct options *options = session->plan->options;
    if (options->quiet || options->ui == UI_NONE || screen_is_open(&session->screen))
        return false;
    return options->ui == UI_LINE || session->ticks % AUTO_LINE_TICKS == 0;
}

/* --abort-on-fail: the first rule that nothing to come can make hold ends the run, in order. */
static void watch_rules(struct session *session) {
    if (!session->plan->options->abort_on_fail || session->aborting ||
        session->phase >= PHASE_FREEZE)
        return;
    for (size_t i = 0; i < session->rules.count && !session->aborting; i++) {
        const struct rule *rule = &session->rules.items[i];
        if (!rule_is_feasible(rule, session->plan, session->so_far))
            abort_run(session, rule->expression);
    }
}

/* Who was held up counts a new second from there; a part keeps those of all parts. */
static void set_next_tick(struct session *session) {
    session->next_tick = instant_after(session->next_tick, SECOND);
    duration late = instant_since(session->now, session->next_tick);
    if (late > 0)
        session->next_tick = session_has_leader(session)
                                 ? instant_after(session->next_tick, (late / SECOND + 1) * SECOND)
                                 : instant_after(session->now, SECOND);
}

static void do_tick(struct session *session) {
    set_next_tick(session);
    session->ticks++;
    log_flush();
    execs_tick(&session->execs);
    session_sample(session);
    observers_tick(&session->observers, session->now, session->phase < PHASE_DRAIN);
    if (session->phase == PHASE_HOLD && session->ticks % MEMORY_TICKS == 0)
        meter_memory(&session->meter, session->crew);
    if (is_loaded(session))
        lookup_tick(&session->lookup, session->crew, &session->notes,
                    session->total->counts.refilling > 0, session->now);
    session_take_second(session);
    if (shows_line(session))
        session_print_line(session);
    session_report_outcomes(session, &session->total->counts);
    watch_rules(session);
    if (plan_reconnects(session->plan) && session->phase == PHASE_HOLD)
        notes_refill(&session->notes, &session->total->counts, session->plan->connections,
                     session->now);
    if (screen_is_open(&session->screen)) {
        view_tick(&session->view, &session->meter, session->crew, session->plan, session->setup,
                  session->total, observers_per_second(&session->observers),
                  instant_since(session->now, session->started));
        if (session->so_far != NULL && session->phase < PHASE_DRAIN)
            view_rules(&session->view, &session->rules, session->plan, session->so_far);
        session_show_block(session);
    }
}

/* Before the ramp no second is counted: the loop only looks whether the ramp may begin, once a
 * second at least, for a wall clock that --start-at waits for may be set meanwhile. */
static instant tick_due(const void *owner) {
    const struct session *session = owner;
    if (session->phase != PHASE_START)
        return session->begun ? session->next_tick : INSTANT_NEVER;
    duration left = session_start_left(session);
    return instant_after(session->now, left > 0 && left < SECOND ? left : SECOND);
}

/* How long it took is kept: nothing in it may hold up the loop. */
static void tick(void *owner) {
    struct session *session = owner;
    instant before = net_now(session->loop.net);
    do_tick(session);
    double took = duration_seconds(instant_since(net_now(session->loop.net), before));
    if (!(took <= session->record->tick_seconds_max))
        session->record->tick_seconds_max = took;
}

/* --- the turn --- */

/* The next tick at which the server's count is asked for. */
static instant counted_tick(const struct session *session) {
    return is_loaded(session) ? session->next_tick : INSTANT_NEVER;
}

static instant observer_due(const void *owner) {
    const struct session *session = owner;
    return observers_due(&session->observers, counted_tick(session));
}

static void step_observers(void *owner) {
    struct session *session = owner;
    observers_turn(&session->observers, session->now, counted_tick(session),
                   session->total->counts.sent);
}

static instant hold_end(const void *owner) {
    const struct session *session = owner;
    return session->phase == PHASE_HOLD && session->plan->hold > 0
               ? instant_after(session->hold_since, session->plan->hold)
               : INSTANT_NEVER;
}

static instant pause_due(const void *owner) {
    const struct session *session = owner;
    return pauses_due(&session->pauses);
}

/* In the order in which those of one turn run; session_advance() ends the hold, see_pauses() a
 * pause. */
static const struct loop_timer timers[] = {
    {sample_due, sample_wanted},
    {observer_due, step_observers},
    {exec_due, start_execs},
    {window_end, end_windows},
    {tick_due, tick},
    {hold_end, NULL},
    {pause_due, NULL},
    {leaderless_end, cut_leaderless},
};
enum { TIMERS = sizeof timers / sizeof timers[0] };

/* Of the load; what was waited for before it is nobody's measure. */
static void see_pauses(struct session *session, instant until) {
    if (!is_loaded(session) && (session->phase != PHASE_FREEZE || !session->begun))
        return;
    pauses_see_parent(&session->pauses, until, session->now, &session->looked);
    pauses_report(&session->pauses, session->now, session->started, &session->record->marks,
                  &session->notes);
}

static int turn(struct session *session) {
    duration paused = crew_paused(session->crew);
    instant until = loop_due(timers, TIMERS, session);
    int error = loop_wait(&session->loop, instant_after(until, paused));
    if (error < 0)
        return error;
    set_clock(session);
    see_pauses(session, until);
    loop_dispatch(&session->loop);
    if (session->phase != PHASE_OVER)
        loop_run_due(timers, TIMERS, session, &session->now);
    while (session_advance(session) && session->phase != PHASE_OVER)
        session_show_block(session);
    return 0;
}

/* --- from nothing to over --- */

static void add_sources(struct session *session) {
    struct loop *loop = &session->loop;
    loop_handle_signals(loop, session->signals_fd, SIGNAL_OPERATION, take_signal, session);
    loop_handle(loop, NOTIFY_OPERATION, take_notice, session);
    loop_handle(loop, MEMBER_OPERATION, take_member, session);
    loop_handle(loop, STATUS_OPERATION, take_poll, session);
    loop_handle(loop, EXEC_OPERATION, take_exec, session);
    if (orders_fd() >= 0) {
        loop_handle(loop, ORDERS_OPERATION, take_orders, session);
        loop_arm(loop, orders_fd(), ORDERS_OPERATION, 0);
    }
    loop_arm(loop, crew_notify_fd(session->crew), NOTIFY_OPERATION, 0);
    for (uint32_t i = 0; i < crew_count(session->crew); i++)
        loop_arm(loop, crew_member(session->crew, i)->pidfd, MEMBER_OPERATION, i);
}

/* Whether there may be a block, which judges the rules each second. */
static bool shows_rules(const struct options *options) {
    return !options->quiet && (options->ui == UI_AUTO || options->ui == UI_BLOCK) &&
           isatty(STDERR_FILENO) == 1;
}

/* Whether somebody reads the record before the run is over. */
static bool has_readers(const struct session *session) {
    return session->timeline != NULL || session->scrape != NULL ||
           session->plan->options->abort_on_fail || shows_rules(session->plan->options);
}

static bool take_memory(struct session *session) {
    session->total = calloc(1, sizeof *session->total);
    if (has_readers(session) && (session->so_far = calloc(1, sizeof *session->so_far)) == NULL)
        return false;
    return session->total != NULL && meter_init(&session->meter);
}

static int start(struct session *session) {
    const struct plan *plan = session->plan;
    char unread[PLAN_ERROR_MAX] = "";
    require(rules_read(&session->rules, plan, (struct refuse_buffer){unread, sizeof unread}));
    if (!http_exchange.bake(&session->requests, plan->options, &plan->target))
        return -ENOMEM;
    if (!take_memory(session))
        return -ENOMEM;
    /* The crew first: its workers must not inherit a ring. */
    int error = crew_start(&session->crew, plan, session->setup, &session->requests);
    if (error == 0)
        error = loop_open(&session->loop, SESSION_RING_ENTRIES, session->setup->choice.engine);
    if (error < 0)
        return error;
    set_clock(session);
    session->started = session->now;
    clock_gettime(CLOCK_REALTIME, &session->record->started_at);
    session_record_members(session);
    add_sources(session);
    execs_watch(&session->execs, session->loop.net, EXEC_OPERATION);
    error = observers_start(&session->observers, plan, session->setup, &session->notes,
                            session->loop.net, STATUS_OPERATION, session->now);
    if (error == 0 && session->scrape != NULL) {
        session_refresh(session);
        session_publish(session, session->so_far);
        error = scrape_start(session->scrape); /* a thread: after the last fork of a worker */
    }
    return error;
}

static void finish(struct session *session) {
    execs_end(&session->execs);
    session_finish_record(session);
    session_report_outcomes(session, &session->record->total.counts);
    session_publish(session, session->record);
    if (screen_is_open(&session->screen))
        view_verdict(&session->view, session->plan, session->setup, session->record);
    session_show_block(session);
}

static bool observers_are_closed(const void *with) {
    return observers_closed(with);
}

/* The poller's connection ends with the run, not with the process: another run may follow, and the
 * server must not count this one's. */
static void end_observers(struct session *session) {
    struct loop *loop = &session->loop;
    remove_sources(session);
    observers_close(&session->observers);
    loop_turn_until(loop, instant_after(net_now(loop->net), SECOND), observers_are_closed,
                    &session->observers);
}

static void release(struct session *session) {
    execs_end(&session->execs);
    if (session->loop.net != NULL)
        end_observers(session);
    observers_free(&session->observers);
    lookup_end(&session->lookup);
    ports_query_end(&session->snapshots.look);
    meter_free(&session->meter);
    crew_free(session->crew);
    loop_close(&session->loop);
    requests_free(&session->requests);
    free(session->total);
    free(session->so_far);
}

int session_run(struct record *record, const struct plan *plan, const struct setup *setup,
                int signals_fd, struct session_timeline *timeline, struct scrape *scrape) {
    struct session session = {.plan = plan,
                              .setup = setup,
                              .record = record,
                              .signals_fd = signals_fd,
                              .timeline = timeline,
                              .scrape = scrape,
                              .lag_seconds = NAN,
                              .live = SESSION_NO_LEVEL,
                              .phase = PHASE_START};
    record->ramp_seconds = record->per_second_mean = record->per_second_peak = NAN;
    record->tick_seconds_max = NAN;
    record->hold_seconds = 0;
    timeline_init(&record->timeline, SECOND);
    bool silent = plan->options->quiet || plan->options->ui == UI_NONE;
    notes_init(&session.notes, silent ? NULL : &session.screen);
    execs_init(&session.execs, plan, &record->marks, &session.notes, &session.screen);
    lookup_init(&session.lookup, plan, setup);
    pauses_init(&session.pauses);
    session.screen.fd = -1;
    view_init(&session.view, plan, setup);
    int error = start(&session);
    struct scheduling scheduling = priority_raise();
    if (error == 0) /* after the workers were forked: it is none of their descriptors */
        screen_open(&session.screen, plan->options->ui, plan->options->quiet, plan->options->color);
    while (error == 0 && session.phase != PHASE_OVER)
        error = turn(&session);
    if (error == 0)
        finish(&session);
    screen_close(&session.screen);
    priority_restore(&scheduling);
    release(&session);
    return error;
}

void session_free_record(struct record *record) {
    free(record->workers);
    record->workers = NULL;
}
