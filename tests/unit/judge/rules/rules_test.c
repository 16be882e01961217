/* Rules: their grammar, what each metric is measured from, and when one is broken. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "judge/run.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"

/* A run of 10 000 connections; each test spoils something. */
static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    f->options.timeout = f->options.connect_timeout = 3 * SECOND;
    f->plan = (struct plan){.options = &f->options, .parts = 1, .connections = 10000, .workers = 1};
    struct record *record = &f->record;
    record->balanced = true;
    record->started_at.tv_sec = 1000;
    record->ended_at.tv_sec = 1010;
    record->ramp_seconds = 10.5;
    record->hold_seconds = 60;
    record->drain_seconds = 0.25;
    record->live_min = 9980;
    record->live_min_measured = true;
    record->live_peak = 9999;
    record->per_second_mean = 644.8;
    record->per_second_peak = 700;
    record->cpu_user_seconds = 0.5;
    record->cpu_system_seconds = 1;
    record->pss_bytes_max = 6 << 20;
    record->server = (struct server_view){.asked = true,
                                          .final_poll = true,
                                          .measured = true,
                                          .requests = 999,
                                          .client_sent = 1000,
                                          .accepted = 12,
                                          .handled = 10,
                                          .active_peak = 9000,
                                          .hold_measured = true,
                                          .per_second_mean = 640};
    record->server_process = (struct server_process_view){.asked = true,
                                                          .samples = 60,
                                                          .connections = 9990,
                                                          .memory_before_bytes = 10000,
                                                          .memory_hold_bytes = 10000 + 9990 * 1000,
                                                          .cpu_seconds = 9.9};
    record->total.counts = (struct tally_counts){.attempted = 10000,
                                                 .opened = 9995,
                                                 .connecting = 1,
                                                 .live = 9990,
                                                 .lost = 5,
                                                 .reconnected = 2,
                                                 .sent = 1000,
                                                 .answered = 990,
                                                 .timed_out = 4,
                                                 .requests_lost = 6,
                                                 .bytes_in = 2048,
                                                 .bytes_out = 1500,
                                                 .ramp_late_ns = 3000000};
    record->total.counts.outcomes[OUTCOME_refused] = 4;
    record->total.counts.outcomes[OUTCOME_closed_idle] = 5;
    record->total.counts.drain[OUTCOME_abandoned] = 1;
    record->total.counts.statuses[404] = 2;
    record->total.counts.statuses[499] = 3;
    record->total.counts.statuses[500] = 1;
    for (int i = 0; i < 100; i++)
        histogram_add(&record->total.latency, (i < 50 ? 2 : 4) * MILLISECOND);
    histogram_add(&record->total.connect, MILLISECOND);
    *state = f;
    return 0;
}

static char error[PLAN_ERROR_MAX];
static const struct refuse_buffer to = {error, sizeof error};

static struct rule rule_of(const char *text) {
    struct rule rule;
    if (!rule_parse(&rule, &(struct option_written_rule){.text = text, .where = "--require"}, to))
        fail_msg("%s", error);
    return rule;
}

static struct rule_requirement judged(struct fixture *f, const char *text) {
    struct rule rule = rule_of(text);
    struct rule_requirement requirement;
    rule_requirement_judge(&requirement, &rule, &f->plan, &f->record);
    return requirement;
}

static void every_operator_judges_as_it_reads(void **state) {
    static const struct {
        const char *below, *equal, *above;
        const char *op;
    } table[] = {
        /* lost is 5: against 6, 5, 4; o holds, x is broken */
        {"x", "o", "o", ">="}, {"o", "o", "x", "<="}, {"x", "x", "o", ">"},
        {"o", "x", "x", "<"},  {"x", "o", "x", "=="},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *expected[] = {table[i].above, table[i].equal, table[i].below};
        for (int value = 4; value <= 6; value++) {
            char text[32];
            snprintf(text, sizeof text, "lost%s%d", table[i].op, value);
            bool holds = judged(*state, text).result == RULE_OK;
            if (holds != (expected[value - 4][0] == 'o'))
                fail_msg("%s of 5", text);
        }
    }
}

static void every_metric_is_measured_where_the_report_has_it(void **state) {
    static const struct {
        const char *rule;
        double actual;
    } table[] = {
        {"opened>=0", 9995},
        {"opened>=0%", 99.95},
        {"live>=0", 9990},
        {"live>=0%", 99.9},
        {"live_min>=0%", 99.8},
        {"live_peak>=0", 9999},
        {"attempted>=0", 10000},
        {"connecting>=0", 1},
        {"closed>=0", 5},
        {"closed>=0%", 0.05},
        {"errored>=0", 4},
        {"errored>=0%", 0.04},
        {"lost>=0", 5},
        {"reconnected>=0", 2},
        {"sent>=0", 1000},
        {"answered>=0%", 99},
        {"timed_out>=0", 4},
        {"requests_lost>=0%", 0.6},
        {"unfinished>=0", 0},
        {"rate>=0", 644.8},
        {"rate_peak>=0", 700},
        {"bytes_in>=0", 2048},
        {"bytes_out>=0", 1500},
        {"ramp>=0", 10.5},
        {"ramp_lateness>=0", 3e-3},
        {"hold>=0", 60},
        {"drain>=0", 0.25},
        {"server_requests>=0", 999},
        {"server_ratio>=0", 0.999},
        {"server_ratio>=0%", 99.9},
        {"server_rate>=0", 640},
        {"server_active_peak>=0%", 90},
        {"server_dropped>=0", 2},
        {"cpu>=0%", 15},
        {"cpu_seconds>=0", 1.5},
        {"memory>=0", 6 << 20},
        {"cpu_per_request>=0", 1.5 / 990},
        {"memory_per_connection>=0", (6 << 20) / 9999.0},
        {"server_cpu_per_request>=0", 9.9 / 990},
        {"server_memory_per_connection>=0", 1000},
        {"min>=0", 2e-3},
        {"max>=0", 4e-3},
        {"mean>=0", 3e-3},
        {"connect_max>=0", 1e-3},
        {"refused>=0", 4},
        {"refused>=0%", 0.04},
        {"closed_idle>=0", 5},
        {"abandoned>=0", 1},
        {"status_404>=0", 2},
        {"status_4xx>=0", 5},
        {"status_4xx>=0%", 0.5},
        {"status_5xx>=0", 1},
        {"status_200>=0", 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double actual = judged(*state, table[i].rule).actual;
        if (!(fabs(actual - table[i].actual) <= 1e-12 * fabs(table[i].actual)))
            fail_msg("%s: %.17g, and not %.17g", table[i].rule, actual, table[i].actual);
    }
}

static void only_what_can_never_come_right_is_infeasible(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *rule;
        bool feasible, refilled, pooled; /* as it is; with --reconnect; with -n 1100 */
    } table[] = {
        {"lost<=5", true, true, true},
        {"lost<=4", false, false, false},
        {"lost<5", false, false, false},
        {"lost==4", false, false, false},
        {"lost>=6", true, true, true},
        {"lost<=0.05%", true, true, true},
        {"lost<=0.04%", false, true, false},
        {"lost<=0%", false, false, false},
        {"errored<=3", false, false, false},
        {"closed<=4", false, false, false},
        {"refused<=3", false, false, false},
        {"refused<=4", true, true, true},
        {"closed_idle<=0", false, false, false},
        {"abandoned<=0", true, true, true},
        {"drained<=0", true, true, true},
        {"status_5xx<=0", false, false, false},
        {"status_404<=1%", true, true, true},
        {"status_4xx<=0.4%", true, true, false},
        {"timed_out<=3", false, false, false},
        {"requests_lost<=5", false, false, false},
        {"reconnected<=1", false, false, false},
        {"opened>=100%", false, true, false},
        {"opened>=9996", true, true, true},
        {"opened>=9997", false, true, false},
        {"live>=99.91%", true, true, true},
        {"live>=99.92%", false, true, false},
        {"live_min>=9980", true, true, true},
        {"live_min>=9981", false, false, false},
        {"live_peak<=9998", false, false, false},
        {"live_peak>=9999", true, true, true},
        {"live_peak>=100%", false, true, false},
        {"sent>=1000000", true, true, false},
        {"sent>=1100", true, true, true},
        {"answered>=100%", false, false, false},
        {"answered>=99.99%", true, true, false},
        {"answered>=99.09%", true, true, true}, /* 1,090 of 1,100 */
        {"answered>=1091", true, true, false},
        {"answered>=1090", true, true, true},
        {"status_404>=100%", false, false, false},
        {"status_404>=102", true, true, true}, /* 2, and 110 to come */
        {"status_404>=103", true, true, false},
        {"max<=4ms", true, true, true},
        {"max<4ms", false, false, false},
        {"service_max<1us", true, true, true}, /* not measured yet */
        {"connect_max<1us", false, false, false},
        {"connect_min>1ms", false, false, false},
        {"min>=2ms", true, true, true},
        {"ramp<=10.5s", true, true, true},
        {"ramp<=10s", false, false, false},
        {"ramp_lateness<3ms", false, false, false},
        {"rate_peak<=699", false, false, false},
        {"rate_peak>=1M", true, true, true},
        {"memory<6MiB", false, false, false},
        {"cpu_seconds<1s", false, false, false},
        {"server_active_peak<9000", false, false, false},
        {"sent<=999", false, false, false},
        {"bytes_in<=1000", false, false, false},
        /* what may recover */
        {"p99<1us", true, true, true},
        {"mean<1us", true, true, true},
        {"rate>=10k", true, true, true},
        {"server_ratio>=100%", true, true, true},
        {"cpu<1%", true, true, true},
        {"unsent<=0", true, true, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct rule rule = rule_of(table[i].rule);
        f->plan.reconnect.high = 0;
        f->plan.requests = 0;
        bool feasible = rule_is_feasible(&rule, &f->plan, &f->record);
        f->plan.requests = 1100;
        bool pooled = rule_is_feasible(&rule, &f->plan, &f->record);
        f->plan.requests = 0;
        f->plan.reconnect.high = SECOND;
        bool refilled = rule_is_feasible(&rule, &f->plan, &f->record);
        if (feasible != table[i].feasible || refilled != table[i].refilled ||
            pooled != table[i].pooled)
            fail_msg("%s: %d %d %d", table[i].rule, feasible, refilled, pooled);
    }
}

static void a_ramp_that_a_rule_ended_breaks_that_rule_alone(void **state) {
    struct fixture *f = *state;
    f->record.ramp_cut = true;
    assert_int_equal(judged(f, "opened>=100%").result, RULE_NOT_JUDGED);
    snprintf(f->record.ended_by, sizeof f->record.ended_by, "opened>=100%%");
    assert_int_equal(judged(f, "opened>=100%").result, RULE_BROKEN);
    assert_int_equal(judged(f, "live>=99.9%").result, RULE_NOT_JUDGED);
}

static void a_ramp_that_takes_too_long_is_infeasible_while_it_lasts(void **state) {
    struct fixture *f = *state;
    struct rule rule = rule_of("ramp<=9s"); /* of a run of 10 s so far */
    f->record.ramp_seconds = NAN;
    assert_true(rule_is_feasible(&rule, &f->plan, &f->record));
    f->record.ended_at.tv_nsec = 1000000;
    assert_false(rule_is_feasible(&rule, &f->plan, &f->record));
    f->record.ramp_cut = true; /* by another rule, before: that there was a drain says nothing */
    snprintf(f->record.ended_by, sizeof f->record.ended_by, "lost<=0");
    f->record.ended_seconds = 5;
    assert_int_equal(judged(f, "ramp<=9s").result, RULE_NOT_JUDGED);
    f->record.ended_seconds = 10.5;
    assert_int_equal(judged(f, "ramp<=9s").result, RULE_BROKEN);
}

static void every_name_has_its_metric_and_only_one(void **state) {
    (void)state;
    struct rule_metric metric, again;
    size_t count = 0;
    for (; rule_metric_at(&metric, count); count++) {
        assert_true(rule_metric_find(&again, metric.name));
        assert_memory_equal(&metric, &again, sizeof metric);
        assert_non_null(metric.help);
        assert_true(strlen(metric.name) < RULE_METRIC_NAME_MAX);
    }
    assert_true(count > 80);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        assert_true(rule_metric_find(&metric, outcome_name((enum outcome)i)));
}

static void values_are_read_in_every_unit(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        double value;
    } table[] = {
        {"live>=99.9%", 99.9},
        {"live >= 10k", 10000},
        {"  lost  <=  0  ", 0},
        {"p99<50ms", 0.05},
        {"p99<1m30s", 90},
        {"p99<0.5s", 0.5},
        {"p99>0", EXIT_HELD},
        {"ramp>=0.0", 0},
        {"ramp<=12s", 12},
        {"rate>=640.5", 640.5},
        {"rate>=1.5k", 1500},
        {"rate>=10/10ms", 1000},
        {"rate>=10/s", 10},
        {"memory<=20MiB", 20 << 20},
        {"memory<=1M", 1e6},
        {"memory<=0.5GiB", 1 << 29},
        {"server_ratio>=0.99", 0.99},
        {"server_ratio==99%", 99},
        {"cpu<50%", 50},
        {"status_5xx<=0.1%", 0.1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct rule rule = rule_of(table[i].rule);
        if (!(fabs(rule.value - table[i].value) <= 0))
            fail_msg("%s: %.17g", table[i].rule, rule.value);
        assert_string_equal(rule.expression, table[i].rule);
    }
}

static void a_refusal_names_the_column_and_what_is_accepted(void **state) {
    (void)state;
    static const struct {
        const char *rule, *where, *what;
    } table[] = {
        {"", "column 1:", "the metric is missing"},
        {"  ", "column 3:", "the metric is missing"},
        {">=3", "column 1:", "the metric is missing"},
        {"live", "column 5:", "one of >= <= > < =="},
        {"live 5", "column 6:", "one of >= <= > < =="},
        {"live=5", "column 5:", "\"=\" is no operator"},
        {"live=>5", "column 5:", "\"=>\" is no operator"},
        {"live!=5", "column 5:", "\"!=\" is no operator"},
        {"live>==5", "column 5:", "no operator"},
        {"live>=", "column 7:", "value of live is missing"},
        {"live >= ", "column 9:", "value of live is missing"},
        {"live>=99.9x", "column 7:", "a percentage of --connections"},
        {"live>=-1", "column 7:", "\"-1\""},
        {"live>=1%%", "column 7:", "\"1%%\""},
        {"live>=%", "column 7:", "\"%\""},
        {"live>=1.5", "column 7:", "a count or a percentage"},
        {"live>=5 6", "column 7:", "\"5 6\""},
        {"live>=0x10", "column 7:", "a count"},
        {"live>=1e3", "column 7:", "a count"},
        {"live>=99.%", "column 7:", "a count"},
        {"live>=.5%", "column 7:", "a count"},
        {"live>=nan%", "column 7:", "a count"},
        {"lost<=5ms", "column 7:", "a count or a percentage of attempted"},
        {"sent>=5%", "column 7:", "a count is accepted"},
        {"p99<50%", "column 5:", "a duration is accepted"},
        {"p99<500", "column 5:", "\"500\" has no unit: a time needs one, \"p99<500ms\""},
        {" p99 < 0.5 ", "column 8:", "\" p99 < 0.5ms\" is accepted, or \" p99 < 0.5s\""},
        {"ramp<=12", "column 7:", "\"ramp<=12s\" for seconds"},
        {"service_p50<5", "column 13:", "\"service_p50<5ms\""},
        {"cpu_per_request<1", "column 17:", "\"cpu_per_request<1ms\""},
        {"p99<50 ms", "column 5:", "a duration is accepted"},
        {"cpu<50", "column 5:", "a percentage of one core"},
        {"rate>=5%", "column 7:", "a rate a second"},
        {"rate>=5KiB", "column 7:", "a rate a second"},
        {"memory<5s", "column 8:", "a number of bytes"},
        {"server_ratio>5s", "column 14:", "a number or a percentage"},
        {"  lvie>=5", "column 3:", "did you mean \"live\"?"},
        {"Live>=5", "column 1:", "did you mean \"live\"?"},
        {"closed_idel<=5", "column 1:", "did you mean \"closed_idle\"?"},
        {"nonsense<=5", "column 1:", "docs/rules.md"},
        {"status_5x<=0", "column 1:", "a class status_5xx"},
        {"status_099<=0", "column 1:", "a class status_5xx"},
        {"status_1000<=0", "column 1:", "a class status_5xx"},
        {"li\x1b[31mve>=5", "column 1:", "\\x1B"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct rule rule;
        error[0] = '\0';
        if (rule_parse(
                &rule,
                &(struct option_written_rule){.text = table[i].rule, .where = "f:3: require"}, to))
            fail_msg("\"%s\" was accepted", table[i].rule);
        if (strstr(error, table[i].where) == NULL || strstr(error, table[i].what) == NULL ||
            strncmp(error, "f:3: require: \"", 15) != 0)
            fail_msg("\"%s\": %s", table[i].rule, error);
        assert_null(strchr(error, '\n'));
        assert_null(strchr(error, '\x1b'));
    }
}

static void what_was_not_measured_breaks_every_operator(void **state) {
    struct fixture *f = *state;
    static const char *const ops[] = {">=", "<=", ">", "<", "=="};
    static const struct {
        const char *metric, *zero;
    } metrics[] = {{"p99", "0"},          {"service_p99", "0"}, {"live_min", "0"},
                   {"server_ratio", "0"}, {"server_rate", "0"}, {"rate", "0"},
                   {"memory", "0"},       {"cpu", "0%"},        {"drain", "0"},
                   {"status_5xx", "0%"},  {"lost", "0%"},       {"loop_lag_p99", "0"}};
    struct record *record = &f->record;
    memset(&record->total, 0, sizeof record->total);
    record->live_min_measured = record->server.measured = false;
    record->per_second_mean = record->drain_seconds = record->cpu_user_seconds = NAN;
    record->pss_bytes_max = -1;
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        for (size_t j = 0; j < 5; j++) {
            char text[64];
            snprintf(text, sizeof text, "%s%s%s", metrics[i].metric, ops[j], metrics[i].zero);
            struct rule_requirement requirement = judged(f, text);
            if (!isnan(requirement.actual) || requirement.result != RULE_BROKEN)
                fail_msg("%s", text);
        }
}

static void a_share_is_exactly_the_decimal_that_it_is(void **state) {
    struct fixture *f = *state;
    for (uint64_t live = 0; live <= 10000; live++) {
        char text[32];
        f->record.total.counts.live = live;
        snprintf(text, sizeof text, "live==%u.%02u%%", (unsigned)(live / 100),
                 (unsigned)(live % 100));
        if (judged(f, text).result != RULE_OK)
            fail_msg("%s of %u", text, (unsigned)live);
    }
}

static void require_one(struct fixture *f, const char *text) {
    f->options.require.items[f->options.require.count++] =
        (struct option_written_rule){.text = text, .where = "--require"};
}

static void expect(struct fixture *f, int exit_code) {
    memset(&f->judgement, 0, sizeof f->judgement);
    f->judgement.setup = &f->setup;
    judge_run(&f->judgement, &f->plan, &f->record);
    assert_int_equal(f->judgement.exit_code, exit_code);
}

static void rules_that_were_asked_for_stand_in_place_of_the_defaults(void **state) {
    struct fixture *f = *state;
    expect(f, EXIT_BROKE);
    assert_int_equal(f->judgement.requirement_count, 2);
    require_one(f, "live>=99%");
    expect(f, EXIT_HELD);
    assert_int_equal(f->judgement.requirement_count, 1);
    require_one(f, "p99<1ms");
    expect(f, EXIT_BROKE);
    assert_string_equal(f->judgement.reasons[0], "rule broken: p99<1ms (measured 4.00 ms)");
    require_one(f, "service_p99<1ms");
    expect(f, EXIT_BROKE);
    assert_string_equal(f->judgement.reasons[1], "rule broken: service_p99<1ms (not measured)");
}

static void a_measured_value_is_rounded_unless_that_hides_that_it_is_not_the_bound(void **state) {
    static const struct {
        const char *rule;
        double value;
        const char *text;
    } table[] = {
        {"p99<50ms", 0.185991167, "186 ms"},
        {"p99<50ms", 0.05000001, "0.05000001 s"},
        {"p99<50ms", 0.05, "50.0 ms"},
        {"live>=100%", 99.99996, "99.99996 %"},
        {"status_5xx<=1%", 11.97135061, "11.97 %"},
        {"lost<=0", 12345, "12345"},
        {"memory<=1MiB", 5 << 20, "5.0 MiB"},
        {"rate>=640.5", 12.25, "12.25 /s"},
    };
    char text[48];
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct rule rule = rule_of(table[i].rule);
        assert_string_equal(rule_measured_text(text, sizeof text, &rule, table[i].value),
                            table[i].text);
    }
}

static void a_ramp_cut_short_is_not_judged_and_the_rest_is(void **state) {
    struct fixture *f = *state;
    f->record.ramp_cut = f->record.interrupted = true;
    static const char *const of_ramp[] = {"opened>=100%", "live>=100%", "live_min>=10k",
                                          "ramp<1ms"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(judged(f, of_ramp[i]).result, RULE_NOT_JUDGED);
    require_one(f, "ramp<1ms");
    expect(f, EXIT_INCONCLUSIVE);
    require_one(f, "refused<=0");
    expect(f, EXIT_BROKE);
}

static void latencies_that_hold_our_own_lateness_are_inconclusive(void **state) {
    struct fixture *f = *state;
    require_one(f, "p99<30ms");
    for (int i = 0; i < 100; i++)
        histogram_add(&f->record.total.latency, 40 * MILLISECOND);
    histogram_add(&f->record.total.lag, 2 * MILLISECOND);
    expect(f, EXIT_BROKE); /* less than a tenth of 30 ms */
    histogram_add(&f->record.total.lag, 6 * MILLISECOND);
    expect(f, EXIT_INCONCLUSIVE); /* 40 less twice 6: it might have held */
    f->options.require.count = 0;
    require_one(f, "p99<20ms");
    expect(f, EXIT_BROKE); /* not even then */
    f->options.require.count = 0;
    require_one(f, "p99<30ms");
    expect(f, EXIT_INCONCLUSIVE);
    require_one(f, "refused<=0");
    expect(f, EXIT_BROKE);
}

/* 100 of 5,000 answers lay in their sockets while we stood still for 2.5 s. */
static void a_pause_explains_what_it_made_and_no_more(void **state) {
    struct fixture *f = *state;
    struct tally *total = &f->record.total;
    struct tally_correction *correction = &total->corrections[DISTRIBUTION_LATENCY];
    histogram_clear(&total->latency);
    for (int i = 0; i < 5000; i++) {
        bool paused = i < 100;
        histogram_add(&total->latency, paused ? 2480 * MILLISECOND : 40 * MILLISECOND);
        if (paused) {
            histogram_add(&correction->measured, 2480 * MILLISECOND);
            histogram_add(&correction->without, 30 * MILLISECOND);
        }
    }
    for (int i = 0; i < 1000; i++)
        histogram_add(&total->lag, 100 * MICROSECOND);
    histogram_add(&total->lag, 2500 * MILLISECOND);
    static const struct {
        const char *rule;
        int exit_code;
    } cases[] = {{"p99<200ms", EXIT_INCONCLUSIVE}, {"max<200ms", EXIT_INCONCLUSIVE},
                 {"mean<60ms", EXIT_INCONCLUSIVE}, {"p50<30ms", EXIT_BROKE},
                 {"p99<35ms", EXIT_BROKE},         {"mean<20ms", EXIT_BROKE},
                 {"max<39ms", EXIT_BROKE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f->options.require.count = 0;
        require_one(f, cases[i].rule);
        expect(f, cases[i].exit_code);
    }
}

/* Of a run of 4 s we stood still for 2.5 s: the moment in its middle is one of the pause. */
static void a_pause_of_most_of_the_run_explains_what_it_made_and_no_more(void **state) {
    struct fixture *f = *state;
    struct tally *total = &f->record.total;
    struct tally_correction *correction = &total->corrections[DISTRIBUTION_LATENCY];
    histogram_clear(&total->latency);
    for (int i = 0; i < 1000; i++) {
        bool paused = i < 200;
        histogram_add(&total->latency, paused ? 2500 * MILLISECOND : 400 * MILLISECOND);
        if (paused) {
            histogram_add(&correction->measured, 2500 * MILLISECOND);
            histogram_add(&correction->without, 30 * MILLISECOND);
        }
    }
    for (int i = 0; i < 4000; i++)
        histogram_add(&total->lag, i < 2500 ? i * MILLISECOND : 100 * MICROSECOND);
    static const struct {
        const char *rule;
        int exit_code;
    } cases[] = {{"p99<1s", EXIT_INCONCLUSIVE},
                 {"max<450ms", EXIT_INCONCLUSIVE},
                 {"p50<100ms", EXIT_BROKE},
                 {"p99<100ms", EXIT_BROKE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f->options.require.count = 0;
        require_one(f, cases[i].rule);
        expect(f, cases[i].exit_code);
    }
}

static void a_rate_and_a_ramp_are_not_blamed_for_our_pause(void **state) {
    struct fixture *f = *state;
    struct tally_counts *counts = &f->record.total.counts;
    f->record.hold_seconds = 10;
    f->record.per_second_mean = 75;
    f->plan.workers = 2;
    counts->pauses_ns = (uint64_t)(5 * SECOND); /* 2.5 s of both */
    require_one(f, "rate>=100");
    expect(f, EXIT_INCONCLUSIVE);
    counts->pauses_ns = (uint64_t)(4 * SECOND);
    expect(f, EXIT_BROKE);
    f->options.require.count = 0;
    f->record.ramp_seconds = 3;
    counts->ramp_late_ns = (uint64_t)(2500 * MILLISECOND);
    require_one(f, "ramp<=1s");
    expect(f, EXIT_INCONCLUSIVE);
    counts->ramp_late_ns = (uint64_t)(1500 * MILLISECOND);
    expect(f, EXIT_BROKE);
}

static void too_low_a_latency_is_never_our_lateness(void **state) {
    struct fixture *f = *state;
    require_one(f, "p99>1s");
    histogram_add(&f->record.total.lag, SECOND);
    expect(f, EXIT_BROKE);
}

static void deadlines_passed_while_we_were_late_are_inconclusive(void **state) {
    struct fixture *f = *state;
    struct tally_counts *counts = &f->record.total.counts;
    memset(counts->outcomes, 0, sizeof counts->outcomes);
    counts->outcomes[OUTCOME_response_timeout] = 4;
    counts->outcomes[OUTCOME_connect_timeout] = 5;
    counts->lost = 4;
    counts->requests_lost = 0;
    counts->answered = 996;
    counts->timed_out_late = 4;
    counts->connects_late = 5;
    static const char *const rules[] = {
        "timed_out<=0", "response_timeout<=0", "connect_timeout<=0", "answered>=100%", "lost<=0",
        "errored<=0",   "live>=100%",          "live_min>=100%",     "opened>=100%"};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        f->options.require.count = 0;
        require_one(f, rules[i]);
        expect(f, EXIT_INCONCLUSIVE);
        counts->timed_out_late = counts->connects_late = 0;
        expect(f, EXIT_BROKE);
        counts->timed_out_late = 3; /* one of each is not ours */
        counts->connects_late = 4;
        expect(f, EXIT_BROKE);
        counts->timed_out_late = 4;
        counts->connects_late = 5;
    }
}

static void more_than_lateness_cost_is_not_excused_by_it(void **state) {
    struct fixture *f = *state;
    struct tally_counts *counts = &f->record.total.counts;
    memset(counts->outcomes, 0, sizeof counts->outcomes);
    counts->opened = counts->live = 10000;
    counts->sent = counts->answered = 1000;
    counts->timed_out = counts->lost = counts->requests_lost = 0;
    static const char *const beyond[] = {"live>=101%", "live>=20k",      "opened>=101%",
                                         "opened>10k", "answered>=101%", "answered>=2k"};
    for (int late = 0; late < 2; late++) {
        for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
            f->options.require.count = 0;
            require_one(f, beyond[i]);
            expect(f, EXIT_BROKE);
        }
        counts->outcomes[OUTCOME_response_timeout] = 4;
        counts->outcomes[OUTCOME_connect_timeout] = counts->connects_late = 5;
        counts->lost = counts->timed_out = counts->timed_out_late = 4;
        counts->opened -= 5;
        counts->live -= 9;
        counts->answered -= 4;
    }
}

/* 999 to 1000 of 1000 (998 to 1000 a second): only what holds at both ends holds. */
static void a_rule_on_a_band_is_judged_at_both_ends(void **state) {
    struct fixture *f = *state;
    struct server_view *server = &f->record.server;
    server->requests = server->client_sent = 1000;
    server->requests_unsure = 1;
    server->hold_measured = true;
    server->per_second_mean = 1000;
    server->per_second_mean_min = 998;
    static const struct {
        const char *rule;
        enum rule_result result;
    } table[] = {
        {"server_ratio>=99.9%", RULE_OK},
        {"server_ratio>=100%", RULE_NOT_JUDGED},
        {"server_ratio>100%", RULE_BROKEN},
        {"server_ratio==1", RULE_NOT_JUDGED},
        {"server_ratio==0.9995", RULE_NOT_JUDGED},
        {"server_ratio<0.5", RULE_BROKEN},
        {"server_requests<=1000", RULE_OK},
        {"server_requests<1000", RULE_NOT_JUDGED},
        {"server_rate>=998", RULE_OK},
        {"server_rate>=999", RULE_NOT_JUDGED},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (judged(f, table[i].rule).result != table[i].result)
            fail_msg("%s", table[i].rule);
    server->restarts = 1; /* no upper end */
    assert_int_equal(judged(f, "server_ratio>=2").result, RULE_NOT_JUDGED);
    assert_int_equal(judged(f, "server_ratio<0.5").result, RULE_BROKEN);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_operator_judges_as_it_reads),
        TEST(every_metric_is_measured_where_the_report_has_it),
        TEST(only_what_can_never_come_right_is_infeasible),
        TEST(a_ramp_that_a_rule_ended_breaks_that_rule_alone),
        TEST(a_ramp_that_takes_too_long_is_infeasible_while_it_lasts),
        TEST(every_name_has_its_metric_and_only_one),
        TEST(values_are_read_in_every_unit),
        TEST(a_refusal_names_the_column_and_what_is_accepted),
        TEST(what_was_not_measured_breaks_every_operator),
        TEST(a_share_is_exactly_the_decimal_that_it_is),
        TEST(rules_that_were_asked_for_stand_in_place_of_the_defaults),
        TEST(a_measured_value_is_rounded_unless_that_hides_that_it_is_not_the_bound),
        TEST(a_ramp_cut_short_is_not_judged_and_the_rest_is),
        TEST(latencies_that_hold_our_own_lateness_are_inconclusive),
        TEST(a_pause_explains_what_it_made_and_no_more),
        TEST(a_pause_of_most_of_the_run_explains_what_it_made_and_no_more),
        TEST(a_rate_and_a_ramp_are_not_blamed_for_our_pause),
        TEST(too_low_a_latency_is_never_our_lateness),
        TEST(deadlines_passed_while_we_were_late_are_inconclusive),
        TEST(more_than_lateness_cost_is_not_excused_by_it),
        TEST(a_rule_on_a_band_is_judged_at_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
