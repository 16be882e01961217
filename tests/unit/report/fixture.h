/* A plan, a record and a judgement filled by hand: the contract's worked example. */
#ifndef TESTS_REPORT_FIXTURE_H
#define TESTS_REPORT_FIXTURE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "options/options.h"
#include "report/export/writers.h"
#include "report/format/style.h"
#include "report/terminal/summary.h"
#include "says.h"

struct fixture {
    struct options options;
    struct plan plan;
    struct setup setup;
    struct record record;
    struct judgement judgement;
    struct record_worker workers[1];
    char *text; /* what was printed last */
    size_t length;
};

static inline void fixture_plan(struct fixture *fixture, enum option_command command) {
    static char *arguments[] = {"holdfast", "-c", "100", "-d", "60s", "http://127.0.0.1:8080/"};
    char error[PLAN_ERROR_MAX];
    struct host host = {
        .kernel = "6.1.0",
        .machine = "x86_64",
        .cpu_model = "Some CPU @ 2 GHz",
        .cpu_quota_milli = 1500,
        .group_memory = {INT64_C(2) << 30, INT64_C(1) << 30},
        .cpus = 2,
        .nofile_soft = 20000,
        .nofile_hard = 20000,
        .nr_open = 1048576,
        .file_max = 2466177,
        .file_used = 41200,
        .port_low = 32768,
        .port_high = 60999,
        .somaxconn = 4096,
        .tcp_tw_reuse = 2,
        .memory_total_bytes = INT64_C(24) << 30,
        .memory_available_bytes = INT64_C(21) << 30,
        .memlock_bytes = 8 << 20,
        .io_uring_disabled = -1,
    };
    if (options_parse(&fixture->options, command, 6, arguments, error) != OPTIONS_OK ||
        !plan_make(&fixture->plan, &fixture->options, &host, error)) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
    fixture->plan.seed = 42;
    fixture->judgement.setup = &fixture->setup;
    fixture->setup.address_count = 1;
    address_parse(&fixture->setup.addresses[0], "127.0.0.1", 8080);
}

/* 100 attempted, 97 opened; 3 refused, 2 closed idle, 1 answer never came; 94 drained. */
static inline void fixture_counts(struct tally_counts *counts) {
    counts->attempted = 100;
    counts->opened = 97;
    counts->live = 94;
    counts->lost = 3;
    counts->outcomes[OUTCOME_refused] = 3;
    counts->outcomes[OUTCOME_closed_idle] = 2;
    counts->outcomes[OUTCOME_response_timeout] = 1;
    counts->errnos[111] = 3; /* ECONNREFUSED */
    counts->drain[OUTCOME_drained] = 94;
    counts->sent = 501;
    counts->answered = 500;
    counts->timed_out = 1;
    counts->statuses[200] = 500;
    counts->bytes_in = 50000;
    counts->bytes_out = 40000;
    counts->ramp_late_ns = 3 * MILLISECOND;
}

static inline void fixture_record(struct fixture *fixture) {
    struct record *record = &fixture->record;
    fixture_counts(&record->total.counts);
    for (int i = 0; i < 500; i++) {
        histogram_add(&record->total.latency, 250 * MICROSECOND);
        histogram_add(&record->total.service, 200 * MICROSECOND);
        histogram_add(&record->total.lag, 100 * MICROSECOND);
    }
    for (int i = 0; i < 97; i++)
        histogram_add(&record->total.connect, 150 * MICROSECOND);
    record->started_at = (struct timespec){1700000000, 123456789};
    record->ended_at = (struct timespec){1700000061, 623456789};
    record->ramp_seconds = 0.1;
    record->hold_seconds = 60.0005;
    record->drain_seconds = 0.0031;
    record->balanced = true;
    record->samples = 62;
    record->live_min = 94;
    record->live_min_measured = true;
    record->live_peak = 97;
    record->per_second_mean = 6.5;
    record->per_second_peak = 104;
    snprintf(record->engine, sizeof record->engine, "io_uring");
    snprintf(record->engine_reason, sizeof record->engine_reason, "asked for by --engine");
    record->cpu_user_seconds = 0.25;
    record->cpu_system_seconds = 0.5;
    record->pss_bytes_max = 6 << 20;
    record->tick_seconds_max = 0.004;
    record->rss_bytes_max = 9 << 20;
    record->headroom_files_used = 97;
    record->headroom_files_limit = 20000;
    fixture->workers[0] = (struct record_worker){.pid = 4711, .share = 100};
    record->workers = fixture->workers;
    record->worker_count = 1;
    timeline_init(&record->timeline, SECOND);
    timeline_push(&record->timeline, &(struct timeline_sample){1,
                                                               97,
                                                               0,
                                                               0,
                                                               3,
                                                               97,
                                                               NAN,
                                                               0.00025,
                                                               0.0002,
                                                               0.00026,
                                                               1.25,
                                                               103,
                                                               0.0001,
                                                               97,
                                                               97,
                                                               {500, 0, 0, 0, 0}});
    timeline_push(&record->timeline, &(struct timeline_sample){2,
                                                               94,
                                                               0,
                                                               2,
                                                               4,
                                                               NAN,
                                                               NAN,
                                                               NAN,
                                                               0.0002,
                                                               0.00026,
                                                               1.25,
                                                               103,
                                                               0.0001,
                                                               94,
                                                               94,
                                                               {500, 0, 0, 0, 0}});
}

static inline void fixture_require(struct judgement *judgement, const char *expression,
                                   struct rule_requirement requirement) {
    char error[256];
    if (!rule_parse(&requirement.rule,
                    &(struct option_written_rule){.text = expression, .where = "fixture"},
                    (struct refuse_buffer){error, sizeof error}))
        abort();
    judgement->requirements[judgement->requirement_count++] = requirement;
}

static inline void fixture_judgement(struct judgement *judgement) {
    judgement->target = (struct record_target){.asked = true,
                                               .answered = true,
                                               .status = 200,
                                               .minor = 1,
                                               .keep_alive_timeout_s = -1,
                                               .server = "nginx/1.22.1"};
    judgement->verdict = VERDICT_BROKE;
    judgement->exit_code = EXIT_BROKE;
    fixture_require(
        judgement, "opened>=100%",
        (struct rule_requirement){.actual = 97, .part = 97, .whole = 100, .result = RULE_BROKEN});
    fixture_require(judgement, "lost<=0",
                    (struct rule_requirement){.actual = 3, .part = 3, .result = RULE_BROKEN});
    snprintf(judgement->reasons[0], sizeof judgement->reasons[0], "opened>=100%% is broken: 97 %%");
    judgement->reason_count = 1;
}

/* The worked example, broken. */
static inline struct fixture *fixture_make(enum option_command command) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL)
        abort();
    fixture_plan(fixture, command);
    fixture_record(fixture);
    fixture_judgement(&fixture->judgement);
    return fixture;
}

/* The same plan at the end of a preflight: nothing asked for, nothing judged yet. */
static inline struct fixture *fixture_make_preflight(enum option_command command) {
    struct fixture *fixture = fixture_make(command);
    memset(&fixture->judgement, 0, sizeof fixture->judgement);
    fixture->judgement.setup = &fixture->setup;
    return fixture;
}

static inline void fixture_free(struct fixture *fixture) {
    options_free(&fixture->options);
    free(fixture->text);
    free(fixture);
}

/* Each test has the worked example to itself. */
static inline int fixture_begin(void **state) {
    *state = fixture_make(COMMAND_RUN);
    return 0;
}

static inline int fixture_end(void **state) {
    fixture_free(*state);
    return 0;
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_begin, fixture_end)

static inline FILE *fixture_stream(struct fixture *fixture) {
    free(fixture->text);
    fixture->text = NULL;
    return open_memstream(&fixture->text, &fixture->length);
}

static inline const char *fixture_summary(struct fixture *fixture, const struct record *record,
                                          bool utf8) {
    FILE *out = fixture_stream(fixture);
    report_summary(out, (struct style){.utf8 = utf8}, &fixture->plan, record, &fixture->judgement);
    fclose(out);
    return fixture->text;
}

static inline const char *fixture_json(struct fixture *fixture, const struct record *record) {
    FILE *out = fixture_stream(fixture);
    int error = report_json(out, &fixture->plan, record, &fixture->judgement);
    fclose(out);
    return error == 0 ? fixture->text : "";
}

#endif
