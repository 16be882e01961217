/* The JSON report's figures: connections, requests, durations, the server, ourselves, the timeline.
 */
#include <math.h>
#include <stdlib.h>

#include "base/hdr.h"
#include "report/sections.h"
#include "report/series.h"

const char *errno_slot_name(int slot) {
    return slot < TALLY_ERRNO_MAX ? errno_name(slot) : "other";
}

/* A ratio of counts and other figures that exist only when there was something to measure. */
static void member_if(struct json *json, const char *name, bool measured, double value) {
    json_number_member(json, name, measured ? value : NAN);
}

static void counts_by_outcome(struct json *json, const uint64_t *counts, enum section_form form) {
    json_name(json, "outcomes");
    json_object(json);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        if (!outcome_is_drain(outcome) && (form == FORM_REPORT || counts[i] > 0))
            json_uint_member(json, outcome_name(outcome), counts[i]);
    }
    json_object_end(json);
}

static void counts_by_errno(struct json *json, const uint64_t *errnos) {
    json_name(json, "errno");
    json_object(json);
    for (int i = 0; i <= TALLY_ERRNO_MAX; i++) {
        if (errnos[i] > 0)
            json_uint_member(json, errno_slot_name(i), errnos[i]);
    }
    json_object_end(json);
}

static void counts_by_reason(struct json *json, const uint64_t *reasons) {
    json_name(json, "protocol_errors");
    json_object(json);
    for (int i = 0; i < REASON_COUNT; i++) {
        if (reasons[i] > 0)
            json_uint_member(json, reason_name((enum reason)i), reasons[i]);
    }
    json_object_end(json);
}

static void drain(struct json *json, const struct record *record) {
    const uint64_t *counts = record->total.counts.drain;
    json_name(json, "drain");
    json_object(json);
    json_number_member(json, "seconds", record->drain_seconds);
    const char *how = record->drain_by_reset ? "rst" : "fin";
    bool drained = record->total.counts.attempted > 0 && !record->cut_off;
    json_string_member(json, "how", drained ? how : NULL);
    json_name(json, "outcomes");
    json_object(json);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        if (counts[i] > 0 || outcome_is_drain(outcome))
            json_uint_member(json, outcome_name(outcome), counts[i]);
    }
    json_object_end(json);
    json_object_end(json);
}

/* How connections came back; null where none was to. */
static void refill(struct json *json, const struct plan *plan, const struct record *record,
                   enum section_form form) {
    if (plan_reconnects(plan)) {
        json_uint_member(json, "refilling", record->total.counts.refilling);
        section_figures(json, "refill_seconds", record, DISTRIBUTION_REFILL, form);
        return;
    }
    json_null_member(json, "refilling");
    json_null_member(json, "refill_seconds");
}

void section_connections(struct json *json, const struct plan *plan, const struct record *record,
                         enum section_form form) {
    const struct counts *counts = &record->total.counts;
    json_name(json, "connections");
    json_object(json);
    json_uint_member(json, "target", plan->connections);
    json_uint_member(json, "attempted", counts->attempted);
    json_uint_member(json, "opened", counts->opened);
    json_uint_member(json, "connecting", counts->connecting);
    json_uint_member(json, "live", counts->live);
    json_name(json, "live_min");
    if (record->live_min_measured)
        json_uint(json, record->live_min);
    else
        json_null(json);
    json_uint_member(json, "live_peak", record->live_peak);
    json_uint_member(json, "closed", tally_closed(counts));
    json_uint_member(json, "errored", tally_errored(counts));
    json_uint_member(json, "lost", counts->lost);
    json_uint_member(json, "reconnected", counts->reconnected);
    refill(json, plan, record, form);
    counts_by_outcome(json, counts->outcomes, form);
    counts_by_errno(json, counts->errnos);
    counts_by_reason(json, counts->reasons);
    json_bool_member(json, "balanced", record->balanced);
    json_string_member(json, "imbalance", record->imbalance);
    json_uint_member(json, "samples", record->samples);
    if (form == FORM_REPORT)
        drain(json, record);
    json_object_end(json);
}

/* What came of the schedule of --rate. */
static void schedule(struct json *json, const struct plan *plan, const struct record *record,
                     enum section_form form) {
    const struct counts *counts = &record->total.counts;
    if (plan->rate > 0) {
        json_uint_member(json, "scheduled", counts->scheduled);
        json_uint_member(json, "unsent", counts->unsent);
        section_figures(json, "lateness_seconds", record, DISTRIBUTION_LATENESS, form);
        return;
    }
    json_null_member(json, "scheduled");
    json_null_member(json, "unsent");
    json_null_member(json, "lateness_seconds");
}

void section_requests(struct json *json, const struct plan *plan, const struct record *record,
                      enum section_form form) {
    const struct counts *counts = &record->total.counts;
    json_name(json, "requests");
    json_object(json);
    json_uint_member(json, "sent", counts->sent);
    json_uint_member(json, "answered", counts->answered);
    json_uint_member(json, "timed_out", counts->timed_out);
    json_uint_member(json, "lost", counts->requests_lost);
    json_uint_member(json, "unfinished", record->unfinished);
    json_uint_member(json, "warmup", counts->warmup);
    json_uint_member(json, "interim", counts->interim);
    json_name(json, "by_status");
    json_object(json);
    for (int i = 0; i < TALLY_STATUS_MAX; i++) {
        char status[16];
        if (counts->statuses[i] == 0)
            continue;
        snprintf(status, sizeof status, "%d", i);
        json_uint_member(json, status, counts->statuses[i]);
    }
    json_object_end(json);
    json_uint_member(json, "bytes_in", counts->bytes_in);
    json_uint_member(json, "bytes_out", counts->bytes_out);
    json_number_member(json, "per_second_mean", record->per_second_mean);
    json_number_member(json, "per_second_peak", record->per_second_peak);
    schedule(json, plan, record, form);
    json_object_end(json);
}

/* null where there is none: of nothing, of a run that was cut off and read back from its timeline.
 */
static void member_histogram(struct json *json, const struct histogram *histogram) {
    char *text = histogram != NULL ? hdr_encode(histogram) : NULL;
    json_string_member(json, "histogram", text);
    free(text);
}

void section_figures(struct json *json, const char *name, const struct record *record,
                     enum distribution distribution, enum section_form form) {
    struct figures figures = record_figures(record, distribution);
    json_name(json, name);
    json_object(json);
    json_uint_member(json, "count", figures.count);
    json_number_member(json, "min", figures.min);
    json_number_member(json, "mean", figures.mean);
    json_number_member(json, "stddev", figures.stddev);
    json_number_member(json, "p50", figures.p50);
    json_number_member(json, "p90", figures.p90);
    json_number_member(json, "p95", figures.p95);
    json_number_member(json, "p99", figures.p99);
    json_number_member(json, "p999", figures.p999);
    json_number_member(json, "max", figures.max);
    if (form == FORM_REPORT)
        member_histogram(json, record_histogram(record, distribution));
    json_object_end(json);
}

void section_workers(struct json *json, const struct record *record) {
    json_name(json, "workers");
    json_array(json);
    for (size_t i = 0; i < record->worker_count; i++) {
        const struct worker_record *worker = &record->workers[i];
        json_object(json);
        json_int_member(json, "pid", worker->pid);
        json_uint_member(json, "share", worker->share);
        json_string_member(json, "state", worker->lost ? "lost" : "ok");
        json_object_end(json);
    }
    json_array_end(json);
}

void section_generator(struct json *json, const struct record *record, enum section_form form) {
    const struct counts *counts = &record->total.counts;
    struct figures lag = record_figures(record, DISTRIBUTION_LAG);
    bool ran = record->engine[0] != '\0';
    json_name(json, "generator");
    json_object(json);
    member_known_text(json, "engine", record->engine);
    json_number_member(json, "cpu_seconds", record->cpu_user_seconds + record->cpu_system_seconds);
    json_number_member(json, "cpu_user_seconds", record->cpu_user_seconds);
    json_number_member(json, "cpu_system_seconds", record->cpu_system_seconds);
    member_known_int(json, "pss_bytes_max", record->pss_bytes_max);
    member_known_int(json, "rss_bytes_max", record->rss_bytes_max);
    json_number_member(json, "loop_lag_seconds_p50", lag.p50);
    json_number_member(json, "tick_seconds_max", record->tick_seconds_max);
    json_number_member(json, "loop_lag_seconds_p99", lag.p99);
    json_number_member(json, "loop_lag_seconds_max", lag.max);
    member_known_int(json, "closed_overdue", ran ? (int64_t)counts->closed_overdue : -1);
    member_if(json, "deadline_lag_seconds_max", ran, (double)counts->deadline_lag_ns / 1e9);
    member_known_int(json, "cq_overflows", ran ? (int64_t)counts->cq_overflows : -1);
    member_known_int(json, "turns", ran ? (int64_t)counts->turns : -1);
    member_known_int(json, "stale_completions", ran ? (int64_t)counts->stale : -1);
    if (form == FORM_REPORT)
        section_workers(json, record);
    json_object_end(json);
}

static void point(struct json *json, const struct series *series, const struct sample *sample,
                  const struct extremes *extremes) {
    if (series->whole)
        json_uint(json, (uint64_t)series_value(series, sample, extremes));
    else
        json_number(json, series_value(series, sample, extremes));
}

void section_timeline(struct json *json, const struct timeline *timeline) {
    struct sample last;
    bool unfinished = timeline_unfinished(timeline, &last);
    json_name(json, "timeline");
    json_object(json);
    member_if(json, "interval_seconds", timeline->interval > 0,
              duration_seconds(timeline->interval));
    for (const struct series *series = timeline_series; series->name != NULL; series++) {
        json_name(json, series->name);
        json_array(json);
        for (size_t i = 0; i < timeline->count; i++)
            point(json, series, &timeline->samples[i], &timeline->extremes[i]);
        if (unfinished)
            point(json, series, &last, &timeline->held_extremes);
        json_array_end(json);
    }
    json_object_end(json);
}
