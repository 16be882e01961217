/* Gathers the live block's numbers. */
#include "run/view.h"

#include <math.h>
#include <string.h>

void view_init(struct block_view *view, const struct plan *plan) {
    *view = (struct block_view){
        .method = plan->options->method,
        .url = plan->target.url,
        .think = plan->think,
        .think_mean = plan->think_mean,
        .rate = plan->rate,
        .phase = "start",
        .target = plan->connections,
        .requests = plan->requests,
        .ramp_seconds = NAN,
        .reconnected = -1,
        .drained = -1,
        .client_per_second = NAN,
        .server_per_second = NAN,
        .planned_per_second = NAN,
        .server_source = plan->status_address.length > 0     ? "stub_status"
                         : plan->options->server_log != NULL ? "log"
                                                             : NULL,
        .files_used = -1,
        .files_limit = -1,
        .ports_used = -1,
        .ports_have = -1,
        .cpu_percent = NAN,
        .lag_seconds = NAN,
        .rss_bytes = -1,
        .headroom = headroom_of(plan),
        .workers = plan->workers,
    };
}

static void push_second(struct block_view *view, const struct block_second *second) {
    if (view->second_count == BLOCK_SECONDS)
        memmove(view->seconds, view->seconds + 1, sizeof view->seconds - sizeof view->seconds[0]);
    else
        view->second_count++;
    view->seconds[view->second_count - 1] = *second;
}

void view_tick(struct block_view *view, struct meter *meter, const struct crew *crew,
               const struct plan *plan, const struct tally *total, double server_per_second) {
    struct live_line line;
    meter_line(meter, &line, crew, plan, total);
    view->client_per_second = line.client_rps;
    view->server_per_second = server_per_second;
    view->files_used = line.files_used;
    view->files_limit = line.files_limit;
    view->ports_used = line.ports_used;
    view->ports_have = line.ports_have;
    view->cpu_percent = line.cpu_pct;
    view->lag_seconds = line.lag_ms / 1e3;
    view->rss_bytes = meter->rss;
    push_second(view, &(struct block_second){.live = (double)total->counts.live,
                                             .per_second = line.client_rps,
                                             .p99_seconds = line.p99_ms / 1e3});
}

static duration quantile(const struct tally *total, double fraction) {
    return histogram_quantile(&total->latency, fraction);
}

void view_counts(struct block_view *view, const struct plan *plan, const struct record *record,
                 const struct tally *total) {
    const struct counts *counts = &total->counts;
    view->ramp_seconds = record->ramp_seconds;
    view->attempted = counts->attempted;
    view->live = counts->live;
    view->connecting = counts->connecting;
    view->closed = tally_closed(counts);
    view->errored = tally_errored(counts);
    view->reconnected = plan_reconnects(plan) ? (int64_t)counts->reconnected : -1;
    view->peak = record->live_peak;
    view->timed_out = counts->timed_out;
    view->sent = counts->sent;
    view->answers = total->latency.count;
    view->p50 = quantile(total, 0.5);
    view->p90 = quantile(total, 0.9);
    view->p99 = quantile(total, 0.99);
    view->p999 = quantile(total, 0.999);
    view->max = view->answers > 0 ? total->latency.max : 0;
    duration think = plan_think_mean(plan);
    if (plan->rate > 0)
        view->planned_per_second = (double)plan->rate / (double)FREQUENCY_ONE;
    else if (think > 0)
        view->planned_per_second = (double)counts->live / duration_seconds(think);
}
