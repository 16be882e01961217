/* A line skimmed is a line read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/export/timeline_file.h"
#include "report/fixture.h"
#include "report/saved/saved_skim.h"

static char line[1 << 16];
static size_t length;

/* As the writer puts it. */
static void write_line(struct fixture *fixture, const struct timeline_sample *sample) {
    int ends[2];
    struct timeline_moment moment = {"hold", *sample, NULL, NULL};
    assert_int_equal(pipe(ends), 0);
    struct timeline_file file = {.path = "-"};
    line_writer_open(&file.out, ends[1]);
    assert_int_equal(timeline_file_sample(&file, &fixture->plan, &fixture->record, &moment), 0);
    timeline_file_close(&file);
    ssize_t got = read(ends[0], line, sizeof line);
    close(ends[0]);
    assert_true(got > 0 && line[got - 1] == '\n');
    length = (size_t)got - 1;
}

static void what_was_written_is_skimmed(void **state) {
    struct fixture *fixture = *state;
    struct timeline_sample written = {
        61.25,   94,      0,    2,   4,      97.5, NAN, 0.003,
        0.00025, 0.01125, 1.25, 103, 0.0001, 94,   94,  {480, 1, 0, 17, 2}};
    struct timeline_sample skimmed;
    uint64_t *statuses = fixture->record.total.counts.statuses;
    memset(statuses, 0, TALLY_STATUS_MAX * sizeof *statuses);
    statuses[200] = 470;
    statuses[204] = 10;
    statuses[301] = 1;
    statuses[503] = 17;
    statuses[101] = statuses[999] = 1;
    write_line(fixture, &written);
    assert_true(saved_skim_sample(line, length, &skimmed));
    assert_true(isnan(skimmed.server_per_second));
    skimmed.server_per_second = written.server_per_second = 0;
    assert_memory_equal(&skimmed, &written, sizeof written);
}

static void anything_else_is_left_to_the_reader(void **state) {
    struct fixture *fixture = *state;
    struct timeline_sample skimmed;
    write_line(fixture, &fixture->record.timeline.samples[0]);
    char *kept = strndup(line, length);
    for (size_t cut = 1; cut < length; cut++)
        if (line[cut - 1] != '}')
            assert_false(saved_skim_sample(line, cut, &skimmed));
    *strstr(line, "\"attempted\":100") = ' ';
    assert_false(saved_skim_sample(line, length, &skimmed));
    memcpy(line, kept, length);
    strstr(line, "\"attempted\":100")[14] = '1'; /* the ledger does not add up */
    assert_false(saved_skim_sample(line, length, &skimmed));
    memcpy(line, kept, length);
    memcpy(line + 5, "-1,", 3);
    assert_false(saved_skim_sample(line, length, &skimmed));
    free(kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(what_was_written_is_skimmed),
        WITH_FIXTURE(anything_else_is_left_to_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
