/* The meter: rates, and the resources of our own processes, for the reports. */
#include "run/meter.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host/process_facts.h"
#include "judge/fit/headroom.h"

static struct meter_cpu_time own_time(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (struct meter_cpu_time){
        .user = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6,
        .system = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6,
    };
}

bool meter_init(struct meter *meter) {
    *meter = (struct meter){.before = own_time(),
                            .ticked_at = INSTANT_NEVER,
                            .cpu_before = -1,
                            .cpu_percent = NAN,
                            .pss_max = -1,
                            .rss_max = -1,
                            .rss = -1};
    rates_init(&meter->rates);
    meter->latency_before = calloc(1, sizeof *meter->latency_before);
    meter->lag_before = calloc(1, sizeof *meter->lag_before);
    return meter->latency_before != NULL && meter->lag_before != NULL;
}

void meter_free(struct meter *meter) {
    free(meter->latency_before);
    free(meter->lag_before);
    meter->latency_before = meter->lag_before = NULL;
}

void meter_begin_hold(struct meter *meter, instant since, uint64_t answered) {
    rates_begin_hold(&meter->rates, since, answered);
}

void meter_end_hold(struct meter *meter, instant now, uint64_t answered) {
    rates_end_hold(&meter->rates, now, answered);
}

bool meter_ticked(const struct meter *meter, instant now) {
    return meter->ticked_at.ns == now.ns;
}

/* Sums up over parent and live workers; -1 when one of them could not be read. */
static int64_t sum_processes(const struct crew *crew,
                             int64_t (*read_one)(const char *root, int pid)) {
    int64_t sum = read_one("", getpid());
    for (size_t i = 0; i < crew_count(crew) && sum >= 0; i++) {
        const struct crew_member *member = crew_member(crew, i);
        int64_t one = member->gone ? 0 : read_one("", member->pid);
        sum = one < 0 ? -1 : sum + one;
    }
    return sum;
}

void meter_memory(struct meter *meter, const struct crew *crew) {
    int64_t pss = sum_processes(crew, process_pss_bytes);
    int64_t rss = sum_processes(crew, process_rss_bytes);
    meter->rss = rss;
    if (pss > meter->pss_max)
        meter->pss_max = pss;
    if (rss > meter->rss_max)
        meter->rss_max = rss;
}

/* The kernel counts in ticks of 10 ms: a few milliseconds after a look it says nothing new. */
static void measure_cpu(struct meter *meter, const struct crew *crew, instant now) {
    if (meter->cpu_before >= 0 && instant_since(now, meter->cpu_at) < SECOND / 2)
        return;
    int64_t cpu = sum_processes(crew, process_cpu_ns);
    meter->cpu_percent = NAN;
    if (cpu >= 0 && meter->cpu_before >= 0 && cpu >= meter->cpu_before) {
        double cores =
            (double)(cpu - meter->cpu_before) / (double)instant_since(now, meter->cpu_at);
        meter->cpu_percent = round(cores * 1e4) / 100;
    }
    meter->cpu_before = cpu;
    meter->cpu_at = now;
}

static int64_t descriptors_of(const struct crew *crew, const struct tally *total) {
    return (int64_t)total->counts.descriptors + (int64_t)crew_alive(crew) * PLAN_WORKER_FILES;
}

void meter_files(const struct crew *crew, const struct plan *plan, const struct tally *total,
                 int64_t *used, int64_t *limit) {
    int64_t hard = plan->host.nofile_hard;
    *used = descriptors_of(crew, total);
    if (hard < 0 || hard == INT64_MAX ||
        __builtin_mul_overflow(hard, (int64_t)crew_count(crew), limit))
        *limit = -1;
}

/* Of the values since the former tick; NAN when there were none. */
static double tick_quantile(const struct histogram *before, const struct histogram *now,
                            double fraction) {
    uint64_t count;
    duration value = histogram_percentile_between(before, now, fraction, &count);
    return count > 0 ? duration_seconds(value) : (double)NAN;
}

struct timeline_sample meter_tick(struct meter *meter, struct timeline *timeline,
                                  const struct crew *crew, const struct tally *total, instant now,
                                  instant clock, double t, double server_per_second,
                                  struct level_span live) {
    const struct tally_counts *counts = &total->counts;
    meter->ticked_at = now;
    (void)rates_look(&meter->rates, now, counts->answered);
    measure_cpu(meter, crew, clock);
    meter->p50 =
        histogram_percentile_between(meter->latency_before, &total->latency, 0.5, &meter->answers);
    meter->p99 = histogram_percentile_between(meter->latency_before, &total->latency, 0.99, NULL);
    struct timeline_sample sample = {
        .t = t,
        .live = counts->live,
        .connecting = counts->connecting,
        .closed = tally_closed(counts),
        .errored = tally_errored(counts),
        .client_per_second = meter->rates.latest,
        /* Where the client has none there is nothing to hold it against: of a ramp of less than a
         * second it would be all first requests at once. */
        .server_per_second = isnan(meter->rates.latest) ? (double)NAN : server_per_second,
        .p50_seconds = meter->answers > 0 ? duration_seconds(meter->p50) : (double)NAN,
        .p99_seconds = meter->answers > 0 ? duration_seconds(meter->p99) : (double)NAN,
        .max_seconds = tick_quantile(meter->latency_before, &total->latency, 1),
        .cpu_percent = meter->cpu_percent,
        .descriptors = (double)descriptors_of(crew, total),
        .loop_lag_seconds = tick_quantile(meter->lag_before, &total->lag, 0.99),
        .live_min = live.least,
        .live_max = live.most,
    };
    statuses_by_class(counts, sample.statuses);
    histogram_copy(meter->latency_before, &total->latency);
    histogram_copy(meter->lag_before, &total->lag);
    timeline_push(timeline, &sample);
    return sample;
}

void meter_line(const struct meter *meter, struct status_line *line, const struct crew *crew,
                const struct plan *plan, const struct setup *setup, const struct tally *total) {
    const struct tally_counts *counts = &total->counts;
    bool answers = meter->answers > 0;
    *line = (struct status_line){
        .live = counts->live,
        .connecting = counts->connecting,
        .closed = tally_closed(counts),
        .errored = tally_errored(counts),
        .client_rps = meter->rates.latest,
        .p50_ms = answers ? (double)meter->p50 / 1e6 : (double)NAN,
        .p99_ms = answers ? (double)meter->p99 / 1e6 : (double)NAN,
        .drained = -1,
        .ports_used = (int64_t)(counts->live + counts->connecting),
        .cpu_pct = meter->cpu_percent,
        .lag_ms = total->lag.count > 0 ? (double)histogram_percentile(&total->lag, 0.99) / 1e6
                                       : (double)NAN,
        .statuses = statuses_of(counts),
    };
    meter_files(crew, plan, total, &line->files_used, &line->files_limit);
    line->ports_have = headroom_ports(plan, setup);
}

/* --- CPU time --- */

static struct meter_cpu_time add_times(struct meter_cpu_time a, struct meter_cpu_time b) {
    return (struct meter_cpu_time){a.user + b.user, a.system + b.system};
}

static struct meter_cpu_time reaped_time(const struct crew *crew) {
    duration user, system;
    crew_cpu(crew, &user, &system);
    return (struct meter_cpu_time){duration_seconds(user), duration_seconds(system)};
}

/* Of the workers that are alive. */
static struct meter_cpu_time working_time(const struct crew *crew) {
    struct meter_cpu_time sum = {0};
    for (size_t i = 0; i < crew_count(crew); i++) {
        const struct crew_member *member = crew_member(crew, i);
        struct process_facts facts;
        if (!member->gone && process_stat_read(&facts, "", member->pid))
            sum = add_times(sum, (struct meter_cpu_time){duration_seconds(facts.user_ns),
                                                         duration_seconds(facts.system_ns)});
    }
    return sum;
}

static void finish(const struct meter *meter, struct record *record, struct meter_cpu_time spent) {
    record->cpu_user_seconds = fmax(0, spent.user - meter->before.user);
    record->cpu_system_seconds = fmax(0, spent.system - meter->before.system);
    record->pss_bytes_max = meter->pss_max;
    record->rss_bytes_max = meter->rss_max;
    record->per_second_peak = rates_peak(&meter->rates);
}

void meter_begin_run(struct meter *meter, const struct crew *crew) {
    meter->before = add_times(own_time(), add_times(reaped_time(crew), working_time(crew)));
}

void meter_so_far(struct meter *meter, struct record *record, const struct crew *crew) {
    finish(meter, record, add_times(own_time(), add_times(reaped_time(crew), working_time(crew))));
}

void meter_finish(struct meter *meter, struct record *record, const struct crew *crew) {
    finish(meter, record, add_times(own_time(), reaped_time(crew)));
}
