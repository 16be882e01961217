/* The end of a run on many hosts: its parts merged as report --merge does it, with what their
 * leader knows beside them. */
#include "hosts/leader_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/limits.h"
#include "base/minmax.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "report/saved/saved_merge.h"

/* --- one part --- */

static void shift(struct timespec *time, struct timespec from, struct timespec to) {
    int64_t ns = (int64_t)time->tv_nsec + to.tv_nsec - from.tv_nsec;
    int64_t carry = ns < 0 ? -1 : ns / SECOND; /* from -1 s to 2 s */
    time->tv_sec += to.tv_sec - from.tv_sec + carry;
    time->tv_nsec = ns - carry * SECOND;
}

/* By this host's wall clock, whatever that host's says. */
static void set_clock(struct record *record, const struct host_part *part, instant now) {
    struct timespec start = leader_wall_of(part->started, now);
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
    if (leader_is_frozen(part))
        part->lost -= min_u64(part->lost, tally_drained(counts));
    count_endings(record);
    leader_lose_held(&record->total, part);
    record->interrupted = false; /* the whole was not */
    record->ramp_cut = isnan(record->ramp_seconds);
    record->drain_seconds = 0;
    record->unfinished = 0;
    for (size_t i = 0; i < record->worker_count; i++) {
        part->workers_lost += !record->workers[i].lost;
        record->workers[i].lost = true;
        record->workers[i].status = -1;
    }
}

/* What is known of each host, whether or not it has any figures. */
static void begin_host(const struct leader *leader, struct host_part *part) {
    struct record_host *host = &part->host;
    bool lost = part->state == PART_LOST && !part->cut;
    *host = (struct record_host){
        .share = part->share,
        .lost = lost,
        .lost_seconds =
            lost ? fmax(0, duration_seconds(instant_since(part->lost_at, leader->go))) : NAN,
        .started_seconds = NAN,
        .clock_error_seconds = duration_seconds(
            clock_offset_error(&part->clock, part->started.ns != 0 ? part->started : leader->go)),
        .p99_seconds = NAN};
    memcpy(host->name, part->name, sizeof host->name);
    memcpy(host->why, lost ? part->why : "", lost ? sizeof host->why : 1);
}

/* What a limit of its own looked like there, which no figure tells. */
static void note_findings(struct host_part *part, const struct findings *findings) {
    enum { MOST = sizeof part->own / sizeof part->own[0] };
    for (size_t i = 0; i < findings->count && part->own_count < MOST; i++) {
        const struct finding *finding = &findings->items[i];
        if (finding->side == SIDE_TESTER && finding->evidence[0] != '\0')
            part->own[part->own_count++] = *finding;
    }
}

static void note_setting(struct host_part *part, const struct saved *saved) {
    const struct record *record = saved->record;
    snprintf(part->engine, sizeof part->engine, "%s", record->engine);
    snprintf(part->engine_reason, sizeof part->engine_reason, "%s", record->engine_reason);
    part->address_count = saved->setup.address_count;
    memcpy(part->addresses, saved->setup.addresses, sizeof part->addresses);
}

/* Its record is closed, and goes into the whole's. */
static void note_host(struct host_part *part, const struct saved *saved) {
    const struct tally *total = &saved->record->total;
    memcpy(part->outcomes, total->counts.outcomes, sizeof part->outcomes);
    note_findings(part, &saved->judgement.findings);
    struct record_host *host = &part->host;
    host->live = total->counts.live;
    host->lost_connections = part->lost;
    host->answered = total->counts.answered;
    host->errored = tally_errored(&total->counts);
    if (total->latency.count > 0)
        host->p99_seconds = duration_seconds(histogram_percentile(&total->latency, 0.99));
    if (part->state == PART_ENDED)
        snprintf(host->verdict, sizeof host->verdict, "%s", verdict_name(saved->judgement.verdict));
}

/* Of those that began, how long after the first. */
static void take_hosts(const struct leader *leader, struct record *record) {
    struct record_host *hosts = calloc(leader->count + 1, sizeof *hosts);
    instant first = INSTANT_NEVER;
    for (size_t i = 0; i < leader->count; i++)
        if (leader->parts[i].started.ns != 0)
            first = instant_earlier(first, leader->parts[i].started);
    for (size_t i = 0; i < leader->count && hosts != NULL; i++) {
        const struct host_part *part = &leader->parts[i];
        hosts[i] = part->host;
        if (part->started.ns != 0)
            hosts[i].started_seconds = duration_seconds(instant_since(part->started, first));
    }
    record->hosts = hosts;
    record->host_count = hosts != NULL ? leader->count : 0;
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
            saved->record->ended_at = whole->ended_at;
    }
    note_host(part, saved);
    note_setting(part, saved);
    part->hold_seconds = saved->record->hold_seconds;
    part->per_second_mean = saved->record->per_second_mean;
    part->ended_empty = saved->record->ended_empty;
    part->merged = saved_merge_add(merge, saved, part->name, error);
    if (part->merged)
        return true;
    part->workers_lost = 0;
    snprintf(part->refused, sizeof part->refused, "%.199s", error);
    notes_print(&leader->notes, "%s: its figures are left out: %s", part->name, part->refused);
    return false;
}

/* Of its workers nothing is known: one stands for them. */
static void add_absent(struct record *record, struct host_part *part) {
    size_t count = record->worker_count;
    struct record_worker *workers = realloc(record->workers, (count + 1) * sizeof *workers);
    if (workers == NULL)
        return;
    workers[count] = (struct record_worker){.share = part->share, .lost = true, .status = -1};
    record->workers = workers;
    record->worker_count = count + 1;
    part->workers_lost = 1;
}

/* Whose figures are missing is of the plan all the same. */
static void take_amounts(struct saved *whole, struct leader *leader) {
    const struct plan *plan = leader->plan;
    for (size_t i = 0; i < leader->count; i++)
        if (!leader->parts[i].merged && whole->record->worker_count < WORKERS_MAX)
            add_absent(whole->record, &leader->parts[i]);
    whole->plan.connections = plan->connections;
    whole->plan.ramp.target = plan->ramp.target;
    whole->plan.requests = plan->requests;
    whole->plan.rate = plan->rate;
    whole->options.connections = plan->options->connections;
    whole->options.requests = plan->options->requests;
    whole->options.rate = plan->options->rate;
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
    to->resolve = from->resolve; /* pinned names were their own addition */
    to->given.resolve = from->given.resolve;
    to->label = from->label;
    to->require = from->require;
    to->given.require = from->given.require;
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

/* The whole holds as long as one of them does, as one process would, and rates are of that time;
 * of parts that began apart nothing was held as it was planned. */
static void take_hold(const struct leader *leader, struct record *record) {
    double hold = 0, answered = NAN;
    bool empty = true;
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        if (!part->merged)
            continue;
        hold = fmax(hold, part->hold_seconds);
        if (!isnan(part->per_second_mean))
            answered =
                (isnan(answered) ? 0 : answered) + part->per_second_mean * part->hold_seconds;
        empty &= part->ended_empty || part->state == PART_LOST;
    }
    record->ended_empty &= empty;
    record->hold_seconds = hold;
    bool apart = (double)leader_skew(leader, (char[200]){""}) / SECOND > 0.1 * hold;
    record->per_second_mean = hold > 0 && !apart ? answered / hold : (double)NAN;
}

/* Of several parts: what all held in the same seconds, and the highest of these. The last was no
 * whole one, and a peak is not below the mean. */
static void take_seconds(const struct leader *leader, struct record *record) {
    const struct seconds_all *all = &leader->seconds;
    if (leader->count == 1 && leader->parts[0].state == PART_ENDED)
        return; /* its own are exact */
    record->live_min_measured = all->held;
    record->live_min = min_u64(all->live_min, record->total.counts.live);
    double peak = all->per_second_peak > 0 ? all->per_second_peak : (double)NAN;
    bool full = record->hold_seconds >= 0.9 && !isnan(record->per_second_mean);
    record->per_second_peak = full ? fmax(peak, record->per_second_mean) : (double)NAN;
}

/* What we saw of the whole ourselves, and no part did. */
static void add_own(struct leader *leader, struct saved *whole) {
    struct record *record = whole->record;
    if (record->balanced && leader->imbalance != NULL) {
        record->balanced = false;
        record->imbalance = leader->imbalance;
    }
    record->tick_seconds_max = leader->tick_seconds_max;
    record->marks = leader->sum->marks;
    record->timeline = leader->sum->timeline;
    record->live_peak = max_u64(record->live_peak, leader->live_peak);
    take_hold(leader, record);
    take_seconds(leader, record);
    take_hosts(leader, record);
    take_server(leader, record);
    take_amounts(whole, leader);
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
        begin_host(leader, &leader->parts[i]);
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
    leader_find_hosts(leader, whole);
    return whole;
}
