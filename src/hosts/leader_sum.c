/* All parts together, each second while they go on. */
#include "hosts/leader_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/minmax.h"
#include "options/options.h"
#include "report/format/status_text.h"
#include "report/terminal/status_line.h"
#include "run/self.h"
#include "run/view.h"

/* --- the sum so far --- */

static void add_record(struct record *sum, const struct host_part *part,
                       const struct record *record) {
    if (part->state == PART_LOST) {
        struct tally *lost = calloc(1, sizeof *lost);
        if (lost == NULL)
            return;
        tally_copy(lost, &record->total);
        leader_lose_held(lost, part);
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
struct timespec leader_wall_of(instant moment, instant now) {
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    int64_t ns = (int64_t)wall.tv_sec * SECOND + wall.tv_nsec - instant_since(now, moment);
    return (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
}

/* What parts that ended before others held is closed, and live no more. */
static void add_up_drained(struct leader *leader) {
    bool over = leader_all_over(leader);
    leader->drained.live = leader->drained.connecting = 0;
    for (size_t i = 0; i < leader->count && !over; i++) {
        const struct host_part *part = &leader->parts[i];
        const struct record *record = leader_record_of(part);
        if (part->state != PART_ENDED || record == NULL)
            continue;
        leader->drained.live += record->total.counts.live;
        leader->drained.connecting += record->total.counts.connecting;
    }
}

static bool has_ended_empty(const struct host_part *part) {
    const struct record *record = leader_record_of(part);
    return part->state == PART_ENDED && record != NULL && record->ended_empty;
}

/* All together, where there are several: of one its own figures are exact. */
static void add_up_seconds(struct leader *leader) {
    const struct seconds_part *parts[HOST_LIST_MAX];
    struct seconds_all *all = &leader->seconds;
    for (size_t i = 0; i < leader->count; i++) {
        struct host_part *part = &leader->parts[i];
        part->seconds.ended = part->state == PART_ENDED && !leader_is_leaving(leader, part);
        part->seconds.lost = part->state == PART_LOST || has_ended_empty(part);
        parts[i] = &part->seconds;
    }
    seconds_all_add(all, parts, leader->count);
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
    sum->started_at = leader_wall_of(leader->go, net_now(leader->loop.net));
    clock_gettime(CLOCK_REALTIME, &sum->ended_at);
    for (size_t i = 0; i < leader->count; i++) {
        const struct record *record = leader_record_of(&leader->parts[i]);
        if (record != NULL)
            add_record(sum, &leader->parts[i], record);
    }
    add_up_seconds(leader);
    add_up_drained(leader);
    leader->live_peak = max_u64(leader->live_peak, sum->total.counts.live - leader->drained.live);
    sum->imbalance = tally_imbalance(&sum->total);
    sum->balanced = sum->imbalance == NULL;
    if (leader->imbalance == NULL)
        leader->imbalance = sum->imbalance;
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
        skew.error = max_i64(skew.error, clock_offset_error(&part->clock, part->started));
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

duration leader_skew(const struct leader *leader, char text[static 200]) {
    struct skew skew = measure_skew(leader);
    if (skew.apart >= 0)
        say_skew(text, leader, skew);
    return skew.apart;
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
    return leader_phase_names[leader_phase(leader)];
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
    duration max = histogram_percentile_between(leader->latency_before, &total->latency, 1, NULL);
    uint64_t more = answered > leader->answered_before ? answered - leader->answered_before : 0;
    instant now = net_now(leader->loop.net);
    double at = duration_seconds(instant_since(now, leader->go) - behind);
    double seconds = at - leader->latest.t;
    struct timeline_sample sample = {
        .t = at,
        .live = counts->live - leader->drained.live,
        .connecting = counts->connecting - leader->drained.connecting,
        .closed = tally_closed(counts),
        .errored = tally_errored(counts),
        .client_per_second = seconds > 0.5 ? (double)more / seconds : (double)NAN,
        .server_per_second = observers_take_per_second(&leader->observers),
        .p50_seconds = answers > 0 ? duration_seconds(p50) : (double)NAN,
        .p99_seconds = answers > 0 ? duration_seconds(p99) : (double)NAN,
        .max_seconds = answers > 0 ? duration_seconds(max) : (double)NAN,
        .cpu_percent = NAN,
        .descriptors = NAN,
        .loop_lag_seconds = NAN,
        .live_min = counts->live - leader->drained.live,
        .live_max = counts->live - leader->drained.live,
    };
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        if (part->state == PART_LOST)
            continue;
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

/* Each connection is in one state, or has ended: what was drained is among these. */
static void publish(struct leader *leader, const struct timeline_sample *sample) {
    struct record *sum = leader->sum;
    struct tally_counts *counts = &sum->total.counts;
    if (leader->scrape == NULL)
        return;
    struct prometheus_scrape exposition = {.plan = leader->plan,
                                           .record = sum,
                                           .total = &sum->total,
                                           .loop_lag_seconds = sample->loop_lag_seconds,
                                           .cpu_seconds =
                                               sum->cpu_user_seconds + sum->cpu_system_seconds,
                                           .self = self_measure()};
    counts->live -= leader->drained.live;
    counts->connecting -= leader->drained.connecting;
    scrape_publish(leader->scrape, &exposition);
    counts->live += leader->drained.live;
    counts->connecting += leader->drained.connecting;
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
