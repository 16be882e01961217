/* Gathers the live block's numbers. */
#include "run/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "report/format/requirement_text.h"
#include "report/terminal/summary.h"

void view_init(struct block_view *view, const struct plan *plan, const struct setup *setup) {
    *view = (struct block_view){
        .method = plan->options->method,
        .url = plan->target.url,
        .think = plan->think,
        .think_mean = plan->think_mean,
        .rate = plan->rate / plan->parts,
        .phase = "start",
        .target = plan->connections,
        .requests = plan->requests,
        .ramp_seconds = NAN,
        .reconnected = -1,
        .drained = -1,
        .client_per_second = NAN,
        .server_per_second = NAN,
        .planned_per_second = NAN,
        .server_source = setup->status_address_count > 0     ? "stub_status"
                         : plan->options->server_log != NULL ? "log"
                                                             : NULL,
        .files_used = -1,
        .files_limit = -1,
        .ports_used = -1,
        .ports_have = -1,
        .cpu_percent = NAN,
        .lag_seconds = NAN,
        .rss_bytes = -1,
        .worst_p99_seconds = NAN,
        .headroom = headroom_of(plan, setup),
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

void view_take_second(struct block_view *view, const struct block_second *second, duration at) {
    if (isfinite(second->p99_seconds) && !(second->p99_seconds <= view->worst_p99_seconds)) {
        view->worst_p99_seconds = second->p99_seconds;
        view->worst_at = at;
    }
    push_second(view, second);
    block_history_add(&view->history, second);
}

void view_tick(struct block_view *view, struct meter *meter, const struct crew *crew,
               const struct plan *plan, const struct setup *setup, const struct tally *total,
               double server_per_second, duration at) {
    struct status_line line;
    meter_line(meter, &line, crew, plan, setup, total);
    view->client_per_second = line.client_rps;
    view->server_per_second = server_per_second;
    view->files_used = line.files_used;
    view->files_limit = line.files_limit;
    view->ports_used = line.ports_used;
    view->ports_have = line.ports_have;
    view->cpu_percent = line.cpu_pct;
    view->lag_seconds = line.lag_ms / 1e3;
    view->rss_bytes = meter->rss;
    view_take_second(view,
                     &(struct block_second){.live = (double)total->counts.live,
                                            .per_second = line.client_rps,
                                            .p99_seconds = line.p99_ms / 1e3},
                     at);
}

static void name_rule(struct block_view *view, const struct rule_requirement *requirement) {
    snprintf(view->rule, sizeof view->rule, "%.100s (%s)", requirement->rule.expression,
             requirement_text_measured(requirement).text);
}

/* A broken rule is named before one that may still come right. */
static void add_requirement(struct block_view *view, const struct rule_requirement *requirement,
                            bool feasible) {
    view->rules++;
    if (requirement->result != RULE_BROKEN)
        return;
    if (view->rules_broken == 0 && (!feasible || view->rules_open == 0))
        name_rule(view, requirement);
    if (feasible)
        view->rules_open++;
    else
        view->rules_broken++;
}

void view_rules(struct block_view *view, const struct rules *rules, const struct plan *plan,
                const struct record *so_far) {
    view->rules = view->rules_open = view->rules_broken = 0;
    for (size_t i = 0; i < rules->count; i++) {
        struct rule_requirement requirement;
        rule_requirement_judge(&requirement, &rules->items[i], plan, so_far);
        add_requirement(view, &requirement, rule_is_feasible(&rules->items[i], plan, so_far));
    }
}

void view_verdict(struct block_view *view, const struct plan *plan, const struct setup *setup,
                  const struct record *record) {
    struct judgement *judgement = calloc(1, sizeof *judgement);
    if (judgement == NULL)
        return;
    judgement->setup = setup;
    judge_run(judgement, plan, record);
    struct summary_title title = summary_title(record, judgement);
    snprintf(view->verdict, sizeof view->verdict, "%s", title.text);
    view->verdict_tint = title.tint;
    view->rules = view->rules_open = view->rules_broken = 0;
    for (size_t i = 0; i < judgement->requirement_count; i++)
        add_requirement(view, &judgement->requirements[i], false);
    free(judgement);
}

static duration quantile(const struct tally *total, double fraction) {
    return histogram_percentile(&total->latency, fraction);
}

void view_counts(struct block_view *view, const struct plan *plan, const struct record *record,
                 const struct tally *total) {
    const struct tally_counts *counts = &total->counts;
    view->ramp_seconds = record->ramp_seconds;
    view->hold = plan->hold;
    view->hold_seconds = record->hold_seconds;
    view->attempted = counts->attempted;
    view->live = counts->live;
    view->connecting = counts->connecting;
    view->closed = tally_closed(counts);
    view->errored = tally_errored(counts);
    view->reconnected = plan_reconnects(plan) ? (int64_t)counts->reconnected : -1;
    view->peak = record->live_peak;
    view->timed_out = counts->timed_out;
    view->statuses = statuses_of(counts);
    view->sent = counts->sent;
    view->outstanding = counts->outstanding;
    memcpy(view->ends, counts->outcomes, sizeof view->ends);
    view->answers = total->latency.count;
    view->p50 = quantile(total, 0.5);
    view->p90 = quantile(total, 0.9);
    view->p99 = quantile(total, 0.99);
    view->p999 = quantile(total, 0.999);
    view->max = view->answers > 0 ? total->latency.max : 0;
    duration think = plan_think_mean(plan);
    if (plan->rate > 0)
        view->planned_per_second =
            (double)plan->rate / (double)FREQUENCY_ONE * plan_part_share(plan);
    else if (think > 0)
        view->planned_per_second = (double)counts->live / duration_seconds(think);
}
