/* A saved run's figures: a line of its timeline, or a whole report, into the record. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hdr.h"
#include "base/text.h"
#include "report/saved_parts.h"
#include "report/sections.h"

enum { WORKERS_MAX = 4096 }; /* bound of --workers */

/* --- counts by name --- */

static int outcome_of(const char *name) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (strcmp(name, outcome_name((enum outcome)i)) == 0)
            return i;
    return -1;
}

static void read_outcomes(uint64_t *counts, struct place *place, const struct json_t *by_name,
                          bool drain) {
    struct value_step member = {0};
    while (value_next(by_name, &member)) {
        int outcome = outcome_of(member.name);
        if (outcome < 0 || (!drain && outcome_is_drain((enum outcome)outcome))) {
            place_refuse(place, "\"outcomes\": \"%s\" is none that this version knows",
                         shown_text(member.name).text);
            return;
        }
        counts[outcome] = count_of(place, member.value, member.name);
    }
}

/* Where names are unknown to this system, they count as one beyond its own. */
static void read_errnos(uint64_t *counts, struct place *place, const struct json_t *by_name) {
    struct value_step member = {0};
    while (value_next(by_name, &member)) {
        int slot = 0;
        while (slot < TALLY_ERRNO_MAX && strcmp(member.name, errno_slot_name(slot)) != 0)
            slot++;
        counts[slot] += count_of(place, member.value, member.name);
    }
}

static void read_reasons(uint64_t *counts, struct place *place, const struct json_t *by_name) {
    struct value_step member = {0};
    while (value_next(by_name, &member)) {
        int reason = 0;
        while (reason < REASON_other && strcmp(member.name, reason_name((enum reason)reason)) != 0)
            reason++;
        counts[reason] += count_of(place, member.value, member.name);
    }
}

static void read_statuses(uint64_t *counts, struct place *place, const struct json_t *by_name) {
    struct value_step member = {0};
    while (value_next(by_name, &member)) {
        if (strlen(member.name) != 3 || strspn(member.name, "0123456789") != 3 ||
            member.name[0] == '0') {
            place_refuse(place, "\"by_status\": \"%s\" is no status", shown_text(member.name).text);
            return;
        }
        counts[strtol(member.name, NULL, 10)] = count_of(place, member.value, member.name);
    }
}

/* --- sections --- */

static void read_connections(struct saved *saved, struct place *place,
                             const struct json_t *document) {
    struct record *record = saved->record;
    struct counts *counts = &record->total.counts;
    const struct json_t *from = value_object(place, document, "connections");
    counts->attempted = value_count(place, from, "attempted");
    counts->opened = value_count(place, from, "opened");
    counts->connecting = value_count(place, from, "connecting");
    counts->live = value_count(place, from, "live");
    counts->lost = value_count(place, from, "lost");
    counts->reconnected = value_count(place, from, "reconnected");
    counts->refilling = (uint64_t)value_whole_if(place, from, "refilling", INT64_MAX, 0);
    int64_t live_min = value_whole_if(place, from, "live_min", INT64_MAX, -1);
    record->live_min_measured = live_min >= 0;
    record->live_min = live_min >= 0 ? (uint64_t)live_min : 0;
    record->live_peak = value_count(place, from, "live_peak");
    record->samples = value_count(place, from, "samples");
    record->balanced = value_flag_if(place, from, "balanced");
    const char *imbalance = value_text_if(place, from, "imbalance");
    record->imbalance = record->balanced ? NULL : saved->imbalance;
    text_escape(saved->imbalance, sizeof saved->imbalance,
                imbalance != NULL ? imbalance : "reason not kept");
    read_outcomes(counts->outcomes, place, value_object(place, from, "outcomes"), false);
    read_errnos(counts->errnos, place, value_object_if(place, from, "errno"));
    read_reasons(counts->reasons, place, value_object_if(place, from, "protocol_errors"));
    const struct json_t *drain = value_object_if(place, from, "drain");
    const char *how = value_text_if(place, drain, "how");
    record->drain_by_reset = how != NULL && strcmp(how, "rst") == 0;
    record->drain_seconds = value_seconds_if(place, drain, "seconds");
    read_outcomes(counts->drain, place, value_object_if(place, drain, "outcomes"), true);
}

/* A line says how many are outstanding; a report, how many never ended. */
static void read_requests(struct record *record, struct place *place,
                          const struct json_t *document) {
    struct counts *counts = &record->total.counts;
    const struct json_t *from = value_object(place, document, "requests");
    counts->sent = value_count(place, from, "sent");
    counts->answered = value_count(place, from, "answered");
    counts->timed_out = value_count(place, from, "timed_out");
    counts->requests_lost = value_count(place, from, "lost");
    record->unfinished = value_count(place, from, "unfinished");
    counts->outstanding = (uint64_t)value_whole_if(place, document, "outstanding", INT64_MAX,
                                                   (int64_t)record->unfinished);
    counts->warmup = (uint64_t)value_whole_if(place, from, "warmup", INT64_MAX, 0);
    counts->interim = value_count(place, from, "interim");
    counts->bytes_in = value_count(place, from, "bytes_in");
    counts->bytes_out = value_count(place, from, "bytes_out");
    counts->scheduled = (uint64_t)value_whole_if(place, from, "scheduled", INT64_MAX, 0);
    counts->unsent = (uint64_t)value_whole_if(place, from, "unsent", INT64_MAX, 0);
    record->per_second_mean = value_number_if(place, from, "per_second_mean");
    record->per_second_peak = value_number_if(place, from, "per_second_peak");
    read_statuses(counts->statuses, place, value_object(place, from, "by_status"));
    counts->keep_alive_timeout_s =
        value_whole_if(place, document, "keep_alive_seconds_min", SAVED_SECONDS_MAX, 0);
}

static struct figures read_figures(struct place *place, const struct json_t *from,
                                   const char *name) {
    struct figures figures = {.count = value_count(place, from, "count")};
    const struct {
        const char *name;
        double *value;
    } members[] = {{"min", &figures.min}, {"mean", &figures.mean}, {"stddev", &figures.stddev},
                   {"p50", &figures.p50}, {"p90", &figures.p90},   {"p95", &figures.p95},
                   {"p99", &figures.p99}, {"p999", &figures.p999}, {"max", &figures.max}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        *members[i].value = value_seconds_if(place, from, members[i].name);
        if (isnan(*members[i].value) != (figures.count == 0))
            place_refuse(place, "\"%s\": \"%s\" does not fit its count", name, members[i].name);
    }
    return figures;
}

/* What a histogram does not hold exactly, the figures do. */
static void make_exact(struct histogram *histogram, const struct figures *figures) {
    double mean = figures->mean * 1e9, stddev = figures->stddev * 1e9;
    histogram->min = llround(figures->min * 1e9);
    histogram->max = llround(figures->max * 1e9);
    histogram->sum = mean * (double)figures->count;
    histogram->sum_squares = (stddev * stddev + mean * mean) * (double)figures->count;
}

static void read_histogram(struct histogram *histogram, const struct figures *figures,
                           struct place *place, const struct json_t *from, const char *name) {
    const char *text = value_text_if(place, from, "histogram");
    histogram_clear(histogram);
    if (text == NULL)
        return;
    if (hdr_decode(histogram, text) && histogram->count == figures->count && figures->count > 0) {
        make_exact(histogram, figures);
        return;
    }
    histogram_clear(histogram);
    place_refuse(place,
                 "\"%s\": \"histogram\": HdrHistogram V2, compressed, in base64, of as many values "
                 "as \"count\" says is accepted",
                 name);
}

/* Times to refill are there where --reconnect was, lateness where --rate was. */
static void read_distributions(struct record *record, struct place *place,
                               const struct json_t *document) {
    struct tally *total = &record->total;
    const struct {
        enum distribution distribution;
        const char *name;
        const struct json_t *from;
        struct histogram *histogram;
    } members[] = {
        {DISTRIBUTION_LATENCY, "latency_seconds", value_object(place, document, "latency_seconds"),
         &total->latency},
        {DISTRIBUTION_SERVICE, "service_seconds", value_object(place, document, "service_seconds"),
         &total->service},
        {DISTRIBUTION_CONNECT, "connect_seconds", value_object(place, document, "connect_seconds"),
         &total->connect},
        {DISTRIBUTION_REFILL, "refill_seconds",
         value_object_if(place, value_object(place, document, "connections"), "refill_seconds"),
         &total->refill},
        {DISTRIBUTION_LATENESS, "lateness_seconds",
         value_object_if(place, value_object(place, document, "requests"), "lateness_seconds"),
         &total->lateness}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].from == NULL)
            continue;
        struct figures *figures = &record->figures[members[i].distribution];
        *figures = read_figures(place, members[i].from, members[i].name);
        read_histogram(members[i].histogram, figures, place, members[i].from, members[i].name);
    }
}

static uint64_t read_nanoseconds(struct place *place, const struct json_t *parent,
                                 const char *name) {
    double seconds = value_seconds_if(place, parent, name);
    return isnan(seconds) ? 0 : (uint64_t)llround(seconds * 1e9);
}

static void read_generator(struct record *record, struct place *place,
                           const struct json_t *document) {
    struct counts *counts = &record->total.counts;
    struct figures *lag = &record->figures[DISTRIBUTION_LAG];
    const struct json_t *from = value_object(place, document, "generator");
    const char *engine = value_text_if(place, from, "engine");
    snprintf(record->engine, sizeof record->engine, "%s", engine != NULL ? engine : "");
    record->cpu_user_seconds = value_seconds_if(place, from, "cpu_user_seconds");
    record->cpu_system_seconds = value_seconds_if(place, from, "cpu_system_seconds");
    record->pss_bytes_max = value_whole_if(place, from, "pss_bytes_max", INT64_MAX, -1);
    record->rss_bytes_max = value_whole_if(place, from, "rss_bytes_max", INT64_MAX, -1);
    lag->p50 = value_seconds_if(place, from, "loop_lag_seconds_p50");
    record->tick_seconds_max = value_seconds_if(place, from, "tick_seconds_max");
    lag->p99 = value_seconds_if(place, from, "loop_lag_seconds_p99");
    lag->max = value_seconds_if(place, from, "loop_lag_seconds_max");
    lag->count = isnan(lag->p99) || isnan(lag->max) ? 0 : 1; /* how many is not kept */
    counts->deadline_lag_ns = read_nanoseconds(place, from, "deadline_lag_seconds_max");
    counts->closed_overdue = (uint64_t)value_whole_if(place, from, "closed_overdue", INT64_MAX, 0);
    counts->cq_overflows = (uint64_t)value_whole_if(place, from, "cq_overflows", INT64_MAX, 0);
    counts->turns = (uint64_t)value_whole_if(place, from, "turns", INT64_MAX, 0);
    counts->stale = (uint64_t)value_whole_if(place, from, "stale_completions", INT64_MAX, 0);
    record->headroom_files_used = value_whole_if(place, document, "files_used", INT64_MAX, -1);
    record->headroom_files_limit = value_whole_if(place, document, "files_limit", INT64_MAX, -1);
    if (value_has(from, "workers"))
        saved_workers(record, place, from);
}

static void read_run(struct record *record, struct place *place, const struct json_t *document) {
    const struct json_t *from = value_object(place, document, "run");
    record->ended_at = value_time_if(place, from, "ended_at");
    record->ramp_seconds = value_seconds_if(place, from, "ramp_seconds");
    record->hold_seconds = value_seconds_if(place, from, "hold_seconds");
    record->total.counts.ramp_late_ns = read_nanoseconds(place, from, "ramp_lateness_seconds_max");
    record->interrupted = value_flag_if(place, from, "interrupted");
    const char *ended_by = value_text_if(place, from, "ended_by_rule");
    record->ended_seconds = value_seconds_if(place, from, "ended_by_rule_seconds");
    text_escape(record->ended_by, sizeof record->ended_by, ended_by != NULL ? ended_by : "");
    /* a report does not say it: no ramp was complete */
    record->ramp_cut = value_has(from, "ramp_cut") ? value_flag_if(place, from, "ramp_cut")
                                                   : (record->interrupted || ended_by != NULL) &&
                                                         isnan(record->ramp_seconds);
    record->cut = value_flag_if(place, from, "cut");
    record->ring_error = -(int)value_whole_if(place, from, "ring_error", 4095, 0);
    record->bug_exit = (int)value_whole_if(place, from, "bug_exit", 255, 0);
}

static void read_first_seen(struct record *record, struct place *place,
                            const struct json_t *document) {
    const struct json_t *from = value_object_if(place, document, "first_seen_seconds");
    struct value_step member = {0};
    memset(record->first_seen_seconds, 0, sizeof record->first_seen_seconds);
    while (value_next(from, &member)) {
        int outcome = outcome_of(member.name);
        if (outcome >= 0)
            record->first_seen_seconds[outcome] = seconds_of(place, member.value, member.name);
    }
}

/* --- workers --- */

static bool read_worker(struct worker_record *worker, struct place *place,
                        const struct json_t *from) {
    const char *state = value_text_if(place, from, "state");
    worker->pid = (pid_t)value_whole_if(place, from, "pid", INT32_MAX, 0);
    worker->share = (uint32_t)value_whole_if(place, from, "share", UINT32_MAX, 0);
    worker->lost = state != NULL && strcmp(state, "lost") == 0;
    return value_is_object(from) || place_refuse(place, "\"workers\": objects are accepted");
}

bool saved_workers(struct record *record, struct place *place, const struct json_t *parent) {
    const struct json_t *list = value_array_if(place, parent, "workers");
    size_t count = value_size(list);
    if (count > WORKERS_MAX)
        return place_refuse(place, "\"workers\": at most %d are accepted", WORKERS_MAX);
    struct worker_record *workers = calloc(count + 1, sizeof *workers);
    if (workers == NULL)
        return place_refuse(place, "out of memory");
    free(record->workers);
    record->workers = workers;
    record->worker_count = count;
    for (size_t i = 0; i < count; i++)
        if (!read_worker(&workers[i], place, value_at(list, i)))
            return false;
    return !place->failed;
}

static void read_workers_lost(struct record *record, struct place *place,
                              const struct json_t *document) {
    const struct json_t *list = value_array_if(place, document, "workers_lost");
    for (size_t i = 0; i < value_size(list); i++) {
        const struct json_t *from = value_at(list, i);
        uint64_t index = value_count(place, from, "worker");
        if (index >= record->worker_count) {
            place_refuse(place, "\"workers_lost\": there is no such worker");
            return;
        }
        record->workers[index].lost = true;
        record->workers[index].status = (int)value_whole_if(place, from, "status", UINT16_MAX, 0);
    }
    record->workers_lost_early =
        (size_t)value_whole_if(place, document, "workers_lost_early", WORKERS_MAX, 0);
}

/* --- the whole --- */

/* What was written balanced must still: else a byte has changed on the way. */
static bool check_ledger(struct place *place, const struct record *record) {
    const struct counts *c = &record->total.counts;
    if (place->failed || !record->balanced)
        return !place->failed;
    if (c->attempted != c->connecting + c->live + tally_closed(c) + tally_errored(c))
        return place_refuse(place, "the ledger does not add up: attempted is not connecting + live "
                                   "+ closed + errored");
    if (c->reconnected > c->opened)
        return place_refuse(place, "the ledger does not add up: more reconnected than opened");
    if (c->sent != c->answered + c->timed_out + c->requests_lost + c->outstanding)
        return place_refuse(place, "the ledger does not add up: sent is not answered + timed_out + "
                                   "lost + outstanding");
    return true;
}

bool saved_figures(struct saved *saved, struct place *place, const struct json_t *document) {
    struct record *record = saved->record;
    memset(&record->total.counts, 0, sizeof record->total.counts);
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

struct sample saved_sample(const struct record *record, struct place *place,
                           const struct json_t *line) {
    const struct counts *counts = &record->total.counts;
    return (struct sample){
        .t = value_seconds_if(place, line, "t"),
        .live = counts->live,
        .connecting = counts->connecting,
        .closed = tally_closed(counts),
        .errored = tally_errored(counts),
        .client_per_second = value_number_if(place, line, "client_per_second"),
        .server_per_second = value_number_if(place, line, "server_per_second"),
        .p50_seconds = value_seconds_if(place, line, "p50_seconds"),
        .p99_seconds = value_seconds_if(place, line, "p99_seconds"),
        .max_seconds = value_seconds_if(place, line, "max_seconds"),
        .cpu_percent = value_number_if(place, line, "cpu_percent"),
        .descriptors = value_number_if(place, line, "descriptors"),
        .loop_lag_seconds = value_seconds_if(place, line, "loop_lag_seconds"),
    };
}
