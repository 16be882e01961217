/* Each line that is appended to an access log is counted once, whatever is done to the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "observe/access_log.h"

#define LINE "127.0.0.1 - - [22/Nov/2025:07:45:01 +0000] \"HEAD / HTTP/1.1\" 200 0 \"-\" \"h\"\n"
#define POLL "127.0.0.1 - - [22/Nov/2025:07:45:01 +0000] \"GET /status HTTP/1.1\" 200 97 \"-\"\n"

struct fixture {
    char folder[64], path[80], aside[80];
    struct plan plan;
    struct setup setup;
    struct access_log follower;
    instant now;
    int writer; /* as the server: it keeps what it opened */
};

static int reopen(struct fixture *fixture) {
    if (fixture->writer >= 0)
        close(fixture->writer);
    fixture->writer = open(fixture->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    return fixture->writer < 0 ? -1 : 0;
}

static void put(struct fixture *fixture, const char *text) {
    size_t length = strlen(text);
    assert_int_equal(write(fixture->writer, text, length), length);
}

static void put_lines(struct fixture *fixture, int count) {
    for (int i = 0; i < count; i++)
        put(fixture, LINE);
}

/* As the preflight does. */
static void begin(struct fixture *fixture) {
    int64_t size = 0;
    fixture->setup.server_log.fd = access_log_open(fixture->path, &size);
    assert_true(fixture->setup.server_log.fd >= 0);
    fixture->setup.server_log.open = true;
    fixture->setup.server_log.position = size;
    assert_int_equal(
        access_log_init(&fixture->follower, &fixture->plan, &fixture->setup, fixture->now), 0);
}

static const struct server_log_view *step(struct fixture *fixture) {
    fixture->now = instant_after(fixture->now, SECOND);
    access_log_step(&fixture->follower, fixture->now);
    return &fixture->follower.view;
}

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    fixture->writer = -1;
    strcpy(fixture->folder, "/tmp/holdfast-log-XXXXXX");
    if (mkdtemp(fixture->folder) == NULL)
        return -1;
    snprintf(fixture->path, sizeof fixture->path, "%s/log", fixture->folder);
    snprintf(fixture->aside, sizeof fixture->aside, "%s/log.1", fixture->folder);
    fixture->plan.method = "HEAD";
    fixture->setup.server_log.path = fixture->path;
    strcpy(fixture->plan.target.path, "/");
    strcpy(fixture->plan.status.host, "h");
    strcpy(fixture->plan.status.path, "/status");
    return reopen(fixture);
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    char command[128];
    access_log_free(&fixture->follower);
    setup_free(&fixture->setup);
    close(fixture->writer);
    snprintf(command, sizeof command, "rm -rf '%s'", fixture->folder);
    int failed = system(command);
    free(fixture);
    return failed;
}

static void only_what_is_appended_counts(void **state) {
    struct fixture *fixture = *state;
    put_lines(fixture, 7);
    begin(fixture);
    assert_int_equal(step(fixture)->lines, 0);
    put_lines(fixture, 3);
    assert_int_equal(step(fixture)->lines, 3);
    assert_int_equal(step(fixture)->lines, 3);
    assert_int_equal(fixture->follower.view.matching, 3);
}

static void a_partial_line_counts_when_its_end_comes(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "begun before ");
    begin(fixture);
    put(fixture, "and ended after\n127.0.0.1 \"HEAD / HT");
    assert_int_equal(step(fixture)->lines, 1);
    put(fixture, "TP/1.1\" 2");
    assert_int_equal(step(fixture)->lines, 1);
    put(fixture, "00\n");
    assert_int_equal(step(fixture)->lines, 2);
    assert_int_equal(fixture->follower.view.matching, 1);
}

static void a_line_without_an_end_takes_no_memory(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    char *much = malloc((1 << 20) + 1);
    memset(much, 'x', 1 << 20);
    much[1 << 20] = '\0';
    for (int i = 0; i < 3; i++)
        put(fixture, much);
    assert_int_equal(step(fixture)->lines, 0);
    assert_int_equal(fixture->follower.files[0]->partial.length, LOG_LINE_KEPT);
    put(fixture, "\n" LINE);
    assert_int_equal(step(fixture)->lines, 2);
    free(much);
}

static void a_log_rotated_twice_by_rename_loses_no_line_and_counts_none_twice(void **state) {
    struct fixture *fixture = *state;
    put_lines(fixture, 5);
    begin(fixture);
    for (int rotation = 0; rotation < 2; rotation++) {
        put_lines(fixture, 10);
        step(fixture);
        put_lines(fixture, 10); /* not yet read */
        assert_int_equal(rename(fixture->path, fixture->aside), 0);
        put_lines(fixture, 10); /* the server has not reopened it yet */
        step(fixture);
        put_lines(fixture, 10);
        int old = fixture->writer;
        fixture->writer = -1;
        assert_int_equal(reopen(fixture), 0);
        put_lines(fixture, 10);
        step(fixture);
        assert_int_equal(write(old, LINE, strlen(LINE)), strlen(LINE)); /* another worker, late */
        close(old);
        put_lines(fixture, 10);
    }
    assert_int_equal(step(fixture)->lines, 2 * 61);
    assert_int_equal(fixture->follower.view.rotations, 2);
    assert_int_equal(fixture->follower.view.truncations, 0);
}

static void a_rotated_log_that_goes_quiet_is_let_go_and_one_that_does_not_is_kept(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    put_lines(fixture, 1);
    assert_int_equal(rename(fixture->path, fixture->aside), 0);
    int old = fixture->writer;
    fixture->writer = -1;
    assert_int_equal(reopen(fixture), 0);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(write(old, LINE, strlen(LINE)), strlen(LINE));
        put_lines(fixture, 1);
        step(fixture);
    }
    assert_int_equal(fixture->follower.file_count, 2);
    close(old);
    for (int i = 0; i < 11; i++)
        step(fixture);
    assert_int_equal(fixture->follower.file_count, 1);
    assert_int_equal(fixture->follower.view.lines, 61);
}

static void a_log_cut_in_place_is_read_from_its_new_beginning(void **state) {
    struct fixture *fixture = *state;
    put_lines(fixture, 5);
    begin(fixture);
    put_lines(fixture, 10);
    step(fixture);
    assert_int_equal(ftruncate(fixture->writer, 0), 0);
    step(fixture);
    put_lines(fixture, 4);
    assert_int_equal(step(fixture)->lines, 14);
    assert_int_equal(fixture->follower.view.truncations, 1);
    assert_int_equal(fixture->follower.view.rotations, 0);
}

static void a_log_cut_in_place_and_grown_beyond_is_noticed_by_its_bytes(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    put_lines(fixture, 10);
    step(fixture);
    assert_int_equal(ftruncate(fixture->writer, 0), 0);
    for (int i = 0; i < 25; i++) /* as long a line, of another second */
        put(fixture, "127.0.0.1 - - [22/Nov/2025:07:45:02 +0000] \"HEAD / HTTP/1.1\" 200 0 \"-\" "
                     "\"h\"\n");
    assert_int_equal(step(fixture)->lines, 35);
    assert_int_equal(fixture->follower.view.truncations, 1);
}

static void a_log_that_vanishes_and_comes_back_is_followed_on(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    put_lines(fixture, 2);
    assert_int_equal(unlink(fixture->path), 0);
    put_lines(fixture, 2);
    assert_int_equal(step(fixture)->lines, 4);
    assert_true(fixture->follower.view.missing);
    assert_int_equal(reopen(fixture), 0);
    put_lines(fixture, 3);
    assert_int_equal(step(fixture)->lines, 7);
    assert_false(fixture->follower.view.missing);
}

static void a_log_moved_away_and_back_is_the_same_log(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    put_lines(fixture, 2);
    assert_int_equal(rename(fixture->path, fixture->aside), 0);
    step(fixture);
    assert_int_equal(rename(fixture->aside, fixture->path), 0);
    put_lines(fixture, 2);
    assert_int_equal(step(fixture)->lines, 4);
    assert_int_equal(fixture->follower.view.rotations, 0);
}

static void what_is_no_file_in_the_logs_place_is_told_and_waited_out(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    assert_int_equal(rename(fixture->path, fixture->aside), 0);
    assert_int_equal(mkdir(fixture->path, 0700), 0);
    assert_non_null(strstr(step(fixture)->trouble, "Is a directory"));
    assert_int_equal(rmdir(fixture->path), 0);
    assert_int_equal(reopen(fixture), 0);
    put_lines(fixture, 2);
    assert_int_equal(step(fixture)->lines, 2);
}

static void one_step_is_bounded_and_says_how_far_it_is_behind(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    size_t size = 3 * LOG_STEP_BYTES;
    char *much = malloc(size + 1);
    memset(much, '\n', size);
    much[size] = '\0';
    put(fixture, much);
    free(much);
    step(fixture);
    assert_in_range(fixture->follower.view.bytes, LOG_STEP_BYTES, LOG_STEP_BYTES + (1 << 20));
    assert_int_equal(fixture->follower.view.bytes + (uint64_t)fixture->follower.view.behind_bytes,
                     size);
    assert_int_equal(fixture->follower.due.ns, fixture->now.ns);
    step(fixture), step(fixture), step(fixture);
    assert_int_equal(fixture->follower.view.lines, size);
    assert_int_equal(fixture->follower.view.behind_bytes, 0);
    assert_true(instant_before(fixture->now, fixture->follower.due));
}

static void own_polls_and_the_preflights_request_are_taken_out(void **state) {
    struct fixture *fixture = *state;
    fixture->setup.server_log.own_requests = 1;
    begin(fixture);
    fixture->follower.own_polls = 2;
    put_lines(fixture, 11);
    put(fixture, POLL POLL POLL); /* one of them is somebody else's */
    assert_int_equal(step(fixture)->requests, 11);
    assert_int_equal(fixture->follower.view.own, 3);
    assert_true(access_log_complete(&fixture->follower, 10));
    assert_false(access_log_complete(&fixture->follower, 11));
}

static void a_path_with_quotes_is_known_as_nginx_writes_it(void **state) {
    struct fixture *fixture = *state;
    strcpy(fixture->plan.target.path, "/a\"b\\c");
    begin(fixture);
    put(fixture, "127.0.0.1 \"HEAD /a\\x22b\\x5Cc HTTP/1.1\" 200\n");
    assert_int_equal(step(fixture)->matching, 1);
}

static void rates_are_of_what_came_between(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    access_log_tick(&fixture->follower, fixture->now);
    put_lines(fixture, 8);
    step(fixture), step(fixture);
    access_log_tick(&fixture->follower, fixture->now);
    assert_true(fixture->follower.per_second > 3.99 && fixture->follower.per_second < 4.01);
    fixture->follower.view.requests += 8; /* in the milliseconds after a tick that came late */
    access_log_tick(&fixture->follower, instant_after(fixture->now, 20 * MILLISECOND));
    fixture->follower.view.requests -= 8;
    assert_true(fixture->follower.per_second > 3.99 && fixture->follower.per_second < 4.01);
    access_log_hold(&fixture->follower, true, fixture->now);
    put_lines(fixture, 30);
    step(fixture), step(fixture), step(fixture);
    access_log_hold(&fixture->follower, false, fixture->now);
    assert_true(fixture->follower.view.hold_measured);
    assert_true(fixture->follower.view.per_second_mean > 9.99 &&
                fixture->follower.view.per_second_mean < 10.01);
}

static void what_is_no_regular_file_is_refused_without_waiting(void **state) {
    struct fixture *fixture = *state;
    int64_t size;
    assert_int_equal(access_log_open(fixture->folder, &size), -EISDIR);
    assert_int_equal(mkfifo(fixture->aside, 0600), 0);
    assert_int_equal(access_log_open(fixture->aside, &size), -EINVAL);
    assert_int_equal(access_log_open("/dev/null", &size), -EINVAL);
    assert_int_equal(access_log_open("/no/such/log", &size), -ENOENT);
}

static void more_rotations_than_are_followed_close_the_oldest(void **state) {
    struct fixture *fixture = *state;
    begin(fixture);
    for (int i = 0; i < 3 * LOG_FILES_MAX; i++) {
        put_lines(fixture, 1);
        assert_int_equal(rename(fixture->path, fixture->aside), 0);
        assert_int_equal(reopen(fixture), 0);
        step(fixture);
    }
    assert_int_equal(fixture->follower.view.lines, 3 * LOG_FILES_MAX);
    assert_int_equal(fixture->follower.file_count, LOG_FILES_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(only_what_is_appended_counts),
        TEST(a_partial_line_counts_when_its_end_comes),
        TEST(a_line_without_an_end_takes_no_memory),
        TEST(a_log_rotated_twice_by_rename_loses_no_line_and_counts_none_twice),
        TEST(a_rotated_log_that_goes_quiet_is_let_go_and_one_that_does_not_is_kept),
        TEST(a_log_cut_in_place_is_read_from_its_new_beginning),
        TEST(a_log_cut_in_place_and_grown_beyond_is_noticed_by_its_bytes),
        TEST(a_log_that_vanishes_and_comes_back_is_followed_on),
        TEST(a_log_moved_away_and_back_is_the_same_log),
        TEST(what_is_no_file_in_the_logs_place_is_told_and_waited_out),
        TEST(one_step_is_bounded_and_says_how_far_it_is_behind),
        TEST(own_polls_and_the_preflights_request_are_taken_out),
        TEST(a_path_with_quotes_is_known_as_nginx_writes_it),
        TEST(rates_are_of_what_came_between),
        TEST(what_is_no_regular_file_is_refused_without_waiting),
        TEST(more_rotations_than_are_followed_close_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
