/* The verdict as continuous integration reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/verdict/capacity.h"
#include "report/fixture.h"
#include "report/junit/junit.h"

static const char *junit_of(struct fixture *fixture, const struct record *record) {
    FILE *out = fixture_stream(fixture);
    assert_int_equal(report_junit(out, &fixture->plan, record, &fixture->judgement), 0);
    fclose(out);
    return fixture->text;
}

static void a_broken_rule_is_a_failure(void **state) {
    struct fixture *fixture = *state;
    fixture->judgement.requirements[1].result = RULE_OK;
    const char *text = junit_of(fixture, &fixture->record);
    assert_says(text,
                "<testsuite name=\"http://127.0.0.1:8080/\" tests=\"2\" failures=\"1\" "
                "errors=\"0\" skipped=\"0\" time=\"61.500\" timestamp=\"2023-11-14T22:13:20\">");
    assert_says(text, "name=\"opened&gt;=100%\" time=\"61.500\">\n"
                      "      <failure message=\"opened 97 %: at least 100 %\" type=\"broke\">"
                      "opened&gt;=100% is broken: 97 %\n"
                      "look at refused: is the server listening on that port?\n</failure>");
    assert_says(text, "name=\"lost&lt;=0\" time=\"61.500\"></testcase>");
    assert_silent(text, "name=\"verdict\" time");
}

/* All that most of those who read it ever see of a run. */
static void a_failure_names_its_cause(void **state) {
    struct fixture *fixture = *state;
    struct finding *finding =
        findings_add(&fixture->judgement.findings, FINDING_short_of_connections, FINDING_WARN,
                     "it ran out of them");
    finding_evidence(finding, "active at most 94 <of> 97");
    finding_do(finding, "raise worker_connections");
    const char *text = junit_of(fixture, &fixture->record);
    assert_says(text, "is broken: 97 %\n"
                      "server: short_of_connections: active at most 94 &lt;of&gt; 97\n"
                      "look at short_of_connections: it ran out of them; raise worker_connections\n"
                      "</failure>");
}

/* Of testsuites Jenkins' schema knows no skipped. */
static void only_a_suite_has_skipped_cases(void **state) {
    struct fixture *fixture = *state;
    const char *text = junit_of(fixture, &fixture->record), *end = strstr(text, "<testsuite ");
    assert_non_null(end);
    const char *first = strstr(text, "skipped=");
    assert_true(first > end);
}

static void an_inconclusive_run_is_an_error_and_no_failure(void **state) {
    struct fixture *fixture = *state;
    fixture->judgement.verdict = VERDICT_INCONCLUSIVE;
    fixture->judgement.requirements[0].result = RULE_NOT_JUDGED;
    const char *text = junit_of(fixture, &fixture->record);
    assert_says(text, "tests=\"2\" failures=\"0\" errors=\"1\" skipped=\"1\"");
    assert_says(text, "<skipped message=\"not judged: the run was cut short\"></skipped>");
    assert_says(text, "<error message=\"lost 3: at most 0\" type=\"inconclusive\">");
}

static void what_no_rule_says_is_a_case_of_its_own(void **state) {
    struct fixture *fixture = *state;
    fixture->judgement.verdict = VERDICT_UNFIT;
    fixture->judgement.requirement_count = 0;
    snprintf(fixture->judgement.reasons[0], sizeof fixture->judgement.reasons[0], "<ports> & \x1b");
    const char *text = junit_of(fixture, NULL);
    assert_says(text, "tests=\"1\" failures=\"0\" errors=\"1\"");
    assert_says(text, "name=\"verdict\" time=\"0.000\">\n"
                      "      <error message=\"&lt;ports&gt; &amp; \xef\xbf\xbd\" type=\"unfit\">");
}

static void a_plan_that_fits_is_a_case_that_passed(void **state) {
    struct fixture *fixture = *state;
    fixture->judgement.verdict = VERDICT_HELD;
    fixture->judgement.requirement_count = 0;
    assert_says(junit_of(fixture, NULL), "name=\"verdict\" time=\"0.000\"></testcase>");
}

static void the_summary_stands_behind_the_cases(void **state) {
    struct fixture *fixture = *state;
    fixture->options.label = "]]> & \x1b";
    const char *text = junit_of(fixture, &fixture->record);
    const char *last = strstr(text, "name=\"lost&lt;=0\"");
    assert_non_null(last);
    assert_says(last,
                "    <system-out>BROKE   100 connections for 1m00s on http://127.0.0.1:8080/\n");
    assert_says(last, "  ✗ opened              97 %       at least 100 %         97 of 100\n");
    assert_says(last, "</system-out>\n  </testsuite>\n</testsuites>\n");
    assert_null(strchr(text, '\x1b'));
}

/* --- a search --- */

static struct capacity_step steps[] = {
    {.connections = 100, .result = CAPACITY_HELD, .ran = true, .opened = 100, .live = 100},
    {.connections = 200,
     .result = CAPACITY_BROKE,
     .ran = true,
     .opened = 200,
     .live = 120,
     .lost = 80,
     .cause = {.known = true, .side = SIDE_SERVER, .code = "closed_idle", .text = "80 <of> 200"}}};

static const char *search_of(struct fixture *fixture, struct capacity *capacity, int exit_code) {
    *capacity = (struct capacity){.count = 2,
                                  .steps = steps,
                                  .hold = 5 * SECOND,
                                  .answer = exit_code == EXIT_BROKE ? 0 : 100,
                                  .at_least = exit_code == EXIT_INCONCLUSIVE,
                                  .broke = &steps[1],
                                  .cause = steps[1].cause};
    fixture->judgement.capacity = capacity;
    fixture->judgement.exit_code = exit_code;
    return junit_of(fixture, &fixture->record);
}

static void a_search_is_one_case_and_its_answer_a_property(void **state) {
    struct fixture *fixture = *state;
    struct capacity capacity;
    const char *text = search_of(fixture, &capacity, EXIT_HELD);
    assert_says(text, "tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" timestamp=");
    assert_says(text, "<testcase classname=\"holdfast.capacity\" name=\"capacity\"></testcase>");
    assert_says(text, "<property name=\"capacity\" value=\"100\"/>");
    assert_says(text, "<property name=\"capacity_at_least\" value=\"false\"/>");
    assert_says(text, "<system-out>CAPACITY   100 connections, held for 5.00 s, on ");
    assert_says(text, "         200  broke         200         120        80");
}

static void a_search_without_an_answer_fails_and_one_of_our_own_limit_is_an_error(void **state) {
    struct fixture *fixture = *state;
    struct capacity capacity;
    const char *text = search_of(fixture, &capacity, EXIT_BROKE);
    assert_says(text, "<failure message=\"NONE HELD: 200 connections\" type=\"broke\">limit: the "
                      "server, at 200 connections: closed_idle\nevidence: 80 &lt;of&gt; 200\n");
    text = search_of(fixture, &capacity, EXIT_INCONCLUSIVE);
    assert_says(text, "errors=\"1\"");
    assert_says(text, "<error message=\"AT LEAST: 100 connections\"");
}

/* --- a comparison --- */

static const char *compared(struct fixture *a, struct fixture *b,
                            struct compare_result *comparison) {
    static const struct compare_tolerances defaults;
    struct report_comparison_side of_a = {"a.json", {&a->plan, &a->record, &a->judgement}};
    struct report_comparison_side of_b = {"b.json", {&b->plan, &b->record, &b->judgement}};
    judge_compare(comparison, &of_a.run, &of_b.run, &defaults);
    FILE *out = fixture_stream(b);
    assert_int_equal(report_comparison_junit(out, comparison, &of_a, &of_b), 0);
    fclose(out);
    return b->text;
}

static void of_a_comparison_each_quantity_is_a_case(void **state) {
    struct fixture *a = *state, *b = fixture_make(COMMAND_RUN);
    struct compare_result *comparison = calloc(1, sizeof *comparison);
    b->record.total.counts.lost = 23;
    const char *text = compared(a, b, comparison);
    assert_says(text, "name=\"http://127.0.0.1:8080/\" tests=\"");
    assert_says(text, "failures=\"1\" errors=\"0\" skipped=\"");
    assert_says(text, "<property name=\"result\" value=\"worse\"/>");
    assert_says(text, "<testcase classname=\"holdfast.compare\" name=\"opened\"></testcase>");
    assert_says(text, "name=\"lost\">\n      <failure message=\"3 % in A, 23 % in B: +20 points, "
                      "tolerated ");
    assert_says(text, "name=\"p999\">\n      <skipped message=\"not comparable: too few "
                      "values\"></skipped>");
    assert_says(text, "<system-out>WORSE   lost");
    b->judgement.verdict = VERDICT_INCONCLUSIVE;
    text = compared(a, b, comparison);
    assert_says(text, "failures=\"0\" errors=\"1\"");
    assert_says(text, "name=\"comparison\">\n      <error message=\"B is inconclusive");
    free(comparison);
    fixture_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(a_broken_rule_is_a_failure),
        WITH_FIXTURE(a_failure_names_its_cause),
        WITH_FIXTURE(only_a_suite_has_skipped_cases),
        WITH_FIXTURE(an_inconclusive_run_is_an_error_and_no_failure),
        WITH_FIXTURE(what_no_rule_says_is_a_case_of_its_own),
        WITH_FIXTURE(a_plan_that_fits_is_a_case_that_passed),
        WITH_FIXTURE(the_summary_stands_behind_the_cases),
        WITH_FIXTURE(a_search_is_one_case_and_its_answer_a_property),
        WITH_FIXTURE(a_search_without_an_answer_fails_and_one_of_our_own_limit_is_an_error),
        WITH_FIXTURE(of_a_comparison_each_quantity_is_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
