/* Comparing two runs: what is worse, what is better, what luck is allowed, and what cannot be told.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "judge/verdict/compare.h"
#include "options/options.h"

/* Two runs of 10 000 connections that are the same; each test spoils B. */
struct compared_side {
    struct options options;
    struct plan plan;
    struct record record;
    struct judgement judgement;
};

struct fixture {
    struct compared_side a, b;
    struct compare_tolerances tolerances;
    struct compare_result comparison;
};

static void fill(struct compared_side *side) {
    char *arguments[] = {"run", "-c", "10k", "--", "http://127.0.0.1:8080/"}, error[1024];
    struct host host = {0};
    assert_int_equal(options_parse(&side->options, COMMAND_RUN, 5, arguments, error), OPTIONS_OK);
    assert_true(plan_make(&side->plan, &side->options, &host, error));
    struct record *record = &side->record;
    record->hold_seconds = 60;
    record->live_min = record->live_peak = 10000;
    record->live_min_measured = true;
    record->per_second_mean = 640;
    record->pss_bytes_max = 60 << 20;
    record->total.counts = (struct tally_counts){
        .attempted = 10000, .opened = 10000, .live = 10000, .sent = 38400, .answered = 38400};
    record->saved = true;
    record->figures[DISTRIBUTION_LATENCY] =
        (struct figures){38400, 0.05, 0.051, 0.001, 0.05, 0.051, 0.052, 0.053, 0.054, 0.06};
    record->figures[DISTRIBUTION_LAG].count = 1;
    record->figures[DISTRIBUTION_LAG].p50 = 1e-4;
    record->figures[DISTRIBUTION_LAG].p99 = 5e-4;
    record->figures[DISTRIBUTION_LAG].max = 2e-3;
    side->judgement.verdict = VERDICT_HELD;
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    fill(&f->a);
    fill(&f->b);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    options_free(&f->a.options);
    options_free(&f->b.options);
    free(f);
    return 0;
}

static void compare(struct fixture *f) {
    struct compare_side a = {&f->a.plan, &f->a.record, &f->a.judgement};
    struct compare_side b = {&f->b.plan, &f->b.record, &f->b.judgement};
    judge_compare(&f->comparison, &a, &b, &f->tolerances);
}

static const struct compare_row *row_of(struct fixture *f, const char *name) {
    for (size_t i = 0; i < f->comparison.count; i++)
        if (strcmp(f->comparison.rows[i].rule.metric.name, name) == 0)
            return &f->comparison.rows[i];
    fail_msg("no row \"%s\"", name);
    return NULL;
}

static void expect(struct fixture *f, enum compare_verdict result, const char *name) {
    compare(f);
    assert_int_equal(f->comparison.result, result);
    assert_int_equal(row_of(f, name)->verdict, result);
}

static void lose(struct compared_side *side, uint64_t count) {
    struct tally_counts *counts = &side->record.total.counts;
    counts->lost = count;
    counts->live = counts->opened - count;
    counts->outcomes[OUTCOME_reset_idle] = count;
    side->record.live_min = counts->live;
}

static void tolerate(struct fixture *f, const char *text) {
    char error[PLAN_ERROR_MAX];
    if (!compare_tolerance_parse(&f->tolerances, text, (struct refuse_buffer){error, sizeof error}))
        fail_msg("%s", error);
}

static void the_same_run_is_the_same(void **state) {
    struct fixture *f = *state;
    compare(f);
    assert_int_equal(f->comparison.exit_code, EXIT_HELD);
    for (size_t i = 0; i < f->comparison.count; i++)
        assert_int_equal(f->comparison.rows[i].verdict, COMPARE_SAME);
    assert_true(f->comparison.count > 15);
}

static void one_percent_lost_is_worse(void **state) {
    struct fixture *f = *state;
    lose(&f->b, 100);
    expect(f, COMPARE_WORSE, "lost");
    assert_int_equal(f->comparison.exit_code, EXIT_BROKE);
    assert_int_equal(row_of(f, "reset_idle")->verdict, COMPARE_WORSE);
    assert_int_equal(row_of(f, "survival")->verdict, COMPARE_NOT); /* no curve in B */
}

static void as_many_lost_in_both_are_the_same(void **state) {
    struct fixture *f = *state;
    lose(&f->a, 500);
    lose(&f->b, 570); /* within three deviations of 5 % */
    expect(f, COMPARE_SAME, "lost");
    lose(&f->b, 700);
    expect(f, COMPARE_WORSE, "lost");
    lose(&f->b, 300);
    expect(f, COMPARE_BETTER, "lost");
    assert_int_equal(f->comparison.exit_code, EXIT_HELD);
}

static void a_fifth_more_latency_is_worse(void **state) {
    struct fixture *f = *state;
    double *p99 = &f->b.record.figures[DISTRIBUTION_LATENCY].p99;
    *p99 = 0.053 * 1.2;
    expect(f, COMPARE_WORSE, "p99");
    *p99 = 0.053 * 1.09;
    expect(f, COMPARE_SAME, "p99");
    *p99 = 0.053 * 0.8;
    expect(f, COMPARE_BETTER, "p99");
    f->a.record.figures[DISTRIBUTION_LATENCY].p99 = 0.001; /* of little, 2 ms */
    *p99 = 0.0029;
    expect(f, COMPARE_SAME, "p99");
    *p99 = 0.0031;
    expect(f, COMPARE_WORSE, "p99");
}

static void our_own_lateness_is_never_the_servers(void **state) {
    struct fixture *f = *state;
    f->b.record.figures[DISTRIBUTION_LATENCY].p99 = 0.0636;
    f->b.record.figures[DISTRIBUTION_LAG].p99 = 0.006;
    f->b.record.figures[DISTRIBUTION_LAG].max = 0.05;
    expect(f, COMPARE_SAME, "p99"); /* twice the lateness is as much */
    f->b.record.figures[DISTRIBUTION_LATENCY].p99 = 0.09;
    compare(f);
    assert_int_equal(row_of(f, "p99")->verdict, COMPARE_NOT);
    assert_string_equal(row_of(f, "p99")->why, "we were late ourselves");
    f->b.record.figures[DISTRIBUTION_LATENCY].p99 = 0.4;
    expect(f, COMPARE_WORSE, "p99");
    /* where A was the later one, it explains nothing */
    f->a.record.figures[DISTRIBUTION_LAG] = f->b.record.figures[DISTRIBUTION_LAG];
    f->b.record.figures[DISTRIBUTION_LAG].p99 = 5e-4;
    f->b.record.figures[DISTRIBUTION_LATENCY].p99 = 0.0636;
    expect(f, COMPARE_WORSE, "p99");
}

static void a_starved_machine_says_nothing_of_times_and_rates(void **state) {
    struct fixture *f = *state;
    f->b.record.figures[DISTRIBUTION_LAG].p99 = 0.05;
    f->b.record.figures[DISTRIBUTION_LAG].max = 0.05;
    f->b.record.figures[DISTRIBUTION_LATENCY].p50 = 0.08;
    f->b.record.per_second_mean = 300;
    compare(f);
    assert_int_equal(f->comparison.result, COMPARE_SAME);
    assert_string_equal(row_of(f, "p50")->why, "we were late ourselves");
    assert_string_equal(row_of(f, "rate")->why, "we were late ourselves");
    lose(&f->b, 100);
    expect(f, COMPARE_WORSE, "lost");
}

static void a_percentile_of_too_few_says_nothing(void **state) {
    struct fixture *f = *state;
    f->b.record.figures[DISTRIBUTION_LATENCY].count = 1000;
    f->b.record.figures[DISTRIBUTION_LATENCY].p999 = 1;
    compare(f);
    assert_string_equal(row_of(f, "p999")->why, "too few values");
    assert_int_equal(row_of(f, "p99")->verdict, COMPARE_SAME);
}

static void what_one_did_not_measure_is_not_comparable(void **state) {
    struct fixture *f = *state;
    f->b.record.live_min_measured = false;
    compare(f);
    assert_int_equal(f->comparison.exit_code, EXIT_HELD);
    assert_string_equal(row_of(f, "live_min")->why, "not measured in B");
}

static void an_inconclusive_run_is_not_compared(void **state) {
    struct fixture *f = *state;
    f->b.judgement.verdict = VERDICT_INCONCLUSIVE;
    lose(&f->b, 5000);
    expect(f, COMPARE_NOT, "lost");
    assert_int_equal(f->comparison.exit_code, EXIT_INCONCLUSIVE);
    assert_string_equal(f->comparison.reasons[0], "B is inconclusive");
}

static void another_plan_is_not_compared_and_the_option_named(void **state) {
    struct fixture *f = *state;
    f->b.options.connections = f->b.plan.connections = 20000;
    f->b.options.timeout = 5 * SECOND;
    compare(f);
    assert_int_equal(f->comparison.exit_code, EXIT_INCONCLUSIVE);
    assert_int_equal(f->comparison.reason_count, 2);
    assert_string_equal(f->comparison.reasons[0],
                        "the plans differ: --connections is 10000 in A and 20000 in B");
    assert_string_equal(f->comparison.reasons[1],
                        "the plans differ: --timeout is 3s in A and 5s in B");
}

static void a_tolerance_is_taken_at_its_word(void **state) {
    struct fixture *f = *state;
    lose(&f->b, 100);
    f->b.record.figures[DISTRIBUTION_LATENCY].p99 = 0.0636;
    static const char *const texts[] = {"lost=2%",       "errored=2%",  "live=150", "live_min=1%",
                                        "reset_idle=1%", "p99=20%,1ms", "sent=0",   "survival=any"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        tolerate(f, texts[i]);
    expect(f, COMPARE_SAME, "lost");
    assert_int_equal(row_of(f, "sent")->verdict, COMPARE_SAME);
    f->b.record.total.counts.sent++;
    f->b.record.total.counts.answered++;
    expect(f, COMPARE_WORSE, "sent"); /* neither way is better */
}

static void a_tolerance_that_is_none_says_what_is_accepted(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } table[] = {
        {"p99", "METRIC=VALUE is accepted"},
        {"p98=5%", "did you mean"},
        {"nonsense=5%", "docs/rules.md, survival and rules_broken"},
        {"p99=5", "\"5\" has no unit: a time needs one, \"p99=5ms\" is accepted"},
        {"p99=20%,5", "\"p99=20%,5ms\" is accepted, or \"p99=20%,5s\" for seconds"},
        {"p99=0", NULL},
        {"p99=", "\"\" is no tolerance of p99: percent of A's value"},
        {"p99=5ms,5ms", "is no tolerance of p99"},
        {"p99=x", "a duration is accepted"},
        {"lost=1%,5", "is no tolerance of lost: a count or a percentage of attempted"},
        {"lost=-1%", "is no tolerance of lost"},
        {"lost=nan%", "is no tolerance of lost"},
        {"rate=5%,10", NULL},
        {"rate=any", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct compare_tolerances tolerances = {0};
        char error[PLAN_ERROR_MAX] = "";
        bool read = compare_tolerance_parse(&tolerances, table[i].text,
                                            (struct refuse_buffer){error, sizeof error});
        if (read != (table[i].error == NULL) || (!read && !strstr(error, table[i].error)))
            fail_msg("%s: %s", table[i].text, error);
    }
}

/* The same figures, and a rule that B breaks by a hair: it is no longer what A was. */
static void what_broke_and_did_not_before_is_worse(void **state) {
    struct fixture *f = *state;
    f->b.judgement.verdict = VERDICT_BROKE;
    f->b.judgement.requirement_count = 1;
    f->b.judgement.requirements[0].result = RULE_BROKEN;
    expect(f, COMPARE_WORSE, "rules_broken");
    assert_true(f->comparison.broke);
    assert_int_equal(f->comparison.exit_code, EXIT_BROKE);
    f->a.judgement = f->b.judgement;
    expect(f, COMPARE_SAME, "rules_broken");
    assert_false(f->comparison.broke);
    f->b.judgement.verdict = VERDICT_HELD;
    expect(f, COMPARE_BETTER, "rules_broken");
}

/* Latencies that may all be our own: what is left is no evidence that they are the same. */
static void runs_of_which_most_may_be_our_own_lateness_are_not_comparable(void **state) {
    struct fixture *f = *state;
    struct figures *latency = &f->b.record.figures[DISTRIBUTION_LATENCY];
    f->b.record.figures[DISTRIBUTION_LAG].p50 = 1;
    f->b.record.figures[DISTRIBUTION_LAG].p99 = 2;
    f->b.record.figures[DISTRIBUTION_LAG].max = 5;
    *latency = (struct figures){38400, 0.05, 3, 0.001, 3, 6, 6, 6, 6, 6};
    f->b.record.per_second_mean = 300;
    compare(f);
    size_t late = 0;
    for (size_t i = 0; i < f->comparison.count; i++)
        late += f->comparison.rows[i].verdict == COMPARE_NOT;
    assert_true(late >= 6);
    bool most = 2 * late >= f->comparison.count;
    assert_int_equal(f->comparison.result, most ? COMPARE_NOT : COMPARE_SAME);
    assert_int_equal(f->comparison.exit_code, most ? EXIT_INCONCLUSIVE : EXIT_HELD);
}

static void a_preflight_is_compared_with_nothing(void **state) {
    struct fixture *f = *state;
    struct compare_side a = {&f->a.plan, NULL, &f->a.judgement};
    struct compare_side b = {&f->b.plan, &f->b.record, &f->b.judgement};
    judge_compare(&f->comparison, &a, &b, &f->tolerances);
    assert_int_equal(f->comparison.result, COMPARE_NOT);
    assert_int_equal(f->comparison.exit_code, EXIT_INCONCLUSIVE);
    assert_string_equal(f->comparison.reasons[0], "A sent no load: it is of a preflight alone");
}

static void every_default_has_its_metric(void **state) {
    (void)state;
    struct rule_metric metric;
    static const char *const names[] = {
#define COMPARE(name, percent, relative, absolute) #name,
#include "judge/verdict/compare.def"
#undef COMPARE
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!compare_metric_find(&metric, names[i]))
            fail_msg("%s", names[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_broke_and_did_not_before_is_worse),
        TEST(runs_of_which_most_may_be_our_own_lateness_are_not_comparable),
        TEST(a_preflight_is_compared_with_nothing),
        TEST(the_same_run_is_the_same),
        TEST(one_percent_lost_is_worse),
        TEST(as_many_lost_in_both_are_the_same),
        TEST(a_fifth_more_latency_is_worse),
        TEST(our_own_lateness_is_never_the_servers),
        TEST(a_starved_machine_says_nothing_of_times_and_rates),
        TEST(a_percentile_of_too_few_says_nothing),
        TEST(what_one_did_not_measure_is_not_comparable),
        TEST(an_inconclusive_run_is_not_compared),
        TEST(another_plan_is_not_compared_and_the_option_named),
        TEST(a_tolerance_is_taken_at_its_word),
        TEST(a_tolerance_that_is_none_says_what_is_accepted),
        TEST(every_default_has_its_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
