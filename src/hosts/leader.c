/* A run on many hosts in its leader: begin together, look on, end together. */
#include "hosts/leader_private.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/minmax.h"
#include "base/require.h"
#include "base/slots.h"
#include "base/text.h"
#include "hosts/shares.h"
#include "options/options.h"
#include "report/format/log.h"
#include "report/terminal/preflight_table.h"
#include "run/orders.h"
#include "run/priority.h"
#include "run/view.h"

static const duration HELLO_TIMEOUT = 30 * SECOND, FIT_TIMEOUT = 60 * SECOND,
                      READY_TIMEOUT = 30 * SECOND, BEFORE_GO = 250 * MILLISECOND,
                      SILENT_TIME = 5 * SECOND, LOST_TIME = 15 * SECOND;
/* Behind each second of the parts, so that theirs has come. */
static const duration TICK_BEHIND = SECOND / 4;

static instant now_of(const struct leader *leader) {
    return net_now(leader->loop.net);
}

/* --- events --- */

static void take_out(void *owner, const struct net_event *event, instant now) {
    struct leader *leader = owner;
    uint32_t slot = slot_tag_slot(event->tag);
    struct host_part *part = &leader->parts[slot];
    (void)now;
    leader_read_out(leader, part);
    if (part->remote.out >= 0)
        loop_arm(&leader->loop, part->remote.out, OUT_OPERATION, slot);
}

static void take_err(void *owner, const struct net_event *event, instant now) {
    struct leader *leader = owner;
    uint32_t slot = slot_tag_slot(event->tag);
    struct host_part *part = &leader->parts[slot];
    (void)now;
    leader_read_err(leader, part);
    if (part->remote.err >= 0)
        loop_arm(&leader->loop, part->remote.err, ERR_OPERATION, slot);
}

/* The first ends all parts in order, the second at once. Whoever has the order pipe stops a run
 * once; a signal after that says that it is gone. */
static void interrupt(struct leader *leader) {
    if (leader->stopping && orders_fd() >= 0)
        return;
    leader->interrupts++;
    leader->stopping = true;
    if (leader->go.ns == 0) {
        leader->loop.stopped = true;
        return;
    }
    if (leader->interrupts > 1) {
        leader->cut = true;
        return;
    }
    for (size_t i = 0; i < leader->count; i++)
        leader_send_stop(leader, &leader->parts[i]);
    notes_print(&leader->notes, "ending in order; a second interrupt leaves at once");
}

static void take_signal(void *owner, int number) {
    struct leader *leader = owner;
    switch (number) {
    case SIGTSTP: raise(SIGSTOP); break;
    case SIGUSR1: leader_print_line(leader); break;
    case SIGUSR2: leader_mark(leader, "SIGUSR2"); break;
    case SIGWINCH: screen_resized(&leader->screen); break;
    case SIGCONT: screen_resumed(&leader->screen); break;
    default: interrupt(leader);
    }
}

/* Nobody is there any more who would wait for what is outstanding. */
static void lose_orders(struct leader *leader) {
    loop_forget(&leader->loop, ORDERS_OPERATION);
    interrupt(leader);
    for (size_t i = 0; i < leader->count && leader->go.ns != 0; i++)
        leader_send_hurry(leader, &leader->parts[i]);
}

static void take_orders(void *owner, const struct net_event *event, instant now) {
    struct leader *leader = owner;
    char shown[2 * MARK_TEXT_MAX];
    struct order order;
    (void)event, (void)now;
    while (orders_next(&order) != ORDER_NONE && order.kind != ORDER_END)
        if (order.kind == ORDER_MARK)
            leader_mark(leader, text_escape(shown, sizeof shown, order.text));
    if (order.kind == ORDER_END)
        lose_orders(leader);
    else
        loop_arm(&leader->loop, orders_fd(), ORDERS_OPERATION, 0);
}

static void take_exec(void *owner, const struct net_event *event, instant now) {
    struct leader *leader = owner;
    (void)now;
    execs_event(&leader->execs, slot_tag_slot(event->tag));
}

static void add_sources(struct leader *leader, int signals_fd) {
    struct loop *loop = &leader->loop;
    loop_handle_signals(loop, signals_fd, SIGNAL_OPERATION, take_signal, leader);
    loop_handle(loop, OUT_OPERATION, take_out, leader);
    loop_handle(loop, ERR_OPERATION, take_err, leader);
    loop_handle(loop, EXEC_OPERATION, take_exec, leader);
    execs_watch(&leader->execs, loop->net, EXEC_OPERATION);
    if (orders_fd() >= 0) {
        loop_handle(loop, ORDERS_OPERATION, take_orders, leader);
        loop_arm(loop, orders_fd(), ORDERS_OPERATION, 0);
    }
    for (size_t i = 0; i < leader->count; i++) {
        const struct remote *remote = &leader->parts[i].remote;
        if (remote->out >= 0)
            loop_arm(loop, remote->out, OUT_OPERATION, (uint32_t)i);
        if (remote->err >= 0)
            loop_arm(loop, remote->err, ERR_OPERATION, (uint32_t)i);
    }
}

/* --- before the load --- */

static size_t count_state(const struct leader *leader, enum host_part_state state) {
    size_t count = 0;
    for (size_t i = 0; i < leader->count; i++)
        count += leader->parts[i].state == state;
    return count;
}

/* Whether each has come so far, or one of them will not. */
static bool have_all(const struct leader *leader, enum host_part_state state) {
    bool all = true;
    for (size_t i = 0; i < leader->count; i++) {
        if (leader->parts[i].state == PART_LOST)
            return true;
        all &= leader->parts[i].state >= state;
    }
    return all;
}

static bool have_hello(const void *with) {
    return have_all(with, PART_FITTING);
}

static bool have_fit(const void *with) {
    return have_all(with, PART_FITTED);
}

static bool have_clock(const void *with) {
    return have_all(with, PART_COMPARED);
}

static bool have_ready(const void *with) {
    return have_all(with, PART_READY);
}

/* A word for each host that is not there, and a reason for the verdict. */
static void explain_unreached(struct leader *leader) {
    for (size_t i = 0; i < leader->count; i++) {
        struct host_part *part = &leader->parts[i];
        if (part->state != PART_LOST || part->cut)
            continue;
        struct finding *finding = findings_add(&leader->judgement->findings, FINDING_hosts,
                                               FINDING_FAIL, "%s: %s", part->name, part->why);
        if (part->answered)
            finding_do(finding, "look at %s: its part answered, and did not get to the load",
                       part->name);
        else
            finding_do(finding,
                       "look whether this prints a line that begins with {\"part\": the "
                       "command of --remote for %s, then holdfast part </dev/null",
                       part->name);
        judgement_reason(leader->judgement, "host %s: %s", part->name, part->why);
    }
}

/* Looks again soon while a pipe has yet to take something. */
static void turn_until(struct leader *leader, instant until, bool (*done)(const void *with)) {
    static const duration soon = 10 * MILLISECOND;
    struct loop *loop = &leader->loop;
    bool more = true;
    while (more && !done(leader) && instant_before(now_of(leader), until)) {
        instant next = leader_flush(leader) ? instant_after(now_of(leader), soon) : until;
        more = loop_turn(loop, instant_earlier(next, until));
    }
}

/* True once all have come so far; else there is no run. */
static bool wait_for(struct leader *leader, bool (*done)(const void *with),
                     enum host_part_state state, duration timeout, const char *what) {
    instant until = instant_after(now_of(leader), timeout);
    turn_until(leader, until, done);
    bool late = !done(leader) && !leader->loop.stopped;
    for (size_t i = 0; i < leader->count && late; i++) {
        struct host_part *part = &leader->parts[i];
        const char *between = part->said[0] != '\0' ? "; it said: " : "";
        if (part->state < state)
            leader_lose(leader, part, "%s within %.0f s%s%s", what, duration_seconds(timeout),
                        between, part->said);
    }
    for (size_t i = 0; i < leader->count; i++)
        if (leader->parts[i].state == PART_LOST)
            return false;
    return !leader->loop.stopped && leader->loop.error == 0;
}

static bool all_fit(const struct leader *leader) {
    for (size_t i = 0; i < leader->count; i++)
        if (!leader->parts[i].fits)
            return false;
    return true;
}

/* Whether those that cannot hold an equal share can hold a smaller one, with the rest elsewhere. */
static bool bound_shares(struct leader *leader) {
    int64_t *rooms = calloc(leader->count, sizeof *rooms);
    bool made = rooms != NULL;
    for (size_t i = 0; i < leader->count && made; i++)
        rooms[i] = leader->parts[i].can_hold;
    made = made && shares_make(leader->shares, rooms, leader->count, leader->plan->connections);
    free(rooms);
    return made;
}

static bool is_bounded(const struct leader *leader) {
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        if (!part->fits &&
            (part->exit_code != EXIT_UNFIT || part->can_hold < 0 || part->can_hold >= part->share))
            return false; /* something else is in its way */
    }
    return true;
}

static void set_shares(struct leader *leader) {
    for (size_t i = 0; i < leader->count; i++)
        leader->parts[i].share = leader->shares[i];
}

static bool share_equally(struct leader *leader) {
    int64_t *none = calloc(leader->count, sizeof *none);
    bool made = none != NULL;
    for (size_t i = 0; i < leader->count && made; i++)
        none[i] = -1;
    made = made && shares_make(leader->shares, none, leader->count, leader->plan->connections);
    free(none);
    if (made)
        set_shares(leader);
    return made;
}

/* Once more, with shares that each said it can hold. */
static bool fit_again(struct leader *leader) {
    if (all_fit(leader) || leader->count == 1 || !is_bounded(leader) || !bound_shares(leader))
        return true;
    leader->sized = true;
    set_shares(leader);
    for (size_t i = 0; i < leader->count; i++)
        leader_send_plan(leader, &leader->parts[i]);
    return wait_for(leader, have_fit, PART_FITTED, FIT_TIMEOUT, "no answer to the plan");
}

static void judge_unfit(struct leader *leader) {
    struct judgement *judgement = leader->judgement;
    judgement->verdict = VERDICT_UNFIT;
    judgement->exit_code = EXIT_UNFIT;
    bool unfit = false;
    for (size_t i = 0; i < leader->count; i++)
        unfit |= !leader->parts[i].fits && leader->parts[i].exit_code == EXIT_UNFIT;
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        if (part->fits)
            continue;
        if (!unfit && part->exit_code == EXIT_NO_TARGET) {
            judgement->verdict = VERDICT_NO_TARGET;
            judgement->exit_code = EXIT_NO_TARGET;
        }
        judgement_reason(judgement, "host %s: %s", part->name, part->reason);
    }
}

static void print_findings(const struct leader *leader) {
    const struct options *options = leader->plan->options;
    const struct findings *findings = &leader->judgement->findings;
    if (findings->count > 0 && !options->no_check)
        preflight_table_print(log_stream(), style_for(STDERR_FILENO, options->color), leader->plan,
                              findings, options->quiet);
}

static bool agree(struct leader *leader) {
    bool there =
        wait_for(leader, have_hello, PART_FITTING, HELLO_TIMEOUT, "no holdfast part answered") &&
        wait_for(leader, have_fit, PART_FITTED, FIT_TIMEOUT, "no answer to the plan") &&
        fit_again(leader);
    leader_tell_findings(leader, &leader->judgement->findings);
    print_findings(leader);
    if (!there)
        return false;
    if (!all_fit(leader)) {
        judge_unfit(leader);
        return false;
    }
    return true;
}

static bool compare_clocks(struct leader *leader) {
    for (size_t i = 0; i < leader->count; i++)
        leader_compare_clock(leader, &leader->parts[i]);
    return wait_for(leader, have_clock, PART_COMPARED, READY_TIMEOUT, "its clock did not answer");
}

static bool arm(struct leader *leader) {
    for (size_t i = 0; i < leader->count; i++)
        leader_send_arm(leader, &leader->parts[i]);
    return wait_for(leader, have_ready, PART_READY, READY_TIMEOUT, "not ready");
}

/* The server's own numbers are read for the first time, once nobody's preflight is among them. */
static bool ask_server(struct leader *leader) {
    instant until = instant_after(now_of(leader), READY_TIMEOUT);
    int error = leader_server_start(leader);
    if (error < 0) {
        judgement_reason(leader->judgement, "the server cannot be watched: %s", strerror(-error));
        return false;
    }
    while (!observers_ready(&leader->observers) && instant_before(now_of(leader), until) &&
           loop_turn(&leader->loop, instant_earlier(until, leader_server_due(leader))))
        leader_server_turn(leader);
    return !leader->loop.stopped && leader->loop.error == 0 && count_state(leader, PART_LOST) == 0;
}

/* So long before the start the order to go is sent. */
static duration before_go(const struct leader *leader) {
    duration way = 0;
    for (size_t i = 0; i < leader->count; i++)
        way = max_i64(way, leader->parts[i].clock.round_trip);
    return BEFORE_GO + 2 * way;
}

static duration start_left(const struct leader *leader) {
    wall_time at = leader->plan->start_at;
    return at == 0 ? 0 : at - wall_time_now();
}

/* --start-at, by this host's time of day, which may be set meanwhile. */
static bool await_start(struct leader *leader) {
    notes_start(&leader->notes, leader->plan->start_at, start_left(leader));
    for (duration left; (left = start_left(leader) - before_go(leader)) > 0;) {
        instant until = instant_after(now_of(leader), min_i64(left, SECOND));
        if (!loop_turn(&leader->loop, until) || count_state(leader, PART_LOST) > 0)
            return false;
    }
    return true;
}

/* Each is told the moment by its own clock. */
static void go(struct leader *leader) {
    leader->go = instant_after(now_of(leader), max_i64(before_go(leader), start_left(leader)));
    leader->next_tick = instant_after(leader->go, SECOND + TICK_BEHIND);
    for (size_t i = 0; i < leader->count; i++) {
        leader->parts[i].heard = leader->go; /* until then it has nothing to say */
        leader_send_go(leader, &leader->parts[i], leader->go);
    }
}

/* --- while it goes on --- */

/* A part is not heard of: that is told. Silence that lasts is a loss only once nobody else goes on,
 * for what comes back counts again. */
static void look_for_silence(struct leader *leader, struct host_part *part, bool alone) {
    duration silence = instant_since(now_of(leader), part->heard);
    if (leader_is_over(part))
        return;
    if (silence < SILENT_TIME) {
        if (part->silent)
            notes_print(&leader->notes, "%s is heard of again", part->name);
        part->silent = false;
        return;
    }
    if (!part->silent)
        notes_print(&leader->notes, "%s: nothing came for %.0f s", part->name,
                    duration_seconds(silence));
    part->silent = true;
    if (silence >= LOST_TIME &&
        (alone || leader->stopping || leader->plan->options->on_host_loss == LOSS_STOP))
        leader_lose(leader, part, "nothing came from it for %.0f s", duration_seconds(silence));
}

static bool others_go_on(const struct leader *leader) {
    for (size_t i = 0; i < leader->count; i++)
        if (!leader_is_over(&leader->parts[i]) && !leader->parts[i].silent)
            return true;
    return false;
}

/* --on-host-loss stop. */
static void look_for_losses(struct leader *leader) {
    if (leader->stopping || count_state(leader, PART_LOST) == 0 ||
        leader->plan->options->on_host_loss != LOSS_STOP)
        return;
    leader->stopping = true;
    notes_print(&leader->notes, "a host is lost: ending all in order (--on-host-loss stop)");
    for (size_t i = 0; i < leader->count; i++)
        leader_send_stop(leader, &leader->parts[i]);
}

/* Who was stopped has heard of nobody: that is no silence of theirs. */
static void tick(struct leader *leader) {
    instant before = now_of(leader);
    duration late = instant_since(before, leader->next_tick);
    leader->next_tick = instant_after(leader->next_tick, (late / SECOND + 1) * SECOND);
    for (size_t i = 0; i < leader->count && late > SECOND; i++)
        leader->parts[i].heard =
            instant_earlier(instant_after(leader->parts[i].heard, late), before);
    (void)leader_flush(leader);
    bool alone = !others_go_on(leader);
    for (size_t i = 0; i < leader->count; i++)
        look_for_silence(leader, &leader->parts[i], alone);
    execs_tick(&leader->execs);
    observers_tick(&leader->observers, before, leader_phase(leader) < IN_DRAIN);
    leader_tick(leader, TICK_BEHIND);
    log_flush();
    double took = duration_seconds(instant_since(now_of(leader), before));
    leader->tick_seconds_max = fmax(leader->tick_seconds_max, took);
}

/* What is due, once something has come or it is time. */
static void turn(struct leader *leader) {
    instant due = instant_earlier(leader_server_due(leader), leader_execs_due(leader));
    due = instant_earlier(due, leader_left_due(leader));
    (void)loop_turn(&leader->loop, instant_earlier(leader->next_tick, due));
    if (leader->loop.error != 0)
        return;
    leader_lose_left(leader);
    look_for_losses(leader);
    leader_server_turn(leader);
    leader_execs_turn(leader);
    if (!instant_before(now_of(leader), leader->next_tick))
        tick(leader);
}

static bool goes_on(const struct leader *leader) {
    return !leader->cut && leader->loop.error == 0;
}

static void look_on(struct leader *leader) {
    while (goes_on(leader) && !leader_all_over(leader))
        turn(leader);
    while (goes_on(leader) && !leader_server_is_over(leader))
        turn(leader);
    execs_end(&leader->execs);
    leader_tick(leader, 0);
    for (size_t i = 0; i < leader->count; i++) {
        struct host_part *part = &leader->parts[i];
        part->cut = leader->cut && !leader_is_over(part);
        if (leader->cut)
            leader_lose(leader, part, "a second interrupt cut it short");
        else
            leader_lose(leader, part, "waiting for it failed here: %s",
                        strerror(-leader->loop.error));
    }
}

/* --- from nothing to over --- */

static void judge_no_load(struct leader *leader) {
    struct judgement *judgement = leader->judgement;
    explain_unreached(leader);
    if (judgement->exit_code != EXIT_HELD)
        return;
    bool interrupted = leader->stopping;
    judgement->verdict = interrupted ? VERDICT_INCONCLUSIVE : VERDICT_UNFIT;
    judgement->exit_code = interrupted ? EXIT_INCONCLUSIVE : EXIT_UNFIT;
    if (interrupted)
        judgement_reason(judgement, "interrupted before the load");
    else if (judgement->reason_count == 0)
        judgement_reason(judgement, "no load was sent: %s",
                         strerror(leader->loop.error != 0 ? -leader->loop.error : ENOMEM));
}

static bool take_memory(struct leader *leader) {
    leader->count = host_list_count(leader->plan->options->hosts);
    leader->parts = calloc(leader->count, sizeof *leader->parts);
    leader->shares = calloc(leader->count, sizeof *leader->shares);
    for (size_t i = 0; i < leader->count && leader->parts != NULL; i++) {
        leader->parts[i].in.fd = -1;
        leader->parts[i].remote = (struct remote){0, -1, -1, -1, -1};
    }
    leader->sum = calloc(1, sizeof *leader->sum);
    leader->latency_before = calloc(1, sizeof *leader->latency_before);
    if (leader->sum == NULL)
        return false;
    const struct plan *plan = leader->plan;
    timeline_init(&leader->sum->timeline, SECOND);
    execs_init(&leader->execs, plan, &leader->sum->marks, &leader->notes, &leader->screen);
    return leader->parts != NULL && leader->shares != NULL && leader->latency_before != NULL;
}

static bool begin(struct leader *leader, int signals_fd) {
    char unread[PLAN_ERROR_MAX] = "";
    require(
        rules_read(&leader->rules, leader->plan, (struct refuse_buffer){unread, sizeof unread}));
    if (!take_memory(leader))
        return false;
    if (!share_equally(leader)) {
        judgement_reason(leader->judgement,
                         "%zu hosts, of %" PRIu32 " connections: one at least for each host is "
                         "accepted",
                         leader->count, leader->plan->connections);
        return false;
    }
    leader_start_parts(leader);
    add_sources(leader, signals_fd);
    return agree(leader) && compare_clocks(leader) && ask_server(leader) && arm(leader) &&
           await_start(leader);
}

static struct saved *carry_out(struct leader *leader) {
    const struct options *options = leader->plan->options;
    if (leader->scrape != NULL)
        (void)scrape_start(leader->scrape); /* a thread: after the last fork */
    struct scheduling scheduling = priority_raise();
    screen_open(&leader->screen, options->ui, options->quiet, options->color);
    view_init(&leader->view, leader->plan, leader->setup);
    leader->view.headroom.count = 0; /* of this host, which holds none */
    go(leader);
    look_on(leader);
    screen_close(&leader->screen);
    priority_restore(&scheduling);
    return leader_merge(leader);
}

struct saved *leader_run(struct judgement *judgement, const struct plan *plan, struct setup *setup,
                         int signals_fd, struct session_timeline *timeline, struct scrape *scrape) {
    struct leader leader = {.plan = plan,
                            .setup = setup,
                            .judgement = judgement,
                            .timeline = timeline,
                            .scrape = scrape};
    struct saved *whole = NULL;
    bool silent = plan->options->quiet || plan->options->ui == UI_NONE;
    leader.screen.fd = -1;
    notes_init(&leader.notes, silent ? NULL : &leader.screen);
    int error = loop_open(&leader.loop, SESSION_RING_ENTRIES, ENGINE_EPOLL);
    if (error == 0 && begin(&leader, signals_fd))
        whole = carry_out(&leader);
    if (whole == NULL)
        judge_no_load(&leader);
    if (leader.sum != NULL)
        execs_end(&leader.execs);
    leader_server_end(&leader);
    leader_free_parts(&leader);
    loop_close(&leader.loop);
    free(leader.sum);
    free(leader.latency_before);
    return whole;
}
