/* The JSON report holds every member of its schema, and null where nothing was measured. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "options/options.h"
#include "report/fixture.h"
#include "report/validate.h"

static void assert_valid(const char *report) {
    assert_int_equal(validate_with("validate_report", report_schema, report), 0);
}

static void the_worked_example_is_told_to_the_letter(void **state) {
    struct fixture *fixture = *state;
    const char *text = fixture_json(fixture, &fixture->record);
    assert_says(text, "\"schema\": \"holdfast/1\"");
    assert_says(text, "\"started_at\": \"2023-11-14T22:13:20.123Z\"");
    assert_says(text, "\"result\": \"broke\"");
    assert_says(text, "\"exit_code\": 1");
    assert_says(text, "{\"expression\": \"opened>=100%\", \"actual\": 97, \"ok\": false},\n    "
                      "{\"expression\": \"lost<=0\", \"actual\": 3, \"ok\": false}");
    assert_says(text,
                "\"attempted\": 100,\n    \"opened\": 97,\n    \"connecting\": 0,\n    "
                "\"live\": 94,\n    \"live_min\": 94,\n    \"live_peak\": 97,\n    "
                "\"closed\": 2,\n    \"errored\": 4,\n    \"lost\": 3,\n    "
                "\"reconnected\": 0,\n    \"refilling\": null,\n    \"refill_seconds\": null,\n");
    assert_says(text, "\"errno\": {\"ECONNREFUSED\": 3}");
    assert_says(text, "\"drain\": {\"seconds\": 0.0031, \"how\": \"fin\", \"outcomes\": "
                      "{\"drained\": 94, \"abandoned\": 0}}");
    assert_says(text, "\"by_status\": {\"200\": 500}");
    assert_says(text, "\"server\": null");
    assert_says(text, "\"live\": [97, 94]");
    assert_says(text, "\"client_per_second\": [97, null]");
}

/* A cause by time, one by number, and one that could not be told. */
static void fill_closings(struct closings *closings) {
    closings->count = 3;
    closings->items[0] = (struct closing){.outcome = OUTCOME_closed_idle,
                                          .count = 6,
                                          .sampled = 6,
                                          .dimension = CLOSING_IDLE,
                                          .value = 5003,
                                          .spread = 12,
                                          .limit = 5000,
                                          .idle_ms = {5001, 5003, 5014},
                                          .age_ms = {5001, 6000, 65014},
                                          .answers = {1, 2, 9},
                                          .directive = "keepalive_timeout 5s",
                                          .text = "after"};
    closings->items[1] = (struct closing){.outcome = OUTCOME_closed_announced,
                                          .count = 7,
                                          .dimension = CLOSING_REQUESTS,
                                          .value = 20,
                                          .limit = 20,
                                          .directive = "keepalive_requests 20",
                                          .text = "after"};
    closings->items[2] = (struct closing){.outcome = OUTCOME_reset_idle, .count = 1};
}

static void lifetimes_say_how_connections_ended(void **state) {
    struct fixture *fixture = *state;
    struct closings *closings = &fixture->judgement.closings;
    assert_says(fixture_json(fixture, &fixture->record), "\"lifetimes\": null");
    fill_closings(closings);
    const char *text = fixture_json(fixture, &fixture->record);
    assert_says(text, "\"count\": 6,");
    assert_says(text, "\"dimension\": \"idle\"");
    assert_says(text, "\"value_seconds\": 5.003");
    assert_says(text, "\"spread_seconds\": 0.012");
    assert_says(text, "\"dimension\": \"requests\"");
    assert_says(text, "\"value\": 20");
    assert_says(text, "\"directive\": \"keepalive_requests 20\"");
    assert_says(text, "\"dimension\": null");
    assert_says(text, "\"limit\": 5000");
    assert_says(text, "\"limit\": null");
    assert_says(text, "\"p50\": null"); /* of what was seen too late to say when */
    if (can_validate())
        assert_valid(text);
}

static void reconnects_are_reported(void **state) {
    struct fixture *fixture = *state;
    fixture->plan.reconnect = (struct units_span){SECOND, 30 * SECOND};
    fixture->options.reconnect = fixture->plan.reconnect;
    fixture->record.total.counts.reconnected = 2;
    fixture->record.total.counts.refilling = 6;
    histogram_add(&fixture->record.total.refill, SECOND);
    histogram_add(&fixture->record.total.refill, 3 * SECOND);
    const char *text = fixture_json(fixture, &fixture->record);
    assert_says(text, "\"reconnect\": \"backoff=1s..30s\"");
    assert_says(text, "\"reconnected\": 2,\n    \"refilling\": 6,\n    \"refill_seconds\": {");
    assert_says(text, "\"count\": 2,");
    assert_says(text, "\"mean\": 2,");
    assert_says(text, "\"max\": 3");
}

static void it_is_valid_against_the_schema(void **state) {
    struct fixture *fixture = *state;
    if (!can_validate())
        skip();
    findings_add(&fixture->judgement.findings, FINDING_memory, FINDING_UNKNOWN, "unread");
    assert_valid(fixture_json(fixture, &fixture->record));
}

static void the_schema_misses_no_member(void **state) {
    struct fixture *fixture = *state;
    if (!can_validate())
        skip();
    findings_add(&fixture->judgement.findings, FINDING_memory, FINDING_OK, "21 GiB");
    fixture->record.server = (struct server_view){.asked = true, .measured = true, .requests = 1};
    fill_closings(&fixture->judgement.closings);
    fixture->record.server_log = (struct server_log_view){.asked = true, .lines = 1, .requests = 1};
    fixture->record.server_process =
        (struct server_process_view){.asked = true, .samples = 1, .pid = 7};
    fixture->plan.reconnect = (struct units_span){SECOND, 30 * SECOND};
    assert_int_equal(
        validate_with("strict_schema", report_schema, fixture_json(fixture, &fixture->record)), 0);
}

static void a_ledger_that_does_not_add_up_is_refused(void **state) {
    struct fixture *fixture = *state;
    if (!can_validate())
        skip();
    fixture->record.total.counts.attempted = 101;
    assert_int_equal(
        validate_with("validate_report", report_schema, fixture_json(fixture, &fixture->record)),
        1);
}

static void without_load_counts_are_zero_and_measures_null(void **state) {
    (void)state;
    struct fixture *fixture = fixture_make_preflight(COMMAND_RUN);
    fixture->judgement.verdict = VERDICT_UNFIT;
    fixture->judgement.exit_code = EXIT_UNFIT;
    const char *text = fixture_json(fixture, NULL);
    assert_says(text, "\"started_at\": null");
    assert_says(text, "\"ramp_lateness_seconds_max\": null");
    assert_says(text, "\"interrupted\": false");
    assert_says(text, "\"seed\": 42");
    assert_says(text, "\"attempted\": 0,\n");
    assert_says(text, "\"live_min\": null,\n");
    assert_says(text, "\"drain\": {\"seconds\": null, \"how\": null, ");
    assert_says(text, "\"count\": 0,\n    \"min\": null,\n");
    assert_says(text,
                "\"engine\": null,\n    \"engine_reason\": null,\n    \"cpu_seconds\": null,\n");
    assert_says(text, "\"pss_bytes_max\": null,\n");
    assert_says(text, "\"per_second_mean\": null,\n");
    assert_says(text, "\"interval_seconds\": null");
    if (can_validate())
        assert_valid(text);
    fixture_free(fixture);
}

static void an_interrupted_preflight_says_so(void **state) {
    (void)state;
    struct fixture *fixture = fixture_make_preflight(COMMAND_RUN);
    fixture->judgement.verdict = VERDICT_INCONCLUSIVE;
    fixture->judgement.exit_code = EXIT_INCONCLUSIVE;
    const char *text = fixture_json(fixture, NULL);
    assert_says(text, "\"interrupted\": true");
    assert_says(text, "\"attempted\": 0,\n");
    fixture_free(fixture);
}

static void a_host_that_tells_nothing_is_all_null(void **state) {
    struct fixture *fixture = *state;
    fixture->plan.host = (struct host){
        .cpus = -1,
        .nofile_soft = -1,
        .nofile_hard = -1,
        .nr_open = -1,
        .file_max = -1,
        .file_used = -1,
        .port_low = -1,
        .port_high = -1,
        .somaxconn = -1,
        .tcp_tw_reuse = -1,
        .memory_total_bytes = -1,
        .memory_available_bytes = -1,
        .memlock_bytes = -1,
        .io_uring_disabled = -1,
    };
    const char *text = fixture_json(fixture, &fixture->record);
    const char *from = strstr(text, "\"environment\""), *to = strstr(text, "\"connections\": {");
    assert_true(from != NULL && to != NULL);
    int nulls = 0;
    for (const char *at = from; (at = strstr(at, ": null")) != NULL && at < to; at++)
        nulls++;
    assert_int_equal(nulls, 19);
    if (can_validate())
        assert_valid(text);
}

static void hostile_bytes_stay_inside_their_string(void **state) {
    struct fixture *fixture = *state;
    snprintf(fixture->judgement.target.server, sizeof fixture->judgement.target.server,
             "\xff\xfe\"},\n\x1b[2J\\\x80 \xf0\x9f\x92\xa9 \xc2\x9b");
    snprintf(fixture->judgement.target.keep_alive, sizeof fixture->judgement.target.keep_alive,
             "</script>\x7f");
    fixture->options.label = "\xed\xa0\x80\"";
    const char *text = fixture_json(fixture, &fixture->record);
    for (const char *at = text; *at != '\0'; at++)
        assert_true(*at == '\n' || (unsigned char)*at >= ' ');
    assert_says(text, "\"server_header\": \"\xef\xbf\xbd\xef\xbf\xbd\\\"},\\n\\u001b[2J\\\\");
    if (can_validate())
        assert_valid(text);
}

static void the_server_stands_beside_the_client(void **state) {
    struct fixture *fixture = *state;
    struct server_view *server = &fixture->record.server;
    *server = (struct server_view){.asked = true,
                                   .polls_sent = 3,
                                   .polls_answered = 2,
                                   .polls_failed = 1,
                                   .requests = 501,
                                   .client_sent = 501,
                                   .active_peak = 97};
    assert_says(fixture_json(fixture, &fixture->record), "\"server\": null");
    server->measured = true;
    const char *text = fixture_json(fixture, &fixture->record);
    assert_says(text, "\"source\": \"stub_status\"");
    assert_says(text, "\"ratio\": 1,\n    \"per_second_mean\": null,\n    \"active_peak\": 97");
    server->hold_measured = true;
    server->per_second_mean = 6.25;
    assert_says(fixture_json(fixture, &fixture->record), "\"per_second_mean\": 6.25,\n");
    server->client_sent = 0;
    assert_says(fixture_json(fixture, &fixture->record), "\"ratio\": null");
}

static void each_source_of_the_servers_side_stands_by_itself(void **state) {
    struct fixture *fixture = *state;
    struct record *record = &fixture->record;
    record->server_log = (struct server_log_view){.asked = true,
                                                  .lines = 400,
                                                  .requests = 399,
                                                  .client_sent = 400,
                                                  .hold_measured = true,
                                                  .per_second_mean = 6.5};
    const char *text = fixture_json(fixture, record);
    assert_says(text, "\"source\": \"access_log\",\n    \"requests\": 399,\n    "
                      "\"requests_min\": 399,\n    \"requests_max\": 399,\n    \"client_sent\": "
                      "400,\n    \"ratio\": 0.9975,\n    \"per_second_mean\": 6.5,\n    "
                      "\"active_peak\": null");
    assert_says(text, "\"stub_status\": null");
    assert_says(text, "\"process\": null");
    record->server_process = (struct server_process_view){.asked = true,
                                                          .pid = 4712,
                                                          .samples = 60,
                                                          .pss = true,
                                                          .memory_before_bytes = 1000,
                                                          .memory_hold_bytes = 3000,
                                                          .memory_peak_bytes = 3000,
                                                          .connections = 100,
                                                          .cpu_percent = NAN,
                                                          .files_peak = -1,
                                                          .files_process_peak = -1,
                                                          .nofile_soft = -1};
    text = fixture_json(fixture, record);
    assert_says(text, "\"source\": \"several\"");
    assert_says(text, "\"memory_bytes_per_connection\": 20, ");
    assert_says(text, "\"cpu_percent_mean\": null, \"files_max\": null");
    if (can_validate())
        assert_valid(text);
    record->server_log.lines = record->server_log.requests = 0;
    assert_says(fixture_json(fixture, record),
                "\"requests\": null,\n    \"requests_min\": null,\n    \"requests_max\": null,\n"
                "    \"client_sent\": null,\n    \"ratio\": null");
    record->server =
        (struct server_view){.asked = true, .measured = true, .requests = 800, .client_sent = 400};
    record->server.requests_unsure = 3;
    assert_says(fixture_json(fixture, record),
                "\"requests\": 800,\n    \"requests_min\": 797,\n    \"requests_max\": null,\n"
                "    \"client_sent\": 400,\n    \"ratio\": 2");
}

static void rules_not_judged_are_null(void **state) {
    struct fixture *fixture = *state;
    fixture->judgement.requirements[0].result = RULE_NOT_JUDGED;
    fixture->judgement.requirements[0].actual = NAN;
    fixture->judgement.requirements[1].result = RULE_OK;
    assert_says(fixture_json(fixture, &fixture->record),
                "{\"expression\": \"opened>=100%\", \"actual\": null, \"ok\": null},\n    "
                "{\"expression\": \"lost<=0\", \"actual\": 3, \"ok\": true}");
}

static void the_plan_shows_what_was_decided_for_the_user(void **state) {
    struct fixture *fixture = *state;
    const char *text = fixture_json(fixture, &fixture->record);
    assert_says(text, "\"workers\": 1,\n");
    assert_says(text, "\"seed\": 42,\n");
    assert_says(text, "\"sources\": []");
    assert_says(text, "\"addresses\": [\"127.0.0.1:8080\"]");
}

static void the_id_is_the_records_own(void **state) {
    struct fixture *fixture = *state;
    char first[64], again[64], other[64];
    const char *at = strstr(fixture_json(fixture, &fixture->record), "\"id\": \"");
    assert_non_null(at);
    snprintf(first, sizeof first, "%.24s", at);
    at = strstr(fixture_json(fixture, &fixture->record), "\"id\": \"");
    snprintf(again, sizeof again, "%.24s", at);
    fixture->record.started_at.tv_nsec++;
    at = strstr(fixture_json(fixture, &fixture->record), "\"id\": \"");
    snprintf(other, sizeof other, "%.24s", at);
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
}

static void unfinished_samples_end_the_timeline(void **state) {
    struct fixture *fixture = *state;
    fixture->record.timeline.stride = 2;
    timeline_push(&fixture->record.timeline, &(struct timeline_sample){3,
                                                                       93,
                                                                       0,
                                                                       2,
                                                                       5,
                                                                       8,
                                                                       NAN,
                                                                       NAN,
                                                                       0.0002,
                                                                       0.00026,
                                                                       1.25,
                                                                       103,
                                                                       0.0001,
                                                                       93,
                                                                       93,
                                                                       {500, 0, 0, 0, 0}});
    const char *text = fixture_json(fixture, &fixture->record);
    assert_says(text, "\"t\": [1, 2, 3]");
    assert_says(text, "\"client_per_second\": [97, null, 8]");
}

static void a_disk_that_is_full_is_an_error(void **state) {
    struct fixture *fixture = *state;
    FILE *out = fopen("/dev/full", "w");
    if (out == NULL)
        skip();
    int error = report_json(out, &fixture->plan, &fixture->record, &fixture->judgement);
    fclose(out);
    assert_int_equal(error, -ENOSPC);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(the_worked_example_is_told_to_the_letter),
        WITH_FIXTURE(lifetimes_say_how_connections_ended),
        WITH_FIXTURE(reconnects_are_reported),
        WITH_FIXTURE(it_is_valid_against_the_schema),
        WITH_FIXTURE(the_schema_misses_no_member),
        WITH_FIXTURE(a_ledger_that_does_not_add_up_is_refused),
        cmocka_unit_test(without_load_counts_are_zero_and_measures_null),
        cmocka_unit_test(an_interrupted_preflight_says_so),
        WITH_FIXTURE(a_host_that_tells_nothing_is_all_null),
        WITH_FIXTURE(hostile_bytes_stay_inside_their_string),
        WITH_FIXTURE(the_server_stands_beside_the_client),
        WITH_FIXTURE(each_source_of_the_servers_side_stands_by_itself),
        WITH_FIXTURE(rules_not_judged_are_null),
        WITH_FIXTURE(the_plan_shows_what_was_decided_for_the_user),
        WITH_FIXTURE(the_id_is_the_records_own),
        WITH_FIXTURE(unfinished_samples_end_the_timeline),
        WITH_FIXTURE(a_disk_that_is_full_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
