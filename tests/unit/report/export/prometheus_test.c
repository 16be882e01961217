/* What a scrape of Prometheus reads: pure text from counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/version.h"
#include "report/export/prometheus.h"
#include "report/fixture.h"
#include "report/golden.h"

static const char *written(struct fixture *fixture, enum prometheus_format format) {
    const struct prometheus_scrape from = {
        .plan = &fixture->plan,
        .record = &fixture->record,
        .total = &fixture->record.total,
        .loop_lag_seconds = NAN,
        .cpu_seconds = 1.5,
        .self = {.cpu_seconds = 0.25,
                 .started_at = 1700000000.5,
                 .resident_bytes = 4096,
                 .virtual_bytes = 8192,
                 .open_files = 12,
                 .open_files_max = 20000},
    };
    FILE *out = fixture_stream(fixture);
    prometheus_write(out, format, &from);
    fclose(out);
    return fixture->text;
}

/* Every number another. */
static void number_all(struct fixture *fixture) {
    struct tally_counts *counts = &fixture->record.total.counts;
    uint64_t number = 1000;
#define METRIC(name, kind, unit, help) counts->name = ++number;
#include "stats/metrics.def"
#undef METRIC
    for (int i = 0; i < OUTCOME_COUNT; i++)
        (outcome_is_drain((enum outcome)i) ? counts->drain : counts->outcomes)[i] = ++number;
    counts->statuses[404] = ++number;
    counts->statuses[503] = ++number;
    fixture->record.server.measured = fixture->record.server_log.asked = true;
    fixture->record.server.requests = ++number;
    fixture->record.server_log.requests = ++number;
    fixture->options.label = "release 1.2";
    for (duration value = 50 * MICROSECOND; value < 100 * SECOND; value += value / 8)
        histogram_add(&fixture->record.total.latency, value); /* some between any two bounds */
}

/* The same for every build. */
static void hide(char *text, const char *name, const char *value) {
    char said[128];
    snprintf(said, sizeof said, "%s=\"%s\"", name, value);
    char *at = strstr(text, said);
    assert_non_null(at);
    char *behind = strdup(at + strlen(said));
    strcpy(at, name);
    strcat(at, behind);
    free(behind);
}

static void the_whole_page_is_as_in_the_golden_file(void **state) {
    static const char *const names[EXPOSITION_FORMATS] = {
        [EXPOSITION_PROMETHEUS] = "prometheus", [EXPOSITION_OPENMETRICS] = "openmetrics"};
    struct fixture *fixture = *state;
    number_all(fixture);
    for (int format = 0; format < EXPOSITION_FORMATS; format++) {
        char *text = strdup(written(fixture, (enum prometheus_format)format));
        hide(text, "version", version_string);
        hide(text, "commit", version_commit);
        golden_assert(names[format], text);
        free(text);
    }
}

static void counters_equal_the_ledger(void **state) {
    const char *text = written(*state, EXPOSITION_PROMETHEUS);
    assert_says(text,
                "# HELP holdfast_connections_attempted_total calls to open a connection, failed "
                "ones included\n"
                "# TYPE holdfast_connections_attempted_total counter\n"
                "holdfast_connections_attempted_total 100\n");
    assert_says(text, "# TYPE holdfast_connections gauge\n"
                      "holdfast_connections{state=\"connecting\"} 0\n"
                      "holdfast_connections{state=\"live\"} 94\n");
    assert_says(text, "\nholdfast_connections_target 100\n");
    assert_says(text, "\nholdfast_connections_ended_total{outcome=\"refused\"} 3\n");
    assert_says(text, "\nholdfast_connections_ended_total{outcome=\"closed_idle\"} 2\n");
    assert_says(text, "\nholdfast_connections_ended_total{outcome=\"drained\"} 94\n");
    assert_says(text, "\nholdfast_requests_sent_total 501\n");
    assert_says(text, "# TYPE holdfast_responses_total counter\n"
                      "holdfast_responses_total{code=\"200\"} 500\n");
    assert_says(text, "\nholdfast_bytes_in_total 50000\n");
    assert_says(text, "# TYPE holdfast_ramp_late_seconds gauge\nholdfast_ramp_late_seconds "
                      "0.003000000\n");
    assert_null(strstr(text, "# UNIT"));
    assert_null(strstr(text, "# EOF"));
}

static void what_is_not_measured_is_not_a_number(void **state) {
    const char *text = written(*state, EXPOSITION_PROMETHEUS);
    assert_says(text, "\nholdfast_loop_lag_seconds NaN\n");
    assert_null(strstr(text, "\nholdfast_server_requests_total{"));
}

static void a_histogram_adds_up_to_its_bounds(void **state) {
    struct fixture *fixture = *state;
    fixture->record.total.latency = (struct histogram){0};
    histogram_add(&fixture->record.total.latency, 400 * MICROSECOND);
    histogram_add(&fixture->record.total.latency, MILLISECOND); /* on a bound: not above it */
    histogram_add(&fixture->record.total.latency, 1010 * MICROSECOND);
    histogram_add(&fixture->record.total.latency, 2 * HOUR); /* beyond all bounds */
    const char *text = written(fixture, EXPOSITION_PROMETHEUS);
    assert_says(text, "# TYPE holdfast_response_seconds histogram\n"
                      "holdfast_response_seconds_bucket{le=\"0.0001\"} 0\n"
                      "holdfast_response_seconds_bucket{le=\"0.00025\"} 0\n"
                      "holdfast_response_seconds_bucket{le=\"0.0005\"} 1\n"
                      "holdfast_response_seconds_bucket{le=\"0.001\"} 2\n"
                      "holdfast_response_seconds_bucket{le=\"0.0025\"} 3\n");
    assert_says(text, "holdfast_response_seconds_bucket{le=\"60.0\"} 3\n"
                      "holdfast_response_seconds_bucket{le=\"+Inf\"} 4\n"
                      "holdfast_response_seconds_sum 7200.002410000\n"
                      "holdfast_response_seconds_count 4\n");
}

static void open_metrics_names_families_and_units(void **state) {
    const char *text = written(*state, EXPOSITION_OPENMETRICS);
    assert_says(text, "# TYPE holdfast_requests_sent counter\nholdfast_requests_sent_total 501\n");
    assert_says(text, "# TYPE holdfast_response_seconds histogram\n"
                      "# UNIT holdfast_response_seconds seconds\n");
    assert_says(text, "# TYPE holdfast_run info\nholdfast_run_info{");
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    assert_null(strstr(prometheus_content_type(EXPOSITION_PROMETHEUS), "openmetrics"));
    assert_non_null(strstr(prometheus_content_type(EXPOSITION_OPENMETRICS), "openmetrics"));
}

static void labels_are_escaped(void **state) {
    struct fixture *fixture = *state;
    fixture->options.label = "a\"b\\c\nd\xff";
    assert_says(
        written(fixture, EXPOSITION_PROMETHEUS),
        "\nholdfast_run_info{url=\"http://127.0.0.1:8080/\",method=\"HEAD\",label=\"a\\\"b\\\\"
        "c\\nd\xef\xbf\xbd\",seed=\"42\"} 1\n");
}

static void server_requests_have_a_source(void **state) {
    struct fixture *fixture = *state;
    fixture->record.server.measured = fixture->record.server_log.asked = true;
    fixture->record.server.requests = 499;
    fixture->record.server_log.requests = 498;
    assert_says(written(fixture, EXPOSITION_PROMETHEUS),
                "holdfast_server_requests_total{source=\"stub_status\"} 499\n"
                "holdfast_server_requests_total{source=\"access_log\"} 498\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(the_whole_page_is_as_in_the_golden_file),
        WITH_FIXTURE(counters_equal_the_ledger),
        WITH_FIXTURE(what_is_not_measured_is_not_a_number),
        WITH_FIXTURE(a_histogram_adds_up_to_its_bounds),
        WITH_FIXTURE(open_metrics_names_families_and_units),
        WITH_FIXTURE(labels_are_escaped),
        WITH_FIXTURE(server_requests_have_a_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
