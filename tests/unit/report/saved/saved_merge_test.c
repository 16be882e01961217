/* Parts added up to one run: sums and histograms exactly, and null where nothing follows from them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "options/options.h"
#include "report/fixture.h"
#include "report/saved/saved_merge.h"

static char error[SAVED_ERROR_MAX];
static struct saved_merge merge;

/* The worked example as a saved report, by a worker of this pid. The fixture is done with. */
static struct saved *saved_of(struct fixture *fixture, pid_t pid) {
    fixture->workers[0].pid = pid;
    const char *text = fixture_json(fixture, &fixture->record);
    FILE *in = fmemopen((void *)text, strlen(text), "r");
    assert_non_null(in);
    struct saved *saved = saved_read(in, "part.json", error);
    fclose(in);
    if (saved == NULL)
        fail_msg("refused: %s", error);
    fixture_free(fixture);
    return saved;
}

static struct saved *part(pid_t pid) {
    return saved_of(fixture_make(COMMAND_RUN), pid);
}

static void add(struct saved *saved) {
    if (!saved_merge_add(&merge, saved, "part.json", error))
        fail_msg("refused: %s", error);
}

static void assert_refused(struct saved *saved, const char *said) {
    error[0] = '\0';
    assert_false(saved_merge_add(&merge, saved, "other.json", error));
    if (strstr(error, said) == NULL || strchr(error, '\n') != NULL)
        fail_msg("\"%s\" is not in, or no line: %s", said, error);
}

static struct record *whole(void) {
    return merge.whole->record;
}

/* --- what follows from the parts --- */

/* Every count another: so many by `by` each. */
static void number(struct tally_counts *counts, uint64_t by) {
    uint64_t next = 0;
#define METRIC(name, kind, unit, help) counts->name = by * ++next;
#include "stats/metrics.def"
#undef METRIC
    struct {
        uint64_t *row;
        size_t count;
    } rows[] = {{counts->outcomes, OUTCOME_COUNT},
                {counts->drain, OUTCOME_COUNT},
                {counts->errnos, TALLY_ERRNO_MAX + 1},
                {counts->statuses, TALLY_STATUS_MAX},
                {counts->reasons, REASON_COUNT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t j = 0; j < rows[i].count; j++)
            rows[i].row[j] = by * ++next;
}

enum { SUM, LEVEL, PEAK };

static void every_count_is_the_sum_and_every_peak_the_greatest(void **state) {
    (void)state;
    static struct tally_counts sums, peaks;
    const uint64_t by[] = {1, 1000, 1000000};
    for (size_t i = 0; i < 3; i++) {
        struct saved *saved = part((pid_t)(10 + i));
        number(&saved->record->total.counts, by[i]);
        add(saved);
    }
    number(&sums, 1001001);
    number(&peaks, 1000000);
    const struct tally_counts *counts = &whole()->total.counts;
#define METRIC(name, kind, unit, help)                                                             \
    if (counts->name != ((kind) == PEAK ? peaks.name : sums.name))                                 \
        fail_msg("%s: %llu", #name, (unsigned long long)counts->name);
#include "stats/metrics.def"
#undef METRIC
    assert_memory_equal(counts->outcomes, sums.outcomes, sizeof sums.outcomes);
    assert_memory_equal(counts->drain, sums.drain, sizeof sums.drain);
    assert_memory_equal(counts->errnos, sums.errnos, sizeof sums.errnos);
    assert_memory_equal(counts->statuses, sums.statuses, sizeof sums.statuses);
    assert_memory_equal(counts->reasons, sums.reasons, sizeof sums.reasons);
}

static void the_ledger_of_the_whole_balances_and_is_judged(void **state) {
    (void)state;
    add(part(1));
    add(part(2));
    struct saved *saved = saved_merge_end(&merge);
    const struct tally_counts *counts = &saved->record->total.counts;
    assert_int_equal(counts->attempted, 200);
    assert_int_equal(counts->live + tally_closed(counts) + tally_errored(counts), 200);
    assert_int_equal(counts->sent, 1002);
    assert_true(saved->record->balanced);
    assert_true(tally_drain_balances(counts));
    assert_int_equal(saved->plan.connections, 200);
    assert_int_equal(saved->judgement.verdict, VERDICT_BROKE);
    assert_true(saved->judgement.requirements[0].actual == 97);
    assert_int_equal(saved->judgement.requirements[1].part, 6);
    assert_int_equal(saved->record->worker_count, 2);
    assert_int_equal(saved->record->workers[1].pid, 2);
    saved_free(saved);
}

/* Values of many magnitudes, some in both parts and some in one. */
static void fill(struct histogram *histogram, int from, int to, struct histogram *all) {
    for (int i = from; i < to; i++) {
        duration value = (duration)i * i * i * 1237 + 977;
        histogram_add(histogram, value);
        histogram_add(all, value);
    }
}

/* All that a report keeps the histogram of. */
static const enum tally_distribution kept[] = {DISTRIBUTION_LATENCY, DISTRIBUTION_SERVICE,
                                               DISTRIBUTION_CONNECT, DISTRIBUTION_REFILL,
                                               DISTRIBUTION_LATENESS};
enum { KEPT = sizeof kept / sizeof kept[0] };

static struct histogram *histogram_in(struct tally *total, size_t which) {
    struct histogram *const all[] = {&total->latency, &total->service, &total->connect,
                                     &total->refill, &total->lateness};
    return all[which];
}

/* A histogram in a report has the identity of its buckets; min, max and sums come from the figures.
 */
static void histograms_are_added_bucket_by_bucket(void **state) {
    (void)state;
    struct tally *all = calloc(1, sizeof *all);
    assert_non_null(all);
    for (int i = 0; i < 3; i++) {
        struct fixture *fixture = fixture_make(COMMAND_RUN);
        fixture->plan.reconnect = fixture->options.reconnect =
            (struct units_span){SECOND, 30 * SECOND};
        fixture->plan.rate = fixture->options.rate = 50 * FREQUENCY_ONE;
        fixture->options.given.rate = true;
        for (size_t j = 0; j < KEPT; j++) {
            struct histogram *histogram = histogram_in(&fixture->record.total, j);
            histogram_clear(histogram);
            fill(histogram, 100 * i + (int)j, 100 * i + 250, histogram_in(all, j));
        }
        add(saved_of(fixture, i + 1));
    }
    struct saved *saved = saved_merge_end(&merge);
    for (size_t j = 0; j < KEPT; j++) {
        const struct histogram *is = record_histogram(saved->record, kept[j]);
        const struct histogram *was = histogram_in(all, j);
        const struct figures figures = record_figures(saved->record, kept[j]);
        assert_non_null(is);
        for (size_t index = 0; index < HISTOGRAM_COUNTS; index++)
            assert_true(histogram_count_at(is, index) == histogram_count_at(was, index));
        assert_true(is->count == was->count && is->min == was->min && is->max == was->max);
        assert_true(fabs(is->sum - was->sum) < was->sum * 1e-9);
        assert_true(figures.count == was->count);
        assert_true(figures.p50 == (double)histogram_percentile(was, 0.5) / 1e9);
        assert_true(figures.p999 == (double)histogram_percentile(was, 0.999) / 1e9);
        assert_true(figures.max == (double)was->max / 1e9);
        assert_true(fabs(figures.stddev - histogram_stddev(was) / 1e9) < figures.stddev * 1e-6);
    }
    free(all);
    saved_free(saved);
}

static void peaks_times_and_flags_are_the_worst_of_all(void **state) {
    (void)state;
    struct saved *a = part(1), *b = part(2);
    a->record->live_peak = 150; /* above both ends: 94 + 94 */
    b->record->live_peak = 190;
    a->record->ramp_seconds = 3;
    b->record->ramp_seconds = 2;
    a->record->hold_seconds = 60;
    b->record->hold_seconds = 59;
    a->record->tick_seconds_max = 0.004;
    b->record->tick_seconds_max = 0.009;
    a->record->started_at.tv_sec += 2;
    b->record->ended_at.tv_sec += 5;
    struct timespec started = b->record->started_at, ended = b->record->ended_at;
    b->record->interrupted = b->record->drain_by_reset = true;
    a->record->per_second_mean = 6.5;
    b->record->per_second_mean = 7.25;
    a->record->cpu_user_seconds = 1;
    b->record->cpu_user_seconds = 0.5;
    b->record->figures[DISTRIBUTION_LAG] =
        (struct figures){.count = 1, .p50 = 0.00001, .p99 = 0.5, .max = 0.75};
    add(a);
    add(b);
    const struct record *record = whole();
    assert_int_equal(record->live_peak, 190);
    assert_false(record->live_min_measured);
    assert_true(isnan(record->per_second_peak));
    assert_true(record->per_second_mean == 13.75);
    assert_true(record->ramp_seconds == 3 && record->hold_seconds == 59);
    assert_true(record->tick_seconds_max == 0.009);
    assert_memory_equal(&record->started_at, &started, sizeof started);
    assert_memory_equal(&record->ended_at, &ended, sizeof ended);
    assert_true(record->interrupted && record->drain_by_reset && !record->cut);
    assert_true(record->cpu_user_seconds == 1.5);
    assert_true(record->figures[DISTRIBUTION_LAG].p50 == 0.0001);
    assert_true(record->figures[DISTRIBUTION_LAG].p99 == 0.5);
    assert_int_equal(record->samples, 124);
    assert_int_equal(record->pss_bytes_max, 12 << 20);
}

static void shift(struct saved *saved, int seconds) {
    saved->record->started_at.tv_sec += seconds;
    saved->record->ended_at.tv_sec += seconds;
}

/* At most 97 at once each, 94 in the end; each holds from its third second to its sixty-first. */
static void as_many_as_were_held_at_once_there_were_for_certain(void **state) {
    (void)state;
    static const struct {
        int second, third; /* when they start */
        uint64_t peak;
        bool together;
    } cases[] = {{0, 0, 282, true},      {30, 40, 282, true},   {30, 80, 188, false},
                 {70, 70, 188, false},   {100, 200, 97, false}, {-100, -200, 97, false},
                 {86400, 0, 188, false}, {-3, 3, 282, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct saved *second = part(2), *third = part(3);
        shift(second, cases[i].second);
        shift(third, cases[i].third);
        add(part(1));
        add(second);
        add(third);
        struct saved *saved = saved_merge_end(&merge);
        const struct judgement *judgement = &saved->judgement;
        assert_int_equal(saved->record->live_peak, cases[i].peak);
        bool said = false;
        for (size_t j = 0; j < judgement->reason_count; j++)
            said |= strstr(judgement->reasons[j], "never all held together") != NULL;
        assert_int_equal(said, !cases[i].together);
        saved_free(saved);
    }
}

static void what_one_part_did_not_measure_the_whole_did_not(void **state) {
    (void)state;
    struct saved *a = part(1), *b = part(2);
    b->record->ramp_seconds = b->record->hold_seconds = b->record->tick_seconds_max = NAN;
    b->record->per_second_mean = b->record->cpu_system_seconds = NAN;
    b->record->pss_bytes_max = -1;
    b->record->figures[DISTRIBUTION_LAG] = (struct figures){.p50 = NAN, .p99 = NAN, .max = NAN};
    add(a);
    add(b);
    const struct record *record = whole();
    assert_true(isnan(record->ramp_seconds) && isnan(record->hold_seconds));
    assert_true(isnan(record->tick_seconds_max) && isnan(record->per_second_mean));
    assert_true(isnan(record->cpu_system_seconds) && record->cpu_user_seconds == 0.5);
    assert_int_equal(record->pss_bytes_max, -1);
    assert_int_equal(record->rss_bytes_max, 18 << 20);
    assert_int_equal(record->figures[DISTRIBUTION_LAG].count, 0);
}

static void an_imbalance_of_any_part_is_the_wholes(void **state) {
    (void)state;
    struct saved *b = part(2);
    snprintf(b->imbalance, sizeof b->imbalance, "sent = answered");
    b->record->imbalance = b->imbalance;
    b->record->balanced = false;
    add(part(1));
    add(b);
    assert_false(whole()->balanced);
    assert_string_equal(whole()->imbalance, "sent = answered");
}

/* --- the timeline --- */

static struct timeline_sample sample_of(double t, uint64_t live) {
    return (struct timeline_sample){.t = t,
                                    .live = live,
                                    .live_min = live - 50,
                                    .live_max = live + 50,
                                    .connecting = 1,
                                    .closed = 2,
                                    .errored = 3,
                                    .client_per_second = 10,
                                    .server_per_second = 10,
                                    .p50_seconds = 0.1,
                                    .p99_seconds = 0.2,
                                    .max_seconds = (double)live / 100,
                                    .cpu_percent = 1.5,
                                    .descriptors = 7,
                                    .loop_lag_seconds = 1 / (double)live};
}

static void give_timeline(struct saved *saved, uint64_t live, int skipped) {
    timeline_init(&saved->record->timeline, SECOND);
    for (int t = 1; t <= 4; t++) {
        struct timeline_sample sample = sample_of(t + 0.01, live + (uint64_t)t);
        if (t != skipped)
            timeline_push(&saved->record->timeline, &sample);
    }
}

static void a_timeline_is_summed_second_by_second_where_both_have_one(void **state) {
    (void)state;
    struct saved *a = part(1), *b = part(2);
    give_timeline(a, 100, 0);
    give_timeline(b, 200, 3);
    b->record->started_at.tv_nsec += 500000000;
    add(a);
    add(b);
    const struct timeline *timeline = &whole()->timeline;
    assert_int_equal(timeline->count, 3);
    const struct timeline_sample *last = &timeline->samples[2], *second = &timeline->samples[1];
    assert_true(second->t == 2 && last->t == 4);
    assert_int_equal(second->live, 102 + 202);
    assert_int_equal(last->live, 104 + 204);
    /* neither the least nor the most of both need have met */
    assert_int_equal(timeline->extremes[2].live_min, 104 + 204);
    assert_int_equal(timeline->extremes[2].live_max, 104 + 204);
    assert_int_equal(last->connecting, 2);
    assert_int_equal(last->closed, 4);
    assert_int_equal(last->errored, 6);
    assert_true(last->client_per_second == 20 && last->cpu_percent == 3 && last->descriptors == 14);
    assert_true(last->max_seconds == 2.04 && last->loop_lag_seconds == 1 / 104.0);
    assert_true(isnan(last->p50_seconds) && isnan(last->p99_seconds));
    assert_true(isnan(last->server_per_second));
}

static void parts_that_began_apart_have_no_common_seconds(void **state) {
    (void)state;
    struct saved *a = part(1), *b = part(2);
    give_timeline(a, 100, 0);
    give_timeline(b, 200, 0);
    b->record->started_at.tv_sec += 2;
    add(a);
    add(b);
    assert_int_equal(whole()->timeline.count, 0);
}

/* --- the time together --- */

static const struct finding *finding_of(const struct saved *saved) {
    for (size_t i = 0; i < saved->judgement.findings.count; i++)
        if (strcmp(saved->judgement.findings.items[i].name, "merged") == 0)
            return &saved->judgement.findings.items[i];
    return NULL;
}

static void rates_are_of_parts_that_ran_together(void **state) {
    (void)state;
    for (int apart_s = 0; apart_s <= 30; apart_s += 30) {
        struct saved *b = part(2);
        b->record->started_at.tv_sec += apart_s;
        b->record->ended_at.tv_sec += apart_s;
        add(part(1));
        add(b);
        struct saved *saved = saved_merge_end(&merge);
        const struct finding *finding = finding_of(saved);
        assert_non_null(finding);
        assert_int_equal(finding->status, apart_s == 0 ? FINDING_OK : FINDING_WARN);
        assert_string_equal(finding->text,
                            apart_s == 0 ? "2 runs merged: at the same time for 61.5 s of 61.5 s"
                                         : "2 runs merged: at the same time for 31.5 s of 91.5 s");
        assert_true(apart_s == 0 ? saved->record->per_second_mean == 13
                                 : isnan(saved->record->per_second_mean));
        saved_free(saved);
    }
}

/* --- what does not follow --- */

static void what_only_a_part_can_say_of_itself_is_forgotten(void **state) {
    (void)state;
    struct saved *a = part(1);
    struct record *record = a->record;
    record->server = (struct server_view){.asked = true, .measured = true, .requests = 500};
    record->server_log = (struct server_log_view){.asked = true, .lines = 500};
    record->server_process = (struct server_process_view){.asked = true, .pid = 7, .samples = 60};
    marks_add(&record->marks, MARK_SIGNAL, "SIGUSR2", &(struct mark_look){5, 0, 3});
    a->judgement.survival.measured = true;
    a->judgement.closings.count = 1;
    record->headroom_files_used = 100;
    a->options.json = "a.json";
    add(a);
    add(part(2));
    struct saved *saved = saved_merge_end(&merge);
    record = saved->record;
    assert_false(record->server.asked || record->server_log.asked || record->server_process.asked);
    assert_int_equal(record->marks.count, 0);
    assert_false(saved->judgement.survival.measured);
    assert_int_equal(saved->judgement.closings.count, 0);
    assert_int_equal(record->headroom_files_used, -1);
    assert_null(saved->options.json);
    saved_free(saved);
}

/* --- who has more than reports --- */

/* As the leader of a run on many hosts does, who saw all parts at once. */
static void what_was_measured_beside_the_parts_is_judged_with_them(void **state) {
    (void)state;
    add(part(1));
    add(part(2));
    struct saved *whole = saved_merge_sum(&merge);
    assert_ptr_equal(saved_merge_sum(&merge), whole);
    assert_false(whole->record->live_min_measured);
    whole->record->live_min_measured = true;
    whole->record->live_min = 7;
    whole->options.require = (struct option_rule_list){
        .count = 2, .items = {{.text = "live_min>=8"}, {.text = "live_min>=7"}}};
    struct saved *saved = saved_merge_end(&merge);
    assert_ptr_equal(saved, whole);
    assert_int_equal(saved->judgement.requirement_count, 2);
    assert_int_equal(saved->judgement.requirements[0].result, RULE_BROKEN);
    assert_int_equal(saved->judgement.requirements[1].result, RULE_OK);
    saved_free(saved);
}

/* Two samples of endings are one: more is known of the whole than of a part. */
static void endings_that_are_there_are_one_sample(void **state) {
    (void)state;
    struct saved *parts[] = {part(1), part(2)};
    for (uint32_t i = 0; i < 2 * 4; i++) {
        struct record *record = parts[i % 2]->record;
        struct ending ending = {.sample_key = 1000 * i,
                                .idle_ms = 5000 + i,
                                .age_ms = 9000 * i + 5000,
                                .answers = i + 1};
        endings_add(&record->total.endings, OUTCOME_closed_idle, &ending);
        record->endings_kept = true;
    }
    add(parts[0]);
    add(parts[1]);
    struct saved *saved = saved_merge_end(&merge);
    const struct closing *closing = &saved->judgement.closings.items[0];
    assert_int_equal(saved->judgement.closings.count, 1);
    assert_int_equal(closing->count, 8);
    assert_int_equal(closing->sampled, 8);
    assert_int_equal(closing->dimension, CLOSING_IDLE);
    saved_free(saved);
}

/* --- one, none, and the same again --- */

static void one_part_alone_stays_as_it_is(void **state) {
    (void)state;
    struct saved *a = part(1);
    struct tally_counts counts = a->record->total.counts;
    struct figures latency = record_figures(a->record, DISTRIBUTION_LATENCY);
    add(a);
    struct saved *saved = saved_merge_end(&merge);
    struct figures again = record_figures(saved->record, DISTRIBUTION_LATENCY);
    assert_ptr_equal(saved, a);
    assert_memory_equal(&saved->record->total.counts, &counts, sizeof counts);
    assert_true(again.count == latency.count && again.p99 == latency.p99);
    assert_true(saved->record->live_peak == 97 && saved->record->per_second_mean == 6.5);
    assert_int_equal(saved->judgement.verdict, VERDICT_BROKE);
    saved_free(saved);
}

static void a_part_in_which_nothing_happened_adds_nothing_but_its_plan(void **state) {
    (void)state;
    struct fixture *nothing = fixture_make(COMMAND_RUN);
    memset(&nothing->record.total, 0, sizeof nothing->record.total);
    nothing->record.live_peak = nothing->record.live_min = 0;
    struct saved *a = part(1);
    struct tally_counts counts = a->record->total.counts;
    add(a);
    add(saved_of(nothing, 2));
    struct saved *saved = saved_merge_end(&merge);
    assert_memory_equal(&saved->record->total.counts, &counts, sizeof counts);
    assert_int_equal(record_figures(saved->record, DISTRIBUTION_LATENCY).count, 500);
    assert_int_equal(saved->plan.connections, 200);
    assert_true(saved->judgement.requirements[0].actual == 48.5); /* 97 of 200 */
    saved_free(saved);
}

static void the_same_run_is_refused_wherever_it_stands(void **state) {
    (void)state;
    struct saved *early = part(2);
    early->record->started_at.tv_sec--;
    add(part(1));
    assert_refused(part(1), "\"other.json\" is the same run again: each is accepted once");
    add(early);
    assert_refused(part(1), "is the same run again");
    early = part(2);
    early->record->started_at.tv_sec--;
    assert_refused(early, "is the same run again");
    assert_int_equal(whole()->total.counts.attempted, 200);
    assert_int_equal(merge.parts, 2);
}

/* Whose start is kept to the nanosecond. */
static void a_report_and_its_timeline_are_the_same_run(void **state) {
    (void)state;
    struct saved *timeline = part(1);
    timeline->record->started_at.tv_nsec += 456789;
    add(part(1));
    assert_refused(timeline, "is the same run again");
}

/* Numbers of processes are alike on hosts that are. */
static void the_same_process_of_another_host_is_no_same_run(void **state) {
    (void)state;
    struct saved *other = part(1);
    other->plan.seed++;
    add(part(1));
    add(other);
    assert_int_equal(whole()->total.counts.attempted, 200);
}

/* --- refused --- */

static void a_run_without_a_load_is_no_part(void **state) {
    (void)state;
    struct fixture *fixture = fixture_make_preflight(COMMAND_RUN);
    fixture->judgement.verdict = VERDICT_UNFIT;
    fixture->judgement.exit_code = EXIT_UNFIT;
    const char *text = fixture_json(fixture, NULL);
    FILE *in = fmemopen((void *)text, strlen(text), "r");
    struct saved *unfit = saved_read(in, "part.json", error);
    fclose(in);
    fixture_free(fixture);
    assert_non_null(unfit);
    assert_refused(unfit, "\"other.json\": no load was sent: a run is accepted");
    assert_null(merge.whole);
}

static void percentiles_without_their_histogram_are_refused(void **state) {
    (void)state;
    add(part(1));
    for (size_t i = 0; i < KEPT; i++) {
        struct saved *cut = part(2);
        cut->record->figures[kept[i]].count = 1;
        histogram_clear(histogram_in(&cut->record->total, i));
        assert_refused(cut, "\"other.json\" keeps percentiles without their histogram");
    }
}

static void every_option_that_differs_is_named_in_one_line(void **state) {
    (void)state;
    struct fixture *fixture = fixture_make(COMMAND_RUN);
    fixture->options.duration = 2 * SECOND;
    fixture->options.method = "GET";
    add(part(1));
    assert_refused(saved_of(fixture, 2),
                   "\"other.json\" is of another plan: --duration (2s, not 1m), "
                   "--method (GET, not HEAD)");
    assert_int_equal(whole()->total.counts.attempted, 100);
}

static void another_server_is_another_load(void **state) {
    (void)state;
    struct saved *other = part(2);
    snprintf(other->plan.target.url, sizeof other->plan.target.url, "http://127.0.0.1:8081/");
    add(part(1));
    assert_refused(other, "another plan: URL (http://127.0.0.1:8081/, not http://127.0.0.1:8080/)");
}

static struct saved *bounded(pid_t pid, uint64_t requests, frequency rate) {
    struct saved *saved = part(pid);
    saved->options.requests = saved->plan.requests = requests;
    saved->options.given.requests = requests > 0;
    saved->options.rate = saved->plan.rate = rate;
    saved->options.given.rate = rate > 0;
    return saved;
}

static void shares_are_summed(void **state) {
    (void)state;
    add(bounded(1, 1000, 5 * FREQUENCY_ONE));
    add(bounded(2, 500, FREQUENCY_ONE / 2));
    assert_int_equal(merge.whole->plan.requests, 1500);
    assert_int_equal(merge.whole->options.requests, 1500);
    assert_int_equal(merge.whole->plan.rate, 5500000);
    assert_int_equal(merge.whole->options.rate, 5500000);
    assert_int_equal(merge.whole->options.connections, 200);
    assert_int_equal(merge.whole->options.workers, 2);
}

static void a_share_that_only_one_part_has_is_another_plan(void **state) {
    (void)state;
    add(bounded(1, 1000, 0));
    assert_refused(part(2), "another plan: --requests (none, not 1000)");
    assert_refused(bounded(3, 1000, FREQUENCY_ONE), "another plan: --rate (1, not none)");
}

/* A part of a plan that --shard cut into so many; its options are those of all. */
static struct saved *shard(pid_t pid, uint32_t of, uint32_t parts) {
    struct fixture *fixture = fixture_make(COMMAND_RUN);
    struct options *options = &fixture->options;
    options->connections = 100 * parts;
    options->requests = 501 * parts;
    options->given.requests = true;
    options->rate = 8 * parts * FREQUENCY_ONE;
    options->given.rate = true;
    options->shard = (struct option_shard_choice){.part = of, .parts = parts};
    return saved_of(fixture, pid);
}

static void all_parts_of_a_plan_are_that_plan(void **state) {
    (void)state;
    for (uint32_t i = 3; i >= 1; i--)
        add(shard((pid_t)i, i, 3));
    struct saved *saved = saved_merge_end(&merge);
    assert_int_equal(saved->plan.connections, 300);
    assert_int_equal(saved->options.connections, 300);
    assert_int_equal(saved->plan.requests, 1503);
    assert_int_equal(saved->options.requests, 1503);
    assert_int_equal(saved->options.rate, 24 * FREQUENCY_ONE);
    assert_int_equal(saved->options.shard.parts, 1);
    assert_int_equal(saved->plan.parts, 1);
    assert_int_equal(saved->record->total.counts.attempted, 300);
    assert_int_equal(saved->judgement.verdict, VERDICT_BROKE);
    saved_free(saved);
}

/* Of what it held, or lost, nobody knows: two thirds of a plan that hold are not the plan. */
static void a_missing_part_leaves_the_verdict_open(void **state) {
    (void)state;
    for (uint32_t i = 1; i <= 3; i += 2) {
        struct saved *saved = shard((pid_t)i, i, 3);
        saved->options.require.count = 0;
        saved->options.require.items[saved->options.require.count++] =
            (struct option_written_rule){.text = "opened>=50%", .where = "--require"};
        add(saved);
    }
    struct saved *saved = saved_merge_end(&merge);
    assert_int_equal(saved->plan.connections, 200);
    assert_int_equal(saved->options.rate, 16 * FREQUENCY_ONE);
    assert_int_equal(saved->judgement.verdict, VERDICT_INCONCLUSIVE);
    assert_int_equal(saved->judgement.exit_code, EXIT_INCONCLUSIVE);
    bool said = false;
    for (size_t i = 0; i < saved->judgement.reason_count; i++)
        said |= strstr(saved->judgement.reasons[i], "2 of 3 parts of the plan are there") != NULL;
    assert_true(said);
    saved_free(saved);
}

static void a_part_stands_once_and_with_its_own(void **state) {
    (void)state;
    add(shard(1, 1, 3));
    assert_refused(shard(2, 1, 3), "\"other.json\" is part 1 of 3 again: each is accepted once");
    assert_refused(shard(3, 2, 4), "\"other.json\" is of a plan cut into 4 parts, not 3");
    assert_refused(part(4), "\"other.json\" is of a plan cut into 1 parts, not 3");
    struct saved *other = shard(5, 2, 3);
    other->options.connections = 400;
    assert_refused(other, "another plan: --connections (400, not 300)");
    add(shard(6, 2, 3));
}

/* What is above them could not be read back. */
static void the_bounds_of_a_plan_are_the_wholes_too(void **state) {
    (void)state;
    static const char *const said =
        "--merge: together at most 10M connections, 4096 workers, 10^15 "
        "requests and a rate of 10M are accepted";
    struct saved *many = bounded(2, 2, 2 * FREQUENCY_ONE);
    add(bounded(1, 999999999999998, 9999998 * FREQUENCY_ONE));
    many->plan.connections = 9999901;
    assert_refused(many, said);
    assert_refused(bounded(3, 3, 2 * FREQUENCY_ONE), said);
    assert_refused(bounded(4, 2, 2 * FREQUENCY_ONE + 1), said);
    struct saved *crowd = bounded(5, 2, 2 * FREQUENCY_ONE);
    crowd->record->workers = realloc(crowd->record->workers, 4096 * sizeof *crowd->record->workers);
    assert_non_null(crowd->record->workers);
    crowd->record->worker_count = 4096;
    assert_refused(crowd, said);
    add(bounded(6, 2, 2 * FREQUENCY_ONE));
}

/* A sum that does not fit a report, of any kind of count. */
static void a_sum_beyond_63_bits_is_refused(void **state) {
    (void)state;
    static const char *const said = "\"other.json\": a count that is above 2^63 with it";
    for (int i = 0; i < 9; i++) {
        struct saved *saved = part(2);
        struct record *record = saved->record;
        struct tally_counts *counts = &record->total.counts;
        uint64_t *const places[] = {&counts->attempted,
                                    &counts->bytes_out,
                                    &counts->outcomes[OUTCOME_drained],
                                    &counts->drain[OUTCOME_drained],
                                    &counts->errnos[TALLY_ERRNO_MAX],
                                    &counts->statuses[TALLY_STATUS_MAX - 1],
                                    &counts->reasons[REASON_COUNT - 1],
                                    &record->total.latency.count,
                                    (uint64_t *)&record->pss_bytes_max};
        *places[i] = (uint64_t)INT64_MAX;
        struct saved *first = part(1);
        first->record->total.counts.outcomes[OUTCOME_drained] = 1;
        first->record->total.counts.errnos[TALLY_ERRNO_MAX] = 1;
        first->record->total.counts.statuses[TALLY_STATUS_MAX - 1] = 1;
        first->record->total.counts.reasons[REASON_COUNT - 1] = 1;
        add(first);
        assert_refused(saved, said);
        saved_merge_free(&merge);
    }
}

static void the_greatest_sum_that_fits_is_exact(void **state) {
    (void)state;
    struct saved *a = part(1), *b = part(2);
    a->record->total.counts.bytes_in = (uint64_t)INT64_MAX - 7;
    b->record->total.counts.bytes_in = 7;
    add(a);
    add(b);
    assert_true(whole()->total.counts.bytes_in == (uint64_t)INT64_MAX);
}

static int begin(void **state) {
    (void)state;
    merge = (struct saved_merge){0};
    return 0;
}

static int end(void **state) {
    (void)state;
    saved_merge_free(&merge);
    return 0;
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        EACH(every_count_is_the_sum_and_every_peak_the_greatest),
        EACH(the_ledger_of_the_whole_balances_and_is_judged),
        EACH(histograms_are_added_bucket_by_bucket),
        EACH(peaks_times_and_flags_are_the_worst_of_all),
        EACH(as_many_as_were_held_at_once_there_were_for_certain),
        EACH(what_one_part_did_not_measure_the_whole_did_not),
        EACH(an_imbalance_of_any_part_is_the_wholes),
        EACH(a_timeline_is_summed_second_by_second_where_both_have_one),
        EACH(parts_that_began_apart_have_no_common_seconds),
        EACH(rates_are_of_parts_that_ran_together),
        EACH(what_only_a_part_can_say_of_itself_is_forgotten),
        EACH(what_was_measured_beside_the_parts_is_judged_with_them),
        EACH(endings_that_are_there_are_one_sample),
        EACH(one_part_alone_stays_as_it_is),
        EACH(a_part_in_which_nothing_happened_adds_nothing_but_its_plan),
        EACH(the_same_run_is_refused_wherever_it_stands),
        EACH(a_report_and_its_timeline_are_the_same_run),
        EACH(the_same_process_of_another_host_is_no_same_run),
        EACH(a_run_without_a_load_is_no_part),
        EACH(percentiles_without_their_histogram_are_refused),
        EACH(every_option_that_differs_is_named_in_one_line),
        EACH(another_server_is_another_load),
        EACH(shares_are_summed),
        EACH(a_share_that_only_one_part_has_is_another_plan),
        EACH(all_parts_of_a_plan_are_that_plan),
        EACH(a_missing_part_leaves_the_verdict_open),
        EACH(a_part_stands_once_and_with_its_own),
        EACH(the_bounds_of_a_plan_are_the_wholes_too),
        EACH(a_sum_beyond_63_bits_is_refused),
        EACH(the_greatest_sum_that_fits_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
