/* What counts as nginx's own word in an error log, and what of a file is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "../host/tree.h"
#include "observe/error_log.h"

#define ORIGIN      "2026/11/26 00:32:15 [alert] 12#12: "
#define CONNECTIONS ORIGIN "512 worker_connections are not enough"
#define FILES       "2026/11/26 00:32:15 [crit] 12#12: accept4() failed (24: Too many open files)"

static enum error_line kind_of(const char *line) {
    return error_line_of(line, strlen(line));
}

static void lines_of_a_shortage_are_known(void **state) {
    (void)state;
    static const struct {
        enum error_line kind;
        const char *line;
    } rows[] = {
        {ERROR_LINE_SHORT_OF_CONNECTIONS, CONNECTIONS},
        {ERROR_LINE_SHORT_OF_CONNECTIONS, ORIGIN "*77 1024 worker_connections are not enough"},
        {ERROR_LINE_SHORT_OF_CONNECTIONS,
         "2026/11/26 00:32:15 [warn] 1#2: 512 worker_connections are not enough, reusing "
         "connections"},
        {ERROR_LINE_SHORT_OF_FILES, FILES},
        {ERROR_LINE_SHORT_OF_FILES, ORIGIN "accept() failed (23: Too many open files in system)"},
        {ERROR_LINE_SHORT_OF_FILES,
         ORIGIN "*5 socket() failed (24: Too many open files) while connecting to upstream"},
        {ERROR_LINE_OTHER, ORIGIN "*5 open() \"/srv/x\" failed (2: No such file or directory)"},
        {ERROR_LINE_OTHER, ORIGIN "accept4() failed (103: Software caused connection abort)"},
        {ERROR_LINE_OTHER, ORIGIN "*5 worker_connections are not enough"},
        {ERROR_LINE_OTHER, ""},
        {ERROR_LINE_OTHER, "2026/11/26 00:32:15 ["},
        {ERROR_LINE_OTHER, ORIGIN},
        {ERROR_LINE_OTHER, ORIGIN "*"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(kind_of(rows[i].line), rows[i].kind);
}

/* Whoever asks a server writes into its logs. */
static void a_request_cannot_speak_for_the_server(void **state) {
    (void)state;
    static const char *const lines[] = {
        "127.0.0.1 - - [26/Nov/2026:00:32:15] \"GET /" CONNECTIONS " HTTP/1.1\" 200",
        ORIGIN "*5 open() \"/srv/512 worker_connections are not enough\" failed (2: No such file)",
        ORIGIN "*5 open() \"/srv/\" failed (24: Too many open files)\" failed (2: No such file)",
        ORIGIN "*5 client sent invalid request: \"accept4() failed (24: Too many open files)\"",
        " " CONNECTIONS,
        "512 worker_connections are not enough",
        "accept4() failed (24: Too many open files)",
        "2026/11/26 00:32:15 512 worker_connections are not enough",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_int_equal(kind_of(lines[i]), ERROR_LINE_OTHER);
}

static void every_beginning_of_a_line_is_read_within_its_bounds(void **state) {
    (void)state;
    for (size_t i = 0; i < strlen(FILES); i++) {
        char *line = malloc(i + 1); /* no end behind it, for the sanitizer to see */
        memcpy(line, FILES, i);
        error_line_of(line, i);
        free(line);
    }
}

/* --- files --- */

struct stage {
    struct tree tree;
    struct error_log log;
};

static int set_up(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    if (stage == NULL)
        return -1;
    tree_make(&stage->tree);
    tree_put(&stage->tree, "/proc/7/fd/placeholder", "");
    *state = stage;
    return 0;
}

static int tear_down(void **state) {
    struct stage *stage = *state;
    error_log_free(&stage->log);
    tree_remove(&stage->tree);
    free(stage);
    return 0;
}

static void has_open(struct stage *stage, int fd, const char *path) {
    char link[128], whole[128];
    snprintf(link, sizeof link, "%s/proc/7/fd/%d", stage->tree.root, fd);
    snprintf(whole, sizeof whole, "%s%s", stage->tree.root, path);
    assert_int_equal(symlink(whole, link), 0);
}

static void append(struct stage *stage, const char *path, const char *text) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s%s", stage->tree.root, path);
    FILE *file = fopen(whole, "a");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void only_what_is_appended_counts_and_the_first_is_kept(void **state) {
    struct stage *stage = *state;
    tree_put(&stage->tree, "/error.log", CONNECTIONS "\n" FILES "\n");
    has_open(stage, 2, "/error.log");
    has_open(stage, 5, "/error.log"); /* the same once more */
    error_log_init(&stage->log, stage->tree.root, 7);
    error_log_step(&stage->log);
    const struct evidence_error_log *view = &stage->log.view;
    assert_int_equal(view->files, 1);
    assert_int_equal(view->lines, 0);
    append(stage, "/error.log", CONNECTIONS ", first\n" CONNECTIONS "\nother\n" CONNECTIONS);
    error_log_step(&stage->log);
    assert_int_equal(view->lines, 3);
    assert_int_equal(view->short_of_connections, 2);
    assert_string_equal(view->connections_line, CONNECTIONS ", first");
    append(stage, "/error.log", ", reusing connections\n");
    error_log_step(&stage->log);
    assert_int_equal(view->short_of_connections, 3);
    assert_int_equal(view->short_of_files, 0);
    assert_string_equal(view->files_line, "");
    assert_false(view->behind);
}

static void a_file_cut_in_place_is_read_from_its_beginning(void **state) {
    struct stage *stage = *state;
    tree_put(&stage->tree, "/error.log",
             "a line that is longer than what comes after it, by far, "
             "and by more than one line of a shortage of files is\n");
    has_open(stage, 2, "/error.log");
    error_log_init(&stage->log, stage->tree.root, 7);
    tree_put(&stage->tree, "/error.log", FILES "\n");
    error_log_step(&stage->log);
    assert_int_equal(stage->log.view.short_of_files, 1);
}

static int file_of(struct stage *stage, const char *path) {
    char whole[128];
    snprintf(whole, sizeof whole, "%s%s", stage->tree.root, path);
    int fd = open(whole, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void what_is_left_of_a_longer_file_was_there_before_the_run(void **state) {
    struct stage *stage = *state;
    tree_put(&stage->tree, "/error.log", FILES "\n" CONNECTIONS "\n" CONNECTIONS "\n");
    has_open(stage, 2, "/error.log");
    error_log_init(&stage->log, stage->tree.root, 7);
    int fd = file_of(stage, "/error.log");
    assert_int_equal(ftruncate(fd, (off_t)strlen(FILES "\n" CONNECTIONS "\n")), 0);
    error_log_step(&stage->log);
    assert_int_equal(stage->log.view.lines, 0);
    append(stage, "/error.log", CONNECTIONS "\n");
    error_log_step(&stage->log);
    assert_int_equal(stage->log.view.short_of_connections, 1);
    assert_int_equal(ftruncate(fd, (off_t)strlen(FILES "\n")), 0); /* and once more */
    error_log_step(&stage->log);
    assert_int_equal(stage->log.view.lines, 1);
    close(fd);
}

/* However long, and however it was cut: copytruncate leaves 0 bytes, truncate(1) what it likes. */
static void one_step_reads_no_more_of_a_file_that_was_cut(void **state) {
    struct stage *stage = *state;
    tree_put(&stage->tree, "/error.log", "a\n");
    has_open(stage, 2, "/error.log");
    int fd = file_of(stage, "/error.log");
    assert_int_equal(ftruncate(fd, INT64_C(1) << 32), 0);
    error_log_init(&stage->log, stage->tree.root, 7);
    assert_int_equal(pwrite(fd, "b", 1, 0), 1); /* so it is another's */
    assert_int_equal(ftruncate(fd, INT64_C(1) << 31), 0);
    error_log_step(&stage->log);
    assert_int_equal(stage->log.files[0].position, ERROR_LOG_STEP_BYTES);
    assert_true(stage->log.view.behind);
    close(fd);
}

static void long_lines_are_passed_over_and_much_is_read_in_steps(void **state) {
    struct stage *stage = *state;
    tree_put(&stage->tree, "/error.log", "");
    has_open(stage, 2, "/error.log");
    error_log_init(&stage->log, stage->tree.root, 7);
    size_t length = (size_t)ERROR_LOG_STEP_BYTES * 3 / 2;
    char *text = malloc(length + 1);
    memset(text, 'x', length);
    text[length] = '\0';
    append(stage, "/error.log", text);
    append(stage, "/error.log", "\n" FILES "\n");
    free(text);
    error_log_step(&stage->log);
    assert_true(stage->log.view.behind);
    error_log_step(&stage->log);
    assert_false(stage->log.view.behind);
    assert_int_equal(stage->log.view.lines, 2);
    assert_int_equal(stage->log.view.short_of_files, 1);
}

static void only_regular_files_of_such_names_are_followed(void **state) {
    struct stage *stage = *state;
    tree_put(&stage->tree, "/data.db", "");
    tree_put(&stage->tree, "/nginx-error", "");
    tree_put(&stage->tree, "/folder.log/x", "");
    has_open(stage, 3, "/data.db");
    has_open(stage, 4, "/nginx-error");
    has_open(stage, 5, "/folder.log");
    has_open(stage, 6, "/gone.log");
    error_log_init(&stage->log, stage->tree.root, 7);
    assert_int_equal(stage->log.view.files, 1);
    error_log_free(&stage->log);
    error_log_init(&stage->log, stage->tree.root, 8); /* no such process */
    assert_int_equal(stage->log.view.files, 0);
    error_log_step(&stage->log);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_a_shortage_are_known),
        cmocka_unit_test(a_request_cannot_speak_for_the_server),
        cmocka_unit_test(every_beginning_of_a_line_is_read_within_its_bounds),
        EACH(only_what_is_appended_counts_and_the_first_is_kept),
        EACH(a_file_cut_in_place_is_read_from_its_beginning),
        EACH(what_is_left_of_a_longer_file_was_there_before_the_run),
        EACH(one_step_reads_no_more_of_a_file_that_was_cut),
        EACH(long_lines_are_passed_over_and_much_is_read_in_steps),
        EACH(only_regular_files_of_such_names_are_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
