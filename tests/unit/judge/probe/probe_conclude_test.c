/* What a probe is told as. */
#include "judge/probe/probe_conclude.h"

#include "base/exit_code.h"
#include "traces.h"

static void fill(struct probe_report *report, const struct record_target *target,
                 const struct traces *traces) {
    memset(report, 0, sizeof *report);
    report->result = traces_judge(traces);
    report->target = target;
    report->bound = 90 * SECOND;
    report->asked = true;
}

static void add_idle(struct traces *traces, double timeout, int32_t announced) {
    for (int i = 0; i < 2; i++)
        traces_end(traces_add(traces, PROBE_IDLE, i, 1, i), timeout + i, PROBE_END_FIN)->timeout_s =
            announced;
}

static void a_timeout_is_advised_as_the_timer_it_is(void **state) {
    (void)state;
    struct probe_value idle = {.status = PROBE_FOUND, .value = 4.996, .low = 4.99, .high = 5.003};
    assert_int_equal(probe_keepalive(&idle, 90 * SECOND), 5 * SECOND);
    idle.by_clock = true;
    assert_int_equal(probe_keepalive(&idle, 90 * SECOND), 4900 * MILLISECOND);
    idle = (struct probe_value){.status = PROBE_JITTERED, .value = 3.27, .low = 3.27, .high = 6};
    assert_int_equal(probe_keepalive(&idle, 90 * SECOND), 3200 * MILLISECOND);
    idle = (struct probe_value){.status = PROBE_AT_LEAST, .value = 90.04, .low = 90.04};
    assert_int_equal(probe_keepalive(&idle, 90 * SECOND), 90 * SECOND);
    idle.status = PROBE_UNKNOWN;
    assert_int_equal(probe_keepalive(&idle, 90 * SECOND), 0);
}

static void a_header_that_differs_is_a_finding(void **state) {
    (void)state;
    static const struct {
        double seen;
        int32_t told;
        const char *words; /* NULL: no finding */
    } cases[] = {{5.01, 5, NULL},
                 {5.01, 4, "closes 1 s earlier than it needs to"},
                 {3.0, 5, "meets closed connections"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record_target target = {.asked = true};
        struct traces traces = {.now = 60};
        struct probe_report *report = calloc(1, sizeof *report);
        add_idle(&traces, cases[i].seen, cases[i].told);
        fill(report, &target, &traces);
        probe_conclude(report);
        const struct finding *finding =
            findings_first(&report->findings, FINDING_announced_timeout);
        assert_int_equal(finding != NULL, cases[i].words != NULL);
        if (finding != NULL)
            assert_non_null(strstr(finding->text, cases[i].words));
        assert_int_equal(report->exit_code, EXIT_HELD);
        free(report);
    }
}

static void the_exit_code_says_whether_the_idle_timeout_is_known(void **state) {
    (void)state;
    struct record_target target = {.asked = true};
    struct traces traces = {.now = 95};
    struct probe_report *report = calloc(1, sizeof *report);
    struct probe_trace *trace = traces_add(&traces, PROBE_IDLE, 0, 2, 90.1);
    trace->gap = traces_ns(90.02);
    fill(report, &target, &traces);
    probe_conclude(report);
    assert_int_equal(report->exit_code, EXIT_HELD);
    trace->gap = traces_ns(60);
    fill(report, &target, &traces);
    probe_conclude(report);
    assert_int_equal(report->exit_code, EXIT_INCONCLUSIVE);
    traces.count = 0;
    fill(report, &target, &traces);
    probe_conclude(report);
    assert_int_equal(report->exit_code, EXIT_INCONCLUSIVE);
    assert_int_equal(report->advice_count, 0);
    free(report);
}

static void a_limit_of_requests_advises_to_reconnect(void **state) {
    (void)state;
    struct record_target target = {.asked = true, .answered = true, .server = "nginx/1.22.1"};
    struct traces traces = {.now = 60};
    struct probe_report *report = calloc(1, sizeof *report);
    add_idle(&traces, 5, -1);
    for (int i = 0; i < 2; i++)
        traces_end(traces_add(&traces, PROBE_FAST, i, 100, 1 + i), 1 + i, PROBE_END_ANNOUNCED);
    traces_add(&traces, PROBE_STEADY, 0, 50, 59);
    fill(report, &target, &traces);
    probe_conclude(report);
    assert_int_equal(report->advice_count, 2);
    assert_string_equal(report->advice[0], "-k 5s");
    assert_string_equal(report->advice[1], "--reconnect backoff=1s..30s");
    assert_string_equal(probe_directive(&target, PROBE_MAX_AGE), "keepalive_time");
    target.server[0] = '\0';
    assert_null(probe_directive(&target, PROBE_MAX_AGE));
    free(report);
}

static void what_could_not_be_opened_is_told_with_how_long_it_was_tried(void **state) {
    (void)state;
    struct record_target target = {.asked = true};
    struct traces traces = {.now = 60};
    for (int begun = 0; begun <= 1; begun++) {
        struct probe_report *report = calloc(1, sizeof *report);
        fill(report, &target, &traces);
        report->facts = (struct probe_facts){.gone = true, .begun = begun == 1, .connections = 3};
        probe_conclude(report);
        const struct finding *finding = findings_first(&report->findings, FINDING_target);
        assert_non_null(finding);
        assert_non_null(strstr(finding->text, begun == 1 ? "for 20 s" : "of 3 that were tried"));
        free(report);
    }
}

static void what_we_gave_up_is_not_called_ended(void **state) {
    (void)state;
    struct record_target target = {.asked = true};
    struct traces traces = {.now = 20};
    struct probe_report *report = calloc(1, sizeof *report);
    for (int i = 0; i < 12; i++) {
        struct probe_trace *trace = traces_add(&traces, PROBE_FAST, i, 1, i);
        traces_end(trace, i + 3, PROBE_END_SILENT);
        trace->outstanding = true;
        trace->asked_at = trace->answered_at;
    }
    fill(report, &target, &traces);
    probe_conclude(report);
    const struct finding *finding = findings_first(&report->findings, FINDING_stray_ends);
    assert_non_null(finding);
    assert_non_null(
        strstr(finding->text, "we gave up 12 connections: a request on each, idle for"));
    assert_null(strstr(finding->text, "ended by none"));
    assert_int_equal(report->result.strays, 0);
    free(report);
}

static void answers_of_an_error_status_are_a_finding(void **state) {
    (void)state;
    struct record_target target = {.asked = true};
    struct traces traces = {.now = 60};
    struct probe_report *report = calloc(1, sizeof *report);
    add_idle(&traces, 5, -1);
    fill(report, &target, &traces);
    probe_conclude(report);
    assert_null(findings_first(&report->findings, FINDING_error_answers));
    fill(report, &target, &traces);
    report->facts = (struct probe_facts){.answers = 40, .errors = 30, .error_status = 429};
    probe_conclude(report);
    const struct finding *finding = findings_first(&report->findings, FINDING_error_answers);
    assert_non_null(finding);
    assert_non_null(strstr(finding->text, "30 of 40 answers"));
    assert_non_null(strstr(finding->text, "429"));
    assert_int_equal(report->exit_code, EXIT_HELD);
    free(report);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timeout_is_advised_as_the_timer_it_is),
        cmocka_unit_test(a_header_that_differs_is_a_finding),
        cmocka_unit_test(the_exit_code_says_whether_the_idle_timeout_is_known),
        cmocka_unit_test(a_limit_of_requests_advises_to_reconnect),
        cmocka_unit_test(answers_of_an_error_status_are_a_finding),
        cmocka_unit_test(what_we_gave_up_is_not_called_ended),
        cmocka_unit_test(what_could_not_be_opened_is_told_with_how_long_it_was_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
