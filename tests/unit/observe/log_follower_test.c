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

#include "observe/log_follower.h"

#define LINE "127.0.0.1 - - [22/Nov/2025:07:45:01 +0000] \"HEAD / HTTP/1.1\" 200 0 \"-\" \"h\"\n"
#define POLL "127.0.0.1 - - [22/Nov/2025:07:45:01 +0000] \"GET /status HTTP/1.1\" 200 97 \"-\"\n"

struct scene {
    char folder[64], path[80], aside[80];
    struct options options;
    struct plan plan;
    struct log_follower follower;
    instant now;
    int writer; /* as the server: it keeps what it opened */
};

static int reopen(struct scene *scene) {
    if (scene->writer >= 0)
        close(scene->writer);
    scene->writer = open(scene->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    return scene->writer < 0 ? -1 : 0;
}

static void put(struct scene *scene, const char *text) {
    size_t length = strlen(text);
    assert_int_equal(write(scene->writer, text, length), length);
}

static void put_lines(struct scene *scene, int count) {
    for (int i = 0; i < count; i++)
        put(scene, LINE);
}

/* As the preflight does. */
static void begin(struct scene *scene) {
    int64_t size = 0;
    scene->plan.server_log.fd = log_follower_open(scene->path, &size);
    assert_true(scene->plan.server_log.fd >= 0);
    scene->plan.server_log.open = true;
    scene->plan.server_log.position = size;
    assert_int_equal(log_follower_init(&scene->follower, &scene->plan, scene->now), 0);
}

static const struct log_view *step(struct scene *scene) {
    scene->now = instant_after(scene->now, SECOND);
    log_follower_step(&scene->follower, scene->now);
    return &scene->follower.view;
}

static int set_up(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    *state = scene;
    scene->writer = -1;
    strcpy(scene->folder, "/tmp/holdfast-log-XXXXXX");
    if (mkdtemp(scene->folder) == NULL)
        return -1;
    snprintf(scene->path, sizeof scene->path, "%s/log", scene->folder);
    snprintf(scene->aside, sizeof scene->aside, "%s/log.1", scene->folder);
    scene->options.method = "HEAD";
    scene->options.server_log = scene->path;
    scene->plan.options = &scene->options;
    strcpy(scene->plan.target.path, "/");
    strcpy(scene->plan.status.host, "h");
    strcpy(scene->plan.status.path, "/status");
    return reopen(scene);
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    char command[128];
    log_follower_free(&scene->follower);
    if (scene->plan.server_log.open)
        close(scene->plan.server_log.fd);
    close(scene->writer);
    snprintf(command, sizeof command, "rm -rf '%s'", scene->folder);
    int failed = system(command);
    free(scene);
    return failed;
}

static void only_what_is_appended_counts(void **state) {
    struct scene *scene = *state;
    put_lines(scene, 7);
    begin(scene);
    assert_int_equal(step(scene)->lines, 0);
    put_lines(scene, 3);
    assert_int_equal(step(scene)->lines, 3);
    assert_int_equal(step(scene)->lines, 3);
    assert_int_equal(scene->follower.view.matching, 3);
}

static void a_partial_line_counts_when_its_end_comes(void **state) {
    struct scene *scene = *state;
    put(scene, "begun before ");
    begin(scene);
    put(scene, "and ended after\n127.0.0.1 \"HEAD / HT");
    assert_int_equal(step(scene)->lines, 1);
    put(scene, "TP/1.1\" 2");
    assert_int_equal(step(scene)->lines, 1);
    put(scene, "00\n");
    assert_int_equal(step(scene)->lines, 2);
    assert_int_equal(scene->follower.view.matching, 1);
}

static void a_line_without_an_end_takes_no_memory(void **state) {
    struct scene *scene = *state;
    begin(scene);
    char *much = malloc((1 << 20) + 1);
    memset(much, 'x', 1 << 20);
    much[1 << 20] = '\0';
    for (int i = 0; i < 3; i++)
        put(scene, much);
    assert_int_equal(step(scene)->lines, 0);
    assert_int_equal(scene->follower.files[0]->partial.length, LOG_LINE_KEPT);
    put(scene, "\n" LINE);
    assert_int_equal(step(scene)->lines, 2);
    free(much);
}

static void a_log_rotated_twice_by_rename_loses_no_line_and_counts_none_twice(void **state) {
    struct scene *scene = *state;
    put_lines(scene, 5);
    begin(scene);
    for (int rotation = 0; rotation < 2; rotation++) {
        put_lines(scene, 10);
        step(scene);
        put_lines(scene, 10); /* not yet read */
        assert_int_equal(rename(scene->path, scene->aside), 0);
        put_lines(scene, 10); /* the server has not reopened it yet */
        step(scene);
        put_lines(scene, 10);
        int old = scene->writer;
        scene->writer = -1;
        assert_int_equal(reopen(scene), 0);
        put_lines(scene, 10);
        step(scene);
        assert_int_equal(write(old, LINE, strlen(LINE)), strlen(LINE)); /* another worker, late */
        close(old);
        put_lines(scene, 10);
    }
    assert_int_equal(step(scene)->lines, 2 * 61);
    assert_int_equal(scene->follower.view.rotations, 2);
    assert_int_equal(scene->follower.view.truncations, 0);
}

static void a_rotated_log_that_goes_quiet_is_let_go_and_one_that_does_not_is_kept(void **state) {
    struct scene *scene = *state;
    begin(scene);
    put_lines(scene, 1);
    assert_int_equal(rename(scene->path, scene->aside), 0);
    int old = scene->writer;
    scene->writer = -1;
    assert_int_equal(reopen(scene), 0);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(write(old, LINE, strlen(LINE)), strlen(LINE));
        put_lines(scene, 1);
        step(scene);
    }
    assert_int_equal(scene->follower.file_count, 2);
    close(old);
    for (int i = 0; i < 11; i++)
        step(scene);
    assert_int_equal(scene->follower.file_count, 1);
    assert_int_equal(scene->follower.view.lines, 61);
}

static void a_log_cut_in_place_is_read_from_its_new_beginning(void **state) {
    struct scene *scene = *state;
    put_lines(scene, 5);
    begin(scene);
    put_lines(scene, 10);
    step(scene);
    assert_int_equal(ftruncate(scene->writer, 0), 0);
    step(scene);
    put_lines(scene, 4);
    assert_int_equal(step(scene)->lines, 14);
    assert_int_equal(scene->follower.view.truncations, 1);
    assert_int_equal(scene->follower.view.rotations, 0);
}

static void a_log_cut_in_place_and_grown_beyond_is_noticed_by_its_bytes(void **state) {
    struct scene *scene = *state;
    begin(scene);
    put_lines(scene, 10);
    step(scene);
    assert_int_equal(ftruncate(scene->writer, 0), 0);
    for (int i = 0; i < 25; i++) /* as long a line, of another second */
        put(scene, "127.0.0.1 - - [22/Nov/2025:07:45:02 +0000] \"HEAD / HTTP/1.1\" 200 0 \"-\" "
                   "\"h\"\n");
    assert_int_equal(step(scene)->lines, 35);
    assert_int_equal(scene->follower.view.truncations, 1);
}

static void a_log_that_vanishes_and_comes_back_is_followed_on(void **state) {
    struct scene *scene = *state;
    begin(scene);
    put_lines(scene, 2);
    assert_int_equal(unlink(scene->path), 0);
    put_lines(scene, 2);
    assert_int_equal(step(scene)->lines, 4);
    assert_true(scene->follower.view.missing);
    assert_int_equal(reopen(scene), 0);
    put_lines(scene, 3);
    assert_int_equal(step(scene)->lines, 7);
    assert_false(scene->follower.view.missing);
}

static void a_log_moved_away_and_back_is_the_same_log(void **state) {
    struct scene *scene = *state;
    begin(scene);
    put_lines(scene, 2);
    assert_int_equal(rename(scene->path, scene->aside), 0);
    step(scene);
    assert_int_equal(rename(scene->aside, scene->path), 0);
    put_lines(scene, 2);
    assert_int_equal(step(scene)->lines, 4);
    assert_int_equal(scene->follower.view.rotations, 0);
}

static void what_is_no_file_in_the_logs_place_is_told_and_waited_out(void **state) {
    struct scene *scene = *state;
    begin(scene);
    assert_int_equal(rename(scene->path, scene->aside), 0);
    assert_int_equal(mkdir(scene->path, 0700), 0);
    assert_non_null(strstr(step(scene)->trouble, "Is a directory"));
    assert_int_equal(rmdir(scene->path), 0);
    assert_int_equal(reopen(scene), 0);
    put_lines(scene, 2);
    assert_int_equal(step(scene)->lines, 2);
}

static void one_step_is_bounded_and_says_how_far_it_is_behind(void **state) {
    struct scene *scene = *state;
    begin(scene);
    size_t size = 3 * LOG_STEP_BYTES;
    char *much = malloc(size + 1);
    memset(much, '\n', size);
    much[size] = '\0';
    put(scene, much);
    free(much);
    step(scene);
    assert_in_range(scene->follower.view.bytes, LOG_STEP_BYTES, LOG_STEP_BYTES + (1 << 20));
    assert_int_equal(scene->follower.view.bytes + (uint64_t)scene->follower.view.behind_bytes,
                     size);
    assert_int_equal(scene->follower.due.ns, scene->now.ns);
    step(scene), step(scene), step(scene);
    assert_int_equal(scene->follower.view.lines, size);
    assert_int_equal(scene->follower.view.behind_bytes, 0);
    assert_true(instant_before(scene->now, scene->follower.due));
}

static void own_polls_and_the_preflights_request_are_taken_out(void **state) {
    struct scene *scene = *state;
    scene->plan.server_log.own_requests = 1;
    begin(scene);
    scene->follower.own_polls = 2;
    put_lines(scene, 11);
    put(scene, POLL POLL POLL); /* one of them is somebody else's */
    assert_int_equal(step(scene)->requests, 11);
    assert_int_equal(scene->follower.view.own, 3);
    assert_true(log_follower_complete(&scene->follower, 10));
    assert_false(log_follower_complete(&scene->follower, 11));
}

static void a_path_with_quotes_is_known_as_nginx_writes_it(void **state) {
    struct scene *scene = *state;
    strcpy(scene->plan.target.path, "/a\"b\\c");
    begin(scene);
    put(scene, "127.0.0.1 \"HEAD /a\\x22b\\x5Cc HTTP/1.1\" 200\n");
    assert_int_equal(step(scene)->matching, 1);
}

static void rates_are_of_what_came_between(void **state) {
    struct scene *scene = *state;
    begin(scene);
    log_follower_tick(&scene->follower, scene->now);
    put_lines(scene, 8);
    step(scene), step(scene);
    log_follower_tick(&scene->follower, scene->now);
    assert_true(scene->follower.per_second > 3.99 && scene->follower.per_second < 4.01);
    scene->follower.view.requests += 8; /* in the milliseconds after a tick that came late */
    log_follower_tick(&scene->follower, instant_after(scene->now, 20 * MILLISECOND));
    scene->follower.view.requests -= 8;
    assert_true(scene->follower.per_second > 3.99 && scene->follower.per_second < 4.01);
    log_follower_hold(&scene->follower, true, scene->now);
    put_lines(scene, 30);
    step(scene), step(scene), step(scene);
    log_follower_hold(&scene->follower, false, scene->now);
    assert_true(scene->follower.view.hold_measured);
    assert_true(scene->follower.view.per_second_mean > 9.99 &&
                scene->follower.view.per_second_mean < 10.01);
}

static void what_is_no_regular_file_is_refused_without_waiting(void **state) {
    struct scene *scene = *state;
    int64_t size;
    assert_int_equal(log_follower_open(scene->folder, &size), -EISDIR);
    assert_int_equal(mkfifo(scene->aside, 0600), 0);
    assert_int_equal(log_follower_open(scene->aside, &size), -EINVAL);
    assert_int_equal(log_follower_open("/dev/null", &size), -EINVAL);
    assert_int_equal(log_follower_open("/no/such/log", &size), -ENOENT);
}

static void more_rotations_than_are_followed_close_the_oldest(void **state) {
    struct scene *scene = *state;
    begin(scene);
    for (int i = 0; i < 3 * LOG_FILES_MAX; i++) {
        put_lines(scene, 1);
        assert_int_equal(rename(scene->path, scene->aside), 0);
        assert_int_equal(reopen(scene), 0);
        step(scene);
    }
    assert_int_equal(scene->follower.view.lines, 3 * LOG_FILES_MAX);
    assert_int_equal(scene->follower.file_count, LOG_FILES_MAX);
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
