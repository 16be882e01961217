/* The JSON report's figures: connections, requests, durations, the server, ourselves, the timeline.
 */
#include <math.h>
#include <stdlib.h>

#include "base/hdr.h"
#include "report/export/json_sections.h"
#include "report/format/report_names.h"
#include "report/format/series.h"

/* A ratio of counts and other figures that exist only when there was something to measure. */
static void member_if(struct json_writer *json, const char *name, bool measured, double value) {
    json_write_number_member(json, name, measured ? value : NAN);
}

static void counts_by_outcome(struct json_writer *json, const uint64_t *counts,
                              enum json_section_form form) {
    json_write_name(json, "outcomes");
    json_write_object(json);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        if (!outcome_is_drain(outcome) && (form == FORM_REPORT || counts[i] > 0))
            json_write_uint_member(json, outcome_name(outcome), counts[i]);
    }
    json_write_object_end(json);
}

static void counts_by_errno(struct json_writer *json, const uint64_t *errnos) {
    json_write_name(json, "errno");
    json_write_object(json);
    for (int i = 0; i <= TALLY_ERRNO_MAX; i++) {
        if (errnos[i] > 0)
            json_write_uint_member(json, report_errno_name(i), errnos[i]);
    }
    json_write_object_end(json);
}

static void counts_by_reason(struct json_writer *json, const uint64_t *reasons) {
    json_write_name(json, "protocol_errors");
    json_write_object(json);
    for (int i = 0; i < REASON_COUNT; i++) {
        if (reasons[i] > 0)
            json_write_uint_member(json, reason_name((enum reason)i), reasons[i]);
    }
    json_write_object_end(json);
}

static void counts_by_name(struct json_writer *json, const char *name, const uint64_t *counts,
                           int count, const char *(*name_of)(int)) {
    json_write_name(json, name);
    json_write_object(json);
    for (int i = 0; i < count; i++)
        if (counts[i] > 0)
            json_write_uint_member(json, name_of(i), counts[i]);
    json_write_object_end(json);
}

/* null of a plan without TLS. */
static void counts_of_tls(struct json_writer *json, const struct plan *plan,
                          const struct tally_counts *counts) {
    if (!plan->target.tls) {
        json_write_null_member(json, "tls");
        return;
    }
    json_write_name(json, "tls");
    json_write_object(json);
#define TLS_METRIC(name, unit, help) json_write_uint_member(json, #name, counts->tls_##name);
#include "stats/tls_metrics.def"
#undef TLS_METRIC
    counts_by_name(json, "alerts", counts->tls_alerts, TALLY_ALERTS, report_alert_name);
    counts_by_name(json, "failed", counts->tls_failures, HANDSHAKE_REASON_COUNT,
                   report_handshake_reason_name);
    counts_by_name(json, "broken", counts->tls_breaks, RECORD_REASON_COUNT,
                   report_record_reason_name);
    json_write_object_end(json);
}

static void drain(struct json_writer *json, const struct record *record) {
    const uint64_t *counts = record->total.counts.drain;
    json_write_name(json, "drain");
    json_write_object(json);
    json_write_number_member(json, "seconds", record->drain_seconds);
    const char *how = record->drain_by_reset ? "rst" : "fin";
    bool drained = record->total.counts.attempted > 0 && !record->cut_off;
    json_write_string_member(json, "how", drained ? how : NULL);
    json_write_name(json, "outcomes");
    json_write_object(json);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        if (counts[i] > 0 || outcome_is_drain(outcome))
            json_write_uint_member(json, outcome_name(outcome), counts[i]);
    }
    json_write_object_end(json);
    json_write_object_end(json);
}

static void member_uint_if(struct json_writer *json, const char *name, bool measured,
                           uint64_t value) {
    json_write_name(json, name);
    if (measured)
        json_write_uint(json, value);
    else
        json_write_null(json);
}

/* null where there is none: of nothing, of a run that was cut off and read back from its timeline.
 */
static void member_histogram(struct json_writer *json, const struct histogram *histogram) {
    char *text = histogram != NULL ? hdr_encode(histogram) : NULL;
    json_write_string_member(json, "histogram", text);
    free(text);
}

static void members_of_figures(struct json_writer *json, const struct figures *figures) {
    json_write_uint_member(json, "count", figures->count);
    json_write_number_member(json, "min", figures->min);
    json_write_number_member(json, "mean", figures->mean);
    json_write_number_member(json, "stddev", figures->stddev);
    json_write_number_member(json, "p50", figures->p50);
    json_write_number_member(json, "p90", figures->p90);
    json_write_number_member(json, "p95", figures->p95);
    json_write_number_member(json, "p99", figures->p99);
    json_write_number_member(json, "p999", figures->p999);
    json_write_number_member(json, "max", figures->max);
}

/* Where values are known to hold our own lateness: what the figures would be without it. */
static void without_lateness(struct json_writer *json, const struct record *record,
                             enum tally_distribution distribution, enum json_section_form form) {
    struct figures figures = record_without_lateness(record, distribution);
    if (figures.count == 0) {
        json_write_null_member(json, "without_lateness");
        return;
    }
    json_write_name(json, "without_lateness");
    json_write_object(json);
    members_of_figures(json, &figures);
    if (form == FORM_REPORT) {
        struct histogram *whole = calloc(1, sizeof *whole);
        bool kept = whole != NULL && record_histogram_without_lateness(record, distribution, whole);
        member_histogram(json, kept ? whole : NULL);
        free(whole);
    }
    json_write_object_end(json);
}

/* Of those that Prometheus gets: in a line of the timeline, which has no histogram, the count at or
 * below each of its bounds, up to the first that has all. */
static void member_buckets(struct json_writer *json, const struct record *record,
                           enum tally_distribution distribution) {
    const struct histogram *histogram = record_histogram(record, distribution);
    bool exported = distribution == DISTRIBUTION_LATENCY || distribution == DISTRIBUTION_CONNECT ||
                    distribution == DISTRIBUTION_HANDSHAKE;
    if (!exported || histogram == NULL)
        return;
    struct buckets buckets = buckets_of(histogram);
    json_write_name(json, "buckets");
    json_write_array(json);
    for (size_t i = 0; i < BUCKETS; i++) {
        json_write_uint(json, buckets.counts[i]);
        if (buckets.counts[i] == histogram->count)
            break;
    }
    json_write_array_end(json);
}

/* A distribution's figures; in a report its histogram too. */
static void write_distribution(struct json_writer *json, const struct record *record,
                               enum tally_distribution distribution, enum json_section_form form) {
    struct figures figures = record_figures(record, distribution);
    json_write_name(json, tally_distribution_name(distribution));
    json_write_object(json);
    members_of_figures(json, &figures);
    if (form == FORM_REPORT)
        member_histogram(json, record_histogram(record, distribution));
    else
        member_buckets(json, record, distribution);
    without_lateness(json, record, distribution, form);
    json_write_object_end(json);
}

static void distribution_if(struct json_writer *json, bool measured, const struct record *record,
                            enum tally_distribution distribution, enum json_section_form form) {
    if (measured)
        write_distribution(json, record, distribution, form);
    else
        json_write_null_member(json, tally_distribution_name(distribution));
}

void json_section_connections(struct json_writer *json, const struct plan *plan,
                              const struct record *record, enum json_section_form form) {
    const struct tally_counts *counts = &record->total.counts;
    json_write_name(json, "connections");
    json_write_object(json);
    json_write_uint_member(json, "target", plan->connections);
    json_write_uint_member(json, "attempted", counts->attempted);
    json_write_uint_member(json, "opened", counts->opened);
    json_write_uint_member(json, "connecting", counts->connecting);
    json_write_uint_member(json, "live", counts->live);
    member_uint_if(json, "live_min", record->live_min_measured, record->live_min);
    json_write_uint_member(json, "live_peak", record->live_peak);
    json_write_uint_member(json, "closed", tally_closed(counts));
    json_write_uint_member(json, "errored", tally_errored(counts));
    json_write_uint_member(json, "lost", counts->lost);
    json_write_uint_member(json, "reconnected", counts->reconnected);
    bool reconnects = plan_reconnects(plan);
    member_uint_if(json, "refilling", reconnects, counts->refilling);
    distribution_if(json, reconnects, record, DISTRIBUTION_REFILL, form);
    counts_by_outcome(json, counts->outcomes, form);
    counts_by_errno(json, counts->errnos);
    counts_by_reason(json, counts->reasons);
    counts_of_tls(json, plan, counts);
    json_write_bool_member(json, "balanced", record->balanced);
    json_write_string_member(json, "imbalance", record->imbalance);
    json_write_uint_member(json, "samples", record->samples);
    if (form == FORM_REPORT)
        drain(json, record);
    json_write_object_end(json);
}

static void counts_by_status(struct json_writer *json, const uint64_t *statuses) {
    json_write_name(json, "by_status");
    json_write_object(json);
    for (int i = 0; i < TALLY_STATUS_MAX; i++) {
        char status[16];
        if (statuses[i] == 0)
            continue;
        snprintf(status, sizeof status, "%d", i);
        json_write_uint_member(json, status, statuses[i]);
    }
    json_write_object_end(json);
}

void json_section_requests(struct json_writer *json, const struct plan *plan,
                           const struct record *record, enum json_section_form form) {
    const struct tally_counts *counts = &record->total.counts;
    json_write_name(json, "requests");
    json_write_object(json);
    json_write_uint_member(json, "sent", counts->sent);
    json_write_uint_member(json, "answered", counts->answered);
    json_write_uint_member(json, "timed_out", counts->timed_out);
    json_write_uint_member(json, "lost", counts->requests_lost);
    json_write_uint_member(json, "unfinished", record->unfinished);
    json_write_uint_member(json, "warmup", counts->warmup);
    json_write_uint_member(json, "interim", counts->interim);
    counts_by_status(json, counts->statuses);
    json_write_uint_member(json, "bytes_in", counts->bytes_in);
    json_write_uint_member(json, "bytes_out", counts->bytes_out);
    json_write_number_member(json, "per_second_mean", record->per_second_mean);
    json_write_number_member(json, "per_second_peak", record->per_second_peak);
    bool scheduled = plan->rate > 0;
    member_uint_if(json, "scheduled", scheduled, counts->scheduled);
    member_uint_if(json, "unsent", scheduled, counts->unsent);
    distribution_if(json, scheduled, record, DISTRIBUTION_LATENESS, form);
    json_write_object_end(json);
}

void json_section_distributions(struct json_writer *json, const struct record *record,
                                enum json_section_form form) {
    for (int i = 0; i < DISTRIBUTION_LAG; i++) {
        enum tally_distribution distribution = (enum tally_distribution)i;
        bool measured =
            distribution != DISTRIBUTION_HANDSHAKE || record->total.counts.tls_begun > 0;
        if (tally_distribution_section(distribution)[0] == '\0')
            distribution_if(json, measured, record, distribution, form);
    }
}

void json_section_workers(struct json_writer *json, const struct record *record) {
    json_write_name(json, "workers");
    json_write_array(json);
    for (size_t i = 0; i < record->worker_count; i++) {
        const struct record_worker *worker = &record->workers[i];
        json_write_object(json);
        json_write_int_member(json, "pid", worker->pid);
        json_write_uint_member(json, "share", worker->share);
        json_write_string_member(json, "state", worker->lost ? "lost" : "ok");
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

void json_section_generator(struct json_writer *json, const struct record *record,
                            enum json_section_form form) {
    const struct tally_counts *counts = &record->total.counts;
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    bool ran = record->engine[0] != '\0';
    json_write_name(json, "generator");
    json_write_object(json);
    json_member_known_text(json, "engine", record->engine);
    json_member_known_text(json, "engine_reason", record->engine_reason);
    json_write_number_member(json, "cpu_seconds",
                             record->cpu_user_seconds + record->cpu_system_seconds);
    json_write_number_member(json, "cpu_user_seconds", record->cpu_user_seconds);
    json_write_number_member(json, "cpu_system_seconds", record->cpu_system_seconds);
    json_member_known_int(json, "pss_bytes_max", record->pss_bytes_max);
    json_member_known_int(json, "rss_bytes_max", record->rss_bytes_max);
    json_write_number_member(json, "loop_lag_seconds_p50", lag.p50);
    json_write_number_member(json, "tick_seconds_max", record->tick_seconds_max);
    json_write_number_member(json, "loop_lag_seconds_p99", lag.p99);
    json_write_number_member(json, "loop_lag_seconds_max", lag.max);
    json_member_known_int(json, "closed_overdue", ran ? (int64_t)counts->closed_overdue : -1);
    member_if(json, "deadline_lag_seconds_max", ran, (double)counts->deadline_lag_ns / 1e9);
    json_member_known_int(json, "reset_overdue", ran ? (int64_t)counts->reset_overdue : -1);
    json_member_known_int(json, "timed_out_late", ran ? (int64_t)counts->timed_out_late : -1);
    json_member_known_int(json, "connect_timeout_late", ran ? (int64_t)counts->connects_late : -1);
    json_member_known_int(json, "pauses", ran ? (int64_t)counts->pauses : -1);
    member_if(json, "pauses_seconds", ran, (double)counts->pauses_ns / 1e9);
    member_if(json, "pause_seconds_max", ran, (double)counts->pause_max_ns / 1e9);
    json_member_known_int(json, "cq_overflows", ran ? (int64_t)counts->cq_overflows : -1);
    json_member_known_int(json, "turns", ran ? (int64_t)counts->turns : -1);
    json_member_known_int(json, "stale_completions", ran ? (int64_t)counts->stale : -1);
    if (form == FORM_REPORT)
        json_section_workers(json, record);
    json_write_object_end(json);
}

static void point(struct json_writer *json, const struct series *series,
                  const struct timeline_sample *sample, const struct timeline_extremes *extremes) {
    if (series->whole)
        json_write_uint(json, (uint64_t)series_value(series, sample, extremes));
    else
        json_write_number(json, series_value(series, sample, extremes));
}

void json_section_timeline(struct json_writer *json, const struct timeline *timeline) {
    struct timeline_sample last;
    bool unfinished = timeline_unfinished(timeline, &last);
    json_write_name(json, "timeline");
    json_write_object(json);
    member_if(json, "interval_seconds", timeline->interval > 0,
              duration_seconds(timeline->interval));
    for (const struct series *series = series_timeline; series->name != NULL; series++) {
        json_write_name(json, series->name);
        json_write_array(json);
        for (size_t i = 0; i < timeline->count; i++)
            point(json, series, &timeline->samples[i], &timeline->extremes[i]);
        if (unfinished)
            point(json, series, &last, &timeline->held_extremes);
        json_write_array_end(json);
    }
    json_write_object_end(json);
}
