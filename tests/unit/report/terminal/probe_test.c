/* What a probe learned, as a terminal shows it, and how far it is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "report/fixture.h"
#include "report/terminal/probe.h"

static const char *value_of(struct fixture *fixture, const struct probe_value *value, bool counts) {
    FILE *out = fixture_stream(fixture);
    report_probe_value(out, value, counts);
    fclose(out);
    return fixture->text;
}

static void each_answer_says_how_sure_it_is(void **state) {
    struct fixture *fixture = *state;
    struct probe_value value = {.status = PROBE_FOUND,
                                .value = 75.0008,
                                .low = 74.97,
                                .high = 75.0013,
                                .agreeing = 5,
                                .period = (double)NAN};
    assert_string_equal(value_of(fixture, &value, false), "75.0 s    found: 5 connections agree");
    value.low = 73;
    assert_says(value_of(fixture, &value, false), "5 connections agree, 73.0 s to 75.0 s");
    value.by_clock = true;
    value.period = 1.001;
    assert_says(value_of(fixture, &value, false), "; looked at now and then, each 1.00 s or more");
    value = (struct probe_value){.status = PROBE_FOUND, .value = 1000, .low = 1000, .high = 1000};
    value.agreeing = 1;
    assert_says(value_of(fixture, &value, true), "1000      found: 1 connection says so");
    value = (struct probe_value){.status = PROBE_AT_LEAST, .value = 90.02};
    assert_string_equal(value_of(fixture, &value, false), "at least 90.0 s");
    value = (struct probe_value){.status = PROBE_JITTERED, .low = 5, .high = 7.5, .agreeing = 4};
    assert_says(value_of(fixture, &value, false), "5.00 s to 7.50 s   scattered: 4 ended");
    value = (struct probe_value){.low = (double)NAN, .high = (double)NAN};
    assert_string_equal(value_of(fixture, &value, false), "not told");
    value = (struct probe_value){.low = 3, .high = 5, .agreeing = 1};
    assert_says(value_of(fixture, &value, false), "not told: one limit lies at 3.00 s to 5.00 s");
}

static void the_sheet_ends_with_what_to_type_next(void **state) {
    struct fixture *fixture = *state;
    struct probe_report *report = calloc(1, sizeof *report);
    struct record_target target = {.asked = true};
    probe_judge(&report->result, &(struct probe_evidence){.count = 0});
    report->target = &target;
    report->asked = report->interrupted = true;
    report->exit_code = EXIT_INCONCLUSIVE;
    report->advice_count = 1;
    snprintf(report->advice[0], sizeof report->advice[0], "-k 5s");
    FILE *out = fixture_stream(fixture);
    report_probe(out, (struct style){0}, &fixture->plan, report, NULL);
    fclose(out);
    assert_says(fixture->text, "NOT TOLD   ");
    assert_says(fixture->text, "  interrupted: this is what was known by then\n");
    assert_says(fixture->text, "  idle timeout    not told\n");
    assert_says(fixture->text, "  next            holdfast run -k 5s http");
    report->asked = false;
    report->exit_code = EXIT_NO_TARGET;
    out = fixture_stream(fixture);
    report_probe(out, (struct style){0}, &fixture->plan, report, "target: connection refused");
    fclose(out);
    assert_says(fixture->text, "NO TARGET   ");
    assert_says(fixture->text, "  target: connection refused\n");
    assert_silent(fixture->text, "idle timeout");
    free(report);
}

static void progress_is_a_line_for_people_and_one_for_programs(void **state) {
    struct fixture *fixture = *state;
    struct probe_result result;
    probe_judge(&result, &(struct probe_evidence){.count = 0});
    result.values[PROBE_REQUESTS].status = PROBE_AT_LEAST;
    result.values[PROBE_REQUESTS].value = 1050;
    const struct probe_facts facts = {.open = 11, .requests = 1100, .elapsed = 12 * SECOND};
    FILE *out = fixture_stream(fixture);
    report_probe_progress(out, &result, &facts, 95 * SECOND);
    fclose(out);
    assert_string_equal(fixture->text, "idle - first - req >=1050 age - 12.0 s of 1m35s");
    out = fixture_stream(fixture);
    report_probe_line(out, &result, &facts);
    fclose(out);
    assert_says(fixture->text, " phase=probe t=12.0 open=11 ");
    assert_says(fixture->text, " idle_timeout=unknown ");
    assert_says(fixture->text, " requests_per_connection=at_least:1050 ");
}

static void a_line_of_progress_fits_a_terminal(void **state) {
    struct fixture *fixture = *state;
    struct probe_result result;
    probe_judge(&result, &(struct probe_evidence){.count = 0});
    for (int i = 0; i < PROBE_QUESTIONS; i++) {
        result.values[i].status = PROBE_AT_LEAST;
        result.values[i].value = i == PROBE_REQUESTS ? 1050 : 86399.96;
    }
    const struct probe_facts facts = {.elapsed = 24 * HOUR + 4 * SECOND};
    FILE *out = fixture_stream(fixture);
    report_probe_progress(out, &result, &facts, 24 * HOUR + 5 * SECOND);
    fclose(out);
    assert_says(fixture->text, "idle >=86400 s first >=86400 s req >=1050 age >=86400 s ");
    assert_true(strlen(fixture->text) <= 79);
}

static const char *next_of(struct fixture *fixture, const char *url) {
    struct probe_report *report = calloc(1, sizeof *report);
    struct record_target target = {.asked = true};
    probe_judge(&report->result, &(struct probe_evidence){.count = 0});
    report->target = &target;
    report->asked = true;
    report->advice_count = 1;
    snprintf(report->advice[0], sizeof report->advice[0], "-k 5s");
    snprintf(fixture->plan.target.url, sizeof fixture->plan.target.url, "%s", url);
    FILE *out = fixture_stream(fixture);
    report_probe(out, (struct style){0}, &fixture->plan, report, NULL);
    fclose(out);
    free(report);
    return strstr(fixture->text, "  next ");
}

static void what_to_type_next_is_a_command_of_a_shell(void **state) {
    struct fixture *fixture = *state;
    assert_says(next_of(fixture, "http://a-b.c:80/d_e"), "-k 5s http://a-b.c:80/d_e\n");
    assert_says(next_of(fixture, "http://a/?b&c"), "-k 5s 'http://a/?b&c'\n");
    assert_says(next_of(fixture, "http://a/it's"), "-k 5s 'http://a/it'\\''s'\n");
    assert_says(next_of(fixture, "http://a/?key=***"), "-k 5s URL\n");
    fixture->options.given.insecure = fixture->options.given.header = true;
    assert_says(next_of(fixture, "https://a/"), "https://a/   # and your -H, --insecure\n");
}

static int begin(void **state) {
    *state = fixture_make_preflight(COMMAND_RUN);
    return 0;
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, begin, fixture_end)
    const struct CMUnitTest tests[] = {
        EACH(each_answer_says_how_sure_it_is),
        EACH(the_sheet_ends_with_what_to_type_next),
        EACH(progress_is_a_line_for_people_and_one_for_programs),
        EACH(a_line_of_progress_fits_a_terminal),
        EACH(what_to_type_next_is_a_command_of_a_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
