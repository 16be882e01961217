/* A reader that is slow keeps nobody waiting; what it takes is whole lines, and what it does not is
 * known. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/format/line_writer.h"

enum { LINE = 3000 };

struct pipe {
    int reader;
    struct line_writer line_writer;
};

static int begin(void **state) {
    int ends[2];
    struct pipe *pair = calloc(1, sizeof *pair);
    if (pair == NULL || pipe(ends) != 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    pair->reader = ends[0];
    line_writer_open(&pair->line_writer, ends[1]);
    *state = pair;
    return 0;
}

static int end(void **state) {
    struct pipe *pair = *state;
    line_writer_close(&pair->line_writer);
    if (pair->reader >= 0)
        close(pair->reader);
    free(pair);
    return 0;
}

/* LINE bytes of one letter, that tells their number. */
static int write_line(struct pipe *pair, unsigned number) {
    char line[LINE];
    memset(line, 'a' + (int)(number % 26), sizeof line);
    return line_writer_write(&pair->line_writer, line, sizeof line);
}

/* The number of bytes that were taken; each must be of its line, in its turn. */
static size_t read_bytes(struct pipe *pair, size_t first) {
    char bytes[LINE];
    size_t count = 0;
    fcntl(pair->reader, F_SETFL, O_NONBLOCK);
    for (ssize_t got; (got = read(pair->reader, bytes, sizeof bytes)) > 0;)
        for (ssize_t i = 0; i < got; i++, count++)
            assert_int_equal(bytes[i], 'a' + (int)((first + count) / LINE % 26));
    return count;
}

static void a_reader_that_takes_nothing_keeps_nobody_waiting(void **state) {
    struct pipe *pair = *state;
    unsigned held = 0, left_out = 0;
    for (unsigned i = 0; i < 1000; i++) {
        int error = write_line(pair, i);
        assert_true(error == 0 || error == -EAGAIN);
        held += error == 0;
        left_out += error == -EAGAIN;
        assert_true(error == 0 || held == i + 1 - left_out);
    }
    assert_true(left_out > 0);
    assert_true(held * LINE > LINE_WRITER_BUFFER_MAX);
    assert_true(pair->line_writer.length <= LINE_WRITER_BUFFER_MAX);
}

/* Read bit by bit, each in turn: what was held comes in order and whole. */
static void what_was_held_comes_later_and_whole(void **state) {
    struct pipe *pair = *state;
    unsigned written = 0;
    size_t taken = 0;
    while (write_line(pair, written) == 0)
        written++;
    for (int i = 0; i < 100 && taken < (size_t)written * LINE; i++) {
        int error = line_writer_finish(&pair->line_writer, 0);
        assert_int_equal(error, pair->line_writer.length > 0 ? -ETIMEDOUT : 0);
        taken += read_bytes(pair, taken);
    }
    assert_int_equal(taken, written * LINE);
    assert_int_equal(line_writer_finish(&pair->line_writer, 0), 0);
    assert_int_equal(write_line(pair, 0), 0);
}

static void a_reader_that_left_is_an_error(void **state) {
    struct pipe *pair = *state;
    close(pair->reader);
    pair->reader = -1;
    assert_int_equal(write_line(pair, 0), -EPIPE);
}

static void an_interrupt_ends_the_wait_for_a_reader(void **state) {
    struct pipe *pair = *state;
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &before);
    while (write_line(pair, 0) == 0)
        ;
    raise(SIGTERM);
    assert_int_equal(line_writer_finish(&pair->line_writer, HOUR), -EINTR);
    int taken;
    sigwait(&set, &taken);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void a_fifo_that_nobody_reads_is_not_waited_for(void **state) {
    (void)state;
    char folder[] = "/tmp/holdfast-line-writer-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/fifo", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(line_writer_open_path(path), -ENXIO);
    assert_string_equal(line_writer_error(-ENXIO), "nobody reads it");
    unlink(path);
    rmdir(folder);
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        EACH(a_reader_that_takes_nothing_keeps_nobody_waiting),
        EACH(what_was_held_comes_later_and_whole),
        EACH(a_reader_that_left_is_an_error),
        EACH(an_interrupt_ends_the_wait_for_a_reader),
        EACH(a_fifo_that_nobody_reads_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
