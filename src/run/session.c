/* The parent's loop: signals, a tick a second, the crew, the server's side. */
#include "run/session_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/require.h"
#include "base/slots.h"
#include "report/voice.h"
#include "run/priority.h"
#include "run/signals.h"

enum { SIGNAL_OPERATION, NOTIFY_OPERATION, MEMBER_OPERATION, STATUS_OPERATION, EXEC_OPERATION };
enum { AUTO_LINE_TICKS = 10, MEMORY_TICKS = 10 };

static void set_clock(struct session *session) {
    session->now = instant_after(net_now(session->net), -crew_paused(session->crew));
}

static struct mark_look mark_look(const struct session *session) {
    const struct counts *counts = &session->total->counts;
    uint64_t came = counts->opened - counts->reconnected; /* slots that were live once */
    return (struct mark_look){.t = session_run_time(session),
                              .lost = counts->lost,
                              .missing = came > counts->live ? came - counts->live : 0};
}

static void note_first_seen(struct session *session) {
    struct record *record = session->record;
    const struct counts *counts = &session->total->counts;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (counts->outcomes[i] == 0 || record->first_seen_seconds[i] != 0)
            continue;
        /* As the worker saw it; of a worker that died, as we did. */
        instant first = session->now;
        if (counts->first_ns[i] != 0)
            first.ns = counts->first_ns[i];
        record->first_seen_seconds[i] = duration_seconds(instant_since(first, session->started));
    }
}

/* Sums up the crew and checks the ledger: every look at the numbers goes through here. */
void session_sample(struct session *session) {
    struct record *record = session->record;
    const char *imbalance = crew_sample(session->crew, session->total);
    record->samples++;
    if (imbalance != NULL && record->imbalance == NULL)
        record->imbalance = imbalance;
    const struct counts *counts = &session->total->counts;
    if (counts->live > record->live_peak && session->phase < PHASE_DRAIN)
        record->live_peak = counts->live;
    note_first_seen(session);
    if (session->phase < PHASE_DRAIN) {
        struct mark_look look = mark_look(session);
        marks_see(&record->marks, &look);
    }
    scenes_take(&session->scenes, record, session->plan, session->crew, counts, session->now);
    if ((session->phase == PHASE_HOLD || record->live_min_measured) &&
        session->phase < PHASE_DRAIN &&
        (!record->live_min_measured || counts->live < record->live_min)) {
        record->live_min = counts->live;
        record->live_min_measured = true;
    }
}

/* --- signals --- */

/* ^Z: the crew stops first and continues last, with the time between taken out of the run clock. */
static void suspend(struct session *session) {
    crew_stop(session->crew);
    instant stopped = net_now(session->net);
    raise(SIGSTOP);
    crew_continue(session->crew, instant_since(net_now(session->net), stopped));
    set_clock(session);
}

static void interrupt(struct session *session) {
    if (session->stopping) {
        session_cut_short(session);
        return;
    }
    session->stopping = true;
    session->record->stopped = true;
    bool planned =
        session->plan->hold == 0 && session->plan->requests == 0 && session->phase == PHASE_HOLD;
    session->record->interrupted = !planned && session->phase < PHASE_FREEZE;
    notes_say(&session->notes, "ending in order; a second interrupt leaves at once");
}

/* --- marks --- */

static void mark_signal(struct session *session) {
    session_sample(session);
    struct mark_look now = mark_look(session);
    if (session->phase == PHASE_START)
        notes_say(&session->notes, "SIGUSR2: the run has not begun yet: no mark");
    else if (marks_add(&session->record->marks, MARK_SIGNAL, "SIGUSR2", &now) == MARKS_MAX)
        notes_say(&session->notes, "SIGUSR2: more than %d marks are not kept", MARKS_MAX);
    else
        notes_say(&session->notes, "mark: SIGUSR2");
}

static bool runs_execs(const struct session *session) {
    return session->phase == PHASE_RAMP || session->phase == PHASE_HOLD;
}

static void start_execs(struct session *session) {
    duration since = instant_since(session->now, session->started);
    if (!runs_execs(session) || execs_due(&session->execs) > since)
        return;
    session_sample(session);
    struct mark_look now = mark_look(session);
    execs_turn(&session->execs, since, &now);
}

/* The end of a mark's window, while what is lost is still counted; far off: none is open. */
static instant window_end(const struct session *session) {
    double due = session->phase < PHASE_DRAIN ? marks_due(&session->record->marks) : INFINITY;
    return isfinite(due) ? instant_after(session->started, (duration)llround(due * 1e9))
                         : instant_after(session->now, HOUR);
}

static void end_windows(struct session *session) {
    if (!instant_before(session->now, window_end(session)))
        session_sample(session);
}

static void take_signals(struct session *session) {
    for (int signal; (signal = signals_next(session->signals_fd)) != 0;) {
        if (session->phase == PHASE_OVER)
            break;
        if (signal == SIGTSTP) {
            suspend(session);
        } else if (signal == SIGUSR1) {
            session_sample(session);
            session_print_line(session);
        } else if (signal == SIGUSR2) {
            mark_signal(session);
        } else if (signal == SIGWINCH) {
            screen_resized(&session->screen);
        } else if (signal == SIGCONT) {
            screen_resumed(&session->screen);
        } else {
            interrupt(session);
        }
    }
    net_arm(session->net, session->signals_fd, slot_tag(SIGNAL_OPERATION, 0, 0));
}

/* --- events --- */

static void reap(struct session *session, uint32_t index) {
    crew_reap(session->crew, index);
    const struct crew_member *member = crew_member(session->crew, index);
    if (!member->gone) {
        net_arm(session->net, member->pidfd, slot_tag(MEMBER_OPERATION, 0, index));
        return;
    }
    session_record_members(session); /* how it ended, for whoever explains it */
    session_sample(session);
    if (!member->lost || session->phase == PHASE_OVER)
        return;
    if (WIFEXITED(member->status) && WEXITSTATUS(member->status) == EXIT_BUG)
        session->record->bug_exit = EXIT_BUG;
    notes_say(&session->notes,
              "worker %" PRIu32 " (pid %d) %s %d: its share of %" PRIu32 " connections is lost",
              index, (int)member->pid,
              WIFSIGNALED(member->status) ? "was killed by signal" : "left with exit code",
              WIFSIGNALED(member->status) ? WTERMSIG(member->status) : WEXITSTATUS(member->status),
              member->share);
}

static void take_event(struct session *session, const struct net_event *event) {
    uint64_t count;
    switch (slot_tag_operation(event->tag)) {
    case SIGNAL_OPERATION: take_signals(session); break;
    case NOTIFY_OPERATION:
        (void)!read(crew_notify_fd(session->crew), &count, sizeof count);
        net_arm(session->net, crew_notify_fd(session->crew), event->tag);
        session_sample(session);
        break;
    case MEMBER_OPERATION: reap(session, slot_tag_slot(event->tag)); break;
    case EXEC_OPERATION: execs_event(&session->execs, slot_tag_slot(event->tag)); break;
    case STATUS_OPERATION:
        session_sample(session);
        observers_event(&session->observers, event, session->now, session->total->counts.sent);
        break;
    default: require(false); /* no other operation is armed */
    }
}

static void take_events(struct session *session) {
    struct net_event events[32];
    for (size_t count; (count = net_take(session->net, events, 32)) > 0;) {
        set_clock(session);
        for (size_t i = 0; i < count && session->phase != PHASE_OVER; i++)
            take_event(session, &events[i]);
    }
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
    struct record *record = session->record;
    if (!session->plan->options->abort_on_fail || session->aborting ||
        session->phase >= PHASE_FREEZE)
        return;
    session_bring_up_to_date(session);
    for (size_t i = 0; i < session->rules.count && !session->aborting; i++) {
        const struct rule *rule = &session->rules.items[i];
        if (rule_can_hold(rule, session->plan, record))
            continue;
        session->aborting = true;
        record->ended_seconds = duration_seconds(instant_since(session->now, session->started));
        snprintf(record->ended_by, sizeof record->ended_by, "%s", rule->expression);
        notes_say(&session->notes, "%s can no longer hold: ending in order", rule->expression);
    }
}

static void do_tick(struct session *session) {
    session->next_tick = instant_after(session->next_tick, SECOND);
    if (instant_before(session->next_tick, session->now))
        session->next_tick = instant_after(session->now, SECOND); /* we were held up */
    session->ticks++;
    voice_push();
    session_sample(session);
    observers_tick(&session->observers, session->now, session->phase < PHASE_DRAIN);
    if (session->phase == PHASE_HOLD && session->ticks % MEMORY_TICKS == 0)
        meter_memory(&session->meter, session->crew);
    session_take_second(session);
    if (shows_line(session))
        session_print_line(session);
    session_tell_outcomes(session, &session->total->counts);
    watch_rules(session);
    if (plan_reconnects(session->plan) && session->phase == PHASE_HOLD)
        notes_refill(&session->notes, &session->total->counts, session->plan->connections,
                     session->now);
    if (screen_is_open(&session->screen)) {
        view_tick(&session->view, &session->meter, session->crew, session->plan, session->total,
                  observers_per_second(&session->observers));
        session_show_block(session);
    }
}

/* How long it took is kept: nothing in it may hold up the loop. */
static void tick(struct session *session) {
    instant before = net_now(session->net);
    do_tick(session);
    double took = duration_seconds(instant_since(net_now(session->net), before));
    if (!(took <= session->record->tick_seconds_max))
        session->record->tick_seconds_max = took;
}

static instant next_wake(struct session *session) {
    instant until =
        session->phase == PHASE_START ? instant_after(session->now, SECOND) : session->next_tick;
    if (session->phase == PHASE_HOLD && session->plan->hold > 0)
        until = instant_earlier(until, instant_after(session->hold_since, session->plan->hold));
    duration exec = execs_due(&session->execs);
    if (runs_execs(session) && exec < INT64_MAX)
        until = instant_earlier(until, instant_after(session->started, exec));
    until = instant_earlier(until, window_end(session));
    return instant_earlier(until, observers_due(&session->observers));
}

static int turn(struct session *session) {
    duration paused = crew_paused(session->crew);
    int error = net_wait(session->net, instant_after(next_wake(session), paused), 1);
    if (error < 0)
        return error;
    set_clock(session);
    take_events(session);
    if (session->phase == PHASE_OVER) {
        session_show_block(session);
        return 0;
    }
    observers_turn(&session->observers, session->now, session->total->counts.sent);
    start_execs(session);
    end_windows(session);
    if (session->phase != PHASE_START && session->phase != PHASE_OVER &&
        !instant_before(session->now, session->next_tick))
        tick(session);
    while (session_advance(session))
        session_show_block(session);
    return 0;
}

/* --- from nothing to over --- */

static void arm_sources(struct session *session) {
    net_arm(session->net, session->signals_fd, slot_tag(SIGNAL_OPERATION, 0, 0));
    net_arm(session->net, crew_notify_fd(session->crew), slot_tag(NOTIFY_OPERATION, 0, 0));
    for (uint32_t i = 0; i < crew_count(session->crew); i++)
        net_arm(session->net, crew_member(session->crew, i)->pidfd,
                slot_tag(MEMBER_OPERATION, 0, i));
}

static int start(struct session *session) {
    const struct plan *plan = session->plan;
    char unread[PLAN_ERROR_MAX] = "";
    require(rules_read(&session->rules, plan, (struct refusal){unread, sizeof unread}));
    if (!requests_bake(&session->requests, plan->options, &plan->target))
        return -ENOMEM;
    session->total = calloc(1, sizeof *session->total);
    if (session->total == NULL || !meter_init(&session->meter))
        return -ENOMEM;
    /* The crew first: its workers must not inherit a ring. */
    int error = crew_start(&session->crew, plan, &session->requests);
    if (error == 0)
        error = net_create(&session->net, &(struct net_config){.entries = SESSION_RING_ENTRIES});
    if (error < 0)
        return error;
    set_clock(session);
    session->started = session->now;
    clock_gettime(CLOCK_REALTIME, &session->record->started_at);
    arm_sources(session);
    execs_watch(&session->execs, session->net, EXEC_OPERATION);
    error = observers_start(&session->observers, plan, &session->notes, session->net,
                            STATUS_OPERATION, session->now);
    if (error == 0 && session->scrape != NULL) {
        session_publish(session);
        error = scrape_start(session->scrape); /* a thread: after the last fork of a worker */
    }
    return error;
}

void session_record_members(struct session *session) {
    struct record *record = session->record;
    record->worker_count = crew_count(session->crew);
    record->workers_lost_early = 0;
    if (record->workers == NULL)
        record->workers = calloc(record->worker_count, sizeof *record->workers);
    for (size_t i = 0; i < record->worker_count && record->workers != NULL; i++) {
        const struct crew_member *member = crew_member(session->crew, i);
        record->workers_lost_early += member->early && !record->cut;
        record->workers[i] = (struct worker_record){.pid = member->pid,
                                                    .share = member->share,
                                                    .lost = member->lost && !record->cut,
                                                    .status = member->status};
    }
}

static void finish_record(struct session *session) {
    struct record *record = session->record;
    execs_end(&session->execs);
    clock_gettime(CLOCK_REALTIME, &record->ended_at);
    record->balanced = record->imbalance == NULL;
    record->ring_error = crew_failure(session->crew);
    snprintf(record->engine, sizeof record->engine, "%s", net_engine(session->net));
    observers_record(&session->observers, record);
    scenes_finish(&session->scenes, record);
    session_tell_outcomes(session, &record->total.counts);
    meter_finish(&session->meter, record, session->crew);
    session_record_members(session);
    session_publish(session);
}

/* The poller's connection ends with the run, not with the process: another run may follow, and the
 * server must not count this one's. */
static void end_observers(struct session *session) {
    instant until = instant_after(net_now(session->net), SECOND);
    observers_close(&session->observers);
    while (!observers_closed(&session->observers) && instant_before(net_now(session->net), until) &&
           net_wait(session->net, until, 1) == 0) {
        struct net_event events[16];
        for (size_t count; (count = net_take(session->net, events, 16)) > 0;)
            for (size_t i = 0; i < count; i++)
                if (slot_tag_operation(events[i].tag) == STATUS_OPERATION)
                    observers_event(&session->observers, &events[i], session->now,
                                    session->total->counts.sent);
    }
}

static void release(struct session *session) {
    execs_end(&session->execs);
    if (session->net != NULL)
        end_observers(session);

    observers_free(&session->observers);
    ports_look_end(&session->scenes.look);
    meter_free(&session->meter);
    crew_free(session->crew);
    net_destroy(session->net);
    requests_free(&session->requests);
    free(session->total);
}

int session_run(struct record *record, const struct plan *plan, int signals_fd,
                struct session_timeline *timeline, struct scrape *scrape) {
    struct session session = {.plan = plan,
                              .record = record,
                              .signals_fd = signals_fd,
                              .timeline = timeline,
                              .scrape = scrape,
                              .lag_seconds = NAN,
                              .phase = PHASE_START};
    record->ramp_seconds = record->per_second_mean = record->per_second_peak = NAN;
    record->tick_seconds_max = NAN;
    record->hold_seconds = 0;
    timeline_init(&record->timeline, SECOND);
    bool silent = plan->options->quiet || plan->options->ui == UI_NONE;
    notes_init(&session.notes, silent ? NULL : &session.screen);
    execs_init(&session.execs, plan, &record->marks, &session.notes);
    session.screen.fd = -1;
    view_init(&session.view, plan);
    int error = start(&session), nice = priority_raise();
    if (error == 0) /* after the workers were forked: it is none of their descriptors */
        screen_open(&session.screen, plan->options->ui, plan->options->quiet, plan->options->color);
    while (error == 0 && session.phase != PHASE_OVER)
        error = turn(&session);
    if (error == 0)
        finish_record(&session);
    screen_close(&session.screen);
    priority_restore(nice);
    release(&session);
    return error;
}

void session_free_record(struct record *record) {
    free(record->workers);
    record->workers = NULL;
}
