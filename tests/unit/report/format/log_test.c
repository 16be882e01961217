/* The log where standard error is the journal: each line with its level, and nothing for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/format/log.h"

static int before, ends[2];

/* Standard error is a pipe from now on, and JOURNAL_STREAM names it, or another inode. */
static void open_log(unsigned long off) {
    char stream[64];
    struct stat found;
    before = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    assert_int_equal(fstat(STDERR_FILENO, &found), 0);
    snprintf(stream, sizeof stream, "%lu:%lu", (unsigned long)found.st_dev,
             (unsigned long)found.st_ino + off);
    setenv("JOURNAL_STREAM", stream, 1);
    log_open();
}

/* What came through it. */
static const char *close_log(void) {
    static char text[65536];
    assert_int_equal(log_finish(SECOND), 0);
    log_close();
    dup2(before, STDERR_FILENO);
    close(before);
    ssize_t length = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    assert_true(length >= 0);
    text[length] = '\0';
    return text;
}

static void each_line_has_the_level_it_was_printed_at(void **state) {
    (void)state;
    open_log(0);
    fputs("a\nb\n", log_stream());
    fputs("c\n", log_at(LOG_LEVEL_ERROR));
    fprintf(log_at(LOG_LEVEL_NOTE), "%s %d\n", "d", 4);
    fputs("e\n", log_stream());
    assert_string_equal(close_log(), "<6>a\n<6>b\n<3>c\n<5>d 4\n<6>e\n");
}

static void a_line_in_pieces_has_one_level(void **state) {
    (void)state;
    open_log(0);
    FILE *out = log_at(LOG_LEVEL_WARNING);
    fputs("a", out);
    fflush(out);
    fputs("b\n", out);
    assert_string_equal(close_log(), "<4>ab\n");
}

static void a_line_that_is_very_long_is_whole(void **state) {
    (void)state;
    static char line[3 * BUFSIZ];
    memset(line, 'x', sizeof line - 2);
    line[sizeof line - 2] = '\n';
    open_log(0);
    fputs(line, log_stream());
    fputs("end\n", log_stream());
    const char *text = close_log();
    size_t length = 0;
    for (const char *at = text; *at != '\0'; at++)
        length += *at == 'x';
    assert_int_equal(length, sizeof line - 2);
    assert_non_null(strstr(text, "x\n<6>end\n"));
}

static void another_stream_than_the_journals_gets_the_bare_lines(void **state) {
    (void)state;
    open_log(1);
    fputs("a\n", log_at(LOG_LEVEL_ERROR));
    assert_string_equal(close_log(), "a\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_has_the_level_it_was_printed_at),
        cmocka_unit_test(a_line_in_pieces_has_one_level),
        cmocka_unit_test(a_line_that_is_very_long_is_whole),
        cmocka_unit_test(another_stream_than_the_journals_gets_the_bare_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
