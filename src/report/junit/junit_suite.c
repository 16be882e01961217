/* The elements of junit-10.xsd of Jenkins' xUnit plugin, and no attribute that it does not know. */
#include "report/junit/junit_suite.h"

#include <errno.h>
#include <stdbool.h>

#include "report/format/markup.h"
#include "report/format/report_file.h"

/* The names of a case's element. */
static const char *const elements[JUNIT_STATES] = {NULL, "failure", "error", "skipped"};

static void print_attribute(FILE *out, const char *name, const char *value) {
    fprintf(out, " %s=\"", name);
    markup_text(out, value);
    fputc('"', out);
}

void junit_property(const struct junit_suite *suite, const char *name, const char *value) {
    fputs("      <property", suite->out);
    print_attribute(suite->out, "name", name);
    print_attribute(suite->out, "value", value);
    fputs("/>\n", suite->out);
}

void junit_property_count(const struct junit_suite *suite, const char *name, long long value) {
    char number[32];
    snprintf(number, sizeof number, "%lld", value);
    junit_property(suite, name, number);
}

static void print_time(const struct junit_suite *suite) {
    if (suite->seconds >= 0)
        fprintf(suite->out, " time=\"%.3f\"", suite->seconds);
}

static void print_state(const struct junit_suite *suite, const struct junit_case *one) {
    FILE *out = suite->out;
    fprintf(out, "\n      <%s", elements[one->state]);
    print_attribute(out, "message", one->message);
    if (one->state != JUNIT_SKIPPED)
        print_attribute(out, "type", one->type);
    fputs(">", out);
    if (one->state != JUNIT_SKIPPED)
        markup_text(out, one->detail);
    fprintf(out, "</%s>\n    ", elements[one->state]);
}

static void print_case(const struct junit_suite *suite, const struct junit_case *one, void *with) {
    FILE *out = suite->out;
    (void)with;
    fputs("    <testcase", out);
    print_attribute(out, "classname", suite->class_name);
    print_attribute(out, "name", one->name);
    print_time(suite);
    fputc('>', out);
    if (one->state != JUNIT_PASSED)
        print_state(suite, one);
    fputs("</testcase>\n", out);
}

static void count_case(const struct junit_suite *suite, const struct junit_case *one, void *with) {
    size_t *counts = with;
    (void)suite;
    counts[one->state]++;
}

/* Jenkins' schema knows of skipped cases in a testsuite alone. */
static void print_counts(const struct junit_suite *suite, const size_t counts[JUNIT_STATES],
                         bool skipped) {
    fprintf(suite->out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"",
            counts[JUNIT_PASSED] + counts[JUNIT_FAILED] + counts[JUNIT_ERROR] +
                counts[JUNIT_SKIPPED],
            counts[JUNIT_FAILED], counts[JUNIT_ERROR]);
    if (skipped)
        fprintf(suite->out, " skipped=\"%zu\"", counts[JUNIT_SKIPPED]);
    print_time(suite);
}

static void print_timestamp(const struct junit_suite *suite) {
    char text[40];
    struct tm utc;
    if (suite->began == 0 || gmtime_r(&suite->began, &utc) == NULL)
        return;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    print_attribute(suite->out, "timestamp", text);
}

static int print_summary(const struct junit_suite *suite) {
    fputs("    <system-out>", suite->out);
    FILE *escaped = markup_stream(suite->out);
    if (escaped != NULL) {
        suite->summary(suite, escaped);
        fclose(escaped);
    }
    fputs("</system-out>\n", suite->out);
    return escaped != NULL ? 0 : -ENOMEM;
}

int junit_write(const struct junit_suite *suite) {
    FILE *out = suite->out;
    size_t counts[JUNIT_STATES] = {0};
    suite->each_case(suite, count_case, counts);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"holdfast\"", out);
    print_counts(suite, counts, false);
    fputs(">\n  <testsuite", out);
    print_attribute(out, "name", suite->name);
    print_counts(suite, counts, true);
    print_timestamp(suite);
    fputs(">\n    <properties>\n", out);
    suite->properties(suite);
    fputs("    </properties>\n", out);
    suite->each_case(suite, print_case, NULL);
    int error = print_summary(suite);
    fputs("  </testsuite>\n</testsuites>\n", out);
    return error != 0 ? error : report_file_flush(out);
}
