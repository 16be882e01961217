/* Report files: which of them can be opened together, and what stands where they were asked for. */
#include "command/outputs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "captured.h"

static char folder[64], first[128], second[128];
static struct captured err;
static struct outputs outputs;

static int set_up(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/outputs_test.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(first, sizeof first, "%s/first", folder);
    snprintf(second, sizeof second, "%s/second", folder);
    outputs = (struct outputs){.program_name = "holdfast"};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    outputs_discard(&outputs);
    unlink(first);
    unlink(second);
    assert_int_equal(rmdir(folder), 0); /* nothing is left beside them */
    return 0;
}

static bool opens(void) {
    capture(&err, stderr);
    bool opened = outputs_open(&outputs);
    release(&err);
    return opened;
}

static void a_run_without_report_files_opens_none(void **state) {
    (void)state;
    assert_true(opens());
    assert_string_equal(err.text, "");
}

static void two_reports_open_at_two_places(void **state) {
    (void)state;
    outputs.paths[OUTPUT_JSON] = first;
    outputs.paths[OUTPUT_HTML] = second;
    assert_true(opens());
    assert_true(outputs.open[OUTPUT_JSON] && outputs.open[OUTPUT_HTML]);
}

static void two_reports_at_one_place_are_refused(void **state) {
    (void)state;
    outputs.paths[OUTPUT_JSON] = outputs.paths[OUTPUT_HTML] = first;
    assert_false(opens());
    assert_non_null(strstr(err.text, first));
}

static void two_reports_on_standard_output_are_refused(void **state) {
    (void)state;
    outputs.paths[OUTPUT_JSON] = outputs.paths[OUTPUT_HTML] = "-";
    assert_true(outputs_to_stdout(&outputs));
    assert_false(opens());
}

static void a_report_in_no_folder_is_refused(void **state) {
    (void)state;
    outputs.paths[OUTPUT_JUNIT] = "/nonexistent/report.xml";
    assert_false(opens());
    assert_non_null(strstr(err.text, "holdfast: --junit: cannot write to"));
}

static void a_report_over_a_file_that_is_read_is_refused(void **state) {
    const char *input = first;
    (void)state;
    close(open(first, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    outputs.paths[OUTPUT_JSON] = first;
    outputs.inputs = &input;
    outputs.input_count = 1;
    assert_false(opens());
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_run_without_report_files_opens_none),
        TEST(two_reports_open_at_two_places),
        TEST(two_reports_at_one_place_are_refused),
        TEST(two_reports_on_standard_output_are_refused),
        TEST(a_report_in_no_folder_is_refused),
        TEST(a_report_over_a_file_that_is_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
