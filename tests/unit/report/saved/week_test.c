/* A week of 100 connections, second by second, through the real writer and the real reader: both
 * keep to the memory they had after its first hours.
 *
 * usage: week_test [--days N] */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "options/options.h"
#include "report/export/timeline_file.h"
#include "report/fixture.h"
#include "report/saved/saved.h"

enum { DAY_SECONDS = 86400, ASKED_PER_SECOND = 6 };
/* The address sanitizer keeps what was freed for a while: there, memory says nothing. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(SANITIZED) || defined(__SANITIZE_ADDRESS__)
enum { WATCHED = 0, HOURS = 6 };
#else
enum { WATCHED = 1, HOURS = 7 * 24 };
#endif
enum { GROWTH_KIB_MAX = 256 };

static uint64_t seconds = (uint64_t)HOURS * 3600;

static long peak_kib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* One more second of a calm run: every connection asks now and then, one slow answer an hour. */
static struct timeline_sample live_on(struct record *record, uint64_t second) {
    struct tally *total = &record->total;
    struct tally_counts *counts = &total->counts;
    for (int i = 0; i < ASKED_PER_SECOND; i++) {
        duration took = (duration)(100 + (second * 7 + (uint64_t)i) % 900) * MICROSECOND;
        if (second % 3600 == 0 && i == 0)
            took = 2 * SECOND;
        histogram_add(&total->latency, took);
        histogram_add(&total->service, took);
        histogram_add(&total->lag, (duration)(second % 5000) * MICROSECOND / 100);
    }
    counts->sent += ASKED_PER_SECOND;
    counts->answered += ASKED_PER_SECOND;
    counts->statuses[200] += ASKED_PER_SECOND;
    record->hold_seconds = (double)second;
    record->samples++;
    record->ended_at.tv_sec++;
    return (struct timeline_sample){.t = (double)second + 0.001234567,
                                    .live = counts->live,
                                    .live_min = counts->live,
                                    .live_max = counts->live,
                                    .client_per_second = ASKED_PER_SECOND + 0.1,
                                    .server_per_second = NAN,
                                    .p99_seconds = 0.000999423};
}

static void begin_week(struct fixture *fixture) {
    struct record *record = &fixture->record;
    struct tally_counts *counts = &record->total.counts;
    memset(&fixture->judgement, 0, sizeof fixture->judgement);
    fixture->judgement.setup = &fixture->setup;
    tally_clear(&record->total);
    timeline_init(&record->timeline, SECOND);
    counts->attempted = counts->opened = counts->live = 100;
    record->ended_at = record->started_at;
    for (int i = 0; i < 100; i++)
        histogram_add(&record->total.connect, 150 * MICROSECOND);
}

/* The writing side, a process of its own: 0 when its memory was flat. */
static int write_week(int fd) {
    struct fixture *fixture = fixture_make(COMMAND_RUN);
    struct record *record = &fixture->record;
    struct timeline_file file = {.path = "week", .out = {.fd = fd, .blocking = true}};
    long after_a_while = 0;
    begin_week(fixture);
    int error = timeline_file_header(&file, &fixture->plan, &fixture->setup);
    if (error == 0)
        error = timeline_file_begin(&file, &fixture->plan, record, &fixture->judgement);
    for (uint64_t second = 1; second <= seconds && error == 0; second++) {
        struct timeline_moment moment = {"hold", live_on(record, second), NULL, NULL};
        timeline_push(&record->timeline, &moment.sample);
        error = timeline_file_sample(&file, &fixture->plan, record, &moment);
        if (second == 3 * TIMELINE_MAX)
            after_a_while = peak_kib();
    }
    long grown = peak_kib() - after_a_while;
    timeline_file_close(&file);
    fixture_free(fixture);
    return error != 0 ? 1 : WATCHED && grown > GROWTH_KIB_MAX ? 2 : 0;
}

static void check_week(const struct saved *saved) {
    const struct record *record = saved->record;
    const struct timeline *timeline = &record->timeline;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < timeline->count; i++)
        if (timeline->extremes[i].live_min < least)
            least = timeline->extremes[i].live_min;
    assert_true(timeline->count <= TIMELINE_MAX);
    assert_int_equal(least, 100);
    assert_int_equal(record->total.counts.answered, seconds * ASKED_PER_SECOND);
    assert_true(record_figures(record, DISTRIBUTION_LATENCY).max == 2);
    assert_int_equal(saved->judgement.exit_code, EXIT_INCONCLUSIVE);
    assert_true(record->cut_off_seconds == (double)seconds + 0.001234567);
}

static double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void a_week_is_read_as_it_was_written_in_the_same_memory(void **state) {
    (void)state;
    char error[SAVED_ERROR_MAX] = "";
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[0], F_SETPIPE_SZ, 1 << 20); /* or less: only how often the two take turns */
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        close(ends[0]);
        _exit(write_week(ends[1]));
    }
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    assert_non_null(in);
    double begun = now_seconds();
    long before = peak_kib();
    struct saved *saved = saved_read(in, "week", error);
    long grown = peak_kib() - before;
    fclose(in);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    if (saved == NULL)
        fail_msg("%s", error);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    check_week(saved);
    printf("%g days in %.1f s; the reader took %ld KiB\n", (double)seconds / DAY_SECONDS,
           now_seconds() - begun, grown);
    if (WATCHED)
        assert_in_range(grown, 0, 8 * 1024);
    saved_free(saved);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--days") == 0)
        seconds = strtoull(argv[2], NULL, 10) * DAY_SECONDS;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_week_is_read_as_it_was_written_in_the_same_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
