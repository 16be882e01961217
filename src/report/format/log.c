/* The log of a run: a stream of whole lines into a line_writer on standard error. */
#include "report/format/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/format/line_writer.h"

static struct {
    FILE *stream; /* NULL: not open */
    struct line_writer out;
    int error; /* since the last log_finish() */
    bool journal;
    bool in_line; /* what was written last had no end of line */
    enum log_level level;
} logger;

/* "DEVICE:INODE" of the journal's socket: whoever redirected standard error since is no journal. */
static bool is_journal(int fd) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat found;
    char *end;
    if (stream == NULL || fstat(fd, &found) != 0)
        return false;
    unsigned long long device = strtoull(stream, &end, 10);
    return *end == ':' && device == found.st_dev && strtoull(end + 1, &end, 10) == found.st_ino &&
           *end == '\0';
}

static void write_piece(const char *bytes, size_t length) {
    int error = line_writer_write(&logger.out, bytes, length);
    if (error != 0)
        logger.error = error;
}

/* A line and its level in one piece, so that both are left out or none is. */
static void write_line(const char *line, size_t length) {
    char piece[BUFSIZ + 4] = {'<', (char)('0' + logger.level), '>'};
    bool bare = logger.in_line || length > BUFSIZ;
    if (!bare)
        memcpy(piece + 3, line, length);
    write_piece(bare ? line : piece, bare ? length : length + 3);
    logger.in_line = line[length - 1] != '\n';
}

/* All is taken in any case: a stream that failed once would take nothing more. */
static ssize_t take(void *cookie, const char *bytes, size_t length) {
    (void)cookie;
    if (!logger.journal)
        write_piece(bytes, length);
    for (size_t at = 0; logger.journal && at < length;) {
        const char *end = memchr(bytes + at, '\n', length - at);
        size_t line = end != NULL ? (size_t)(end + 1 - (bytes + at)) : length - at;
        write_line(bytes + at, line);
        at += line;
    }
    return (ssize_t)length;
}

void log_open(void) {
    if (logger.stream != NULL)
        return;
    logger.stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take});
    if (logger.stream == NULL)
        return;
    setvbuf(logger.stream, NULL, _IOLBF, BUFSIZ);
    logger.level = LOG_LEVEL_INFO;
    logger.journal = is_journal(STDERR_FILENO);
    logger.in_line = false;
    int terminal = line_writer_terminal(STDERR_FILENO);
    line_writer_open(&logger.out, terminal >= 0 ? terminal : STDERR_FILENO);
}

FILE *log_at(enum log_level level) {
    if (logger.stream == NULL)
        return stderr;
    if (logger.level != level)
        fflush(logger.stream);
    logger.level = level;
    return logger.stream;
}

FILE *log_stream(void) {
    return log_at(LOG_LEVEL_INFO);
}

void log_flush(void) {
    if (logger.stream != NULL && logger.out.length > 0)
        (void)line_writer_write(&logger.out, NULL, 0);
}

int log_finish(duration timeout) {
    if (logger.stream == NULL)
        return 0;
    fflush(logger.stream);
    int error = line_writer_finish(&logger.out, timeout);
    if (error == 0)
        error = logger.error;
    logger.error = 0;
    return error;
}

void log_close(void) {
    if (logger.stream == NULL)
        return;
    fclose(logger.stream);
    logger.stream = NULL;
    if (logger.out.fd == STDERR_FILENO)
        logger.out.fd = -1; /* standard error stays open */
    line_writer_close(&logger.out);
}
