/* Several saved runs added up to one. */
#include "report/saved_merge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/options_differ.h"
#include "plan/refuse.h"
#include "report/sections.h"

/* Bounds of -w, -c, -n and --rate. */
enum { WORKERS_MAX = 4096, CONNECTIONS_MAX = 10000000 };
static const uint64_t requests_max = 1000000000000000;
static const frequency rate_max = 10000000 * FREQUENCY_ONE;

static const enum distribution kept[] = {DISTRIBUTION_LATENCY, DISTRIBUTION_SERVICE,
                                         DISTRIBUTION_CONNECT, DISTRIBUTION_REFILL,
                                         DISTRIBUTION_LATENESS};
enum { KEPT = sizeof kept / sizeof kept[0] };

static double seconds_of(const struct timespec *time) {
    return (double)time->tv_sec + (double)time->tv_nsec / 1e9;
}

/* --- what may be merged --- */

static bool check_part(const struct saved *part, const char *name, struct refusal to) {
    if (part->record == NULL)
        return refuse(to, "--merge: \"%s\": no load was sent: a run is accepted",
                      shown_text(name).text);
    for (size_t i = 0; i < KEPT; i++)
        if (record_figures(part->record, kept[i]).count > 0 &&
            record_histogram(part->record, kept[i]) == NULL)
            return refuse(to,
                          "--merge: \"%s\" keeps percentiles without their histogram, which cannot "
                          "be merged: a JSON report, or a timeline that was not cut off, is "
                          "accepted",
                          shown_text(name).text);
    return true;
}

/* A report keeps its start to the millisecond, its timeline to the nanosecond. */
static struct merged_run run_of(const struct saved *saved) {
    enum { PER_MS = 1000000 };
    const struct record *record = saved->record;
    return (struct merged_run){
        .started_ms = record->started_at.tv_sec * 1000 + record->started_at.tv_nsec / PER_MS,
        .pid = record->worker_count > 0 ? record->workers[0].pid : 0,
        .seed = saved->plan.seed,
    };
}

static bool is_there(const struct merge *merge, struct merged_run run) {
    for (size_t i = 0; i < merge->parts; i++)
        if (merge->runs[i].started_ms == run.started_ms && merge->runs[i].pid == run.pid &&
            merge->runs[i].seed == run.seed)
            return run.pid != 0;
    return false;
}

/* Every option that differs, in one line. */
static bool check_plans(const struct saved *whole, const struct saved *part, const char *name,
                        struct refusal to) {
    char list[600] = "";
    size_t length = 0;
    struct option_difference difference = {0};
    for (size_t at = 0;
         options_next_difference(&difference, &at, &whole->plan, &part->plan, OPTIONS_OF_SHARDS);)
        if (length < sizeof list)
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%s (%s, not %s)",
                                       length > 0 ? ", " : "", difference.name, difference.b,
                                       difference.a);
    if (length == 0 && strcmp(whole->plan.target.url, part->plan.target.url) != 0)
        length = (size_t)snprintf(list, sizeof list, "URL (%s, not %s)",
                                  shown_text(part->plan.target.url).text,
                                  shown_text(whole->plan.target.url).text);
    return length == 0 ||
           refuse(to, "--merge: \"%s\" is of another plan: %s", shown_text(name).text, list);
}

static bool check_sizes(const struct saved *whole, const struct saved *part, struct refusal to) {
    if ((uint64_t)whole->plan.connections + part->plan.connections > CONNECTIONS_MAX ||
        whole->record->worker_count + part->record->worker_count > WORKERS_MAX ||
        whole->plan.requests + part->plan.requests > requests_max ||
        whole->plan.rate + part->plan.rate > rate_max)
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

static bool counts_fit(const struct counts *a, const struct counts *b) {
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

static uint64_t values_of(const struct record *record, enum distribution distribution) {
    const struct histogram *histogram = record_histogram(record, distribution);
    return histogram != NULL ? histogram->count : 0;
}

static bool check_sums(const struct record *whole, const struct record *part, const char *name,
                       struct refusal to) {
    uint64_t a[] = {whole->samples, whole->unfinished, known(whole->pss_bytes_max),
                    known(whole->rss_bytes_max)};
    uint64_t b[] = {part->samples, part->unfinished, known(part->pss_bytes_max),
                    known(part->rss_bytes_max)};
    bool all =
        counts_fit(&whole->total.counts, &part->total.counts) && fit(a, b, sizeof a / sizeof a[0]);
    for (size_t i = 0; i < KEPT; i++) {
        uint64_t of_whole = values_of(whole, kept[i]), of_part = values_of(part, kept[i]);
        all &= fit(&of_whole, &of_part, 1);
    }
    return all || refuse(to, "--merge: \"%s\": a count that is above 2^63 with it is not accepted",
                         shown_text(name).text);
}

/* --- one onto the other --- */

static void add_plan(struct saved *whole, const struct saved *part) {
    struct options *options = &whole->options;
    whole->plan.connections += part->plan.connections;
    options->connections = whole->plan.connections;
    whole->plan.workers += part->plan.workers;
    options->workers = whole->plan.workers;
    whole->plan.requests += part->plan.requests;
    options->requests += part->options.requests;
    whole->plan.rate += part->plan.rate;
    options->rate += part->options.rate;
    if (options->label != NULL &&
        (part->options.label == NULL || strcmp(options->label, part->options.label) != 0))
        options->label = NULL;
}

static bool add_workers(struct record *whole, const struct record *part) {
    size_t count = whole->worker_count + part->worker_count;
    struct worker_record *workers = realloc(whole->workers, (count + 1) * sizeof *workers);
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
    double shift_whole = seconds_of(&whole->started_at) - start;
    double shift_part = seconds_of(&part->started_at) - start;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        double a = whole->first_seen_seconds[i], b = part->first_seen_seconds[i];
        a = a > 0 ? a + shift_whole : INFINITY;
        b = b > 0 ? b + shift_part : INFINITY;
        whole->first_seen_seconds[i] = isfinite(fmin(a, b)) ? fmin(a, b) : 0;
    }
}

/* NAN, where either is. */
static double greater(double a, double b) {
    return isnan(a) || isnan(b) ? (double)NAN : fmax(a, b);
}

static double lesser(double a, double b) {
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
    whole->drain_by_reset |= part->drain_by_reset;
    whole->balanced &= part->balanced;
    if (whole->ended_by[0] == '\0') {
        snprintf(whole->ended_by, sizeof whole->ended_by, "%s", part->ended_by);
        whole->ended_seconds = part->ended_seconds;
    }
    whole->bug_exit = whole->bug_exit != 0 ? whole->bug_exit : part->bug_exit;
    whole->ring_error = whole->ring_error != 0 ? whole->ring_error : part->ring_error;
}

static void add_times(struct record *whole, const struct record *part) {
    double start = fmin(seconds_of(&whole->started_at), seconds_of(&part->started_at));
    add_first_seen(whole, part, start);
    if (seconds_of(&part->started_at) <= start)
        whole->started_at = part->started_at;
    if (seconds_of(&part->ended_at) > seconds_of(&whole->ended_at))
        whole->ended_at = part->ended_at;
    whole->ramp_seconds = greater(whole->ramp_seconds, part->ramp_seconds);
    whole->hold_seconds = lesser(whole->hold_seconds, part->hold_seconds);
    whole->drain_seconds = greater(whole->drain_seconds, part->drain_seconds);
    whole->tick_seconds_max = greater(whole->tick_seconds_max, part->tick_seconds_max);
}

/* Of our lateness a saved run keeps no histogram: the worst part's stands for all. */
static void add_lag(struct figures *whole, const struct figures *part) {
    whole->count = whole->count > 0 && part->count > 0;
    whole->p50 = greater(whole->p50, part->p50);
    whole->p99 = greater(whole->p99, part->p99);
    whole->max = greater(whole->max, part->max);
}

static void add_figures(struct record *whole, const struct record *part) {
    uint64_t live = whole->total.counts.live + part->total.counts.live;
    uint64_t peak = whole->live_peak > part->live_peak ? whole->live_peak : part->live_peak;
    tally_merge(&whole->total, &part->total);
    whole->samples += part->samples;
    whole->live_min_measured = false;
    whole->live_peak = peak > live ? peak : live; /* that many there were for certain */
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
static const struct sample *sample_at(const struct timeline *timeline, double second) {
    const struct sample *found = NULL;
    for (size_t i = 0; i < timeline->count && timeline->samples[i].t < second + 0.5; i++)
        if (timeline->samples[i].t >= second - 0.5)
            found = &timeline->samples[i];
    return found;
}

static struct sample sum_of(const struct sample *a, const struct sample *b, double second) {
    return (struct sample){
        .t = second,
        .live = a->live + b->live,
        .connecting = a->connecting + b->connecting,
        .closed = a->closed + b->closed,
        .errored = a->errored + b->errored,
        .client_per_second = a->client_per_second + b->client_per_second,
        .server_per_second = NAN,
        .p50_seconds = NAN, /* no percentile follows from two */
        .p99_seconds = NAN,
        .max_seconds = greater(a->max_seconds, b->max_seconds),
        .cpu_percent = a->cpu_percent + b->cpu_percent,
        .descriptors = a->descriptors + b->descriptors,
        .loop_lag_seconds = greater(a->loop_lag_seconds, b->loop_lag_seconds),
    };
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
        const struct sample *a = sample_at(whole, second), *b = sample_at(part, second);
        if (a == NULL || b == NULL)
            continue;
        struct sample both = sum_of(a, b, second);
        timeline_push(&sum, &both);
    }
    *whole = sum;
}

/* --- all --- */

/* What only each part can say of itself. */
static void forget(struct saved *whole) {
    struct record *record = whole->record;
    memset(&record->server, 0, sizeof record->server);
    memset(&record->server_log, 0, sizeof record->server_log);
    memset(&record->server_process, 0, sizeof record->server_process);
    memset(&record->evidence, 0, sizeof record->evidence);
    memset(record->scenes, 0, sizeof record->scenes);
    memset(&record->marks, 0, sizeof record->marks);
    record->headroom_files_used = record->headroom_files_limit = -1;
    whole->options.server_status = whole->options.server_log = NULL;
    whole->options.json = whole->options.html = whole->options.junit = whole->options.hgrm =
        whole->options.timeline = NULL;
    whole->options.server_pid = 0;
    whole->options.given.server_pid = false;
    whole->plan.status.host[0] = '\0';
    memset(&whole->plan.sources, 0, sizeof whole->plan.sources);
}

static bool add(struct merge *merge, struct saved *part) {
    struct saved *whole = merge->whole;
    struct record *record = whole->record;
    double start = seconds_of(&part->record->started_at);
    double apart = start - seconds_of(&record->started_at);
    if (!add_workers(record, part->record))
        return false;
    add_plan(whole, part);
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
static bool make_room(struct merge *merge) {
    struct merged_run *runs = realloc(merge->runs, (merge->parts + 1) * sizeof *runs);
    if (runs != NULL)
        merge->runs = runs;
    return runs != NULL;
}

static void note(struct merge *merge, struct merged_run run, double start, double end) {
    bool first = merge->parts == 0;
    merge->last_start = first ? start : fmax(merge->last_start, start);
    merge->first_end = first ? end : fmin(merge->first_end, end);
    merge->runs[merge->parts++] = run;
}

static bool take(struct merge *merge, struct saved *part, const char *name, struct refusal to) {
    const struct saved *whole = merge->whole;
    if (!check_part(part, name, to))
        return false;
    struct merged_run run = run_of(part);
    uint64_t id = report_id(&part->plan, part->record);
    double start = seconds_of(&part->record->started_at);
    double end = seconds_of(&part->record->ended_at);
    if (is_there(merge, run))
        return refuse(to, "--merge: \"%s\" is the same run again: each is accepted once",
                      shown_text(name).text);
    if (whole != NULL && (!check_plans(whole, part, name, to) || !check_sizes(whole, part, to) ||
                          !check_sums(whole->record, part->record, name, to)))
        return false;
    if (!make_room(merge) || (whole != NULL && !add(merge, part)))
        return refuse(to, "out of memory");
    if (whole == NULL)
        merge->whole = part;
    note(merge, run, start, end);
    merge->id ^= id;
    return true;
}

bool saved_merge_add(struct merge *merge, struct saved *part, const char *name,
                     char error[static SAVED_ERROR_MAX]) {
    bool taken = take(merge, part, name, (struct refusal){error, SAVED_ERROR_MAX});
    if (merge->whole != part)
        saved_free(part);
    return taken;
}

void saved_merge_free(struct merge *merge) {
    free(merge->runs);
    saved_free(merge->whole);
    *merge = (struct merge){0};
}

static void take_figures(struct record *record) {
    struct figures lag = record->figures[DISTRIBUTION_LAG];
    record->saved = false; /* from what was added up */
    for (int i = 0; i < DISTRIBUTION_COUNT; i++)
        record->figures[i] = record_figures(record, (enum distribution)i);
    record->figures[DISTRIBUTION_LAG] = lag;
    record->saved = true;
}

static void find_overlap(struct findings *findings, const struct merge *merge, double together,
                         double whole) {
    bool apart = together < 0.9 * whole;
    struct finding *finding = findings_add(
        findings, "merged", SIDE_TESTER, apart ? FINDING_WARN : FINDING_OK,
        "%zu runs merged: at the same time for %.1f s of %.1f s", merge->parts, together, whole);
    finding->have = (int64_t)merge->parts;
    if (apart)
        finding_do(finding, "start all parts at once: rates are not measured of parts that ran one "
                            "after another");
}

struct saved *saved_merge_end(struct merge *merge) {
    struct saved *whole = merge->whole;
    struct record *record = whole->record;
    struct judgement *judgement = &whole->judgement;
    double length = record_wall_seconds(record);
    double together =
        fmax(0, merge->last_start < merge->first_end ? merge->first_end - merge->last_start : 0);
    struct target_facts target = judgement->target;
    if (together < 0.9 * length)
        record->per_second_mean = NAN;
    forget(whole);
    take_figures(record);
    memset(judgement, 0, sizeof *judgement);
    judgement->target = target;
    record->id = merge->id;
    whole->kind = SAVED_TIMELINE; /* its JSON report is not there yet */
    whole->judged_otherwise = false;
    find_overlap(&judgement->findings, merge, together, length);
    judge_run(judgement, &whole->plan, record);
    merge->whole = NULL;
    saved_merge_free(merge);
    return whole;
}
