/* A bounded timeline: when it is full, neighbours are merged and its interval doubles. */
#include "stats/timeline.h"

#include <math.h>

void timeline_init(struct timeline *timeline, duration interval) {
    timeline->count = 0;
    timeline->interval = interval;
    timeline->stride = 1;
    timeline->pending = 0;
}

/* The mean of two rates; one that was not measured is left out. */
static double mean_of(double a, double b) {
    if (isnan(a))
        return b;
    return isnan(b) ? a : (a + b) / 2;
}

static struct timeline_extremes extremes_of(const struct timeline_sample *sample) {
    return (struct timeline_extremes){
        .live_min = sample->live_min,
        .live_max = sample->live_max,
        .client_min = sample->client_per_second,
        .client_max = sample->client_per_second,
        .server_min = sample->server_per_second,
        .server_max = sample->server_per_second,
        .p99_min = sample->p99_seconds,
        .p50_min = sample->p50_seconds,
        .cpu_min = sample->cpu_percent,
        .cpu_max = sample->cpu_percent,
        .p50_mean = sample->p50_seconds,
        .p99_mean = sample->p99_seconds,
    };
}

/* fmin() and fmax() leave out what was not measured. */
static void widen(struct timeline_extremes *into, const struct timeline_extremes *by) {
    if (by->live_min < into->live_min)
        into->live_min = by->live_min;
    if (by->live_max > into->live_max)
        into->live_max = by->live_max;
    into->client_min = fmin(into->client_min, by->client_min);
    into->client_max = fmax(into->client_max, by->client_max);
    into->server_min = fmin(into->server_min, by->server_min);
    into->server_max = fmax(into->server_max, by->server_max);
    into->p99_min = fmin(into->p99_min, by->p99_min);
    into->p50_min = fmin(into->p50_min, by->p50_min);
    into->cpu_min = fmin(into->cpu_min, by->cpu_min);
    into->cpu_max = fmax(into->cpu_max, by->cpu_max);
}

/* Values of which merged samples keep the greatest. */
static void raise_peaks(struct timeline_sample *sample, const struct timeline_sample *former) {
    sample->p50_seconds = fmax(former->p50_seconds, sample->p50_seconds);
    sample->p99_seconds = fmax(former->p99_seconds, sample->p99_seconds);
    sample->max_seconds = fmax(former->max_seconds, sample->max_seconds);
    sample->descriptors = fmax(former->descriptors, sample->descriptors);
    sample->loop_lag_seconds = fmax(former->loop_lag_seconds, sample->loop_lag_seconds);
}

static void halve(struct timeline *timeline) {
    for (size_t i = 0; i < timeline->count / 2; i++) {
        const struct timeline_sample first = timeline->samples[2 * i];
        struct timeline_sample merged = timeline->samples[2 * i + 1];
        merged.client_per_second = mean_of(first.client_per_second, merged.client_per_second);
        merged.server_per_second = mean_of(first.server_per_second, merged.server_per_second);
        merged.cpu_percent = mean_of(first.cpu_percent, merged.cpu_percent);
        raise_peaks(&merged, &first);
        timeline->samples[i] = merged;
        struct timeline_extremes both = timeline->extremes[2 * i];
        const struct timeline_extremes *second = &timeline->extremes[2 * i + 1];
        widen(&both, second);
        both.p50_mean = mean_of(both.p50_mean, second->p50_mean);
        both.p99_mean = mean_of(both.p99_mean, second->p99_mean);
        timeline->extremes[i] = both;
    }
    timeline->count /= 2;
    timeline->stride *= 2;
    timeline->interval *= 2;
}

static void add_rate(double *sum, uint32_t *measured, double rate) {
    if (isnan(rate))
        return;
    *sum += rate;
    ++*measured;
}

static void add_to_mean(double *mean, uint32_t *measured, double value) {
    if (isnan(value))
        return;
    ++*measured;
    *mean = *measured == 1 ? value : *mean + (value - *mean) / *measured;
}

/* Until its stride is complete, the held sample's rates are sums of what was measured. */
static void hold(struct timeline *timeline, const struct timeline_sample *sample) {
    struct timeline_extremes extremes = extremes_of(sample);
    if (timeline->pending == 0) {
        timeline->held_extremes = extremes;
        timeline->held = (struct timeline_sample){.p50_seconds = NAN,
                                                  .p99_seconds = NAN,
                                                  .max_seconds = NAN,
                                                  .descriptors = NAN,
                                                  .loop_lag_seconds = NAN};
        timeline->held_client = timeline->held_server = timeline->held_cpu = 0;
        timeline->held_p50 = timeline->held_p99 = 0;
    }
    struct timeline_sample former = timeline->held, *held = &timeline->held;
    *held = *sample;
    held->client_per_second = former.client_per_second;
    held->server_per_second = former.server_per_second;
    held->cpu_percent = former.cpu_percent;
    raise_peaks(held, &former);
    add_rate(&held->client_per_second, &timeline->held_client, sample->client_per_second);
    add_rate(&held->server_per_second, &timeline->held_server, sample->server_per_second);
    add_rate(&held->cpu_percent, &timeline->held_cpu, sample->cpu_percent);
    widen(&timeline->held_extremes, &extremes);
    add_to_mean(&timeline->held_extremes.p50_mean, &timeline->held_p50, sample->p50_seconds);
    add_to_mean(&timeline->held_extremes.p99_mean, &timeline->held_p99, sample->p99_seconds);
    timeline->pending++;
}

static double mean_rate(double sum, uint32_t measured) {
    return measured > 0 ? sum / measured : (double)NAN;
}

bool timeline_unfinished(const struct timeline *timeline, struct timeline_sample *out) {
    if (timeline->pending == 0)
        return false;
    *out = timeline->held;
    out->client_per_second = mean_rate(timeline->held.client_per_second, timeline->held_client);
    out->server_per_second = mean_rate(timeline->held.server_per_second, timeline->held_server);
    out->cpu_percent = mean_rate(timeline->held.cpu_percent, timeline->held_cpu);
    return true;
}

void timeline_push(struct timeline *timeline, const struct timeline_sample *sample) {
    hold(timeline, sample);
    if (timeline->pending < timeline->stride)
        return;
    if (timeline->count == TIMELINE_MAX) {
        halve(timeline); /* and the held one is now the first half of a longer one */
        return;
    }
    timeline->extremes[timeline->count] = timeline->held_extremes;
    timeline_unfinished(timeline, &timeline->samples[timeline->count++]);
    timeline->pending = 0;
}
