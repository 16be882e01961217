/* All parts together: each second while they go on, and merged as report --merge would in the end.
 */
#include "hosts/leader_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/exit_code.h"
#include "base/minmax.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "report/format/status_text.h"
#include "report/saved/saved_merge.h"
#include "report/terminal/status_line.h"
#include "run/self.h"
#include "run/view.h"

/* --- findings --- */

/* "h1", "h1, h2 and 3 more": who found the same. */
static void name_hosts(const struct leader *leader, const struct finding *same, size_t from,
                       char names[static 200]) {
    enum { NAMED = 3 };
    size_t found = 0, length = 0;
    for (size_t i = from; i < leader->count; i++) {
        const struct findings *findings = &leader->parts[i].findings;
        bool has = false;
        for (size_t j = 0; j < findings->count && !has; j++)
            has = strcmp(findings->items[j].text, same->text) == 0;
        if (has && found++ < NAMED && length < 150)
            length += (size_t)snprintf(names + length, 200 - length, "%s%.48s",
                                       found > 1 ? ", " : "", leader->parts[i].name);
    }
    if (found > NAMED)
        snprintf(names + length, 200 - length, " and %zu more", found - NAMED);
}

static bool is_told(const struct leader *leader, size_t before, const struct finding *finding) {
    for (size_t i = 0; i < before; i++)
        for (size_t j = 0; j < leader->parts[i].findings.count; j++)
            if (strcmp(leader->parts[i].findings.items[j].text, finding->text) == 0)
                return true;
    return false;
}

void leader_tell_findings(const struct leader *leader, struct findings *findings) {
    for (size_t i = 0; i < leader->count; i++)
        for (size_t j = 0; j < leader->parts[i].findings.count; j++) {
            const struct finding *from = &leader->parts[i].findings.items[j];
            char names[200] = "";
            if (is_told(leader, i, from))
                continue;
            name_hosts(leader, from, i, names);
            struct finding *to = findings_add_named(findings, from->name, from->side, from->status,
                                                    "%s: %s", names, from->text);
            struct finding said = *to;
            *to = *from;
            memcpy(to->text, said.text, sizeof to->text);
        }
}

/* --- the sum so far --- */

static bool is_frozen(const struct host_part *part) {
    const char *phase = saved_follow_phase(part->follow);
    return strcmp(phase, "drain") == 0;
}

/* What it had is gone with it. */
static void lose(struct tally *tally, const struct host_part *part) {
    tally->counts.phase = is_frozen(part) ? WORKER_FROZEN : WORKER_HOLDING;
    tally_lose_worker(tally);
    tally->counts.phase = 0;
}

static void add_record(struct record *sum, const struct host_part *part,
                       const struct record *record) {
    if (part->state == PART_LOST) {
        struct tally *lost = calloc(1, sizeof *lost);
        if (lost == NULL)
            return;
        tally_copy(lost, &record->total);
        lose(lost, part);
        tally_merge(&sum->total, lost);
        free(lost);
    } else {
        tally_merge(&sum->total, &record->total);
    }
    sum->live_peak += record->live_peak;
    sum->cpu_user_seconds += record->cpu_user_seconds;
    sum->cpu_system_seconds += record->cpu_system_seconds;
    if (sum->engine[0] == '\0')
        memcpy(sum->engine, record->engine, sizeof sum->engine);
    sum->ramp_seconds = fmax(sum->ramp_seconds, record->ramp_seconds);
    sum->hold_seconds = fmax(sum->hold_seconds, record->hold_seconds);
    sum->samples++;
}

/* The load's beginning by this host's wall clock. */
static struct timespec wall_of(instant moment, instant now) {
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    int64_t ns = (int64_t)wall.tv_sec * SECOND + wall.tv_nsec - instant_since(now, moment);
    return (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
}

/* All together, where there are several: of one its own figures are exact. */
static void add_up_seconds(struct leader *leader) {
    const struct part_seconds **parts = calloc(leader->count, sizeof *parts);
    struct all_seconds *all = &leader->seconds;
    for (size_t i = 0; i < leader->count && parts != NULL; i++) {
        struct host_part *part = &leader->parts[i];
        part->seconds.ended = part->state == PART_ENDED;
        part->seconds.lost = part->state == PART_LOST;
        parts[i] = &part->seconds;
    }
    if (parts != NULL)
        all_seconds_add(all, parts, leader->count);
    free(parts);
    leader->sum->live_min_measured = all->held;
    leader->sum->live_min = all->live_min;
    if (all->per_second_peak > 0)
        leader->sum->per_second_peak = all->per_second_peak;
}

void leader_add_up(struct leader *leader) {
    struct record *sum = leader->sum;
    tally_clear(&sum->total);
    sum->live_peak = sum->samples = 0;
    sum->cpu_user_seconds = sum->cpu_system_seconds = 0;
    sum->hold_seconds = 0;
    sum->ramp_seconds = sum->drain_seconds = sum->tick_seconds_max = NAN;
    sum->per_second_mean = sum->per_second_peak = NAN;
    sum->pss_bytes_max = sum->rss_bytes_max = -1;
    sum->headroom_files_used = sum->headroom_files_limit = -1;
    sum->balanced = true;
    sum->started_at = wall_of(leader->go, net_now(leader->loop.net));
    clock_gettime(CLOCK_REALTIME, &sum->ended_at);
    for (size_t i = 0; i < leader->count; i++) {
        const struct record *record = leader_record_of(&leader->parts[i]);
        if (record != NULL)
            add_record(sum, &leader->parts[i], record);
    }
    add_up_seconds(leader);
    sum->imbalance = tally_imbalance(&sum->total);
    sum->balanced = sum->imbalance == NULL;
    if (leader->observing)
        observers_record(&leader->observers, sum);
    memset(&sum->evidence.ours, 0, sizeof sum->evidence.ours); /* the load is not from here */
}

/* --- the start --- */

/* How far apart they began; below zero: not one has. */
struct skew {
    duration apart, error;
    size_t began;
    uint32_t least, most; /* shares */
};

static struct skew measure_skew(const struct leader *leader) {
    struct skew skew = {.apart = -1, .least = UINT32_MAX};
    instant first = INSTANT_NEVER, last = {INT64_MIN};
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        skew.least = min_u32(skew.least, part->share);
        skew.most = max_u32(skew.most, part->share);
        if (part->started.ns == 0)
            continue;
        first.ns = min_i64(first.ns, part->started.ns);
        last.ns = max_i64(last.ns, part->started.ns);
        skew.error = max_i64(skew.error, part->clock.round_trip / 2);
        skew.began++;
    }
    if (skew.began > 0)
        skew.apart = instant_since(last, first);
    return skew;
}

static void say_skew(char text[static 200], const struct leader *leader, struct skew skew) {
    char more[24] = "";
    if (skew.most > skew.least)
        snprintf(more, sizeof more, "..%" PRIu32, skew.most);
    snprintf(text, 200,
             "%zu hosts, %" PRIu32 "%s connections each: began within %.2f ms, by clocks compared "
             "to %.2f ms",
             leader->count, skew.least, more, (double)skew.apart / 1e6, (double)skew.error / 1e6);
}

static void find_skew(const struct leader *leader, struct findings *findings) {
    char text[200];
    struct skew skew = measure_skew(leader);
    if (skew.apart < 0)
        return;
    say_skew(text, leader, skew);
    struct finding *finding = findings_add(findings, FINDING_hosts, FINDING_OK, "%s", text);
    finding->have = skew.apart / MICROSECOND;
}

/* Once, when all have begun. */
static void tell_skew(struct leader *leader) {
    char text[200];
    struct skew skew = measure_skew(leader);
    if (leader->skew_told || skew.began < leader->count)
        return;
    leader->skew_told = true;
    say_skew(text, leader, skew);
    notes_print(&leader->notes, "%s", text);
}

/* --- the second --- */

static const char *phase_name(const struct leader *leader) {
    static const char *const names[HOST_PHASES] = {"start", "ramp", "hold", "freeze", "drain"};
    return names[leader_phase(leader)];
}

static double add_known(double sum, double value) {
    return isnan(value) ? sum : isnan(sum) ? value : sum + value;
}

/* Lines come once a second: of less than half of one no rate is known. */
static struct timeline_sample take_sample(struct leader *leader, duration behind) {
    const struct tally *total = &leader->sum->total;
    const struct tally_counts *counts = &total->counts;
    uint64_t answers = 0, answered = counts->answered;
    duration p50 =
        histogram_percentile_between(leader->latency_before, &total->latency, 0.5, &answers);
    duration p99 =
        histogram_percentile_between(leader->latency_before, &total->latency, 0.99, NULL);
    uint64_t more = answered > leader->answered_before ? answered - leader->answered_before : 0;
    instant now = net_now(leader->loop.net);
    double at = duration_seconds(instant_since(now, leader->go) - behind);
    double seconds = at - leader->latest.t;
    struct timeline_sample sample = {
        .t = at,
        .live = counts->live,
        .connecting = counts->connecting,
        .closed = tally_closed(counts),
        .errored = tally_errored(counts),
        .client_per_second = seconds > 0.5 ? (double)more / seconds : (double)NAN,
        .server_per_second = observers_take_per_second(&leader->observers),
        .p50_seconds = answers > 0 ? duration_seconds(p50) : (double)NAN,
        .p99_seconds = answers > 0 ? duration_seconds(p99) : (double)NAN,
        .max_seconds = NAN,
        .cpu_percent = NAN,
        .descriptors = NAN,
        .loop_lag_seconds = NAN,
        .live_min = counts->live,
        .live_max = counts->live,
    };
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        sample.cpu_percent = add_known(sample.cpu_percent, part->cpu_percent);
        sample.descriptors = add_known(sample.descriptors, part->descriptors);
        sample.loop_lag_seconds = fmax(sample.loop_lag_seconds, part->lag_seconds);
    }
    if (leader->seconds.latest > 0)
        sample.live_min = min_u64(sample.live_min, leader->seconds.live_min_latest);
    statuses_by_class(counts, sample.statuses);
    histogram_copy(leader->latency_before, &total->latency);
    leader->answered_before = answered;
    return sample;
}

static void write_timeline(struct leader *leader, const struct timeline_sample *sample) {
    struct session_timeline *timeline = leader->timeline;
    if (timeline == NULL)
        return;
    if (!timeline->file.begun)
        session_complain(&timeline->file, timeline_file_begin(&timeline->file, leader->plan,
                                                              leader->sum, timeline->judgement));
    struct timeline_moment moment = {.phase = phase_name(leader),
                                     .sample = *sample,
                                     .rules =
                                         leader_phase(leader) < IN_DRAIN ? &leader->rules : NULL};
    session_complain(&timeline->file,
                     timeline_file_sample(&timeline->file, leader->plan, leader->sum, &moment));
}

static void publish(struct leader *leader, const struct timeline_sample *sample) {
    const struct record *sum = leader->sum;
    if (leader->scrape == NULL)
        return;
    struct prometheus_scrape exposition = {.plan = leader->plan,
                                           .record = sum,
                                           .total = &sum->total,
                                           .loop_lag_seconds = sample->loop_lag_seconds,
                                           .cpu_seconds =
                                               sum->cpu_user_seconds + sum->cpu_system_seconds,
                                           .self = self_measure()};
    scrape_publish(leader->scrape, &exposition);
}

void leader_print_line(struct leader *leader) {
    char text[STATUS_LINE_MAX];
    const struct timeline_sample *sample = &leader->latest;
    struct status_line line = {.phase = phase_name(leader),
                               .t = sample->t,
                               .live = sample->live,
                               .connecting = sample->connecting,
                               .closed = sample->closed,
                               .errored = sample->errored,
                               .drained = -1,
                               .client_rps = sample->client_per_second,
                               .server_rps = observers_per_second(&leader->observers),
                               .p50_ms = sample->p50_seconds * 1e3,
                               .p99_ms = sample->p99_seconds * 1e3,
                               .files_used = -1,
                               .files_limit = -1,
                               .ports_used = -1,
                               .ports_have = -1,
                               .cpu_pct = sample->cpu_percent,
                               .lag_ms = sample->loop_lag_seconds * 1e3,
                               .statuses = statuses_of(&leader->sum->total.counts)};
    screen_print(&leader->screen, LOG_LEVEL_INFO, status_line_text(text, sizeof text, &line));
}

static void show_block(struct leader *leader, const struct timeline_sample *sample) {
    struct block_view *view = &leader->view;
    const struct plan *plan = leader->plan;
    const char *phase = phase_name(leader);
    duration elapsed = instant_since(net_now(leader->loop.net), leader->go);
    duration ramp = ramp_length(&plan->ramp);
    view->phase = phase;
    view->length = strcmp(phase, "hold") == 0 ? plan->hold : strcmp(phase, "ramp") == 0 ? ramp : 0;
    view->elapsed = strcmp(phase, "hold") == 0 ? elapsed - ramp : elapsed;
    view->until_interrupt = strcmp(phase, "hold") == 0 && plan->requests == 0;
    view->client_per_second = sample->client_per_second;
    view->server_per_second = observers_per_second(&leader->observers);
    view->cpu_percent = sample->cpu_percent;
    view->lag_seconds = sample->loop_lag_seconds;
    view_counts(view, plan, leader->sum, &leader->sum->total);
    view_rules(view, &leader->rules, plan, leader->sum);
    view_take_second(view,
                     &(struct block_second){.live = (double)sample->live,
                                            .per_second = sample->client_per_second,
                                            .p99_seconds = sample->p99_seconds},
                     elapsed);
    screen_show(&leader->screen, view);
}

static bool shows_line(const struct leader *leader) {
    enum { AUTO_LINE_TICKS = 10 };
    const struct options *options = leader->plan->options;
    if (options->quiet || options->ui == UI_NONE || screen_is_open(&leader->screen))
        return false;
    return options->ui == UI_LINE || leader->ticks % AUTO_LINE_TICKS == 0;
}

/* --abort-on-fail: of all parts' sums, and then all parts are told. */
static void watch_rules(struct leader *leader) {
    if (!leader->plan->options->abort_on_fail || leader->stopping ||
        leader_phase(leader) >= IN_FREEZE)
        return;
    for (size_t i = 0; i < leader->rules.count && !leader->aborting; i++) {
        const struct rule *rule = &leader->rules.items[i];
        if (rule_is_feasible(rule, leader->plan, leader->sum))
            continue;
        leader->aborting = leader->stopping = true;
        notes_print(&leader->notes, "%s can no longer hold: ending all in order", rule->expression);
        for (size_t j = 0; j < leader->count; j++)
            leader_send_abort(leader, &leader->parts[j], rule->expression);
    }
}

void leader_tick(struct leader *leader, duration behind) {
    leader->ticks++;
    leader_add_up(leader);
    leader_marks_add_up(leader);
    struct timeline_sample sample = leader->latest = take_sample(leader, behind);
    timeline_push(&leader->sum->timeline, &sample);
    write_timeline(leader, &sample);
    publish(leader, &sample);
    if (shows_line(leader))
        leader_print_line(leader);
    if (screen_is_open(&leader->screen))
        show_block(leader, &sample);
    tell_skew(leader);
    watch_rules(leader);
    notes_outcomes(&leader->notes, &leader->sum->total.counts, net_now(leader->loop.net));
}

/* --- the end --- */

static void shift(struct timespec *time, struct timespec from, struct timespec to) {
    int64_t ns = (int64_t)time->tv_nsec + to.tv_nsec - from.tv_nsec;
    int64_t carry = ns < 0 ? -1 : ns / SECOND; /* from -1 s to 2 s */
    time->tv_sec += to.tv_sec - from.tv_sec + carry;
    time->tv_nsec = ns - carry * SECOND;
}

/* By this host's wall clock, whatever that host's says. */
static void set_clock(struct record *record, const struct host_part *part, instant now) {
    struct timespec start = wall_of(part->started, now);
    shift(&record->ended_at, record->started_at, start);
    record->started_at = start;
}

/* Each part counts from its own start. */
static void set_moments(struct record *record, duration later) {
    struct tally_counts *counts = &record->total.counts;
    endings_shift(&record->total.endings, later);
    if (counts->first_attempt_ns != 0)
        counts->first_attempt_ns = max_i64(1, counts->first_attempt_ns + later);
}

/* Of a part without its end, endings are known by their number alone. */
static void count_endings(struct record *record) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        struct ending_group *group = &record->total.endings.of[i];
        if (outcome_stage(outcome) == STAGE_LIVE && record->total.counts.outcomes[i] > 0)
            *group = (struct ending_group){.count = record->total.counts.outcomes[i],
                                           .age_ms_min = UINT32_MAX};
    }
}

/* Nobody waited for the end: as far as was heard of it, none of it lost. */
static void close_cut(struct record *record) {
    struct tally_counts *counts = &record->total.counts;
    count_endings(record);
    record->cut = true;
    record->ramp_cut = isnan(record->ramp_seconds);
    record->drain_seconds = NAN;
    record->unfinished = counts->outstanding;
    memset(counts->drain, 0, sizeof counts->drain);
    counts->drain[OUTCOME_drained] = counts->live;
    counts->drain[OUTCOME_abandoned] = counts->connecting;
}

/* A part that did not come to its end: as far as was heard of it, then lost. */
static void close_lost(struct record *record, struct host_part *part) {
    const struct tally_counts *counts = &record->total.counts;
    part->lost = counts->live + counts->connecting;
    if (is_frozen(part))
        part->lost -= min_u64(part->lost, tally_drained(counts));
    count_endings(record);
    lose(&record->total, part);
    record->ramp_cut = isnan(record->ramp_seconds);
    record->drain_seconds = 0;
    record->unfinished = 0;
    for (size_t i = 0; i < record->worker_count; i++) {
        part->workers_lost += !record->workers[i].lost;
        record->workers[i].lost = true;
        record->workers[i].status = -1;
    }
}

/* The lost did not hold as long as the others; rates are of the hold of those. */
static void even_hold(struct record *lost, const struct record *whole) {
    lost->hold_seconds = whole->hold_seconds;
    lost->ended_at = whole->ended_at;
}

static bool add_part(struct saved_merge *merge, struct leader *leader, struct host_part *part,
                     const struct record *whole) {
    char error[SAVED_ERROR_MAX];
    instant now = net_now(leader->loop.net);
    if (leader_record_of(part) == NULL || part->started.ns == 0)
        return false;
    struct saved *saved = saved_follow_take(part->follow);
    if (saved->record == NULL) {
        saved_free(saved);
        return false;
    }
    set_clock(saved->record, part, now);
    set_moments(saved->record, instant_since(part->started, leader->go));
    if (part->cut) {
        close_cut(saved->record);
    } else if (part->state == PART_LOST) {
        close_lost(saved->record, part);
        if (whole != NULL)
            even_hold(saved->record, whole);
    }
    if (saved_merge_add(merge, saved, part->name, error))
        return true;
    part->workers_lost = 0;
    snprintf(part->refused, sizeof part->refused, "%.199s", error);
    notes_print(&leader->notes, "%s: its figures are left out: %s", part->name, part->refused);
    return false;
}

/* Where no worker died but with its host, that is all there is to say of them. */
static void explain_workers(const struct leader *leader, struct saved *whole) {
    struct findings *findings = &whole->judgement.findings;
    const struct host_part *first = NULL;
    size_t lost = 0;
    for (size_t i = 0; i < whole->record->worker_count; i++)
        lost += whole->record->workers[i].lost;
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        lost -= min_u64(lost, part->workers_lost);
        first = first == NULL && part->state == PART_LOST && !part->cut ? part : first;
    }
    for (size_t i = 0; i < findings->count && lost == 0 && first != NULL; i++) {
        struct finding *finding = &findings->items[i];
        if (finding->code != FINDING_worker_lost)
            continue;
        finding_evidence(finding, "host %s: %s", first->name, first->why);
        finding->do_count = 0;
        finding_do(finding, "look at host %s and at the way to it", first->name);
    }
}

/* Nobody knows what it would have held. */
static void know_less(struct judgement *judgement) {
    if (judgement->verdict == VERDICT_INCONCLUSIVE)
        return;
    judgement->verdict = VERDICT_INCONCLUSIVE;
    judgement->exit_code = EXIT_INCONCLUSIVE;
}

static void find_loss(const struct host_part *part, struct judgement *judgement) {
    struct finding *finding = findings_add(&judgement->findings, FINDING_host_lost, FINDING_FAIL,
                                           "%s was lost, and %" PRIu64 " connections with it: %s",
                                           part->name, part->lost, part->why);
    finding->have = (int64_t)part->lost;
    finding_do(finding,
               "look on %s for the report that its part left where it was started "
               "(docs/hosts.md)",
               part->name);
    judgement_reason(judgement, "host %s was lost: %s", part->name, part->why);
    know_less(judgement);
}

/* It came to its end, and cannot be added up with the others. */
static void find_left_out(const struct host_part *part, struct judgement *judgement) {
    struct finding *finding =
        findings_add(&judgement->findings, FINDING_host_lost, FINDING_FAIL,
                     "%s is not in the figures: %s", part->name, part->refused);
    finding_do(finding, "the same without %s, or with fewer workers on each host (-w)", part->name);
    judgement_reason(judgement, "host %s is not in the figures: %s", part->name, part->refused);
    know_less(judgement);
}

static void find_losses(const struct leader *leader, struct saved *whole) {
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        if (part->refused[0] != '\0')
            find_left_out(part, &whole->judgement);
        else if (part->state == PART_LOST && !part->cut)
            find_loss(part, &whole->judgement);
    }
    explain_workers(leader, whole);
}

/* The options of the whole have what the parts' had not. */
static void take_plan(struct saved *whole, const struct plan *plan) {
    const struct options *from = plan->options;
    struct options *to = &whole->options;
    to->hosts = from->hosts;
    to->remote = from->remote;
    to->on_host_loss = from->on_host_loss;
    to->given.hosts = true;
    to->given.remote = from->given.remote;
    to->given.on_host_loss = from->given.on_host_loss;
    to->label = from->label;
    to->server_status = from->server_status;
    to->given.server_status = from->given.server_status;
    to->server_log = from->server_log;
    to->given.server_log = from->given.server_log;
    to->server_pid = from->server_pid;
    to->given.server_pid = from->given.server_pid;
    to->exec_at = from->exec_at;
    to->given.exec_at = from->given.exec_at;
    to->abort_on_fail = from->abort_on_fail;
    to->given.abort_on_fail = from->given.abort_on_fail;
    to->start_at = from->start_at;
    to->given.start_at = from->given.start_at;
    whole->plan.status = plan->status;
    whole->plan.start_at = plan->start_at;
}

/* What the server said is held against what all parts sent: what one that was lost sent since it
 * was last heard of, nobody knows. */
static void take_server(const struct leader *leader, struct record *record) {
    const struct record *sum = leader->sum;
    record->server = sum->server;
    record->server_log = sum->server_log;
    record->server_process = sum->server_process;
    record->evidence = sum->evidence;
    for (size_t i = 0; i < leader->count; i++)
        if (leader->parts[i].state == PART_LOST && record->server.measured)
            record->server.requests_unsure =
                max_u64(record->server.requests_unsure,
                        saturating_sub_u64(record->server.requests, record->server.client_sent));
}

/* Of several parts: what all held in the same seconds, and the highest of these. The last was no
 * whole one, and a peak is not below the mean. */
static void take_seconds(const struct leader *leader, struct record *record) {
    const struct all_seconds *all = &leader->seconds;
    if (leader->count == 1 && !isnan(record->per_second_peak))
        return;
    record->live_min_measured = all->held;
    record->live_min = min_u64(all->live_min, record->total.counts.live);
    double peak = all->per_second_peak > 0 ? all->per_second_peak : (double)NAN;
    bool full = record->hold_seconds >= 0.9 && !isnan(record->per_second_mean);
    record->per_second_peak = full ? fmax(peak, record->per_second_mean) : (double)NAN;
}

/* What we saw of the whole ourselves, and no part did. */
static void add_own(struct leader *leader, struct saved *whole) {
    struct record *record = whole->record;
    record->tick_seconds_max = leader->tick_seconds_max;
    record->marks = leader->sum->marks;
    record->timeline = leader->sum->timeline;
    take_seconds(leader, record);
    take_server(leader, record);
    take_plan(whole, leader->plan);
}

static bool is_cut(const struct leader *leader) {
    for (size_t i = 0; i < leader->count; i++)
        if (leader->parts[i].cut)
            return true;
    return false;
}

/* Who was lost is explained with those that never came. */
static void judge_nothing(struct leader *leader) {
    struct judgement *judgement = leader->judgement;
    judgement->verdict = VERDICT_INCONCLUSIVE;
    judgement->exit_code = is_cut(leader) ? EXIT_SECOND_SIGNAL : EXIT_INCONCLUSIVE;
    if (is_cut(leader))
        judgement_reason(judgement, "a second interrupt cut the end short");
    for (size_t i = 0; i < leader->count; i++)
        if (leader->parts[i].state == PART_ENDED)
            judgement_reason(judgement, "host %s: it sent no figures", leader->parts[i].name);
}

struct saved *leader_merge(struct leader *leader) {
    struct saved_merge merge = {0};
    leader_marks_of_parts(leader);
    for (size_t i = 0; i < leader->count; i++)
        if (leader->parts[i].state == PART_ENDED)
            (void)add_part(&merge, leader, &leader->parts[i], NULL);
    for (size_t i = 0; i < leader->count; i++)
        if (leader->parts[i].state == PART_LOST)
            (void)add_part(&merge, leader, &leader->parts[i],
                           merge.whole != NULL ? merge.whole->record : NULL);
    if (merge.whole == NULL) {
        judge_nothing(leader);
        saved_merge_free(&merge);
        return NULL;
    }
    merge.whole->record->cut |= is_cut(leader);
    add_own(leader, saved_merge_sum(&merge));
    struct saved *whole = saved_merge_end(&merge);
    leader_tell_findings(leader, &whole->judgement.findings);
    find_skew(leader, &whole->judgement.findings);
    find_losses(leader, whole);
    return whole;
}
