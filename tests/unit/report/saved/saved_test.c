/* A saved run says what the run said; one that is cut says so; a hostile one is refused in a line.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "report/export/timeline_file.h"
#include "report/fixture.h"
#include "report/saved/saved.h"
#include "report/saved/saved_value.h"

static char error[SAVED_ERROR_MAX];

/* A file of its own, gone with its last descriptor. */
struct scratch {
    struct timeline_file file;
    char path[40];
};

static void scratch_open(struct scratch *scratch) {
    snprintf(scratch->path, sizeof scratch->path, "/tmp/holdfast-timeline-XXXXXX");
    close(mkstemp(scratch->path));
    assert_int_equal(timeline_file_open(&scratch->file, scratch->path), 0);
}

static char *scratch_text(struct scratch *scratch) {
    char *text = NULL;
    size_t size = 0;
    FILE *in = fopen(scratch->path, "r");
    assert_non_null(in);
    assert_true(getdelim(&text, &size, '\0', in) > 0);
    fclose(in);
    timeline_file_close(&scratch->file);
    unlink(scratch->path);
    return text;
}

/* As a run begins: what the preflight found. */
static void begin_run(struct fixture *fixture) {
    struct judgement *judgement = &fixture->judgement;
    struct record_target target = judgement->target;
    memset(judgement, 0, sizeof *judgement);
    judgement->setup = &fixture->setup;
    judgement->target = target;
    finding_do(findings_add(&judgement->findings, FINDING_memory, FINDING_WARN, "scarce"),
               "free some");
}

/* The run of the worked example, as its timeline: two samples, and the end where it has one. */
static char *timeline_of(struct fixture *fixture, bool ended) {
    struct scratch scratch;
    struct record *record = &fixture->record;
    begin_run(fixture);
    scratch_open(&scratch);
    assert_int_equal(timeline_file_header(&scratch.file, &fixture->plan, &fixture->setup), 0);
    assert_int_equal(
        timeline_file_begin(&scratch.file, &fixture->plan, record, &fixture->judgement), 0);
    for (size_t i = 0; i < record->timeline.count; i++) {
        struct closings closings;
        judge_causes(&closings, &fixture->plan, record);
        struct timeline_moment moment = {"hold", record->timeline.samples[i], &closings, NULL};
        assert_int_equal(timeline_file_sample(&scratch.file, &fixture->plan, record, &moment), 0);
    }
    judge_run(&fixture->judgement, &fixture->plan, record);
    if (ended)
        assert_int_equal(
            timeline_file_end(&scratch.file, &fixture->plan, record, &fixture->judgement), 0);
    return scratch_text(&scratch);
}

static struct saved *read_bytes(const char *text, size_t length) {
    FILE *in = fmemopen((void *)text, length, "r");
    assert_non_null(in);
    error[0] = '\0';
    struct saved *saved = saved_read(in, "run.jsonl", error);
    fclose(in);
    return saved;
}

static struct saved *read_text(const char *text) {
    struct saved *saved = read_bytes(text, strlen(text));
    if (saved == NULL)
        fail_msg("refused: %s", error);
    return saved;
}

static char *json_of(const struct saved *saved) {
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert_int_equal(report_json(out, &saved->plan, saved->record, &saved->judgement), 0);
    fclose(out);
    return text;
}

static char *summary_of(const struct saved *saved) {
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    report_summary(out, (struct style){0}, &saved->plan, saved->record, &saved->judgement);
    fclose(out);
    return text;
}

/* --- */

/* What a server shows of a run that goes on. */
static void a_timeline_without_its_end_has_buckets(void **state) {
    struct fixture *fixture = *state;
    struct buckets latency = buckets_of(&fixture->record.total.latency);
    struct buckets connect = buckets_of(&fixture->record.total.connect);
    char *text = timeline_of(fixture, false);
    struct saved *saved = read_text(text);
    assert_null(record_histogram(saved->record, DISTRIBUTION_LATENCY));
    assert_memory_equal(&saved->record->buckets[DISTRIBUTION_LATENCY], &latency, sizeof latency);
    assert_memory_equal(&saved->record->buckets[DISTRIBUTION_CONNECT], &connect, sizeof connect);
    saved_free(saved);
    char *list = strstr(text, "\"buckets\":[0,500]");
    assert_non_null(list);
    list[strlen("\"buckets\":[0,")] = '9'; /* of 500 */
    assert_null(read_bytes(text, strlen(text)));
    assert_says(error, "\"buckets\"");
    free(text);
}

/* Levels of a line are those of its ledger: samples that say the same. */
static void make_level(struct record *record) {
    timeline_init(&record->timeline, SECOND);
    timeline_push(&record->timeline, &(struct timeline_sample){1,
                                                               94,
                                                               0,
                                                               2,
                                                               4,
                                                               97,
                                                               NAN,
                                                               0.00025,
                                                               0.0002,
                                                               0.00026,
                                                               1.25,
                                                               103,
                                                               0.0001,
                                                               94,
                                                               94,
                                                               {500, 0, 0, 0, 0}});
    timeline_push(&record->timeline, &(struct timeline_sample){2.5,
                                                               94,
                                                               0,
                                                               2,
                                                               4,
                                                               NAN,
                                                               8.5,
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

static void a_report_read_back_has_its_histograms(void **state) {
    struct fixture *fixture = *state;
    histogram_add(&fixture->record.total.latency, 3 * SECOND);
    char *json = strdup(fixture_json(fixture, &fixture->record));
    struct saved *saved = read_text(json);
    const struct histogram *was = &fixture->record.total.latency;
    const struct histogram *is = record_histogram(saved->record, DISTRIBUTION_LATENCY);
    assert_non_null(is);
    for (size_t index = 0; index < HISTOGRAM_COUNTS; index++)
        assert_true(histogram_count_at(is, index) == histogram_count_at(was, index));
    assert_true(is->count == was->count && is->min == was->min && is->max == was->max);
    assert_true(fabs(is->sum - was->sum) < was->sum * 1e-6);
    char *histogram = strstr(json, "\"histogram\": \"");
    assert_non_null(histogram);
    histogram[20] ^= 1;
    assert_null(read_bytes(json, strlen(json)));
    assert_says(error, "\"latency_seconds\": \"histogram\": HdrHistogram V2");
    saved_free(saved);
    free(json);
}

static void a_timeline_read_back_gives_the_runs_own_report_to_the_byte(void **state) {
    struct fixture *fixture = *state;
    fixture->record.server = (struct server_view){.asked = true,
                                                  .measured = true,
                                                  .hold_measured = true,
                                                  .polls_sent = 3,
                                                  .polls_answered = 2,
                                                  .polls_failed = 1,
                                                  .requests = 501,
                                                  .requests_unsure = 1,
                                                  .connections_unsure = 1,
                                                  .final_poll = true,
                                                  .client_sent = 500,
                                                  .per_second_mean = 8.25,
                                                  .per_second_mean_min = 8.125,
                                                  .last_failure = "it did not answer"};
    make_level(&fixture->record);
    char *timeline = timeline_of(fixture, true);
    struct saved *saved = read_text(timeline);
    char *json = json_of(saved), *summary = summary_of(saved);
    assert_false(saved->judged_otherwise);
    assert_int_equal(saved->torn_line, 0);
    assert_string_equal(json, fixture_json(fixture, &fixture->record));
    assert_string_equal(summary, fixture_summary(fixture, &fixture->record, false));
    free(json);
    free(summary);
    free(timeline);
    saved_free(saved);
}

/* Both moments are written to the millisecond, and a share of the time between must not say more.
 */
static void a_report_read_back_gives_the_same_summary_between_milliseconds(void **state) {
    struct fixture *fixture = *state;
    fixture->record.started_at = (struct timespec){1700000000, 999999};
    fixture->record.ended_at = (struct timespec){1700000001, 0};
    struct saved *saved = read_text(fixture_json(fixture, &fixture->record));
    char *summary = summary_of(saved);
    assert_says(summary, "cpu 0.75 s (75 % of one core)");
    assert_string_equal(summary, fixture_summary(fixture, &fixture->record, false));
    free(summary);
    saved_free(saved);
}

/* A record in which each source of the server's side has something to say. */
static void make_observed(struct fixture *fixture) {
    struct record *record = &fixture->record;
    fixture->options.server_pid = 4242;
    fixture->options.given.server_pid = true;
    record->server = (struct server_view){.asked = true,
                                          .measured = true,
                                          .polls_sent = 2,
                                          .polls_answered = 2,
                                          .requests = 501,
                                          .client_sent = 500,
                                          .active = 95,
                                          .active_peak = 98,
                                          .reading_peak = 1,
                                          .writing = 2,
                                          .writing_peak = 3,
                                          .waiting = 93,
                                          .waiting_peak = 97,
                                          .accepted = 97,
                                          .handled = 96};
    record->server_log = (struct server_log_view){.asked = true,
                                                  .lines = 490,
                                                  .matching = 480,
                                                  .own = 2,
                                                  .requests = 488,
                                                  .client_sent = 501,
                                                  .bytes = 50000,
                                                  .rotations = 2,
                                                  .given_up = 1,
                                                  .missing = true,
                                                  .behind_bytes_max = 12,
                                                  .hold_measured = true,
                                                  .per_second_mean = 8.5};
    record->server_process = (struct server_process_view){.asked = true,
                                                          .pid = 4242,
                                                          .samples = 60,
                                                          .ended = true,
                                                          .ended_seconds = 59.5,
                                                          .processes = 2,
                                                          .processes_peak = 3,
                                                          .cut = true,
                                                          .pss = true,
                                                          .memory_before_bytes = 1 << 20,
                                                          .memory_hold_bytes = 3 << 20,
                                                          .memory_peak_bytes = 4 << 20,
                                                          .connections = 94,
                                                          .cpu_seconds = 0.75,
                                                          .cpu_percent = NAN,
                                                          .files_peak = 120,
                                                          .files_process_peak = 110,
                                                          .nofile_soft = 120,
                                                          .oom_kills = 1,
                                                          .at_memory_limit = 45,
                                                          .group_memory_bytes = 50 << 20,
                                                          .group_memory_max = 50 << 20};
}

static void make_refilled(struct fixture *fixture) {
    struct tally *total = &fixture->record.total;
    fixture->plan.reconnect = fixture->options.reconnect = (struct units_span){SECOND, 30 * SECOND};
    total->counts.reconnected = 2;
    total->counts.refilling = 6;
    histogram_add(&total->refill, SECOND);
    histogram_add(&total->refill, 3 * SECOND);
}

/* The run's report, and what its timeline gives, are the same text. */
static void assert_same_again(struct fixture *fixture) {
    make_level(&fixture->record);
    char *timeline = timeline_of(fixture, true);
    struct saved *saved = read_text(timeline);
    char *json = json_of(saved), *summary = summary_of(saved);
    assert_string_equal(json, fixture_json(fixture, &fixture->record));
    assert_string_equal(summary, fixture_summary(fixture, &fixture->record, false));
    free(json);
    free(summary);
    free(timeline);
    saved_free(saved);
}

/* The header is written before they are known, and the lines of a run that was cut say nothing more
 * of them. */
static void what_auto_came_to_is_read_back(void **state) {
    struct fixture *fixture = *state;
    make_level(&fixture->record);
    fixture->options.source = (struct option_source_choice){.text = "auto", .automatic = true};
    fixture->options.given.source = true;
    sources_decide(&fixture->plan, &fixture->setup, 28232);
    char *timeline = timeline_of(fixture, true);
    struct saved *saved = read_text(timeline);
    assert_int_equal(setup_pairs(&saved->setup), 1);
    assert_int_equal(saved->setup.sources.count, 1);
    char *json = json_of(saved);
    assert_says(json, "\"source\": \"auto\"");
    assert_says(json, "\"127.0.0.2\"");
    free(json);
    free(timeline);
    saved_free(saved);
}

static void what_log_and_process_showed_is_read_back(void **state) {
    make_observed(*state);
    assert_same_again(*state);
}

static void a_process_that_was_never_seen_stays_unmeasured(void **state) {
    struct fixture *fixture = *state;
    fixture->options.server_pid = 4242;
    fixture->options.given.server_pid = true;
    fixture->record.server_process = (struct server_process_view){.asked = true,
                                                                  .pid = 4242,
                                                                  .memory_before_bytes = -1,
                                                                  .memory_hold_bytes = -1,
                                                                  .memory_peak_bytes = -1,
                                                                  .cpu_percent = NAN,
                                                                  .files_peak = -1,
                                                                  .files_process_peak = -1,
                                                                  .nofile_soft = -1};
    assert_same_again(fixture);
}

static void how_connections_came_back_is_read_back(void **state) {
    make_refilled(*state);
    assert_same_again(*state);
}

static void how_late_a_schedule_was_is_read_back(void **state) {
    struct fixture *fixture = *state;
    struct tally *total = &fixture->record.total;
    fixture->plan.rate = fixture->options.rate = 50 * FREQUENCY_ONE;
    fixture->options.given.rate = true;
    total->counts.scheduled = 503;
    total->counts.unsent = 2;
    for (int i = 1; i <= 501; i++)
        histogram_add(&total->lateness, i * 10 * MICROSECOND);
    assert_says(fixture_json(fixture, &fixture->record), "\"lateness_seconds\": {\"count\": 501,");
    assert_same_again(fixture);
}

/* Six closed 5 s after their last answer, at ages and moments of their own; and one reset. */
static void end_by_timeout(struct endings *endings) {
    for (uint32_t i = 0; i < 6; i++) {
        struct ending ending = {.sample_key = i,
                                .idle_ms = 5000 + i,
                                .age_ms = 7000 + 900 * i,
                                .moment_ms = 8000 + 2000 * i,
                                .answers = 1 + i};
        endings_add(endings, OUTCOME_closed_idle, &ending);
    }
    endings_add_late(endings, OUTCOME_reset_idle, &(struct ending){.age_ms = 1});
}

static size_t times(const char *text, const char *part) {
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

/* Said once while nothing changes, and once more in the end; and read back it is the run's own. */
static void why_connections_ended_is_kept(void **state) {
    struct fixture *fixture = *state;
    end_by_timeout(&fixture->record.total.endings);
    char *timeline = timeline_of(fixture, true);
    assert_int_equal(times(timeline, "\"lifetimes\""), 2);
    free(timeline);
    assert_says(fixture_json(fixture, &fixture->record), "\"directive\": \"keepalive_timeout 5s\"");
    assert_same_again(*state);
}

/* In the first millisecond of a run: a moment has no limit that would be above 0. */
static void endings_at_the_first_moment_are_kept(void **state) {
    struct fixture *fixture = *state;
    for (uint32_t i = 0; i < 6; i++)
        endings_add(&fixture->record.total.endings, OUTCOME_closed_idle,
                    &(struct ending){.sample_key = i,
                                     .idle_ms = 100 * i * i,
                                     .age_ms = 3000 + 100 * i,
                                     .answers = 1 + i});
    char *timeline = timeline_of(fixture, true);
    assert_says(timeline, "\"dimension\":\"moment\"");
    free(timeline);
    assert_same_again(*state);
}

/* As the run would have said it in that second. */
static void a_run_cut_off_says_why_connections_ended(void **state) {
    struct fixture *fixture = *state;
    end_by_timeout(&fixture->record.total.endings);
    char *timeline = timeline_of(fixture, false);
    struct saved *saved = read_text(timeline);
    char *json = json_of(saved), *summary = summary_of(saved);
    assert_says(json, "\"code\": \"idle_timeout\"");
    assert_says(json, "\"sampled\": 6");
    assert_says(summary, "keepalive_timeout 5s");
    free(json);
    free(summary);
    free(timeline);
    saved_free(saved);
}

static void causes_from_elsewhere_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *told;
    } rows[] = {
        {"\"outcome\":\"closed_idle\"", "\"outcome\":\"closed_idly\"", "an outcome that this"},
        {"\"dimension\":\"idle\"", "\"dimension\":\"idol\"", "none that this version knows"},
        {"\"limit\":5000", "\"limit\":0   ", "1 or more is accepted"},
        {"\"limit\":5000", "\"limit\":-500", "\"limit\""},
        {"\"value_seconds\":5.003", "\"value_seconds\":5e300", "\"value_seconds\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *fixture = fixture_make(COMMAND_RUN);
        end_by_timeout(&fixture->record.total.endings);
        char *timeline = timeline_of(fixture, true);
        char *place = strstr(timeline, rows[i].from);
        assert_non_null(place);
        memcpy(place, rows[i].to, strlen(rows[i].to));
        assert_null(read_bytes(timeline, strlen(timeline)));
        assert_says(error, rows[i].told);
        free(timeline);
        fixture_free(fixture);
    }
}

static void a_report_read_back_gives_the_runs_own_summary(void **state) {
    struct fixture *fixture = *state;
    begin_run(fixture);
    judge_run(&fixture->judgement, &fixture->plan, &fixture->record);
    char *json = strdup(fixture_json(fixture, &fixture->record));
    struct saved *saved = read_text(json);
    char *summary = summary_of(saved);
    assert_int_equal(saved->kind, SAVED_REPORT);
    assert_string_equal(summary, fixture_summary(fixture, &fixture->record, false));
    free(summary);
    free(json);
    saved_free(saved);
}

/* Nothing lost before the cut: only the cut is against it. */
static void make_sound(struct tally_counts *counts) {
    memset(counts->outcomes, 0, sizeof counts->outcomes);
    counts->opened = counts->live = 100;
    counts->lost = counts->timed_out = 0;
    counts->outstanding = 1;
}

static void a_timeline_without_its_end_is_inconclusive(void **state) {
    struct fixture *fixture = *state;
    make_sound(&fixture->record.total.counts);
    char *timeline = timeline_of(fixture, false);
    struct saved *saved = read_text(timeline);
    char *json = json_of(saved);
    assert_int_equal(saved->judgement.verdict, VERDICT_INCONCLUSIVE);
    assert_int_equal(saved->judgement.exit_code, EXIT_INCONCLUSIVE);
    assert_int_equal(saved->judgement.reason_count, 1);
    assert_string_equal(saved->judgement.reasons[0],
                        "the timeline ends at 2.0 s: the run was cut off");
    assert_says(json, "\"interrupted\": true");
    assert_says(json, "\"unfinished\": 1");
    assert_says(json, "\"seconds\": null, \"how\": null, \"outcomes\": {\"drained\": 100, ");
    free(json);
    free(timeline);
    saved_free(saved);
}

static void what_was_broken_before_the_cut_stays_broken(void **state) {
    struct fixture *fixture = *state;
    char *timeline = timeline_of(fixture, false);
    struct saved *saved = read_text(timeline);
    assert_int_equal(saved->judgement.verdict, VERDICT_BROKE);
    assert_string_equal(saved->judgement.reasons[saved->judgement.reason_count - 1],
                        "the timeline ends at 2.0 s: the run was cut off");
    free(timeline);
    saved_free(saved);
}

/* How many lines end before text + length. */
static size_t whole_lines(const char *text, size_t length) {
    size_t lines = 0;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

static void cut_anywhere_it_renders_all_whole_lines(void **state) {
    struct fixture *fixture = *state;
    make_sound(&fixture->record.total.counts);
    char *timeline = timeline_of(fixture, true);
    size_t length = strlen(timeline), header = strcspn(timeline, "\n");
    for (size_t cut = 1; cut < header; cut += 31) {
        assert_null(read_bytes(timeline, cut));
        assert_says(error, "run.jsonl:1: no JSON");
    }
    for (size_t cut = header; cut < length - 1; cut += 7) {
        struct saved *saved = read_bytes(timeline, cut);
        size_t lines = whole_lines(timeline, cut);
        if (saved == NULL)
            fail_msg("cut at %zu: %s", cut, error);
        assert_int_equal(saved->judgement.exit_code, EXIT_INCONCLUSIVE);
        assert_int_equal(saved->judgement.verdict, VERDICT_INCONCLUSIVE);
        if (saved->record != NULL)
            assert_in_range(saved->record->timeline.count, lines > 2 ? lines - 2 : 0, lines - 1);
        else
            assert_in_range(lines, 0, 1);
        saved_free(saved);
    }
    free(timeline);
}

static void cut_before_the_load_it_says_so(void **state) {
    char *timeline = timeline_of(*state, true);
    struct saved *saved = read_bytes(timeline, strcspn(timeline, "\n") + 1);
    assert_non_null(saved);
    char *json = json_of(saved), *summary = summary_of(saved);
    assert_says(summary, "the timeline ends before the load: the run was cut off");
    assert_says(summary, "nothing was started");
    assert_says(json, "\"interrupted\": true");
    free(json);
    free(summary);
    free(timeline);
    saved_free(saved);
}

static void zeros_behind_the_last_line_are_a_torn_line(void **state) {
    struct fixture *fixture = *state;
    char *timeline = timeline_of(fixture, false);
    size_t length = strlen(timeline);
    char *padded = calloc(1, length + 512); /* as a file system may leave it after a power loss */
    assert_non_null(padded);
    memcpy(padded, timeline, length);
    struct saved *saved = read_bytes(padded, length + 512);
    assert_non_null(saved);
    assert_int_equal(saved->torn_line, 5);
    free(padded);
    free(timeline);
    saved_free(saved);
}

static void a_preflights_end_is_a_timeline_too(void **state) {
    (void)state;
    struct scratch scratch;
    struct fixture *fixture = fixture_make_preflight(COMMAND_RUN);
    fixture->judgement.verdict = VERDICT_UNFIT;
    fixture->judgement.exit_code = EXIT_UNFIT;
    fixture->judgement.reason_count = 1;
    snprintf(fixture->judgement.reasons[0], sizeof fixture->judgement.reasons[0], "too few ports");
    scratch_open(&scratch);
    assert_int_equal(timeline_file_header(&scratch.file, &fixture->plan, &fixture->setup), 0);
    assert_int_equal(timeline_file_end(&scratch.file, &fixture->plan, NULL, &fixture->judgement),
                     0);
    char *timeline = scratch_text(&scratch);
    struct saved *saved = read_text(timeline);
    char *json = json_of(saved);
    assert_null(saved->record);
    assert_string_equal(json, fixture_json(fixture, NULL));
    free(json);
    free(timeline);
    saved_free(saved);
    fixture_free(fixture);
}

/* text with the first `from` replaced, or cut out. */
static char *edited(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    if (at == NULL)
        fail_msg("%s is not in the timeline", from);
    size_t before = (size_t)(at - text), size = strlen(text) + strlen(to) + 1;
    char *result = malloc(size);
    assert_non_null(result);
    snprintf(result, size, "%.*s%s%s", (int)before, text, to, at + strlen(from));
    return result;
}

static void what_is_wrong_is_said_with_its_line(void **state) {
    static const struct {
        const char *from, *to, *said;
    } cases[] = {
        {"\"attempted\":100", "\"attempted\":101", "run.jsonl:3: the ledger does not add up"},
        {"\"sent\":501", "\"sent\":502", "run.jsonl:3: the ledger does not add up"},
        {"\"attempted\":100", "\"attempted\":-1", "run.jsonl:3: \"attempted\": a count"},
        {"\"attempted\":100", "\"attempted\":1.5", "run.jsonl:3: \"attempted\": a count"},
        {"\"attempted\":100", "\"attempted\":99999999999999999999", "run.jsonl:3: no JSON"},
        {"\"attempted\":100", "\"attempted\":100,\"attempted\":100", "run.jsonl:3: no JSON"},
        {"\"t\":2", "\"t\":1", "run.jsonl:4: \"t\": seconds that grow"},
        {"\"t\":1", "\"t\":\"1\"", "run.jsonl:3: \"t\": a number of seconds"},
        {"\"t\":1", "\"t\":1e300", "run.jsonl:3: \"t\": a number of seconds"},
        {"\"refused\":3", "\"x\\u001b[2J\":3", "run.jsonl:3: \"outcomes\": \"x\\x1B[2J\" is none"},
        {"\"refused\":3", "\"drained\":3", "run.jsonl:3: \"outcomes\": \"drained\" is none"},
        {"\"200\":500", "\"2000\":500", "run.jsonl:3: \"by_status\": \"2000\" is no status"},
        {"\"count\":500,\"min\"", "\"count\":0,\"min\"", "does not fit its count"},
        {"\"ramp\":\"10/10ms\"", "\"ramp\":\"10/zebra\"", "run.jsonl:1: plan: ramp: "},
        {"\"header\":[]", "\"header\":[\"@/etc/passwd\"]", "run.jsonl:1: plan: header: "},
        {"\"connections\":100", "\"connections\":{}", "run.jsonl:1: plan: \"connections\""},
        {"127.0.0.1:8080/", "127.0.0.1:0/", "run.jsonl:1: plan: "},
        {"[32768,60999]", "[1,9999999]", "run.jsonl:1: \"port_range\""},
        {"\"code\":\"memory\"", "\"code\":\"\\u001b[2J\"", "run.jsonl:2: \"findings\""},
        {"\"workers\":[{", "\"workers\":[7,{", "run.jsonl:2: \"workers\""},
        {"\"result\":\"broke\"", "\"result\":\"fine\"", "run.jsonl:5: \"verdict\""},
        {"2023-11-14T22:13:20.123456789Z", "yesterday", "run.jsonl:2: \"started_at\""},
        {"\"2023-11-14T22:13:20.123456789Z\"", "null", "run.jsonl:5: the end of a load without"},
        {"{\"t\":2", "[]\n{\"t\":2", "run.jsonl:4: an object is accepted"},
        {"{\"end\":true", "\n{\"end\":true", "run.jsonl:5: no JSON"},
        {"{\"begin\":true", "{\"begin\":false", "run.jsonl:2: it has not begun yet"},
        {"{\"t\":1", "{\"begin\":true,\"t\":1", "run.jsonl:3: it begins a second time"},
        {"holdfast-timeline/1", "holdfast-timeline/9", "a timeline or a JSON report"},
    };
    char *timeline = timeline_of(*state, true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *changed = edited(timeline, cases[i].from, cases[i].to);
        if (read_bytes(changed, strlen(changed)) != NULL)
            fail_msg("let pass: %s for %s", cases[i].to, cases[i].from);
        assert_says(error, cases[i].said);
        free(changed);
    }
    free(timeline);
}

static void a_report_whose_ledger_cannot_be_is_refused(void **state) {
    static const struct {
        const char *from, *to, *said;
    } cases[] = {
        {"\"opened\": 97", "\"opened\": 49995",
         "\"opened\": at most \"attempted\", which is 100, is"},
        {"\"opened\": 97", "\"opened\": 93", "\"live\": at most \"opened\", which is 93, is"},
        {"\"lost\": 3", "\"lost\": 98", "\"lost\": at most \"opened\", which is 97, is accepted"},
        {"\"reconnected\": 0", "\"reconnected\": 98",
         "\"reconnected\": at most \"opened\", which is"},
        {"\"live\": 94", "\"live\": 95", "attempted is not connecting + live"},
    };
    struct fixture *fixture = *state;
    char *json = strdup(fixture_json(fixture, &fixture->record));
    assert_non_null(json);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *changed = edited(json, cases[i].from, cases[i].to);
        if (read_bytes(changed, strlen(changed)) != NULL)
            fail_msg("let pass: %s for %s", cases[i].to, cases[i].from);
        assert_says(error, cases[i].said);
        free(changed);
    }
    free(json);
}

static void nothing_follows_the_end(void **state) {
    char *timeline = timeline_of(*state, true);
    size_t length = strlen(timeline);
    char *twice = malloc(2 * length + 1);
    assert_non_null(twice);
    snprintf(twice, 2 * length + 1, "%s%s", timeline, timeline);
    assert_null(read_bytes(twice, 2 * length));
    assert_says(error, "run.jsonl:6: a line after the end");
    free(twice);
    free(timeline);
}

static void a_line_without_an_end_is_bounded(void **state) {
    char *timeline = timeline_of(*state, false);
    size_t length = strlen(timeline), more = 2 * SAVED_LINE_MAX;
    char *text = malloc(length + more);
    assert_non_null(text);
    memcpy(text, timeline, length);
    memset(text + length, ' ', more);
    assert_null(read_bytes(text, length + more));
    assert_says(error, "run.jsonl:5: a line of more than 1 MiB");
    memset(text, '[', length + more);
    assert_null(read_bytes(text, length + more));
    assert_says(error, "run.jsonl:1: no JSON");
    free(text);
    free(timeline);
}

static void a_full_disk_is_told_once(void **state) {
    struct fixture *fixture = *state;
    struct timeline_file file;
    struct timeline_moment moment = {"hold", fixture->record.timeline.samples[0], NULL, NULL};
    if (access("/dev/full", W_OK) != 0)
        skip();
    assert_int_equal(timeline_file_open(&file, "/dev/full"), 0);
    assert_int_equal(
        timeline_file_begin(&file, &fixture->plan, &fixture->record, &fixture->judgement), -ENOSPC);
    assert_int_equal(timeline_file_sample(&file, &fixture->plan, &fixture->record, &moment), 0);
    assert_int_equal(
        timeline_file_end(&file, &fixture->plan, &fixture->record, &fixture->judgement), 0);
    assert_int_equal(file.error, -ENOSPC);
    timeline_file_close(&file);
}

static void a_lost_worker_is_told_with_its_end(void **state) {
    struct fixture *fixture = *state;
    struct tally_counts *counts = &fixture->record.total.counts;
    counts->outcomes[OUTCOME_worker_lost] = counts->live;
    counts->lost += counts->live;
    counts->live = counts->drain[OUTCOME_drained] = 0;
    fixture->workers[0].lost = true;
    fixture->workers[0].status = 9;
    char *timeline = timeline_of(fixture, true);
    struct saved *saved = read_text(timeline);
    char *summary = summary_of(saved);
    assert_says(summary, "worker 0 (process 4711, 100 connections) was ended by signal 9");
    free(summary);
    free(timeline);
    saved_free(saved);
}

/* Line by line, each parsed by whoever took it from a pipe: false at the first that is refused. */
static bool follow_lines(struct saved_follow *follow, const char *text) {
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        struct saved_value_fault fault;
        struct json_t *line = saved_value_parse(text, (size_t)(end - text), &fault);
        assert_non_null(line);
        bool taken = saved_follow_line(follow, line);
        saved_value_free(line);
        if (!taken)
            return false;
    }
    return true;
}

static void a_timeline_is_followed_as_it_grows(void **state) {
    struct fixture *fixture = *state;
    make_level(&fixture->record);
    char *text = timeline_of(fixture, true);
    char *last = strrchr(text, '{');
    while (last > text && last[-1] != '\n')
        last--;
    char *end = strdup(last);
    *last = '\0';
    struct saved_follow *follow = saved_follow_open("h1");
    assert_non_null(follow);
    assert_false(saved_follow_has_begun(follow));
    assert_true(follow_lines(follow, text));
    assert_true(saved_follow_has_begun(follow));
    assert_false(saved_follow_has_ended(follow));
    assert_string_equal(saved_follow_phase(follow), "hold");
    assert_int_equal(saved_follow_saved(follow)->record->total.counts.live, 94);
    assert_true(follow_lines(follow, end));
    assert_true(saved_follow_has_ended(follow));
    assert_false(follow_lines(follow, end));
    assert_non_null(strstr(saved_follow_error(follow), "h1"));
    struct saved *saved = saved_follow_take(follow);
    assert_int_equal(saved->record->total.counts.live, 94);
    saved_free(saved);
    saved_follow_close(follow);
    free(end);
    free(text);
}

/* To a leader each line has its histograms: what is followed may be merged at any moment. */
static void lines_to_a_leader_hold_their_histograms(void **state) {
    struct fixture *fixture = *state;
    struct scratch scratch;
    struct record *record = &fixture->record;
    make_level(record);
    begin_run(fixture);
    scratch_open(&scratch);
    scratch.file.to_leader = true;
    scratch.file.started_ns = 77;
    struct timeline_moment moment = {"hold", record->timeline.samples[0], NULL, NULL};
    assert_int_equal(timeline_file_header(&scratch.file, &fixture->plan, &fixture->setup), 0);
    assert_int_equal(
        timeline_file_begin(&scratch.file, &fixture->plan, record, &fixture->judgement), 0);
    assert_int_equal(timeline_file_sample(&scratch.file, &fixture->plan, record, &moment), 0);
    char *text = scratch_text(&scratch);
    assert_non_null(strstr(text, "\"started_ns\":77"));
    struct saved_follow *follow = saved_follow_open("h1");
    assert_true(follow_lines(follow, text));
    const struct record *followed = saved_follow_saved(follow)->record;
    assert_non_null(record_histogram(followed, DISTRIBUTION_LATENCY));
    assert_int_equal(record_histogram(followed, DISTRIBUTION_LATENCY)->count,
                     record->total.latency.count);
    saved_follow_close(follow);
    free(text);
}

/* Its line comes before the end's, whose figures are all counts but for that moment. */
static void when_the_ramp_began_outlives_the_end(void **state) {
    struct fixture *fixture = *state;
    struct scratch scratch;
    struct record *record = &fixture->record;
    begin_run(fixture);
    scratch_open(&scratch);
    scratch.file.to_leader = true;
    scratch.file.started_ns = 77;
    record->total.counts.first_attempt_ns = 77 + 5;
    assert_int_equal(timeline_file_header(&scratch.file, &fixture->plan, &fixture->setup), 0);
    judge_run(&fixture->judgement, &fixture->plan, record);
    assert_int_equal(timeline_file_end(&scratch.file, &fixture->plan, record, &fixture->judgement),
                     0);
    char *text = scratch_text(&scratch);
    struct saved_follow *follow = saved_follow_open("h1");
    assert_true(follow_lines(follow, text));
    const struct record *followed = saved_follow_saved(follow)->record;
    assert_true(followed->endings_kept);
    assert_int_equal(followed->total.counts.first_attempt_ns, SECOND + 5);
    saved_follow_close(follow);
    free(text);
}

static void an_end_is_judged_whatever_else_its_line_has(void **state) {
    struct fixture *fixture = *state;
    make_sound(&fixture->record.total.counts);
    char *text = timeline_of(fixture, true);
    char *both = edited(text, "{\"end\":true,", "{\"end\":true,\"endings\":{},");
    struct saved *plain = read_text(text), *saved = read_text(both);
    assert_int_equal(saved->judgement.verdict, plain->judgement.verdict);
    assert_true(plain->judgement.requirement_count > 0);
    assert_int_equal(saved->judgement.requirement_count, plain->judgement.requirement_count);
    saved_free(saved);
    saved_free(plain);
    free(both);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(when_the_ramp_began_outlives_the_end),
        WITH_FIXTURE(an_end_is_judged_whatever_else_its_line_has),
        WITH_FIXTURE(a_timeline_read_back_gives_the_runs_own_report_to_the_byte),
        WITH_FIXTURE(a_report_read_back_has_its_histograms),
        WITH_FIXTURE(a_timeline_without_its_end_has_buckets),
        WITH_FIXTURE(a_report_read_back_gives_the_same_summary_between_milliseconds),
        WITH_FIXTURE(what_auto_came_to_is_read_back),
        WITH_FIXTURE(what_log_and_process_showed_is_read_back),
        WITH_FIXTURE(a_process_that_was_never_seen_stays_unmeasured),
        WITH_FIXTURE(how_connections_came_back_is_read_back),
        WITH_FIXTURE(how_late_a_schedule_was_is_read_back),
        WITH_FIXTURE(why_connections_ended_is_kept),
        WITH_FIXTURE(endings_at_the_first_moment_are_kept),
        WITH_FIXTURE(a_run_cut_off_says_why_connections_ended),
        WITH_FIXTURE(causes_from_elsewhere_are_refused),
        WITH_FIXTURE(a_report_read_back_gives_the_runs_own_summary),
        WITH_FIXTURE(a_timeline_without_its_end_is_inconclusive),
        WITH_FIXTURE(what_was_broken_before_the_cut_stays_broken),
        WITH_FIXTURE(cut_anywhere_it_renders_all_whole_lines),
        WITH_FIXTURE(cut_before_the_load_it_says_so),
        WITH_FIXTURE(zeros_behind_the_last_line_are_a_torn_line),
        cmocka_unit_test(a_preflights_end_is_a_timeline_too),
        WITH_FIXTURE(what_is_wrong_is_said_with_its_line),
        WITH_FIXTURE(a_report_whose_ledger_cannot_be_is_refused),
        WITH_FIXTURE(nothing_follows_the_end),
        WITH_FIXTURE(a_line_without_an_end_is_bounded),
        WITH_FIXTURE(a_full_disk_is_told_once),
        WITH_FIXTURE(a_lost_worker_is_told_with_its_end),
        WITH_FIXTURE(a_timeline_is_followed_as_it_grows),
        WITH_FIXTURE(lines_to_a_leader_hold_their_histograms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
