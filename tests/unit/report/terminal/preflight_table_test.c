/* The preflight table, line by line; its last line has the verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options/options.h"
#include "report/fixture.h"
#include "report/terminal/preflight_table.h"

static const char *table_of(struct fixture *fixture, bool quiet, bool color) {
    FILE *out = fixture_stream(fixture);
    preflight_table_print(out, (struct style){.color = color}, &fixture->plan,
                          &fixture->judgement.findings, quiet);
    fclose(out);
    return fixture->text;
}

static void find_all(struct findings *findings) {
    findings_add(findings, FINDING_io_uring, FINDING_OK, "kernel 6.1, not disabled");
    struct finding *ports =
        findings_add(findings, FINDING_source_ports, FINDING_FAIL, "asked 100; have 10");
    finding_do(ports, "sysctl -w x=1");
    finding_do(ports, "sysctl -w y=2");
    finding_do(ports, "sysctl -w z=3");
    findings_add(findings, FINDING_memory, FINDING_UNKNOWN, "could not tell");
    findings_add(findings, FINDING_keepalive_time, FINDING_WARN, "1h");
    findings_add(findings, FINDING_keep_alive, FINDING_SKIPPED, "not asked");
}

static void each_finding_is_a_line_with_its_remedies_under_it(void **state) {
    struct fixture *fixture = *state;
    fixture->options.command = COMMAND_CHECK;
    find_all(&fixture->judgement.findings);
    assert_string_equal(table_of(fixture, false, false),
                        "preflight: 100 connections to 127.0.0.1:8080\n"
                        "  ok    io_uring           kernel 6.1, not disabled\n"
                        "  FAIL  source ports       asked 100; have 10\n"
                        "          do     sysctl -w x=1\n"
                        "          or     sysctl -w y=2\n"
                        "          or     sysctl -w z=3\n"
                        "  ?     memory             could not tell\n"
                        "  warn  keepalive_time     1h\n"
                        "  skip  keep-alive         not asked\n"
                        "1 problem.\n");
}

/* What asks nothing of the reader is counted; check has it. */
static void a_run_counts_what_is_well_and_shows_the_rest(void **state) {
    struct fixture *fixture = *state;
    find_all(&fixture->judgement.findings);
    assert_string_equal(table_of(fixture, false, false),
                        "preflight: 100 connections to 127.0.0.1:8080: 1 check ok, 1 unknown, 1 "
                        "skipped\n"
                        "  FAIL  source ports       asked 100; have 10\n"
                        "          do     sysctl -w x=1\n"
                        "          or     sysctl -w y=2\n"
                        "          or     sysctl -w z=3\n"
                        "  warn  keepalive_time     1h\n"
                        "1 problem; nothing was started.\n");
}

static void quiet_shows_only_warn_and_fail(void **state) {
    struct fixture *fixture = *state;
    find_all(&fixture->judgement.findings);
    assert_string_equal(table_of(fixture, true, false),
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
    findings_add(&fixture->judgement.findings, FINDING_io_uring, FINDING_OK, "fine");
    assert_string_equal(table_of(fixture, true, false), "");
}

static void color_tints_the_mark_and_nothing_else(void **state) {
    struct fixture *fixture = *state;
    findings_add(&fixture->judgement.findings, FINDING_io_uring, FINDING_OK, "fine");
    fixture->options.command = COMMAND_CHECK;
    assert_string_equal(table_of(fixture, false, true),
                        "preflight: 100 connections to 127.0.0.1:8080\n"
                        "  \033[32mok\033[0m    io_uring           fine\n"
                        "the plan fits.\n");
}

static void a_run_that_goes_on_has_no_last_line(void **state) {
    struct fixture *fixture = *state;
    findings_add(&fixture->judgement.findings, FINDING_io_uring, FINDING_OK, "fine");
    assert_string_equal(table_of(fixture, false, false),
                        "preflight: 100 connections to 127.0.0.1:8080: 1 check ok\n");
}

static void check_says_whether_the_plan_fits(void **state) {
    struct fixture *fixture = *state;
    fixture->options.command = COMMAND_CHECK;
    fixture->options.connect_to = "127.0.0.1:9";
    assert_string_equal(table_of(fixture, false, false),
                        "preflight: 100 connections to 127.0.0.1:8080 by way of 127.0.0.1:9\n"
                        "the plan fits.\n");
    findings_add_named(&fixture->judgement.findings, "a", SIDE_TESTER, FINDING_FAIL, "b");
    findings_add_named(&fixture->judgement.findings, "c", SIDE_TESTER, FINDING_FAIL, "d");
    assert_string_equal(table_of(fixture, false, false),
                        "preflight: 100 connections to 127.0.0.1:8080 by way of 127.0.0.1:9\n"
                        "  FAIL  a                  b\n"
                        "  FAIL  c                  d\n"
                        "2 problems.\n");
}

static void a_check_that_was_interrupted_says_of_no_plan_that_it_fits(void **state) {
    struct fixture *fixture = *state;
    fixture->options.command = COMMAND_CHECK;
    findings_add(&fixture->judgement.findings, FINDING_target, FINDING_SKIPPED,
                 "not asked: interrupted");
    assert_string_equal(table_of(fixture, false, false),
                        "preflight: 100 connections to 127.0.0.1:8080\n"
                        "  skip  target             not asked: interrupted\n"
                        "not all was checked.\n");
}

static int begin(void **state) {
    *state = fixture_make_preflight(COMMAND_RUN);
    return 0;
}

/* Nor does the last line take back what stands above it. */
static void a_check_that_warns_names_its_warnings_last(void **state) {
    (void)state;
    struct fixture *fixture = fixture_make_preflight(COMMAND_CHECK);
    struct findings *findings = &fixture->judgement.findings;
    findings_add(findings, FINDING_source_ports, FINDING_WARN, "asked 100; have 10");
    findings_add(findings, FINDING_keep_alive, FINDING_WARN, "too late");
    assert_says(table_of(fixture, true, false),
                "\nthe plan fits, with 2 warnings: source ports, keep-alive.\n");
    findings_add(findings, FINDING_server_connections, FINDING_WARN,
                 "nginx keeps about 958 idle connections");
    assert_says(table_of(fixture, true, false),
                "\nthe plan fits this machine; the server will not hold it: nginx keeps about 958 "
                "idle connections.\n");
    fixture_free(fixture);
}

static void a_long_label_leaves_two_blanks_before_its_text(void **state) {
    struct fixture *fixture = *state;
    struct findings *findings = &fixture->judgement.findings;
    findings_add(findings, FINDING_server_connections, FINDING_WARN, "nginx keeps about 958");
    findings_add(findings, FINDING_backlog, FINDING_WARN, "somaxconn 128");
    assert_says(table_of(fixture, false, false),
                "  warn  server connections  nginx keeps about 958\n");
    assert_says(fixture->text, "  warn  backlog            somaxconn 128\n");
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, begin, fixture_end)
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(a_check_that_warns_names_its_warnings_last),
        EACH(each_finding_is_a_line_with_its_remedies_under_it),
        EACH(a_run_counts_what_is_well_and_shows_the_rest),
        EACH(quiet_shows_only_warn_and_fail),
        EACH(quiet_is_silent_when_all_is_well),
        EACH(color_tints_the_mark_and_nothing_else),
        EACH(a_run_that_goes_on_has_no_last_line),
        EACH(check_says_whether_the_plan_fits),
        EACH(a_check_that_was_interrupted_says_of_no_plan_that_it_fits),
        EACH(a_long_label_leaves_two_blanks_before_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
