/* The verdict as continuous integration reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/fixture.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(a_broken_rule_is_a_failure),
        WITH_FIXTURE(a_failure_names_its_cause),
        WITH_FIXTURE(only_a_suite_has_skipped_cases),
        WITH_FIXTURE(an_inconclusive_run_is_an_error_and_no_failure),
        WITH_FIXTURE(what_no_rule_says_is_a_case_of_its_own),
        WITH_FIXTURE(a_plan_that_fits_is_a_case_that_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
