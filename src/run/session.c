/* The parent's loop: signals, a tick a second, the crew, the server's side. */
#include "run/session.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/require.h"
#include "base/slots.h"
#include "engine/crew.h"
#include "http/requests.h"
#include "report/voice.h"
#include "run/execs.h"
#include "run/meter.h"
#include "run/notes.h"
#include "run/observers.h"
#include "run/priority.h"
#include "run/scenes.h"
#include "run/screen.h"
#include "run/self.h"
#include "run/signals.h"
#include "run/view.h"

enum { SIGNAL_OPERATION, NOTIFY_OPERATION, MEMBER_OPERATION, STATUS_OPERATION, EXEC_OPERATION };
enum { AUTO_LINE_TICKS = 10, MEMORY_TICKS = 10 };

/* Where the run stands. */
enum phase {
    PHASE_START, /* workers make their rings; the server's counters are read for the first time */
    PHASE_RAMP,
    PHASE_HOLD,
    PHASE_FREEZE,
    PHASE_DRAIN,
    PHASE_OVER,
};

struct session {
    const struct plan *plan;
    struct record *record;
    struct requests requests;
    struct net *net;
    struct crew *crew;
    struct observers observers;
    struct meter meter;
    struct notes notes;
    struct scenes scenes;
    struct execs execs;
    struct screen screen;
    struct block_view view;
    instant phase_since;               /* as the view has it */
    struct session_timeline *timeline; /* NULL: not asked for */
    struct scrape *scrape;             /* the same */
    double lag_seconds;                /* of the latest second; NAN */
    struct tally *total;
    int signals_fd;
    enum phase phase;
    bool stopping; /* a signal asked for the end */
    bool aborting; /* a rule can no longer hold: --abort-on-fail */
    struct rules rules;
    instant now; /* run clock */
    instant started, hold_since, drain_since, next_tick;
    uint64_t answered_before_hold;
    uint64_t ticks;
};

static const char *phase_name(enum phase phase) {
    static const char *const names[] = {"start", "ramp", "hold", "freeze", "drain", "drain"};
    return names[phase];
}

static void set_clock(struct session *session) {
    session->now = instant_after(net_now(session->net), -crew_paused(session->crew));
}

static double run_time(const struct session *session) {
    return duration_seconds(instant_since(session->now, session->started));
}

static struct mark_look mark_look(const struct session *session) {
    const struct counts *counts = &session->total->counts;
    uint64_t came = counts->opened - counts->reconnected; /* slots that were live once */
    return (struct mark_look){.t = run_time(session),
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
static void sample(struct session *session) {
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

/* --- phases --- */

static void record_members(struct session *session);

static void begin_timeline(struct session *session) {
    struct session_timeline *timeline = session->timeline;
    if (timeline == NULL)
        return;
    record_members(session);
    session_complain(&timeline->file, timeline_file_begin(&timeline->file, session->plan,
                                                          session->record, timeline->judgement));
}

static void begin_ramp(struct session *session) {
    session->phase = PHASE_RAMP;
    clock_gettime(CLOCK_REALTIME, &session->record->started_at);
    session->started = session->now;
    session->next_tick = instant_after(session->now, SECOND);
    begin_timeline(session);
    crew_run(session->crew, session->now);
}

/* The hold so far; at its end, the whole. */
static void measure_hold(struct session *session) {
    struct record *record = session->record;
    record->hold_seconds = duration_seconds(instant_since(session->now, session->hold_since));
    record->answered_in_hold = session->total->counts.answered - session->answered_before_hold;
    if (record->hold_seconds > 0)
        record->per_second_mean = (double)record->answered_in_hold / record->hold_seconds;
}

/* The record as it would be if the run ended now. */
static void bring_up_to_date(struct session *session) {
    struct record *record = session->record;
    if (session->phase < PHASE_DRAIN) {
        tally_copy(&record->total, session->total);
        meter_files(session->crew, session->plan, session->total, &record->headroom_files_used,
                    &record->headroom_files_limit);
    }
    if (session->phase == PHASE_HOLD)
        measure_hold(session);
    clock_gettime(CLOCK_REALTIME, &record->ended_at);
    record->balanced = record->imbalance == NULL;
    snprintf(record->engine, sizeof record->engine, "%s", net_engine(session->net));
    observers_record(&session->observers, record);
    meter_so_far(&session->meter, record, session->crew);
    record_members(session);
}

/* After the freeze the figures are those of the report. */
static void publish(struct session *session) {
    struct record *record = session->record;
    if (session->scrape == NULL)
        return;
    bool frozen = session->phase >= PHASE_DRAIN;
    observers_record(&session->observers, record);
    meter_so_far(&session->meter, record, session->crew);
    struct exposition exposition = {.plan = session->plan,
                                    .record = record,
                                    .total = frozen ? &record->total : session->total,
                                    .loop_lag_seconds = session->lag_seconds,
                                    .cpu_seconds =
                                        record->cpu_user_seconds + record->cpu_system_seconds,
                                    .self = self_measure()};
    scrape_publish(session->scrape, &exposition);
}

static void write_timeline(struct session *session, const struct sample *sample) {
    if (session->timeline == NULL)
        return;
    struct timeline_file *file = &session->timeline->file;
    bring_up_to_date(session);
    struct closings closings;
    judge_causes(&closings, session->plan, session->record);
    struct timeline_moment moment = {phase_name(session->phase), *sample, &closings};
    session_complain(file, timeline_file_sample(file, session->plan, session->record, &moment));
}

/* A second is over, or the part of one that the ramp's end cuts off. */
static void take_second(struct session *session) {
    double server = observers_per_second(&session->observers);
    double t = duration_seconds(instant_since(session->now, session->started));
    struct sample taken = meter_tick(&session->meter, &session->record->timeline, session->crew,
                                     session->total, session->now, t, server);
    session->lag_seconds = taken.loop_lag_seconds;
    write_timeline(session, &taken);
    publish(session);
}

static void begin_hold(struct session *session) {
    struct record *record = session->record;
    const struct counts *counts = &session->total->counts;
    if (!meter_ticked(&session->meter, session->now))
        take_second(session); /* the next one begins anew, and no gap may be longer than one */
    session->phase = PHASE_HOLD;
    session->hold_since = session->now;
    if (counts->ramp_done_ns != 0) /* as the workers saw it, a moment ago */
        session->hold_since.ns = counts->ramp_done_ns;
    if (counts->first_attempt_ns != 0)
        record->ramp_seconds = duration_seconds(session->hold_since.ns - counts->first_attempt_ns);
    if (crew_pool_is_over(session->crew)) /* there is no hold */
        session->hold_since = session->now;
    session->answered_before_hold = counts->answered;
    session->next_tick = instant_after(session->hold_since, SECOND);
    if (session->plan->rate > 0 || session->plan->options->given.warmup)
        crew_hold(session->crew, session->now);
    meter_begin_hold(&session->meter, session->hold_since, counts->answered);
    observers_hold(&session->observers, true, session->now, counts->live);
    /* Not before: the kernel makes whoever reads it wait for a worker that is just growing. */
    meter_memory(&session->meter, session->crew);
    sample(session);
}

static void begin_freeze(struct session *session) {
    struct record *record = session->record;
    sample(session);
    if (session->phase == PHASE_HOLD) {
        measure_hold(session);
        meter_end_hold(&session->meter, session->now, session->total->counts.answered);
        meter_memory(&session->meter, session->crew);
    } else {
        record->ramp_cut = session->stopping || session->aborting;
    }
    observers_hold(&session->observers, false, session->now, session->total->counts.live);
    session->phase = PHASE_FREEZE;
    crew_freeze(session->crew);
}

/* Whether FINs would fill too much of the port range with TIME_WAIT: more than a quarter. */
static bool drains_by_reset(const struct session *session) {
    const struct plan *plan = session->plan;
    if (plan->command == COMMAND_CAPACITY)
        return true; /* the next step needs the ports, and the server's side free */
    if (plan->host.port_low < 0)
        return false;
    int64_t range = (plan->host.port_high - plan->host.port_low + 1) * (int64_t)plan_pairs(plan);
    return (int64_t)session->total->counts.live > range / 4;
}

/* All figures are frozen: they are taken now; of what follows only the drain's own counts. */
static void begin_drain(struct session *session) {
    sample(session);
    tally_copy(&session->record->total, session->total);
    meter_files(session->crew, session->plan, session->total, &session->record->headroom_files_used,
                &session->record->headroom_files_limit);
    session->phase = PHASE_DRAIN;
    session->drain_since = session->now;
    session->record->drain_by_reset = drains_by_reset(session);
    publish(session);
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
    sample(session);
    memcpy(record->total.counts.drain, session->total->counts.drain,
           sizeof record->total.counts.drain);
    if (!tally_drain_balances(&record->total.counts) && record->imbalance == NULL)
        record->imbalance = "sum of drain outcomes = connecting + live of the freeze";
    record->drain_seconds = duration_seconds(instant_since(session->now, session->drain_since));
    session->phase = PHASE_OVER;
}

/* Nothing is live and nothing will reconnect. */
static bool nothing_left(const struct session *session) {
    const struct counts *counts = &session->total->counts;
    bool refills = plan_reconnects(session->plan) && crew_alive(session->crew) > 0;
    return counts->live == 0 && counts->connecting == 0 && !refills;
}

static bool hold_is_over(struct session *session) {
    if (session->stopping || session->aborting)
        return true;
    if (nothing_left(session)) {
        notes_say(&session->notes, "nothing is left alive: the hold ends early");
        return true;
    }
    if (crew_pool_is_over(session->crew))
        return true;
    duration hold = session->plan->hold;
    return hold > 0 && instant_since(session->now, session->hold_since) >= hold;
}

/* One step forward, if it is time for one; true when there may be another. */
static bool advance(struct session *session) {
    enum phase before = session->phase;
    switch (session->phase) {
    case PHASE_START:
        if (session->stopping || crew_failure(session->crew) != 0 || crew_alive(session->crew) == 0)
            begin_freeze(session); /* no load: the plan cannot be carried out whole */
        else if (crew_reached(session->crew, WORKER_READY) && observers_ready(&session->observers))
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

/* --- the second interrupt --- */

/* Leaves at once: what the last sample says is what is reported. */
static void cut_short(struct session *session) {
    struct record *record = session->record;
    if (session->phase < PHASE_FREEZE)
        begin_freeze(session);
    sample(session);
    record->cut = true;
    if (session->phase < PHASE_DRAIN)
        tally_copy(&record->total, session->total);
    struct counts *counts = &record->total.counts;
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
        cut_short(session);
        return;
    }
    session->stopping = true;
    session->record->stopped = true;
    bool planned =
        session->plan->hold == 0 && session->plan->requests == 0 && session->phase == PHASE_HOLD;
    session->record->interrupted = !planned && session->phase < PHASE_FREEZE;
    notes_say(&session->notes, "ending in order; a second interrupt leaves at once");
}

static void print_line(struct session *session) {
    struct live_line line;
    meter_line(&session->meter, &line, session->crew, session->plan, session->total);
    line.phase = phase_name(session->phase);
    line.t = duration_seconds(instant_since(session->now, session->started));
    line.server_rps = observers_per_second(&session->observers);
    if (session->phase == PHASE_DRAIN)
        line.drained = (int64_t)tally_drained(&session->total->counts);
    char text[REPORT_LINE_MAX];
    screen_say(&session->screen, report_line_text(text, sizeof text, &line));
}

/* The block as things stand; of what is measured once a second the latest. */
static void show_block(struct session *session) {
    struct block_view *view = &session->view;
    const struct plan *plan = session->plan;
    if (!screen_is_open(&session->screen))
        return;
    const char *phase = session->phase == PHASE_OVER ? "done" : phase_name(session->phase);
    if (strcmp(view->phase, phase) != 0)
        session->phase_since = session->phase == PHASE_HOLD   ? session->hold_since
                               : session->phase == PHASE_OVER ? session->started
                                                              : session->now;
    view->phase = phase;
    view->elapsed = instant_since(session->now, session->phase_since);
    view->length = session->phase == PHASE_HOLD   ? plan->hold
                   : session->phase == PHASE_RAMP ? ramp_length(&plan->ramp)
                                                  : 0;
    view->until_interrupt = session->phase == PHASE_HOLD && plan->requests == 0;
    view_counts(view, plan, session->record, session->total);
    if (session->phase == PHASE_DRAIN)
        view->drained = (int64_t)tally_drained(&session->total->counts);
    screen_show(&session->screen, view);
}

/* --- marks --- */

static void mark_signal(struct session *session) {
    sample(session);
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
    sample(session);
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
        sample(session);
}

static void take_signals(struct session *session) {
    for (int signal; (signal = signals_next(session->signals_fd)) != 0;) {
        if (session->phase == PHASE_OVER)
            break;
        if (signal == SIGTSTP) {
            suspend(session);
        } else if (signal == SIGUSR1) {
            sample(session);
            print_line(session);
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
    record_members(session); /* how it ended, for whoever explains it */
    sample(session);
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
        sample(session);
        break;
    case MEMBER_OPERATION: reap(session, slot_tag_slot(event->tag)); break;
    case EXEC_OPERATION: execs_event(&session->execs, slot_tag_slot(event->tag)); break;
    case STATUS_OPERATION:
        sample(session);
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

/* An outcome of our own side explains itself once, when all is known of how it came. */
static void tell_outcomes(struct session *session, const struct counts *counts) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        if (outcome_side(outcome) == SIDE_TESTER && scenes_whole(&session->scenes, outcome))
            notes_error(&session->notes, outcome, session->plan, session->record, counts,
                        session->now);
    }
    notes_outcomes(&session->notes, counts, session->now);
}

/* --abort-on-fail: the first rule that nothing to come can make hold ends the run, in order. */
static void watch_rules(struct session *session) {
    struct record *record = session->record;
    if (!session->plan->options->abort_on_fail || session->aborting ||
        session->phase >= PHASE_FREEZE)
        return;
    bring_up_to_date(session);
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
    sample(session);
    observers_tick(&session->observers, session->now, session->phase < PHASE_DRAIN);
    if (session->phase == PHASE_HOLD && session->ticks % MEMORY_TICKS == 0)
        meter_memory(&session->meter, session->crew);
    take_second(session);
    if (shows_line(session))
        print_line(session);
    tell_outcomes(session, &session->total->counts);
    watch_rules(session);
    if (plan_reconnects(session->plan) && session->phase == PHASE_HOLD)
        notes_refill(&session->notes, &session->total->counts, session->plan->connections,
                     session->now);
    if (screen_is_open(&session->screen)) {
        view_tick(&session->view, &session->meter, session->crew, session->plan, session->total,
                  observers_per_second(&session->observers));
        show_block(session);
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
        show_block(session);
        return 0;
    }
    observers_turn(&session->observers, session->now, session->total->counts.sent);
    start_execs(session);
    end_windows(session);
    if (session->phase != PHASE_START && session->phase != PHASE_OVER &&
        !instant_before(session->now, session->next_tick))
        tick(session);
    while (advance(session))
        show_block(session);
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
        publish(session);
        error = scrape_start(session->scrape); /* a thread: after the last fork of a worker */
    }
    return error;
}

static void record_members(struct session *session) {
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
    tell_outcomes(session, &record->total.counts);
    meter_finish(&session->meter, record, session->crew);
    record_members(session);
    publish(session);
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

void session_complain(const struct timeline_file *file, int error) {
    if (error == -EAGAIN)
        fprintf(voice(),
                "holdfast: --timeline: \"%s\": the reader is too slow: %" PRIu64
                " line%s left out\n",
                file->path, file->left_out, file->left_out == 1 ? " was" : "s were");
    else if (error != 0)
        fprintf(voice(), "holdfast: --timeline: \"%s\" could not be written: %s\n", file->path,
                outlet_error(error));
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
