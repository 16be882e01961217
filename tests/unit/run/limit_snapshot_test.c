/* Snapshots of this machine: taken once for each limit of our own side, at its first sight. */
#include "run/limit_snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crew.h"
#include "host/host.h"

static struct limit_snapshots snapshots;
static struct record *record;
static struct setup setup;
static struct tally_counts total;

static int set_up(void **state) {
    (void)state;
    door_reset();
    crew_reset();
    crew.member.pid = getpid();
    snapshots = (struct limit_snapshots){0};
    memset(&setup, 0, sizeof setup);
    memset(&total, 0, sizeof total);
    record = calloc(1, sizeof *record);
    return record == NULL;
}

static int tear_down(void **state) {
    (void)state;
    ports_query_end(&snapshots.look);
    free(record);
    return 0;
}

static const struct evidence_limit_snapshot *snapshot_of(enum outcome outcome) {
    return &record->snapshots[outcome];
}

static void meet(enum outcome outcome) {
    total.outcomes[outcome]++;
    crew.tally.counts.outcomes[outcome]++;
}

static void take(duration after) {
    limit_snapshots_take(&snapshots, record, &setup, &crew, &total, (instant){SECOND + after});
}

static void a_limit_of_ours_is_taken_with_the_worker_and_the_machine(void **state) {
    (void)state;
    struct rlimit limit;
    struct host host;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    host_read(&host, "");
    meet(OUTCOME_fd_limit);
    take(0);
    const struct evidence_limit_snapshot *snapshot = snapshot_of(OUTCOME_fd_limit);
    assert_true(snapshot->taken);
    assert_in_range(snapshot->worker_files, 3, limit.rlim_cur);
    assert_int_equal(snapshot->nofile_soft, limit.rlim_cur);
    assert_int_equal(snapshot->file_max, host.file_max);
    assert_int_equal(snapshot->ports_range, -1); /* of ports_exhausted alone */
    assert_true(limit_snapshots_complete(&snapshots, OUTCOME_fd_limit));
    assert_false(snapshots.look.begun);
}

static void later_ones_of_the_outcome_change_nothing(void **state) {
    (void)state;
    meet(OUTCOME_fd_limit);
    take(0);
    int64_t files = snapshot_of(OUTCOME_fd_limit)->worker_files;
    int another = dup(STDERR_FILENO);
    meet(OUTCOME_fd_limit);
    take(SECOND);
    assert_int_equal(snapshot_of(OUTCOME_fd_limit)->worker_files, files);
    meet(OUTCOME_fd_limit_system); /* another outcome is taken as things stand then */
    take(2 * SECOND);
    assert_int_equal(snapshot_of(OUTCOME_fd_limit_system)->worker_files, files + 1);
    close(another);
}

static void endings_by_the_server_and_the_network_take_none(void **state) {
    (void)state;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (outcome_side((enum outcome)i) != SIDE_TESTER)
            meet((enum outcome)i);
    take(0);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        assert_false(snapshot_of((enum outcome)i)->taken);
}

static void of_a_worker_that_is_gone_nothing_is_measured(void **state) {
    (void)state;
    crew.member.gone = true;
    meet(OUTCOME_fd_limit);
    take(0);
    assert_true(snapshot_of(OUTCOME_fd_limit)->taken);
    assert_int_equal(snapshot_of(OUTCOME_fd_limit)->worker_files, -1);
    assert_int_equal(snapshot_of(OUTCOME_fd_limit)->nofile_soft, -1);
    assert_true(snapshot_of(OUTCOME_fd_limit)->file_max > 0);
}

static void exhausted_ports_are_counted_by_a_child(void **state) {
    (void)state;
    setup.address_count = 1;
    assert_true(address_parse(&setup.addresses[0], "127.0.0.1", 8080));
    meet(OUTCOME_ports_exhausted);
    assert_true(limit_snapshots_complete(&snapshots, OUTCOME_ports_exhausted)); /* none was begun */
    take(0);
    assert_true(snapshots.look.begun);
    limit_snapshots_finish(&snapshots, record);
    assert_true(limit_snapshots_complete(&snapshots, OUTCOME_ports_exhausted));
    assert_true(snapshot_of(OUTCOME_ports_exhausted)->ports_range > 0);
    assert_true(snapshot_of(OUTCOME_ports_exhausted)->ports_in_use >= 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

/* A child that counts for ever: it writes nothing, and its pipe stays open. */
static void begin_endless_count(void) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    snapshots.look = (struct ports_query){.begun = true, .fd = ends[0], .child = fork()};
    if (snapshots.look.child == 0) {
        pause();
        _exit(0);
    }
    close(ends[1]);
}

static void a_count_that_takes_too_long_is_given_up(void **state) {
    (void)state;
    meet(OUTCOME_ports_exhausted);
    take(0);
    snapshots.look_since = (instant){SECOND};
    begin_endless_count();
    take(10 * SECOND);
    assert_false(limit_snapshots_complete(&snapshots, OUTCOME_ports_exhausted));
    take(10 * SECOND + 1);
    assert_true(limit_snapshots_complete(&snapshots, OUTCOME_ports_exhausted));
    assert_int_equal(snapshot_of(OUTCOME_ports_exhausted)->ports_range, -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_limit_of_ours_is_taken_with_the_worker_and_the_machine),
        TEST(later_ones_of_the_outcome_change_nothing),
        TEST(endings_by_the_server_and_the_network_take_none),
        TEST(of_a_worker_that_is_gone_nothing_is_measured),
        TEST(exhausted_ports_are_counted_by_a_child),
        TEST(a_count_that_takes_too_long_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
