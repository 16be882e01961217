/* A saved run's figures: a line of its timeline, or a whole report, into the record. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hdr.h"
#include "base/limits.h"
#include "base/text.h"
#include "report/format/report_names.h"
#include "report/saved/saved_parts.h"

/* --- counts by name --- */

static void read_outcomes(uint64_t *counts, struct saved_place *place, const struct json_t *by_name,
                          bool drain) {
    struct saved_value_step member = {0};
    while (saved_value_next(by_name, &member)) {
        enum outcome outcome = outcome_by_name(member.name);
        if (outcome == OUTCOME_COUNT || (!drain && outcome_is_drain(outcome))) {
            saved_place_refuse(place, "\"outcomes\": \"%s\" is none that this version knows",
                               refuse_quote(member.name).text);
            return;
        }
        counts[outcome] = saved_value_to_count(place, member.value, member.name);
    }
}

/* A name that this system or version does not know counts as the last of the row, "other". */
static void read_named_counts(uint64_t *counts, struct saved_place *place,
                              const struct json_t *by_name, const char *(*name_of)(int), int last) {
    struct saved_value_step member = {0};
    while (saved_value_next(by_name, &member)) {
        int slot = 0;
        while (slot < last && strcmp(member.name, name_of(slot)) != 0)
            slot++;
        counts[slot] += saved_value_to_count(place, member.value, member.name);
    }
}

static const char *reason_name_of(int reason) {
    return reason_name((enum reason)reason);
}

static void read_statuses(uint64_t *counts, struct saved_place *place,
                          const struct json_t *by_name) {
    struct saved_value_step member = {0};
    while (saved_value_next(by_name, &member)) {
        if (strlen(member.name) != 3 || strspn(member.name, "0123456789") != 3 ||
            member.name[0] == '0') {
            saved_place_refuse(place, "\"by_status\": \"%s\" is no status",
                               refuse_quote(member.name).text);
            return;
        }
        counts[strtol(member.name, NULL, 10)] =
            saved_value_to_count(place, member.value, member.name);
    }
}

/* --- sections --- */

/* A count and the name of its member. */
struct saved_count {
    const char *name;
    uint64_t *count;
};

static void read_counts(struct saved_place *place, const struct json_t *from,
                        const struct saved_count *members, size_t count) {
    for (size_t i = 0; i < count; i++)
        *members[i].count = saved_value_count(place, from, members[i].name);
}

static void read_balance(struct saved *saved, struct saved_place *place,
                         const struct json_t *from) {
    struct record *record = saved->record;
    record->balanced = saved_value_flag_if(place, from, "balanced");
    const char *imbalance = saved_value_text_if(place, from, "imbalance");
    record->imbalance = record->balanced ? NULL : saved->imbalance;
    text_escape(saved->imbalance, sizeof saved->imbalance,
                imbalance != NULL ? imbalance : "reason not kept");
}

static void read_drain(struct record *record, struct saved_place *place,
                       const struct json_t *connections) {
    const struct json_t *from = saved_value_object_if(place, connections, "drain");
    const char *how = saved_value_text_if(place, from, "how");
    record->drain_by_reset = how != NULL && strcmp(how, "rst") == 0;
    record->drain_seconds = saved_value_seconds_if(place, from, "seconds");
    read_outcomes(record->total.counts.drain, place, saved_value_object_if(place, from, "outcomes"),
                  true);
}

/* An alert that is no number of one is not counted. */
static void read_alerts(uint64_t *counts, struct saved_place *place, const struct json_t *by_name) {
    struct saved_value_step member = {0};
    while (saved_value_next(by_name, &member)) {
        size_t digits = strspn(member.name, "0123456789");
        long alert = digits > 0 && digits <= 3 && member.name[digits] == '\0'
                         ? strtol(member.name, NULL, 10)
                         : TALLY_ALERTS;
        if (alert < TALLY_ALERTS)
            counts[alert] += saved_value_to_count(place, member.value, member.name);
        else
            saved_place_refuse(place, "\"alerts\": \"%s\" is no alert",
                               refuse_quote(member.name).text);
    }
}

static void read_tls(struct tally_counts *counts, struct saved_place *place,
                     const struct json_t *from) {
    if (from == NULL)
        return;
#define TLS_METRIC(name, unit, help) counts->tls_##name = saved_value_count_if(place, from, #name);
#include "stats/tls_metrics.def"
#undef TLS_METRIC
    read_alerts(counts->tls_alerts, place, saved_value_object_if(place, from, "alerts"));
    read_named_counts(counts->tls_failures, place, saved_value_object_if(place, from, "failed"),
                      report_handshake_reason_name, HANDSHAKE_REASON_handshake);
    read_named_counts(counts->tls_breaks, place, saved_value_object_if(place, from, "broken"),
                      report_record_reason_name, RECORD_REASON_other);
}

static void read_connections(struct saved *saved, struct saved_place *place,
                             const struct json_t *document) {
    struct record *record = saved->record;
    struct tally_counts *counts = &record->total.counts;
    const struct json_t *from = saved_value_object(place, document, "connections");
    const struct saved_count members[] = {
        {"attempted", &counts->attempted},
        {"opened", &counts->opened},
        {"connecting", &counts->connecting},
        {"live", &counts->live},
        {"lost", &counts->lost},
        {"reconnected", &counts->reconnected},
        {"live_peak", &record->live_peak},
        {"samples", &record->samples},
    };
    read_counts(place, from, members, sizeof members / sizeof members[0]);
    counts->refilling = saved_value_count_if(place, from, "refilling");
    int64_t live_min = saved_value_whole_if(place, from, "live_min", INT64_MAX, -1);
    record->live_min_measured = live_min >= 0;
    record->live_min = live_min >= 0 ? (uint64_t)live_min : 0;
    read_balance(saved, place, from);
    read_outcomes(counts->outcomes, place, saved_value_object(place, from, "outcomes"), false);
    read_named_counts(counts->errnos, place, saved_value_object_if(place, from, "errno"),
                      report_errno_name, TALLY_ERRNO_MAX);
    read_named_counts(counts->reasons, place, saved_value_object_if(place, from, "protocol_errors"),
                      reason_name_of, REASON_other);
    read_tls(counts, place, saved_value_object_if(place, from, "tls"));
    read_drain(record, place, from);
}

/* A line has how many are outstanding; a report, how many never ended. */
static void read_requests(struct record *record, struct saved_place *place,
                          const struct json_t *document) {
    struct tally_counts *counts = &record->total.counts;
    const struct json_t *from = saved_value_object(place, document, "requests");
    const struct saved_count members[] = {
        {"sent", &counts->sent},           {"answered", &counts->answered},
        {"timed_out", &counts->timed_out}, {"lost", &counts->requests_lost},
        {"interim", &counts->interim},     {"unfinished", &record->unfinished},
        {"bytes_in", &counts->bytes_in},   {"bytes_out", &counts->bytes_out},
    };
    read_counts(place, from, members, sizeof members / sizeof members[0]);
    counts->outstanding = (uint64_t)saved_value_whole_if(place, document, "outstanding", INT64_MAX,
                                                         (int64_t)record->unfinished);
    counts->warmup = saved_value_count_if(place, from, "warmup");
    counts->scheduled = saved_value_count_if(place, from, "scheduled");
    counts->unsent = saved_value_count_if(place, from, "unsent");
    record->per_second_mean = saved_value_number_if(place, from, "per_second_mean");
    record->per_second_peak = saved_value_number_if(place, from, "per_second_peak");
    read_statuses(counts->statuses, place, saved_value_object(place, from, "by_status"));
    counts->keep_alive_timeout_s =
        saved_value_whole_if(place, document, "keep_alive_seconds_min", SAVED_SECONDS_MAX, 0);
}

static struct figures read_figures(struct saved_place *place, const struct json_t *from,
                                   const char *name) {
    struct figures figures = {.count = saved_value_count(place, from, "count")};
    const struct {
        const char *name;
        double *value;
    } members[] = {{"min", &figures.min}, {"mean", &figures.mean}, {"stddev", &figures.stddev},
                   {"p50", &figures.p50}, {"p90", &figures.p90},   {"p95", &figures.p95},
                   {"p99", &figures.p99}, {"p999", &figures.p999}, {"max", &figures.max}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        *members[i].value = saved_value_seconds_if(place, from, members[i].name);
        if (isnan(*members[i].value) != (figures.count == 0))
            saved_place_refuse(place, "\"%s\": \"%s\" does not fit its count", name,
                               members[i].name);
    }
    return figures;
}

/* The figures hold exactly what a histogram only counts in buckets. */
static void make_exact(struct histogram *histogram, const struct figures *figures) {
    double mean = figures->mean * 1e9, stddev = figures->stddev * 1e9;
    histogram->min = llround(figures->min * 1e9);
    histogram->max = llround(figures->max * 1e9);
    histogram->sum = mean * (double)figures->count;
    histogram->sum_squares = (stddev * stddev + mean * mean) * (double)figures->count;
}

static void read_histogram(struct histogram *histogram, const struct figures *figures,
                           struct saved_place *place, const struct json_t *from, const char *name) {
    const char *text = saved_value_text_if(place, from, "histogram");
    histogram_clear(histogram);
    if (text == NULL)
        return;
    if (hdr_decode(histogram, text) && histogram->count == figures->count && figures->count > 0) {
        make_exact(histogram, figures);
        return;
    }
    histogram_clear(histogram);
    saved_place_refuse(
        place,
        "\"%s\": \"histogram\": HdrHistogram V2, compressed, in base64, of as many values "
        "as \"count\" says is accepted",
        name);
}

/* The counts behind the last that is written are the whole. */
static struct buckets read_buckets(struct saved_place *place, const struct json_t *from,
                                   const char *name, uint64_t count) {
    const struct json_t *list = saved_value_array_if(place, from, "buckets");
    size_t size = saved_value_size(list);
    struct buckets buckets = {.known = list != NULL};
    uint64_t former = 0;
    for (size_t i = 0; i < BUCKETS && list != NULL; i++) {
        uint64_t value =
            i < size ? saved_value_to_count(place, saved_value_at(list, i), "buckets") : count;
        if (value < former || value > count || size > BUCKETS)
            saved_place_refuse(
                place,
                "\"%s\": \"buckets\": at most %d counts that grow up to \"count\" are "
                "accepted",
                name, BUCKETS);
        buckets.counts[i] = former = value;
    }
    return buckets;
}

/* All of its values stand in place of all that were measured. */
static void read_without_lateness(struct record *record, enum tally_distribution distribution,
                                  const struct histogram *measured, struct saved_place *place,
                                  const struct json_t *from) {
    struct figures *figures = &record->without_lateness[distribution];
    struct tally_correction *correction = &record->total.corrections[distribution];
    *figures = (struct figures){0};
    histogram_clear(&correction->measured);
    histogram_clear(&correction->without);
    if (from == NULL)
        return;
    *figures = read_figures(place, from, "without_lateness");
    read_histogram(&correction->without, figures, place, from, "without_lateness");
    if (correction->without.count == 0)
        return;
    histogram_copy(&correction->measured, measured);
    if (correction->without.count != measured->count)
        saved_place_refuse(place,
                           "\"without_lateness\": as many values as were measured are accepted");
}

/* NULL: there are none in that document. */
static const struct json_t *find_distribution(enum tally_distribution distribution,
                                              struct saved_place *place,
                                              const struct json_t *document) {
    const char *name = tally_distribution_name(distribution);
    const char *section = tally_distribution_section(distribution);
    if (distribution == DISTRIBUTION_HANDSHAKE)
        return saved_value_object_if(place, document, name);
    if (section[0] == '\0')
        return saved_value_object(place, document, name);
    return saved_value_object_if(place, saved_value_object(place, document, section), name);
}

static void read_distributions(struct record *record, struct saved_place *place,
                               const struct json_t *document) {
    const struct json_t *from[DISTRIBUTION_LAG];
    for (int i = 0; i < DISTRIBUTION_LAG; i++)
        from[i] = find_distribution((enum tally_distribution)i, place, document);
    for (int i = 0; i < DISTRIBUTION_LAG; i++) {
        enum tally_distribution distribution = (enum tally_distribution)i;
        const char *name = tally_distribution_name(distribution);
        struct histogram *histogram = &record->total.distributions[i];
        if (from[i] == NULL)
            continue;
        record->figures[i] = read_figures(place, from[i], name);
        read_histogram(histogram, &record->figures[i], place, from[i], name);
        record->buckets[i] = read_buckets(place, from[i], name, record->figures[i].count);
        read_without_lateness(record, distribution, histogram, place,
                              saved_value_object_if(place, from[i], "without_lateness"));
    }
}

static uint64_t read_nanoseconds(struct saved_place *place, const struct json_t *parent,
                                 const char *name) {
    double seconds = saved_value_seconds_if(place, parent, name);
    return isnan(seconds) ? 0 : (uint64_t)llround(seconds * 1e9);
}

/* A report of an older version knows the worst lateness at any deadline, not how many met it. */
static int64_t old_late(const struct record *record, enum outcome outcome) {
    const struct tally_counts *counts = &record->total.counts;
    return counts->deadline_lag_ns > 0 ? (int64_t)counts->outcomes[outcome] : 0;
}

static void read_generator(struct record *record, struct saved_place *place,
                           const struct json_t *document) {
    struct tally_counts *counts = &record->total.counts;
    struct figures *lag = &record->figures[DISTRIBUTION_LAG];
    const struct json_t *from = saved_value_object(place, document, "generator");
    const char *engine = saved_value_text_if(place, from, "engine");
    snprintf(record->engine, sizeof record->engine, "%s", engine != NULL ? engine : "");
    const char *reason = saved_value_text_if(place, from, "engine_reason");
    text_escape(record->engine_reason, sizeof record->engine_reason, reason != NULL ? reason : "");
    record->cpu_user_seconds = saved_value_seconds_if(place, from, "cpu_user_seconds");
    record->cpu_system_seconds = saved_value_seconds_if(place, from, "cpu_system_seconds");
    record->pss_bytes_max = saved_value_whole_if(place, from, "pss_bytes_max", INT64_MAX, -1);
    record->rss_bytes_max = saved_value_whole_if(place, from, "rss_bytes_max", INT64_MAX, -1);
    lag->p50 = saved_value_seconds_if(place, from, "loop_lag_seconds_p50");
    record->tick_seconds_max = saved_value_seconds_if(place, from, "tick_seconds_max");
    lag->p99 = saved_value_seconds_if(place, from, "loop_lag_seconds_p99");
    lag->max = saved_value_seconds_if(place, from, "loop_lag_seconds_max");
    lag->count = isnan(lag->p99) || isnan(lag->max) ? 0 : 1; /* how many is not kept */
    counts->deadline_lag_ns = read_nanoseconds(place, from, "deadline_lag_seconds_max");
    counts->closed_overdue = saved_value_count_if(place, from, "closed_overdue");
    counts->reset_overdue = saved_value_count_if(place, from, "reset_overdue");
    counts->timed_out_late = (uint64_t)saved_value_whole_if(
        place, from, "timed_out_late", INT64_MAX,
        old_late(record, OUTCOME_response_timeout) + old_late(record, OUTCOME_silent));
    counts->connects_late = (uint64_t)saved_value_whole_if(
        place, from, "connect_timeout_late", INT64_MAX, old_late(record, OUTCOME_connect_timeout));
    counts->pauses = saved_value_count_if(place, from, "pauses");
    counts->pauses_ns = read_nanoseconds(place, from, "pauses_seconds");
    counts->pause_max_ns = read_nanoseconds(place, from, "pause_seconds_max");
    counts->cq_overflows = saved_value_count_if(place, from, "cq_overflows");
    counts->turns = saved_value_count_if(place, from, "turns");
    counts->stale = saved_value_count_if(place, from, "stale_completions");
    record->headroom_files_used =
        saved_value_whole_if(place, document, "files_used", INT64_MAX, -1);
    record->headroom_files_limit =
        saved_value_whole_if(place, document, "files_limit", INT64_MAX, -1);
    if (saved_value_has(from, "workers"))
        saved_workers(record, place, from);
}

static void read_run(struct record *record, struct saved_place *place,
                     const struct json_t *document) {
    const struct json_t *from = saved_value_object(place, document, "run");
    record->ended_at = saved_value_time_if(place, from, "ended_at");
    record->ramp_seconds = saved_value_seconds_if(place, from, "ramp_seconds");
    record->hold_seconds = saved_value_seconds_if(place, from, "hold_seconds");
    record->total.counts.ramp_late_ns = read_nanoseconds(place, from, "ramp_lateness_seconds_max");
    record->interrupted = saved_value_flag_if(place, from, "interrupted");
    const char *ended_by = saved_value_text_if(place, from, "ended_by_rule");
    record->ended_seconds = saved_value_seconds_if(place, from, "ended_by_rule_seconds");
    text_escape(record->ended_by, sizeof record->ended_by, ended_by != NULL ? ended_by : "");
    /* a report does not hold it: no ramp was complete */
    record->ramp_cut =
        saved_value_has(from, "ramp_cut")
            ? saved_value_flag_if(place, from, "ramp_cut")
            : (record->interrupted || ended_by != NULL) && isnan(record->ramp_seconds);
    record->ended_empty = saved_value_flag_if(place, from, "ended_early");
    record->cut = saved_value_flag_if(place, from, "cut");
    record->ring_error = -(int)saved_value_whole_if(place, from, "ring_error", 4095, 0);
    record->bug_exit = (int)saved_value_whole_if(place, from, "bug_exit", 255, 0);
}

static void read_first_seen(struct record *record, struct saved_place *place,
                            const struct json_t *document) {
    const struct json_t *from = saved_value_object_if(place, document, "first_seen_seconds");
    struct saved_value_step member = {0};
    memset(record->first_seen_seconds, 0, sizeof record->first_seen_seconds);
    while (saved_value_next(from, &member)) {
        enum outcome outcome = outcome_by_name(member.name);
        if (outcome < OUTCOME_COUNT)
            record->first_seen_seconds[outcome] =
                saved_value_seconds(place, member.value, member.name);
    }
}

/* --- workers --- */

static bool read_worker(struct record_worker *worker, struct saved_place *place,
                        const struct json_t *from) {
    const char *state = saved_value_text_if(place, from, "state");
    worker->pid = (pid_t)saved_value_whole_if(place, from, "pid", INT32_MAX, 0);
    worker->share = (uint32_t)saved_value_whole_if(place, from, "share", UINT32_MAX, 0);
    worker->lost = state != NULL && strcmp(state, "lost") == 0;
    worker->status = -1; /* a report does not keep it */
    return saved_value_is_object(from) ||
           saved_place_refuse(place, "\"workers\": objects are accepted");
}

bool saved_workers(struct record *record, struct saved_place *place, const struct json_t *parent) {
    const struct json_t *list = saved_value_array_if(place, parent, "workers");
    size_t count = saved_value_size(list);
    if (count > WORKERS_MAX)
        return saved_place_refuse(place, "\"workers\": at most %d are accepted", WORKERS_MAX);
    struct record_worker *workers = calloc(count + 1, sizeof *workers);
    if (workers == NULL)
        return saved_place_refuse(place, "out of memory");
    free(record->workers);
    record->workers = workers;
    record->worker_count = count;
    for (size_t i = 0; i < count; i++)
        if (!read_worker(&workers[i], place, saved_value_at(list, i)))
            return false;
    return !place->failed;
}

static void read_workers_lost(struct record *record, struct saved_place *place,
                              const struct json_t *document) {
    const struct json_t *list = saved_value_array_if(place, document, "workers_lost");
    for (size_t i = 0; i < saved_value_size(list); i++) {
        const struct json_t *from = saved_value_at(list, i);
        uint64_t index = saved_value_count(place, from, "worker");
        if (index >= record->worker_count) {
            saved_place_refuse(place, "\"workers_lost\": there is no such worker");
            return;
        }
        record->workers[index].lost = true;
        record->workers[index].status =
            (int)saved_value_whole_if(place, from, "status", UINT16_MAX, -1);
    }
    record->workers_lost_early =
        (size_t)saved_value_whole_if(place, document, "workers_lost_early", WORKERS_MAX, 0);
}

/* --- the whole --- */

/* Each is a part of the other: of what can be opened, lost or live. Not live_peak, which has the
 * moments between two publications too: in a ramp it may be ahead of what is counted. */
static bool check_parts(struct saved_place *place, const struct record *record) {
    const struct tally_counts *c = &record->total.counts;
    const struct {
        const char *part;
        uint64_t value;
        const char *whole;
        uint64_t most;
    } rows[] = {
        {"opened", c->opened, "attempted", c->attempted},
        {"live", c->live, "opened", c->opened},
        {"lost", c->lost, "opened", c->opened},
        {"reconnected", c->reconnected, "opened", c->opened},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].value > rows[i].most)
            return saved_place_refuse(place,
                                      "the ledger does not add up: \"%s\": at most \"%s\", which "
                                      "is %" PRIu64 ", is accepted",
                                      rows[i].part, rows[i].whole, rows[i].most);
    return true;
}

/* A ledger that was written balanced must balance still: else a byte has changed on the way. */
static bool check_ledger(struct saved_place *place, const struct record *record) {
    const struct tally_counts *c = &record->total.counts;
    if (place->failed || !record->balanced)
        return !place->failed;
    if (c->attempted != c->connecting + c->live + tally_closed(c) + tally_errored(c))
        return saved_place_refuse(place,
                                  "the ledger does not add up: attempted is not connecting + live "
                                  "+ closed + errored");
    if (c->sent != c->answered + c->timed_out + c->requests_lost + c->outstanding)
        return saved_place_refuse(place,
                                  "the ledger does not add up: sent is not answered + timed_out + "
                                  "lost + outstanding");
    return check_parts(place, record);
}

bool saved_figures(struct saved *saved, struct saved_place *place, const struct json_t *document) {
    struct record *record = saved->record;
    int64_t first_attempt_ns = record->total.counts.first_attempt_ns; /* of the endings' own line */
    memset(&record->total.counts, 0, sizeof record->total.counts);
    record->total.counts.first_attempt_ns = first_attempt_ns;
    read_run(record, place, document);
    read_connections(saved, place, document);
    read_requests(record, place, document);
    read_distributions(record, place, document);
    saved_server(saved, place, document);
    read_generator(record, place, document);
    read_first_seen(record, place, document);
    read_workers_lost(record, place, document);
    saved_marks(&record->marks, place, document);
    return check_ledger(place, record);
}

struct timeline_sample saved_sample(const struct record *record, struct saved_place *place,
                                    const struct json_t *line) {
    const struct tally_counts *counts = &record->total.counts;
    int64_t live = (int64_t)counts->live; /* an older version looked once a second */
    struct timeline_sample sample = {
        .t = saved_value_seconds_if(place, line, "t"),
        .live = counts->live,
        .connecting = counts->connecting,
        .closed = tally_closed(counts),
        .errored = tally_errored(counts),
        .client_per_second = saved_value_number_if(place, line, "client_per_second"),
        .server_per_second = saved_value_number_if(place, line, "server_per_second"),
        .p50_seconds = saved_value_seconds_if(place, line, "p50_seconds"),
        .p99_seconds = saved_value_seconds_if(place, line, "p99_seconds"),
        .max_seconds = saved_value_seconds_if(place, line, "max_seconds"),
        .cpu_percent = saved_value_number_if(place, line, "cpu_percent"),
        .descriptors = saved_value_number_if(place, line, "descriptors"),
        .loop_lag_seconds = saved_value_seconds_if(place, line, "loop_lag_seconds"),
        .live_min = (uint64_t)saved_value_whole_if(place, line, "live_min", INT64_MAX, live),
        .live_max = (uint64_t)saved_value_whole_if(place, line, "live_max", INT64_MAX, live),
    };
    statuses_by_class(counts, sample.statuses);
    return sample;
}
