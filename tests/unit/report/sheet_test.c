/* The preflight sheet reads as a table, and its last line says what became of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

static const char *sheet(struct fixture *fixture, bool quiet, bool color) {
    FILE *out = fixture_stream(fixture);
    report_sheet(out, (struct style){.color = color}, &fixture->plan, &fixture->judgement.findings,
                 quiet);
    fclose(out);
    return fixture->text;
}

static void find_all(struct findings *findings) {
    findings_add(findings, "io_uring", SIDE_TESTER, FINDING_OK, "kernel 6.1, not disabled");
    struct finding *ports =
        findings_add(findings, "source_ports", SIDE_TESTER, FINDING_FAIL, "asked 100; have 10");
    finding_do(ports, "sysctl -w x=1");
    finding_do(ports, "sysctl -w y=2");
    finding_do(ports, "sysctl -w z=3");
    findings_add(findings, "memory", SIDE_TESTER, FINDING_UNKNOWN, "could not tell");
    findings_add(findings, "keepalive_time", SIDE_SERVER, FINDING_WARN, "1h");
    findings_add(findings, "keep_alive", SIDE_SERVER, FINDING_SKIPPED, "not asked");
}

static void each_finding_is_a_line_with_its_remedies_under_it(void **state) {
    struct fixture *fixture = *state;
    find_all(&fixture->judgement.findings);
    assert_string_equal(sheet(fixture, false, false),
                        "preflight: 100 connections to 127.0.0.1:8080\n"
                        "  ok    io_uring           kernel 6.1, not disabled\n"
                        "  FAIL  source ports       asked 100; have 10\n"
                        "          do     sysctl -w x=1\n"
                        "          or     sysctl -w y=2\n"
                        "          or     sysctl -w z=3\n"
                        "  ?     memory             could not tell\n"
                        "  warn  keepalive_time     1h\n"
                        "  skip  keep-alive         not asked\n"
                        "1 problem; nothing was started.\n");
}

static void quiet_shows_only_warn_and_fail(void **state) {
    struct fixture *fixture = *state;
    find_all(&fixture->judgement.findings);
    assert_string_equal(sheet(fixture, true, false),
                        "preflight: 100 connections to 127.0.0.1:8080\n"
                        "  FAIL  source ports       asked 100; have 10\n"
                        "          do     sysctl -w x=1\n"
                        "          or     sysctl -w y=2\n"
                        "          or     sysctl -w z=3\n"
                        "  warn  keepalive_time     1h\n"
                        "1 problem; nothing was started.\n");
}

static void quiet_is_silent_when_all_is_well(void **state) {
    struct fixture *fixture = *state;
    findings_add(&fixture->judgement.findings, "io_uring", SIDE_TESTER, FINDING_OK, "fine");
    assert_string_equal(sheet(fixture, true, false), "");
}

static void color_tints_the_mark_and_nothing_else(void **state) {
    struct fixture *fixture = *state;
    findings_add(&fixture->judgement.findings, "io_uring", SIDE_TESTER, FINDING_OK, "fine");
    assert_string_equal(sheet(fixture, false, true),
                        "preflight: 100 connections to 127.0.0.1:8080\n"
                        "  \033[32mok  \033[0m  io_uring           fine\n");
}

static void a_run_that_goes_on_has_no_last_line(void **state) {
    struct fixture *fixture = *state;
    findings_add(&fixture->judgement.findings, "io_uring", SIDE_TESTER, FINDING_OK, "fine");
    assert_string_equal(sheet(fixture, false, false),
                        "preflight: 100 connections to 127.0.0.1:8080\n"
                        "  ok    io_uring           fine\n");
}

static void check_says_whether_the_plan_fits(void **state) {
    struct fixture *fixture = *state;
    fixture->plan.command = COMMAND_CHECK;
    fixture->options.connect_to = "127.0.0.1:9";
    assert_string_equal(sheet(fixture, false, false),
                        "preflight: 100 connections to 127.0.0.1:8080 by way of 127.0.0.1:9\n"
                        "the plan fits.\n");
    findings_add(&fixture->judgement.findings, "a", SIDE_TESTER, FINDING_FAIL, "b");
    findings_add(&fixture->judgement.findings, "c", SIDE_TESTER, FINDING_FAIL, "d");
    assert_string_equal(sheet(fixture, false, false),
                        "preflight: 100 connections to 127.0.0.1:8080 by way of 127.0.0.1:9\n"
                        "  FAIL  a                  b\n"
                        "  FAIL  c                  d\n"
                        "2 problems.\n");
}

static int begin(void **state) {
    *state = fixture_make_preflight(COMMAND_RUN);
    return 0;
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, begin, fixture_end)
    const struct CMUnitTest tests[] = {
        EACH(each_finding_is_a_line_with_its_remedies_under_it),
        EACH(quiet_shows_only_warn_and_fail),
        EACH(quiet_is_silent_when_all_is_well),
        EACH(color_tints_the_mark_and_nothing_else),
        EACH(a_run_that_goes_on_has_no_last_line),
        EACH(check_says_whether_the_plan_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
