/* Several saved runs added up to one. */
#include "report/saved/saved_merge.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/limits.h"
#include "base/refuse.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "plan/plan_differ.h"
#include "report/format/report_names.h"

static double timespec_seconds(const struct timespec *time) {
    return (double)time->tv_sec + (double)time->tv_nsec / 1e9;
}

/* --- what may be merged --- */

static bool check_part(const struct saved *part, const char *name, struct refuse_buffer to) {
    if (part->record == NULL)
        return refuse(to, "--merge: \"%s\": no load was sent: a run is accepted",
                      refuse_quote(name).text);
    if (part->judgement.capacity != NULL)
        return refuse(to, "--merge: \"%s\" is a search for the capacity: a run is accepted",
                      refuse_quote(name).text);
    for (int i = 0; i < DISTRIBUTION_LAG; i++)
        if (record_figures(part->record, (enum tally_distribution)i).count > 0 &&
            record_histogram(part->record, (enum tally_distribution)i) == NULL)
            return refuse(to,
                          "--merge: \"%s\" keeps percentiles without their histogram, which cannot "
                          "be merged: a JSON report, or a timeline that was not cut off, is "
                          "accepted",
                          refuse_quote(name).text);
    return true;
}

/* A report keeps its start to the millisecond, its timeline to the nanosecond. */
static struct saved_merged_run run_of(const struct saved *saved) {
    enum { PER_MS = 1000000 };
    const struct record *record = saved->record;
    double start = timespec_seconds(&record->started_at), end = timespec_seconds(&record->ended_at);
    return (struct saved_merged_run){
        .held_from = start + (isfinite(record->ramp_seconds) ? record->ramp_seconds : 0),
        .held_until = end - (isfinite(record->drain_seconds) ? record->drain_seconds : 0),
        .live = record->total.counts.live,
        .started_ms = record->started_at.tv_sec * 1000 + record->started_at.tv_nsec / PER_MS,
        .pid = record->worker_count > 0 ? record->workers[0].pid : 0,
        .part = saved->plan.part,
        .seed = saved->plan.seed,
    };
}

static bool is_there(const struct saved_merge *merge, struct saved_merged_run run) {
    for (size_t i = 0; i < merge->parts; i++)
        if (merge->runs[i].started_ms == run.started_ms && merge->runs[i].pid == run.pid &&
            merge->runs[i].seed == run.seed && merge->runs[i].part == run.part)
            return run.pid != 0;
    return false;
}

/* What one counts another may count otherwise. */
static bool check_version(const struct saved *whole, const struct saved *part, const char *name,
                          struct refuse_buffer to) {
    return strcmp(whole->version, part->version) == 0 ||
           refuse(to,
                  "--merge: \"%s\" is of holdfast %s, not %s: reports of one version are accepted",
                  refuse_quote(name).text, refuse_quote(part->version).text,
                  refuse_quote(whole->version).text);
}

/* Every option that differs, in one line. */
static bool check_plans(const struct saved *whole, const struct saved *part, const char *name,
                        struct refuse_buffer to) {
    char list[600] = "";
    size_t length = 0;
    struct plan_difference difference = {0};
    for (size_t at = 0;
         plan_next_difference(&difference, &at, &whole->plan, &part->plan,
                              whole->plan.parts > 1 ? OPTIONS_ALL : OPTIONS_OF_SHARDS);)
        if (length < sizeof list)
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%s (%s, not %s)",
                                       length > 0 ? ", " : "", difference.name, difference.b,
                                       difference.a);
    if (length == 0 && strcmp(whole->plan.target.url, part->plan.target.url) != 0)
        length = (size_t)snprintf(list, sizeof list, "URL (%s, not %s)",
                                  refuse_quote(part->plan.target.url).text,
                                  refuse_quote(whole->plan.target.url).text);
    return length == 0 ||
           refuse(to, "--merge: \"%s\" is of another plan: %s", refuse_quote(name).text, list);
}

/* Parts of one --shard plan: of as many, each once; nothing else with them. */
static bool check_shard(const struct saved_merge *merge, const struct saved *part, const char *name,
                        struct refuse_buffer to) {
    const struct plan *whole = &merge->whole->plan, *plan = &part->plan;
    if (whole->parts != plan->parts)
        return refuse(to,
                      "--merge: \"%s\" is of a plan cut into %" PRIu32 " parts, not %" PRIu32
                      ": parts of one --shard are accepted",
                      refuse_quote(name).text, plan->parts, whole->parts);
    for (size_t i = 0; plan->parts > 1 && i < merge->parts; i++)
        if (merge->runs[i].part == plan->part)
            return refuse(to,
                          "--merge: \"%s\" is part %" PRIu32 " of %" PRIu32
                          " again: each is accepted once",
                          refuse_quote(name).text, plan->part + 1, plan->parts);
    return true;
}

static bool check_sizes(const struct saved *whole, const struct saved *part,
                        struct refuse_buffer to) {
    if ((uint64_t)whole->plan.connections + part->plan.connections > CONNECTIONS_MAX ||
        whole->record->worker_count + part->record->worker_count > WORKERS_MAX ||
        whole->plan.requests + part->plan.requests > REQUESTS_MAX ||
        (whole->plan.parts == 1 && whole->plan.rate + part->plan.rate > RATE_MAX))
        return refuse(to,
                      "--merge: together at most 10M connections, %d workers, 10^15 requests and a "
                      "rate of 10M are accepted",
                      WORKERS_MAX);
    return true;
}

/* A report's counts are read back up to there. */
static bool fit(const uint64_t *a, const uint64_t *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (a[i] > INT64_MAX || b[i] > INT64_MAX - a[i])
            return false;
    return true;
}

static bool counts_fit(const struct tally_counts *a, const struct tally_counts *b) {
    return fit(a->outcomes, b->outcomes, OUTCOME_COUNT) && fit(a->drain, b->drain, OUTCOME_COUNT) &&
           fit(a->errnos, b->errnos, TALLY_ERRNO_MAX + 1) &&
           fit(a->statuses, b->statuses, TALLY_STATUS_MAX) &&
#define METRIC(name, kind, unit, help) fit(&a->name, &b->name, 1) &&
#include "stats/metrics.def"
#undef METRIC
           fit(a->reasons, b->reasons, REASON_COUNT);
}

static uint64_t known(int64_t value) {
    return value > 0 ? (uint64_t)value : 0;
}

static uint64_t values_of(const struct record *record, enum tally_distribution distribution) {
    const struct histogram *histogram = record_histogram(record, distribution);
    return histogram != NULL ? histogram->count : 0;
}

static bool check_sums(const struct record *whole, const struct record *part, const char *name,
                       struct refuse_buffer to) {
    uint64_t a[] = {whole->samples, whole->unfinished, known(whole->pss_bytes_max),
                    known(whole->rss_bytes_max)};
    uint64_t b[] = {part->samples, part->unfinished, known(part->pss_bytes_max),
                    known(part->rss_bytes_max)};
    bool all =
        counts_fit(&whole->total.counts, &part->total.counts) && fit(a, b, sizeof a / sizeof a[0]);
    for (int i = 0; i < DISTRIBUTION_LAG; i++) {
        uint64_t of_whole = values_of(whole, (enum tally_distribution)i),
                 of_part = values_of(part, (enum tally_distribution)i);
        all &= fit(&of_whole, &of_part, 1);
    }
    return all || refuse(to, "--merge: \"%s\": a count that is above 2^63 with it is not accepted",
                         refuse_quote(name).text);
}

/* --- one onto the other --- */

static void add_plan(struct saved *whole, const struct saved *part) {
    struct options *options = &whole->options;
    bool cut = whole->plan.parts > 1; /* then the options are those of all parts already */
    whole->plan.connections += part->plan.connections;
    options->connections = cut ? options->connections : whole->plan.connections;
    whole->plan.workers += part->plan.workers;
    options->workers = whole->plan.workers;
    whole->plan.requests += part->plan.requests;
    options->requests += cut ? 0 : part->options.requests;
    whole->plan.rate += cut ? 0 : part->plan.rate;
    options->rate += cut ? 0 : part->options.rate;
    if (options->label != NULL &&
        (part->options.label == NULL || strcmp(options->label, part->options.label) != 0))
        options->label = NULL;
}

static bool add_workers(struct record *whole, const struct record *part) {
    size_t count = whole->worker_count + part->worker_count;
    struct record_worker *workers = realloc(whole->workers, (count + 1) * sizeof *workers);
    if (workers == NULL)
        return false;
    if (part->worker_count > 0)
        memcpy(workers + whole->worker_count, part->workers, part->worker_count * sizeof *workers);
    whole->workers = workers;
    whole->worker_count = count;
    whole->workers_lost_early += part->workers_lost_early;
    return true;
}

/* Seconds since its own start, of each: of the whole's. */
static void add_first_seen(struct record *whole, const struct record *part, double start) {
    double shift_whole = timespec_seconds(&whole->started_at) - start;
    double shift_part = timespec_seconds(&part->started_at) - start;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        double a = whole->first_seen_seconds[i], b = part->first_seen_seconds[i];
        a = a > 0 ? a + shift_whole : INFINITY;
        b = b > 0 ? b + shift_part : INFINITY;
        whole->first_seen_seconds[i] = isfinite(fmin(a, b)) ? fmin(a, b) : 0;
    }
}

/* NAN, where either is. */
static double max_measured(double a, double b) {
    return isnan(a) || isnan(b) ? (double)NAN : fmax(a, b);
}

static double min_measured(double a, double b) {
    return isnan(a) || isnan(b) ? (double)NAN : fmin(a, b);
}

static int64_t sum_known(int64_t a, int64_t b) {
    return a >= 0 && b >= 0 ? a + b : -1;
}

static void add_flags(struct record *whole, const struct record *part) {
    whole->interrupted |= part->interrupted;
    whole->stopped |= part->stopped;
    whole->ramp_cut |= part->ramp_cut;
    whole->cut |= part->cut;
    whole->ended_empty |= part->ended_empty;
    whole->drain_by_reset |= part->drain_by_reset;
    whole->balanced &= part->balanced;
    whole->endings_kept |= part->endings_kept;
    if (whole->ended_by[0] == '\0') {
        snprintf(whole->ended_by, sizeof whole->ended_by, "%s", part->ended_by);
        whole->ended_seconds = part->ended_seconds;
    }
    whole->bug_exit = whole->bug_exit != 0 ? whole->bug_exit : part->bug_exit;
    whole->ring_error = whole->ring_error != 0 ? whole->ring_error : part->ring_error;
}

static void add_times(struct record *whole, const struct record *part) {
    double start = fmin(timespec_seconds(&whole->started_at), timespec_seconds(&part->started_at));
    add_first_seen(whole, part, start);
    if (timespec_seconds(&part->started_at) <= start)
        whole->started_at = part->started_at;
    if (timespec_seconds(&part->ended_at) > timespec_seconds(&whole->ended_at))
        whole->ended_at = part->ended_at;
    whole->ramp_seconds = max_measured(whole->ramp_seconds, part->ramp_seconds);
    whole->hold_seconds = min_measured(whole->hold_seconds, part->hold_seconds);
    whole->drain_seconds = max_measured(whole->drain_seconds, part->drain_seconds);
    whole->tick_seconds_max = max_measured(whole->tick_seconds_max, part->tick_seconds_max);
}

/* Of our lateness a saved run keeps no histogram: the worst part's stands for all. */
static void add_lag(struct figures *whole, const struct figures *part) {
    whole->count = whole->count > 0 && part->count > 0;
    whole->p50 = max_measured(whole->p50, part->p50);
    whole->p99 = max_measured(whole->p99, part->p99);
    whole->max = max_measured(whole->max, part->max);
}

static void add_figures(struct record *whole, const struct record *part) {
    tally_merge(&whole->total, &part->total);
    whole->samples += part->samples;
    whole->live_min_measured = false;
    if (whole->live_peak < part->live_peak)
        whole->live_peak = part->live_peak;
    whole->answered_in_hold += part->answered_in_hold;
    whole->unfinished += part->unfinished;
    whole->per_second_mean += part->per_second_mean;
    whole->per_second_peak = NAN;
    whole->cpu_user_seconds += part->cpu_user_seconds;
    whole->cpu_system_seconds += part->cpu_system_seconds;
    whole->pss_bytes_max = sum_known(whole->pss_bytes_max, part->pss_bytes_max);
    whole->rss_bytes_max = sum_known(whole->rss_bytes_max, part->rss_bytes_max);
    add_lag(&whole->figures[DISTRIBUTION_LAG], &part->figures[DISTRIBUTION_LAG]);
}

/* --- timelines --- */

/* The sample of a second: the last that ends within half of one of it; NULL: none. */
static const struct timeline_sample *sample_at(const struct timeline *timeline, double second) {
    const struct timeline_sample *found = NULL;
    for (size_t i = 0; i < timeline->count && timeline->samples[i].t < second + 0.5; i++)
        if (timeline->samples[i].t >= second - 0.5)
            found = &timeline->samples[i];
    return found;
}

/* A report holds no more, and its samples are not to be trusted. */
static uint64_t sum_held(uint64_t a, uint64_t b) {
    return a > INT64_MAX || b > INT64_MAX - a ? INT64_MAX : a + b;
}

static struct timeline_sample sum_of(const struct timeline_sample *a,
                                     const struct timeline_sample *b, double second) {
    struct timeline_sample sum = {
        .t = second,
        .live = sum_held(a->live, b->live),
        .connecting = sum_held(a->connecting, b->connecting),
        .closed = sum_held(a->closed, b->closed),
        .errored = sum_held(a->errored, b->errored),
        .client_per_second = a->client_per_second + b->client_per_second,
        .server_per_second = NAN,
        .p50_seconds = NAN, /* no percentile follows from two */
        .p99_seconds = NAN,
        .max_seconds = max_measured(a->max_seconds, b->max_seconds),
        .cpu_percent = a->cpu_percent + b->cpu_percent,
        .descriptors = a->descriptors + b->descriptors,
        .loop_lag_seconds = max_measured(a->loop_lag_seconds, b->loop_lag_seconds),
        .live_min = a->live + b->live, /* their least need not have met */
        .live_max = a->live + b->live,
    };
    for (int i = 0; i < STATUS_CLASS_COUNT; i++)
        sum.statuses[i] = a->statuses[i] + b->statuses[i];
    return sum;
}

/* Second by second, where both began in the same one; else there is none. */
static void add_timeline(struct timeline *whole, const struct timeline *part, double apart) {
    static struct timeline sum; /* too large for the stack */
    timeline_init(&sum, SECOND);
    bool agree = fabs(apart) <= 1 && whole->interval == SECOND && part->interval == SECOND &&
                 whole->count > 0 && part->count > 0;
    double last =
        agree ? fmin(whole->samples[whole->count - 1].t, part->samples[part->count - 1].t) : 0;
    for (int second = 1; second < last + 0.5; second++) {
        const struct timeline_sample *a = sample_at(whole, second), *b = sample_at(part, second);
        if (a == NULL || b == NULL)
            continue;
        struct timeline_sample both = sum_of(a, b, second);
        timeline_push(&sum, &both);
    }
    *whole = sum;
}

/* --- all --- */

/* Facts that are known of each part only. */
static void forget(struct saved *whole) {
    struct record *record = whole->record;
    memset(&record->server, 0, sizeof record->server);
    memset(&record->server_log, 0, sizeof record->server_log);
    memset(&record->server_process, 0, sizeof record->server_process);
    memset(&record->evidence, 0, sizeof record->evidence);
    memset(record->snapshots, 0, sizeof record->snapshots);
    memset(&record->marks, 0, sizeof record->marks);
    free(record->hosts);
    record->hosts = NULL;
    record->host_count = 0;
    record->headroom_files_used = record->headroom_files_limit = -1;
    whole->options.server_status = whole->options.server_log = NULL;
    whole->options.json = whole->options.html = whole->options.junit = whole->options.hgrm =
        whole->options.timeline = NULL;
    whole->options.server_pid = 0;
    whole->options.given.server_pid = false;
    whole->plan.status.host[0] = '\0';
    memset(&whole->setup.sources, 0, sizeof whole->setup.sources);
}

/* A name may have other addresses elsewhere. */
static void add_addresses(struct setup *whole, const struct setup *part) {
    for (size_t i = 0; i < part->address_count; i++) {
        bool known = whole->address_count == ADDRESSES_MAX;
        for (size_t j = 0; j < whole->address_count && !known; j++)
            known = address_equal(&whole->addresses[j], &part->addresses[i]);
        if (!known)
            whole->addresses[whole->address_count++] = part->addresses[i];
    }
}

static bool add(struct saved_merge *merge, struct saved *part) {
    struct saved *whole = merge->whole;
    struct record *record = whole->record;
    double start = timespec_seconds(&part->record->started_at);
    double apart = start - timespec_seconds(&record->started_at);
    if (!add_workers(record, part->record))
        return false;
    add_plan(whole, part);
    add_addresses(&whole->setup, &part->setup);
    add_timeline(&record->timeline, &part->record->timeline, apart);
    add_flags(record, part->record);
    add_figures(record, part->record);
    add_times(record, part->record);
    if (!record->balanced && record->imbalance == NULL) {
        snprintf(whole->imbalance, sizeof whole->imbalance, "%s", part->imbalance);
        record->imbalance = whole->imbalance;
    }
    return true;
}

/* There is room for another run then. */
static bool make_room(struct saved_merge *merge) {
    struct saved_merged_run *runs = realloc(merge->runs, (merge->parts + 1) * sizeof *runs);
    if (runs != NULL)
        merge->runs = runs;
    return runs != NULL;
}

static void note(struct saved_merge *merge, struct saved_merged_run run, double start, double end) {
    bool first = merge->parts == 0;
    merge->last_start = first ? start : fmax(merge->last_start, start);
    merge->first_end = first ? end : fmin(merge->first_end, end);
    merge->runs[merge->parts++] = run;
}

static bool take(struct saved_merge *merge, struct saved *part, const char *name,
                 struct refuse_buffer to) {
    const struct saved *whole = merge->whole;
    if (!check_part(part, name, to))
        return false;
    struct saved_merged_run run = run_of(part);
    uint64_t id = report_id(&part->plan, part->record);
    double start = timespec_seconds(&part->record->started_at);
    double end = timespec_seconds(&part->record->ended_at);
    if (is_there(merge, run))
        return refuse(to, "--merge: \"%s\" is the same run again: each is accepted once",
                      refuse_quote(name).text);
    if (whole != NULL &&
        (!check_version(whole, part, name, to) || !check_shard(merge, part, name, to) ||
         !check_plans(whole, part, name, to) || !check_sizes(whole, part, to) ||
         !check_sums(whole->record, part->record, name, to)))
        return false;
    if (!make_room(merge) || (whole != NULL && !add(merge, part)))
        return refuse(to, "--merge: out of memory");
    if (whole == NULL)
        merge->whole = part;
    note(merge, run, start, end);
    merge->id ^= id;
    return true;
}

bool saved_merge_add(struct saved_merge *merge, struct saved *part, const char *name,
                     char error[static SAVED_ERROR_MAX]) {
    bool taken = take(merge, part, name, (struct refuse_buffer){error, SAVED_ERROR_MAX});
    if (merge->whole != part)
        saved_free(part);
    return taken;
}

void saved_merge_free(struct saved_merge *merge) {
    free(merge->runs);
    saved_free(merge->whole);
    *merge = (struct saved_merge){0};
}

static void take_figures(struct record *record) {
    struct figures lag = record->figures[DISTRIBUTION_LAG];
    record->saved = false; /* from what was added up */
    for (int i = 0; i < DISTRIBUTION_COUNT; i++)
        record->figures[i] = record_figures(record, (enum tally_distribution)i);
    for (int i = 0; i < DISTRIBUTION_LAG; i++)
        record->without_lateness[i] = record_without_lateness(record, (enum tally_distribution)i);
    record->figures[DISTRIBUTION_LAG] = lag;
    record->saved = true;
}

/* How many were held at that moment, for certain. */
static uint64_t held_at(const struct saved_merge *merge, double moment) {
    uint64_t held = 0;
    for (size_t i = 0; i < merge->parts; i++)
        if (merge->runs[i].held_from <= moment && moment <= merge->runs[i].held_until)
            held = sum_held(held, merge->runs[i].live);
    return held;
}

/* A sum grows only where a part begins to hold. */
static void raise_peak(struct record *record, const struct saved_merge *merge) {
    for (size_t i = 0; i < merge->parts; i++) {
        uint64_t held = held_at(merge, merge->runs[i].held_from);
        if (record->live_peak < held)
            record->live_peak = held;
    }
}

/* Whether there was a moment at which every part held. */
static bool held_together(const struct saved_merge *merge) {
    double from = -INFINITY, until = INFINITY;
    for (size_t i = 0; i < merge->parts; i++) {
        from = fmax(from, merge->runs[i].held_from);
        until = fmin(until, merge->runs[i].held_until);
    }
    return merge->parts == 1 || from <= until;
}

/* What held is open; what one part broke is broken. */
static void leave_open(struct judgement *judgement) {
    if (judgement->verdict != VERDICT_HELD)
        return;
    judgement->verdict = VERDICT_INCONCLUSIVE;
    judgement->exit_code = EXIT_INCONCLUSIVE;
}

/* Parts that each held need not have held at once. */
static void judge_together(struct judgement *judgement, const struct saved_merge *merge) {
    if (held_together(merge))
        return;
    leave_open(judgement);
    judgement_reason(judgement,
                     "the %zu parts were never all held together, by the clocks of their "
                     "hosts: their sum was not live at the same time",
                     merge->parts);
}

static void find_overlap(struct findings *findings, const struct saved_merge *merge,
                         double together, double whole) {
    bool apart = together < 0.9 * whole;
    struct finding *finding = findings_add(
        findings, FINDING_merged, apart ? FINDING_WARN : FINDING_OK,
        "%zu runs merged: at the same time for %.1f s of %.1f s", merge->parts, together, whole);
    finding->have = (int64_t)merge->parts;
    if (apart)
        finding_do(finding, "start all parts at once, on hosts whose clocks agree: rates are not "
                            "measured of parts that ran one after another");
}

/* The plan of the parts that are there: of one --shard, whole when none is missing. */
static void join_parts(struct saved *whole, size_t parts) {
    struct options *options = &whole->options;
    options->connections = whole->plan.connections;
    options->requests = whole->plan.requests;
    options->rate = options->rate * parts / whole->plan.parts;
    options->shard = (struct option_shard_choice){1, 1, NULL, NULL};
    whole->plan.rate = options->rate;
    whole->plan.ramp.target = whole->plan.connections;
    whole->plan.part = 0;
    whole->plan.sizes = NULL;
    whole->plan.parts = 1;
}

/* What a missing part held, or lost, nobody knows. */
static void judge_missing(struct judgement *judgement, uint32_t of, size_t parts) {
    if (parts >= of)
        return;
    leave_open(judgement);
    judgement_reason(judgement,
                     "%zu of %" PRIu32 " parts of the plan are there: of the others "
                     "nothing is known",
                     parts, of);
}

static double length_together(const struct saved_merge *merge) {
    return fmax(0, merge->last_start < merge->first_end ? merge->first_end - merge->last_start : 0);
}

struct saved *saved_merge_sum(struct saved_merge *merge) {
    struct saved *whole = merge->whole;
    struct record *record = whole->record;
    if (merge->of > 0)
        return whole;
    merge->of = whole->plan.parts;
    if (length_together(merge) < 0.9 * record_wall_seconds(record))
        record->per_second_mean = NAN;
    forget(whole);
    if (merge->of > 1)
        join_parts(whole, merge->parts);
    take_figures(record);
    raise_peak(record, merge);
    record->id = merge->id;
    whole->kind = SAVED_TIMELINE; /* its JSON report is not there yet */
    whole->judged_otherwise = false;
    return whole;
}

struct saved *saved_merge_end(struct saved_merge *merge) {
    struct saved *whole = saved_merge_sum(merge);
    struct judgement *judgement = &whole->judgement;
    struct record_target target = judgement->target;
    memset(judgement, 0, sizeof *judgement);
    judgement->target = target;
    judgement->setup = &whole->setup;
    find_overlap(&judgement->findings, merge, length_together(merge),
                 record_wall_seconds(whole->record));
    judge_run(judgement, &whole->plan, whole->record);
    judge_together(judgement, merge);
    judge_missing(judgement, merge->of, merge->parts);
    merge->whole = NULL;
    saved_merge_free(merge);
    return whole;
}
